"""Taking contacts out of invoice e-mails that did not go out yet."""

from odoo import Command
from odoo.tools import SQL


def take_out_of_waiting_mail(contacts):
    """Take these contacts out of everything that waits to be sent."""
    contacts = contacts.sudo()
    if not contacts:
        return
    addresses = contacts._get_addresses_of_their_own()
    for mail in contacts.env["mail.mail"]._find_queued_invoices(contacts):
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
    """Take the contacts out of batches, and of invoices that wait for their PDF."""
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
