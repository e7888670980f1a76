"""The PDF that an invoice has, and the places where it is shown."""

import base64
import io
import zipfile

from odoo.tests import tagged

from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestLookup(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_known_number_gives_connectwises_pdf_byte_for_byte(self):
        """The customer is not connected."""
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_manifest_says_what_the_addon_is_for(self):
        addon = self.env["ir.module.module"].search(
            [("name", "=", "benji_connectwise")]
        )
        self.assertEqual(addon.state, "installed")
        self.assertEqual(addon.shortdesc, "ConnectWise Invoice PDF")

    def test_invoice_is_looked_up_by_its_number_alone(self):
        """Not by its date, its amount or the customer."""
        self.move._get_preferred_invoice_pdf()
        [question] = [
            request["query"]
            for request in self.sandbox.requests()
            if request["path"].endswith("/finance/invoices")
        ]
        self.assertIn("invoiceNumber", str(question))
        self.assertNotIn("total", str(question).split("fields")[0])

    def test_number_is_compared_without_case(self):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"invoiceNumber": "cw1001"})
        self.assertChosen(self.move, "connectwise")

    def test_unknown_number_uses_odoos_pdf(self):
        """Nothing breaks, and the reason is shown."""
        move = self.invoice("NOT-THERE-1", amount=10)
        self.assertChosen(move, "odoo")
        self.assertIn("NOT-THERE-1", move.connectwise_message)

    def test_invoice_without_number_in_connectwise_does_no_harm(self):
        numbers = [i["number"] for i in self.sandbox.export_invoices()]
        self.assertIn(None, numbers)
        self.assertChosen(self.invoice("CW1002"), "connectwise")

    def test_number_too_long_for_connectwise_is_not_looked_up(self):
        """An invoice number has at most 15 characters there."""
        move = self.invoice("INV/2026/0000000001", amount=10)
        self.assertChosen(move, "odoo")
        self.assertFalse(self.requests("/finance/invoices"))

    def test_wildcard_in_a_number_finds_nothing_else(self):
        """Nor does a quote widen the question."""
        move = self.invoice('CW"*', amount=10)
        self.assertChosen(move, "odoo")

    def test_credit_note_is_looked_up_too(self):
        move = self.invoice("CM1001", move_type="out_refund")
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CM1001"))

    def test_sales_receipt_is_looked_up_too(self):
        move = self.invoice("CW1003", move_type="out_receipt")
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1003"))
        found = self.env["account.move"].search(
            [("invoice_pdf_source", "=", "connectwise")]
        )
        self.assertIn(move, found)

    def test_vendor_bill_is_never_looked_up(self):
        move = self.invoice("CW1001", move_type="in_invoice")
        with self.no_requests():
            self.assertFalse(move._get_preferred_invoice_pdf())
        self.assertFalse(move.invoice_pdf_source)

    def test_draft_is_not_looked_up(self):
        move = self.invoice("CW1002", post=False)
        with self.no_requests():
            self.assertFalse(move._get_preferred_invoice_pdf())
        self.assertFalse(move.invoice_pdf_source)

    def test_reset_to_draft_detaches_the_file(self):
        """Posted again, the invoice is judged anew."""
        attachment = self.move._get_preferred_invoice_pdf()
        self.move.button_draft()
        self.assertFalse(self.move._get_preferred_invoice_pdf())
        self.assertTrue(attachment.exists())
        self.assertFalse(attachment.res_field)
        self.assertEqual(attachment.res_id, self.move.id)
        self.sandbox.delete_invoice(self.sandbox_invoice("CW1001")["id"])
        self.move.action_post()
        self.assertChosen(self.move, "odoo")

    def test_cancelled_invoice_shows_odoos_pdf(self):
        self.move._get_preferred_invoice_pdf()
        self.move.button_cancel()
        with self.no_requests():
            self.assertFalse(self.move._get_preferred_invoice_pdf())

    def test_restrictive_audit_trail_does_not_stop_a_newer_pdf(self):
        """The old file is detached and kept, never written."""
        self.company.restrictive_audit_trail = True
        old = self.move._get_preferred_invoice_pdf()
        self.sandbox.patch_invoice(
            self.sandbox_invoice("CW1001")["id"], {"reference": "changed"}
        )
        self.move.action_refresh_pdf()
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertTrue(old.exists())
        self.assertNotEqual(old.raw, self.move._get_preferred_invoice_pdf().raw)

    def test_e_invoicing_customer_keeps_odoos_pdf(self):
        self.partner_a.invoice_edi_format = self._any_edi_format()
        self.assertChosen(self.move, "odoo")

    def _any_edi_format(self):
        formats = self.partner_a._fields["invoice_edi_format"]._description_selection(
            self.env
        )
        return formats[0][0]

    def test_another_company_uses_its_own_connection(self):
        """The settings of company 1 do not apply to company 2."""
        other = self.new_odoo_company()
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": other.id,
                "partner_id": self.partner_a.id,
                "invoice_date": "2026-10-01",
                "name": "CW1001",
                "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 1})],
            }
        )
        move.action_post()
        with self.no_requests():
            self.assertFalse(move._get_preferred_invoice_pdf())


