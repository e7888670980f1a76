from datetime import timedelta

from odoo import api, fields, models


class ConnectwiseCallbackMessage(models.Model):
    """The id of a trusted call, kept for a day so that no call counts twice."""

    _name = "connectwise.callback.message"
    _description = "Call from ConnectWise"
    _rec_name = "message"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, ondelete="cascade"
    )
    message = fields.Char(required=True)

    _message_unique = models.UniqueIndex("(backend_id, message)")

    @api.autovacuum
    def _forget_old(self):
        a_day_ago = fields.Datetime.now() - timedelta(days=1)
        old = self.search([("create_date", "<", a_day_ago)], limit=10_000)
        old.unlink()
        # Odoo calls this again if the second value is true.
        return len(old), len(old) == 10_000
