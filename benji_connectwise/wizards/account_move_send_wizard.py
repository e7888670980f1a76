from odoo import api, fields, models

from ..tools.invoice_pdf.choice import with_chosen_pdfs
from ..tools.invoice_pdf.send_alerts import describe_pdfs


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    invoice_pdf_summary = fields.Char("PDF", compute="_compute_invoice_pdf_summary")
    is_held = fields.Boolean(compute="_compute_is_held")

    @api.depends("send_now")
    def _compute_alerts(self):
        return super()._compute_alerts()

    def _compute_mail_attachments_widget(self):
        # The alerts come first: making them asks for what is missing.
        self.mapped("alerts")
        chosen = with_chosen_pdfs(self.move_id, self)
        return super(AccountMoveSendWizard, chosen)._compute_mail_attachments_widget()

    @api.depends("alerts", "sending_methods")
    def _compute_is_held(self):
        self.mapped("alerts")
        for wizard in self:
            settings = {"sending_methods": wizard.sending_methods or []}
            wizard.is_held = self._has_to_wait(wizard.move_id, settings, send_now=False)

    def _get_sending_settings(self):
        settings = super()._get_sending_settings()
        return {**settings, "send_now": True} if self.send_now else settings

    @api.depends("alerts")
    def _compute_invoice_pdf_summary(self):
        self.mapped("alerts")
        for wizard in self:
            wizard.invoice_pdf_summary = describe_pdfs(wizard.move_id)
