from odoo import api, fields, models
from odoo.exceptions import UserError

KINDS = [
    ("connected", "Will be connected"),
    ("changed", "Changed"),
    ("contact_created", "Contact imported"),
    ("contact_converted", "Contact converted"),
    ("contact_updated", "Contact updated"),
    ("contact_removed", "Contact removed"),
    ("conflict", "Conflicts"),
    ("skipped", "Skipped"),
]


class ConnectwiseMappingRescanLine(models.TransientModel):
    """One change that a rescan would make, and why."""

    _name = "connectwise.mapping.rescan.line"
    _description = "Preview of a Rescan"
    _order = "kind, partner_name, id"

    rescan_id = fields.Many2one(
        "connectwise.mapping.rescan", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        KINDS, "Change", required=True, group_expand="_expand_kinds"
    )
    partner_id = fields.Many2one(
        "res.partner", "Accounting Customer", ondelete="cascade"
    )
    partner_name = fields.Char(related="partner_id.name", store=True)
    company_name = fields.Char("ConnectWise Customer")
    reason = fields.Char()

    @api.model
    def _expand_kinds(self, kinds, domain):
        """Return the kinds that occur, in the order of the selection."""
        return [kind for kind, _label in KINDS if kind in kinds]

    def _get_rescan(self):
        # The buttons above the list must work if there are no lines.
        rescan = self.env["connectwise.mapping.rescan"].browse(
            self.env.context.get("rescan_id") or self.rescan_id.ids
        )
        if not rescan.exists():
            raise UserError(self.env._("This preview is too old. Open Rescan again."))
        return rescan

    def action_apply(self):
        """Apply the changes of this preview."""
        return self._get_rescan().action_apply()

    def action_close(self):
        """Leave the preview without a change."""
        return self.env["connectwise.mapping.rescan"]._go_back_to_report()
