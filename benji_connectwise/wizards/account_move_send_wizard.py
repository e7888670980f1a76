from odoo import api, fields, models


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    invoice_pdf_summary = fields.Char("PDF", compute="_compute_invoice_pdf_summary")

    @api.depends("alerts")
    def _compute_invoice_pdf_summary(self):
        # The alerts come first: making them asks for what is missing.
        self.mapped("alerts")
        for wizard in self:
            wizard.invoice_pdf_summary = self._describe_invoice_pdfs(wizard.move_id)
