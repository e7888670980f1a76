"""ConnectWise going away, a killed server, a cancelled comparison."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.benji_connectwise.lib.connectwise_client import const
from odoo.addons.benji_connectwise_reconciliation.tools import running

from .common import ReconciliationCommon


@tagged("post_install", "-at_install")
class TestInterruptions(ReconciliationCommon):
    def setUp(self):
        super().setUp()
        # October and the edges are several requests.
        self.patch(const, "PAGE_SIZE", 10)

    def run_cron_later(self, **later):
        with freeze_time(fields.Datetime.now() + timedelta(**later)):
            self.run_cron()

    def test_outage_in_the_middle_is_reported_and_resumed(self):
        self.there("R1", day="2026-10-05")
        run = self.ask()
        # One request after the other, so that the first pages are read by then.
        self.patch(const, "MAX_CONNECTIONS", 1)
        self.sandbox.fault("unavailable", "invoices", nth=12, times=0)
        self.run_cron()
        self.assertEqual(run.state, "running")
        self.assertIn("ConnectWise", run.error)
        self.assertGreater(run.read_after, 0)
        with self.no_requests():
            self.run_cron()
        self.sandbox.clear_faults()
        self.sandbox.clear_requests()
        self.run_cron_later(hours=1)
        self.assertEqual(run.state, "done")
        self.assertFalse(run.error)
        self.assertStatus(run, "R1", "connectwise_only")

    def test_resumed_comparison_does_not_read_again_what_was_read(self):
        run = self.ask()
        run.sudo().read_after = const.MAX_ID
        self.sandbox.clear_requests()
        self.run_cron()
        self.assertEqual(run.state, "done")
        # What is left, from which id to which, and that there is nothing.
        self.assertEqual(len(self.requests("/finance/invoices")), 4)

    def test_outage_while_changes_are_read_is_resumed(self):
        self.there("R1", 105.0)
        run = self.compare()
        self.there("R2", 106.0)
        self.ask()
        self.sandbox.fault("unavailable", "invoices", times=0)
        self.run_cron()
        self.assertEqual(run.state, "running")
        self.sandbox.clear_faults()
        self.sandbox.clear_requests()
        self.run_cron_later(hours=1)
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self.requests("/finance/invoices")), 2)
        self.assertStatus(run, "R2", "connectwise_only")

    def test_changes_that_take_too_long_have_everything_read(self):
        """Reading everything can be interrupted."""
        self.compare()
        self.there("R1", 105.0)
        run = self.ask()
        with patch.object(running, "SECONDS_FOR_SYNC_STEPS", -1):
            self.run_cron()
        self.assertFalse(run.changed_since)
        self.run_cron()
        self.assertEqual(run.state, "done")
        self.assertStatus(run, "R1", "connectwise_only")

    def test_page_that_is_read_twice_is_stored_once(self):
        self.there("R1", 105.0)
        run = self.ask()
        with patch.object(running, "_compare"):
            self.run_cron()
        run.sudo().read_after = 0
        self.run_cron()
        self.assertStatus(run, "R1", "connectwise_only")

    def test_lines_stay_while_connectwise_is_away(self):
        self.there("R1", 105.0)
        run = self.compare()
        self.ask()
        self.sandbox.fault("unavailable", "invoices", times=0)
        self.run_cron()
        self.assertStatus(run, "R1", "connectwise_only")

    def test_person_who_asks_again_ends_the_pause(self):
        run = self.ask()
        self.sandbox.fault("unavailable", "invoices", times=0)
        self.run_cron()
        self.assertTrue(self.backend._is_resting())
        self.sandbox.clear_faults()
        self.assertEqual(self.ask(user=self.administrator), run)
        self.run_cron()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.user_id, self.administrator)

    def test_other_period_takes_the_place_of_one_that_waits(self):
        waiting = self.ask()
        self.sandbox.fault("unavailable", "invoices", times=0)
        self.run_cron()
        self.sandbox.clear_faults()
        run = self.ask("2026-09-01", "2026-09-30")
        self.run_cron()
        self.assertEqual(waiting.state, "cancelled")
        self.assertEqual(run.state, "done")

    def test_cancelled_comparison_stops(self):
        run = self.ask()
        run.with_user(self.accountant).action_cancel()
        with self.no_requests():
            self.run_cron()
        self.assertEqual(run.state, "cancelled")
        self.compare()

    def test_another_connectwise_ends_a_comparison(self):
        run = self.ask()
        self.backend.company_login_id = "another"
        self.run_cron()
        self.assertEqual(run.state, "failed")
        self.assertIn("Another ConnectWise", run.error)

    def test_lines_of_another_connectwise_are_not_opened(self):
        run = self.compare()
        self.backend.company_login_id = "another"
        action = run.with_user(self.accountant).action_open_report()
        self.assertEqual(action["res_model"], "connectwise.reconciliation.run")

    def test_run_ends_in_time_and_goes_on_later(self):
        run = self.ask()
        with patch.object(running, "SECONDS_FOR_SYNC_STEPS", -1):
            self.run_cron()
        self.assertEqual(run.state, "running")
        self.assertGreater(run.progress, 0)
        self.run_cron()
        self.assertEqual(run.state, "done")

    def test_too_many_invoices_are_refused(self):
        with patch.object(running, "MOST_INVOICES", 3):
            run = self.ask()
            self.run_cron()
        self.assertEqual(run.state, "failed")
        self.assertIn("shorter", run.error)

    @mute_logger("odoo.addons.benji_connectwise_reconciliation.tools.running")
    def test_unexpected_error_is_reported(self):
        run = self.ask()
        with patch.object(running, "store_invoices", side_effect=ZeroDivisionError):
            self.run_cron()
        self.assertEqual(run.state, "failed")
        self.assertIn("unexpected", run.error)
        self.compare()

    def test_invoice_deleted_at_the_moment_of_storing_is_no_failure(self):
        """The database refuses its line; the next attempt does not see it any more."""
        run = self.ask()
        with patch.object(running, "compare_and_store", side_effect=IntegrityError):
            self.run_cron()
        self.assertEqual(run.state, "running")
        self.assertEqual(run.conflicts, 1)
        self.run_cron()
        self.assertEqual(run.state, "done")

    @mute_logger("odoo.addons.benji_connectwise_reconciliation.tools.running")
    def test_recurring_conflict_ends_a_comparison(self):
        run = self.ask()
        run.sudo().conflicts = running.MOST_CONFLICTS
        with patch.object(running, "compare_and_store", side_effect=IntegrityError):
            self.run_cron()
        self.assertEqual(run.state, "failed")

    def test_connection_that_was_switched_off_is_not_asked(self):
        self.ask()
        self.backend.sudo().state = "draft"
        with self.no_requests():
            self.run_cron()

    def test_deleted_connection_takes_its_comparisons_along(self):
        run = self.compare()
        self.backend.unlink()
        self.assertFalse(run.exists())
