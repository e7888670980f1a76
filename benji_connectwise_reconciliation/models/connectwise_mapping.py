from odoo import api, models


class ConnectwiseMapping(models.Model):
    _inherit = "connectwise.mapping"

    @api.model
    def get_report_status(self):
        """Add the newest comparison to the status line above the report."""
        status = super().get_report_status()
        # A rescan or a problem is more important, and its status is read every two
        # seconds.
        if status["level"] != "muted":
            return status
        runs = self.env["connectwise.reconciliation.run"]
        if run := runs._find_newest(self._get_current_backend()):
            status["text"] = self.env._(
                "%(status)s · Reconciliation: %(count)s differences",
                status=status["text"],
                count=run.open_count,
            )
        return status
