"""*Refresh PDF* for more invoices than a person can wait for."""

from unittest.mock import Mock, patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import invoice_pdf_refresh
from ..tools.invoice_pdf import refresh
from .sending_common import SendingCommon

PREFETCH = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"


@tagged("post_install", "-at_install")
class TestRefreshInBackground(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moves = cls.invoice("CW1001") + cls.invoice("NOT-THERE-1", amount=1)

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(refresh, "REFRESH_AT_ONCE", 1))
        self.enterContext(patch.object(invoice_pdf_refresh, "REFRESH_PER_STEP", 1))

    def ask(self):
        """Press *Refresh PDF*; return the record that the dialog shows."""
        action = self.moves.with_user(self.accountant).action_refresh_pdf()
        self.assertEqual(action["target"], "new")
        return self.env[action["res_model"]].sudo().browse(action["res_id"])

    def work(self):
        self.run_cron(PREFETCH)
        self.env.invalidate_all()

    def test_nothing_is_asked_while_the_person_waits(self):
        with self.no_requests():
            asked = self.ask()
        self.assertEqual((asked.done, asked.total), (0, 2))
        self.assertFalse(asked.is_finished)

    def test_scheduled_action_refreshes_and_logs_on_each_invoice(self):
        asked = self.ask()
        self.work()
        self.assertTrue(asked.is_finished)
        self.assertEqual(asked.summary, "1 ConnectWise · 1 Not found")
        for move in self.moves:
            newest = move.message_ids[0]
            self.assertIn("Refresh PDF", newest.body)
            self.assertEqual(newest.author_id, self.accountant.partner_id)

    def test_sent_pdf_is_replaced_too(self):
        move = self.moves[0]
        self.send(move)
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        self.ask()
        self.work()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_next_run_refreshes_the_rest(self):
        asked = self.ask()
        clock = Mock(monotonic=Mock(side_effect=[0, 2]))
        with (
            patch.object(invoice_pdf_refresh, "time", clock),
            patch.object(type(self.env["ir.cron"]), "_commit_progress"),
        ):
            self.env["invoice.pdf.refresh"].sudo()._work_off(end=1)
        self.assertEqual(asked.done, 1)
        self.work()
        self.assertTrue(asked.is_finished)

    def test_outage_ends_the_refresh_and_is_summarized(self):
        self.sandbox.fault("unavailable", times=0)
        asked = self.ask()
        self.work()
        self.assertTrue(asked.is_finished)
        self.assertEqual(asked.summary, "2 Not asked")

    def test_invoice_that_somebody_is_working_on_is_refreshed_later(self):
        asked = self.ask()
        with patch.object(
            refresh, "fetch_anew", side_effect=[SerializationFailure, None]
        ):
            self.work()
        self.assertEqual(asked.done, 1)
        self.work()
        self.assertTrue(asked.is_finished)

    def test_invoice_that_cannot_be_refreshed_does_not_keep_others_waiting(self):
        asked = self.ask()
        fetch = refresh.fetch_anew
        calls = []

        def fail_first(moves):
            calls.append(moves)
            if len(calls) == 1:
                raise ValueError("unexpected")
            fetch(moves)

        with (
            patch.object(refresh, "fetch_anew", fail_first),
            mute_logger("odoo.addons.benji_connectwise.models.invoice_pdf_refresh"),
        ):
            self.work()
        self.assertTrue(asked.is_finished)
        self.assertEqual(len(calls), 2)

    def test_person_is_told_at_the_end(self):
        self.ask()
        bus = self.env["bus.bus"].sudo()
        before = bus.search([], order="id desc", limit=1).id
        self.work()
        self.env.cr.precommit.run()
        told = bus.search([("id", ">", before)]).mapped("message")
        self.assertIn("1 ConnectWise", "".join(told))

    def test_only_the_person_who_asked_sees_the_refresh(self):
        asked = self.ask()
        self.assertTrue(asked.with_user(self.accountant).read(["done"]))
        with self.assertRaises(AccessError):
            asked.with_user(self.administrator).read(["done"])

    def test_finished_ones_are_forgotten_and_waiting_ones_are_not(self):
        Refresh = self.env["invoice.pdf.refresh"].sudo()
        finished, waiting = Refresh.create(
            [
                {"move_ids": self.moves.ids},
                {"move_ids": self.moves.ids, "left_ids": self.moves.ids},
            ]
        )
        Refresh._delete_old()
        self.assertTrue(finished.exists())
        with self.later(days=2):
            Refresh._delete_old()
        self.assertEqual((finished + waiting).exists(), waiting)

    def test_dialog_opens_the_invoices_grouped(self):
        action = self.ask().with_user(self.accountant).action_open()
        found = self.env["account.move"].search(action["domain"])
        self.assertEqual(found, self.moves)
        self.assertTrue(action["context"]["search_default_group_by_connectwise_status"])
