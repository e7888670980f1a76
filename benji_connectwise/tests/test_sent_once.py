"""A chosen file goes only once into an e-mail or a ZIP."""

import io
import zipfile

from odoo.tests import HttpCase, tagged

from .mailing_common import MailingCommon


class SentOnceCommon(MailingCommon):
    """Each template has both of Odoo's invoice reports."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        both = cls.env.ref("account.account_invoices") + cls.env.ref(
            "account.account_invoices_without_payment"
        )
        cls.standard = cls.env.ref("account.email_template_edi_invoice")
        (cls.template + cls.standard).report_template_ids = both


@tagged("post_install", "-at_install")
class TestSentOnce(SentOnceCommon):
    def test_send_dialog_lists_and_mails_the_pdf_once(self):
        wizard = self.wizard(self.move)
        names = [values["name"] for values in wizard.mail_attachments_widget]
        self.assertEqual(names, ["CW1001.pdf"])
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_batch_mails_the_pdf_once(self):
        moves = self.move + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(self.mailed(move), [[self.sandbox_pdf(move.name)]])

    def test_report_listed_before_the_pdf_came_is_not_mailed_too(self):
        """ConnectWise was down when the dialog opened."""
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(self.move)
        self.assertEqual(len(wizard.mail_attachments_widget), 2)
        self.sandbox.clear_faults()
        self.move.action_refresh_pdf()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_copy_added_by_a_person_is_not_mailed_too(self):
        wizard = self.wizard(self.move)
        copy = self.env["ir.attachment"].with_user(self.accountant)
        copy = copy.create({"name": "copy.pdf", "raw": self.pdf})
        proposed = wizard.mail_attachments_widget
        for file_id in (copy.id, str(copy.id)):
            with self.subTest(file_id=file_id):
                added = {"id": file_id, "name": copy.name, "manual": True}
                wizard.mail_attachments_widget = [*proposed, added]
                wizard.action_send_and_print()
                self.assertEqual(self.mailed(self.move)[0], [self.pdf])

    def test_both_reports_of_odoo_are_mailed(self):
        """They are different files."""
        self.set_priority("odoo")
        wizard = self.wizard(self.move)
        self.assertEqual(len(wizard.mail_attachments_widget), 2)
        wizard.action_send_and_print()
        [files] = self.mailed(self.move)
        self.assertEqual(len(files), 2)

    def test_template_mails_the_pdf_once(self):
        for template in self.template + self.standard:
            mail_id = template.with_user(self.accountant).send_mail(self.move.id)
            mail = self.env["mail.mail"].browse(mail_id)
            self.assertEqual(mail.attachment_ids.mapped("raw"), [self.pdf])

    def test_composer_mails_the_pdf_once(self):
        """For one invoice and for many."""
        self.compose(self.move)._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        other = self.invoice("CW1002")
        self.compose(other, mode="mass_mail")._action_send_mail()
        self.assertEqual(self.queued(other), [[self.sandbox_pdf("CW1002")]])


@tagged("post_install", "-at_install")
class TestZippedOnce(SentOnceCommon, HttpCase):
    def names(self, path):
        self.authenticate(self.accountant.login, self.accountant.login)
        response = self.url_open(path)
        if response.content == self.pdf:
            return ["CW1001.pdf"]
        return zipfile.ZipFile(io.BytesIO(response.content)).namelist()

    def test_download_contains_the_pdf_once(self):
        """By *Download all*, and by *Export ZIP*."""
        self.send(self.move)
        for path in (
            f"/account/download_invoice_documents/{self.move.id}/all",
            f"/account/download_move_attachments/{self.move.id}",
        ):
            with self.subTest(path):
                self.assertEqual(self.names(path), ["CW1001.pdf"])

    def test_downloaded_pdfs_are_named_like_their_invoices(self):
        """Of two files with the same name in a ZIP, only one can be unpacked."""
        moves = self.move + self.invoice("CW1002")
        for move in moves:
            move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
                {
                    "name": "scan.pdf",
                    "raw": self.sandbox_pdf(move.name),
                    "res_model": move._name,
                    "res_id": move.id,
                }
            )
        for kind in ("pdf", "all"):
            path = f"/account/download_invoice_documents/{moves[0].id},{moves[1].id}"
            with self.subTest(kind):
                self.assertEqual(
                    self.names(f"{path}/{kind}"), ["CW1001.pdf", "CW1002.pdf"]
                )

    def test_zip_contains_the_pdf_once(self):
        """It does after the invoice was sent, too."""
        self.send(self.move)
        for documents in (
            self.move._get_invoice_legal_documents_all(allow_fallback=True),
            self.move._get_move_zip_export_docs(),
        ):
            self.assertEqual([data["content"] for data in documents], [self.pdf])
