"""Invoices that are mailed by other ways than *Send* (D3, D23)."""

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_sending import SendingCommon


class MailingCommon(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["mail.template"].create(
            {
                "name": "With the invoice",
                "model_id": cls.env.ref("account.model_account_move").id,
                "subject": "Invoice",
                "body_html": "<p>Your invoice</p>",
                "use_default_to": True,
                "report_template_ids": [cls.env.ref("account.account_invoices").id],
            }
        )

    def setUp(self):
        super().setUp()
        self.move = self.invoice("CW1001")

    def change(self, **values):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        values = values or {"reference": "changed there"}
        self.sandbox.patch_invoice(invoice_id, values)

    def queued(self, move=None):
        """Return the files of the e-mails in the queue, oldest first."""
        mails = self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "=", (move or self.move).id)],
            order="id",
        )
        return [mail.attachment_ids.mapped("raw") for mail in mails]

    def assertPinned(self, move=None):
        move = (move or self.move).sudo()
        kept = move.connectwise_pdf_id
        self.assertTrue(kept)
        self.assertEqual(move.connectwise_sent_checksum, kept.checksum)

    def assertNotPinned(self):
        self.assertTrue(self.move.connectwise_pdf_id)
        self.assertFalse(self.move.sudo().connectwise_sent_checksum)

    def action(self, **values):
        return self.env["ir.actions.server"].create(
            {
                "name": "Mail the invoice",
                "model_id": self.env.ref("account.model_account_move").id,
                "state": "mail_post",
                "mail_post_method": "email",
                "template_id": self.template.id,
                **values,
            }
        )

    def compose(self, moves, mode="comment", template=None):
        return (
            self.env["mail.compose.message"]
            .with_user(self.accountant)
            .with_context(
                default_composition_mode=mode,
                default_model="account.move",
                default_res_ids=moves.ids,
                default_template_id=(template or self.template).id,
            )
            .create({})
        )


