from odoo import fields, models


class ConnectwiseSyncCancel(models.Model):
    """A person's wish to end a synchronization.

    A row of its own, because the scheduled action holds the synchronization's row.
    """

    _name = "connectwise.sync.cancel"
    _description = "Cancelled ConnectWise Synchronization"
    _log_access = False
    _rec_name = "sync_id"

    sync_id = fields.Many2one(
        "connectwise.sync", required=True, index=True, ondelete="cascade"
    )
