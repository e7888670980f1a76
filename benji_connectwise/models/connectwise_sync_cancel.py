from odoo import fields, models


class ConnectwiseSyncCancel(models.Model):
    """A person's request to end a synchronization.

    It has a table of its own, because the scheduled action locks the synchronization's
    row.
    """

    _name = "connectwise.sync.cancel"
    _description = "Cancelled ConnectWise Synchronization"
    _log_access = False
    _rec_name = "sync_id"

    sync_id = fields.Many2one(
        "connectwise.sync", required=True, index=True, ondelete="cascade"
    )
