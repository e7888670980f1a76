"""A PDF that Odoo cannot merge with others does not stop the printing."""

import io
import resource
import sys
import time
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import RecordCapturer, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from ..lib.connectwise_client import InvalidPdfError, validate_pdf
from ..tools.invoice_pdf.merge_check import MergeCheck, Patience
from .common import ConnectwiseCommon, bad_pdfs

# It looks complete from outside, and is empty inside.
DAMAGED = b"%PDF-1.4\nNothing in here.\nstartxref\n9\n%%EOF\n"


PATIENCE = Patience(3, 6, 641)
"""No other test leaves a process with these limits."""


@tagged("post_install", "-at_install")
class TestMerging(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.invoice("CW1001")
        cls.other = cls.invoice("CW1002")

    def serve(self, number, content):
        self.sandbox.set_invoice_pdf(self.sandbox_invoice(number)["id"], content)

    def count_printed_pages(self, moves):
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf("account.account_invoices", moves.ids)
        self.assertEqual(kind, "pdf")
        return PdfFileReader(io.BytesIO(content)).getNumPages()

    def test_several_invoices_are_printed_as_one_file(self):
        self.assertEqual(self.count_printed_pages(self.good + self.other), 2)

    def test_harmless_flaw_does_not_stop_the_printing(self):
        """Alone, the PDF is shown byte for byte."""
        flawed = b"junk\n" + self.sandbox_pdf("CW1001")
        self.serve("CW1002", flawed)
        self.assertChosen(self.other, "connectwise", flawed)
        with mute_logger("pypdf._reader", "PyPDF2._reader"):
            self.assertEqual(self.count_printed_pages(self.good + self.other), 2)

    def test_pdf_that_cannot_be_merged_is_not_used(self):
        """From outside it looks good. The next source is used."""
        validate_pdf(DAMAGED)
        self.serve("CW1002", DAMAGED)
        self.assertChosen(self.other, "odoo")
        self.assertIn("damaged", self.other.connectwise_message)

    def test_pdf_that_cannot_be_merged_affects_only_its_invoice(self):
        self.serve("CW1002", DAMAGED)
        pdfs = (self.other + self.good)._get_preferred_invoice_pdfs()
        self.assertFalse(pdfs[self.other.id])
        self.assertEqual(pdfs[self.good.id].raw, self.sandbox_pdf("CW1001"))

    def test_refresh_tries_a_refused_pdf_again(self):
        self.serve("CW1002", DAMAGED)
        self.other._get_preferred_invoice_pdf()
        self.serve("CW1002", None)
        self.other.action_refresh_pdf()
        self.assertChosen(self.other, "connectwise", self.sandbox_pdf("CW1002"))

    def test_attached_pdf_that_cannot_be_merged_is_not_used(self):
        attachment = self.env["ir.attachment"].create(
            {
                "name": "damaged.pdf",
                "raw": DAMAGED,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.good.id,
            }
        )
        with self.assertRaises(ValidationError):
            self.good.invoice_pdf_attachment_id = attachment

    def test_named_destination_does_not_stop_the_printing(self):
        """PdfTeX writes such PDFs. Alone, one is shown byte for byte."""
        for action in (False, True):
            linked = bad_pdfs.linked_by_name(action)
            self.serve("CW1002", linked)
            self.other.action_refresh_pdf()
            self.assertChosen(self.other, "connectwise", linked)
            self.assertEqual(self.count_printed_pages(self.good + self.other), 3)

    def test_stored_pdf_that_no_longer_merges_is_printed_as_odoos(self):
        """A newer library may refuse it. The others are printed."""
        move = self.good
        attachment = self.attach(move, self.sandbox_pdf("CW1001"))
        move.invoice_pdf_attachment_id = attachment
        self.set_priority("attachment", "connectwise")
        attachment.raw = DAMAGED
        report = self.env["ir.actions.report"]
        with mute_logger("odoo.addons.benji_connectwise.models.ir_actions_report"):
            streams, kind = report._pre_render_qweb_pdf(
                "account.account_invoices", (move + self.other).ids
            )
        self.assertEqual(kind, "pdf")
        printed = streams[self.other.id]["stream"].getvalue()
        self.assertEqual(printed, self.sandbox_pdf("CW1002"))
        self.assertNotEqual(streams[move.id]["stream"].getvalue(), DAMAGED)

    def test_person_is_told_which_invoice_is_printed_with_odoos_pdf(self):
        attachment = self.attach(self.good, self.sandbox_pdf("CW1001"))
        self.good.invoice_pdf_attachment_id = attachment
        self.set_priority("attachment", "connectwise")
        attachment.raw = DAMAGED
        sent = RecordCapturer(self.env["bus.bus"].sudo())
        muted = mute_logger("odoo.addons.benji_connectwise.models.ir_actions_report")
        with sent, muted:
            self.env["ir.actions.report"]._pre_render_qweb_pdf(
                "account.account_invoices", (self.good + self.other).ids
            )
            self.env.cr.precommit.run()
        told = "".join(sent.records.mapped("message"))
        self.assertIn("Printed with Odoo's PDF", told)
        self.assertIn(self.good.name, told)
        self.assertNotIn(self.other.name, told)

    def test_testing_a_heavy_pdf_counts_as_time_a_person_waits(self):
        for heavy in (bad_pdfs.many_pages(), bad_pdfs.many_annotations()):
            for number in ("CW1001", "CW1002"):
                self.serve(number, heavy)
            start = time.monotonic()
            (self.good + self.other)._get_preferred_invoice_pdfs()
            self.assertLess(time.monotonic() - start, 8)

    def test_heavy_pdf_is_not_called_damaged(self):
        """It is tried again with more time."""
        heavy = bad_pdfs.many_annotations()
        self.serve("CW1001", heavy)
        self.assertChosen(self.good, "odoo")
        self.assertIn("takes too long to check", self.good.connectwise_message)
        self.assertNotIn("damaged", self.good.connectwise_message)
        self.good.sudo().connectwise_lookup_ids.retry_at = False
        with self.enter_registry_test_mode():
            cron = self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
            cron.method_direct_trigger()
        self.good.invalidate_recordset()
        self.assertChosen(self.good, "connectwise", heavy)

    def test_heavy_pdf_schedules_its_next_try(self):
        self.serve("CW1001", bad_pdfs.many_annotations())
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
        triggers = RecordCapturer(
            self.env["ir.cron.trigger"], [("cron_id", "=", cron.id)]
        )
        with triggers:
            self.good._get_preferred_invoice_pdf()
        retry_at = self.good.sudo().connectwise_lookup_ids.retry_at
        self.assertIn(retry_at, triggers.records.mapped("call_at"))

    def test_heavy_pdf_does_not_hold_up_the_printing_of_several(self):
        """Odoo's own PDF is printed in its place."""
        heavy = bad_pdfs.many_annotations()
        attachment = self.attach(self.good, self.sandbox_pdf("CW1001"))
        self.good.invoice_pdf_attachment_id = attachment
        self.set_priority("attachment", "connectwise")
        attachment.raw = heavy
        start = time.monotonic()
        with mute_logger("odoo.addons.benji_connectwise.models.ir_actions_report"):
            self.env["ir.actions.report"]._pre_render_qweb_pdf(
                "account.account_invoices", (self.good + self.other).ids
            )
        self.assertLess(time.monotonic() - start, 8)

    def test_pdf_is_not_called_damaged_for_want_of_time(self):
        with MergeCheck() as check, self.assertRaises(InvalidPdfError) as caught:
            check.examine(self.sandbox_pdf("CW1001"), 0)
        self.assertEqual(caught.exception.reason, "too_slow")

    def test_pdf_without_pages_does_not_merge(self):
        with MergeCheck() as check, self.assertRaises(InvalidPdfError) as caught:
            check.examine(bad_pdfs.many_pages(0))
        self.assertEqual(caught.exception.reason, "unmergeable")

    def attach(self, move, content):
        return self.env["ir.attachment"].create(
            {
                "name": "attached.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )

    def test_pdf_bomb_ends_only_the_process_that_tests_it(self):
        with MergeCheck() as check:
            check.examine(self.sandbox_pdf("CW1001"))
            with self.assertRaises(InvalidPdfError):
                check.examine(bad_pdfs.bomb())
            check.examine(self.sandbox_pdf("CW1001"))

    def test_next_check_uses_the_same_process(self):
        processes = set()
        for _check in range(2):
            with MergeCheck(PATIENCE) as check:
                check.examine(self.sandbox_pdf("CW1001"))
                processes.add(check._process.pid)
        self.assertEqual(len(processes), 1)

    def test_process_that_met_a_bad_pdf_is_not_used_again(self):
        processes = set()
        for _check in range(2):
            with MergeCheck(PATIENCE) as check, self.assertRaises(InvalidPdfError):
                check.examine(DAMAGED)
            processes.add(check._process and check._process.pid)
        self.assertEqual(processes, {None})

    def test_pdf_is_refused_only_by_a_process_of_its_own(self):
        """Others may have left too little memory in the process before."""
        with MergeCheck(PATIENCE) as check:
            check.examine(self.sandbox_pdf("CW1001"))
            shared = check._process.pid
            with self.assertRaises(InvalidPdfError):
                check.examine(DAMAGED)
            self.assertNotEqual(check._process.pid, shared)

    def test_pdf_is_not_refused_for_a_crash_in_a_shared_process(self):
        """Too little memory may end the process while it still reads the PDF."""
        comment = b"%" + b"x" * 2**24 + b"\n"
        body, mark, end = self.sandbox_pdf("CW1001").rpartition(b"startxref")
        heavy = body + comment + mark + end
        with MergeCheck(PATIENCE) as check:
            check.examine(self.sandbox_pdf("CW1001"))
            resource.prlimit(check._process.pid, resource.RLIMIT_AS, (2**20, 2**30))
            check.examine(heavy)

    def test_process_that_ended_while_it_waited_is_replaced(self):
        for _check in range(2):
            with MergeCheck(PATIENCE) as check:
                check.examine(self.sandbox_pdf("CW1001"))
                process = check._process
            process.kill()
            process.wait()

    def test_pdf_is_accepted_if_no_process_can_be_started(self):
        """The log says so."""
        for program in ("/nonexistent", "/bin/false"):
            with (
                patch.object(sys, "executable", program),
                self.assertLogs("odoo.addons.benji_connectwise", "WARNING"),
                MergeCheck(Patience(1, 1, 500)) as check,
            ):
                check.examine(self.sandbox_pdf("CW1001"))
