from odoo import Command, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import INVOICES_COMPARED
from ..lib.customer_matching import (
    CompanyIndex,
    Customer,
    normalise_account_id,
    normalise_name,
    suggest,
)
from ..tools.verdict import prepare_cases


class ConnectwiseMappingConnect(models.TransientModel):
    """The dialog "+": choose the ConnectWise customer of one accounting customer."""

    _name = "connectwise.mapping.connect"
    _description = "Connect a Customer"

    mapping_id = fields.Many2one(
        "connectwise.mapping", required=True, readonly=True, ondelete="cascade"
    )
    # Read as who asks: another company's row may come along with a call.
    backend_id = fields.Many2one(related="mapping_id.backend_id", related_sudo=False)
    current_company_name = fields.Char(
        "Connected with",
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
        "Already connected with", compute="_compute_connected_with"
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
        # Odoo shows the name of what a record refers to without asking.
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
                *map(Command.create, wizard._prepare_suggestions()),
            ]

    def _prepare_suggestions(self):
        if not self.mapping_id:
            return []
        self.sudo(False).mapping_id.check_access("read")
        # Of this connection's companies alone, whoever asks.
        wizard = self.sudo()
        return [
            {
                "connectwise_company_id": suggestion.company_id,
                "reason": wizard._explain(suggestion),
            }
            for suggestion in wizard._suggest(wizard._get_companies_to_choose_from())
        ]

    def _suggest(self, companies):
        partner = self.mapping_id.partner_id
        return suggest(
            Customer(partner.id, partner.name or None, partner.ref or None),
            companies,
            invoice_counts=self._count_invoice_numbers(),
        )

    def _find_exact_match(self, companies):
        """Return the company of the only suggestion that leaves no doubt, if any.

        One that is connected to another customer already always leaves some.
        """
        invoices = self._find_invoices_by_company()
        exact = [
            suggestion.company_id
            for suggestion in self._suggest(companies)
            if self._leaves_no_doubt(
                suggestion,
                invoices.get(suggestion.company_id, self.env["account.move"]),
            )
        ]
        company = self.env["connectwise.company"].browse(
            exact if len(exact) == 1 else ()
        )
        return company.browse() if company.mapping_ids else company

    def _leaves_no_doubt(self, suggestion, invoices):
        """Whether a suggestion is enough to connect with others at once.

        The numbers of invoices are, if all that were found are this company's, and two
        of them have different amounts or the name is like: monthly fees are alike.

        :param invoices: this customer's that are evidence for this company
        """
        reasons = {reason.kind: reason for reason in suggestion.reasons}
        company = self.env["connectwise.company"].browse(suggestion.company_id)
        if self._is_contradicted(company):
            return False
        name, numbers = reasons.get("name"), reasons.get("invoices")
        if "account_id" in reasons or (name and name.value == 100):
            return True
        if not numbers or numbers.value < numbers.out_of:
            return False
        return bool(name) or len(set(invoices.mapped("amount_total"))) > 1

    def _is_contradicted(self, company):
        """Whether the legal forms or the Account IDs of the two differ."""
        partner = self.mapping_id.partner_id
        forms = {
            normalise_name(name).legal_form for name in (partner.name, company.name)
        }
        account_ids = {
            normalise_account_id(text) for text in (partner.ref, company.account_number)
        }
        return len(forms - {""}) > 1 or len(account_ids - {""}) > 1

    def _get_companies_to_choose_from(self):
        self.env["connectwise.company"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, name, normalised_name, account_number
                  FROM connectwise_company
                 WHERE backend_id = %s AND is_deleted IS NOT TRUE AND is_confirmed
                """,
                self.backend_id.id,
            )
        )
        return CompanyIndex(
            [row_id for row_id, _name, _core, _account_id in rows],
            [
                normalise_name(name).core if core is None else core
                for _id, name, core, _account_id in rows
            ],
            [normalise_account_id(account_id) for *_others, account_id in rows],
        )

    def _get_lookups(self):
        """Return the newest answers about this customer's invoices."""
        mapping = self.mapping_id.sudo()
        return (
            self.env["connectwise.lookup"]
            .sudo()
            .search(
                [
                    ("move_id.commercial_partner_id", "=", mapping.partner_id.id),
                    (
                        "move_id.company_id",
                        "in",
                        mapping.backend_id._get_companies().ids,
                    ),
                    ("hit_ids", "!=", False),
                    # What another ConnectWise answered proves nothing here.
                    ("tenant", "in", [False, mapping.backend_id._get_tenant()]),
                ],
                order="id desc",
                limit=INVOICES_COMPARED,
            )
        )

    def _find_invoices_by_company(self):
        """Return {company id: this customer's invoices that are evidence for it}."""
        lookups = self._get_lookups()
        invoices_by_ref = {}
        for lookup, case in prepare_cases(lookups).items():
            for hit in lookup.hit_ids:
                if case.is_evidence(hit):
                    for ref in {hit.company_ref, hit.bill_to_ref} - {0}:
                        invoices = invoices_by_ref.get(ref, self.env["account.move"])
                        invoices_by_ref[ref] = invoices | lookup.move_id
        companies = self.env["connectwise.company"].search(
            [
                ("backend_id", "=", self.mapping_id.backend_id.id),
                ("connectwise_ref", "in", list(invoices_by_ref)),
                ("is_confirmed", "=", True),
            ]
        )
        return {
            company.id: invoices_by_ref[company.connectwise_ref]
            for company in companies
        }

    def _count_invoice_numbers(self):
        """Return how many of this customer's invoice numbers each company has.

        :return: {company id: (numbers that are evidence for it, numbers found at all)}
        """
        found = len(self._get_lookups())
        return {
            company: (len(invoices), found)
            for company, invoices in self._find_invoices_by_company().items()
        }

    def _explain(self, suggestion):
        _ = self.env._
        company = self.env["connectwise.company"].browse(suggestion.company_id)
        taken_by = company._describe_connected_with(self.mapping_id)
        sentences = {
            "account_id": lambda reason: _("same Account ID"),
            "name": lambda reason: _("name %s %%", reason.value),
            "invoices": lambda reason: _(
                "%(count)s of %(all)s invoice numbers belong to this company",
                count=reason.value,
                all=reason.out_of,
            ),
        }
        texts = [sentences[reason.kind](reason) for reason in suggestion.reasons]
        if taken_by:
            texts.append(_("already connected with %s", taken_by))
        return ", ".join(texts)

    def action_connect(self):
        """Connect with what was chosen."""
        self.ensure_one()
        self.mapping_id.connect(self.connectwise_company_id)
        return {"type": "ir.actions.act_window_close"}


class ConnectwiseMappingConnectLine(models.TransientModel):
    """One suggestion of the dialog "+", and why it is one."""

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
        """Connect with this suggestion."""
        self.ensure_one()
        self.wizard_id.mapping_id.connect(self.connectwise_company_id)
        return {"type": "ir.actions.act_window_close"}


class ConnectwiseCompany(models.Model):
    _inherit = "connectwise.company"

    connected_with = fields.Char("Connected with", compute="_compute_connected_with")

    @api.depends("mapping_ids")
    def _compute_connected_with(self):
        for company in self:
            company.connected_with = company._describe_connected_with()

    def _describe_connected_with(self, but=None):
        """Return the customers this company is connected with, `but` one row."""
        mappings = self.mapping_ids
        if but:
            mappings -= but
        return ", ".join(mappings.mapped("partner_id.display_name"))

    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        # In drop-down lists, twins need more than a name to be told apart.
        result = super()._compute_display_name()
        if self.env.context.get("formatted_display_name"):
            for company in self:
                facts = company._get_distinguishing_facts()
                if facts:
                    company.display_name = f"{company.display_name}\n--{facts}--"
        return result

    def _get_distinguishing_facts(self):
        account_id = self.account_number and self.env._(
            "Account ID %s", self.account_number
        )
        connected = self.connected_with and self.env._(
            "already connected with %s", self.connected_with
        )
        return " · ".join(filter(None, [self.status, self.city, account_id, connected]))

    @api.model
    def _search_display_name(self, operator, value):
        domain = super()._search_display_name(operator, value)
        if operator in ("ilike", "=") and isinstance(value, str):
            ref = value.strip().lstrip("#")
            if ref.isdecimal() and len(ref) < 10:
                domain = Domain(domain) | Domain("connectwise_ref", "=", int(ref))
        return domain
