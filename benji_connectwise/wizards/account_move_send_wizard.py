from odoo import api, fields, models

from ..const import FRESH_FOR_SEND
from ..tools.connection.tenant import ENVIRONMENTS
from ..tools.invoice_pdf.choice import with_chosen_pdfs
from ..tools.invoice_pdf.fetching import fetch_before_sending
from ..tools.invoice_pdf.sent_pdfs import describe_source, has_held


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    invoice_pdf_summary = fields.Char("PDF", compute="_compute_invoice_pdf")
    connectwise_environment = fields.Selection(
        ENVIRONMENTS, compute="_compute_invoice_pdf"
    )
    is_held = fields.Boolean(compute="_compute_invoice_pdf")

    @api.depends("send_now")
    def _compute_alerts(self):
        return super()._compute_alerts()

    def _compute_mail_attachments_widget(self):
        # This runs with all rights. The alerts, which fetch missing PDFs as well, are
        # left to those who may read the invoice.
        fetch_before_sending(self.move_id, fresh=FRESH_FOR_SEND)
        chosen = with_chosen_pdfs(self.move_id, self)
        return super(AccountMoveSendWizard, chosen)._compute_mail_attachments_widget()

    @api.depends("alerts")
    def _compute_invoice_pdf(self):
        self.mapped("alerts")
        for wizard in self:
            wizard.invoice_pdf_summary = describe_source(wizard.move_id)
            wizard.connectwise_environment = wizard.move_id.connectwise_environment
            wizard.is_held = wizard.send_now or has_held(wizard.alerts)

    def _get_sending_settings(self):
        settings = super()._get_sending_settings()
        return {**settings, "send_now": True} if self.send_now else settings
