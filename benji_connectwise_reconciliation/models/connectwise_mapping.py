from odoo import api, models


class ConnectwiseMapping(models.Model):
    _inherit = "connectwise.mapping"

    @api.model
    def get_report_status(self):
        """Add the newest comparison to the status line above the report."""
        status = super().get_report_status()
        found = self.env["connectwise.reconciliation.run"]._describe_newest(
            self._get_current_backend()
        )
        # What is running or wrong comes first.
        if found and status["level"] == "muted":
            status["text"] = self.env._(
                "%(status)s · Reconciliation: %(found)s",
                status=status["text"],
                found=found,
            )
        return status
