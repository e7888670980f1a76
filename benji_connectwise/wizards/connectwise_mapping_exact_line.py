from odoo import fields, models


class ConnectwiseMappingExactLine(models.TransientModel):
    """One exact match, which a person may leave out."""

    _name = "connectwise.mapping.exact.line"
    _description = "Exact Match"
    _order = "id"

    wizard_id = fields.Many2one(
        "connectwise.mapping.exact", required=True, index=True, ondelete="cascade"
    )
    mapping_id = fields.Many2one(
        "connectwise.mapping", "Accounting Customer", required=True, ondelete="cascade"
    )
    connectwise_company_id = fields.Many2one(
        "connectwise.company",
        "ConnectWise Customer",
        required=True,
        ondelete="cascade",
    )
    reason = fields.Char("Why")
