from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.benji_connectwise.tools.connection.links import get_company_url
from odoo.addons.benji_connectwise.tools.invoice_pdf.number_bench import find_steps

from ..tools.words import describe_join


class ConnectwiseReconciliationLine(models.Model):
    """A pair of invoices, or a single one, as they were at the comparison."""

    _name = "connectwise.reconciliation.line"
    _description = "ConnectWise Reconciliation"
    # Twenty thousand may be stored at once, and the run has the time and the user.
    _log_access = False
    _order = "status, odoo_date desc, connectwise_date desc, id"

    run_id = fields.Many2one(
        "connectwise.reconciliation.run",
        "Comparison",
        required=True,
        index=True,
        ondelete="cascade",
    )
    backend_id = fields.Many2one(
        "connectwise.backend", required=True, ondelete="cascade"
    )
    environment = fields.Selection(related="run_id.environment")
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    status = fields.Selection(
        [
            ("other_kind", "Other kind"),
            ("other_customer", "Other customer"),
            ("other_currency", "Other currency"),
            ("other_amount", "Other amount"),
            ("other_date", "Other date"),
            ("several", "Several with this number"),
            ("probable", "Probably the same"),
            ("no_number", "No number"),
            ("odoo_only", "In Odoo only"),
            ("connectwise_only", "In ConnectWise only"),
            ("agrees", "Agrees"),
        ],
        required=True,
    )
    move_id = fields.Many2one(
        "account.move", "Invoice", ondelete="set null", index="btree_not_null"
    )
    odoo_number = fields.Char("Number in Odoo")
    partner_id = fields.Many2one("res.partner", "Customer", ondelete="set null")
    odoo_date = fields.Date("Date in Odoo")
    odoo_total = fields.Monetary("Odoo", currency_field="currency_id")
    connectwise_ref = fields.Integer("ConnectWise ID")
    connectwise_number = fields.Char("Number in ConnectWise")
    connectwise_company_ref = fields.Integer("ConnectWise Company ID")
    connectwise_company = fields.Char("ConnectWise Customer")
    connectwise_date = fields.Date("Date in ConnectWise")
    connectwise_total = fields.Monetary(
        "ConnectWise", currency_field="connectwise_currency_id"
    )
    connectwise_currency_code = fields.Char("Currency in ConnectWise")
    currency_id = fields.Many2one("res.currency", ondelete="set null")
    connectwise_currency_id = fields.Many2one("res.currency", ondelete="set null")
    difference = fields.Monetary(
        currency_field="currency_id",
        help="Odoo's amount less ConnectWise's. Credit notes are negative.",
    )
    is_zero = fields.Boolean("0.00", help="Neither invoice has an amount.")
    fingerprint = fields.Char(
        index="btree_not_null", help="Of the facts that an acceptance is about."
    )
    acceptance_id = fields.Many2one(
        "connectwise.reconciliation.acceptance",
        "Accepted Because",
        index="btree_not_null",
        ondelete="set null",
    )
    accepted_by_id = fields.Many2one(related="acceptance_id.user_id")
    accepted_at = fields.Datetime("Accepted on", related="acceptance_id.create_date")
    join_hint = fields.Char("Numbers", compute="_compute_join_hint")
    rule_steps = fields.Json(
        compute="_compute_rule_steps",
        help="Of the number rule that would make the two numbers one.",
    )

    @api.depends("odoo_number", "connectwise_number")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["status"]._description_selection(self.env))
        for line in self:
            numbers = (line.odoo_number, line.connectwise_number)
            line.display_name = (
                " / ".join(dict.fromkeys(filter(None, numbers))) or labels["no_number"]
            )

    @api.depends("odoo_number", "connectwise_number", "status")
    @api.depends_context("lang")
    def _compute_join_hint(self):
        for line in self:
            line.join_hint = line.status == "probable" and describe_join(
                self.env, line.odoo_number, line.connectwise_number
            )

    @api.depends("connectwise_number", "move_id", "status")
    def _compute_rule_steps(self):
        for line in self:
            line.rule_steps = line.status == "probable" and find_steps(
                line.sudo().move_id, line.connectwise_number
            )

    def action_make_rule(self):
        """Open the number rules, and add the rule that would join these numbers.

        :raises AccessError: if the user may not change the connection
        """
        self.ensure_one()
        self.check_access("read")
        action = self.backend_id.action_open_number_bench()
        if self.rule_steps:
            rule = Command.create({"sequence": 99, **self.rule_steps})
            action["context"]["default_line_ids"] = [rule]
        return action

    def action_open_in_connectwise(self):
        """Open the invoice's company in ConnectWise; invoices have no address there.

        :raises UserError: if there is none, or another ConnectWise is connected now
        """
        self.ensure_one()
        self.check_access("read")
        url = not self.run_id._is_outdated() and get_company_url(
            self.backend_id.sudo(), self.connectwise_company_ref
        )
        if not url:
            raise UserError(
                self.env._("There is no company in ConnectWise that could be opened.")
            )
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}

    def action_open_invoice(self):
        """Open the invoice in Odoo.

        :raises UserError: if it is not in Odoo, or was deleted since the comparison
        """
        self.ensure_one()
        self.check_access("read")
        if not self.move_id:
            raise UserError(
                self.env._("This invoice is not in Odoo, or was deleted meanwhile.")
            )
        return self.move_id._get_records_action()

    def action_accept(self):
        """Open the dialog that asks for the reason.

        :raises AccessError: unless the user administers Invoicing
        """
        self._check_may_accept()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accept the Difference"),
            "res_model": "connectwise.reconciliation.accept",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_ids": self.ids},
        }

    def action_withdraw_acceptance(self):
        """Reopen accepted differences.

        :raises AccessError: unless the user administers Invoicing
        """
        self._check_may_accept()
        self.sudo().acceptance_id.unlink()

    def _accept(self, reason):
        """Store that a person accepted these differences.

        :param reason: str, not empty
        :raises AccessError: unless the user administers Invoicing
        :raises UserError: if there is no difference, or the lines are gone
        """
        lines = self.exists()
        lines._check_may_accept()
        lines = lines.sudo().filtered("fingerprint")
        if not lines:
            raise UserError(
                self.env._(
                    "There is no difference to accept. If the invoices were compared"
                    " anew meanwhile, please choose the lines again."
                )
            )
        Acceptance = self.env["connectwise.reconciliation.acceptance"].sudo()
        for backend, some in lines.grouped("backend_id").items():
            some.acceptance_id.unlink()
            first = {line.fingerprint: line for line in some}
            acceptances = Acceptance.create(
                [
                    {
                        "backend_id": backend.id,
                        "company_id": line.company_id.id,
                        "fingerprint": fingerprint,
                        "reason": reason,
                        "user_id": self.env.uid,
                    }
                    for fingerprint, line in first.items()
                ]
            )
            by_print = {each.fingerprint: each for each in acceptances}
            # The comparison of another period may have the same pair.
            same = lines.search(
                [("backend_id", "=", backend.id), ("fingerprint", "in", list(by_print))]
            )
            for line in same:
                line.acceptance_id = by_print[line.fingerprint]

    def _check_may_accept(self):
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(
                self.env._("Only an administrator of Invoicing accepts differences.")
            )
