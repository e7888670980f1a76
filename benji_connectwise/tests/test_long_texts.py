"""Long texts do no harm."""

import random

from odoo.tests import tagged

from .sync_common import SyncCommon


def letters(count):
    """Return letters of three bytes each that cannot be compressed."""
    generator = random.Random(1)
    return "".join(chr(generator.randrange(0x4E00, 0x9FFF)) for _ in range(count))


@tagged("post_install", "-at_install")
class TestLongTexts(SyncCommon):
    def test_company_with_an_overlong_name_is_skipped_alone(self):
        customer = self.customer(self.sandbox_company(1006)["name"])
        self.sandbox.patch_company(1005, {"name": "x" * 6000})
        self.sync()
        self.assertConnected(customer, 1006, "company_name")
        known = self.env["connectwise.company"].search([])
        self.assertNotIn(1005, known.mapped("connectwise_ref"))
        self.assertIn(1006, known.mapped("connectwise_ref"))

    def test_name_and_account_id_of_maximum_length_are_read(self):
        """An ordinary index of PostgreSQL refuses values of this length."""
        name, account_id = letters(1560), letters(1000)
        self.sandbox.patch_company(1005, {"name": name, "accountNumber": account_id})
        self.sync()
        known = self.env["connectwise.company"].search([("connectwise_ref", "=", 1005)])
        self.assertEqual((known.name, known.account_number), (name, account_id))

    def test_customer_is_connected_by_a_long_name(self):
        name = letters(800)
        customer = self.customer(name)
        self.sandbox.patch_company(1005, {"name": name})
        self.sync()
        self.assertConnected(customer, 1005, "company_name")
