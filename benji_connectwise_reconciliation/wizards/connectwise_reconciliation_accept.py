from odoo import fields, models
from odoo.exceptions import UserError

from ..const import LONGEST_REASON


class ConnectwiseReconciliationAccept(models.TransientModel):
    """The dialog *Accept*: asks for the reason to accept these differences."""

    _name = "connectwise.reconciliation.accept"
    _description = "Accept a Difference"

    line_ids = fields.Many2many(
        "connectwise.reconciliation.line",
        # The name that Odoo would choose is too long for PostgreSQL.
        "connectwise_reconciliation_accept_line_rel",
        string="Differences",
        readonly=True,
    )
    reason = fields.Char(
        required=True, size=LONGEST_REASON, help="Shown beside the difference."
    )

    def action_accept(self):
        """Accept the chosen differences with this reason.

        :raises UserError: without a reason, or if nothing is left to accept
        """
        self.ensure_one()
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(self.env._("Please enter a reason."))
        self.line_ids._accept(reason)
        return {"type": "ir.actions.act_window_close"}
