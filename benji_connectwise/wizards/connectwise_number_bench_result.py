from odoo import api, fields, models

from ..tools.invoice_pdf.number_bench import FIGURES


class ConnectwiseNumberBenchResult(models.TransientModel):
    """The figures of some number rules: how many of the newest invoices they find."""

    _name = "connectwise.number.bench.result"
    _description = "Figures of a Number Rule"

    bench_id = fields.Many2one(
        "connectwise.number.bench", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char("Rule")
    found = fields.Json("Invoices", help="The ids of the invoices, by figure.")
    hits = fields.Integer("Found", compute="_compute_figures")
    misses = fields.Integer("Not found", compute="_compute_figures")
    collisions = fields.Integer("Somebody else's", compute="_compute_figures")
    refused = fields.Integer(compute="_compute_figures")
    ambiguous = fields.Integer(compute="_compute_figures")
    too_long = fields.Integer("Too long", compute="_compute_figures")
    open = fields.Integer("Not asked yet", compute="_compute_figures")

    @api.depends("found")
    def _compute_figures(self):
        for result in self:
            for figure in FIGURES:
                result[figure] = len((result.found or {}).get(figure, ()))

    def action_open(self, figure):
        """Open the invoices of one figure.

        :param figure: one of `FIGURES`
        """
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        action["domain"] = [("id", "in", (self.found or {}).get(figure, []))]
        action["context"] = {}
        return action
