from odoo import fields, models

from ..tools.invoice_pdf.order import list_sources
from ..tools.invoice_pdf.verdict import REFUSALS


class ConnectwiseDelivery(models.Model):
    """One sending of an invoice: the day, the PDF's source, and the reason for it.

    It is stored when it happens, because it cannot be computed later.
    """

    _name = "connectwise.delivery"
    _description = "Invoice PDF That Was Sent"
    _order = "date desc, id desc"
    _log_access = False
    _rec_name = "move_id"

    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="move_id.partner_id", string="Customer")
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    date = fields.Date("Sent on", required=True, readonly=True, index=True)
    source = fields.Selection(list_sources, "PDF From", required=True, readonly=True)
    reason = fields.Selection(
        [
            ("not_preferred", "Another source comes first"),
            ("e_invoice", "Electronic invoice"),
            ("not_connected", "ConnectWise is not connected"),
            ("not_found", "No invoice with this number"),
            *REFUSALS,
            ("unusable", "Its PDF cannot be used"),
            ("no_answer", "ConnectWise did not answer in time"),
        ],
        "Why not ConnectWise's",
        readonly=True,
    )
    share = fields.Float(
        "ConnectWise's share in %",
        readonly=True,
        aggregator="avg",
        help="100 for ConnectWise's PDF, 0 for another: their average is the share.",
    )

    # An invoice that is sent twice on a day counts once.
    _day_unique = models.UniqueIndex("(move_id, date, source)")

    def action_open_invoice(self):
        """Open the invoice that was sent."""
        return self.move_id._get_records_action()
