"""Invoices that are mailed in other ways than by *Send*."""

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .mailing_common import MailingCommon


@tagged("post_install", "-at_install")
class TestMailing(MailingCommon):
    """Each way looks for a newer PDF first, and pins the PDF that it sends."""

    def send_template(self, user=None):
        template = self.template.with_user(user or self.accountant)
        template.send_mail(self.move.id)

    def test_template_pins_the_mailed_pdf(self):
        """A later change in ConnectWise is reported and replaces nothing."""
        self.send_template()
        self.assertEqual(self.queued(), [[self.pdf]])
        self.assertPinned()
        self.change()
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)

    def test_template_mails_the_newest_pdf(self):
        self.move._get_preferred_invoice_pdf()
        self.change()
        self.send_template()
        self.assertEqual(self.queued(), [[self.sandbox_pdf("CW1001")]])
        self.assertNotEqual(self.sandbox_pdf("CW1001"), self.pdf)

    def test_template_does_not_mail_a_pdf_refused_meanwhile(self):
        """The PDF was accepted when it was fetched."""
        self.move._get_preferred_invoice_pdf()
        self.change(total=1)
        self.send_template()
        self.assertNotIn(self.pdf, self.queued()[0])
        self.assertFalse(self.move.sudo().connectwise_sent_checksum)

    def test_template_for_many_invoices_asks_about_all_at_once(self):
        moves = self.move + self.invoice("CW1002") + self.invoice("CW1003")
        moves._get_preferred_invoice_pdfs()
        self.sandbox.clear_requests()
        self.template.with_user(self.accountant).send_mail_batch(moves.ids)
        self.assertEqual(len(self.requests("/finance/invoices")), 1)
        for move in moves:
            self.assertPinned(move)

    def test_automation_rule_asks_about_all_invoices_at_once(self):
        """Odoo then mails them one by one."""
        moves = self.move + self.invoice("CW1002") + self.invoice("CW1003")
        moves._get_preferred_invoice_pdfs()
        for method in ("email", "comment"):
            with self.subTest(method):
                moves.sudo().connectwise_sent_checksum = False
                self.sandbox.clear_requests()
                action = self.action(mail_post_method=method)
                action.with_context(
                    active_model="account.move", active_ids=moves.ids
                ).run()
                self.assertEqual(len(self.requests("/finance/invoices")), 1)
                for move in moves:
                    self.assertPinned(move)

    def test_automation_rule_pins_the_pdf_for_a_user_without_invoicing(self):
        """The customer has received the PDF."""
        person = new_test_user(self.env, "connectwise_seller", groups="base.group_user")
        for method in ("email", "comment"):
            with self.subTest(method):
                self.move.sudo().connectwise_sent_checksum = False
                action = self.action(mail_post_method=method).with_user(person).sudo()
                action.with_context(
                    active_model="account.move", active_ids=self.move.ids
                ).run()
                self.assertPinned()

    def test_composer_pins_the_mailed_pdf(self):
        self.compose(self.move)._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        self.assertPinned()

    def test_composer_for_many_invoices_pins_each_pdf(self):
        moves = self.move + self.invoice("CW1002")
        self.compose(moves, mode="mass_mail")._action_send_mail()
        for move in moves:
            self.assertPinned(move)

    def test_composer_mails_the_newest_pdf(self):
        """The PDF changed in ConnectWise while the dialog was open."""
        composer = self.compose(self.move)
        self.assertEqual(composer.attachment_ids.mapped("raw"), [self.pdf])
        self.change()
        composer._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.sandbox_pdf("CW1001")]])
        self.assertPinned()

    # In tests Odoo renders HTML, and then tries to read it as a PDF.
    @mute_logger("pypdf._reader")
    def test_composer_does_not_mail_a_pdf_refused_meanwhile(self):
        composer = self.compose(self.move)
        self.change(total=1)
        composer._action_send_mail()
        [[content]] = self.mailed(self.move)
        self.assertNotEqual(content, self.pdf)
        self.assertIn(b"CW1001", content)

    # In tests Odoo renders HTML, and then tries to read it as a PDF.
    @mute_logger("pypdf._reader")
    def test_scheduled_message_does_not_mail_a_pdf_refused_meanwhile(self):
        """It may be sent days later."""
        composer = self.compose(self.move)
        composer.scheduled_date = "2030-01-01 00:00:00"
        composer._action_schedule_message()
        [message] = self.env["mail.scheduled.message"].search(
            [("model", "=", "account.move"), ("res_id", "=", self.move.id)]
        )
        self.change(total=1)
        message._post_message()
        [[content]] = self.mailed(self.move)
        self.assertNotEqual(content, self.pdf)

    def test_file_added_by_a_person_is_mailed_unchanged(self):
        """It may even be an older PDF of ConnectWise that the person had saved."""
        self.move._get_preferred_invoice_pdf()
        self.set_priority("odoo")
        file = (
            self.env["ir.attachment"]
            .with_user(self.accountant)
            .create(
                {
                    "name": "as discussed.pdf",
                    "raw": self.pdf,
                    "res_model": "mail.compose.message",
                    "res_id": 0,
                }
            )
        )
        self.move.with_user(self.accountant).message_post(
            body="Look", attachment_ids=file.ids, message_type="comment"
        )
        self.assertEqual(self.mailed(self.move), [[self.pdf]])


