"""What counts as sent, so that nothing replaces it any more (D3, D23)."""

from odoo import Command
from odoo.tests import new_test_user, tagged

from .test_sending import SendingCommon


@tagged("post_install", "-at_install")
class TestPinning(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.template = cls.env["mail.template"].create(
            {
                "name": "With the invoice",
                "model_id": cls.env.ref("account.model_account_move").id,
                "subject": "Invoice",
                "body_html": "<p>Here it is.</p>",
                "partner_to": "{{ object.partner_id.id }}",
                "report_template_ids": cls.env.ref("account.account_invoices").ids,
                "auto_delete": False,
            }
        )

    def change(self):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})

    def is_pinned(self):
        """Whether a newer PDF there leaves this one as it is."""
        self.change()
        self.look_at_changes()
        content = self.move._get_preferred_invoice_pdf().raw
        is_pinned = content == self.pdf
        self.assertEqual(is_pinned, self.move.connectwise_pdf_changed)
        return is_pinned

    def send_template(self, user=None):
        template = self.template.with_user(user or self.accountant)
        mail_id = template.send_mail(self.move.id)
        return self.env["mail.mail"].browse(mail_id).attachment_ids.raw

    def automation(self, method):
        return self.env["ir.actions.server"].create(
            {
                "name": "Mail the invoice",
                "model_id": self.env.ref("account.model_account_move").id,
                "state": "mail_post",
                "mail_post_method": method,
                "template_id": self.template.id,
            }
        )

    # What is sent -------------------------------------------------------------------

    def test_a_mail_template_pins_what_it_sends(self):
        """D3 D23"""
        self.assertEqual(self.send_template(), self.pdf)
        self.assertTrue(self.is_pinned())

    def test_a_mail_template_sends_the_newest_pdf(self):
        """D3: as Send does, what is kept is compared with ConnectWise's first."""
        self.move._get_preferred_invoice_pdf()
        self.change()
        self.assertEqual(self.send_template(), self.sandbox_pdf("CW1001"))

    def test_a_mail_template_does_not_replace_what_was_sent(self):
        """D3"""
        self.send(self.move)
        self.change()
        self.assertEqual(self.send_template(), self.pdf)

    def test_a_mail_template_sends_while_connectwise_is_down(self):
        """D15: with what is kept"""
        self.move._get_preferred_invoice_pdf()
        self.sandbox.fault("unavailable", times=0)
        self.assertEqual(self.send_template(), self.pdf)

    def test_a_mail_template_sends_nothing_that_is_refused_meanwhile(self):
        """D1: it is judged anew."""
        self.move._get_preferred_invoice_pdf()
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], {"total": 1})
        self.assertNotEqual(self.send_template(), self.pdf)

    def test_an_automation_rule_pins_what_it_sends(self):
        """D3 D23: as an e-mail and as a message, run by somebody without Invoicing."""
        seller = new_test_user(
            self.env, "connectwise_seller", groups="base.group_user,base.group_no_one"
        )
        for method in ("email", "comment"):
            with self.subTest(method):
                self.move.sudo().connectwise_sent_checksum = False
                action = self.automation(method).with_user(seller).sudo()
                action.with_context(
                    active_model="account.move", active_id=self.move.id
                ).run()
                kept = self.move._get_preferred_invoice_pdf()
                self.assertEqual(
                    self.move.sudo().connectwise_sent_checksum, kept.checksum
                )

    def compose(self, user, **values):
        composer = (
            self.env["mail.compose.message"]
            .with_user(user)
            .create(
                {
                    "model": "account.move",
                    "res_ids": str(self.move.ids),
                    "template_id": self.template.id,
                    **values,
                }
            )
        )
        composer.action_send_mail()

    def test_the_composer_pins_what_it_sends(self):
        """D3 D23: one message, and mails to many"""
        for mode in ("comment", "mass_mail"):
            with self.subTest(mode):
                self.move.sudo().connectwise_sent_checksum = False
                self.compose(self.accountant, composition_mode=mode)
                kept = self.move._get_preferred_invoice_pdf()
                self.assertEqual(
                    self.move.sudo().connectwise_sent_checksum, kept.checksum
                )

    # What is not --------------------------------------------------------------------

    def test_download_alone_is_no_sending(self):
        """D23"""
        wizard = self.wizard(self.move)
        wizard.sending_methods = ["manual"]
        wizard.action_send_and_print()
        self.assertFalse(self.is_pinned())

    def test_a_mail_to_nobody_is_no_sending(self):
        """D23"""
        self.partner_a.email = False
        self.wizard(self.move + self.invoice("CW1002")).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertFalse(self.mailed(self.move))
        self.assertFalse(self.is_pinned())

    def test_a_template_that_goes_to_nobody_is_no_sending(self):
        """D23"""
        self.partner_a.email = False
        self.send_template()
        self.assertFalse(self.is_pinned())

    def test_a_mail_with_another_file_is_no_sending(self):
        """D23"""
        self.move._get_preferred_invoice_pdf()
        self.move.with_user(self.accountant).message_post(
            body="Read this",
            partner_ids=self.partner_a.ids,
            attachments=[("CW1001.pdf", b"%PDF-1.4 another")],
        )
        self.assertFalse(self.is_pinned())

    def test_a_customers_answer_with_the_file_is_no_sending(self):
        """D23: in the portal, and by e-mail"""
        self.move._get_preferred_invoice_pdf()
        portal = new_test_user(
            self.env, "connectwise_portal", groups="base.group_portal"
        )
        self.move.message_subscribe(
            (self.accountant + self.administrator).partner_id.ids
        )
        answer = {
            "body": "This is wrong",
            "subtype_xmlid": "mail.mt_comment",
            "attachments": [("CW1001.pdf", self.pdf)],
            "author_id": portal.partner_id.id,
        }
        self.move.with_user(portal).sudo().message_post(
            message_type="comment", **answer
        )
        self.move.with_user(self.env.ref("base.user_root")).message_post(
            message_type="email", **answer
        )
        self.assertFalse(self.is_pinned())

    def test_a_message_of_somebody_without_invoicing_is_no_sending(self):
        """D23: whoever may read the invoice may post on it."""
        self.move._get_preferred_invoice_pdf()
        reader = new_test_user(
            self.env,
            "connectwise_auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        attachment = (
            self.env["ir.attachment"]
            .with_user(reader)
            .create({"name": "CW1001.pdf", "raw": self.pdf})
        )
        self.move.with_user(reader).message_post(
            body="Here",
            partner_ids=self.accountant.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
            attachment_ids=attachment.ids,
        )
        self.template.with_user(reader).send_mail(
            self.move.id,
            email_values={
                "attachment_ids": [Command.link(attachment.id)],
                "recipient_ids": [Command.link(reader.partner_id.id)],
            },
        )
        self.assertFalse(self.is_pinned())
