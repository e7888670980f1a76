"""What was sent is stored: on which day, with whose PDF, and why not ConnectWise's."""

from odoo.tests import tagged

from .mailing_common import MailingCommon


@tagged("post_install", "-at_install")
class TestDeliveries(MailingCommon):
    def deliveries(self, moves=None):
        """Return (source, reason, share) of what is stored of these invoices."""
        domain = [("move_id", "in", (moves or self.move).ids)]
        found = self.env["connectwise.delivery"].search(domain, order="id")
        return [(row.source, row.reason, row.share) for row in found]

    def assertReason(self, reason, move=None):
        self.send(move or self.move)
        self.assertEqual(self.deliveries(move), [("odoo", reason, 0)])

    def test_connectwises_pdf_is_noted_without_a_reason(self):
        self.send(self.move)
        self.assertEqual(self.deliveries(), [("connectwise", False, 100)])

    def test_attached_pdf_is_noted_with_the_reason(self):
        self.set_priority("attachment", "connectwise", "odoo")
        self.move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "scan.pdf",
                "raw": self.sandbox_pdf("CW1002"),
                "res_model": "account.move",
                "res_id": self.move.id,
            }
        )
        self.send(self.move)
        self.assertEqual(self.deliveries(), [("attachment", "not_preferred", 0)])

    def test_reason_is_that_odoo_comes_first(self):
        self.set_priority("odoo", "connectwise")
        self.assertReason("not_preferred")

    def test_reason_is_that_connectwise_has_no_such_number(self):
        self.assertReason("not_found", self.invoice("NOT-THERE-1", amount=1))

    def test_reason_is_the_verdict(self):
        self.assertReason("wrong_amount", self.invoice("CW1002", amount=1))

    def test_reason_is_that_connectwise_does_not_answer(self):
        self.sandbox.fault("unavailable", times=0)
        self.assertReason("no_answer")

    def test_reason_is_that_the_file_is_unusable(self):
        self.sandbox.set_invoice_pdf(self.sandbox_invoice("CW1001")["id"], b"no PDF")
        self.assertReason("unusable")

    def test_reason_is_that_there_is_no_connection(self):
        self.backend.active = False
        self.assertReason("not_connected")

    def test_batch_is_noted_once_each(self):
        moves = self.move + self.invoice("CW1002") + self.invoice("CW1003")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.deliveries(moves), [("connectwise", False, 100)] * 3)

    def test_sending_again_on_the_same_day_counts_once(self):
        self.send(self.move)
        self.send(self.move)
        self.assertEqual(len(self.deliveries()), 1)

    def test_sending_on_another_day_counts_again(self):
        self.send(self.move)
        with self.later(days=1):
            self.send(self.move)
        self.assertEqual(len(self.deliveries()), 2)

    def test_download_is_no_delivery(self):
        self.partner_a.invoice_sending_method = "manual"
        self.send(self.move)
        self.assertEqual(self.deliveries(), [])

    def test_invoice_that_reaches_nobody_is_no_delivery(self):
        self.partner_a.email = False
        self.send(self.move)
        self.assertEqual(self.deliveries(), [])

    def test_mail_template_is_a_delivery(self):
        self.compose(self.move)._action_send_mail()
        self.assertEqual(self.deliveries(), [("connectwise", False, 100)])

    def post(self, name):
        self.set_priority("odoo")
        self.move.with_user(self.accountant).message_post(
            partner_ids=self.partner_a.ids, attachments=[(name, b"%PDF-1.4")]
        )

    def test_message_with_odoos_pdf_is_a_delivery(self):
        self.post("CW1001.pdf")
        self.assertEqual(self.deliveries(), [("odoo", "not_preferred", 0)])

    def test_message_with_another_file_is_no_delivery(self):
        self.post("terms.pdf")
        self.assertEqual(self.deliveries(), [])

    def test_deliveries_of_a_deleted_invoice_are_deleted(self):
        self.send(self.move)
        self.move.button_draft()
        self.move.with_context(force_delete=True).unlink()
        self.assertFalse(self.env["connectwise.delivery"].search([]))

    def test_another_companys_user_reads_none(self):
        self.send(self.move)
        stranger = self.new_administrator(self.new_odoo_company())
        deliveries = self.env["connectwise.delivery"]
        self.assertTrue(deliveries.with_user(self.accountant).search([]))
        self.assertFalse(deliveries.with_user(stranger).search([]))

    def test_delivery_opens_its_invoice(self):
        self.send(self.move)
        delivery = self.env["connectwise.delivery"].search([])
        action = delivery.with_user(self.accountant).action_open_invoice()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("account.move", self.move.id)
        )
