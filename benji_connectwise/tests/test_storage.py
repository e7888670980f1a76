"""The file store may be full, lose files, or hold half of one."""

import os
import subprocess
import tempfile
from contextlib import contextmanager

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from ..tools.invoice_pdf.choice import choose
from .common import ConnectwiseCommon

LOGGERS = (
    "odoo.addons.benji_connectwise.tools.invoice_pdf.keeping",
    "odoo.addons.benji_connectwise.models.invoice_pdf_source",
    "odoo.addons.benji_connectwise.models.ir_attachment",
    "odoo.addons.base.models.ir_attachment",
)


@tagged("post_install", "-at_install")
class TestStorage(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.pdf = cls.sandbox_pdf("CW1001")

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger(*LOGGERS))
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "file")
        # Other tests may store the same PDFs, so these files are of their own store.
        self.enterContext(self.own_file_store())

    @contextmanager
    def own_file_store(self):
        """Use an empty file store of two megabytes, if this machine allows it."""
        folder = self.enterContext(
            tempfile.TemporaryDirectory(prefix="benji_filestore_")
        )
        self.is_small = not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder],
            check=False,
            capture_output=True,
        ).returncode
        before = config["data_dir"]
        config["data_dir"] = folder
        try:
            yield
        finally:
            config["data_dir"] = before
            if self.is_small:
                subprocess.run(["umount", folder], check=True)

    def path(self, content):
        Attachment = self.env["ir.attachment"]
        checksum = Attachment._compute_checksum(content)
        return Attachment._full_path(f"{checksum[:2]}/{checksum}")

    def write_file(self, content, instead):
        path = self.path(content)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(instead)
        self.env.invalidate_all()

    def fetch(self):
        self.assertChosen(self.move, "connectwise", self.pdf)
        self.env.invalidate_all()

    def broken_ways(self):
        """Yield each way in which a stored file may be broken."""
        for way in (b"", self.pdf[:100], b"x" + self.pdf[1:], None):
            with self.subTest(way=way and way[:5]):
                # Each as in a request of its own.
                self.env.cr.postcommit.data.clear()
                self.fetch()
                if way is None:
                    os.unlink(self.path(self.pdf))
                else:
                    self.write_file(self.pdf, way)
                self.env.invalidate_all()
                yield

    # -- Lost ------------------------------------------------------------------------

    def test_broken_file_is_fetched_again(self):
        for _way in self.broken_ways():
            self.assertChosen(self.move, "connectwise", self.pdf)
            with open(self.path(self.pdf), "rb") as file:
                self.assertEqual(file.read(), self.pdf)

    def test_broken_file_is_not_used_while_connectwise_is_down(self):
        """The next source is used."""
        for _way in self.broken_ways():
            self.backend.retry_at = "2999-01-01"
            self.assertChosen(self.move, "odoo")
            self.backend.retry_at = False

    def test_broken_file_is_not_shown_where_nothing_is_fetched(self):
        """The invoice is opened, or sent."""
        for _way in self.broken_ways():
            kept = choose(self.move)
            self.assertFalse(kept[self.move.id])

    def test_broken_file_is_due_for_fetching_at_once(self):
        for _way in self.broken_ways():
            choose(self.move)
            with self.enter_registry_test_mode():
                self.env.ref(
                    "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
                ).method_direct_trigger()
            self.env.invalidate_all()
            with self.no_requests():
                self.assertChosen(self.move, "connectwise", self.pdf)

    def test_broken_file_is_not_mailed(self):
        for _way in self.broken_ways():
            wizard = self.create_send_wizard()
            wizard.action_send_and_print()
            message = self.move.message_ids.filtered("attachment_ids")[:1]
            pdfs = message.attachment_ids.filtered(
                lambda file: file.mimetype == "application/pdf"
            )
            self.assertEqual(pdfs.mapped("raw"), [self.pdf])

    def create_send_wizard(self):
        return (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({"sending_methods": ["email"]})
        )

    def test_sent_pdf_stays_pinned_when_its_file_is_lost(self):
        self.fetch()
        self.create_send_wizard().action_send_and_print()
        os.unlink(self.path(self.pdf))
        self.env.invalidate_all()
        self.assertChosen(self.move, "connectwise", self.pdf)
        self.assertTrue(self.move.sudo().connectwise_lookup_ids._is_pdf_sent())

    def test_queued_mail_is_not_sent_if_its_file_is_lost(self):
        self.fetch()
        copy = self.move.sudo().connectwise_pdf_id.copy({"res_field": False})
        mail = self.env["mail.mail"].create(
            {
                "model": "account.move",
                "res_id": self.move.id,
                "email_to": "somebody@example.com",
                "body_html": "Hello",
                "attachment_ids": [(6, 0, copy.ids)],
            }
        )
        os.unlink(self.path(self.pdf))
        self.env.invalidate_all()
        # Odoo sets the mail to failed, and says so where it was sent from.
        with self.assertRaisesRegex(UserError, "lost"):
            mail._prepare_outgoing_list()

    def test_attached_pdf_is_not_used_if_its_file_is_lost(self):
        self.set_priority("attachment", "connectwise")
        content = self.sandbox_pdf("CW1002")
        self.move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "attached.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.move.id,
            }
        )
        self.assertChosen(self.move, "attachment", content)
        os.unlink(self.path(content))
        self.env.invalidate_all()
        self.assertEqual(self.move._get_preferred_invoice_pdf().raw, self.pdf)
        self.assertIn("attached.pdf” is lost", str(self.move.invoice_pdf_explanation))

    # -- Half written, full ----------------------------------------------------------

    def test_half_written_file_is_replaced(self):
        """Odoo would never write it again: it finds a file by its checksum."""
        for half in (b"", self.pdf[: len(self.pdf) // 2]):
            self.write_file(self.pdf, half)
            self.assertChosen(self.move, "connectwise", self.pdf)
            self.move.sudo().connectwise_lookup_ids.unlink()
            self.move.sudo().connectwise_pdf_id.unlink()

    def test_full_disk_uses_the_next_source(self):
        """The reason is shown, and the next try is scheduled."""
        self.fill_disk()
        self.assertChosen(self.move, "odoo")
        self.assertIn("disk is full", self.move.connectwise_message)
        self.assertTrue(self.move.sudo().connectwise_lookup_ids.retry_at)
        self.assertEqual(self.backend.state, "connected")

    def test_full_disk_leaves_no_half_written_file(self):
        self.fill_disk()
        self.move._get_preferred_invoice_pdf()
        self.assertFalse(os.path.exists(self.path(self.pdf)))
        self.assertFalse(self.move.sudo().connectwise_pdf_id)

    def test_pdf_is_kept_as_soon_as_there_is_room(self):
        filler = self.fill_disk()
        self.move._get_preferred_invoice_pdf()
        os.unlink(filler)
        self.move.sudo().connectwise_lookup_ids.retry_at = False
        self.assertChosen(self.move, "connectwise", self.pdf)
        self.assertFalse(self.move.sudo().connectwise_lookup_ids.error)

    def test_full_disk_affects_only_files_without_room(self):
        other = self.invoice("CW1002")
        end = self.pdf.rindex(b"startxref")
        comment = b"%" + os.urandom(1 << 19).hex().encode() + b"\n"
        large = self.pdf[:end] + comment + self.pdf[end:]
        self.sandbox.set_invoice_pdf(self.sandbox_invoice("CW1001")["id"], large)
        self.fill_disk(leaving=512 * 1024)
        pdfs = (self.move + other)._get_preferred_invoice_pdfs()
        self.assertFalse(pdfs[self.move.id])
        self.assertIn("disk", self.move.connectwise_message)
        self.assertEqual(pdfs[other.id].raw, self.sandbox_pdf("CW1002"))

    def fill_disk(self, leaving=0):
        if not self.is_small:
            self.skipTest("A small file store cannot be made here")
        path = self.env["ir.attachment"]._full_path("filler")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Folders cost nothing here, files do.
        os.makedirs(os.path.dirname(self.path(self.pdf)), exist_ok=True)
        free = os.statvfs(os.path.dirname(path))
        with open(path, "wb") as file:
            file.write(bytes(free.f_bavail * free.f_frsize - leaving))
        return path

    # -- Indexed ----------------------------------------------------------------------

    def test_pdf_is_not_indexed(self):
        """`attachment_indexation` would open it inside the server."""
        self.fetch()
        self.assertFalse(self.move.sudo().connectwise_pdf_id.index_content)