@tagged("post_install", "-at_install")
class TestNotMailed(MailingCommon):
    """A PDF counts as sent only if somebody was mailed it."""

    def setUp(self):
        super().setUp()
        self.move._get_preferred_invoice_pdf()

    def test_download_alone_pins_nothing(self):
        wizard = self.wizard(self.move)
        wizard.sending_methods = ["manual"]
        wizard.action_send_and_print()
        self.assertNotPinned()

    def test_template_without_recipients_pins_nothing(self):
        self.partner_a.email = False
        self.template.with_user(self.accountant).send_mail(self.move.id)
        self.assertEqual(self.queued(), [[self.pdf]])
        self.assertNotPinned()

    def test_email_to_nobody_pins_nothing(self):
        self.partner_a.email = False
        moves = self.move + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertFalse(self.mailed(self.move))
        self.assertNotPinned()

    def test_pdf_removed_from_the_mail_is_not_pinned(self):
        """The person sends the invoice without it."""
        wizard = self.wizard(self.move)
        [values] = wizard.mail_attachments_widget
        wizard.mail_attachments_widget = [{**values, "skip": True}]
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[]])
        self.assertNotPinned()

    def test_mailing_another_file_pins_nothing(self):
        self.move.with_user(self.accountant).message_post(
            body="Look",
            attachments=[("CW1001.pdf", self.pdf + b"\n")],
            partner_ids=self.partner_a.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertNotPinned()

    # Attaching the file by hand does not pin it -------------------------------------

    def post(self, user, sudo=False):
        """Post ConnectWise's PDF to all followers, as this user."""
        self.move.message_subscribe(self.partner_a.ids)
        move = self.move.with_user(user).sudo(sudo)
        message = move.message_post(
            body="Look",
            attachments=[("CW1001.pdf", self.pdf)],
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertIn(self.pdf, message.sudo().attachment_ids.mapped("raw"))
        return message.sudo()

    def test_portal_customer_cannot_pin_by_posting(self):
        """The portal posts for the customer with higher rights."""
        user = self._create_new_portal_user()
        message = self.post(user, sudo=True)
        self.assertIn(self.partner_a, message.notified_partner_ids)
        self.assertNotPinned()

    def test_auditor_cannot_pin_by_posting(self):
        user = new_test_user(
            self.env,
            "connectwise_auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.post(user, sudo=True)
        self.assertNotPinned()

    def test_invoicing_user_pins_the_pdf_by_posting_it(self):
        """The customer then has the PDF."""
        self.post(self.accountant)
        self.assertPinned()

    def test_incoming_email_cannot_pin(self):
        """The server passes on files that a customer sends."""
        self.move.message_subscribe(self.partner_a.ids)
        message = self.move.sudo().message_post(
            body="Look",
            attachments=[("CW1001.pdf", self.pdf)],
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=self.partner_b.id,
        )
        self.assertIn(self.partner_a, message.notified_partner_ids)
        self.assertNotPinned()

    def test_auditor_cannot_pin_by_mailing_a_template(self):
        """An auditor may add a file and an address to the template."""
        user = new_test_user(
            self.env,
            "connectwise_auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.template.report_template_ids = False
        template = self.template.with_user(user)
        file = self.env["ir.attachment"].with_user(user)
        file = file.create({"name": "x.pdf", "raw": self.pdf})
        template.send_mail(
            self.move.id,
            email_values={
                "email_to": "me@example.com",
                "attachment_ids": [(4, file.id)],
            },
        )
        self.assertIn([self.pdf], self.queued())
        self.assertNotPinned()
