from odoo import Command, api, fields, models

from ..tools.mapping.suggestions import suggest_companies


class ConnectwiseMappingConnect(models.TransientModel):
    """The dialog "+": choose the ConnectWise customer of one accounting customer."""

    _name = "connectwise.mapping.connect"
    _description = "Connect a Customer"

    mapping_id = fields.Many2one(
        "connectwise.mapping", required=True, readonly=True, ondelete="cascade"
    )
    # Read with the user's rights: a call may bring another company's row along.
    backend_id = fields.Many2one(related="mapping_id.backend_id", related_sudo=False)
    current_company_name = fields.Char(
        "Connected to",
        related="mapping_id.connectwise_company_id.display_name",
        related_sudo=False,
    )
    connectwise_company_id = fields.Many2one(
        "connectwise.company",
        "ConnectWise Customer",
        domain="[('backend_id', '=', backend_id), ('is_deleted', '=', False),"
        " ('is_confirmed', '=', True)]",
    )
    connected_with = fields.Char(
        "Already connected to", compute="_compute_connected_with"
    )
    suggestion_ids = fields.One2many(
        "connectwise.mapping.connect.line",
        "wizard_id",
        compute="_compute_suggestion_ids",
        store=True,
    )
    has_companies = fields.Boolean(compute="_compute_has_companies")

    @api.constrains("mapping_id", "connectwise_company_id")
    def _check_may_read(self):
        # Odoo shows the names of linked records without checking access.
        asking = self.sudo(False)
        asking.mapping_id.check_access("read")
        asking.connectwise_company_id.check_access("read")

    @api.depends("mapping_id")
    def _compute_has_companies(self):
        for wizard in self:
            wizard.has_companies = self.env["connectwise.company"].search_count(
                [
                    ("backend_id", "=", wizard.backend_id.id),
                    ("is_confirmed", "=", True),
                ],
                limit=1,
            )

    @api.depends("connectwise_company_id")
    def _compute_connected_with(self):
        for wizard in self:
            wizard.connected_with = (
                wizard.connectwise_company_id._describe_connected_with(
                    wizard.mapping_id
                )
            )

    @api.depends("mapping_id")
    def _compute_suggestion_ids(self):
        for wizard in self:
            wizard.suggestion_ids = [
                Command.clear(),
                *(
                    Command.create({"connectwise_company_id": company, "reason": why})
                    for company, why in wizard._suggest()
                ),
            ]

    def _suggest(self):
        if not self.mapping_id:
            return []
        self.sudo(False).mapping_id.check_access("read")
        # All companies of this connection are compared, whoever asks.
        return suggest_companies(self.mapping_id.sudo())

    def action_connect(self):
        """Connect the customer to the chosen company."""
        self.ensure_one()
        self.mapping_id.connect(self.connectwise_company_id)
        return {"type": "ir.actions.act_window_close"}
