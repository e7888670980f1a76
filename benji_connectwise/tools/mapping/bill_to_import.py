"""Updating the Bill-To contacts in Odoo to match ConnectWise."""

import json
import logging

from markupsafe import escape
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..connection.followers import tell_followers
from ..sync.sql import as_table
from .bill_to_plan import find_contacts_entered_here, plan_contact, prepare_contact
from .disconnecting import remove_bill_tos, take_away, take_out_of_waiting_mail
from .synced_contact import as_sync
from .words import explain_contact

_logger = logging.getLogger(__name__)

TAKEN_OVER = ("name", "email", "phone", "function", "active")
"""Fields of a contact entered by hand that the synchronization overwrites."""

UNCHANGED = ("unchanged", "none")
"""Outcomes that are no news."""


def find_rows_to_import(backend):
    """Return the ids of connected rows whose contact may need a change.

    Left out are those whose contact is as `plan_contact` would make it and that have no
    note: nearly all, once everything was imported.
    """
    backend.env.flush_all()
    rows = backend.env.execute_query(
        SQL(
            """
            SELECT mapping.id
              FROM connectwise_mapping mapping
              JOIN connectwise_company company
                ON company.id = mapping.connectwise_company_id
              LEFT JOIN connectwise_bill_to bill_to ON bill_to.mapping_id = mapping.id
              LEFT JOIN res_partner contact ON contact.id = bill_to.contact_id
             WHERE mapping.backend_id = %(backend)s
               AND company.is_deleted IS NOT TRUE
               -- Nothing is known of companies that another ConnectWise had.
               AND company.is_confirmed AND company.contact_ref IS NOT NULL
               AND (contact.active
                    AND contact.connectwise_contact_ref = company.contact_ref
                    AND contact.name = company.contact_name
                    AND contact.email = company.contact_email
                    AND contact.phone IS NOT DISTINCT FROM company.contact_phone
                    AND contact.function
                        IS NOT DISTINCT FROM company.contact_function
                    AND bill_to.note IS NULL
                    AND COALESCE(bill_to.email_domain,
                                 split_part(contact.email_normalized, '@', 2))
                        = split_part(contact.email_normalized, '@', 2)
                    AND (contact.type = 'other' OR bill_to.origin = 'converted')
                    AND CASE WHEN contact.connectwise_enabled
                        THEN bill_to.decision IS DISTINCT FROM 'disabled'
                        ELSE COALESCE(bill_to.decision = 'disabled',
                                      %(enable)s IS NOT TRUE)
                        END
                   ) IS NOT TRUE
             ORDER BY mapping.id
            """,
            backend=backend.id,
            enable=backend.auto_enable_contacts,
        )
    )
    return [row_id for [row_id] in rows]


def import_contacts(mappings):
    """Update the Bill-To contacts to match the data read from ConnectWise.

    Nothing is raised: if a contact cannot be written, its row says why.

    :return: {row: "created", "converted", "updated", "removed", "unchanged" or "none"}
    """
    bill_tos = _get_bill_tos(mappings.sudo())
    known = find_contacts_entered_here(bill_tos)
    outcomes, arriving = {}, bill_tos.browse()
    for bill_to in bill_tos:
        step, value = plan_contact(bill_to, known)
        if step in ("none", "unchanged"):
            bill_to._set_note(value)
        elif step != "created":
            step = _try_step(bill_to, step, value)
        if step == "created":
            arriving |= bill_to
        outcomes[bill_to.mapping_id] = step
    outcomes.update(_create_contacts(arriving))
    _tell_followers(outcomes)
    return outcomes


def _tell_followers(outcomes):
    changed = [row.id for row, what in outcomes.items() if what not in UNCHANGED]
    if not changed:
        return
    rows = next(iter(outcomes)).browse(changed)
    by_customer = rows.grouped("partner_id")

    def describe(customer):
        contacts = by_customer[customer].contact_id
        if not contacts:
            return customer.env._("The Bill-To contact was removed.")
        return customer.env._(
            "The Bill-To contact in ConnectWise changed: it is now %s.",
            ", ".join(contacts.mapped("email_formatted")),
        )

    tell_followers(rows.partner_id, "mt_contact_changed", describe)


