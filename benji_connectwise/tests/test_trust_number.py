"""A number that the customer may have chosen is no evidence."""

from odoo.tests import new_test_user, tagged

from .owner_common import OwnerCommon


@tagged("post_install", "-at_install")
class TestNumberFromCustomer(OwnerCommon):
    """A number that a visitor of the web shop wrote is no evidence."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_rule()

    def of_order(self, **values):
        amount = values.pop("amount", self.sandbox_invoice("CW1001")["total"])
        return self.invoice(
            "A-1", amount=amount, ref="CW1001", invoice_origin="S00001", **values
        )

    def test_reference_of_an_order_is_no_evidence(self):
        """Kind, currency and amount are equal."""
        move = self.of_order()
        self.assertVerdict(move, "unproven_number")
        self.assertIn("which the customer may have", move.connectwise_message)

    def test_reference_of_another_customers_order_blocks_nobody(self):
        theirs = self.of_order(partner_id=self.partner_b.id)
        self.assertVerdict(theirs, "unproven_number")
        self.assertVerdict(self.invoice("CW1001"), "accepted")

    def test_order_reference_and_a_similar_name_are_no_evidence(self):
        row = self.new_row(self.partner_a)
        self.link(row, self.owner, "company_name")
        self.assertVerdict(self.of_order(), "unproven_number")

    def test_certain_connection_is_evidence_despite_the_reference(self):
        row = self.new_row(self.partner_a)
        self.link(row, self.owner, "account_id")
        self.assertVerdict(self.of_order(), "accepted")

    def test_invoice_created_by_a_visitor_is_no_evidence(self):
        """A payment in the web shop creates one."""
        visitor = new_test_user(self.env, "visitor", groups="base.group_public")
        amount = self.sandbox_invoice("CW1001")["total"]
        move = self.invoice("A-1", amount=amount, ref="CW1001", post=False)
        copied = move.with_user(visitor).sudo().copy({"ref": "CW1001", "name": "A-2"})
        copied.action_post()
        self.assertVerdict(copied, "unproven_number")

    def test_number_and_amount_of_a_registered_customer_are_no_evidence(self):
        """One that signed up chooses what to order, and so the amount."""
        self.partner_a._set_self_written(True)
        self.assertVerdict(self.invoice("CW1001"), "unproven_number")

    def test_reference_entered_in_invoicing_is_evidence(self):
        amount = self.sandbox_invoice("CW1001")["total"]
        self.assertVerdict(self.invoice("A-1", amount=amount, ref="CW1001"), "accepted")

    def test_number_of_an_orders_invoice_is_evidence(self):
        """Only the reference comes from the customer."""
        self.assertVerdict(self.invoice("CW1001", invoice_origin="S00001"), "accepted")
