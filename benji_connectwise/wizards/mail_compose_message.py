from odoo import models

from ..models.mail_mail import INVOICE_MAIL


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail(self, auto_commit=False):
        composer = self
        # As superuser, an automation rule sends, not a person.
        if self.env.su:
            composer = self.with_context(invoice_mail=INVOICE_MAIL)
        return super(MailComposeMessage, composer)._action_send_mail(
            auto_commit=auto_commit
        )
