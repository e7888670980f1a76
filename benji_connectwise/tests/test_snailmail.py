"""Letters carry the chosen PDF."""

from odoo.tests import tagged

from .sending_common import SendingCommon


@tagged("post_install", "-at_install")
class TestSnailmail(SendingCommon):
    """Snailmail is installed with Odoo's Invoicing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_a.write(
            {
                "street": "1 Main St",
                "city": "Austin",
                "zip": "73301",
                "state_id": cls.env.ref("base.state_us_44").id,
                "country_id": cls.env.ref("base.us").id,
            }
        )
        cls.move = cls.invoice("CW1001")

    def post(self, move):
        """Send this invoice by post, and return its letter."""
        wizard = self.wizard(move)
        wizard.sending_methods = ["snailmail"]
        wizard.action_send_and_print()
        return self.env["snailmail.letter"].search(
            [("model", "=", "account.move"), ("res_id", "=", move.id)]
        )

    def test_letter_is_made_of_the_chosen_pdf(self):
        """Snailmail then whitens its margins, as it does with Odoo's PDF."""
        letter = self.post(self.move)
        _name, content = letter._generate_report_pdf(letter.report_template)
        self.assertEqual(content, self.pdf)

    def test_posted_pdf_is_pinned(self):
        """The letter is made later, from the PDF that was chosen at that time."""
        letter = self.post(self.move)
        self.assertTrue(self.move.is_move_sent)
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        _name, content = letter._generate_report_pdf(letter.report_template)
        self.assertEqual(content, self.pdf)

    def test_letter_without_address_is_not_sent(self):
        """Odoo makes no letter, and nothing is pinned."""
        self.partner_a.street = False
        moves = self.move + self.invoice("CW1002")
        self.partner_a.invoice_sending_method = "snailmail"
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertFalse(any(moves.mapped("is_move_sent")))
        self.assertFalse(any(moves.sudo().mapped("connectwise_sent_checksum")))
