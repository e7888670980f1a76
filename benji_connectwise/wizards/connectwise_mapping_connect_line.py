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
    connectwise_ref = fields.Integer(related="connectwise_company_id.connectwise_ref")
    name = fields.Char(related="connectwise_company_id.name")
    status = fields.Char(related="connectwise_company_id.status")
    city = fields.Char(related="connectwise_company_id.city")
    account_number = fields.Char(related="connectwise_company_id.account_number")
    reason = fields.Char("Why")

    def action_connect(self):
        """Connect the customer to this suggestion."""
        self.ensure_one()
        self.wizard_id.mapping_id.connect(self.connectwise_company_id)
        return {"type": "ir.actions.act_window_close"}
