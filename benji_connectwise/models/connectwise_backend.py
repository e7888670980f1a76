import logging
import os
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product

from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.fields import NO_ACCESS
from odoo.http import request

from ..const import (
    CONNECTION_FIRST_RETRY,
    CONNECTION_LAST_RETRY,
    SECONDS_FOR_PERSON,
    SECONDS_FOR_RUN,
)
from ..lib.connectwise_client import (
    BACKGROUND,
    INTERACTIVE,
    AddressError,
    ConnectWiseClient,
    ConnectWiseError,
    DeadlineError,
    MissingRightError,
    NetworkError,
    RateLimitError,
    SettingsError,
    normalise_address,
    read_origin,
)
from ..tools import private_key
from ..tools.encryption import SecretKeyError, encrypt, encrypt_stored
from ..tools.explain import error_to_facts, explain, explain_facts

SYNC_RIGHTS = ("Company Maintenance", "Contacts")
"""What an API member needs for customers and contacts, and not for PDFs."""

FAILURE = ("failure", "failing_since", "failures", "retry_at")
"""What is noted while something fails: here of the connection, and with the prefix
`sync_` of companies and contacts alone."""

_logger = logging.getLogger(__name__)


def get_tenant(server_url, company_login_id):
    """Return which ConnectWise this is: ids and keys mean something only there.

    It is the same text however the address was typed.
    """
    try:
        origin = read_origin(server_url or "")
    except AddressError:
        origin = (server_url or "").strip()
    return f"{(company_login_id or '').strip().casefold()}@{origin}"


def _is_about_connection(error):
    """Whether a failure met with companies would be met with invoices for certain."""
    if isinstance(error, NetworkError):
        return error.reason in ("dns", "connect")
    if isinstance(error, AddressError):
        return error.status is None
    return isinstance(error, SettingsError) and not isinstance(error, MissingRightError)


def _missing_rights_to_failure(rights):
    """Return what a failure field holds of rights that are missing."""
    return bool(rights) and error_to_facts(
        MissingRightError("Missing rights", right=", ".join(rights))
    )


