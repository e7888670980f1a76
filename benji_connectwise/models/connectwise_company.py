from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..lib.customer_matching import normalise_name
from ..tools.connection.links import get_company_url


class ConnectwiseCompany(models.Model):
    """A company of ConnectWise as last read, with the data that mapping needs."""

    _name = "connectwise.company"
    _description = "ConnectWise Customer"
    _order = "name, connectwise_ref"
    _rec_names_search = ["name", "identifier", "account_number"]

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    connectwise_ref = fields.Integer("ConnectWise ID", required=True, readonly=True)
    identifier = fields.Char(readonly=True)
    name = fields.Char(readonly=True)
    account_number = fields.Char("Account ID", readonly=True)
    status = fields.Char(readonly=True)
    city = fields.Char(readonly=True)
    is_deleted = fields.Boolean(
        "Deleted in ConnectWise",
        readonly=True,
        help="In ConnectWise's recycle bin, or missing when all entries were read.",
    )
    is_confirmed = fields.Boolean(
        default=True,
        readonly=True,
        help="It was read from the ConnectWise that is connected now.",
    )
    bill_to_ref = fields.Integer(
        "Bill-To Company ID", readonly=True, help="0: the company itself."
    )
    billing_contact_ref = fields.Integer("Billing Contact ID", readonly=True)
    last_updated = fields.Datetime("Changed in ConnectWise", readonly=True)
    # The Bill-To contact. It is read only for companies that are connected.
    contact_asked_ref = fields.Integer(readonly=True)
    contact_ref = fields.Integer("Bill-To Contact ID", readonly=True)
    contact_name = fields.Char("Bill-To Contact", readonly=True)
    contact_email = fields.Char("Bill-To E-mail", readonly=True)
    contact_phone = fields.Char("Bill-To Phone", readonly=True)
    contact_function = fields.Char("Bill-To Title", readonly=True)
    # For matching, computed when the company is read: matching compares all of them.
    normalised_name = fields.Char(readonly=True)
    normalised_account_id = fields.Char(readonly=True)
    mapping_ids = fields.One2many("connectwise.mapping", "connectwise_company_id")
    connected_with = fields.Char("Connected to", compute="_compute_connected_with")
    connectwise_url = fields.Char("Link", compute="_compute_connectwise_url")
    environment = fields.Selection(related="backend_id.environment")

    # A B-tree index refuses long texts.
    _normalised_name_index = models.Index(
        "USING hash (normalised_name) WHERE normalised_name IS NOT NULL"
    )
    _normalised_account_id_index = models.Index(
        "USING hash (normalised_account_id) WHERE normalised_account_id IS NOT NULL"
    )
    _backend_ref_unique = models.Constraint(
        "unique(backend_id, connectwise_ref)", "This company was read already."
    )

    @api.depends("mapping_ids")
    def _compute_connected_with(self):
        for company in self:
            company.connected_with = company._describe_connected_with()

    def _compute_connectwise_url(self):
        for company in self:
            # Ids mean nothing in another ConnectWise.
            company.connectwise_url = company.is_confirmed and get_company_url(
                company.backend_id.sudo(), company.connectwise_ref
            )

    @api.depends("name", "connectwise_ref", "is_deleted")
    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        for company in self:
            name = (
                f"{company.name or company.identifier or ''} #{company.connectwise_ref}"
            )
            if company.is_deleted:
                name = self.env._("%s (deleted)", name)
            # In drop-down lists, companies of the same name need more details.
            if self.env.context.get("formatted_display_name"):
                details = company._get_distinguishing_details()
                name = f"{name}\n--{details}--" if details else name
            company.display_name = name

    @api.model
    def _search_display_name(self, operator, value):
        domain = super()._search_display_name(operator, value)
        if operator in ("ilike", "=") and isinstance(value, str):
            ref = value.strip().lstrip("#")
            if ref.isdecimal() and len(ref) < 10:
                domain = Domain(domain) | Domain("connectwise_ref", "=", int(ref))
        # Search ignores the differences that matching ignores.
        text = value if operator == "ilike" and isinstance(value, str) else ""
        if name := normalise_name(text).core:
            domain = Domain(domain) | Domain("normalised_name", "like", name)
        return domain

    @api.model
    def _search(self, domain, *args, **options):
        """List companies without a customer first, in the dialog "+"."""
        query = super()._search(domain, *args, **options)
        if query.order and self.env.context.get("unconnected_first"):
            query.order = SQL(
                """
                %s IN (SELECT connectwise_company_id FROM connectwise_mapping
                        WHERE connectwise_company_id IS NOT NULL), %s
                """,
                SQL.identifier(query.table, "id"),
                query.order,
                to_flush=self.env["connectwise.mapping"]._fields[
                    "connectwise_company_id"
                ],
            )
        return query

    def action_connect(self):
        """Connect the customer of the dialog "+" to this company."""
        self.ensure_one()
        mapping = self.env["connectwise.mapping"].browse(
            self.env.context.get("connectwise_mapping_id")
        )
        mapping.connect(self)
        return {"type": "ir.actions.act_window_close"}

    def _describe_connected_with(self, but=None):
        """Return the names of the customers this company is connected to.

        :param but: the row of a customer to leave out
        """
        mappings = self.mapping_ids
        if but:
            mappings -= but
        return ", ".join(mappings.mapped("partner_id.display_name"))

    def _get_distinguishing_details(self):
        account_id = self.account_number and self.env._(
            "Account ID %s", self.account_number
        )
        connected = self.connected_with and self.env._(
            "already connected to %s", self.connected_with
        )
        return " · ".join(filter(None, [self.status, self.city, account_id, connected]))
