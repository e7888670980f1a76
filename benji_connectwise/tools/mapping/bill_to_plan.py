"""Deciding about Bill-To contacts; nothing is written."""

from odoo.tools import SQL, email_normalize_all

from ...lib.connectwise_client import take_out_invisible


def find_contacts_entered_here(bill_tos):
    """Return {(customer, e-mail): its contacts that Odoo had before}.

    Only for rows that need it: without an imported contact, or with a different one.
    """
    customers, emails = set(), set()
    for bill_to in bill_tos:
        email, contact = bill_to._get_email(), bill_to.contact_id
        ref = bill_to.mapping_id.connectwise_company_id.contact_ref
        imported = (contact.email_normalized, contact.connectwise_contact_ref)
        if email and imported != (email, ref):
            customers.add(bill_to.mapping_id.partner_id.commercial_partner_id.id)
            emails.add(email)
    if not emails:
        return {}
    Partner = bill_tos.env["res.partner"].with_context(active_test=False)
    Partner.flush_model(["email_normalized"])
    # Few addresses have characters outside ASCII; those may be invisible.
    possible = SQL(
        "SELECT id FROM res_partner"
        " WHERE email_normalized = ANY(%s) OR email_normalized ~ '[^ -~]'",
        list(emails),
    )
    contacts = Partner.search(
        [
            ("commercial_partner_id", "in", customers),
            ("id", "in", possible),
            ("is_connectwise_contact", "=", False),
        ],
        order="id",
    )
    return contacts.grouped(
        lambda contact: (contact.commercial_partner_id, _see_email(contact))
    )


def plan_contact(bill_to, known):
    """Decide about one contact; nothing is written.

    :param known: {(customer, e-mail): contacts that Odoo had before}
    :return: (step, its value); the value of "none" and "unchanged" is the note
    """
    mapping, contact = bill_to.mapping_id, bill_to.contact_id
    company = mapping.connectwise_company_id
    if company.is_deleted:
        return ("unchanged" if contact else "none"), bill_to.note
    email = bill_to._get_email()
    if not email:
        return ("removed" if contact else "none"), _prepare_absence_note(company)
    here = known.get((mapping.partner_id.commercial_partner_id, email))
    if not contact:
        return _plan_new_contact(mapping.partner_id, email, here)
    if _has_login(contact):
        return "unchanged", {"code": "synced_login", "contact": contact.display_name}
    is_same = contact.connectwise_contact_ref == company.contact_ref
    if not is_same or (contact.email_normalized != email and here):
        return "replaced", None
    values = prepare_contact(bill_to, contact.connectwise_enabled)
    changes = {
        name: value
        for name, value in values.items()
        if (contact[name] or False) != (value or False)
    }
    if changes:
        return "updated", changes
    return "unchanged", bill_to._prepare_hold_note()


def _plan_new_contact(customer, email, here):
    """Distinguish an address from accounting from a contact entered by hand."""
    contacts = (here or customer.browse()) - customer
    # Another connection of this customer may just have converted one of them.
    contacts = contacts.filtered(lambda contact: not contact.is_connectwise_contact)
    # Odoo mails to all addresses of a customer.
    if email in map(take_out_invisible, email_normalize_all(customer.email or "")):
        return "none", {"code": "own_email", "email": email}
    for contact in contacts:
        if contact.active and contact.type == "invoice":
            return "none", {"code": "invoice_address", "email": email}
        if _has_login(contact):
            return "none", {"code": "login", "email": email}
    by_hand = contacts.filtered(lambda contact: contact.type != "invoice")
    if by_hand:
        return "converted", by_hand.sorted(
            lambda contact: (not contact.active, contact.parent_id != customer)
        )[0]
    return "created", None


def _has_login(contact):
    """Whether somebody can, or could, log in as this contact.

    ConnectWise must never decide where a password reset goes.
    """
    return bool(contact.sudo().with_context(active_test=False).user_ids)


def _prepare_absence_note(company):
    if not company:
        return False
    if not company.contact_ref:
        if company.contact_name:
            return {"code": "inactive", "name": company.contact_name}
        return {"code": "missing" if company.contact_asked_ref else "no_contact"}
    return {"code": "no_email", "name": company.contact_name or ""}


def prepare_contact(bill_to, enabled=False):
    """Return the contact's values.

    :param enabled: whether it is enabled so far
    """
    company, before = bill_to.mapping_id.connectwise_company_id, bill_to.before or {}

    def get(name):
        value = (company[f"contact_{name}"] or "").strip()
        return value or before.get(name) or False

    values = {
        "name": get("name") or get("email"),
        "email": get("email"),
        "phone": get("phone"),
        "function": get("function"),
        "active": True,
        "is_connectwise_contact": True,
        "connectwise_contact_ref": company.contact_ref,
        "connectwise_enabled": bill_to._is_to_be_enabled(enabled),
    }
    if not before:
        # Odoo never chooses an address of this type for an order or an invoice.
        values["type"] = "other"
    return values


def _see_email(partner):
    """Return a partner's e-mail address without invisible characters."""
    return take_out_invisible(partner.email_normalized or "")
