"""Invoices that are mailed in other ways than by *Send*."""

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.mapping.connecting import link
from .contact_common import import_contact
from .sending_common import SendingCommon


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
        cls.move = cls.invoice("CW1001")

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


@tagged("post_install", "-at_install")
class TestNobodyToMail(MailingCommon):
    """The dialogs say who will not be mailed, and such an invoice does not count as
    sent.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_b.write(
            {"email": False, "invoice_sending_method": "email", "parent_id": False}
        )
        cls.partner_b.invoice_edi_format = False
        cls.unreached = cls.invoice("CW1002", partner_id=cls.partner_b.id)

    def batch(self):
        """Return a dialog for one customer with an address and one without."""
        return self.wizard(self.move + self.unreached)

    def enable_contact(self, customer):
        """Give this customer an enabled Bill-To contact."""
        company = (
            self.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": self.backend.id,
                    "connectwise_ref": 991,
                    "name": "Acme",
                    "contact_ref": 992,
                    "contact_name": "Emma Diaz",
                    "contact_email": "emma@acme.example.com",
                }
            )
        )
        mapping = (
            self.env["connectwise.mapping"]
            .sudo()
            .create({"backend_id": self.backend.id, "partner_id": customer.id})
        )
        link(mapping.env, [(mapping.id, company.id, "manual")])
        import_contact(mapping)
        mapping.enable_contact()
        return mapping

    def test_batch_dialog_counts_and_opens_invoices_without_recipient(self):
        alert = self.batch().alerts["benji_connectwise_not_mailed"]
        self.assertIn("1 will not be mailed: no address", alert["message"])
        self.assertIn(self.unreached.name, alert["message"])
        self.assertNotIn(self.move.name, alert["message"])
        self.assertEqual(alert["action"]["res_id"], self.unreached.id)

    def test_batch_dialog_names_the_customer_without_an_address(self):
        """Odoo's own warning opens the customer."""
        alert = self.batch().alerts["account_missing_email"]
        self.assertEqual(alert["action"]["res_id"], self.partner_b.id)

    def test_batch_dialog_does_not_warn_if_the_bill_to_contact_is_mailed(self):
        """The customer has no address of its own."""
        self.enable_contact(self.partner_b)
        alerts = self.batch().alerts or {}
        self.assertNotIn("account_missing_email", alerts)
        self.assertNotIn("benji_connectwise_not_mailed", alerts)

    def test_batch_dialog_does_not_warn_if_everybody_is_mailed(self):
        moves = self.move + self.invoice("CW1003")
        alerts = self.wizard(moves).alerts or {}
        self.assertNotIn("benji_connectwise_not_mailed", alerts)

    def test_send_dialog_warns_if_nobody_is_mailed(self):
        wizard = self.wizard(self.unreached)
        alert = wizard.alerts["benji_connectwise_not_mailed"]
        self.assertIn("1 will not be mailed: no address", alert["message"])
        wizard.mail_partner_ids = self.partner_a
        self.assertNotIn("benji_connectwise_not_mailed", wizard.alerts or {})

    def test_send_dialog_warns_if_only_a_disabled_contact_is_chosen(self):
        mapping = self.enable_contact(self.partner_b)
        mapping.disable_contact()
        wizard = self.wizard(self.unreached)
        wizard.mail_partner_ids = mapping.contact_id
        self.assertIn("benji_connectwise_not_mailed", wizard.alerts)

    def test_send_dialog_does_not_warn_about_a_download(self):
        wizard = self.wizard(self.unreached)
        wizard.sending_methods = ["manual"]
        self.assertNotIn("benji_connectwise_not_mailed", wizard.alerts or {})

    def test_invoice_that_nobody_was_mailed_does_not_count_as_sent(self):
        """Neither with ConnectWise's PDF nor with Odoo's."""
        for source in ("connectwise", "odoo"):
            with self.subTest(source), self.cr.savepoint() as savepoint:
                self.set_priority(source)
                self.batch().action_send_and_print()
                self.run_cron("account.ir_cron_account_move_send")
                self.assertFalse(self.unreached.is_move_sent)
                self.assertFalse(self.mailed(self.unreached))
                self.assertIn("Not sent", str(self.unreached.message_ids[0].body))
                self.assertTrue(self.move.is_move_sent)
                savepoint.rollback()

    def test_invoice_counts_as_sent_once_somebody_is_mailed(self):
        """Odoo's PDF was made before."""
        self.set_priority("odoo")
        self.batch().action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertTrue(self.unreached.invoice_pdf_report_id)
        self.partner_b.email = "b@example.com"
        self.wizard(self.unreached).action_send_and_print()
        self.assertEqual(len(self.mailed(self.unreached)), 1)
        self.assertTrue(self.unreached.is_move_sent)

    def test_invoice_that_was_sent_before_still_counts_as_sent(self):
        self.send(self.move)
        self.partner_a.email = False
        self.batch().action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertTrue(self.move.is_move_sent)

    def test_sender_of_a_batch_is_told_that_some_were_not_mailed(self):
        self.batch().action_send_and_print()
        notices = []

        def note(partner, kind, values):
            notices.append((values["type"], values["action_button"]["res_ids"]))

        self.patch(type(self.env["res.partner"]), "_bus_send", note)
        self.run_cron("account.ir_cron_account_move_send")
        self.assertIn(("success", self.move.ids), notices)
        self.assertIn(("warning", self.unreached.ids), notices)
