from dataclasses import replace

from odoo import api, fields, models

from ..const import SECONDS_FOR_PERSON
from ..lib.connectwise_client import (
    INTERACTIVE,
    REGIONS,
    AddressError,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
    normalise_address,
)
from ..models.connectwise_backend import get_tenant
from ..tools.encryption import SecretKeyError, encrypt_stored
from ..tools.explain import explain, field_to_mend
from ..tools.private_key import (
    COLUMNS,
    create_column,
    read,
    read_for_tenant,
    read_of_server,
    store,
)

KEY_FIELDS = ("public_key", "private_key")

SAVED_FIELDS = (
    "server_url",
    "company_login_id",
    "public_key",
    "client_id",
    "sync_contacts",
    "auto_enable_contacts",
)


def _find_private_key(wizard):
    """Return the server's own key, else the one that was typed, else the saved one.

    The saved one is for the saved ConnectWise only: another address must not get it,
    whoever typed that. A function, so that no template can call it (`private_key`).

    :raises SecretKeyError: if what is stored cannot be decrypted
    """
    hosts = wizard.env["connectwise.backend"]._get_local_hosts()
    return (
        read_of_server(wizard.server_url, hosts)
        or read(wizard)
        or read_for_tenant(wizard._get_backend(), wizard._get_tenant())
    )


