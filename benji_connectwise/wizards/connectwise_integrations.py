from odoo import fields, models
from odoo.tools import format_datetime

from ..tools.invoice_pdf.order import list_sources


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
    where = fields.Char(compute="_compute_tile")
    last_success = fields.Char(compute="_compute_tile")
    last_error = fields.Char(compute="_compute_tile")
    sync_statistics = fields.Char(compute="_compute_tile")
    callbacks = fields.Char(compute="_compute_tile")
    pdf_statistics = fields.Char(compute="_compute_tile")
    priority = fields.Char("Invoice PDF Priority", compute="_compute_priority")
    is_priority_unused = fields.Boolean(compute="_compute_priority")

    def _compute_display_name(self):
        # What the web client shows as the page's title.
        self.display_name = self.env._("Integrations")

    def _compute_tile(self):
        for page in self:
            backend = page._get_backend()
            page.state = backend.state or "draft"
            page.where = (
                backend and f"{backend.company_login_id} @ {backend.server_url}"
            )
            page.last_success = backend.last_success and format_datetime(
                self.env, backend.last_success
            )
            since = (
                backend.failing_since if backend.failure else backend.sync_failing_since
            )
            page.last_error = backend.last_error and (
                self.env._(
                    "%(error)s Since %(time)s.",
                    error=backend.last_error,
                    time=format_datetime(self.env, since),
                )
                if since
                else backend.last_error
            )
            page.sync_statistics = backend.last_sync and page._describe_sync(backend)
            page.callbacks = page._describe_callbacks(backend)
            page.pdf_statistics = backend and page._describe_month()

    def _describe_sync(self, backend):
        domain = [("backend_id", "=", backend.id)]
        return self.env._(
            "Last sync %(time)s · %(companies)s companies · %(connected)s connected",
            time=format_datetime(self.env, backend.last_sync),
            companies=self.env["connectwise.company"].search_count(domain),
            connected=self.env["connectwise.mapping"].search_count(
                [*domain, ("connectwise_company_id.is_confirmed", "=", True)]
            ),
        )

    def _describe_callbacks(self, backend):
        callback = self.env["connectwise.callback"].search(
            [("backend_id", "=", backend.id)]
        )
        if not callback or callback.last_error:
            return callback.last_error
        if not callback.last_call:
            return self.env._("Changes at once: no call yet")
        time = format_datetime(self.env, callback.last_call)
        return self.env._("Changes at once: last call %s", time)

    def _describe_month(self):
        moves = self.env["account.move"].with_company(self.company_id)
        month = fields.Date.start_of(fields.Date.context_today(self), "month")
        domain = [("company_id", "=", self.company_id.id), ("date", ">=", month)]
        Source = self.env["invoice.pdf.source"]
        sources = Source._get_sources(self.company_id.id)
        counts = {
            source: moves.search_count([*domain, ("invoice_pdf_source", "=", source)])
            # In the list or not: Odoo's is the last resort, and a person may have
            # preferred any of them.
            for source in dict.fromkeys([*sources, "odoo", *dict(list_sources(self))])
        }
        return " · ".join(
            f"{count} {Source._get_label(source)}"
            for source, count in counts.items()
            if count or source in sources
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
        month = fields.Date.start_of(fields.Date.context_today(self), "month")
        action["domain"] = [
            ("move_type", "in", ["out_invoice", "out_refund"]),
            ("date", ">=", month),
        ]
        action["context"] = {"search_default_not_first_pdf_source": 1}
        return action

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
        return self.company_id._get_connectwise_backend().with_env(self.env)
