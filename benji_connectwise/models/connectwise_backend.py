import os
import time
from dataclasses import replace
from datetime import timedelta
from itertools import product

from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.http import request
from odoo.orm.models import NO_ACCESS

from ..encryption import SecretKeyError, decrypt, encrypt, encrypt_stored
from ..explain import explain
from ..lib.connectwise_client import (
    BACKGROUND,
    INTERACTIVE,
    AddressError,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
    CredentialsError,
    MissingRightError,
    SettingsError,
    is_cloud,
    is_kept_private,
    is_local,
    normalise_address,
)

SECONDS_FOR_PERSON = 7.5
"""What ConnectWise may cost in one action of a person, all its questions together.
Below the 8 s promised, because ending a broken exchange takes a moment too."""

SECONDS_FOR_RUN = 100
"""What one step of a scheduled action may take, so that a stall ends it in time."""

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)


PLACE = ("server_url", "company_login_id")
"""Which ConnectWise it is, and so whom the keys are for."""


def get_place(*values):
    """Return the values of `PLACE`, fit for being compared."""
    return [(value or "").strip() for value in values]


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
    stored_private_key = fields.Char(copy=False, groups=NO_ACCESS)
    private_key_place = fields.Json(copy=False, groups=NO_ACCESS)
    client_id = fields.Char(
        "Client ID",
        copy=False,
        groups="account.group_account_manager",
        default=lambda self: self._default_client_id(),
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
    last_error = fields.Char(copy=False, readonly=True)
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
        """Keep one connection for a company and its branches (D19)."""
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

    def _register_hook(self):
        super()._register_hook()
        encrypt_stored(self.env.cr, self._table, "stored_private_key")

    @api.model
    def _default_client_id(self):
        # Anybody may ask for defaults, also of models that they may not read.
        if not (
            self.env.su or self.env.user.has_group("account.group_account_manager")
        ):
            return False
        return os.environ.get("BENJI_CONNECTWISE_CLIENT_ID")

    def _compute_private_key(self):
        self.private_key = False

    def _inverse_private_key(self):
        for backend in self:
            if backend.private_key:
                backend.sudo().write(
                    {
                        "stored_private_key": self._encrypt(backend.private_key),
                        "private_key_place": backend._get_place(),
                    }
                )
        # A reading in the same request must not bring it back.
        self.invalidate_recordset(["private_key"], flush=False)

    @api.model
    def _encrypt(self, private_key):
        """Return a private key as it is to be stored."""
        try:
            return encrypt(private_key)
        except SecretKeyError as error:
            raise UserError(explain(self.env, error)) from None

    @api.model_create_multi
    def create(self, vals_list):
        backends = super().create(vals_list)
        # Branches have the priority of the company whose connection they use.
        self.env["invoice.pdf.source"]._invalidate_choices()
        return backends

    def write(self, vals):
        # What was learned about the old address or keys says nothing about new ones.
        if not vals.keys().isdisjoint(
            {"server_url", "company_login_id", "public_key", "private_key", "client_id"}
        ):
            vals = {"codebase": False, "retry_at": False, "failures": 0, **vals}
        places = {backend: backend._get_place() for backend in self}
        result = super().write(vals)
        if "active" in vals:
            self.env["invoice.pdf.source"]._invalidate_choices()
        lookups = self.env["connectwise.lookup"].sudo()
        for backend, place in places.items():
            of_company = [("company_id", "in", backend._get_companies().ids)]
            if backend._get_place() != place:
                if self.env.su and backend.private_key_place == place:
                    # A program that may read the key may also take it along.
                    backend.private_key_place = backend._get_place()
                # Another ConnectWise: what the old one said is no evidence any more.
                lookups.search(of_company)._forget_unsent()
            elif "amount_tolerance" in vals:
                lookups.search(of_company)._judge_anew()
        return result

    def _get_companies(self):
        """Return the Odoo companies that use this connection: its own and branches."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return companies.search([("id", "child_of", self.company_id.ids)])

    def _get_place(self):
        return get_place(*(self[name] for name in PLACE))

    def unlink(self):
        self.check_access("unlink")
        # The database would take the rows along, and leave their contacts behind.
        rows = self.env["connectwise.mapping"].sudo()
        rows.search([("backend_id", "in", self.ids)]).unlink()
        result = super().unlink()
        self.env["invoice.pdf.source"]._invalidate_choices()
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
        reports = []

        def check_access(client):
            report = client.check_access(include_contacts=self.sync_contacts)
            # Rights that could not be asked about are no success.
            for error in report.errors:
                raise error
            reports.append(report)

        limits = replace(INTERACTIVE, total=SECONDS_FOR_PERSON)
        self._ask(limits, check_access, explicit=True)
        report = reports[0] if reports else None
        if report and report.missing:
            self.last_error = self._explain_missing_rights(report.missing)
        return report

    def _explain_missing_rights(self, rights):
        return self.env._(
            "The API member's security role lacks: %s (Inquire: All).",
            ", ".join(rights),
        )

    def _describe_access(self, report):
        return ", ".join(
            f"{'✓' if check.state == 'granted' else '✗'} {check.right}"
            for check in (report.checks if report else ())
        )

    # -------------------------------------------------------------------------
    # Asking ConnectWise
    # -------------------------------------------------------------------------

    def _get_credentials(self):
        """Return what signs requests in.

        :raises CredentialsError: if the keys were not entered, so nothing is asked
        :raises SecretKeyError: if the private key cannot be decrypted
        """
        backend = self.sudo()
        place = backend._get_place()
        private_key = backend._get_server_private_key(
            backend.server_url
        ) or backend._get_stored_private_key(place)
        if not (backend.public_key and private_key):
            is_moved = bool(backend.stored_private_key) and (
                backend.private_key_place != place
            )
            raise CredentialsError(
                "The keys are missing", reason="moved" if is_moved else "missing"
            )
        return Credentials(
            backend.company_login_id,
            backend.public_key,
            private_key,
            backend.client_id or "",
        )

    def _get_stored_private_key(self, place):
        """Return the stored private key, "" unless it was saved for this `PLACE`.

        Who may change the address must not learn the key by sending it elsewhere.

        :raises SecretKeyError: if it cannot be decrypted
        """
        backend = self.sudo()
        if backend.private_key_place != place:
            return ""
        return decrypt(backend.stored_private_key)

    @api.model
    def _get_server_private_key(self, address):
        """Return the private key of the server's environment, "" if it has none.

        Whoever configures types the address, so the key only goes to ConnectWise's
        cloud and to the hosts that whoever runs the server listed, and never in clear
        across the public net, which a listed host would allow.
        """
        hosts = self._get_local_hosts()
        try:
            origin = normalise_address(address or "", hosts)
        except AddressError:
            return ""
        if not (is_cloud(origin) or is_local(origin, hosts)):
            return ""
        if not is_kept_private(origin):
            return ""
        return os.environ.get("BENJI_CONNECTWISE_PRIVATE_KEY", "").strip()

    @api.model
    def _get_local_hosts(self):
        hosts = os.environ.get("BENJI_CONNECTWISE_LOCAL_HOSTS", "")
        return {host.strip() for host in hosts.split(",") if host.strip()}

    def _get_interactive_limits(self):
        """Return the client's limits while a person waits, or None not to ask at all.

        Nothing is asked while the connection is not configured or rests after a
        failure, nor once a request of a person, or a transaction without one, has
        spent its time on ConnectWise.
        """
        if self.state == "draft" or self._is_resting():
            return None
        spent = _get_meter(self.env.cr).get("connectwise_seconds", 0)
        left = SECONDS_FOR_PERSON - spent
        return replace(INTERACTIVE, total=left) if left > 0.1 else None

    def _is_resting(self):
        """Whether nothing is asked for now, because the last question failed."""
        return bool(self.retry_at and self.retry_at > fields.Datetime.now())

    def _is_pdf_source(self):
        """Whether the Invoice PDF Priority of this company asks ConnectWise."""
        if not self or self.state == "draft":
            return False
        priorities = self.env["invoice.pdf.source"]._get_by_company(self.company_id)
        return "connectwise" in priorities[self.company_id]

    def _get_background_limits(self, seconds=SECONDS_FOR_RUN):
        return replace(BACKGROUND, total=seconds)

    def _ask(self, limits, question, explicit=False):
        """Ask ConnectWise; note how it went, and raise nothing of it.

        :param limits: the client's
        :param question: called with the client
        :param explicit: whether a success is worth a note of its own
        """
        start = time.monotonic()
        hosts = self._get_local_hosts()
        try:
            # What is wrong with the address is said first.
            normalise_address(self.server_url, hosts)
            with ConnectWiseClient(
                self.server_url,
                self._get_credentials(),
                limits,
                local_hosts=hosts,
                codebase=self.codebase or None,
            ) as client:
                question(client)
        except ConnectWiseError as error:
            self._note_failure(error)
        else:
            self._note_success(client.codebase, explicit)
        finally:
            meter = _get_meter(self.env.cr)
            spent = meter.get("connectwise_seconds", 0) + time.monotonic() - start
            meter["connectwise_seconds"] = spent

    def _note_failure(self, error):
        """Rest for a while, longer each time, and say why; the keys call a person."""
        backend = self.sudo()
        try:
            # Another request is noting the same failure: once is enough.
            backend.lock_for_update()
        except LockError:
            return
        now = fields.Datetime.now()
        pause = min(FIRST_PAUSE * 2 ** min(backend.failures, 10), LONGEST_PAUSE)
        asked_for = getattr(error, "retry_after", None)
        if asked_for:
            # However long it asks for: an outage must not need a click to end.
            pause = min(max(pause, timedelta(seconds=asked_for)), LONGEST_PAUSE)
        backend.write(
            {
                "state": (
                    "connected" if isinstance(error, MissingRightError) else "error"
                ),
                "last_error": explain(self.env, error),
                "failing_since": backend.failing_since or now,
                "failures": backend.failures + 1,
                "retry_at": now + pause,
            }
        )
        self.env["connectwise.lookup"]._trigger_prefetch(at=backend.retry_at)
        if isinstance(error, SettingsError):
            backend._call_responsible(
                self.env._("ConnectWise needs attention"), backend.last_error
            )

    def _note_success(self, codebase, explicit):
        # Written only where something changes, so that requests that run at the same
        # time do not wait for each other's row.
        backend = self.sudo()
        was_failing = backend.state != "connected" or backend.failing_since
        values = {}
        if was_failing or explicit:
            values = {
                "state": "connected",
                "last_error": False,
                "failing_since": False,
                "failures": 0,
                "retry_at": False,
                "last_success": fields.Datetime.now(),
            }
        if codebase and codebase != backend.codebase:
            values["codebase"] = codebase
        if values:
            backend.write(values)
        if was_failing:
            backend._give_all_clear()

    def _note_configured(self, missing_rights):
        """The wizard tested and saved this connection."""
        self._note_success(codebase=None, explicit=True)
        self.last_error = missing_rights

    def _forget_failures(self):
        """End the rest after failures: a person wants it asked now."""
        if self.retry_at:
            self.sudo().retry_at = False

    def _get_notice(self):
        return self.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id
                == self.env.ref("mail.mail_activity_data_todo")
                and activity.automated
            )
        )

    def _call_responsible(self, summary, note):
        """Raise an activity for the responsible person, unless one is open."""
        if not self._get_notice():
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=(self.responsible_id or self.env.user).id,
                summary=summary,
                # It may quote ConnectWise, and a note is HTML.
                note=escape(note),
            )

    def _give_all_clear(self):
        notice = self._get_notice()
        if notice:
            notice.action_feedback(feedback=self.env._("ConnectWise works again."))
