"""Periods and dialogs that make no sense: a sentence each, and nothing is lost."""

from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tests.common import get_db_name

from .common import ReconciliationCommon


@tagged("post_install", "-at_install")
class TestBadInput(ReconciliationCommon):
    def assertRefused(self, sentence, *period, error=ValidationError):
        with self.assertRaisesRegex(error, sentence):
            self.ask(*period)

    def test_reversed_dates_are_refused(self):
        self.assertRefused("ends before", "2026-10-31", "2026-10-01")

    def test_more_than_ten_years_are_refused(self):
        self.assertRefused("shorter period", "2014-12-01", "2025-12-31")

    def test_ten_years_are_compared(self):
        self.here("R1", day="2018-05-05")
        self.there("R1", day="2018-05-05")
        run = self.compare("2017-01-01", "2026-12-31")
        self.assertStatus(run, "R1", "agrees")

    def test_impossible_years_are_refused(self):
        self.assertRefused("between 1990", "0001-01-01", "0001-01-31")
        self.assertRefused("between 1990", "9999-12-01", "9999-12-31")

    def test_company_without_a_connection_is_refused(self):
        self.backend.unlink()
        self.assertRefused("not connected", error=UserError)

    def test_administrator_without_a_connection_is_led_to_integrations(self):
        self.backend.unlink()
        with self.assertRaisesRegex(RedirectWarning, "not connected") as refused:
            self.ask(user=self.administrator)
        page = self.env.ref("benji_connectwise.connectwise_integrations_action")
        self.assertEqual(refused.exception.args[1], page.id)

    def test_connection_that_is_not_set_up_is_refused(self):
        self.backend.state = "draft"
        self.assertRefused("not tested", error=UserError)

    def test_second_comparison_at_once_is_refused(self):
        self.ask()
        self.assertRefused("already running", error=UserError)
        period = ("2026-09-01", "2026-09-30")
        self.assertRefused("already running", *period, error=UserError)

    def test_second_person_at_the_same_moment_does_not_wait(self):
        """The first one's request is not committed yet."""
        with db_connect(get_db_name()).cursor() as other:
            other.execute(
                "SELECT pg_advisory_xact_lock(hashtext('compare'), %s)",
                [self.backend.id],
            )
            self.assertRefused("already running", error=UserError)

    def test_deleted_invoice_stays_listed_by_its_number(self):
        move = self.here("R1")
        run = self.compare()
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        line = self.line(run, "R1")
        self.assertFalse(line.move_id)
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            line.action_open_invoice()

    def test_texts_of_connectwise_are_stored_as_they_are(self):
        name = "<script>alert(1)</script> \\ \" ' {,} NULL %s"
        self.sandbox.patch_company(1005, {"name": name})
        self.there('R"1\\', 105.0)
        line = self.line(self.compare(), 'R"1\\')
        self.assertEqual(line.connectwise_company, name)

    def test_unreadable_invoice_is_named_alone(self):
        self.there("R1", 105.0)
        # The first requests are for their number, and the first and the last one.
        self.sandbox.fault("mistyped_fields", "invoices", nth=4, times=0)
        run = self.ask()
        self.run_cron()
        self.assertEqual(run.state, "done")
        self.assertTrue(run.skipped)

    def test_empty_period_is_no_error(self):
        run = self.compare("1999-01-01", "1999-01-31")
        self.assertFalse(run.line_ids)
        self.assertFalse(run.summary)
