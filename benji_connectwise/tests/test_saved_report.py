"""Odoo's options *Save as Attachment Prefix* and *Reload from Attachment*."""

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tools.discuss import Store

from .common import ConnectwiseCommon

REPORT = "account.account_invoices"


@tagged("post_install", "-at_install")
class TestSavedReport(ConnectwiseCommon):
    """The invoice report is saved with each invoice, as `<number>.pdf`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.env.ref(REPORT)
        cls.report.attachment = "object.name + '.pdf'"
        cls.move = cls.invoice("CW1001")

    def setUp(self):
        super().setUp()
        self.pdf = self.sandbox_pdf("CW1001")

    def print_out(self, moves, report=REPORT):
        """Return the printed PDF. Where Odoo renders it, it is really rendered."""
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        # wkhtmltopdf warns of features that it lacks.
        logger = "odoo.addons.base.models.ir_actions_report"
        with self.allow_pdf_render(), mute_logger(logger):
            return reports._render_qweb_pdf(report, moves.ids)[0]

    def saved(self, move):
        return self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)]
        )

    def add_file(self, content, **values):
        return self.env["ir.attachment"].create(
            {
                "name": "CW1001.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.move.id,
                **values,
            }
        )

    def test_chosen_pdf_is_not_saved_as_odoos(self):
        """With and without reloading, however often it is printed."""
        for reload in (False, True):
            self.report.attachment_use = reload
            for _time in range(2):
                self.assertEqual(self.print_out(self.move), self.pdf)
            self.assertFalse(self.saved(self.move))

    def test_chosen_pdfs_printed_together_are_not_saved(self):
        moves = self.move + self.invoice("CW1002")
        self.print_out(moves)
        self.assertFalse(self.saved(moves[0]) + self.saved(moves[1]))

    def test_chosen_pdf_is_not_saved_by_a_mail_template(self):
        self.report.attachment_use = True
        template = self.env["mail.template"].create(
            {
                "name": "With the invoice",
                "model_id": self.env.ref("account.model_account_move").id,
                "report_template_ids": [self.report.id],
            }
        )
        template._generate_template(self.move.ids, ("report_template_ids",))
        self.assertFalse(self.saved(self.move))

    def test_odoos_pdf_is_shown_once_the_chosen_one_is_gone(self):
        """Printing the chosen one did not store it as Odoo's."""
        self.report.attachment_use = True
        self.print_out(self.move)
        self.set_priority("odoo")
        self.assertNotEqual(self.print_out(self.move), self.pdf)

    def test_odoos_pdf_is_saved_and_reloaded_as_configured(self):
        self.report.attachment_use = True
        self.set_priority("odoo")
        content = self.print_out(self.move)
        self.assertEqual(self.saved(self.move).raw, content)
        self.assertEqual(self.print_out(self.move), content)
        self.assertEqual(len(self.saved(self.move)), 1)
        self.set_priority("connectwise", "odoo")
        self.assertEqual(self.print_out(self.move), self.pdf)
        self.set_priority("odoo")
        self.assertEqual(self.print_out(self.move), content)

    def test_odoos_pdf_is_saved_when_printed_with_a_chosen_one(self):
        own = self.invoice("NOT-THERE-1", amount=10)
        self.print_out(own + self.move)
        self.assertTrue(self.saved(own))
        self.assertFalse(self.saved(self.move))

    def test_file_marked_by_a_person_is_not_reloaded_as_odoos(self):
        """It has the name that Odoo's own would have."""
        self.report.attachment_use = True
        self.set_priority("attachment", "odoo")
        self.move.invoice_pdf_attachment_id = self.add_file(self.pdf + b"\n")
        self.move.invoice_pdf_preference = False
        self.set_priority("odoo")
        content = self.print_out(self.move)
        self.assertNotEqual(content, self.pdf + b"\n")
        self.assertEqual(self.print_out(self.move), content)
        self.assertEqual(len(self.saved(self.move)), 2)

    def test_file_marked_for_a_later_source_is_not_reloaded_as_odoos(self):
        self.report.attachment_use = True
        self.print_out(self.move)
        self.move.invoice_pdf_attachment_id = self.add_file(self.pdf)
        self.move.invoice_pdf_preference = False
        self.set_priority("odoo", "attachment")
        self.assertNotEqual(self.print_out(self.move), self.pdf)

    def test_connectwises_file_uploaded_again_is_not_reloaded_as_odoos(self):
        self.report.attachment_use = True
        self.move._get_preferred_invoice_pdf()
        self.add_file(self.pdf)
        self.set_priority("odoo")
        self.assertNotEqual(self.print_out(self.move), self.pdf)

    def test_copy_in_a_message_is_not_reloaded_as_odoos(self):
        """A mailed file stays attached to the invoice under its name."""
        self.report.attachment_use = True
        self.move.message_post(
            body="Your invoice",
            attachments=[("CW1001.pdf", self.pdf + b"\nof last week")],
        )
        self.set_priority("odoo")
        content = self.print_out(self.move)
        self.assertNotIn(b"of last week", content)
        self.assertEqual(self.print_out(self.move), content)

    def test_mailed_copy_of_the_chosen_pdf_is_not_reloaded_as_odoos(self):
        """The composer leaves its attachments on the invoice."""
        self.report.attachment_use = True
        pdf = self.print_out(self.move)
        self.move.message_post(body="Here", attachments=[("CW1001.pdf", pdf)])
        self.assertEqual(self.saved(self.move).name, "CW1001.pdf")
        self.set_priority("odoo")
        self.assertNotEqual(self.print_out(self.move), pdf)

    def test_mailed_copy_is_not_previewed_once_it_is_not_chosen(self):
        """Odoo previews the first PDF that was posted."""
        self.move._get_preferred_invoice_pdf()
        message = self.move.message_post(
            body="Your invoice", attachments=[("CW1001.pdf", self.pdf)]
        )
        self.assertEqual(self.move.message_main_attachment_id, message.attachment_ids)
        self.set_priority("odoo")
        store = Store()
        self.move._thread_to_store(store, [], request_list=["attachments"])
        [thread] = store.get_result()["mail.thread"]
        self.assertFalse(thread["message_main_attachment_id"])
