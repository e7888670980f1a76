"""*Refresh PDF*, pressed on an invoice."""

from odoo.tests import tagged

from .why_common import WhyCommon


@tagged("post_install", "-at_install")
class TestRefresh(WhyCommon):
    """*Refresh PDF* says how it went."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def refresh(self, move):
        """Return the notification, which must be in the chatter, too."""
        action = self.as_opened(move).action_refresh_pdf()
        self.assertEqual(action["tag"], "display_notification")
        message = action["params"]["message"]
        [log] = move.message_ids.filtered(
            lambda log: "Refresh PDF" in (log.body or "")
        )[:1]
        self.assertIn(message, log.body.unescape())
        self.assertEqual(log.author_id, self.accountant.partner_id)
        return message

    def test_refresh_says_that_the_pdf_was_fetched(self):
        self.assertIn("was fetched", self.refresh(self.move))

    def test_refresh_says_that_the_pdf_is_unchanged(self):
        self.move._get_preferred_invoice_pdf()
        self.assertIn("same PDF as before", self.refresh(self.move))

    def test_refresh_says_that_connectwise_has_no_invoice(self):
        move = self.invoice("NOT-THERE-1", amount=1)
        self.assertIn("no invoice with the number", self.refresh(move))

    def test_refresh_says_why_a_pdf_was_refused(self):
        message = self.refresh(self.invoice("CW1002", amount=1))
        self.assertIn("its amount is", message)

    def test_refresh_says_that_connectwise_is_down(self):
        self.move._get_preferred_invoice_pdf()
        self.down()
        self.assertIn("since", self.refresh(self.move))
        self.assertChosen(self.move, "connectwise")

    def test_failed_refresh_stays_on_screen(self):
        refresh = self.as_opened(self.move).action_refresh_pdf
        self.assertFalse(refresh()["params"]["sticky"])
        self.down()
        self.assertTrue(refresh()["params"]["sticky"])

    def test_refresh_says_that_the_pdf_is_broken(self):
        self.sandbox.fault("pdf_truncated", "invoice_pdf", times=0)
        self.assertIn("incomplete", self.refresh(self.move))

    def test_refresh_says_that_a_draft_has_no_pdf(self):
        move = self.invoice("CW1002", post=False)
        self.assertIn("posted", self.refresh(move))

    def test_refresh_asks_before_it_replaces_a_received_pdf(self):
        """It does not ask otherwise."""
        attachment = self.move._get_preferred_invoice_pdf()
        self.assertFalse(self.as_opened(self.move).connectwise_pdf_is_sent)
        self.move.sudo().connectwise_sent_checksum = attachment.checksum
        self.assertTrue(self.as_opened(self.move).connectwise_pdf_is_sent)
        arch = self.move.with_user(self.accountant).get_view(view_type="form")["arch"]
        self.assertIn("The customer received the PDF", arch)

    def test_connectwises_message_is_escaped_in_the_chatter(self):
        """A note is HTML."""
        move = self.invoice("<img/>-1", amount=1)
        self.as_opened(move).action_refresh_pdf()
        self.assertIn("&lt;img", move.message_ids[0].body)
