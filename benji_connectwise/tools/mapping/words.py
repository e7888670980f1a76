"""The texts of the Customer Mapping Report, in the reader's language.

Rows store codes and names. The sentences are made here.
"""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..names import name_some


def explain_row(mapping):
    """Say everything that is known about a row.

    :return: str, or False
    """
    sentences = []
    if mapping.has_conflict:
        sentences.append(explain_conflict(mapping.env, mapping.conflict))
    elif mapping.is_self_written and not (
        mapping.connectwise_company_id or mapping.disconnected
    ):
        sentences.append(
            mapping.env._(
                "The name or reference was changed by the customer, so it connects"
                " nothing until you confirm it."
            )
        )
    if mapping.connectwise_company_id.is_deleted:
        sentences.append(
            mapping.env._(
                "This company was deleted in ConnectWise. The connection and its"
                " contact stay as they are until you connect another company or"
                " disconnect."
            )
        )
    sentences += [mapping.contact_message, explain_pause(mapping)]
    return " ".join(filter(None, sentences)) or False


def explain_pause(mapping):
    """Say why the contact is not updated, if it is not."""
    return mapping.sync_paused and mapping.env._(
        "Sync paused: “Synchronize customers/contacts from ConnectWise” is off, so the"
        " contact is not updated."
    )


def describe_connection(mapping):
    """Say how a customer is connected, or why it is not."""
    _ = mapping.env._
    if mapping.connectwise_company_id:
        labels = mapping._fields["connection"]._description_selection(mapping.env)
        parts = [dict(labels).get(mapping.connection)]
        if not mapping._get_trusted_company():
            parts.append(_("not confirmed in this ConnectWise yet"))
        elif mapping.is_gone:
            parts.append(_("deleted in ConnectWise"))
        if mapping.has_conflict:
            parts.append(_("Conflict"))
        return " · ".join(filter(None, parts))
    if mapping.disconnected:
        return _describe_disconnection(mapping)
    return _("Conflict") if mapping.has_conflict else ""


def describe_customer(mapping):
    """Say on the form of a customer how it is connected, or that it is not."""
    _ = mapping.env._
    company = mapping._get_trusted_company()
    if not company:
        # One that is not confirmed yet has a company.
        state = not mapping.connectwise_company_id and _("Not connected to ConnectWise")
        return " · ".join(filter(None, [state, describe_connection(mapping)]))
    labels = mapping._fields["connection"]._description_selection(mapping.env)
    return _(
        "Connected to %(company)s by %(connection)s",
        company=company.display_name,
        connection=dict(labels).get(mapping.connection, ""),
    )


def _describe_disconnection(mapping):
    _ = mapping.env._
    person = mapping.sudo().disconnected_by_id.name
    if not person or not mapping.disconnected_at:
        return _("Disconnected")
    day = fields.Datetime.context_timestamp(mapping, mapping.disconnected_at).date()
    this_year = day.year == fields.Date.context_today(mapping).year
    return _(
        "Disconnected by %(person)s on %(day)s",
        person=person,
        day=format_date(
            mapping.env, day, date_format="d MMM" if this_year else "d MMM y"
        ),
    )


def describe_contact(mapping):
    """Name the Bill-To contact, or say why there is none."""
    contact = mapping.sudo().contact_id
    if not contact:
        return mapping.contact_message
    email = contact.email and f"<{contact.email}>"
    return " ".join(filter(None, [contact.name, email]))


def ask_disconnect(mappings):
    """Return the question before these customers are disconnected.

    :raises UserError: if none of them is connected
    """
    _ = mappings.env._
    rows = mappings.sudo().filtered(
        lambda row: row.connectwise_company_id or row.is_set_aside
    )
    if not rows:
        raise UserError(_("None of these customers is connected."))
    contacts = rows.filtered("contact_id")
    mailed = contacts.filtered(lambda row: row._is_contact_mailed())
    if len(rows) == 1:
        title = _("Disconnect %s?", rows.partner_id.display_name)
        sentences = [
            contacts
            and _("Its contact from ConnectWise goes with it: %s.", rows.contact_text),
            mailed and _("It gets no invoices any more."),
            _("Automatic matching will leave this customer alone."),
        ]
    else:
        title = _("Disconnect %s customers?", len(rows))
        names = rows.partner_id.mapped("display_name")
        sentences = [
            _("This concerns %s.", name_some(mappings.env, names).rstrip(".")),
            contacts
            and _(
                "Their contacts from ConnectWise go with them: %s.",
                name_some(mappings.env, contacts.mapped("contact_id.name")),
            ),
            mailed
            and _(
                "Of these, no longer gets invoices: %s.",
                name_some(mappings.env, mailed.mapped("contact_id.name")),
            ),
            _("Automatic matching will leave these customers alone."),
        ]
    return {
        "type": "ir.actions.client",
        "tag": "connectwise_ask_disconnect",
        "params": {
            "ids": rows.ids,
            "title": title,
            "body": " ".join(filter(None, sentences)),
        },
    }


def describe_disconnected(rows, before):
    """Return the notification after disconnecting, which offers to undo it.

    :param before: as for `undo_disconnect`
    """
    _ = rows.env._
    return {
        "type": "ir.actions.client",
        "tag": "connectwise_disconnected",
        "params": {
            "before": before,
            "message": _("%s was disconnected.", rows.partner_id.display_name)
            if len(rows) == 1
            else _("%s customers were disconnected.", len(rows)),
        },
    }


