"""Disconnecting a customer, and removing its Bill-To contact."""

import logging

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ...const import CONTACTS_REMOVED_AT_ONCE
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

    :return: what `undo_disconnect` needs, which the browser keeps: [id of the row, id
        of the company, connection, whether it had a contact, decision about the
        contact, domain of the e-mail address that was checked last]; None if it was not
        connected
    """
    company, bill_to = mapping.connectwise_company_id, mapping.bill_to_ids
    name = company.display_name or mapping.conflict["company"]
    before = company and [
        mapping.id,
        company.id,
        mapping.connection,
        bool(mapping.contact_id),
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
            "disconnected_company_ids": [
                Command.link(company_id) for company_id in company.ids
            ],
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
    with_contact = mappings.sudo().bill_to_ids.filtered("contact_id")
    for some in split_every(
        CONTACTS_REMOVED_AT_ONCE, with_contact.ids, with_contact.browse
    ):
        remove_bill_tos(some)


def remove_bill_tos(bill_tos, note=False):
    """Remove synced contacts, and log it.

    :param bill_tos: a few, as there are for one step
    :param note: why there is no contact any more, as for `explain_contact`
    """
    take_away(bill_tos)
    bill_tos.note = note
    rows = bill_tos.mapping_id
    rows.last_updated = fields.Datetime.now()
    rows._log(bill_tos.env._("The Bill-To contact was removed."))


def take_away(bill_tos):
    """Delete the contacts that the synchronization created, and restore the others."""
    bill_tos = bill_tos.filtered("contact_id")
    if not bill_tos:
        return
    converted = bill_tos.filtered(lambda bill_to: bill_to.origin == "converted")
    before = {as_sync(bill_to.contact_id): bill_to.before for bill_to in converted}
    customers = {
        as_sync(bill_to.contact_id): bill_to.mapping_id.partner_id
        for bill_to in bill_tos - converted
    }
    created = as_sync(bill_tos.contact_id).browse().union(*customers)
    take_out_of_waiting_mail(bill_tos.contact_id)
    bill_tos._end_notice()
    _give_orders_back(created, customers)
    bill_tos.write({"contact_id": False, "origin": False, "before": False})
    for contact, values in before.items():
        _write_archiving(contact, {**(values or {}), **NOT_SYNCED})
    _write_archiving(
        _delete_unused(created),
        {
            **NOT_SYNCED,
            "email": False,
            "phone": False,
            "type": "other",
            "active": False,
        },
    )


def _give_orders_back(contacts, customers):
    """Replace contacts by their customers as addresses of orders and draft invoices.

    :param contacts: that were created here: a converted one keeps its orders
    :param customers: {contact: its customer}
    """
    if not contacts:
        return
    env = contacts.env
    drafts = {"account.move": Domain("state", "=", "draft")}
    if "sale.order" in env:
        # Future invoices get their addresses from it.
        drafts["sale.order"] = Domain("invoice_status", "!=", "invoiced")
    for model, domain in drafts.items():
        records = env[model].sudo().with_context(active_test=False)
        names = [name for name in ADDRESSES if name in records._fields]
        uses_it = Domain.OR(Domain(name, "in", contacts.ids) for name in names)
        for record in records.search(domain & uses_it):
            # All at once: Odoo would compute an omitted address from the customer.
            record.write(
                {
                    name: customers.get(address, address).id
                    for name in names
                    if (address := record[name])
                }
            )


def _write_archiving(contacts, values):
    # Odoo refuses to archive the contact of a user; a person has to do that.
    of_user = {**values, "active": True} if "active" in values else values
    for has_user, some in contacts.grouped(
        lambda contact: bool(contact.user_ids.filtered("active"))
    ).items():
        some.write(of_user if has_user else values)


def _delete_unused(contacts):
    """Delete the contacts that nothing refers to; return the others."""
    if not contacts:
        return contacts
    used = _find_referred(contacts)
    unused = contacts - used
    try:
        with contacts.env.cr.savepoint():
            unused.unlink()
    except (UserError, IntegrityError) as error:
        if len(unused) > 1:
            return used.union(*map(_delete_unused, unused))
        _logger.info("Contact %s is kept, archived: %s", unused.id, error)
        return contacts
    return used


def _find_referred(contacts):
    """Return the contacts that anything in the database refers to, such as a message.

    Trying to delete one would not show this: some references are deleted or emptied.
    """
    contacts.env.flush_all()
    columns = contacts.env["base.partner.merge.automatic.wizard"]._get_fk_on(
        "res_partner"
    )
    references = [
        (table, column, SQL()) for table, column in columns if table not in NO_REFERENCE
    ]
    references += [
        ("mail_message", "res_id", SQL("AND model = 'res.partner'")),
        ("mail_activity", "res_id", SQL("AND res_model = 'res.partner'")),
        (
            "ir_attachment",
            "res_id",
            SQL("AND res_model = 'res.partner' AND res_field IS NULL"),
        ),
    ]
    query = SQL(" UNION ").join(
        SQL(
            "SELECT %(column)s FROM %(table)s WHERE %(column)s = ANY(%(ids)s) %(also)s",
            table=SQL.identifier(table),
            column=SQL.identifier(column),
            ids=contacts.ids,
            also=also,
        )
        for table, column, also in references
    )
    return contacts.browse(row[0] for row in contacts.env.execute_query(query))


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
    replace_in_waiting_invoices(contacts, contacts.browse())


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


def replace_in_waiting_invoices(contacts, other):
    """Replace recipients of batches, and of invoices that wait for their PDF.

    :param other: the recipient instead, or none
    """
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
            before = contacts.browse(settings["mail_partner_ids"])
            after = before - contacts | other
            record[name] = {**settings, "mail_partner_ids": after.ids}