@tagged("post_install", "-at_install")
class TestSurfaces(ConnectwiseCommon):
    """Every place shows the same PDF."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.pdf = cls.sandbox_pdf("CW1001")

    def test_print_button_downloads_connectwises_pdf(self):
        action = self.move.with_user(self.accountant).action_print_pdf()
        self.assertEqual(action["type"], "ir.actions.act_url")

    def test_print_button_renders_odoos_pdf_if_it_is_chosen(self):
        self.set_priority("odoo")
        action = self.move.action_print_pdf()
        self.assertNotEqual(action["type"], "ir.actions.act_url")

    def test_print_menu_gives_connectwises_pdf(self):
        """The same goes for Odoo's other invoice report."""
        for report in (
            "account.account_invoices",
            "account.account_invoices_without_payment",
        ):
            with self.subTest(report):
                content, _kind = self.env["ir.actions.report"]._render_qweb_pdf(
                    report, self.move.ids
                )
                self.assertEqual(content, self.pdf)

    def test_print_menu_gives_each_invoice_its_own_pdf(self):
        """They come in the order of the selection."""
        other = self.invoice("CW1002")
        streams, _kind = self.env["ir.actions.report"]._pre_render_qweb_pdf(
            "account.account_invoices", (other + self.move).ids
        )
        contents = [stream["stream"].getvalue() for stream in streams.values()]
        self.assertEqual(contents, [self.sandbox_pdf("CW1002"), self.pdf])

    def test_print_menu_mixes_connectwises_and_odoos_pdfs(self):
        own = self.invoice("NOT-THERE-1", amount=10)
        streams, _kind = self.env["ir.actions.report"]._pre_render_qweb_pdf(
            "account.account_invoices", (own + self.move).ids
        )
        self.assertEqual(list(streams), (own + self.move).ids)
        self.assertEqual(streams[self.move.id]["stream"].getvalue(), self.pdf)
        self.assertIn(b"NOT-THERE-1", streams[own.id]["stream"].getvalue())

    def test_print_menu_still_offers_odoos_own_pdf(self):
        report = self.env.ref("benji_connectwise.report_odoo_invoice_action")
        self.assertEqual(report.name, "Odoo's own PDF")
        content, _kind = report._render_qweb_pdf(report.report_name, self.move.ids)
        self.assertNotEqual(content, self.pdf)
        self.assertIn(b"CW1001", content)

    def test_odoos_own_pdf_has_a_name_of_its_own(self):
        """The two lie side by side in the person's folder of downloads."""
        names = {
            self.move._get_invoice_report_filename(report=self.env.ref(report))
            for report in (
                "account.account_invoices",
                "benji_connectwise.report_odoo_invoice_action",
            )
        }
        self.assertEqual(names, {"CW1001.pdf", "CW1001 (Odoo).pdf"})

    def test_download_gives_connectwises_pdf(self):
        document = self.move._get_invoice_legal_documents("pdf", allow_fallback=True)
        self.assertEqual(document["content"], self.pdf)
        self.assertEqual(document["filename"], "CW1001.pdf")

    def test_download_all_and_export_zip_contain_connectwises_pdf(self):
        for documents in (
            self.move._get_invoice_legal_documents_all(allow_fallback=True),
            self.move._get_move_zip_export_docs(),
        ):
            self.assertEqual([d["content"] for d in documents], [self.pdf])

    def test_opening_an_invoice_does_not_ask_connectwise(self):
        """The Print menu and the chatter use stored data."""
        move = self.invoice("CW1003")
        with self.no_requests():
            move.get_extra_print_items()
            move._get_mail_thread_data_attachments()
            move.read()

    def test_chatter_shows_connectwises_pdf(self):
        preferred = self.move._get_preferred_invoice_pdf()
        self.assertIn(preferred, self.move._get_mail_thread_data_attachments())

    def test_mail_template_with_the_invoice_report_attaches_connectwises_pdf(self):
        template = self.env["mail.template"].create(
            {
                "name": "With the invoice",
                "model_id": self.env.ref("account.model_account_move").id,
                "subject": "Invoice",
                "report_template_ids": [self.env.ref("account.account_invoices").id],
            }
        )
        values = template._generate_template(
            self.move.ids, ("subject", "report_template_ids")
        )
        [(_name, content)] = values[self.move.id]["attachments"]
        self.assertEqual(base64.b64decode(content), self.pdf)

    def test_why_this_pdf_names_source_number_and_time(self):
        """A checksum tells an accountant nothing."""
        preferred = self.move._get_preferred_invoice_pdf()
        text = self.move.with_user(self.accountant).invoice_pdf_explanation
        for part in ("ConnectWise PSA", "CW1001", "This file was stored on"):
            self.assertIn(part, text)
        self.assertNotIn(preferred.checksum, text)

    def test_why_this_pdf_escapes_what_connectwise_says(self):
        move = self.invoice("CW1004", amount=1)
        self.sandbox.patch_company(
            self.sandbox_invoice("CW1004")["company_id"],
            {"name": "<script>alert(1)</script>"},
        )
        move._get_preferred_invoice_pdf()
        self.assertNotIn("<script", str(move.invoice_pdf_explanation))


@tagged("post_install", "-at_install")
class TestZip(ConnectwiseCommon):
    def test_zip_of_two_invoices_has_both_files(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        attachments = self.env["ir.attachment"]
        for move in moves:
            attachments |= move._get_preferred_invoice_pdf()
        archive = zipfile.ZipFile(io.BytesIO(attachments._build_zip_from_attachments()))
        self.assertEqual(len(archive.namelist()), 2)
