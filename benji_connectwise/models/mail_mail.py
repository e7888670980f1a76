from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize_all

INVOICE_MAIL = object()
"""In the context as `invoice_mail`: Odoo itself sends this, with the files it made.

Whoever posts a message can attach any file to it. An object, because a caller from
outside can put any value into the context but this.
"""


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        mails._pin_invoice_pdfs()
        return mails

    def write(self, vals):
        result = super().write(vals)
        # Odoo adds what it rendered to an e-mail that is there already.
        if "attachment_ids" in vals:
            self._pin_invoice_pdfs()
        return result

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