def _get_meter(cr):
    """Return the dict that counts, as `connectwise_seconds`, what ConnectWise cost.

    It is that of a person's request. Elsewhere it is that of the transaction, because
    a scheduled action, as Sale's, may send many invoices in one of them.
    """
    return vars(request) if request else cr.postcommit.data


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
        " developer.connectwise.com, unless whoever runs the server provided it.",
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
    notice_id = fields.Many2one(
        "mail.activity", copy=False, readonly=True, ondelete="set null"
    )
    failing_since = fields.Datetime(copy=False, readonly=True)
    failures = fields.Integer(copy=False, readonly=True)
    retry_at = fields.Datetime(copy=False, readonly=True)
    amount_tolerance = fields.Float(
        default=0.05,
        digits=(16, 4),
        help="How far the amounts of an invoice may differ, in its currency, for"
        " ConnectWise's invoice of this number to be trusted without a mapping.",
    )
    invoice_number_field = fields.Selection(
        [
            ("name", "Number"),
            ("ref", "Reference"),
            ("payment_reference", "Payment Reference"),
        ],
        "Invoice number in",
        required=True,
        default="name",
        help="Which field of an Odoo invoice holds its number in ConnectWise.",
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

    _company_unique = models.Constraint(
        "unique(company_id)", "This company already has a ConnectWise connection."
    )
    # These are not left to the database: its error would quote the row, with the keys.

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

    @api.constrains("hold_hours")
    def _check_hold_hours(self):
        if not all(backend.hold_hours > 0 for backend in self):
            raise ValidationError(
                self.env._("An invoice is held for at least one hour.")
            )

    @api.constrains("amount_tolerance")
    def _check_amount_tolerance(self):
        if not all(backend.amount_tolerance >= 0 for backend in self):
            raise ValidationError(self.env._("The tolerance must not be negative."))

    @api.constrains("company_id")
    def _check_branches(self):
        """Keep one connection for a company and its branches."""
        for backend in self.sudo():
            company = backend.company_id
            others = self.sudo().with_context(active_test=False)
            other = others.search(
                [
                    ("id", "!=", backend.id),
                    "|",
                    ("company_id", "parent_of", company.id),
                    ("company_id", "child_of", company.id),
                ],
                limit=1,
            ).company_id
            if other in company.parent_ids:
                raise ValidationError(
                    self.env._(
                        "%(branch)s uses the ConnectWise connection of %(company)s,"
                        " whose branch it is.",
                        branch=company.name,
                        company=other.name,
                    )
                )
            if other:
                raise ValidationError(
                    self.env._(
                        "%(branch)s, a branch of %(company)s, has a ConnectWise"
                        " connection of its own. Delete that one first.",
                        branch=other.name,
                        company=company.name,
                    )
                )

    def init(self):
        private_key.create_column(self)
        return super().init()

    def _register_hook(self):
        super()._register_hook()
        column = private_key.COLUMNS[self._name]
        encrypt_stored(self.env.cr, self._table, column)

    def _compute_private_key(self):
        self.private_key = False

    def _inverse_private_key(self):
        for backend in self:
            if backend.private_key:
                private_key.store(backend, self._encrypt(backend.private_key))
                backend.sudo().private_key_tenant = backend._get_tenant()
        # A reading in the same request must not bring it back.
        self.invalidate_recordset(["private_key"], flush=False)

    @api.model
    def _encrypt(self, secret):
        """Return a private key as it is to be stored."""
        try:
            return encrypt(secret)
        except SecretKeyError as error:
            raise UserError(explain(self.env, error)) from None

    @api.model_create_multi
    def create(self, vals_list):
        backends = super().create(vals_list)
        # Branches have the priority of the company whose connection they use.
        self.env["invoice.pdf.source"]._invalidate_choices()
        return backends

    @api.depends("failure", "sync_failure", "sync_contacts")
    @api.depends_context("lang")
    def _compute_last_error(self):
        for backend in self:
            failure = backend.failure or (
                backend.sync_contacts and backend.sync_failure
            )
            backend.last_error = explain_facts(self.env, failure)

    def write(self, vals):
        if any(
            backend.company_id.id != vals.get("company_id", backend.company_id.id)
            for backend in self
        ):
            # All that was learned would be of another company.
            raise UserError(
                self.env._("A connection stays with its company: make another one.")
            )
        # What was learned about the old address or keys says nothing about new ones.
        if not vals.keys().isdisjoint(
            {"server_url", "company_login_id", "public_key", "private_key", "client_id"}
        ):
            anew = {"retry_at": False, "failures": 0}
            anew.update({f"sync_{name}": value for name, value in anew.items()})
            vals = {"codebase": False, **anew, **vals}
        tenants = {backend: backend._get_tenant() for backend in self}
        result = super().write(vals)
        if "active" in vals:
            self.env["invoice.pdf.source"]._invalidate_choices()
        for backend, tenant in tenants.items():
            if backend._get_tenant() != tenant:
                if self.env.su and backend.private_key_tenant == tenant:
                    # A program that may read the key may also take it along.
                    backend.private_key_tenant = backend._get_tenant()
                backend._leave_connectwise()
            elif not vals.keys().isdisjoint(
                {"amount_tolerance", "invoice_number_field"}
            ):
                backend._find_lookups()._judge_anew()
        return result

    def _leave_connectwise(self):
        """Let nothing count that was learned before, until it is confirmed."""
        backend = self.sudo()
        backend.write(
            {
                "last_sync": False,
                "newest_change": False,
                "newest_contact_change": False,
                "sync_failure": False,
                "sync_failing_since": False,
            }
        )
        if sync := backend._get_open_sync():
            sync._end_for_another_connectwise()
        self.env["connectwise.company"]._doubt(backend)
        backend._find_lookups()._leave_connectwise()
        if backend.sync_contacts and backend.state != "draft":
            backend._trigger_sync()

    def _count_learned(self):
        """Return how much would be in doubt with another ConnectWise."""
        connected = [
            ("backend_id", "=", self.id),
            ("connectwise_company_id", "!=", False),
        ]
        lookups = self._find_lookups()
        kept = lookups.filtered("has_pdf")
        sent = kept.filtered(lambda lookup: lookup._is_pdf_sent())
        return {
            "connections": self.env["connectwise.mapping"]
            .sudo()
            .search_count(connected),
            "companies": self.env["connectwise.company"]
            .sudo()
            .search_count([("backend_id", "=", self.id)], limit=1),
            "unsent": len(kept - sent),
            "sent": len(sent),
        }

    def _find_lookups(self):
        """Return what was asked about the invoices of this connection, sudo."""
        lookups = self.env["connectwise.lookup"].sudo()
        return lookups.search([("company_id", "in", self._get_companies().ids)])

    def _get_companies(self):
        """Return the Odoo companies that use this connection: its own and branches."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return companies.search([("id", "child_of", self.company_id.ids)])

    def _get_tenant(self):
        """Return which ConnectWise it is; "" where there is no connection."""
        return get_tenant(self.server_url, self.company_login_id) if self else ""

    def unlink(self):
        self.check_access("unlink")
        # The database would take the rows along, and leave their contacts behind.
        rows = self.env["connectwise.mapping"].sudo()
        rows.search([("backend_id", "in", self.ids)]).unlink()
        lookups = self._find_lookups()
        result = super().unlink()
        self.env["invoice.pdf.source"]._invalidate_choices()
        lookups._leave_connectwise()
        return result

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_test_connection(self):
        """Ask ConnectWise whether the connection works, and for what.

        :return: a notification; nothing is raised because of ConnectWise
        :raises AccessError: unless the user may change the connection
        """
        self.ensure_one()
        self.check_access("write")
        self._check_active()
        report = self._test_connection()
        connected = self.state == "connected"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if connected and not self.last_error else "warning",
                "title": self.env._("ConnectWise PSA"),
                "message": self.last_error
                or self.env._("Connected: %s", self._describe_access(report)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _test_connection(self):
        """Test keys and rights; sets the state.

        :return: the client's AccessReport, or None if ConnectWise could not say
        """
        self._forget_failures()
        limits = replace(INTERACTIVE, total=SECONDS_FOR_PERSON)
        try:
            with self._asking(limits, explicit=True) as client:
                report = client.check_access(include_contacts=self.sync_contacts)
                invoices, *companies = report.checks
                if invoices.error:
                    # A right that could not be asked about is no success.
                    raise invoices.error
        except ConnectWiseError:
            return None
        self._note_rights(report.missing)
        for error in filter(None, (check.error for check in companies)):
            self._note_failure(error, of_sync=True)
        return report

    def _check_active(self):
        if not self.active:
            raise UserError(
                self.env._("This connection is archived, so nothing is asked.")
            )

    def _explain_missing_rights(self, rights):
        return explain_facts(self.env, _missing_rights_to_failure(rights))

    def _note_rights(self, missing):
        """Store which rights ConnectWise just said to be missing.

        :param missing: names of rights; those that are not among them are there
        """
        of_sync = [right for right in missing if right in SYNC_RIGHTS]
        others = [right for right in missing if right not in SYNC_RIGHTS]
        backend = self.sudo()
        backend.failure = _missing_rights_to_failure(others)
        if self.sync_contacts:
            backend._end_failures("sync_")
            backend.sync_failure = _missing_rights_to_failure(of_sync)

    def _describe_access(self, report):
        return ", ".join(
            f"{'✓' if check.state == 'granted' else '✗'} {check.right}"
            for check in (report.checks if report else ())
        )

    # -------------------------------------------------------------------------
    # Asking ConnectWise
    # -------------------------------------------------------------------------

    @api.model
    def _get_server_client_id(self):
        """Return the Client ID of the server's environment as it is now, or ""."""
        return os.environ.get("BENJI_CONNECTWISE_CLIENT_ID", "").strip()

    @api.model
    def _get_local_hosts(self):
        hosts = os.environ.get("BENJI_CONNECTWISE_LOCAL_HOSTS", "")
        return {host.strip() for host in hosts.split(",") if host.strip()}

    def _get_interactive_limits(self):
        """Return the client's limits while a person waits, or None not to ask at all.

        Nothing is asked while the connection is archived, not configured, or rests
        after a failure, nor once a request of a person, or a transaction without one,
        has spent its time on ConnectWise.
        """
        if not self.active or self.state == "draft" or self._is_resting():
            return None
        spent = _get_meter(self.env.cr).get("connectwise_seconds", 0)
        left = SECONDS_FOR_PERSON - spent
        return replace(INTERACTIVE, total=left) if left > 0.1 else None

    def _is_resting(self):
        """Whether nothing is asked for now, because the last question failed."""
        return bool(self.retry_at and self.retry_at > fields.Datetime.now())

    def _is_pdf_source(self):
        """Whether the Invoice PDF Priority of this company asks ConnectWise: it does
        not where Odoo comes first."""
        if not self.active or self.state == "draft":
            return False
        Source = self.env["invoice.pdf.source"]
        return "connectwise" in Source._get_before_odoo(self.company_id)

    def _get_background_limits(self, seconds=SECONDS_FOR_RUN):
        return replace(BACKGROUND, total=seconds)

    def _ask(self, limits, question, of_sync=False):
        """Ask ConnectWise `question(client)`; raise nothing of how it went."""
        try:
            with self._asking(limits, of_sync=of_sync) as client:
                question(client)
        except ConnectWiseError as error:
            _logger.info("ConnectWise was asked in vain: %s", error)

    @contextmanager
    def _asking(self, limits, explicit=False, of_sync=False):
        """Yield a client of this ConnectWise, and note how asking it went.

        :param limits: the client's
        :param explicit: whether a success is worth a note of its own
        :param of_sync: whether companies and contacts are asked for: PDFs go on,
            whatever is wrong with these
        :raises ConnectWiseError: what was noted
        """
        start = time.monotonic()
        tenant, hosts = self._get_tenant(), self._get_local_hosts()
        try:
            # What is wrong with the address is said first.
            normalise_address(self.server_url, hosts)
            with ConnectWiseClient(
                self.server_url,
                private_key.get_credentials(self),
                limits,
                local_hosts=hosts,
                codebase=self.codebase or None,
            ) as client:
                yield client
        except ConnectWiseError as error:
            if self._get_tenant() == tenant:
                left = limits.total + start - time.monotonic()
                is_alone = of_sync and self._is_about_companies_alone(error, left)
                self._note_failure(error, is_alone)
            raise
        else:
            if self._get_tenant() == tenant:
                self._note_success(client.codebase, explicit, of_sync)
        finally:
            meter = _get_meter(self.env.cr)
            spent = meter.get("connectwise_seconds", 0) + time.monotonic() - start
            meter["connectwise_seconds"] = spent

    def _is_about_companies_alone(self, error, seconds):
        """Whether invoices are answered all the same; asks for some if that is open.

        :param seconds: how long that may take; without time nothing speaks against it
        """
        if _is_about_connection(error):
            return False
        is_told = isinstance(error, MissingRightError | RateLimitError | DeadlineError)
        if is_told or seconds < 0.1:
            return True
        try:
            # A client of its own, which knows nothing of what failed.
            with ConnectWiseClient(
                self.server_url,
                private_key.get_credentials(self),
                replace(INTERACTIVE, total=min(seconds, SECONDS_FOR_PERSON)),
                local_hosts=self._get_local_hosts(),
            ) as client:
                [invoices] = client.check_access().checks
        except ConnectWiseError:
            return False
        return not invoices.error

    def _note_failure(self, error, of_sync=False):
        """Rest for a while, longer each time, and say why; the keys call a person.

        :param of_sync: whether that is about companies or contacts alone, so that only
            the synchronization rests
        """
        backend = self.sudo()
        try:
            # Another request is noting the same failure: once is enough.
            backend.lock_for_update()
        except LockError:
            return
        prefix = "sync_" if of_sync else ""
        asked_for = getattr(error, "retry_after", None)
        backend._rest(prefix, error_to_facts(error), asked_for)
        if not prefix:
            is_reached = isinstance(error, MissingRightError)
            backend.state = "connected" if is_reached else "error"
            self.env["connectwise.lookup"]._trigger_prefetch(at=backend.retry_at)
        if isinstance(error, SettingsError):
            backend._tell_responsible(prefix)

    def _note_sync_error(self, failure):
        """Pause the synchronization after an error that is not ConnectWise's."""
        backend = self.sudo()
        backend._rest("sync_", failure)
        backend._tell_responsible("sync_")

    def _rest(self, prefix, failure, asked_for=None):
        """Do not ask for a while, longer each time.

        :param prefix: "sync_" for companies and contacts, else ""
        :param asked_for: for how many seconds at least, if ConnectWise said so
        """
        now = fields.Datetime.now()
        failures = self[f"{prefix}failures"]
        pause = min(
            CONNECTION_FIRST_RETRY * 2 ** min(failures, 10), CONNECTION_LAST_RETRY
        )
        if asked_for:
            # However long it asks for: an outage must not need a click to end.
            pause = min(max(pause, timedelta(seconds=asked_for)), CONNECTION_LAST_RETRY)
        self.write(
            {
                f"{prefix}failure": failure,
                f"{prefix}failing_since": self[f"{prefix}failing_since"] or now,
                f"{prefix}failures": failures + 1,
                f"{prefix}retry_at": now + pause,
            }
        )

    def _tell_responsible(self, prefix):
        backend = self._for_responsible()
        backend._call_responsible(
            backend.env._("ConnectWise needs attention"),
            explain_facts(backend.env, backend[f"{prefix}failure"]),
            f"{prefix}notice_id",
        )

    def _note_success(self, codebase, explicit, of_sync=False):
        # Written only where something changes, so that requests that run at the same
        # time do not wait for each other's row.
        backend = self.sudo()
        if codebase and codebase != backend.codebase:
            backend.codebase = codebase
        if of_sync and (backend.failure or {}).get("kind") == "MissingRightError":
            # Reading companies does not prove the right to invoices.
            return
        if explicit or backend.state != "connected" or backend.failure:
            backend.write({"state": "connected", "last_success": fields.Datetime.now()})
        backend._end_failures("")

    def _end_failures(self, prefix):
        """Note that asking works again.

        :param prefix: "sync_" for companies and contacts, else ""
        """
        names = [f"{prefix}{name}" for name in FAILURE]
        if any(self[name] for name in names):
            self.write(dict.fromkeys(names, False))
        if notice := self[f"{prefix}notice_id"]:
            self[f"{prefix}notice_id"] = False
            if notice.active:
                text = self._for_responsible().env._("ConnectWise works again.")
                notice.action_feedback(feedback=text)

    def _note_sync_done(self, were_contacts_read):
        """Companies, and perhaps contacts, were read to the end."""
        failure = self.sync_failure or {}
        self._end_failures("sync_")
        if not were_contacts_read and "Contacts" in failure.get("right", ""):
            # That right was not needed this time.
            self.sync_failure = _missing_rights_to_failure(["Contacts"])

    def _note_configured(self, missing_rights):
        """The wizard tested and saved this connection."""
        self._note_success(codebase=None, explicit=True)
        self._note_rights(missing_rights)

    def _forget_failures(self):
        """End the rest after failures: a person wants it asked now."""
        for name in ("retry_at", "sync_retry_at"):
            if self[name]:
                self.sudo()[name] = False

    def _for_responsible(self):
        """Return this connection in the language of who is called when it fails."""
        return self.with_context(lang=self.responsible_id.lang or self.env.lang)

    def _call_responsible(self, summary, note, notice="notice_id"):
        """Raise an activity for the responsible person: one until it works again.

        :param notice: the field that remembers it
        """
        if not self[notice]:
            self[notice] = self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=(self.responsible_id or self.env.user).id,
                summary=summary,
                # It may quote ConnectWise, and a note is HTML.
                note=escape(note),
            )