def describe_confirmed(mapping):
    """Return the notification after a connection, or a name, was confirmed."""
    _ = mapping.env._
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "success",
            "message": _(
                "Confirmed: %(customer)s is %(company)s. From now on, this connection"
                " counts as made by hand.",
                customer=mapping.partner_id.display_name,
                company=mapping.connectwise_company_id.display_name,
            )
            if mapping.connectwise_company_id
            else _(
                "Confirmed: the name and reference of %s are used again to find its"
                " company.",
                mapping.partner_id.display_name,
            ),
            "next": {"type": "ir.actions.act_window_close"},
        },
    }


def describe_exact_matches(env, connected):
    """Return the notification after these rows were connected in bulk."""
    _ = env._
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "success" if connected else "info",
            "message": _(
                "Connected: %s. Confirm each one when you have checked it.",
                len(connected),
            )
            if connected
            else _("No customer has exactly one exact match. Use + instead."),
            "next": {"type": "ir.actions.act_window_close"},
        },
    }


def explain_conflict(env, conflict):
    """Say what a person has to decide.

    :param conflict: {"kind": …, "companies": [ids of `connectwise.company`],
        "rows": [ids of `connectwise.mapping`]}, or nothing; of a row that was set
        aside {"kind": "set_aside", "company": its name then, "ref": its id, "now": the
        name of the company that has that id now, or None}
    :return: str, or False
    """
    if not conflict:
        return False
    if conflict["kind"] == "set_aside":
        return _explain_set_aside(env, conflict)
    sentence = _CONFLICTS[conflict["kind"]](env)
    companies = env["connectwise.company"].sudo().browse(conflict["companies"])
    rows = env["connectwise.mapping"].sudo().browse(conflict["rows"])
    names = {
        "companies": ", ".join(companies.exists()[:3].mapped("display_name")),
        "customers": ", ".join(rows.exists()[:3].mapped("partner_id.display_name")),
        "owners": ", ".join(
            rows.exists().partner_id.commercial_partner_id.mapped("display_name")
        ),
    }
    return sentence % names


def _explain_set_aside(env, conflict):
    if conflict["now"] is None:
        return env._(
            "Was connected to %(company)s, which is not in the ConnectWise that is"
            " connected now. Connect this customer again, or disconnect it.",
            company=conflict["company"],
        )
    return env._(
        "Was connected to %(company)s. In the ConnectWise that is connected now,"
        " #%(ref)s is %(now)s. Connect this customer again, or disconnect it.",
        **{name: conflict[name] for name in ("company", "ref", "now")},
    )


_CONFLICTS = {
    "several_companies_same_account_id": lambda env: env._(
        "Several companies have this Account ID: %(companies)s"
    ),
    "several_companies_same_name": lambda env: env._(
        "Several companies have this name: %(companies)s"
    ),
    "several_customers_same_account_id": lambda env: env._(
        "Several customers have this reference: %(customers)s"
    ),
    "several_customers_same_name": lambda env: env._(
        "Several customers have this name: %(customers)s"
    ),
    "company_taken": lambda env: env._(
        "%(companies)s is already connected to %(customers)s"
    ),
    "legal_form_differs": lambda env: env._(
        "Same name, but another legal form: %(companies)s"
    ),
    "name_disagrees": lambda env: env._(
        "The name matches %(companies)s, but the Account ID does not"
    ),
    "account_ids_differ": lambda env: env._(
        "%(companies)s has the same name, but a different Account ID"
    ),
    "part_of_another": lambda env: env._(
        "This customer is now part of %(owners)s, so the row of %(owners)s decides"
        " about the invoices. If the connection is right, connect %(owners)s to this"
        " company, and disconnect this row."
    ),
    "changed_by_customer": lambda env: env._(
        "The name or reference was changed by the customer and now matches"
        " %(companies)s. Confirm it, or connect by hand."
    ),
}


def explain_contact(env, note):
    """Say why there is no Bill-To contact, or what to check about it.

    :param note: {"code": …, and what the sentence names}, or nothing
    :return: str, or False
    """
    return note and _CONTACTS[note["code"]](env) % note


_CONTACTS = {
    "no_contact": lambda env: env._("No Bill-To contact in ConnectWise."),
    "inactive": lambda env: env._(
        "The Bill-To contact %(name)s is inactive in ConnectWise."
    ),
    "missing": lambda env: env._("The Bill-To contact was deleted in ConnectWise."),
    "no_email": lambda env: env._(
        "The Bill-To contact %(name)s has no valid e-mail address."
    ),
    "own_email": lambda env: env._("%(email)s is the customer's own e-mail address."),
    "invoice_address": lambda env: env._(
        "%(email)s is already an invoice address in Odoo."
    ),
    "login": lambda env: env._(
        "The contact with the address %(email)s can log in to Odoo, so ConnectWise"
        " does not change it."
    ),
    "synced_login": lambda env: env._(
        "%(contact)s can log in to Odoo, so it is no longer updated from ConnectWise."
    ),
    "moved": lambda env: env._(
        "The e-mail address moved from %(old)s to %(new)s. Check that this is right"
        " before you enable the contact."
    ),
    "failed": lambda env: env._("Could not be imported: %(reason)s"),
}
