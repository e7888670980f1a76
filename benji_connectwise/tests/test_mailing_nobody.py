"""Invoices whose customers have no address to be mailed to."""

from odoo.tests import tagged

from ..tools.mapping.connecting import link
from .contact_common import import_contact
from .mailing_common import MailingCommon


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

    def test_invoice_that_a_network_took_is_not_called_unsent(self):
        """Odoo sends it with its documents. Afterwards it cannot be sent like that."""
        taken = self.env["account.move"]

        def take(_send, invoices_data):
            nonlocal taken
            taken = taken.union(*invoices_data)

        def is_applicable(_send, _method, move, **_move_data):
            return move not in taken

        send = self.env.registry["account.move.send"]
        self.patch(send, "_call_web_service_after_invoice_pdf_render", take)
        self.patch(send, "_is_applicable_to_move", is_applicable)
        self.wizard(self.unreached).action_send_and_print()
        self.assertEqual(taken, self.unreached)
        self.assertTrue(self.unreached.is_move_sent)
        self.assertNotIn("Not sent", str(self.unreached.message_ids.mapped("body")))

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
