"""PDFs are fetched in the background, so that people rarely wait."""

import time
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from ..models import connectwise_lookup
from ..tools.invoice_pdf import download as pdf_download
from ..tools.invoice_pdf import fetching
from ..tools.invoice_pdf.choice import with_chosen_pdfs
from .common import ConnectwiseCommon


class PrefetchCommon(ConnectwiseCommon):
    def prefetch(self, **later):
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
        with (
            freeze_time(fields.Datetime.now() + timedelta(**later)),
            self.enter_registry_test_mode(),
        ):
            cron.sudo().method_direct_trigger()

    @classmethod
    def invoices(cls, how_many, first=1001):
        moves = cls.env["account.move"]
        for number in range(first, first + how_many):
            moves += cls.invoice(f"CW{number}", invoice_date=fields.Date.today())
        return moves

    def end_fault(self):
        """End a stall now, so that it is not logged during the next test."""
        [fault] = self.sandbox.active_faults()
        stalled = fault["struck"] if fault["name"] == "stall_before_headers" else 0
        logged = len(self.sandbox.requests()) + stalled
        self.sandbox.clear_faults()
        while len(self.sandbox.requests()) < logged:
            time.sleep(0.01)

    @contextmanager
    def reset_to_draft(self, move, moment):
        """Reset an invoice to draft at the `moment`-th commit of the run."""
        cron_class = self.registry["ir.cron"]
        commit, moments = cron_class._commit_progress, count(1)

        def commit_and_reset(cron, *args, **kwargs):
            left = commit(cron, *args, **kwargs)
            if next(moments) == moment:
                cron.env["account.move"].browse(move.id).button_draft()
            return left

        with patch.object(cron_class, "_commit_progress", commit_and_reset):
            yield
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestPrefetch(PrefetchCommon):
    """Five invoices were posted today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moves = cls.invoices(5)

    def test_nobody_waits_after_the_prefetch(self):
        self.prefetch()
        with self.no_requests():
            for move in self.moves:
                self.assertChosen(move, "connectwise", self.sandbox_pdf(move.name))

    def test_prefetch_asks_about_many_invoices_at_once(self):
        """Each PDF is one call."""
        self.prefetch()
        pdfs = self.requests("/pdf")
        self.assertEqual(len(pdfs), 5)
        self.assertEqual(len(self.requests("/finance/invoices")) - len(pdfs), 1)

    def test_pdf_of_a_sales_receipt_is_fetched_too(self):
        receipt = self.invoice("CW1010", move_type="out_receipt")
        self.prefetch()
        self.assertTrue(receipt.sudo().connectwise_pdf_id)

    def test_kept_pdf_is_not_fetched_again(self):
        self.prefetch()
        self.sandbox.clear_requests()
        self.prefetch()
        self.assertFalse(self.requests())

    def test_sent_pdf_is_checked_twice_a_day(self):
        """Every posting starts a run, and most runs do not check it."""
        self.prefetch()
        self.moves.is_move_sent = True
        self.sandbox.clear_requests()
        self.prefetch(hours=11)
        self.assertFalse(self.requests())
        self.prefetch(hours=12, minutes=1)
        self.assertEqual(len(self.requests("/finance/invoices")), 1)

    def test_sent_invoice_that_was_not_asked_about_is_looked_up(self):
        """The batch was sent while ConnectWise was down."""
        self.moves.is_move_sent = True
        self.prefetch()
        self.env["connectwise.lookup"].sudo().search([]).asked_at = False
        self.sandbox.clear_requests()
        self.prefetch()
        self.assertEqual(len(self.requests("/finance/invoices")), 1)

    def test_prefetch_asks_nothing_if_connectwise_is_no_source(self):
        self.set_priority("odoo")
        self.prefetch()
        self.assertFalse(self.requests())

    def test_outage_ends_the_run_until_the_back_off_is_over(self):
        """No error is raised, and nothing is asked during the back-off."""
        self.sandbox.fault("unavailable", times=0)
        self.prefetch()
        self.assertEqual(self.backend.state, "error")
        asked = len(self.requests())
        self.prefetch()
        self.assertEqual(len(self.requests()), asked)
        self.sandbox.clear_faults()
        self.prefetch(minutes=30)
        self.assertEqual(set(self.moves.mapped("invoice_pdf_source")), {"connectwise"})

    def test_broken_pdf_affects_only_its_invoice(self):
        self.sandbox.fault("pdf_truncated", "invoice_pdf", times=1)
        self.prefetch()
        sources = self.moves.mapped("invoice_pdf_source")
        self.assertEqual(sources.count("connectwise"), 4)
        [broken] = self.moves.filtered(lambda move: move.invoice_pdf_source == "odoo")
        self.assertIn("incomplete", broken.connectwise_message)

    def test_pdf_that_connectwise_cannot_render_affects_only_its_invoice(self):
        self.sandbox.fault("server_error", "invoice_pdf", times=1)
        self.prefetch()
        [failed] = self.moves.filtered(lambda move: move.invoice_pdf_source == "odoo")
        self.assertIn("an internal error", failed.connectwise_message)
        self.assertEqual(self.backend.state, "connected")

    def test_missing_right_ends_the_downloads(self):
        """Only those already under way are finished."""
        self.invoices(9, first=1006)
        self.sandbox.fault("forbidden", "invoice_pdf", times=0)
        self.prefetch()
        self.assertLessEqual(len(self.requests("/pdf")), 8)
        self.assertIn("Invoicing", self.backend.last_error)

    def test_batch_of_invoices_is_read_at_once(self):
        """There is no query for each invoice."""
        self.prefetch()
        self.env.invalidate_all()
        left = iter(with_chosen_pdfs(self.moves, self.moves))
        next(left)._get_preferred_invoice_pdf()
        with self.assertQueryCount(0):
            for move in left:
                self.assertTrue(move._get_preferred_invoice_pdf())

    def test_invoice_sent_long_ago_is_not_checked(self):
        self.prefetch()
        self.moves.is_move_sent = True
        self.sandbox.clear_requests()
        self.prefetch(days=91)
        self.assertFalse(self.requests())

    def test_unsent_invoice_is_not_checked(self):
        """It is checked before it is sent."""
        self.prefetch()
        self.sandbox.clear_requests()
        self.prefetch(hours=13)
        self.assertFalse(self.requests())

    def test_nothing_is_fetched_if_odoo_comes_first(self):
        self.set_priority("odoo", "connectwise")
        self.prefetch()
        self.env["account.move.send.wizard"].with_user(self.accountant).with_context(
            active_model="account.move", active_ids=self.moves[0].ids
        ).create({})
        self.moves.sending_data = {"author_user_id": self.env.user.id}
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertFalse(self.requests())


@tagged("post_install", "-at_install")
class TestPrefetchOfFew(PrefetchCommon):
    def test_posting_starts_the_prefetch(self):
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        with self.no_requests():
            self.invoice("CW1001")
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_single_missing_pdf_causes_no_back_off(self):
        """ConnectWise answered: it knew the number."""
        for number, fault in enumerate(
            ("server_error", "stall_before_headers", "moved_codebase"), start=1001
        ):
            with (
                self.subTest(fault),
                patch.object(fetching, "SECONDS_FOR_RUN", 2),
            ):
                move = self.invoice(f"CW{number}", invoice_date=fields.Date.today())
                self.sandbox.fault(fault, "invoice_pdf", times=0)
                self.prefetch()
                self.assertFalse(self.backend.retry_at)
                self.assertEqual(self.backend.state, "connected")
                self.assertTrue(move.sudo().connectwise_lookup_ids.error)
            self.end_fault()

    def test_failing_pdfs_cause_a_back_off(self):
        """The error of a gateway says nothing about one PDF."""
        self.invoices(1)
        self.sandbox.fault("unavailable", "invoice_pdf", times=0)
        self.prefetch()
        self.assertTrue(self.backend._is_resting())

    def test_broken_pdf_is_asked_for_less_and_less_often(self):
        """Its number is found each time."""
        self.invoices(1)
        self.sandbox.fault("pdf_truncated", "invoice_pdf", times=0)
        self.prefetch()
        self.prefetch(minutes=3)
        self.assertEqual(len(self.requests("/pdf")), 2)
        self.prefetch(minutes=6)
        self.assertEqual(len(self.requests("/pdf")), 2)

    def test_run_waits_only_once_for_all_its_companies(self):
        """A run ends within two minutes of a stall."""
        self.invoice_of_another_company().sending_data = {"author_user_id": 1}
        self.invoice("CW1002", invoice_date=fields.Date.today()).sending_data = {
            "author_user_id": 1
        }
        for name in (
            "benji_connectwise.ir_cron_connectwise_pdf_prefetch",
            "account.ir_cron_account_move_send",
        ):
            self.sandbox.fault("stall_before_headers", "invoices", times=0)
            self.env["connectwise.backend"].search([]).retry_at = False
            with (
                self.subTest(name),
                patch.object(fetching, "SECONDS_FOR_RUN", 1),
                self.enter_registry_test_mode(),
            ):
                self.env.ref(name).sudo().method_direct_trigger()
                [fault] = self.sandbox.active_faults()
                self.assertEqual(fault["struck"], 1)
            self.end_fault()

    def invoice_of_another_company(self):
        """Return the invoice of a company with a connection of its own."""
        other = self.new_odoo_company()
        backend = self.env["connectwise.backend"].create(
            {
                "company_id": other.id,
                "server_url": self.sandbox.url,
                "company_login_id": self.sandbox.company_login_id,
                "public_key": self.sandbox.public_key,
                "private_key": self.sandbox.private_key,
                "client_id": self.sandbox.client_id,
            }
        )
        backend.action_test_connection()
        self.set_priority("connectwise", "odoo", company=other)
        return self.invoice(
            "CW1001", company_id=other.id, invoice_date=fields.Date.today()
        )

    def test_invoice_reset_during_the_run_affects_only_itself(self):
        """The moment does not matter."""
        moves = self.invoices(3)
        for moment in range(1, 9):
            which = moment % 3
            with (
                self.subTest(moment=moment, which=which),
                patch.object(fetching, "NUMBERS_AT_ONCE", 1),
                patch.object(pdf_download, "PDFS_PER_STEP", 1),
                patch.object(connectwise_lookup, "INVOICES_AT_ONCE", 2),
                self.cr.savepoint() as savepoint,
            ):
                with self.reset_to_draft(moves[which], moment):
                    self.prefetch()
                others = moves - moves[which]
                self.assertEqual(set(others.mapped("state")), {"posted"})
                for move in others:
                    self.assertTrue(move.connectwise_lookup_ids.has_pdf)
                savepoint.rollback()

    def test_outage_is_noted_even_if_an_invoice_was_reset_meanwhile(self):
        moves = self.invoices(2)
        self.sandbox.fault("stall_before_headers", "invoices", nth=2, times=0)
        with (
            patch.object(fetching, "NUMBERS_AT_ONCE", 1),
            patch.object(fetching, "SECONDS_FOR_RUN", 4),
            self.reset_to_draft(moves[1], 2),
        ):
            self.prefetch()
        self.end_fault()
        self.assertEqual(moves[1].state, "draft")
        self.assertEqual(self.backend.state, "error")

    def old_invoice(self):
        """Return an invoice posted 91 days ago and dated years ago."""
        with freeze_time(fields.Datetime.now() - timedelta(days=91)):
            move = self.invoice("CW1001", invoice_date="2020-01-01")
            self.env.flush_all()
        return move

    def test_invoice_older_than_90_days_is_not_prefetched(self):
        self.old_invoice()
        self.prefetch()
        self.assertFalse(self.requests())

    def test_invoice_posted_today_is_fetched_despite_an_old_date(self):
        """Its accounting date does not say when it is needed."""
        move = self.invoice("CW1001", invoice_date="2020-01-01")
        self.prefetch()
        self.assertTrue(move.sudo().connectwise_lookup_ids.has_pdf)

    def test_invoice_sent_today_is_checked_despite_an_old_date(self):
        move = self.old_invoice()
        self.assertTrue(move._get_preferred_invoice_pdf())
        move.is_move_sent = True
        self.sandbox.clear_requests()
        self.prefetch(hours=13)
        self.assertEqual(len(self.requests("/finance/invoices")), 1)

    def test_stalled_pdf_does_not_hold_up_the_run_for_minutes(self):
        self.invoices(2)
        self.sandbox.fault("reset_in_body", "invoice_pdf", times=0)
        start = time.monotonic()
        self.prefetch()
        self.assertLess(time.monotonic() - start, 60)
