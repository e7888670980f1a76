from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.invoice_pdf.judging import judge_found
from ..tools.mapping import connecting, disconnecting, report, undoing
from ..tools.mapping import rows as mapping_rows
from ..tools.mapping import words as mapping_words


class ConnectwiseMapping(models.Model):
    """A row of the Customer Mapping Report: one Odoo customer of one connection."""

    _name = "connectwise.mapping"
    _inherit = ["mail.thread"]
    _description = "Customer Mapping"
    _order = "partner_name, id"
    _rec_name = "partner_id"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Accounting Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_name = fields.Char(related="partner_id.name", store=True, index=True)
    partner_ref = fields.Char("Reference", related="partner_id.ref")
    connectwise_company_id = fields.Many2one(
        "connectwise.company", "ConnectWise Customer", index="btree_not_null"
    )
    connection = fields.Selection(
        [
            ("account_id", "Account ID"),
            ("company_name", "Company Name"),
            ("suggestion", "Suggestion"),
            ("manual", "Manual"),
        ],
        readonly=True,
        help="Suggestion: connected together with others, not checked one by one.",
    )
    last_updated = fields.Datetime(readonly=True)
    disconnected = fields.Boolean(
        readonly=True,
        help="A person disconnected this customer: it is not connected automatically.",
    )
    disconnected_at = fields.Datetime(readonly=True)
    disconnected_by_id = fields.Many2one("res.users", readonly=True)
    disconnected_company_ids = fields.Many2many(
        "connectwise.company",
        "connectwise_mapping_disconnected_rel",
        "mapping_id",
        "company_id",
        "Disconnected From",
        readonly=True,
        help="Invoices of these companies are refused.",
    )
    is_set_aside = fields.Boolean(
        readonly=True,
        help="It was connected to a company that the present ConnectWise does not have,"
        " or has under another id. Matching leaves it alone until a person decides.",
    )
    has_conflict = fields.Boolean("Conflict", readonly=True)
    conflict = fields.Json(
        "Conflict Details",
        readonly=True,
        help="The kind of the conflict, and the ids of the companies and rows"
        " concerned.",
    )
    bill_to_ids = fields.One2many(
        "connectwise.bill.to", "mapping_id", readonly=True, help="One at most."
    )
    contact_id = fields.Many2one(
        related="bill_to_ids.contact_id",
        store=True,
        ondelete="set null",
        index="btree_not_null",
    )
    contact_origin = fields.Selection(related="bill_to_ids.origin")
    contact_decision = fields.Selection(related="bill_to_ids.decision")
    contact_enabled = fields.Boolean(
        "Enabled",
        related="contact_id.connectwise_enabled",
        inverse="_inverse_contact_enabled",
        readonly=False,
    )
    sync_paused = fields.Boolean(compute="_compute_sync_paused")
    is_self_written = fields.Boolean(
        "Changed by the Customer", related="partner_id.connectwise_self_written"
    )
    connection_text = fields.Char("Connection Status", compute="_compute_texts")
    contact_text = fields.Char("Bill-To", compute="_compute_texts")
    contact_message = fields.Char(compute="_compute_texts")
    conflict_text = fields.Char(compute="_compute_texts")
    environment = fields.Selection(related="backend_id.environment")
    message = fields.Char(
        compute="_compute_texts", help="Everything to know about this row."
    )
    connectwise_status = fields.Char(
        "ConnectWise Status", related="connectwise_company_id.status"
    )
    connectwise_account_number = fields.Char(
        "ConnectWise Account ID", related="connectwise_company_id.account_number"
    )
    is_gone = fields.Boolean(
        "Deleted in ConnectWise", related="connectwise_company_id.is_deleted"
    )
    # For export and import: unlike the record's id, it is the same in every database.
    connectwise_ref = fields.Integer(
        "ConnectWise ID",
        related="connectwise_company_id.connectwise_ref",
        inverse="_inverse_connectwise_ref",
        readonly=False,
        help="ConnectWise's number of the connected company. Importing another number"
        " connects by hand, importing 0 disconnects.",
    )
    has_open_invoices = fields.Boolean(
        compute="_compute_has_open_invoices", search="_search_has_open_invoices"
    )

    _partner_backend_unique = models.UniqueIndex("(backend_id, partner_id)")

    @api.depends("backend_id.sync_contacts", "contact_id")
    def _compute_sync_paused(self):
        for mapping in self:
            mapping.sync_paused = bool(
                mapping.contact_id and not mapping.backend_id.sync_contacts
            )

    @api.depends(
        "backend_id.server_url",
        "sync_paused",
        "connection",
        "connectwise_company_id.is_deleted",
        "connectwise_company_id.is_confirmed",
        "disconnected",
        "disconnected_at",
        "disconnected_by_id",
        "has_conflict",
        "conflict",
        "contact_id.name",
        "contact_id.email",
        "bill_to_ids.note",
        "is_self_written",
    )
    @api.depends_context("lang", "tz")
    def _compute_texts(self):
        for mapping in self:
            note = mapping.bill_to_ids.note
            mapping.contact_message = mapping_words.explain_contact(self.env, note)
            mapping.conflict_text = mapping_words.explain_conflict(
                self.env, mapping.has_conflict and mapping.conflict
            )
            mapping.contact_text = mapping_words.describe_contact(mapping)
            mapping.connection_text = mapping_words.describe_connection(mapping)
            mapping.message = mapping_words.explain_row(mapping)

    def _inverse_connectwise_ref(self):
        refs = {mapping: mapping.connectwise_ref for mapping in self}
        for mapping, ref in refs.items():
            mapping._connect_as_written(connecting.find_company(mapping, ref))

    def _inverse_contact_enabled(self):
        for mapping in self:
            # Importing what was exported decides nothing. Most rows have no contact.
            if mapping.contact_enabled != mapping.contact_id.connectwise_enabled:
                decision = "enabled" if mapping.contact_enabled else "disabled"
                mapping._decide_about_contact(decision)

    def _compute_has_open_invoices(self):
        having = self.search([("id", "in", self.ids), ("has_open_invoices", "=", True)])
        for mapping in self:
            mapping.has_open_invoices = mapping in having

    def _search_has_open_invoices(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("id", "in", mapping_rows.query_open_invoices(self.env))

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        # A text is sorted by the field that it describes.
        like = {"connection_text": "connection", "contact_text": "contact_id"}
        field_name = like.get(field_name, field_name)
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        judge_found(mappings.connectwise_company_id)
        return mappings

    def write(self, vals):
        if not self.env.su:
            return self._write_by_hand(vals)
        if vals.keys().isdisjoint({"connectwise_company_id", "partner_id"}):
            return super().write(vals)
        before = self.connectwise_company_id
        result = super().write(vals)
        judge_found(before | self.connectwise_company_id)
        return result

    def _write_by_hand(self, vals):
        """Connect by hand if a person writes a connection, for instance by import.

        All other fields are written by the addon alone, as superuser.
        """
        self._check_may_change()
        own = {
            name: vals[name]
            # Connected first, because that brings the contact to be enabled.
            for name in sorted(vals, key=lambda name: name == "contact_enabled")
            if name in ("connectwise_ref", "contact_enabled")
            or name.startswith(("message_", "website_"))
        }
        others = set(vals) - set(own) - {"connectwise_company_id"}
        if others and "_import_current_module" not in self.env.context:
            raise AccessError(
                self.env._("Only connecting and disconnecting can change this.")
            )
        if "connectwise_company_id" in vals:
            company = self.env["connectwise.company"].browse(
                vals["connectwise_company_id"] or ()
            )
            for mapping in self:
                mapping._connect_as_written(company)
        return super().write(own) if own else True

    def unlink(self):
        self.check_access("unlink")
        disconnecting.remove_contacts(self)
        companies = self.connectwise_company_id
        result = super().unlink()
        judge_found(companies)
        return result

    def _connect_as_written(self, company):
        """Connect by hand to `company`, or disconnect if it is empty.

        Do nothing if the row is like that already.
        """
        if company == self.connectwise_company_id:
            return
        if company:
            self.connect(company)
        else:
            self.action_disconnect()

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def _check_may_change(self):
        if not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(
                self.env._("Only an Invoicing administrator can change the mapping.")
            )
        self.check_access("write")

    def action_connect(self):
        """Open the dialog "+" for this row."""
        self.ensure_one()
        self._check_may_change()
        # Saved now, because the buttons of its suggestions need saved records.
        dialog = self.env["connectwise.mapping.connect"].create({"mapping_id": self.id})
        return dialog._get_records_action(
            name=self.env._("Connect %s with", self.partner_id.display_name),
            target="new",
            context={"default_mapping_id": self.id, "dialog_size": "extra-large"},
        )

    def connect(self, company):
        """Connect this customer to `company` by hand; this lifts its exclusion.

        :param company: `connectwise.company` record or its id
        :raises UserError: if it is of another connection, deleted or not confirmed
        """
        self.ensure_one()
        self._check_may_change()
        if isinstance(company, int):
            company = self.env["connectwise.company"].browse(company)
        connecting.connect(self.sudo(), company.sudo().exists())
        return True

    def action_confirm(self):
        """Confirm the connection of this row, or the name that the customer wrote.

        :return: a notification that says what holds now
        :raises UserError: if there is neither
        """
        self.ensure_one()
        self._check_may_change()
        connecting.confirm(self.sudo())
        return mapping_words.describe_confirmed(self)

    def action_ask_disconnect(self):
        """Open the dialog that asks whether to disconnect these customers."""
        self._check_may_change()
        return mapping_words.ask_disconnect(self)

    def action_disconnect(self):
        """Remove the connections; automatic matching leaves these customers alone.

        :return: a notification that offers to undo it
        """
        self._check_may_change()
        rows = self.sudo().filtered(
            lambda row: row.connectwise_company_id or row.is_set_aside
        )
        before = [disconnecting.disconnect(row) for row in rows]
        return mapping_words.describe_disconnected(rows, list(filter(None, before)))

    def action_undo_disconnect(self, before):
        """Connect these customers again as they were.

        :param before: the value in the notification that `action_disconnect` returned
        """
        self._check_may_change()
        undoing.undo_disconnect(self.sudo(), before)
        return True

    def enable_contact(self):
        """Let these contacts receive their customers' invoices."""
        return self._decide_about_contact("enabled")

    def disable_contact(self):
        """Stop mailing invoices to these contacts, queued e-mails included."""
        return self._decide_about_contact("disabled")

    def _decide_about_contact(self, decision):
        self._check_may_change()
        bill_tos = self.sudo().bill_to_ids.filtered("contact_id")
        if not bill_tos:
            raise UserError(self.env._("There is no contact from ConnectWise."))
        bill_tos._decide(decision)
        return True

    @api.model
    def action_open_report(self):
        """Open the report for the selected companies, after adding missing rows."""
        self.check_access("read")
        for company in self.env.companies:
            self._ensure_rows(company._get_connectwise_backend())
        return report.prepare_report(self._get_current_backend())

    def action_rescan(self):
        """Open the dialog *Rescan* of the current company's connection."""
        self._check_may_change()
        backend = self._get_current_backend()
        report.check_connected(backend)
        return backend.action_rescan()

    @api.model
    def get_report_status(self):
        """Return the status line above the report; see `describe_status`."""
        self.check_access("read")
        return report.describe_status(self._get_current_backend())

    @api.model
    def _get_current_backend(self):
        backend = self.env.company._get_connectwise_backend()
        return backend.with_env(self.env)

    @api.model
    def _ensure_rows(self, backends):
        """Create the missing rows of the report: one for each accounting customer."""
        for backend in backends.sudo():
            mapping_rows.add_rows(backend)

    def _is_certain(self):
        """Whether a person or an Account ID made this connection, not a name alone."""
        return self.connection in ("account_id", "manual")

    def _get_trusted_company(self):
        """Return the connected company, if the present ConnectWise has it."""
        return self.connectwise_company_id.filtered("is_confirmed")

    def _is_contact_mailed(self):
        """Whether the contact receives its customer's invoices."""
        return bool(self.contact_id.connectwise_enabled and self._get_trusted_company())

    def _log(self, text):
        # The author is given, because the code may run as superuser.
        author = self.env.user.partner_id.id
        bodies = dict.fromkeys(self.ids, text)
        self._message_log_batch(bodies=bodies, author_id=author)

    def _log_for_customer(self, text):
        """Log an act of a person here and on the customer, where more people see it."""
        self._log(text)
        self.partner_id._message_log(
            body=self.env._("ConnectWise PSA: %s", text),
            author_id=self.env.user.partner_id.id,
        )
