"""Disconnecting a customer, and removing its Bill-To contact."""

import logging

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .synced_contact import as_sync

_logger = logging.getLogger(__name__)

NO_REFERENCE = {"mail_followers", "res_partner_res_partner_category_rel"}
"""Tables whose rows may go with a contact: they are no history."""

ADDRESSES = ("partner_id", "partner_invoice_id", "partner_shipping_id")
"""Fields in which an order or an invoice has a contact."""

NOT_SYNCED = {
    "is_connectwise_contact": False,
    "connectwise_contact_ref": 0,
    "connectwise_enabled": False,
}


def disconnect(mapping):
    """Remove the connection and the contact; no longer match this customer.

    :return: what `undo_disconnect` needs, which the browser keeps: [id of the row,
        connection, decision about the contact, domain of the e-mail address that was
        checked last]; None if it was not connected
    """
    company, bill_to = mapping.connectwise_company_id, mapping.bill_to_ids
    name = company.display_name or mapping.conflict["company"]
    before = company and [
        mapping.id,
        mapping.connection,
        bill_to.decision or (mapping.contact_enabled and "enabled"),
        bill_to.email_domain,
    ]
    remove_contacts(mapping)
    bill_to.unlink()
    mapping.write(
        {
            "connectwise_company_id": False,
            "connection": False,
            "disconnected": True,
            "disconnected_at": fields.Datetime.now(),
            "disconnected_by_id": mapping.env.user.id,
            "disconnected_company_id": company.id,
            "last_updated": fields.Datetime.now(),
            "has_conflict": False,
            "is_set_aside": False,
            "conflict": False,
        }
    )
    mapping._log_for_customer(mapping.env._("Disconnected from %s.", name))
    return before or None


def remove_contacts(mappings):
    """Remove the synced contacts of these rows, and log it."""
    for bill_to in mappings.sudo().bill_to_ids.filtered("contact_id"):
        remove_contact(bill_to)


def remove_contact(bill_to, note=False):
    """Remove one synced contact, and log it.

    :param note: why there is no contact any more, as for `explain_contact`
    """
    take_away(bill_to)
    bill_to.note = note
    mapping = bill_to.mapping_id
    mapping.last_updated = fields.Datetime.now()
    mapping._log(bill_to.env._("The Bill-To contact was removed."))


def take_away(bill_to):
    """Delete the contact if the synchronization created it, or restore it."""
    if not bill_to.contact_id:
        return
    contact, before = as_sync(bill_to.contact_id), bill_to.before
    is_created = bill_to.origin != "converted"
    take_out_of_waiting_mail(bill_to.contact_id)
    if is_created:
        _give_orders_back(contact, bill_to.mapping_id.partner_id)
    bill_to.write({"contact_id": False, "origin": False, "before": False})
    if not is_created:
        _write_archiving(contact, {**(before or {}), **NOT_SYNCED})
    elif _is_referred_to(contact) or not _try_delete(contact):
        _write_archiving(
            contact,
            {
                **NOT_SYNCED,
                "email": False,
                "phone": False,
                "type": "other",
                "active": False,
            },
        )


def _give_orders_back(contact, customer):
    """Replace the contact by the customer as the address of orders and draft invoices.

    Only for a contact that was created here: a converted one keeps its orders.
    """
    env = customer.env
    drafts = {"account.move": Domain("state", "=", "draft")}
    if "sale.order" in env:
        # Future invoices get their addresses from it.
        drafts["sale.order"] = Domain("invoice_status", "!=", "invoiced")
    for model, domain in drafts.items():
        records = env[model].sudo().with_context(active_test=False)
        names = [name for name in ADDRESSES if name in records._fields]
        uses_it = Domain.OR(Domain(name, "=", contact.id) for name in names)
        for record in records.search(domain & uses_it):
            # All at once: Odoo would compute an omitted address from the customer.
            record.write(
                {
                    name: (customer if address == contact else address).id
                    for name in names
                    if (address := record[name])
                }
            )


