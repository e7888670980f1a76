"""A PDF that Odoo cannot merge with others stops nobody (R1)."""

import io
import sys
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from connectwise_sandbox import bad_pdfs

from ..lib.connectwise_client import validate_pdf
from ..pdf_merge_check import MergeCheck
from .common import ConnectwiseCommon

# From outside it is whole; inside there is nothing.
DAMAGED = b"%PDF-1.4\nNothing in here.\nstartxref\n9\n%%EOF\n"


@tagged("post_install", "-at_install")
class TestMerging(ConnectwiseCommon):
    def setUp(self):
        super().setUp()
        self.good = self.invoice("CW1001")
        self.other = self.invoice("CW1002")

    def serve(self, number, content):
        self.sandbox.set_invoice_pdf(self.sandbox_invoice(number)["id"], content)

    def count_printed_pages(self, moves):
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf("account.account_invoices", moves.ids)
        self.assertEqual(kind, "pdf")
        return PdfFileReader(io.BytesIO(content)).getNumPages()

    def test_several_are_printed_as_one_file(self):
        """S5"""
        self.assertEqual(self.count_printed_pages(self.good + self.other), 2)

    def test_a_flaw_that_readers_forgive_does_not_stop_the_printing(self):
        """R1: and alone it is shown byte for byte."""
        flawed = b"junk\n" + self.sandbox_pdf("CW1001")
        self.serve("CW1002", flawed)
        self.assertChosen(self.other, "connectwise", flawed)
        with mute_logger("pypdf._reader", "PyPDF2._reader"):
            self.assertEqual(self.count_printed_pages(self.good + self.other), 2)

    def test_what_does_not_merge_is_not_used(self):
        """R1: it passes the checks from outside; the next source is used."""
        validate_pdf(DAMAGED)
        self.serve("CW1002", DAMAGED)
        self.assertChosen(self.other, "odoo")
        self.assertIn("damaged", self.other.connectwise_message)

    def test_it_concerns_itself_alone(self):
        """R1"""
        self.serve("CW1002", DAMAGED)
        pdfs = (self.other + self.good)._get_preferred_invoice_pdfs()
        self.assertFalse(pdfs[self.other.id])
        self.assertEqual(pdfs[self.good.id].raw, self.sandbox_pdf("CW1001"))

    def test_refreshing_tries_it_again(self):
        """R1"""
        self.serve("CW1002", DAMAGED)
        self.other._get_preferred_invoice_pdf()
        self.serve("CW1002", None)
        self.other.action_refresh_pdf()
        self.assertChosen(self.other, "connectwise", self.sandbox_pdf("CW1002"))

    def test_what_a_person_attached_has_to_merge_too(self):
        """R1"""
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

    def test_a_bomb_ends_the_process_that_tries_it_and_no_other(self):
        """R1"""
        with MergeCheck() as is_mergeable:
            self.assertTrue(is_mergeable(self.sandbox_pdf("CW1001")))
            self.assertFalse(is_mergeable(bad_pdfs.bomb()))
            self.assertTrue(is_mergeable(self.sandbox_pdf("CW1001")))

    def test_where_no_process_can_be_started_pdfs_pass(self):
        """R1: and the log says so."""
        for program in ("/nonexistent", "/bin/false"):
            with (
                patch.object(sys, "executable", program),
                self.assertLogs("odoo.addons.benji_connectwise", "WARNING"),
                MergeCheck() as is_mergeable,
            ):
                self.assertTrue(is_mergeable(self.sandbox_pdf("CW1001")))
