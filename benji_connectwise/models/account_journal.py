from odoo import fields, models

from ..tools.invoice_pdf.order import list_sources


class AccountJournal(models.Model):
    _inherit = "account.journal"

    invoice_pdf_preference = fields.Selection(
        list_sources,
        "Invoice PDF",
        help="Goes first for the invoices of this journal, unless the invoice or its"
        " customer prefers another source. The rest of the priority follows.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "invoice_pdf_preference" in vals:
            # A dependency would load the invoices, and a journal may have a million.
            self.env["invoice.pdf.source"]._invalidate_choices()
        return result
