from odoo import fields, models


class ConnectwiseMappingConnectLine(models.TransientModel):
    """One suggestion of the dialog "+", and the reasons for it."""

    _name = "connectwise.mapping.connect.line"
    _description = "Suggested ConnectWise Customer"
    _order = "id"

    wizard_id = fields.Many2one(
        "connectwise.mapping.connect", required=True, ondelete="cascade"
    )
    connectwise_company_id = fields.Many2one(
        "connectwise.company", required=True, ondelete="cascade"
    )
    # Read with the user's rights: a remote call may name another company's.
    connectwise_ref = fields.Integer(
        related="connectwise_company_id.connectwise_ref", related_sudo=False
    )
    name = fields.Char(related="connectwise_company_id.name", related_sudo=False)
    status = fields.Char(related="connectwise_company_id.status", related_sudo=False)
    city = fields.Char(related="connectwise_company_id.city", related_sudo=False)
    account_number = fields.Char(
        related="connectwise_company_id.account_number", related_sudo=False
    )
    reason = fields.Char("Why")

    def action_connect(self):
        """Connect the customer to this suggestion."""
        self.ensure_one()
        self.wizard_id.mapping_id.connect(self.connectwise_company_id)
        return {"type": "ir.actions.act_window_close"}
