from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL, format_date, format_datetime, formatLang

from odoo.addons.benji_connectwise.lib.connectwise_client import get_tenant_origin
from odoo.addons.benji_connectwise.tools.connection.tenant import (
    ENVIRONMENTS,
    find_environment,
)
from odoo.addons.benji_connectwise.tools.mapping.report import render_unconfigured

from ..const import FIRST_YEAR, LAST_YEAR, MOST_DAYS
from ..tools.running import OPEN, run_scheduled, start
from ..tools.words import describe_counts, explain_failure

LINES_ACTION = "benji_connectwise_reconciliation.connectwise_reconciliation_line_action"
RUNS_ACTION = "benji_connectwise_reconciliation.connectwise_reconciliation_run_action"
UNCONFIGURED = "benji_connectwise_reconciliation.unconfigured"


class ConnectwiseReconciliationRun(models.Model):
    """A comparison of the invoices of a period: its progress and its result."""

    _name = "connectwise.reconciliation.run"
    _description = "Comparison of Invoices with ConnectWise"
    _order = "date_to desc, id desc"

    backend_id = fields.Many2one(
        "connectwise.backend",
        "Connection",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("To", required=True, readonly=True)
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
            ("failed", "Failed"),
        ],
        required=True,
        default="queued",
        readonly=True,
    )
    user_id = fields.Many2one("res.users", "Asked by", readonly=True)
    started_at = fields.Datetime(readonly=True)
    compared_at = fields.Datetime("Compared on", readonly=True)
    tenant = fields.Char(readonly=True, help="The ConnectWise that is read.")
    environment = fields.Selection(
        ENVIRONMENTS,
        compute="_compute_environment",
        help="Set if the ConnectWise that is read is not the real one.",
    )
    failure = fields.Json(readonly=True)
    error = fields.Char(compute="_compute_error", help="Why it ended, or waits.")
    skipped = fields.Text(
        readonly=True, help="Invoices of ConnectWise that could not be read, and why."
    )
    odoo_count = fields.Integer("In Odoo", readonly=True)
    connectwise_count = fields.Integer("In ConnectWise", readonly=True)
    line_ids = fields.One2many("connectwise.reconciliation.line", "run_id")
    open_count = fields.Integer("Differences", compute="_compute_counts")
    accepted_count = fields.Integer("Accepted", compute="_compute_counts")
    summary = fields.Char(compute="_compute_counts")
    progress = fields.Integer(compute="_compute_progress")
    # The progress: all invoices up to the id `read_after` were read.
    read_after = fields.Integer(readonly=True)
    invoices_read = fields.Integer(readonly=True)
    invoices_expected = fields.Integer(readonly=True)
    changed_since = fields.Datetime(
        readonly=True,
        help="The rest was read by an earlier comparison of this period.",
    )
    is_cancelled = fields.Boolean(readonly=True, help="A person said so.")
    conflicts = fields.Integer(
        readonly=True, help="How often it gave way to another change."
    )

    _one_open = models.UniqueIndex(
        "(backend_id) WHERE state IN ('queued', 'running')",
        "A comparison is already running.",
    )
    _period_unique = models.UniqueIndex("(backend_id, date_from, date_to)")

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for run in self:
            first, last = run.date_from, run.date_to
            if first > last:
                raise ValidationError(
                    self.env._("The period ends before it begins: swap the two dates.")
                )
            if first.year < FIRST_YEAR or last.year > LAST_YEAR:
                raise ValidationError(
                    self.env._(
                        "Please choose dates between %(first)s and %(last)s.",
                        first=FIRST_YEAR,
                        last=LAST_YEAR,
                    )
                )
            if (last - first).days > MOST_DAYS:
                raise ValidationError(
                    self.env._(
                        "At most ten years are compared at once: please choose a"
                        " shorter period."
                    )
                )

    @api.depends("date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for run in self:
            run.display_name = " – ".join(
                format_date(self.env, day, date_format="short")
                for day in (run.date_from, run.date_to)
            )

    @api.depends("tenant", "backend_id.server_url")
    def _compute_environment(self):
        for run in self:
            # Of the ConnectWise of then, which may be another one today.
            address = get_tenant_origin(run.tenant or "")
            run.environment = find_environment(
                address or run.backend_id.sudo().server_url
            )

    @api.depends("failure")
    @api.depends_context("lang")
    def _compute_error(self):
        for run in self:
            run.error = explain_failure(self.env, run.failure)

    @api.depends("line_ids.status", "line_ids.acceptance_id", "line_ids.is_zero")
    @api.depends_context("lang", "uid")
    def _compute_counts(self):
        Line = self.env["connectwise.reconciliation.line"]
        counts = {}
        for run, status, acceptance, count in Line._read_group(
            [
                ("run_id", "in", self.ids),
                ("status", "!=", "agrees"),
                ("is_zero", "=", False),
            ],
            ["run_id", "status", "acceptance_id"],
            ["__count"],
        ):
            kind = "accepted" if acceptance else status
            found = counts.setdefault(run, {})
            found[kind] = found.get(kind, 0) + count
        for run in self:
            found = counts.get(run, {})
            run.accepted_count = found.pop("accepted", 0)
            run.open_count = sum(found.values())
            run.summary = describe_counts(self.env, found)

    @api.depends("state", "invoices_read", "invoices_expected")
    def _compute_progress(self):
        for run in self:
            run.progress = 100 if run.state == "done" else 0
            if run.state in OPEN and run.invoices_expected:
                # Invoices may be added in ConnectWise while it reads.
                share = 100 * run.invoices_read // run.invoices_expected
                run.progress = min(share, 100)

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    @api.model
    def action_open_report(self):
        """Open the lines of the newest comparison, or the list if there is none."""
        self.check_access("read")
        backend = self.env.company._get_connectwise_backend()
        if run := self._find_newest(backend):
            return run.action_open_lines()
        action = self.env["ir.actions.act_window"]._for_xml_id(RUNS_ACTION)
        if not backend:
            action["help"] = render_unconfigured(self.env, UNCONFIGURED)
        return action

    def action_open_lines(self):
        """Open the lines of this comparison."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(LINES_ACTION)
        return {
            **action,
            "name": self.display_name,
            "display_name": self.display_name,
            "domain": [("run_id", "=", self.id)],
            "context": {
                "search_default_open": 1,
                "search_default_group_status": 1,
                "connectwise_reconciliation_run": self.id,
            },
        }

    def get_lines_status(self):
        """Return what stands above the lines of this comparison.

        :return: dict with the `text` and the `environment`
        """
        self.ensure_one()
        self.check_access("read")
        return {
            "text": self.env._(
                "Compared %(time)s: %(odoo)s invoices in Odoo, %(connectwise)s in"
                " ConnectWise",
                time=format_datetime(self.env, self.compared_at, dt_format="short"),
                odoo=formatLang(self.env, self.odoo_count, digits=0),
                connectwise=formatLang(self.env, self.connectwise_count, digits=0),
            ),
            "environment": self.environment,
        }

    def action_compare_again(self):
        """Have this period read and compared again, in the background.

        :raises AccessError: without the right to send invoices
        :raises UserError: if it cannot be started
        """
        self.ensure_one()
        self._start(self.backend_id, self.date_from, self.date_to)

    def action_cancel(self):
        """Stop it at its next step. The lines of the previous comparison stay.

        :raises AccessError: without the right to send invoices
        """
        self.ensure_one()
        self.check_access("read")
        self._check_may_compare()
        if self.state in OPEN:
            self.sudo().is_cancelled = True
            self.env.ref(
                "benji_connectwise_reconciliation.ir_cron_connectwise_reconciliation"
            ).sudo()._trigger()

    @api.model
    def _start(self, backend, date_from, date_to):
        """Start a comparison and return it, sudo.

        :raises AccessError: without the right to send invoices, or if the connection is
            another company's
        :raises UserError: if it cannot be started
        """
        self._check_may_compare()
        backend.check_access("read")
        return start(backend, date_from, date_to, self.env.user)

    @api.model
    def _check_may_compare(self):
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(
                self.env._("Comparing invoices needs the right to Invoicing.")
            )

    @api.model
    def _find_newest(self, backend):
        """Return the last finished comparison with the present ConnectWise."""
        done = [("backend_id", "=", backend.id), ("compared_at", "!=", False)]
        runs = self.search(done, order="compared_at desc, id desc")
        return runs.filtered(lambda run: not run._is_outdated())[:1]

    @api.model
    def _describe_newest(self, backend):
        """Say in a line what the newest comparison found, or return False."""
        run = self._find_newest(backend)
        return bool(run) and self.env._(
            "%(period)s, compared %(time)s: %(open)s differences, %(accepted)s"
            " accepted",
            period=run.display_name,
            time=format_datetime(self.env, run.compared_at, dt_format="short"),
            open=run.open_count,
            accepted=run.accepted_count,
        )

    def _is_outdated(self):
        """Whether it read a ConnectWise that is not connected any more."""
        return bool(self.tenant) and self.tenant != self.backend_id.tenant

    # -------------------------------------------------------------------------
    # In the background
    # -------------------------------------------------------------------------

    @api.model
    def _cron_compare(self):
        run_scheduled(self.env)

    def _end(self, state, failure=False):
        """End it, and tell the person who asked for it."""
        if state != "done":
            self._forget_invoices()
        self.write({"state": state, "failure": failure, "is_cancelled": False})
        self._tell_user()

    def _forget_invoices(self):
        """Delete the invoices that were read from ConnectWise."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM connectwise_reconciliation_invoice WHERE run_id = ANY(%s)",
                self.ids,
            )
        )
        self.env["connectwise.reconciliation.invoice"].invalidate_model(flush=False)

    def _tell_user(self):
        user = self.user_id
        if not user:
            return
        run = self.with_context(lang=user.lang)
        _ = run.env._
        user._bus_send(
            "simple_notification",
            {
                "type": "success" if run.state == "done" else "warning",
                "title": _("ConnectWise Reconciliation"),
                "message": run.error
                or (run.state == "cancelled" and _("The comparison was cancelled."))
                or run.summary
                or _("Everything agrees."),
            },
        )
