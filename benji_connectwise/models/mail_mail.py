from odoo import api, models

GENERATED = object()
"""In the context as `invoice_mail`: Odoo itself makes this e-mail of an invoice, with
its attachments.

An object, because a caller from outside can put any value into the context but this.
"""


class MailMail(models.Model):
    """Every e-mail about an invoice is one of these, whatever it was sent from."""

    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        mails._pin_invoice_pdfs()
        return mails

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint({"attachment_ids", "recipient_ids", "email_to"}):
            self._pin_invoice_pdfs()
        return result

    def _pin_invoice_pdfs(self):
        """Note that ConnectWise's PDF goes out, where it does (D3, D23).

        What somebody posts is no sending of the invoice, even with the same file,
        unless it is a person in Invoicing: a customer answers with what he received.
        """
        mails = self.filtered(
            lambda mail: (
                mail.model == "account.move"
                and mail.state == "outgoing"
                and mail.message_type != "email"
                and mail._is_to_anybody()
            )
        )
        is_generated = self.env.context.get("invoice_mail") is GENERATED
        if not mails or not (
            is_generated or self.env.user.has_group("account.group_account_invoice")
        ):
            return
        invoices = self.env["account.move"].sudo().browse(mails.mapped("res_id"))
        kept = self.env["connectwise.lookup"].sudo()._get_pdfs(invoices.exists())
        for mail in mails:
            pdf = kept.get(mail.res_id)
            if pdf and pdf.checksum in mail.attachment_ids.mapped("checksum"):
                invoice = invoices.browse(mail.res_id)
                if invoice.connectwise_sent_checksum != pdf.checksum:
                    invoice.connectwise_sent_checksum = pdf.checksum

    def _is_to_anybody(self):
        return bool(
            self.email_to or self.email_cc or self.recipient_ids.filtered("email")
        )
