"""A chosen file goes only once into an e-mail or a ZIP."""

import io
import zipfile

from odoo.tests import HttpCase, tagged

from .test_sending import SendingCommon


class SentOnceCommon(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.both = cls.env.ref("account.account_invoices") + cls.env.ref(
            "account.account_invoices_without_payment"
        )
        cls.template = cls.env.ref("account.email_template_edi_invoice")
        cls.template.report_template_ids = cls.both


@tagged("post_install", "-at_install")
class TestSentOnce(SentOnceCommon):
    def test_send_attaches_the_pdf_once(self):
        self.assertEqual(self.send(self.move), [[self.pdf]])

    def test_send_dialog_lists_the_pdf_once(self):
        names = [
            values["name"] for values in self.wizard(self.move).mail_attachments_widget
        ]
        self.assertEqual(names, ["CW1001.pdf"])

    def test_report_listed_before_the_pdf_came_is_not_attached_too(self):
        """ConnectWise was down when the dialog opened."""
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(self.move)
        self.assertEqual(len(wizard.mail_attachments_widget), 2)
        self.sandbox.clear_faults()
        self.move.action_refresh_pdf()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_copy_added_by_a_person_is_not_attached_too(self):
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

    def test_batch_attaches_the_pdf_once(self):
        moves = self.move + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(self.mailed(move), [[self.sandbox_pdf(move.name)]])

    def test_mail_template_attaches_the_pdf_once(self):
        template = self.template.with_user(self.accountant)
        mail = self.env["mail.mail"].browse(template.send_mail(self.move.id))
        self.assertEqual(mail.attachment_ids.mapped("raw"), [self.pdf])

    def test_composer_attaches_the_pdf_once(self):
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.accountant)
            .create(
                {
                    "model": "account.move",
                    "res_ids": str(self.move.ids),
                    "template_id": self.template.id,
                }
            )
        )
        self.assertEqual(composer.attachment_ids.mapped("raw"), [self.pdf])

    def test_every_report_of_odoo_is_attached(self):
        """They are different files."""
        self.set_priority("odoo")
        [files] = self.send(self.move)
        self.assertEqual(len(files), 2)


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
