from odoo import api, models
from odoo.tools import SQL

from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

UNFINISHED = ("wait_dependencies", "pending", "enqueued", "started")


class QueueJob(models.Model):
    _inherit = "queue.job"

    @api.model
    def _has_runner(self):
        """Whether a job runner serves this database, on any server.

        A runner holds an advisory lock (queue_job, jobrunner/runner.py).
        """
        [[has_runner]] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM pg_locks
                     WHERE locktype = 'advisory' AND granted AND objsubid = 1
                       AND database = (SELECT oid FROM pg_database
                                        WHERE datname = current_database())
                       AND (classid::bigint << 32) | objid::bigint = %s)
                """,
                PG_ADVISORY_LOCK_ID,
            )
        )
        return has_runner

    @api.model
    def _get_unfinished(self, model, method):
        """Return the records of `model` that unfinished jobs call `method` on.

        Identity keys do not suffice: they prevent a second job only until the first one
        starts.
        """
        jobs = self.search(
            [
                ("model_name", "=", model),
                ("method_name", "=", method),
                ("state", "in", UNFINISHED),
            ]
        )
        ids = [record.id for job in jobs for record in job.records]
        return self.env[model].browse(ids)
