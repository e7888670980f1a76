from dataclasses import replace
from itertools import product

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS

from ..const import MOST_HOURS_HELD, SECONDS_FOR_RUN
from ..lib.connectwise_client import BACKGROUND, identify_tenant
from ..tools.connection.callbacks import removing_callbacks
from ..tools.connection.checking import check_connection
from ..tools.connection.explain import explain_stored
from ..tools.connection.private_key import create_column, store_typed_key
from ..tools.connection.tenant import ENVIRONMENTS, find_environment, leave_tenant
from ..tools.invoice_pdf.forgetting import forget_answers
from ..tools.invoice_pdf.judging import judge_lookups
from ..tools.mapping.disconnecting import remove_contacts
from ..tools.sync.runs import OPEN, run_now, start

CREDENTIALS = {"company_login_id", "public_key", "private_key", "client_id"}
JUDGED_BY = {"amount_tolerance", "open_invoices"}


class ConnectwiseBackend(models.Model):
    """The connection of one Odoo company to its ConnectWise PSA."""

    _name = "connectwise.backend"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "ConnectWise PSA Connection"
    _check_company_auto = True

    name = fields.Char(required=True, default="ConnectWise PSA")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    responsible_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        help="Gets the activity when the connection needs attention.",
    )
    server_url = fields.Char(
        "Address",
        required=True,
        help="The address of your ConnectWise as in your browser, for example"
        " na.myconnectwise.net.",
    )
    company_login_id = fields.Char("Company Login ID", required=True)
    tenant = fields.Char(
        compute="_compute_tenant",
        compute_sudo=True,
        help="Which ConnectWise it is: the same text however it was typed.",
    )
    environment = fields.Selection(
        ENVIRONMENTS, compute="_compute_tenant", compute_sudo=True
    )
    public_key = fields.Char(copy=False, groups="account.group_account_manager")
    private_key = fields.Char(
        compute="_compute_private_key",
        inverse="_inverse_private_key",
        help="Write-only: it never leaves the server. Left empty, it stays as it is.",
    )
    private_key_tenant = fields.Json(copy=False, groups=NO_ACCESS)
    client_id = fields.Char(
        "Client ID",
        copy=False,
        groups="account.group_account_manager",
        help="Identifies this integration at ConnectWise. Get one at"
        " developer.connectwise.com, unless your Odoo administrator provided it.",
    )
    codebase = fields.Char(copy=False, readonly=True)
    sync_contacts = fields.Boolean("Synchronize customers/contacts from ConnectWise")
    auto_enable_contacts = fields.Boolean(
        "Automatically enable contacts imported from ConnectWise that match accounting"
        " client companies"
    )
    state = fields.Selection(
        [
            ("draft", "Not configured"),
            ("connected", "Connected"),
            ("error", "Needs attention"),
        ],
        required=True,
        default="draft",
        copy=False,
        readonly=True,
    )
    last_success = fields.Datetime(copy=False, readonly=True)
    last_sync = fields.Datetime(copy=False, readonly=True)
    failure = fields.Json(copy=False, readonly=True, help="What last_error says.")
    last_error = fields.Char(compute="_compute_last_error")
    # The addon ends it with all rights, so nobody may name another one.
    notice_id = fields.Many2one("mail.activity", copy=False, groups=NO_ACCESS)
    failing_since = fields.Datetime(copy=False, readonly=True)
    failures = fields.Integer(copy=False, readonly=True)
    retry_at = fields.Datetime(copy=False, readonly=True)
    amount_tolerance = fields.Float(
        default=0.05,
        digits=(16, 4),
        help="Amounts in Odoo and ConnectWise that differ by at most this much, in the"
        " currency of the invoice, count as equal.",
    )
    number_rule_ids = fields.One2many(
        "connectwise.number.rule", "backend_id", "Number rules", copy=True
    )
    judged_from_id = fields.Integer(
        copy=False, readonly=True, help="Lookups before it are to be judged again."
    )
    e_invoice_pdf = fields.Selection(
        [
            ("second", "Send ConnectWise's PDF as a second file"),
            ("never", "Send only Odoo's"),
        ],
        "E-invoicing customers",
        required=True,
        default="second",
        help="Odoo's PDF stays the legal document of an e-invoice.",
    )
    missing_pdf = fields.Selection(
        [
            ("next", "Send the next PDF of the priority"),
            ("hold", "Hold the invoice and try again"),
        ],
        "When ConnectWise has no PDF",
        required=True,
        default="next",
    )
    open_invoices = fields.Selection(
        [
            ("use", "Use its PDF, and warn when it is sent"),
            ("wait", "Treat it as not yet there"),
        ],
        "While the invoice is open in ConnectWise",
        required=True,
        default="use",
    )
    hold_hours = fields.Integer("Hold for (hours)", default=24)
    hold_end = fields.Selection(
        [
            ("next", "Send the next PDF of the priority"),
            ("activity", "Do not send it, and tell the responsible person"),
        ],
        "Afterwards",
        required=True,
        default="next",
    )
    newest_change = fields.Datetime(
        copy=False,
        readonly=True,
        help="ConnectWise's own time of the newest change that was read and stored.",
    )
    newest_contact_change = fields.Datetime(copy=False, readonly=True)
    trust_new_domains = fields.Boolean(
        "Trust new e-mail domains",
        help="Otherwise a Bill-To contact whose e-mail moves to another domain arrives"
        " disabled, with an activity to look at it: payment fraud starts that way.",
    )
    # Failures of companies and contacts. PDFs are still fetched meanwhile.
    sync_failure = fields.Json(copy=False, readonly=True)
    sync_failing_since = fields.Datetime(copy=False, readonly=True)
    sync_failures = fields.Integer(copy=False, readonly=True)
    sync_retry_at = fields.Datetime(copy=False, readonly=True)
    sync_notice_id = fields.Many2one("mail.activity", copy=False, groups=NO_ACCESS)
    sync_ids = fields.One2many("connectwise.sync", "backend_id")
    sync_state = fields.Selection(
        [("idle", "Idle"), ("queued", "Queued"), ("running", "Running")],
        compute="_compute_sync",
    )
    sync_read = fields.Integer(compute="_compute_sync")
    sync_total = fields.Integer(compute="_compute_sync")

    _company_unique = models.Constraint(
        "unique(company_id)", "This company already has a ConnectWise connection."
    )

    # The database's own error would quote the row, with the keys.
    @api.constrains(lambda self: self._get_required_fields())
    def _check_required(self):
        for backend, name in product(self, self._get_required_fields()):
            if not backend[name]:
                field = self._fields[name].get_description(self.env, ["string"])
                raise ValidationError(
                    self.env._("Please fill in “%s”.", field["string"])
                )

    @api.model
    def _get_required_fields(self):
        return [name for name, field in self._fields.items() if field.required]

    @api.constrains("hold_hours", "amount_tolerance")
    def _check_limits(self):
        for backend in self:
            if not 1 <= backend.hold_hours <= MOST_HOURS_HELD:
                raise ValidationError(self.env._("Hold it for 1 to 8,760 hours."))
            if backend.amount_tolerance < 0:
                raise ValidationError(self.env._("The tolerance must not be negative."))

    @api.constrains("company_id")
    def _check_branches(self):
        for backend in self.sudo():
            backend.company_id._check_connectwise_branches(backend)

    def init(self):
        create_column(self)
        return super().init()

    def _compute_private_key(self):
        self.private_key = False

    def _inverse_private_key(self):
        for backend in self:
            if store_typed_key(backend):
                backend.sudo().private_key_tenant = backend.tenant

    @api.depends("server_url", "company_login_id")
    def _compute_tenant(self):
        for backend in self:
            address, company = backend.server_url or "", backend.company_login_id or ""
            backend.tenant = identify_tenant(address, company)
            backend.environment = find_environment(address)

    @api.depends("failure", "sync_failure", "sync_contacts")
    @api.depends_context("lang")
    def _compute_last_error(self):
        for backend in self:
            shown = backend.failure or (backend.sync_contacts and backend.sync_failure)
            backend.last_error = explain_stored(self.env, shown)

    def _compute_sync(self):
        for backend in self:
            sync = backend._get_open_sync()
            if backend._is_sync_resting() or sync._is_outdated():
                # It does not run now, and the page shows the reason.
                sync = sync.browse()
            backend.sync_state = sync.state or "idle"
            backend.sync_read = sum(sync.range_ids.mapped("companies_read"))
            backend.sync_total = sync.companies_total

    @api.model_create_multi
    def create(self, vals_list):
        backends = super().create(vals_list)
        # Branches have the priority of the company whose connection they use.
        self.env["invoice.pdf.source"]._invalidate_choices()
        return backends

    def write(self, vals):
        company_id = vals.get("company_id")
        if "company_id" in vals and self.company_id.ids not in ([], [company_id]):
            # The mapping and the lookups belong to the company's customers.
            raise UserError(
                self.env._("A connection stays with its company: make another one.")
            )
        # The pauses were caused by the old address or keys.
        if vals.keys() & {"server_url", *CREDENTIALS}:
            pauses = ("retry_at", "failures", "sync_retry_at", "sync_failures")
            vals = {"codebase": False, **dict.fromkeys(pauses, False), **vals}
        tenants = {backend: backend.tenant for backend in self}
        with removing_callbacks(self, vals):
            result = super().write(vals)
        if "active" in vals:
            self.env["invoice.pdf.source"]._invalidate_choices()
        for backend, tenant in tenants.items():
            if not vals.get("sync_contacts", True):
                # Otherwise it would go on asking, or wait for ever.
                backend._get_open_sync()._end_at_once()
            if backend.tenant != tenant:
                leave_tenant(backend, tenant)
            elif vals.keys() & JUDGED_BY:
                judge_lookups(backend)
        return result

    def unlink(self):
        self.check_access("unlink")
        # What was sent is not judged again: nothing is compared across connections.
        sent = forget_answers(self)
        verdict = [sent._fields[name] for name in ("verdict", "accepted_id")]
        # A cascade of the database would delete the rows but leave their contacts.
        rows = self.env["connectwise.mapping"].sudo()
        with self.env.protecting(verdict, sent), removing_callbacks(self):
            rows.search([("backend_id", "in", self.ids)]).unlink()
            result = super().unlink()
        self.env["invoice.pdf.source"]._invalidate_choices()
        return result

    def action_test_connection(self):
        """Ask ConnectWise whether the connection works, and for what.

        :return: a notification; ConnectWise's answer or absence raises nothing
        :raises AccessError: if the user may not change the connection
        """
        self.ensure_one()
        self.check_access("write")
        return check_connection(self)

    def action_open_number_bench(self):
        """Open the number rules, to try them before they are saved."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Number Rules"),
            "res_model": "connectwise.number.bench",
            "view_mode": "form",
            "context": {"default_backend_id": self.id},
        }

    def action_rescan(self):
        """Open the dialog *Rescan*; it runs nothing by itself."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Rescan"),
            "res_model": "connectwise.mapping.rescan",
            "view_mode": "form",
            "target": "new",
            "context": {"default_backend_id": self.id},
        }

    def action_cancel_sync(self):
        """Stop the background rescan at its next step."""
        self.ensure_one()
        self.check_access("write")
        if sync := self._get_open_sync():
            self.env["connectwise.sync.cancel"].sudo().create({"sync_id": sync.id})

    def action_remove_imported_contacts(self):
        """Remove the imported contacts after the synchronization was switched off.

        :raises UserError: if it is on, because they would be imported again
        """
        self.ensure_one()
        self.check_access("write")
        if self.sync_contacts:
            raise UserError(self.env._("Switch the contact synchronization off first."))
        with_contact = [("backend_id", "=", self.id), ("contact_id", "!=", False)]
        remove_contacts(self.env["connectwise.mapping"].sudo().search(with_contact))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _get_companies(self):
        """Return the Odoo companies that use this connection: its own and branches."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return companies.search([("id", "child_of", self.company_id.ids)])

    def _forget_failures(self):
        """End the pause after failures, because a person asks."""
        for name in ("retry_at", "sync_retry_at"):
            if self[name]:
                self.sudo()[name] = False

    def _is_resting(self):
        """Whether ConnectWise is not asked at the moment, because of a failure."""
        return bool(self.retry_at and self.retry_at > fields.Datetime.now())

    def _is_sync_resting(self):
        """Whether companies and contacts are not read at the moment."""
        retry_at = self.sync_retry_at
        return self._is_resting() or bool(retry_at and retry_at > fields.Datetime.now())

    def _is_pdf_source(self):
        """Whether invoices can have PDFs from this connection."""
        return self.active and self.state != "draft"

    def _get_background_limits(self, seconds=SECONDS_FOR_RUN):
        """Return the client's `Limits` for work that nobody waits for."""
        return replace(BACKGROUND, total=seconds)

    def sync(self, full=False, discard_disconnected=False):
        """Read ConnectWise's companies, match them and import contacts; commit nothing.

        :param full: read all entries, not only those that changed
        :param discard_disconnected: forget which customers were disconnected
        :return: {kind: count}, the counts of the synchronization
        :raises UserError: if it is switched off or running, or ConnectWise failed
        """
        return run_now(self, full, discard_disconnected)[0].counts

    def _request_sync(self, full=False, discard_disconnected=False):
        """Start a synchronization in the background.

        :raises UserError: if it is switched off or running already
        """
        self.ensure_one()
        self.check_access("write")
        start(self, full, discard_disconnected, self.env.user).state = "queued"
        self._forget_failures()
        self._trigger_sync()

    @api.model
    def _trigger_sync(self, at=None):
        """Wake the scheduled action that synchronizes, now or at a time."""
        self.env.ref("benji_connectwise.ir_cron_connectwise_sync")._trigger(at)

    def _get_open_sync(self):
        open_ones = [("backend_id", "=", self.id), ("state", "in", OPEN)]
        return self.env["connectwise.sync"].sudo().search(open_ones, limit=1)
