from odoo import fields, models
from odoo.tools import format_datetime


class ConnectwiseIntegrations(models.TransientModel):
    _inherit = "connectwise.integrations"

    reconciliation_statistics = fields.Char(
        compute="_compute_reconciliation_statistics"
    )

    def _compute_reconciliation_statistics(self):
        for page in self:
            runs = self.env["connectwise.reconciliation.run"]
            run = runs._find_newest(page._get_backend())
            page.reconciliation_statistics = bool(run) and self.env._(
                "%(period)s, compared %(time)s: %(open)s differences, %(accepted)s"
                " accepted",
                period=run.display_name,
                time=format_datetime(self.env, run.compared_at, dt_format="short"),
                open=run.open_count,
                accepted=run.accepted_count,
            )

    def action_open_reconciliation(self):
        """Open the newest comparison of this page's company."""
        self.check_access("read")
        runs = self.env["connectwise.reconciliation.run"]
        return runs.with_company(self.company_id).action_open_report()
