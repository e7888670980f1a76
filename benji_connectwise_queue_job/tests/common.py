"""A job runner that works through the queue when a test says so."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import SUPERUSER_ID, fields

from odoo.addons.benji_connectwise.tests.common import ConnectwiseCommon
from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID


class JobsCommon(ConnectwiseCommon):
    def setUp(self):
        super().setUp()
        # The job runner does the same while it serves a database.
        self.env.cr.execute("SELECT pg_advisory_lock(%s)", [PG_ADVISORY_LOCK_ID])
        self.addCleanup(self.env.cr.execute, "SELECT pg_advisory_unlock_all()")

    def stop_runner(self):
        self.env.cr.execute("SELECT pg_advisory_unlock_all()")

    def run_action(self, name, **later):
        """Run a scheduled action of the main addon; return the jobs it enqueued."""
        before = self.jobs()
        cron = self.env.ref(f"benji_connectwise.{name}")
        with (
            freeze_time(fields.Datetime.now() + timedelta(**later)),
            self.enter_registry_test_mode(),
        ):
            cron.sudo().method_direct_trigger()
        return self.jobs() - before

    def jobs(self, *states):
        domain = [("channel", "=", "root.connectwise")]
        if states:
            domain.append(("state", "in", states))
        return self.env["queue.job"].sudo().search(domain, order="id")

    def run_jobs(self, jobs, **later):
        """Run jobs like a server that the job runner calls."""
        with (
            freeze_time(fields.Datetime.now() + timedelta(**later)),
            self.enter_registry_test_mode(),
        ):
            for job in jobs:
                with self.registry.cursor() as cr:
                    env = self.env(cr=cr, user=SUPERUSER_ID, su=False)
                    job.with_env(env).state = "enqueued"
                    env.flush_all()
                    RunJobController._runjob(
                        env, RunJobController._acquire_job(env, job.uuid)
                    )
