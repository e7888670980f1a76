from odoo import fields, models


class ConnectwiseNumberBenchLine(models.TransientModel):
    """A number rule that is only tried."""

    _name = "connectwise.number.bench.line"
    _inherit = ["connectwise.number"]
    _description = "Number Rule that is tried"

    bench_id = fields.Many2one(
        "connectwise.number.bench", required=True, index=True, ondelete="cascade"
    )
