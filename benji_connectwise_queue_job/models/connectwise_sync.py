from odoo import models
from odoo.tools import split_every

from odoo.addons.benji_connectwise.lib.connectwise_client import ConnectWiseError
from odoo.addons.benji_connectwise.tools.connection.asking import asking
from odoo.addons.benji_connectwise.tools.sync.runs import put_off
from odoo.addons.benji_connectwise.tools.sync.synchronization import plan_ranges

RANGES_PER_JOB = 8
"""Ranges, of a page each, that one job reads, four at a time. Starting a job takes
about as long as reading a page."""


class ConnectwiseSync(models.Model):
    _inherit = "connectwise.sync"

    def _run_in_steps(self, end):
        """Let jobs read the companies of a full synchronization; do the rest here."""
        Job = self.env["queue.job"].sudo()
        if not self.is_full or self._is_cancelled() or not Job._has_runner():
            super()._run_in_steps(end)
            return
        if not self.range_ids:
            self._plan_for_jobs()
        left = self._get_ranges_left()
        if len(self.range_ids) == 1 or (self.range_ids and not left):
            # There is nothing to share, or the jobs have read all.
            self.requests += sum(self.range_ids.mapped("requests"))
            super()._run_in_steps(end)
            return
        left -= Job._get_unfinished("connectwise.sync.range", "_read_as_job")
        for part in split_every(RANGES_PER_JOB, left.ids, left.browse):
            key = ",".join(map(str, part.ids))
            job = part.with_delay(identity_key=f"connectwise_ranges:{key}")
            job._read_as_job()

    def _is_underway(self):
        jobs = self.env["queue.job"].sudo()
        unfinished = jobs._get_unfinished("connectwise.sync.range", "_read_as_job")
        return bool(unfinished & self.range_ids) or super()._is_underway()

    def _get_ranges_left(self):
        return self.range_ids.filtered(lambda row: not row.is_done)

    def _plan_for_jobs(self):
        backend = self.backend_id
        limits = backend._get_background_limits()
        try:
            with asking(backend, limits, of_sync=True) as client:
                plan_ranges(self, client)
                self.requests += client.request_count
        except ConnectWiseError as error:
            put_off(self, error)