class ConnectwiseBackendConfigure(models.TransientModel):
    """*Configure*: asks for the connection step by step; only *Save* stores it."""

    _name = "connectwise.backend.configure"
    _description = "Configure ConnectWise PSA"

    # Nothing is required in the database: its error would quote the row, with the key.
    company_id = fields.Many2one(
        "res.company", readonly=True, default=lambda self: self.env.company
    )
    owner_name = fields.Char(
        compute="_compute_owner_name",
        help="Whose connection it is, where this person may not change it.",
    )
    step = fields.Selection(
        [
            ("address", "Your ConnectWise"),
            ("keys", "API Keys"),
            ("contacts", "ConnectWise Contact Importing"),
            ("another", "Another ConnectWise"),
        ],
        default="address",
    )
    company_login_id = fields.Char("Company Login ID")
    region = fields.Selection(
        [
            ("na", "North America"),
            ("eu", "Europe"),
            ("au", "Australia (au)"),
            ("aus", "Australia (aus)"),
            ("za", "South Africa"),
            ("staging", "Staging"),
            ("own", "Own server"),
        ],
        "Where?",
        compute="_compute_region",
        readonly=False,
    )
    server_url = fields.Char("Address")
    client_id = fields.Char("Client ID")
    is_client_id_on_server = fields.Boolean(compute="_compute_is_client_id_on_server")
    public_key = fields.Char()
    private_key = fields.Char(
        compute="_compute_private_key", inverse="_inverse_private_key"
    )
    has_private_key = fields.Boolean(compute="_compute_private_key")
    is_private_key_on_server = fields.Boolean(compute="_compute_private_key")
    sync_contacts = fields.Boolean("Synchronize customers/contacts from ConnectWise")
    auto_enable_contacts = fields.Boolean(
        "Automatically enable contacts imported from ConnectWise that match accounting"
        " client companies"
    )
    error_field = fields.Char(readonly=True)
    error_message = fields.Char(readonly=True)
    access_summary = fields.Char(readonly=True)
    access_missing = fields.Char(readonly=True)
    missing_rights = fields.Json(readonly=True)
    another_explanation = fields.Text(compute="_compute_another_explanation")

    def init(self):
        create_column(self)
        return super().init()

    def _register_hook(self):
        super()._register_hook()
        encrypt_stored(self.env.cr, self._table, COLUMNS[self._name])

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        backend = self._get_backend()
        if backend:
            values.update({name: backend[name] for name in SAVED_FIELDS})
        return {name: value for name, value in values.items() if name in fields}

    def _get_company(self):
        # Another one may have been chosen in another tab since the dialog was opened.
        return self.company_id or self.env.company

    def _get_backend(self):
        # An archived connection is taken up again instead of colliding with a new one.
        backend = self._get_company()._find_connectwise_backend().with_env(self.env)
        # Whoever creates the dialog over RPC can name any company.
        backend.check_access("read")
        return backend

    @api.depends("company_id")
    def _compute_owner_name(self):
        for wizard in self:
            backend = wizard._get_backend()
            is_own = backend.has_access("write")
            wizard.owner_name = not is_own and backend.sudo().company_id.name

    def _compute_is_client_id_on_server(self):
        server_client_id = self.env["connectwise.backend"]._get_server_client_id()
        self.is_client_id_on_server = bool(server_client_id)

    @api.depends("server_url", "company_login_id")
    def _compute_another_explanation(self):
        for wizard in self:
            wizard.another_explanation = wizard._explain_another()

    def _explain_another(self):
        """Say what happens to what was learned, if this is another ConnectWise.

        :return: str, or False if it is the same, or nothing was learned yet
        """
        backend = self._get_backend()
        if not backend or backend._get_tenant() == self._get_tenant():
            return False
        learned = backend._count_learned()
        if not any(learned.values()):
            return False
        _ = self.env._
        here = (self.company_login_id, self.server_url)
        before = (backend.company_login_id, backend.server_url)
        sentences = [
            _(
                "%(new)s is another ConnectWise than %(old)s.",
                new=" @ ".join((text or "").strip() for text in here),
                old=" @ ".join(before),
            )
        ]
        if count := learned["connections"]:
            sentences.append(
                _(
                    "%s connections will be checked against it. Those whose company has"
                    " the same Company ID or Account ID there stay; the others wait for"
                    " you.",
                    count,
                )
            )
        if count := learned["unsent"]:
            sentences.append(
                _("%s PDFs that nobody received yet are fetched again.", count)
            )
        if count := learned["sent"]:
            sentences.append(
                _("%s PDFs that customers received stay as they are.", count)
            )
        return "\n".join(sentences)

    @api.depends("server_url")
    def _compute_region(self):
        by_host = {host: region for region, host in REGIONS.items()}
        for wizard in self:
            try:
                origin = normalise_address(wizard.server_url or "", ())
            except AddressError:
                wizard.region = wizard.server_url and "own"
            else:
                host = origin.removeprefix("https://")
                wizard.region = by_host.get(host, "own")

    @api.onchange("region")
    def _onchange_region(self):
        if self.region in REGIONS:
            self.server_url = REGIONS[self.region].removeprefix("api-")
        elif self._is_cloud_address():
            self.server_url = False

    def _is_cloud_address(self):
        hosts = {host.removeprefix("api-") for host in REGIONS.values()}
        return self.server_url in hosts

    @api.depends("server_url", "company_login_id")
    def _compute_private_key(self):
        hosts = self.env["connectwise.backend"]._get_local_hosts()
        for wizard in self:
            wizard.private_key = False
            wizard.is_private_key_on_server = bool(
                read_of_server(wizard.server_url, hosts)
            )
            try:
                wizard.has_private_key = bool(_find_private_key(wizard))
            except SecretKeyError:
                wizard.has_private_key = False

    def _inverse_private_key(self):
        backends = self.env["connectwise.backend"]
        for wizard in self:
            if wizard.private_key:
                store(wizard, backends._encrypt(wizard.private_key))
        # A reading in the same request must not bring it back.
        names = ["private_key", "has_private_key"]
        self.invalidate_recordset(names, flush=False)

    # -------------------------------------------------------------------------
    # Buttons
    # -------------------------------------------------------------------------

    def action_next(self):
        """Test this step's entries; go to the next one, or say what to mend."""
        self.ensure_one()
        self._get_backend().check_access("write")
        if self.step == "address":
            if self._test_address():
                self.step = "keys"
        elif self._test_keys():
            self.step = "contacts"
        else:
            self._go_to_error()
        return self._reopen()

    def action_back(self):
        """Go to the step before, keeping what was entered."""
        self.ensure_one()
        self._clear_error()
        before = {"another": "contacts", "contacts": "keys"}
        self.step = before.get(self.step, "address")
        return self._reopen()

    def action_save(self):
        """Test everything, then store the connection and both options together.

        Where the connection does not work nothing is stored, and the step with the
        field to mend is shown again. What it means to connect another ConnectWise is
        said before.
        """
        self.ensure_one()
        self._get_backend().check_access("write")
        if not self._check_address() or not self._test_keys(self.sync_contacts):
            self._go_to_error()
            return self._reopen()
        if self.step != "another" and self._explain_another():
            self.step = "another"
            return self._reopen()
        values = {name: self[name] for name in SAVED_FIELDS}
        values["server_url"] = values["server_url"].strip()
        backend = self._get_backend()
        if self.is_private_key_on_server:
            # Where the server has a key of its own, none is needed in the database.
            store(backend, None)
        elif typed := read(self):
            values["private_key"] = typed
        if backend:
            backend.write({**values, "active": True})
        else:
            backend = backend.create({**values, "company_id": self._get_company().id})
        backend._note_configured(self.missing_rights or ())
        missing = self.access_missing
        self.sudo().unlink()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if missing else "success",
                "title": self.env._("ConnectWise PSA was saved, but a right is missing")
                if missing
                else self.env._("ConnectWise PSA is connected"),
                "message": missing
                or self.env._(
                    "Now set your Invoice PDF Priority at the bottom of this page."
                ),
                "sticky": bool(missing),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Configure ConnectWise PSA"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # -------------------------------------------------------------------------
    # Tests
    # -------------------------------------------------------------------------

    def _clear_error(self):
        self.write({"error_field": False, "error_message": False})

    def _set_error(self, field, message):
        self.write({"error_field": field, "error_message": message})

    def _go_to_error(self):
        # The message is shown beside the field to mend.
        self.step = "keys" if self.error_field in KEY_FIELDS else "address"

    def _check_address(self):
        self._clear_error()
        for name in ("company_login_id", "server_url"):
            if not (self[name] or "").strip():
                self._set_error(name, self.env._("Please fill in this field."))
                return False
        return True

    def _test_address(self):
        if not self._check_address():
            return False
        # Nothing is asked with the keys, so the private one is not even read.
        if self._test(lambda client: client.discover(), private_key=""):
            return True
        if self.error_field in KEY_FIELDS:
            # It is not ConnectWise that answered so.
            self.error_field = "server_url"
        return False

    def _test_keys(self, include_contacts=False):
        self._clear_error()
        self.write(
            {"access_summary": False, "access_missing": False, "missing_rights": False}
        )
        try:
            private_key = _find_private_key(self)
        except SecretKeyError as error:
            self._set_error("private_key", explain(self.env, error))
            return False
        for name, value in (
            ("public_key", self.public_key),
            ("private_key", private_key),
        ):
            if not (value or "").strip():
                self._set_error(name, self.env._("Please fill in this field."))
                return False

        def check(client):
            report = client.check_access(include_contacts=include_contacts)
            for error in report.errors:
                raise error
            backends = self.env["connectwise.backend"]
            self.access_summary = backends._describe_access(report)
            if report.missing:
                self.missing_rights = report.missing
                self.access_missing = backends._explain_missing_rights(report.missing)

        return self._test(check, private_key)

    def _test(self, question, private_key):
        """Ask ConnectWise `question(client)`; say beside the field what is wrong."""
        backends = self.env["connectwise.backend"]
        try:
            with ConnectWiseClient(
                self.server_url,
                Credentials(
                    self.company_login_id.strip(),
                    (self.public_key or "").strip(),
                    private_key.strip(),
                    (self.client_id or "").strip() or backends._get_server_client_id(),
                ),
                replace(INTERACTIVE, total=SECONDS_FOR_PERSON),
                local_hosts=backends._get_local_hosts(),
            ) as client:
                question(client)
        except ConnectWiseError as error:
            self._set_error(
                field_to_mend(error) or "server_url", explain(self.env, error)
            )
            return False
        return True

    def _get_tenant(self):
        return get_tenant(self.server_url, self.company_login_id)
