"""Invoices that are mailed by other ways than *Send*."""

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.connecting import link
from .contact_common import import_contact
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
    """As *Send* does, every mail looks for a newer PDF, and pins what it sends."""

    def send_template(self, user=None):
        template = self.template.with_user(user or self.accountant)
        template.send_mail(self.move.id)

    def test_template_pins(self):
        """A change in ConnectWise afterwards is said, and replaces nothing."""
        self.send_template()
        self.assertEqual(self.queued(), [[self.pdf]])
        self.assertPinned()
        self.change()
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)

    def test_template_takes_the_newest(self):
        """Freshness."""
        self.move._get_preferred_invoice_pdf()
        self.change()
        self.send_template()
        self.assertEqual(self.queued(), [[self.sandbox_pdf("CW1001")]])
        self.assertNotEqual(self.sandbox_pdf("CW1001"), self.pdf)

    def test_template_does_not_send_what_is_refused_now(self):
        """It was accepted when it was fetched."""
        self.move._get_preferred_invoice_pdf()
        self.change(total=1)
        self.send_template()
        self.assertNotIn(self.pdf, self.queued()[0])
        self.assertFalse(self.move.sudo().connectwise_sent_checksum)

    def test_many_by_template_are_asked_about_at_once(self):
        """Freshness: in bulk."""
        moves = self.move + self.invoice("CW1002") + self.invoice("CW1003")
        moves._get_preferred_invoice_pdfs()
        self.sandbox.clear_requests()
        self.template.with_user(self.accountant).send_mail_batch(moves.ids)
        self.assertEqual(len(self.requests("/finance/invoices")), 1)
        for move in moves:
            self.assertPinned(move)

    def test_many_by_an_automation_rule_are_asked_about_at_once(self):
        """Freshness: in bulk, though Odoo mails them one by one."""
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
        """The customer received it, whoever set it off."""
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
        self.compose(self.move)._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        self.assertPinned()

    def test_composer_for_many_pins(self):
        moves = self.move + self.invoice("CW1002")
        self.compose(moves, mode="mass_mail")._action_send_mail()
        for move in moves:
            self.assertPinned(move)

    def test_composer_sends_the_newest(self):
        """Freshness: changed in ConnectWise while the dialog was open."""
        composer = self.compose(self.move)
        self.assertEqual(composer.attachment_ids.mapped("raw"), [self.pdf])
        self.change()
        composer._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.sandbox_pdf("CW1001")]])
        self.assertPinned()

    # In tests Odoo renders HTML, which Odoo then looks into as a PDF.
    @mute_logger("pypdf._reader")
    def test_composer_does_not_send_what_was_refused_meanwhile(self):
        composer = self.compose(self.move)
        self.change(total=1)
        composer._action_send_mail()
        [[content]] = self.mailed(self.move)
        self.assertNotEqual(content, self.pdf)
        self.assertIn(b"CW1001", content)

    # In tests Odoo renders HTML, which Odoo then looks into as a PDF.
    @mute_logger("pypdf._reader")
    def test_scheduled_message_does_not_send_what_was_refused_meanwhile(self):
        """Days may pass between."""
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
        """Also where it is ConnectWise's PDF that somebody saved before."""
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
    """It counts as sent only if somebody was mailed it."""

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

    def test_pdf_that_was_taken_out_of_the_mail_is_not_pinned(self):
        """The person sends the invoice without it."""
        wizard = self.wizard(self.move)
        [values] = wizard.mail_attachments_widget
        wizard.mail_attachments_widget = [{**values, "skip": True}]
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[]])
        self.assertNotPinned()

    def test_other_file_pins_nothing(self):
        """Only the PDF that is kept counts."""
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
        """The portal posts for him with more rights than he has."""
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

    def test_invoicing_pins_by_mailing_it(self):
        """What a person of Invoicing sends by hand is what the customer has."""
        self.post(self.accountant)
        self.assertPinned()

    def test_incoming_mail_cannot_pin(self):
        """The server passes on what a customer sends."""
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
        """An auditor may mail a template, and add a file and an address."""
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
    """The dialogs say who will be mailed nothing; not mailed is not sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_b.write(
            {"email": False, "invoice_sending_method": "email", "parent_id": False}
        )
        cls.partner_b.invoice_edi_format = False

    def batch(self):
        """Return a dialog for one customer with an address and one without."""
        self.unreached = self.invoice("CW1002", partner_id=self.partner_b.id)
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

    def test_batch_says_how_many_and_which(self):
        """And opens them."""
        alert = self.batch().alerts["benji_connectwise_not_mailed"]
        self.assertIn("1 will not be mailed: no address", alert["message"])
        self.assertIn(self.unreached.name, alert["message"])
        self.assertNotIn(self.move.name, alert["message"])
        self.assertEqual(alert["action"]["res_id"], self.unreached.id)

    def test_batch_names_the_customer_who_needs_an_address(self):
        """Odoo's own warning, which opens the customer."""
        alert = self.batch().alerts["account_missing_email"]
        self.assertEqual(alert["action"]["res_id"], self.partner_b.id)

    def test_batch_is_content_with_the_bill_to_contact(self):
        """The customer without an address has an enabled contact with one."""
        self.enable_contact(self.partner_b)
        alerts = self.batch().alerts or {}
        self.assertNotIn("account_missing_email", alerts)
        self.assertNotIn("benji_connectwise_not_mailed", alerts)

    def test_batch_says_nothing_where_all_are_reached(self):
        moves = self.move + self.invoice("CW1002")
        alerts = self.wizard(moves).alerts or {}
        self.assertNotIn("benji_connectwise_not_mailed", alerts)

    def test_single_dialog_says_so(self):
        move = self.invoice("CW1002", partner_id=self.partner_b.id)
        wizard = self.wizard(move)
        alert = wizard.alerts["benji_connectwise_not_mailed"]
        self.assertIn("1 will not be mailed: no address", alert["message"])
        wizard.mail_partner_ids = self.partner_a
        self.assertNotIn("benji_connectwise_not_mailed", wizard.alerts or {})

    def test_single_dialog_says_so_of_a_disabled_contact(self):
        """Chosen by hand, it is not mailed."""
        mapping = self.enable_contact(self.partner_b)
        mapping.disable_contact()
        move = self.invoice("CW1002", partner_id=self.partner_b.id)
        wizard = self.wizard(move)
        wizard.mail_partner_ids = mapping.contact_id
        self.assertIn("benji_connectwise_not_mailed", wizard.alerts)

    def test_download_is_no_mail(self):
        wizard = self.wizard(self.invoice("CW1002", partner_id=self.partner_b.id))
        wizard.sending_methods = ["manual"]
        self.assertNotIn("benji_connectwise_not_mailed", wizard.alerts or {})

    def test_not_mailed_is_not_sent(self):
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

    def test_it_is_sent_once_somebody_is_mailed(self):
        """Though Odoo's PDF was made before."""
        self.set_priority("odoo")
        self.batch().action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertTrue(self.unreached.invoice_pdf_report_id)
        self.partner_b.email = "b@example.com"
        self.wizard(self.unreached).action_send_and_print()
        self.assertEqual(len(self.mailed(self.unreached)), 1)
        self.assertTrue(self.unreached.is_move_sent)

    def test_what_was_sent_before_stays_sent(self):
        self.send(self.move)
        self.partner_a.email = False
        moves = self.move + self.invoice("CW1002", partner_id=self.partner_b.id)
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertTrue(self.move.is_move_sent)

    def test_whoever_sent_the_batch_is_told(self):
        """Not that all of them were sent."""
        self.batch().action_send_and_print()
        notices = []

        def note(partner, kind, values):
            notices.append((values["type"], values["action_button"]["res_ids"]))

        self.patch(type(self.env["res.partner"]), "_bus_send", note)
        self.run_cron("account.ir_cron_account_move_send")
        self.assertIn(("success", self.move.ids), notices)
        self.assertIn(("warning", self.unreached.ids), notices)


