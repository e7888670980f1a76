"""A full synchronization is shared among jobs."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.tests.common import Sandbox

from .common import JobsCommon

COMPANIES = 9000


@tagged("post_install", "-at_install")
class TestSyncJobs(JobsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = cls.enterClassContext(Sandbox(companies=COMPANIES))
        cls._allow_local_host(cls.sandbox.host)
        cls.backend.write(
            {
                "server_url": cls.sandbox.url,
                "private_key": cls.sandbox.private_key,
                "sync_contacts": True,
                "responsible_id": cls.administrator.id,
            }
        )
        cls.backend.action_test_connection()

    def setUp(self):
        super().setUp()
        self.backend.with_user(self.administrator)._request_sync(full=True)
        self.sync = self.backend._get_open_sync()
        self.sandbox.clear_requests()

    def tick(self, **later):
        return self.run_action("ir_cron_connectwise_sync", **later)

    def is_triggered(self):
        """Return whether the scheduled action was triggered since the last call."""
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
        triggers = self.env["ir.cron.trigger"].sudo()
        found = triggers.search([("cron_id", "=", cron.id)])
        return bool(found.unlink() if found else found)

    def known(self):
        return (
            self.env["connectwise.company"]
            .sudo()
            .search_count([("backend_id", "=", self.backend.id)])
        )

    def test_scheduled_action_plans_and_jobs_read(self):
        """The person who asked may not even see the queue."""
        jobs = self.tick()
        self.assertEqual(len(self.requests()), 2)
        self.assertGreater(len(jobs), 1)
        self.assertEqual(
            self.sync.range_ids,
            self.env["connectwise.sync.range"].browse(
                [row.id for job in jobs for row in job.records]
            ),
        )
        self.run_jobs(jobs)
        # Nothing is applied before all of it is known to be plausible.
        staged = self.env["connectwise.sync.company"].sudo().search_count([])
        self.assertGreaterEqual(staged, COMPANIES)
        self.assertFalse(self.known())
        self.tick()
        self.assertGreaterEqual(self.known(), COMPANIES)

    def test_sync_is_running_while_its_jobs_are(self):
        self.tick()
        self.is_triggered()
        with self.assertRaises(UserError):
            self.backend.with_user(self.administrator)._request_sync()

    def test_each_range_is_read_once(self):
        """The scheduled action runs while the jobs do."""
        jobs = self.tick()
        jobs[0].state = "started"
        self.assertFalse(self.tick())
        self.sandbox.clear_requests()
        ranges = len(self.sync.range_ids)
        self.run_jobs(jobs)
        self.assertEqual(len(self.requests("/companies")), ranges)

    def test_last_job_starts_matching_and_contacts(self):
        """The scheduled action does them."""
        jobs = self.tick()
        self.is_triggered()
        self.run_jobs(jobs[:-1])
        self.assertFalse(self.is_triggered())
        self.run_jobs(jobs[-1])
        self.assertTrue(self.is_triggered())
        self.assertFalse(self.tick())
        self.assertEqual(self.sync.state, "done")
        self.assertEqual(self.sync.companies_read, self.known())
        self.assertEqual(self.sync.requests, len(self.requests()))

    def test_repeated_job_asks_nothing_again(self):
        """Its server was killed after the last commit."""
        job = self.tick()[0]
        self.run_jobs(job)
        with self.no_requests():
            self.run_jobs(job)

    def test_repeated_job_reads_the_rest(self):
        """Its server was killed in the middle."""
        job = self.tick()[0]
        self.run_jobs(job)
        job.records[0].is_done = False
        self.sandbox.clear_requests()
        self.run_jobs(job)
        self.assertEqual(len(self.requests()), 1)

    def test_outage_leaves_the_rest_to_later_jobs(self):
        """No job fails, and none is enqueued during the back-off."""
        jobs = self.tick()
        self.sandbox.fault("unavailable", nth=3, times=0)
        self.run_jobs(jobs[0])
        self.assertEqual(self.backend.failures, 1)
        with self.no_requests():
            self.run_jobs(jobs[1:])
            self.assertFalse(self.tick())
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.sandbox.clear_faults()
        self.run_jobs(self.tick(hours=1), hours=1)
        self.tick(hours=1)
        self.assertEqual(self.sync.state, "done")
        self.assertEqual(self.sync.companies_read, self.known())

    def test_cancelling_ends_the_jobs(self):
        """Those that wait ask nothing. Stored companies stay."""
        jobs = self.tick()
        self.run_jobs(jobs[0])
        known = self.known()
        self.backend.with_user(self.administrator).action_cancel_sync()
        self.is_triggered()
        with self.no_requests():
            self.run_jobs(jobs[1])
        self.assertTrue(self.is_triggered())
        self.tick()
        self.assertEqual(self.sync.state, "cancelled")
        self.assertGreaterEqual(self.known(), known)
        with self.no_requests():
            self.run_jobs(jobs[1])

    def test_scheduled_action_goes_on_alone_without_a_job_runner(self):
        self.run_jobs(self.tick()[0])
        self.stop_runner()
        self.tick()
        self.assertEqual(self.sync.state, "done")
        self.assertEqual(self.sync.companies_read, self.known())

    def test_changes_are_read_without_jobs(self):
        """They need few requests."""
        self.run_jobs(self.tick())
        self.tick()
        self.sandbox.patch_company(1005, {"name": "Renamed"})
        self.assertFalse(self.tick())
        renamed = [("name", "=", "Renamed")]
        self.assertEqual(len(self.env["connectwise.company"].search(renamed)), 1)

    def test_nothing_is_asked_with_contact_sync_off(self):
        job = self.tick()[0]
        self.backend.sync_contacts = False
        with self.no_requests():
            self.run_jobs(job)

    def test_neutralized_copy_asks_nothing(self):
        """The jobs came along in the copy."""
        job = self.tick()[0]
        self.backend.sudo().state = "draft"
        with self.no_requests():
            self.run_jobs(job)


@tagged("post_install", "-at_install")
class TestSmallSyncJobs(JobsCommon):
    def test_single_page_is_read_without_jobs(self):
        self.backend.sync_contacts = True
        self.backend.with_user(self.administrator)._request_sync(full=True)
        sync = self.backend._get_open_sync()
        self.assertFalse(self.run_action("ir_cron_connectwise_sync"))
        self.assertEqual(sync.state, "done")
        self.assertEqual(sync.requests, len(self.requests("/company/")))
