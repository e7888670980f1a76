"""Which invoices are trusted because the customer is connected."""

from odoo.tests import tagged

from .sync_common import SyncCommon


@tagged("post_install", "-at_install")
class TestTrustByMapping(SyncCommon):
    """An invoice of a connected customer is of that company, or refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def setUp(self):
        super().setUp()
        self.owner = self.sandbox_invoice("CW1001")["company_id"]
        self.sync()

    def map_partner(self, number):
        company = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", number)]
        )
        row = self.row(self.partner_a).with_user(self.administrator)
        row.connect(company)
        return row

    def other(self):
        return next(number for number in (1008, 1009) if number != self.owner)

    def test_customers_own_invoice_is_trusted(self):
        """An amount that differs is a warning."""
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], {"total": 1})
        self.sync()
        self.map_partner(self.owner)
        self.assertChosen(self.move, "connectwise")
        verdict = self.move.sudo().connectwise_lookup_ids.verdict
        self.assertEqual(verdict, "amount_differs")

    def test_another_customers_invoice_is_refused(self):
        """Its amount does not matter."""
        self.sync()
        self.map_partner(self.other())
        self.assertChosen(self.move, "odoo")
        self.assertIn("belongs to", self.move.connectwise_message)

    def test_new_mapping_judges_shown_invoices_again(self):
        self.assertChosen(self.move, "connectwise")
        self.sync()
        self.map_partner(self.other())
        self.assertChosen(self.move, "odoo")

    def test_new_bill_to_company_judges_invoices_again(self):
        self.sync()
        other = self.other()
        self.map_partner(other)
        self.assertChosen(self.move, "odoo")
        self.sandbox.patch_company(other, {"billToCompany": {"id": self.owner}})
        self.sync()
        self.assertEqual(self.move.sudo().connectwise_lookup_ids.verdict, "accepted")

    def test_disconnected_company_counts_as_another_customers(self):
        self.sync()
        row = self.map_partner(self.owner)
        self.assertChosen(self.move, "connectwise")
        row.action_disconnect()
        self.assertChosen(self.move, "odoo")
