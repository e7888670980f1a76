"""When ConnectWise is asked again, after failures and answers."""

import time
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, LockError
from odoo.tests import tagged

from ..tools.connection import asking
from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestAskingAgain(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.other = cls.invoice("CW1002")

    def test_kept_pdf_is_served_without_asking(self):
        self.move._get_preferred_invoice_pdf()
        with self.no_requests():
            self.assertChosen(self.move, "connectwise")

    def test_kept_pdf_is_served_while_connectwise_is_down(self):
        self.move._get_preferred_invoice_pdf()
        self.sandbox.fault("unavailable", times=0)
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_missing_invoice_is_asked_about_once(self):
        move = self.invoice("NOT-THERE-1", amount=10)
        move._get_preferred_invoice_pdf()
        with self.no_requests():
            move._get_preferred_invoice_pdf()

    def test_missing_invoice_is_asked_about_again_after_minutes(self):
        move = self.invoice("NOT-THERE-1", amount=10)
        move._get_preferred_invoice_pdf()
        self.sandbox.clear_requests()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=3)):
            move._get_preferred_invoice_pdf()
        self.assertTrue(self.requests("/finance/invoices"))

    def test_invoice_is_looked_up_again_once_the_outage_ends(self):
        self.sandbox.fault("unavailable", times=0)
        self.move._get_preferred_invoice_pdf()
        self.sandbox.clear_faults()
        self.backend._forget_failures()
        self.assertChosen(self.move, "connectwise")

    def test_outage_falls_back_to_odoos_pdf(self):
        self.sandbox.fault("unavailable", times=0)
        self.assertChosen(self.move, "odoo")
        self.assertEqual(self.backend.state, "error")

    def test_connectwise_is_not_asked_while_it_is_known_to_be_down(self):
        self.sandbox.fault("unavailable", times=0)
        self.move._get_preferred_invoice_pdf()
        with self.no_requests():
            self.assertChosen(self.other, "odoo")

    def test_outage_ends_without_a_click(self):
        self.sandbox.fault("unavailable", times=0)
        self.move._get_preferred_invoice_pdf()
        self.sandbox.clear_faults()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=10)):
            self.assertChosen(self.move, "connectwise")
        self.assertEqual(self.backend.state, "connected")

    def test_person_does_not_wait_for_one_who_changes_the_connection(self):
        """That the outage ended is noted by the next request."""
        self.sandbox.fault("unavailable", times=0)
        self.move._get_preferred_invoice_pdf()
        self.sandbox.clear_faults()
        self.backend._forget_failures()
        locked = patch.object(
            type(self.backend), "lock_for_update", side_effect=LockError("locked")
        )
        with locked:
            self.assertChosen(self.move, "connectwise")
        self.assertTrue(self.backend.failure)
        self.other._get_preferred_invoice_pdf()
        self.assertFalse(self.backend.failure)

    def test_stalled_connectwise_costs_a_person_eight_seconds_at_most(self):
        """The number of invoices does not matter."""
        self.sandbox.fault("stall_before_headers", times=0)
        moves = self.move + self.other
        start = time.monotonic()
        moves._get_preferred_invoice_pdfs()
        self.assertLess(time.monotonic() - start, 9)

    def test_many_invoices_in_one_transaction_wait_no_longer_than_one(self):
        """A scheduled action sends one after the other like that."""
        with patch.object(asking, "SECONDS_FOR_PERSON", 0.5):
            limits = asking.get_interactive_limits(self.backend)
            with asking.asking(self.backend, limits):
                time.sleep(0.5)
            with self.no_requests():
                self.move._get_preferred_invoice_pdf()

    def test_last_moment_of_a_persons_time_is_not_held_against_connectwise(self):
        """Others would not ask it for minutes."""
        self.sandbox.set_latency(500)
        self.env.cr.postcommit.data[asking.SPENT] = asking.SECONDS_FOR_PERSON - 0.3
        self.assertChosen(self.move, "odoo")
        self.assertEqual(self.backend.state, "connected")
        self.assertFalse(self.backend._is_resting())

    def test_refresh_asks_at_once(self):
        """It ends any back-off."""
        self.sandbox.fault("unavailable", times=0)
        self.move._get_preferred_invoice_pdf()
        self.sandbox.clear_faults()
        self.move.with_user(self.accountant).action_refresh_pdf()
        with self.no_requests():
            self.assertChosen(self.move, "connectwise")

    def test_refresh_does_not_raise_while_connectwise_is_away(self):
        self.sandbox.fault("refused", times=0)
        self.move.with_user(self.accountant).action_refresh_pdf()
        self.assertTrue(self.move.connectwise_message)

    def test_only_people_in_invoicing_can_refresh(self):
        with self.assertRaises(AccessError):
            self.move.with_user(self.env.ref("base.public_user")).action_refresh_pdf()

    def test_broken_pdfs_are_not_used(self):
        """Each arrives with status 200 and is refused when it is fetched."""
        faults = (
            "pdf_html",
            "pdf_empty",
            "pdf_truncated",
            "pdf_encrypted",
            "pdf_bomb",
            "pdf_oversized",
        )
        for number, fault in enumerate(faults, start=1003):
            with self.subTest(fault):
                self.sandbox.clear_faults()
                self.sandbox.fault(fault, "invoice_pdf", times=0)
                self.assertChosen(self.invoice(f"CW{number}"), "odoo")
                self.assertEqual(self.backend.state, "connected")