def _get_bill_tos(mappings):
    """Return the Bill-To records of these rows, which get one each."""
    inserted = mappings.env.execute_query(
        SQL(
            """
            INSERT INTO connectwise_bill_to (
                mapping_id, create_date, write_date, create_uid, write_uid
            )
            SELECT id, %(now)s, %(now)s, %(user)s, %(user)s
              FROM connectwise_mapping mapping
             WHERE id = ANY(%(rows)s) AND NOT EXISTS (
                   SELECT 1 FROM connectwise_bill_to WHERE mapping_id = mapping.id)
            -- If another request inserts one now, Odoo tries this one again.
            ON CONFLICT (mapping_id) DO NOTHING
            RETURNING id
            """,
            rows=mappings.ids,
            now=fields.Datetime.now(),
            user=mappings.env.uid,
        )
    )
    if inserted:
        mappings.invalidate_recordset(["bill_to_ids"], flush=False)
    return mappings.env["connectwise.bill.to"].search_fetch(
        [("mapping_id", "in", mappings.ids)]
    )


def _try_step(bill_to, step, value):
    """Take a planned step; if Odoo refuses it, undo it and note the reason."""
    try:
        with bill_to.env.cr.savepoint():
            return _STEPS[step](bill_to, value)
    except (UserError, IntegrityError) as error:
        bill_to._set_note(_prepare_failure_note(bill_to, error))
        return "unchanged" if bill_to.contact_id else "none"


def _prepare_failure_note(bill_to, error):
    _logger.info(
        "Bill-To contact of mapping %s not imported: %s", bill_to.mapping_id.id, error
    )
    return {"code": "failed", "reason": str(error).strip()}


def _remove(bill_to, note):
    remove_bill_tos(bill_to, note)
    return "removed"


def _replace(bill_to, _value):
    take_away(bill_to)
    # Planned again: a contact entered by hand may just have been restored.
    step, value = plan_contact(bill_to, find_contacts_entered_here(bill_to))
    if step == "none":
        return _remove(bill_to, value)
    return _convert(bill_to, value) if step == "converted" else step


def _update(bill_to, changes):
    contact = as_sync(bill_to.contact_id)
    if contact.connectwise_enabled and "connectwise_enabled" in changes:
        take_out_of_waiting_mail(bill_to.contact_id)
    has_moved = "email" in changes and bill_to._is_held()
    contact.write(changes)
    if not bill_to._is_held():
        bill_to._end_notice()
    bill_to._log_change(
        bill_to._prepare_hold_note(),
        bill_to.env._("The Bill-To contact was updated: %s.", contact.email_formatted),
    )
    if has_moved:
        _ask_to_check(bill_to)
    return "updated"


def _convert(bill_to, contact):
    contact = as_sync(contact)
    bill_to.before = {name: contact[name] for name in TAKEN_OVER}
    contact.write(prepare_contact(bill_to))
    _store_arrivals(bill_to, contact, "converted")
    bill_to.mapping_id._log(
        bill_to.env._("Took over the contact %s.", contact.email_formatted)
    )
    return "converted"


_STEPS = {
    "removed": _remove,
    "replaced": _replace,
    "updated": _update,
    "converted": _convert,
}


def _create_contacts(bill_tos):
    """Create the contacts: all at once or, if that fails, one by one."""
    if not bill_tos:
        return {}
    env = bill_tos.env
    try:
        with env.cr.savepoint():
            contacts = _create_partners(bill_tos)
    except (UserError, IntegrityError) as error:
        if len(bill_tos) > 1:
            outcomes = {}
            for bill_to in bill_tos:
                outcomes.update(_create_contacts(bill_to))
            return outcomes
        bill_tos._set_note(_prepare_failure_note(bill_tos, error))
        return {bill_tos.mapping_id: "none"}
    mappings = bill_tos.mapping_id
    _store_arrivals(bill_tos, contacts, "created")
    mappings._message_log_batch(
        {
            mapping.id: env._(
                "Imported the Bill-To contact %s.", contact.email_formatted
            )
            for mapping, contact in zip(mappings, contacts, strict=True)
        },
        author_id=env.user.partner_id.id,
    )
    return dict.fromkeys(mappings, "created")


