from odoo import api, fields, models

from ..tools.invoice_pdf.judging import judge_lookups


class ConnectwiseNumberRule(models.Model):
    """A rule for another number that ConnectWise may use for an invoice.

    Odoo's own number is always asked for.
    """

    _name = "connectwise.number.rule"
    _inherit = ["connectwise.number"]
    _description = "ConnectWise Number Rule"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )

    @api.constrains("backend_id")
    def _check_count(self):
        for backend in self.backend_id:
            backend.number_rule_ids._check_most()

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        judge_lookups(rules.backend_id)
        return rules

    def write(self, vals):
        backends = self.backend_id
        result = super().write(vals)
        # Odoo checked it before, when the rule may have been another connection's.
        self.check_access("write")
        judge_lookups(backends | self.backend_id)
        return result

    def unlink(self):
        backends = self.backend_id
        result = super().unlink()
        judge_lookups(backends)
        return result
