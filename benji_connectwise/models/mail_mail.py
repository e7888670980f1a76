from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, email_normalize_all
from odoo.tools.mail import email_split_and_format

from ..tools.invoice_pdf.deliveries import note_mailed
from ..tools.invoice_pdf.invoice_mail import get_unmailed_addresses
from ..tools.invoice_pdf.keeping import pin_pdfs

INVOICE_MAIL = object()
"""As `invoice_mail` in the context: Odoo chose the attached files, not a person.

It is an object, because a remote caller can put any other value into the context.
"""


def without_copies(files, content):
    """Return `files` with only the first of those that have this content.

    :param files: [(name, content, …)]
    """
    found, left = False, []
    for file in files:
        is_copy = file[1] == content
        if not (is_copy and found):
            left.append(file)
        found = found or is_copy
    return left


class MailMail(models.Model):
    """Every e-mail about an invoice passes through this model."""

    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        mails._leave_out_contacts()
        mails._pin_invoice_pdfs()
        return mails

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint({"attachment_ids", "recipient_ids", "email_to"}):
            self._pin_invoice_pdfs()
        return result

    def send(self, *args, **options):
        # A contact may have been disabled since the e-mail was queued.
        self._leave_out_contacts()
        return super().send(*args, **options)

    # -------------------------------------------------------------------------
    # Recipients
    # -------------------------------------------------------------------------

    def _leave_out_contacts(self):
        """Take out synced contacts that must get no invoices."""
        for mail in self._filter_outgoing_invoices():
            # Odoo mails what it can, even if the invoice was deleted.
            invoice = self.env["account.move"].browse(mail.res_id).exists()
            recipients = mail.sudo().recipient_ids
            mail._take_out(
                recipients - recipients._filter_connectwise_mailed(),
                get_unmailed_addresses(invoice) if mail._get_addresses() else (),
            )

    def _take_out(self, contacts, addresses):
        """Take out these contacts and addresses; cancel the e-mail if none are left."""
        values = {}
        if contacts := contacts & self.sudo().recipient_ids:
            values["recipient_ids"] = [
                Command.unlink(contact.id) for contact in contacts
            ]
        for name in ("email_to", "email_cc"):
            emails = email_split_and_format(self[name] or "")
            left = [
                email for email in emails if email_normalize(email) not in addresses
            ]
            if len(left) < len(emails):
                values[name] = ", ".join(left)
        if not values:
            return
        self.write(values)
        self.env["mail.notification"].sudo().search(
            Domain("mail_mail_id", "=", self.id)
            & (
                Domain("res_partner_id", "in", contacts.ids)
                | Domain("mail_email_address", "in", list(addresses))
            )
        ).notification_status = "canceled"
        if not self.recipient_ids and not self._get_addresses():
            self.cancel()

    def _get_addresses(self):
        return email_split_and_format(f"{self.email_to or ''}, {self.email_cc or ''}")

    def _filter_outgoing_invoices(self):
        return self.filtered(
            lambda mail: (
                mail.model == "account.move"
                and mail.res_id
                and mail.state == "outgoing"
            )
        )

    # -------------------------------------------------------------------------
    # Pinning PDFs that were sent
    # -------------------------------------------------------------------------

    def _pin_invoice_pdfs(self):
        """Remember which of ConnectWise's PDFs were sent to somebody."""
        mails = self.sudo()._filter_outgoing_invoices()
        mails = mails.filtered(
            lambda mail: (
                # "email" is a received message that goes on to the followers.
                mail.message_type != "email"
                and mail.attachment_ids
                and mail._has_recipient()
            )
        )
        if not mails or not (
            self.env.context.get("invoice_mail") is INVOICE_MAIL
            or self.env.user.has_group("account.group_account_invoice")
        ):
            return
        moves = mails.env["account.move"].browse(mails.mapped("res_id")).exists()
        kept = self.env["connectwise.lookup"]._get_pdfs(moves)
        pin_pdfs(
            {
                moves.browse(mail.res_id): pdf
                for mail in mails
                if (pdf := kept.get(mail.res_id))
                and pdf.checksum in mail.attachment_ids.mapped("checksum")
            }
        )
        # *Send* notes its own deliveries, those of a batch together.
        if self.env.context.get("invoice_mail") is not INVOICE_MAIL:
            note_mailed(mails, moves)

    def _has_recipient(self):
        return any(self.recipient_ids.mapped("email_normalized")) or bool(
            email_normalize_all(f"{self.email_to or ''}, {self.email_cc or ''}")
        )

    def _prepare_outgoing_list(self, *args, **options):
        if self.model == "account.move":
            files = self.attachment_ids.sudo().filtered("store_fname")
            for file in files.filtered(lambda file: file.mimetype == "application/pdf"):
                # The file may have been lost since the e-mail was queued.
                if not file._is_whole():
                    raise UserError(
                        self.env._(
                            "Not sent: the file “%s” is lost or damaged on the server.",
                            file.name,
                        )
                    )
        return super()._prepare_outgoing_list(*args, **options)
