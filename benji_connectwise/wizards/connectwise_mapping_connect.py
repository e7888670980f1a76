from odoo import Command, api, fields, models
from odoo.fields import Domain

from ..const import COMPANIES_LISTED
from ..tools.mapping.suggestions import suggest_companies


class ConnectwiseMappingConnect(models.TransientModel):
    """The dialog "+": choose the ConnectWise customer of one accounting customer."""

    _name = "connectwise.mapping.connect"
    _description = "Connect a Customer"

    mapping_id = fields.Many2one(
        "connectwise.mapping", required=True, readonly=True, ondelete="cascade"
    )
    # Read with the user's rights: a remote call may name another company's row.
    backend_id = fields.Many2one(related="mapping_id.backend_id", related_sudo=False)
    environment = fields.Selection(related="backend_id.environment", related_sudo=False)
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
    is_confirmed = fields.Boolean(compute="_compute_company_ids")
    company_ids = fields.Many2many(
        "connectwise.company",
        string="All ConnectWise customers",
        compute="_compute_company_ids",
        help="The first of them, those first that nobody is connected to.",
    )
    more_companies = fields.Integer(compute="_compute_company_ids")

    @api.constrains("mapping_id", "connectwise_company_id")
    def _check_may_read(self):
        # Odoo shows the names of linked records without checking access.
        asking = self.sudo(False)
        asking.mapping_id.check_access("read")
        asking.connectwise_company_id.check_access("read")

    @api.depends("mapping_id")
    def _compute_company_ids(self):
        Company = self.env["connectwise.company"]
        for wizard in self:
            there = Domain("backend_id", "=", wizard.backend_id.id)
            there &= Domain("is_confirmed", "=", True) & Domain(
                "is_deleted", "=", False
            )
            free, taken = (
                there & Domain("mapping_ids", operator, False)
                for operator in ("=", "!=")
            )
            companies = Company.search(free, limit=COMPANIES_LISTED)
            if rest := COMPANIES_LISTED - len(companies):
                companies += Company.search(taken, limit=rest)
            wizard.company_ids = companies
            wizard.more_companies = Company.search_count(there) - len(companies)
            wizard.is_confirmed = wizard.mapping_id._is_certain()

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
        # With sudo, because all companies of this connection are compared.
        return suggest_companies(self.mapping_id.sudo())

    def action_confirm(self):
        """Confirm the present connection."""
        self.ensure_one()
        return self.mapping_id.action_confirm()

    def action_connect(self):
        """Connect the customer to the chosen company."""
        self.ensure_one()
        self.mapping_id.connect(self.connectwise_company_id)
        return {"type": "ir.actions.act_window_close"}
