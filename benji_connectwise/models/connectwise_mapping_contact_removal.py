import logging

from psycopg2 import IntegrityError

from odoo import Command, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

NO_REFERENCE = {"mail_followers", "res_partner_res_partner_category_rel"}
"""Tables whose rows may go with a contact: they are no history."""

ADDRESSES = ("partner_id", "partner_invoice_id", "partner_shipping_id")
"""What an order or an invoice has a contact as."""


class ConnectwiseMapping(models.Model):
    """Taking the Bill-To contact away again."""

    _inherit = "connectwise.mapping"  # pylint: disable=consider-merging-classes-inherited

    def unlink(self):
        self.check_access("unlink")
        self.sudo()._remove_contact()
        return super().unlink()

    def _remove_contact(self):
        """Take these rows' synced contacts away, and say so."""
        for mapping in self.sudo().filtered("contact_id"):
            mapping._contact_removed(False)

    def _take_contact_away(self):
        """Delete what the synchronization created, give back what it took over."""
        if not self.contact_id:
            return
        contact, before = self._as_sync(self.contact_id), self.contact_before
        is_created = self.contact_origin != "converted"
        self._withdraw_queued_mail()
        if is_created:
            self._give_orders_back(contact)
        self.write(
            {"contact_id": False, "contact_origin": False, "contact_before": False}
        )
        no_more = {
            "is_connectwise_contact": False,
            "connectwise_contact_ref": 0,
            "connectwise_enabled": False,
        }
        if not is_created:
            self._write_archiving(contact, {**(before or {}), **no_more})
        elif self._is_referred_to(contact) or not self._try_delete(contact):
            self._write_archiving(
                contact,
                {
                    **no_more,
                    "email": False,
                    "phone": False,
                    "type": "other",
                    "active": False,
                },
            )

    def _give_orders_back(self, contact):
        """Let orders and draft invoices have the customer as address again.

        A contact that somebody entered stays, and with it what it was chosen for.
        """
        drafts = {"account.move": Domain("state", "=", "draft")}
        if "sale.order" in self.env:
            # The addresses are those of the invoices to come.
            drafts["sale.order"] = Domain("invoice_status", "!=", "invoiced")
        for model, domain in drafts.items():
            records = self.env[model].sudo().with_context(active_test=False)
            names = [name for name in ADDRESSES if name in records._fields]
            uses_it = Domain.OR(Domain(name, "=", contact.id) for name in names)
            for record in records.search(domain & uses_it):
                # All at once: what is not said follows from the customer.
                record.write(
                    {
                        name: (self.partner_id if address == contact else address).id
                        for name in names
                        if (address := record[name])
                    }
                )

    def _write_archiving(self, contact, values):
        # Odoo refuses to archive the contact of a user; that is a person's to do.
        if not values.get("active", True) and contact.user_ids.filtered("active"):
            values = {**values, "active": True}
        contact.write(values)

    def _try_delete(self, contact):
        try:
            with self.env.cr.savepoint():
                contact.unlink()
        except (UserError, IntegrityError) as error:
            _logger.info("Contact %s is kept, archived: %s", contact.id, error)
            return False
        return True

    def _is_referred_to(self, contact):
        """Whether anything in the database, a message for example, names this contact.

        Deleting alone would not tell: some references are deleted along, or emptied.
        """
        self.env.flush_all()
        columns = self.env["base.partner.merge.automatic.wizard"]._get_fk_on(
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
        return bool(self.env.execute_query(SQL("%s LIMIT 1", query)))

    def _withdraw_queued_mail(self):
        """Take the contacts out of invoice e-mails that did not go out yet."""
        contacts = self.contact_id.sudo()
        if not contacts:
            return
        addresses = contacts._get_addresses_of_their_own()
        for mail in self.env["mail.mail"].sudo()._find_queued_invoices(contacts):
            mail._take_out(contacts, addresses)
        self._withdraw_scheduled_messages(contacts)
        self._withdraw_waiting_invoices(contacts)

    def _withdraw_scheduled_messages(self, contacts):
        """Take the contacts out of messages that are to be sent at a later time."""
        unlink = [Command.unlink(contact.id) for contact in contacts]
        to_contacts = [
            ("model", "=", "account.move"),
            ("partner_ids", "in", contacts.ids),
        ]
        scheduled = self.env["mail.scheduled.message"].sudo().search(to_contacts)
        scheduled.write({"partner_ids": unlink})
        posted = self.env["mail.message.schedule"].sudo().search([]).mail_message_id
        posted.filtered_domain(to_contacts).write({"partner_ids": unlink})

    def _withdraw_waiting_invoices(self, contacts):
        """Take the contacts out of batches, and of what waits for its PDF."""
        self.env.flush_all()
        for model, name in (
            ("account.move", "sending_data"),
            ("connectwise.held.invoice", "settings"),
        ):
            records, column = self.env[model].sudo(), SQL.identifier(name)
            waiting = self.env.execute_query(
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
