"""Tours through the browser."""

from odoo.tests import tagged

from .browser_common import BrowserCommon
from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestTours(ConnectwiseCommon, BrowserCommon):
    def tour(self, name, user):
        self.start_tour(
            "/odoo",
            name,
            login=user.login,
            cookies={"connectwise_sandbox": self.sandbox.host},
        )

    def test_administrator_configures_in_the_browser(self):
        self.backend.unlink()
        self.tour("benji_connectwise_configure", self.administrator)

    def test_administrator_changes_the_priority_in_the_browser(self):
        self.set_priority("odoo")
        self.tour("benji_connectwise_priority", self.administrator)

    def test_invoicing_user_sends_in_the_browser(self):
        self.partner_a.invoice_sending_method = "email"
        self.invoice("CW1001")
        self.tour("benji_connectwise_send", self.accountant)

    def test_invoicing_user_prefers_odoo_for_one_invoice_in_the_browser(self):
        move = self.invoice("CW1001")
        self.tour("benji_connectwise_prefer_odoo", self.accountant)
        self.assertChosen(move, "odoo")

    def test_administrator_makes_a_number_rule_in_the_browser(self):
        amount = self.sandbox_invoice("CW1001")["total"]
        self.invoice("A-1", amount=amount, ref="X-CW1001")
        self.add_rule("payment_reference", cut_suffix="-B")
        self.tour("benji_connectwise_number_rules", self.administrator)
        rules = self.backend.number_rule_ids
        self.assertEqual(rules.mapped("field_name"), ["payment_reference", "ref"])
        self.assertEqual(rules.mapped("cut_suffix"), ["-B", False])
        self.assertEqual(rules.mapped("cut_prefix"), [False, "X-"])
