from odoo import api, fields, models
from odoo.fields import Domain

from ..const import CALLED_SYNCS_APART


class ConnectwiseCallbackChange(models.Model):
    """A record that ConnectWise called about, until it is read: type and id alone."""

    _name = "connectwise.callback.change"
    _description = "Record that ConnectWise Called About"
    _rec_name = "ref"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, ondelete="cascade"
    )
    kind = fields.Char(required=True)
    ref = fields.Integer(required=True)

    _record_unique = models.UniqueIndex("(backend_id, kind, ref)")

    @api.model
    def _find(self, backend, *kinds):
        return self.search([("backend_id", "=", backend.id), ("kind", "in", kinds)])

    @api.model
    def _forget_synced(self, sync):
        """Forget what a synchronization read that began after the calls about it."""
        called = self._find(sync.backend_id, "company", "contact")
        done = called.filtered_domain(Domain("create_date", "<=", sync.started_at))
        done.unlink()
        if called - done:
            sync.backend_id._trigger_sync(self._get_next_sync(sync.backend_id))

    @api.model
    def _get_next_sync(self, backend):
        """Return when to synchronize because of a call."""
        now = fields.Datetime.now()
        return max(now, (backend.last_sync or now) + CALLED_SYNCS_APART)
