from odoo import api, fields, models

from ..tools.connection import configuring
from ..tools.connection.private_key import create_column, store_typed_key
from ..tools.connection.tenant import explain_another, find_environment


class ConnectwiseBackendConfigure(models.TransientModel):
    """*Configure*: asks for the connection step by step; only *Save* stores it."""

    _name = "connectwise.backend.configure"
    _description = "Configure ConnectWise PSA"

    # No field is required: the database's error would quote the row, with the key.
    company_id = fields.Many2one(
        "res.company", readonly=True, default=lambda self: self.env.company
    )
    owner_notice = fields.Char(
        compute="_compute_owner_notice",
        help="Which company has the connection, if this person may not change it.",
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
        configuring.REGION_NAMES, "Where?", compute="_compute_region", readonly=False
    )
    server_url = fields.Char("Address")
    environment = fields.Char(compute="_compute_region")
    client_id = fields.Char("Client ID")
    is_client_id_on_server = fields.Boolean(compute="_compute_private_key")
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

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if backend := self._get_backend():
            values.update({name: backend[name] for name in configuring.SAVED_FIELDS})
        return {name: value for name, value in values.items() if name in fields}

    def _get_backend(self):
        # Not `env.company`, which may have been switched in another tab. Archived
        # connections count too.
        company = self.company_id or self.env.company
        backend = company.sudo().connectwise_backend_id.with_env(self.env)
        # A person can create the dialog for any company over RPC.
        backend.check_access("read")
        return backend

    @api.depends("company_id")
    def _compute_owner_notice(self):
        for wizard in self:
            backend = wizard._get_backend()
            wizard.owner_notice = not backend.has_access("write") and self.env._(
                "This is the connection of %s, which its branches use. Switch to that"
                " company to change it.",
                backend.sudo().company_id.name,
            )

    @api.depends("server_url", "company_login_id")
    def _compute_another_explanation(self):
        for wizard in self:
            wizard.another_explanation = explain_another(
                wizard._get_backend(), wizard.server_url, wizard.company_login_id
            )

    @api.depends("server_url")
    def _compute_region(self):
        for wizard in self:
            wizard.region = configuring.get_region(wizard.server_url)
            wizard.environment = find_environment(wizard.server_url)

    @api.onchange("region")
    def _onchange_region(self):
        self.server_url = configuring.get_address(self.region, self.server_url)

    @api.depends("server_url", "company_login_id")
    def _compute_private_key(self):
        for wizard in self:
            wizard.update(configuring.describe_keys(wizard))

    def _inverse_private_key(self):
        for wizard in self:
            store_typed_key(wizard)
        self.invalidate_recordset(["has_private_key"], flush=False)

    @api.onchange("sync_contacts")
    def _onchange_sync_contacts(self):
        if self.step == "contacts":
            self.update(configuring.check_option(self))

    def action_next(self):
        """Test the entries of this step; show the next step, or what to correct."""
        self.ensure_one()
        self._get_backend().check_access("write")
        if self.step == "address":
            self.write(configuring.check_typed_address(self))
            return self._go_to("address" if self.error_field else "keys")
        self.write(configuring.check_everything(self))
        return self._go_to(configuring.get_step_of_error(self) or "contacts")

    def action_back(self):
        """Show the previous step, and keep the entries."""
        self.ensure_one()
        self.write(configuring.NOTHING_WRONG)
        before = {"another": "contacts", "contacts": "keys"}
        return self._go_to(before.get(self.step, "address"))

    def action_save(self):
        """Test all entries, then store the connection and both options together.

        If a test fails, nothing is stored. If the entries name another ConnectWise, a
        step that explains the consequences comes first.
        """
        self.ensure_one()
        backend = self._get_backend()
        backend.check_access("write")
        self.write(configuring.check_everything(self))
        if step := configuring.get_step_of_error(self):
            return self._go_to(step)
        if self.step != "another" and self.another_explanation:
            return self._go_to("another")
        notification = configuring.save(self, backend)
        self.sudo().unlink()
        return notification

    def _go_to(self, step):
        self.step = step
        return self._get_records_action(
            name=self.env._("Configure ConnectWise PSA"), target="new"
        )
