from odoo import fields, models


class ConnectwiseIntegrations(models.TransientModel):
    _inherit = "connectwise.integrations"

    reconciliation_statistics = fields.Char(
        compute="_compute_reconciliation_statistics"
    )

    def _compute_reconciliation_statistics(self):
        for page in self:
            runs = self.env["connectwise.reconciliation.run"]
            page.reconciliation_statistics = runs._describe_newest(page._get_backend())

    def action_open_reconciliation(self):
        """Open the newest comparison of this page's company."""
        self.check_access("read")
        runs = self.env["connectwise.reconciliation.run"]
        return runs.with_company(self.company_id).action_open_report()
