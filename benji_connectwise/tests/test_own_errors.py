"""Errors in Odoo or in this addon, while ConnectWise is asked, stop nothing else."""

import threading
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import connectwise_lookup
from ..tools.invoice_pdf import fetching, merge_check
from .common import end_waiting_processes
from .sending_common import SendingCommon

FETCHING = fetching.__name__


@tagged("post_install", "-at_install")
class TestOwnErrors(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def failing(self, error):
        """Have this raised while ConnectWise's answer is stored."""
        return patch.object(fetching, "store_hits", side_effect=error)

    def test_error_falls_back_to_odoos_pdf(self):
        """The log tells the administrator."""
        with self.failing(KeyError("total")), self.assertLogs(FETCHING, "ERROR"):
            self.assertFalse(self.move._get_preferred_invoice_pdf())
        self.assertChosen(self.move, "connectwise")

    def test_error_of_the_database_falls_back_to_odoos_pdf(self):
        def divide(*_args):
            self.env.cr.execute("SELECT 1 / 0")

        with (
            self.failing(divide),
            mute_logger("odoo.sql_db"),
            self.assertLogs(FETCHING, "ERROR"),
        ):
            self.assertFalse(self.move._get_preferred_invoice_pdf())

    def test_error_does_not_stop_the_sending_of_a_kept_pdf(self):
        self.assertChosen(self.move, "connectwise")
        with self.failing(KeyError("total")), self.assertLogs(FETCHING, "ERROR"):
            files = self.send(self.move)
        self.assertEqual(files, [[self.pdf]])

    def test_conflict_with_another_request_is_left_to_odoo(self):
        """Odoo runs the request again."""
        conflict = self.failing(SerializationFailure())
        with conflict, self.assertRaises(SerializationFailure):
            self.move._get_preferred_invoice_pdf()

    def test_error_does_not_stop_a_batch(self):
        self.partner_a.invoice_sending_method = "email"
        moves = self.move + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        with self.failing(KeyError("total")), self.assertLogs(FETCHING, "ERROR"):
            self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(moves.mapped("is_move_sent"), [True, True])

    def test_invoices_are_printed_together_if_no_thread_is_left(self):
        moves = self.move + self.invoice("CW1002")
        moves._get_preferred_invoice_pdfs()
        end_waiting_processes()
        reports = self.env["ir.actions.report"]
        none_left = patch.object(
            threading.Thread, "start", side_effect=RuntimeError("no thread")
        )
        with none_left, mute_logger(merge_check.__name__):
            pdf, _kind = reports._render_qweb_pdf("account.account_invoices", moves.ids)
        self.assertTrue(pdf.startswith(b"%PDF"))

    def test_invoices_are_posted_and_printed_without_the_scheduled_action(self):
        """Somebody deleted it."""
        self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch").unlink()
        self.sandbox.fault("unavailable", times=0)
        self.assertChosen(self.invoice("CW1002"), "odoo")

    def test_error_does_not_keep_held_invoices_waiting(self):
        held = type(self.env["connectwise.held.invoice"])
        with (
            patch.object(
                connectwise_lookup, "prepare_called_invoices", side_effect=KeyError
            ),
            patch.object(held, "_send_due") as send,
            self.assertLogs(connectwise_lookup.__name__, "ERROR"),
        ):
            self.run_cron("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
        send.assert_called_once()

    def test_mail_of_an_invoice_that_is_gone_does_not_stop_the_queue(self):
        mails = self.env["mail.mail"].create(
            [
                {
                    "model": "account.move",
                    "res_id": self.move.id,
                    "email_to": f"{name}@example.com",
                }
                for name in ("one", "two")
            ]
        )
        mails[0].mail_message_id.res_id = self.move.id + 1_000_000
        mails.send()
        self.assertEqual(mails.exists(), mails, "none was cancelled")
