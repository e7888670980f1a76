"""An invoice that is accepted although its amount differs: everybody is told."""

from odoo.tests import tagged

from .why_common import WhyCommon


@tagged("post_install", "-at_install")
class TestAmountDiffers(WhyCommon):
    """A differing amount is accepted with a warning wherever the invoice is sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_by_hand(cls.partner_a, "CW1001")

    def differing(self):
        return self.invoice("CW1001", amount=1)

    def test_send_dialog_names_both_amounts(self):
        move = self.differing()
        message = self.alerts(move)["benji_connectwise_amount"]["message"]
        self.assertIn("Odoo's is 1.00 USD", message)
        self.assertIn(f"{self.sandbox_invoice('CW1001')['total']:,.2f}", message)

    def test_batch_dialog_counts_and_opens_differing_amounts(self):
        move = self.differing()
        alert = self.alerts(move + self.invoice("NOT-THERE-1", amount=1))[
            "benji_connectwise_amount"
        ]
        self.assertIn("1 of 2", alert["message"])
        self.assertEqual(alert["action"]["res_id"], move.id)

    def test_invoice_warns_about_a_differing_amount(self):
        move = self.differing()
        move._get_preferred_invoice_pdf()
        self.assertTrue(self.as_opened(move).connectwise_amount_differs)
        self.assertIn("1.00 USD", self.as_opened(move).connectwise_amount_warning)

    def test_explanation_marks_a_differing_amount(self):
        move = self.differing()
        move._get_preferred_invoice_pdf()
        text = self.why(move)
        self.assertIn("⚠", text)
        self.assertNotIn("✓", text)

    def test_explanation_leads_to_the_customers_row(self):
        move = self.differing()
        row = self.env["connectwise.mapping"].search(
            [("partner_id", "=", self.partner_a.id)]
        )
        self.assertIn(f"/odoo/connectwise.mapping/{row.id}", self.why(move))

    def test_differing_amounts_can_be_filtered_for(self):
        move = self.differing()
        move._get_preferred_invoice_pdf()
        mine = ("id", "=", move.id)
        self.assertTrue(self.find(mine, ("connectwise_amount_differs", "=", True)))
        self.assertFalse(self.find(mine, ("connectwise_amount_differs", "=", False)))
        self.set_priority("odoo")
        self.assertFalse(self.find(mine, ("connectwise_amount_differs", "=", True)))

    def test_equal_amount_causes_no_warning(self):
        move = self.invoice("CW1001")
        self.assertNotIn("benji_connectwise_amount", self.alerts(move))
        self.assertFalse(self.find(("connectwise_amount_differs", "=", True)))

    def send_in_background(self, move):
        move.sending_data = {
            "author_user_id": self.env.user.id,
            "author_partner_id": self.env.user.partner_id.id,
            "sending_methods": ["email"],
        }
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.env.invalidate_all()

    def test_scheduled_action_tells_a_person_of_a_differing_amount(self):
        move = self.differing()
        self.backend.responsible_id = self.administrator
        self.send_in_background(move)
        [activity] = move.activity_ids
        self.assertEqual(activity.user_id, self.administrator)
        self.assertIn("1.00 USD", activity.note)

    def test_other_modules_action_tells_a_person_of_a_differing_amount(self):
        """Sale's calls this method with all rights, and does not say who it is."""
        move = self.differing()
        send = self.env["account.move.send"].sudo()
        send._generate_and_send_invoices(move.sudo(), sending_methods=["email"])
        self.assertIn("1.00 USD", move.activity_ids.note or "")

    def test_scheduled_action_tells_nobody_of_an_equal_amount(self):
        move = self.invoice("CW1001")
        self.send_in_background(move)
        self.assertFalse(move.activity_ids)