def _write_archiving(contact, values):
    # Odoo refuses to archive the contact of a user; a person has to do that.
    if not values.get("active", True) and contact.user_ids.filtered("active"):
        values = {**values, "active": True}
    contact.write(values)


def _try_delete(contact):
    try:
        with contact.env.cr.savepoint():
            contact.unlink()
    except (UserError, IntegrityError) as error:
        _logger.info("Contact %s is kept, archived: %s", contact.id, error)
        return False
    return True


def _is_referred_to(contact):
    """Whether anything in the database refers to this contact, such as a message.

    Trying to delete it would not show this: some references are deleted or emptied.
    """
    contact.env.flush_all()
    columns = contact.env["base.partner.merge.automatic.wizard"]._get_fk_on(
        "res_partner"
    )
    references = [
        SQL(
            "SELECT 1 FROM %s WHERE %s = %s",
            SQL.identifier(table),
            SQL.identifier(column),
            contact.id,
        )
        for table, column in columns
        if table not in NO_REFERENCE
    ]
    references += [
        SQL(
            "SELECT 1 FROM %s WHERE %s = 'res.partner' AND res_id = %s %s",
            SQL.identifier(table),
            SQL.identifier(column),
            contact.id,
            SQL(condition),
        )
        for table, column, condition in (
            ("mail_message", "model", ""),
            ("mail_activity", "res_model", ""),
            ("ir_attachment", "res_model", "AND res_field IS NULL"),
        )
    ]
    query = SQL(" UNION ALL ").join(references)
    return bool(contact.env.execute_query(SQL("%s LIMIT 1", query)))


def take_out_of_waiting_mail(contacts):
    """Remove these contacts from everything that waits to be sent."""
    contacts = contacts.sudo()
    if not contacts:
        return
    to_contacts = Domain("recipient_ids", "in", contacts.ids) | Domain.OR(
        Domain(name, "ilike", email)
        for email in set(contacts.mapped("email_normalized")) - {False}
        for name in ("email_to", "email_cc")
    )
    queued = Domain("state", "in", ("outgoing", "exception"))
    queued &= Domain("model", "=", "account.move")
    if mails := contacts.env["mail.mail"].search(to_contacts & queued):
        addresses = contacts._get_addresses_of_their_own()
        for mail in mails:
            mail._take_out(contacts, addresses)
    _take_out_of_scheduled_messages(contacts)
    _take_out_of_waiting_invoices(contacts)


def _take_out_of_scheduled_messages(contacts):
    env = contacts.env
    unlink = [Command.unlink(contact.id) for contact in contacts]
    to_contacts = [
        ("model", "=", "account.move"),
        ("partner_ids", "in", contacts.ids),
    ]
    scheduled = env["mail.scheduled.message"].search(to_contacts)
    scheduled.write({"partner_ids": unlink})
    posted = env["mail.message.schedule"].search([]).mail_message_id
    posted.filtered_domain(to_contacts).write({"partner_ids": unlink})


def _take_out_of_waiting_invoices(contacts):
    """Remove the contacts from batches, and from invoices that wait for their PDF."""
    env = contacts.env
    env.flush_all()
    for model, name in (
        ("account.move", "sending_data"),
        ("connectwise.held.invoice", "settings"),
    ):
        records, column = env[model], SQL.identifier(name)
        waiting = env.execute_query(
            SQL(
                """
                SELECT id FROM %s
                 WHERE %s IS NOT NULL
                   AND %s -> 'mail_partner_ids' @> ANY (%s::jsonb[])
                """,
                SQL.identifier(records._table),
                column,
                column,
                [str(contact_id) for contact_id in contacts.ids],
            )
        )
        for record in records.browse(record_id for [record_id] in waiting):
            settings = record[name]
            left = [
                partner_id
                for partner_id in settings["mail_partner_ids"]
                if partner_id not in contacts.ids
            ]
            record[name] = {**settings, "mail_partner_ids": left}
