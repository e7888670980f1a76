"""Which invoices count as evidence when exact matches are connected at once."""

from odoo.tests import tagged

from .contact_common import ContactCommon


@tagged("post_install", "-at_install")
class TestEvidenceByInvoices(ContactCommon):
    """A customer whose name and Account ID match nothing, with invoices of Zeta."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.new_customer("Northwind")
        cls.zeta = cls.new_company(9100, "Zeta Industries")
        cls.row = cls.new_row(cls.customer)

    def found(self, number, amount, total=None, company=9100, **values):
        """Post an invoice and store a hit with these values for it."""
        move = self.invoice(number, amount, partner_id=self.customer.id)
        lookup = self.env["connectwise.lookup"].sudo()._prepare(move)
        lookup.hit_ids = [
            (
                0,
                0,
                {
                    "connectwise_ref": 5000 + int(number[-3:]),
                    "number": number,
                    "invoice_type": "Standard",
                    "company_ref": company,
                    "currency_code": "USD",
                    "has_total": True,
                    "total": amount if total is None else total,
                    **values,
                },
            )
        ]
        return move

    def connect_at_once(self):
        self.connect_exact_matches()
        return self.row.connectwise_company_id

    def test_two_invoices_of_different_amounts_are_enough(self):
        self.found("CWX901", 10)
        self.found("CWX902", 20)
        self.assertEqual(self.connect_at_once(), self.zeta)
        self.assertEqual(self.row.connection, "suggestion")

    def test_one_invoice_is_not_enough(self):
        """One of one proves nothing."""
        self.found("CWX901", 10)
        self.assertFalse(self.connect_at_once())

    def test_one_invoice_and_a_similar_name_are_enough(self):
        self.customer.name = "Zeta Industry"
        self.found("CWX901", 10)
        self.assertEqual(self.connect_at_once(), self.zeta)

    def test_two_invoices_with_one_amount_are_not_enough(self):
        """Flat monthly fees are alike."""
        self.found("CWX901", 10)
        self.found("CWX902", 10)
        self.assertFalse(self.connect_at_once())

    def test_invoice_with_another_amount_is_no_evidence(self):
        """A hit that is refused is no evidence of itself."""
        self.found("CWX901", 10, total=999)
        self.found("CWX902", 20, total=999)
        self.assertFalse(self.connect_at_once())
        wizard = self.env["connectwise.mapping.connect"].create(
            {"mapping_id": self.row.id}
        )
        self.assertFalse(wizard.suggestion_ids)

    def test_credit_memo_is_no_evidence_for_an_invoice(self):
        self.found("CWX901", 10, invoice_type="CreditMemo")
        self.found("CWX902", 20, invoice_type="CreditMemo")
        self.assertFalse(self.connect_at_once())

    def test_refused_invoice_prevents_the_connection(self):
        """Two of three are not all."""
        self.found("CWX901", 10)
        self.found("CWX902", 20)
        self.found("CWX903", 30, total=999)
        self.assertFalse(self.connect_at_once())

    def test_company_of_another_customer_is_not_connected(self):
        self.found("CWX901", 10)
        self.found("CWX902", 20)
        self.connect(self.new_customer("Zeta"), self.zeta)
        self.assertFalse(self.connect_at_once())
