from odoo import models


class ConnectwiseBackend(models.Model):
    _inherit = "connectwise.backend"

    def _note_failure(self, error, of_sync=False):
        # Jobs that run side by side meet the same outage: it is noted once.
        if self.env.context.get("job_uuid") and (
            self._is_sync_resting() if of_sync else self._is_resting()
        ):
            return None
        return super()._note_failure(error, of_sync)

    def _is_underway(self, sync):
        jobs = self.env["queue.job"].sudo()
        unfinished = jobs._get_unfinished("connectwise.sync.range", "_read_as_job")
        return bool(unfinished & sync.range_ids) or super()._is_underway(sync)
