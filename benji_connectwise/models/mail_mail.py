from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, email_normalize_all
from odoo.tools.mail import email_split_and_format

INVOICE_MAIL = object()
"""In the context as `invoice_mail`: Odoo itself sends this, with the files it made.

Whoever posts a message can attach any file to it. An object, because a caller from
outside can put any value into the context but this.
"""


def without_copies(files, content):
    """Return these (name, content, …) with only the first of those that hold this."""
    found, left = False, []
    for file in files:
        is_copy = file[1] == content
        if not (is_copy and found):
            left.append(file)
        found = found or is_copy
    return left


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        mails._leave_out_disabled_contacts()
        mails._pin_invoice_pdfs()
        return mails

    def write(self, vals):
        result = super().write(vals)
        # Odoo adds what it rendered to an e-mail that is there already.
        if "attachment_ids" in vals:
            self._pin_invoice_pdfs()
        return result

    def _leave_out_disabled_contacts(self):
        """Mail invoices to no Bill-To contact that is not enabled (D12).

        A mail template, or the composer for many, may have chosen it.
        """
        for mail in self.sudo():
            if mail.model != "account.move" or mail.state != "outgoing":
                continue
            move = self.env["account.move"].sudo().browse(mail.res_id).exists()
            if move.is_sale_document(include_receipts=True):
                chosen = mail.recipient_ids
                contacts = chosen - chosen._filter_mailed_invoices()
                mail._leave_out(contacts | move._get_contacts_not_mailed())

    def _leave_out(self, contacts):
        """Mail these to everybody but the contacts; one to nobody else is cancelled."""
        for mail in self if contacts else ():
            others = mail.recipient_ids - contacts
            addresses = {*contacts.mapped("email_normalized"), False}
            # Somebody else may have the same address.
            people = others | contacts.commercial_partner_id
            addresses -= {*people.mapped("email_normalized")}
            values = {}
            if others != mail.recipient_ids:
                values["recipient_ids"] = [(6, 0, others.ids)]
            for name in ("email_to", "email_cc"):
                before = email_split_and_format(mail[name] or "")
                left = [
                    address
                    for address in before
                    if email_normalize(address) not in addresses
                ]
                if left != before:
                    values[name] = ", ".join(left)
            if not values:
                continue
            mail.write(values)
            if not others and not mail.email_to and not mail.email_cc:
                mail.cancel()

    def _pin_invoice_pdfs(self):
        """Remember which of ConnectWise's PDFs somebody is mailed (D3, D23).

        Every e-mail passes here: of the Send dialog and the scheduled action, the
        composer, mail templates and automation rules.
        """
        mails = self.sudo().filtered(
            lambda mail: (
                mail.model == "account.move"
                and mail.state == "outgoing"
                # One that came in is passed on to the followers.
                and mail.message_type != "email"
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
        received = moves.browse()
        for mail in mails:
            pdf = kept.get(mail.res_id)
            if pdf and pdf.checksum in mail.attachment_ids.mapped("checksum"):
                received |= moves.browse(mail.res_id)
        received._pin_connectwise_pdf()

    def _has_recipient(self):
        return any(self.recipient_ids.mapped("email_normalized")) or bool(
            email_normalize_all(f"{self.email_to or ''}, {self.email_cc or ''}")
        )

    def _prepare_outgoing_list(self, *args, **options):
        if self.model == "account.move":
            files = self.attachment_ids.sudo().filtered("store_fname")
            for file in files.filtered(lambda file: file.mimetype == "application/pdf"):
                # It may have been lost since the mail was queued.
                if not file._is_whole():
                    raise UserError(
                        self.env._(
                            "Not sent: the file “%s” is lost or damaged on the server.",
                            file.name,
                        )
                    )
        return super()._prepare_outgoing_list(*args, **options)
