from odoo import api, fields, models
from odoo.fields import Domain

from ..const import CALLED_SYNCS_APART


class ConnectwiseCallbackChange(models.Model):
    """The type and id of a record that ConnectWise called about, until it is read.

    One for each call: the record may have been read for an earlier call a moment ago.
    """

    _name = "connectwise.callback.change"
    _description = "Record that ConnectWise Called About"
    _rec_name = "ref"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, ondelete="cascade"
    )
    kind = fields.Char(required=True)
    ref = fields.Integer(required=True)

    _backend_index = models.Index("(backend_id, kind)")

    @api.model
    def _find(self, backend, *kinds):
        return self.search([("backend_id", "=", backend.id), ("kind", "in", kinds)])

    @api.model
    def _forget_synced(self, sync):
        """Forget the changes that came before a synchronization began, which read them.

        Later ones start another synchronization.
        """
        called = self._find(sync.backend_id, "company", "contact")
        done = called.filtered_domain(Domain("create_date", "<=", sync.started_at))
        done.unlink()
        if called - done:
            sync.backend_id._trigger_sync(self._get_next_sync(sync.backend_id))

    @api.model
    def _get_next_sync(self, backend):
        """Return when a call may start the next synchronization."""
        now = fields.Datetime.now()
        return max(now, (backend.last_sync or now) + CALLED_SYNCS_APART)