def _create_partners(bill_tos):
    """Create contacts all at once, which Odoo would otherwise sync one by one.

    `_partners_skip_fields_sync` is what Odoo imports contacts with (base,
    models/res_partner.py:928); what it skips is here: the commercial fields, and
    those that each company has of its own.
    """
    vals_list = []
    for bill_to in bill_tos:
        customer = as_sync(bill_to.mapping_id.partner_id)
        vals_list.append(
            {
                **customer.commercial_partner_id._get_commercial_values(),
                # Odoo does not copy the address to contacts of the type invoice or
                # other.
                **customer._get_address_values(),
                **prepare_contact(bill_to),
                "parent_id": customer.id,
                "company_id": customer.company_id.id,
                "is_company": False,
                "lang": customer.lang,
            }
        )
    Partner = as_sync(bill_tos.env["res.partner"])
    contacts = (
        Partner.with_context(_partners_skip_fields_sync=True)
        .create(vals_list)
        .with_env(Partner.env)
    )
    if bill_tos.env["res.company"].sudo().search_count([], limit=2) > 1:
        for contact in contacts:
            contact._company_dependent_commercial_sync()
    return contacts


def _store_arrivals(bill_tos, contacts, origin):
    """Store that these rows now have these contacts, one each."""
    rows = [
        (
            bill_to.id,
            contact.id,
            json.dumps(bill_to._prepare_hold_note() or None),
            bill_to._get_domain_to_keep(contact) or None,
        )
        for bill_to, contact in zip(bill_tos, contacts, strict=True)
    ]
    mappings = bill_tos.mapping_id
    held = bill_tos.filtered(lambda bill_to: bill_to._is_held())
    columns = {"id": "int", "contact_id": "int", "note": "jsonb", "domain": "text"}
    bill_tos.env.flush_all()
    bill_tos.env.execute_query(
        SQL(
            """
            WITH changed AS (
                UPDATE connectwise_bill_to bill_to
                   SET contact_id = new.contact_id, origin = %(origin)s,
                       note = NULLIF(new.note, 'null'::jsonb),
                       email_domain = new.domain, write_date = %(now)s
                  FROM (%(rows)s) new
                 WHERE bill_to.id = new.id
             RETURNING bill_to.mapping_id, bill_to.contact_id
            )
            UPDATE connectwise_mapping mapping
               SET contact_id = changed.contact_id,
                   last_updated = %(now)s, write_date = %(now)s
              FROM changed
             WHERE mapping.id = changed.mapping_id
         RETURNING mapping.id
            """,
            rows=as_table(rows, columns),
            origin=origin,
            now=fields.Datetime.now(),
        )
    )
    bill_tos.invalidate_recordset(flush=False)
    mappings.invalidate_recordset(flush=False)
    for bill_to in held:
        _ask_to_check(bill_to)


def _ask_to_check(bill_to):
    """Plan an activity about a contact whose address moved to another domain.

    It ends when a person decides about the contact, when the address moves back, or
    when the contact goes.
    """
    if bill_to.decision == "disabled":
        return
    env, customer = bill_to.env, bill_to.mapping_id.partner_id
    values = {
        "summary": env._("Check the Bill-To contact from ConnectWise"),
        # It quotes ConnectWise, and a note is HTML.
        "note": escape(explain_contact(env, bill_to._prepare_hold_note()) or ""),
    }
    kind = "mail.mail_activity_data_todo"
    user = bill_to.mapping_id.company_id._get_connectwise_responsible()
    bill_to._end_notice()
    try:
        with env.cr.savepoint():
            activity = customer.activity_schedule(kind, user_id=user.id, **values)
    except UserError:
        # Somebody who cannot see this customer is not the one to check it.
        activity = customer.activity_schedule(kind, user_id=env.uid, **values)
    bill_to.notice_id = activity
