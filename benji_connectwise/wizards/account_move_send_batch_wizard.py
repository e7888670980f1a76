from odoo import api, fields, models

from ..tools.connection.tenant import ENVIRONMENTS
from ..tools.invoice_pdf.choice import with_chosen_pdfs
from ..tools.invoice_pdf.sent_pdfs import has_held


class AccountMoveSendBatchWizard(models.TransientModel):
    _inherit = "account.move.send.batch.wizard"

    connectwise_environment = fields.Selection(
        ENVIRONMENTS, compute="_compute_invoice_pdf"
    )
    is_held = fields.Boolean(compute="_compute_invoice_pdf")

    def _compute_summary_data(self):
        # Odoo treats the invoices one by one. Their PDFs are chosen together.
        chosen = with_chosen_pdfs(self.move_ids._origin, self)
        return super(AccountMoveSendBatchWizard, chosen)._compute_summary_data()

    @api.depends("send_now")
    def _compute_alerts(self):
        chosen = with_chosen_pdfs(self.move_ids._origin, self)
        return super(AccountMoveSendBatchWizard, chosen)._compute_alerts()

    def action_send_and_print(self, force_synchronous=False, allow_fallback_pdf=False):
        # All invoices are looked up again just before they are sent.
        self.move_ids.sudo().connectwise_lookup_ids.asked_at = False
        result = super().action_send_and_print(
            force_synchronous=force_synchronous, allow_fallback_pdf=allow_fallback_pdf
        )
        if self.send_now and not force_synchronous:
            # For the scheduled action, which sends them.
            settings = self.move_ids[:1].sending_data or {}
            self.move_ids.sending_data = {**settings, "send_now": True}
        return result

    @api.depends("alerts")
    def _compute_invoice_pdf(self):
        # Computing the alerts fetches missing PDFs, so it comes first.
        self.mapped("alerts")
        for wizard in self:
            environments = wizard.move_ids._origin.mapped("connectwise_environment")
            wizard.connectwise_environment = next(filter(None, environments), False)
            wizard.is_held = wizard.send_now or has_held(wizard.alerts)
