"""*Use as invoice PDF*: a file that a person marked on an invoice."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .why_common import WhyCommon


@tagged("post_install", "-at_install")
class TestMarkedPdf(WhyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_attached_pdf_is_used_once_it_is_marked(self):
        self.set_priority("attachment", "odoo")
        attachment = self.attach(self.move)
        self.assertChosen(self.move, "odoo")
        self.move.with_user(self.accountant).invoice_pdf_attachment_id = attachment
        self.assertChosen(self.move, "attachment", attachment.raw)

    def test_file_of_another_record_cannot_be_marked(self):
        """It would show one customer's document to another."""
        other = self.invoice("CW1002")
        attachment = self.attach(other)
        with self.assertRaises(ValidationError):
            self.move.invoice_pdf_attachment_id = attachment

    def test_hidden_file_cannot_be_marked(self):
        """It may be ConnectWise's refused PDF of another customer."""
        self.assertChosen(self.move, "connectwise")
        with self.assertRaises(ValidationError):
            self.move.invoice_pdf_attachment_id = self.move.connectwise_pdf_id

    def test_file_that_a_person_may_not_read_is_not_named(self):
        """A remote call may name any file."""
        attachment = self.attach(self.invoice("CW1002"))
        attachment.sudo().write({"res_model": False, "res_id": False})
        with self.assertRaises(AccessError):
            self.move.with_user(self.accountant).invoice_pdf_attachment_id = attachment

    def test_marked_file_of_the_customer_before_is_not_used(self):
        """In a draft, it is an ordinary file that can be marked."""
        self.assertChosen(self.move, "connectwise")
        file = self.move.connectwise_pdf_id
        self.move.button_draft()
        self.move.with_user(self.accountant).invoice_pdf_attachment_id = file
        self.move.partner_id = self.partner_b
        self.move.action_post()
        self.assertFalse(self.move.invoice_pdf_attachment_id)
        self.assertNotEqual(self.move.invoice_pdf_source, "attachment")

    def test_file_marked_for_another_customer_is_not_used(self):
        """It was chosen before the customer of the draft was changed."""
        self.set_priority("attachment", "odoo")
        move = self.invoice("CW1003", post=False)
        move.invoice_pdf_attachment_id = self.attach(move)
        move.with_user(self.accountant).partner_id = self.partner_b
        move.action_post()
        self.assertChosen(move, "odoo")
        told = "".join(move.message_ids.mapped("body"))
        self.assertIn("because the customer changed", told)

    def test_file_marked_for_a_customer_that_was_cleared_is_not_used(self):
        self.set_priority("attachment", "odoo")
        move = self.invoice("CW1003", post=False)
        move.invoice_pdf_attachment_id = self.attach(move)
        move.partner_id = False
        move.partner_id = self.partner_b
        move.action_post()
        self.assertChosen(move, "odoo")

    def test_marked_file_stays_if_the_customers_address_changes(self):
        self.set_priority("attachment", "odoo")
        move = self.invoice("CW1003", post=False)
        move.invoice_pdf_attachment_id = self.attach(move)
        move.partner_id = self.env["res.partner"].create(
            {"name": "Accounts", "parent_id": self.partner_a.id, "type": "invoice"}
        )
        move.action_post()
        self.assertChosen(move, "attachment")

    def test_marked_file_moved_to_another_record_is_not_used(self):
        self.set_priority("attachment", "odoo")
        attachment = self.attach(self.move)
        self.move.invoice_pdf_attachment_id = attachment
        attachment.sudo().res_id = self.invoice("CW1002").id
        self.assertChosen(self.move, "odoo")

    def test_broken_pdf_cannot_be_marked(self):
        attachment = self.attach(self.move)
        attachment.raw = b"%PDF-1.4 cut"
        with self.assertRaises(ValidationError):
            self.move.invoice_pdf_attachment_id = attachment
