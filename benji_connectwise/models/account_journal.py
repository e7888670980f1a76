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