@tagged("post_install", "-at_install")
class TestOnce(MailingCommon):
    """Each chosen file goes once into one e-mail or ZIP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.without_payment = cls.env.ref("account.account_invoices_without_payment")
        cls.template.report_template_ids += cls.without_payment
        standard = cls.env.ref("account.email_template_edi_invoice")
        standard.report_template_ids = cls.without_payment

    def test_send_lists_and_sends_it_once(self):
        wizard = self.wizard(self.move)
        self.assertEqual(len(wizard.mail_attachments_widget), 1)
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_batch_sends_it_once(self):
        moves = self.move + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(self.mailed(move), [[self.sandbox_pdf(move.name)]])

    def test_one_that_was_listed_before_is_sent_once(self):
        """ConnectWise was away when the dialog was opened."""
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(self.move)
        self.assertEqual(len(wizard.mail_attachments_widget), 2)
        self.sandbox.clear_faults()
        self.move.action_refresh_pdf()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_copy_that_a_person_adds_is_not_sent_too(self):
        copy = self.env["ir.attachment"].create({"name": "copy", "raw": self.pdf})
        wizard = self.wizard(self.move)
        wizard.mail_attachments_widget = [
            *wizard.mail_attachments_widget,
            {"id": copy.id, "name": "copy", "placeholder": False, "manual": True},
        ]
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_odoos_two_reports_are_both_sent(self):
        """They are different files."""
        self.set_priority("odoo")
        wizard = self.wizard(self.move)
        self.assertEqual(len(wizard.mail_attachments_widget), 2)
        wizard.action_send_and_print()
        [files] = self.mailed(self.move)
        self.assertEqual(len(files), 2)

    def test_template_sends_it_once(self):
        self.template.with_user(self.accountant).send_mail(self.move.id)
        self.assertEqual(self.queued(), [[self.pdf]])

    def test_composer_sends_it_once(self):
        """One, and many."""
        self.compose(self.move)._action_send_mail()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        other = self.invoice("CW1002")
        self.compose(other, mode="mass_mail")._action_send_mail()
        self.assertEqual(self.queued(other), [[self.sandbox_pdf("CW1002")]])

    def test_zip_has_it_once(self):
        """Also after it was sent."""
        self.send(self.move)
        for documents in (
            self.move._get_invoice_legal_documents_all(allow_fallback=True),
            self.move._get_move_zip_export_docs(),
        ):
            self.assertEqual([data["content"] for data in documents], [self.pdf])
