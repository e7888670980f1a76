from markupsafe import Markup

from odoo import fields, models
from odoo.tools import format_datetime

from ..tools.connection import tile
from ..tools.connection.explain import describe_error


class ConnectwiseIntegrations(models.TransientModel):
    """The *Integrations* page of the current company: the tile and the priority."""

    _name = "connectwise.integrations"
    _description = "Integrations"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    state = fields.Selection(
        [
            ("draft", "Not configured"),
            ("connected", "Connected"),
            ("error", "Needs attention"),
        ],
        compute="_compute_tile",
    )
    environment = fields.Char(compute="_compute_tile")
    where = fields.Char(compute="_compute_tile")
    last_success = fields.Char(compute="_compute_tile")
    last_error = fields.Char(compute="_compute_tile")
    sync_statistics = fields.Char(compute="_compute_tile")
    connected = fields.Integer(compute="_compute_tile")
    conflicts = fields.Integer(compute="_compute_tile")
    not_connected = fields.Integer(compute="_compute_tile")
    callbacks = fields.Char(compute="_compute_tile")
    pdf_statistics = fields.Char(compute="_compute_tile")
    priority = fields.Char("Invoice PDF Priority", compute="_compute_priority")
    is_priority_unused = fields.Boolean(compute="_compute_priority")
    is_connected = fields.Boolean(
        "1. Connect your ConnectWise", compute="_compute_steps"
    )
    is_ordered = fields.Boolean(
        "2. Put ConnectWise PSA before Odoo", compute="_compute_steps"
    )
    is_mapped = fields.Boolean(
        "3. Connect your customers to ConnectWise's", compute="_compute_steps"
    )
    is_tried = fields.Boolean(
        "4. Try one: open an invoice, press Preview", compute="_compute_steps"
    )

    def _compute_display_name(self):
        # The web client shows it as the page's title.
        self.display_name = self.env._("Integrations")

    def _compute_tile(self):
        for page in self:
            backend = page._get_backend()
            page.state = backend.state or "draft"
            page.environment = backend.environment
            page.where = (
                bool(backend) and f"{backend.company_login_id} @ {backend.server_url}"
            )
            page.last_success = backend.last_success and format_datetime(
                self.env, backend.last_success, dt_format="short"
            )
            page.last_error = describe_error(backend)
            page.sync_statistics = tile.describe_sync(backend)
            page.callbacks = tile.describe_callbacks(backend)
            page.update(tile.count_rows(backend))
            page.pdf_statistics = bool(backend) and tile.describe_month(page.company_id)

    def _compute_steps(self):
        for page in self:
            page.update(
                tile.find_steps(page.company_id, page._get_backend(), page.connected)
            )

    def _compute_priority(self):
        Source = self.env["invoice.pdf.source"]
        for page in self:
            company = page.company_id._get_company_of_priority()
            lines = Source.search([("company_id", "=", company.id)])
            page.priority = " · ".join(
                f"{rank} {line._get_label()}"
                for rank, line in enumerate(lines, start=1)
            )
            page.is_priority_unused = (
                page.state != "draft" and "connectwise" not in lines.mapped("source")
            )

    def action_why(self):
        """Open this month's invoices whose PDF is not from the first source."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        others = tile.find_other_sources(self.company_id)
        action["domain"] = list(tile.find_month(self.company_id, others))
        action["context"] = {"default_move_type": "out_invoice"}
        action["help"] = Markup('<p class="o_view_nocontent_smiling_face">%s</p>') % (
            self.env._("Every PDF of this month is the first choice")
        )
        why = {
            mode: self.env.ref(f"benji_connectwise.account_move_view_{mode}_why").id
            for mode in ("list", "kanban")
        }
        action["views"] = [
            (why.get(mode, view_id), mode) for view_id, mode in action["views"]
        ]
        return action

    def action_open_connected(self):
        """Open the report's rows of connected customers."""
        return self._open_rows("connected", self.env._("Connected"))

    def action_open_conflicts(self):
        """Open the report's rows that need a decision."""
        return self._open_rows("conflicts", self.env._("Conflicts"))

    def action_open_not_connected(self):
        """Open the report's rows of customers that are not connected."""
        return self._open_rows("not_connected", self.env._("Not connected"))

    def _open_rows(self, kind, name):
        action = self.env["connectwise.mapping"].action_open_report()
        domain = list(tile.find_rows(self._get_backend(), kind))
        return {**action, "name": name, "display_name": name, "domain": domain}

    def action_test_connection(self):
        """Test the connection of this page's company."""
        backend = self._get_backend()
        return backend.action_test_connection() if backend else None

    def action_open_settings(self):
        """Open the connection's further settings."""
        return self._get_backend()._get_records_action(
            name=self.env._("ConnectWise PSA")
        )

    def _get_backend(self):
        # A person can create the page for any company over RPC.
        self.company_id.check_access("read")
        return self.company_id._get_connectwise_backend().with_env(self.env)