@tagged("post_install", "-at_install")
class TestMailing(MailingCommon):
    """D3: as *Send* does, every mail looks for a newer PDF, and pins what it sends."""

    def send_template(self, user=None):
        template = self.template.with_user(user or self.accountant)
        template.send_mail(self.move.id)

    def test_template_pins(self):
        """D3: a change in ConnectWise afterwards is said, and replaces nothing."""
        self.send_template()
        self.assertEqual(self.queued(), [[self.pdf]])
        self.assertPinned()
        self.change()
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)

    def test_template_takes_the_newest(self):
        """D3 Freshness"""
        self.move._get_preferred_invoice_pdf()
        self.change()
        self.send_template()
        self.assertEqual(self.queued(), [[self.sandbox_pdf("CW1001")]])
        self.assertNotEqual(self.sandbox_pdf("CW1001"), self.pdf)

    def test_template_does_not_send_what_is_refused_now(self):
        """D1 D3: it was accepted when it was fetched."""
        self.move._get_preferred_invoice_pdf()
        self.change(total=1)
        self.send_template()
        self.assertNotIn(self.pdf, self.queued()[0])
        self.assertFalse(self.move.sudo().connectwise_sent_checksum)

    def test_many_by_template_are_asked_about_at_once(self):
        """D3 D15 Freshness: in bulk"""
        moves = self.move + self.invoice("CW1002") + self.invoice("CW1003")
        moves._get_preferred_invoice_pdfs()
        self.sandbox.clear_requests()
        self.template.with_user(self.accountant).send_mail_batch(moves.ids)
        self.assertEqual(len(self.requests("/finance/invoices")), 1)
        for move in moves:
            self.assertPinned(move)

    def test_many_by_an_automation_rule_are_asked_about_at_once(self):
        """D3 D15 Freshness: in bulk, though Odoo mails them one by one."""
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

    def test_automation_rule_of_somebody_without_invoicing_pins(self):
        """D3: the customer received it, whoever set it off."""
        person = new_test_user(self.env, "connectwise_seller", groups="base.group_user")
        for method in ("email", "comment"):
            with self.subTest(method):
                self.move.sudo().connectwise_sent_checksum = False
                action = self.action(mail_post_method=method).with_user(person).sudo()
                action.with_context(
                    active_model="account.move", active_ids=self.move.ids
                ).run()
                self.assertPinned()

    def test_composer_pins(self):
        """D3"""
        self.compose(self.move)._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        self.assertPinned()

    def test_composer_for_many_pins(self):
        """D3"""
        moves = self.move + self.invoice("CW1002")
        self.compose(moves, mode="mass_mail")._action_send_mail()
        for move in moves:
            self.assertPinned(move)

    def test_composer_sends_the_newest(self):
        """D3 Freshness: changed in ConnectWise while the dialog was open"""
        composer = self.compose(self.move)
        self.assertEqual(composer.attachment_ids.mapped("raw"), [self.pdf])
        self.change()
        composer._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.sandbox_pdf("CW1001")]])
        self.assertPinned()

    # In tests Odoo renders HTML, which Odoo then looks into as a PDF.
    @mute_logger("pypdf._reader")
    def test_composer_does_not_send_what_was_refused_meanwhile(self):
        """D1 D3"""
        composer = self.compose(self.move)
        self.change(total=1)
        composer._action_send_mail()
        [[content]] = self.mailed(self.move)
        self.assertNotEqual(content, self.pdf)
        self.assertIn(b"CW1001", content)

    # In tests Odoo renders HTML, which Odoo then looks into as a PDF.
    @mute_logger("pypdf._reader")
    def test_scheduled_message_does_not_send_what_was_refused_meanwhile(self):
        """D1 D3: days may pass between."""
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

    def test_another_file_of_the_person_is_sent_as_it_is(self):
        """D3: also where it is ConnectWise's PDF that somebody saved before."""
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
    """D23: it counts as sent only if somebody was mailed it."""

    def setUp(self):
        super().setUp()
        self.move._get_preferred_invoice_pdf()

    def test_download_alone_pins_nothing(self):
        """D23"""
        wizard = self.wizard(self.move)
        wizard.sending_methods = ["manual"]
        wizard.action_send_and_print()
        self.assertNotPinned()

    def test_template_without_recipients_pins_nothing(self):
        """D23"""
        self.partner_a.email = False
        self.template.with_user(self.accountant).send_mail(self.move.id)
        self.assertEqual(self.queued(), [[self.pdf]])
        self.assertNotPinned()

    def test_email_to_nobody_pins_nothing(self):
        """D23"""
        self.partner_a.email = False
        moves = self.move + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertFalse(self.mailed(self.move))
        self.assertNotPinned()

    def test_pdf_that_was_taken_out_of_the_mail_is_not_pinned(self):
        """D23: the person sends the invoice without it."""
        wizard = self.wizard(self.move)
        [values] = wizard.mail_attachments_widget
        wizard.mail_attachments_widget = [{**values, "skip": True}]
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[]])
        self.assertNotPinned()

    def test_other_file_pins_nothing(self):
        """D23: only the PDF that is kept counts."""
        self.move.with_user(self.accountant).message_post(
            body="Look",
            attachments=[("CW1001.pdf", self.pdf + b"\n")],
            partner_ids=self.partner_a.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertNotPinned()

    # Nobody pins by attaching the file himself --------------------------------------

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
        """D23: the portal posts for him with more rights than he has."""
        user = self._create_new_portal_user()
        message = self.post(user, sudo=True)
        self.assertIn(self.partner_a, message.notified_partner_ids)
        self.assertNotPinned()

    def test_auditor_cannot_pin_by_posting(self):
        """D23"""
        user = new_test_user(
            self.env,
            "connectwise_auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.post(user, sudo=True)
        self.assertNotPinned()

    def test_invoicing_pins_by_mailing_it(self):
        """D23: what a person of Invoicing sends by hand is what the customer has."""
        self.post(self.accountant)
        self.assertPinned()

    def test_incoming_mail_cannot_pin(self):
        """D23: the server passes on what a customer sends."""
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

    def test_values_from_outside_cannot_pin(self):
        """D23: an auditor may mail a template, and add a file and an address."""
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
