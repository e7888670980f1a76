"""Customers who get electronic invoices."""

from odoo.tests import tagged

from .sending_common import SendingCommon


@tagged("post_install", "-at_install")
class TestEInvoicing(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_a.invoice_edi_format = "facturx"
        # The format requires it.
        cls.company.write(
            {"vat": "US12345678", "email": "us@example.com", "phone": "+1 555 0100"}
        )
        bank = cls.env["res.partner.bank"].create(
            {"acc_number": "US-1", "partner_id": cls.company.partner_id.id}
        )
        tax = cls.env["account.tax"].create({"name": "None", "amount": 0})
        cls.e_invoice = {"partner_bank_id": bank.id, "tax": tax}

    def invoice_with_tax(self):
        move = self.invoice(
            "CW1001", post=False, partner_bank_id=self.e_invoice["partner_bank_id"]
        )
        move.invoice_line_ids.tax_ids = self.e_invoice["tax"]
        move.action_post()
        return move

    def test_e_invoice_carries_connectwises_pdf_as_a_second_file(self):
        move = self.invoice_with_tax()
        [files] = self.send(move)
        self.assertIn(self.pdf, files)
        self.assertIn(move.invoice_pdf_report_id.raw, files)
        names = move.message_ids.attachment_ids.mapped("name")
        self.assertEqual(len(names), len(set(names)))

    def test_pdf_kept_before_the_customer_got_e_invoices_has_a_name_of_its_own(self):
        """In a ZIP, one of two files with the same name would be lost."""
        self.partner_a.invoice_edi_format = False
        move = self.invoice_with_tax()
        move._get_preferred_invoice_pdf()
        self.partner_a.invoice_edi_format = "facturx"
        self.send(move)
        names = move.message_ids.attachment_ids.mapped("name")
        self.assertEqual(len(names), len(set(names)))
        downloaded = move._get_invoice_legal_documents_all()
        names = [document["filename"] for document in downloaded]
        self.assertEqual(len(names), len(set(names)))

    def test_pdf_kept_before_the_customer_left_e_invoicing_has_the_plain_name(self):
        move = self.invoice_with_tax()
        self.send(move)
        self.partner_a.invoice_edi_format = False
        self.send(move)
        last = move.message_ids.filtered("attachment_ids")[0]
        self.assertIn("CW1001.pdf", last.attachment_ids.mapped("name"))

    def test_e_invoice_is_noted_as_sent_with_odoos_pdf(self):
        move = self.invoice_with_tax()
        self.send(move)
        delivery = self.env["connectwise.delivery"].search([("move_id", "=", move.id)])
        self.assertEqual((delivery.source, delivery.reason), ("odoo", "e_invoice"))

    def test_second_file_of_an_e_invoice_is_pinned(self):
        move = self.invoice_with_tax()
        self.send(move)
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)

    def test_batch_dialog_does_not_count_the_second_file_as_the_document(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.assertEqual(self.counted(self.wizard(moves)), {"odoo": moves})

    def test_setting_leaves_out_the_second_file_of_an_e_invoice(self):
        self.backend.e_invoice_pdf = "never"
        move = self.invoice_with_tax()
        [files] = self.send(move)
        self.assertNotIn(self.pdf, files)
