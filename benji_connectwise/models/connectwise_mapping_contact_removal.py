import logging

from psycopg2 import IntegrityError

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import clean_context

_logger = logging.getLogger(__name__)

NO_REFERENCE = {"mail_followers", "res_partner_res_partner_category_rel"}
"""Tables whose rows may go with a contact: they are no history."""

OPEN_DOCUMENTS = {
    "account.move": Domain("state", "=", "draft"),
    "sale.order": Domain("invoice_status", "!=", "invoiced"),
}
"""Where an address still matters. Which of these apps is installed differs."""

ADDRESSES = ("partner_id", "partner_invoice_id", "partner_shipping_id")


class ConnectwiseMapping(models.Model):
    """Taking the Bill-To contact away again (D7)."""

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
        self.write(
            {"contact_id": False, "contact_origin": False, "contact_before": False}
        )
        no_more = {
            "is_connectwise_contact": False,
            "connectwise_contact_ref": 0,
            "connectwise_enabled": False,
        }
        if not is_created:
            # It is the person's again.
            self._write_archiving(contact, {**(before or {}), **no_more})
            return
        self._return_documents(contact)
        if self._is_referred_to(contact) or not self._try_delete(contact):
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

    def _return_documents(self, contact):
        """Let orders and drafts with this address have their customer's again (D7)."""
        customer = contact.parent_id
        for model, is_open in OPEN_DOCUMENTS.items():
            if model not in self.env:
                continue
            documents = (
                self.env[model]
                .sudo()
                .with_context(clean_context(self.env.context), active_test=False)
            )
            names = [name for name in ADDRESSES if name in documents._fields]
            uses_it = Domain.OR(Domain(name, "=", contact.id) for name in names)
            for document in documents.search(is_open & uses_it):
                # All at once: an address that is not said follows the customer.
                values = {
                    name: (customer if value == contact else value).id
                    for name in names
                    for value in document[name]
                }
                try:
                    with self.env.cr.savepoint():
                        document.with_company(document.company_id).write(values)
                except UserError as error:
                    _logger.info("%s keeps its address: %s", document, error)

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
        """Take the contacts out of invoice e-mails that did not go out yet (S118)."""
        contacts = self.contact_id
        addresses = contacts.filtered("email_normalized").mapped("email_normalized")
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search(
                Domain("model", "=", "account.move")
                # Those that failed may be tried again.
                & Domain("state", "in", ["outgoing", "exception"])
                & Domain.OR(
                    [
                        Domain("recipient_ids", "in", contacts.ids),
                        *(Domain("email_to", "ilike", email) for email in addresses),
                        *(Domain("email_cc", "ilike", email) for email in addresses),
                    ]
                )
            )
        )
        mails._leave_out(contacts)
        self.env["mail.notification"].sudo().search(
            [
                ("mail_mail_id", "in", mails.ids),
                ("res_partner_id", "in", contacts.ids),
            ]
        ).notification_status = "canceled"
        self._withdraw_planned_mail(contacts)
        self._withdraw_planned_sending(contacts)

    def _withdraw_planned_mail(self, contacts):
        """Take the contacts out of messages that people planned for later."""
        planned = self.env["mail.scheduled.message"].sudo()
        planned = planned.search(
            [("model", "=", "account.move"), ("partner_ids", "in", contacts.ids)]
        )
        notices = self.env["mail.message.schedule"].sudo()
        notices = notices.search(
            [
                ("mail_message_id.model", "=", "account.move"),
                ("mail_message_id.partner_ids", "in", contacts.ids),
            ]
        )
        gone = {"partner_ids": [(3, contact.id) for contact in contacts]}
        planned.write(gone)
        notices.mail_message_id.write(gone)

    def _withdraw_planned_sending(self, contacts):
        """Take the contacts out of invoices that wait to be sent."""
        self.env.flush_all()
        for model, field in (
            ("account.move", "sending_data"),
            ("connectwise.lookup", "held_sending_data"),
        ):
            records = self.env[model].sudo()
            column = SQL.identifier(field)
            found = self.env.execute_query(
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
            for record in records.browse(record_id for [record_id] in found):
                settings = record[field]
                left = set(settings["mail_partner_ids"]) - set(contacts.ids)
                record[field] = {**settings, "mail_partner_ids": list(left)}
