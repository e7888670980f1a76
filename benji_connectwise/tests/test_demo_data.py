"""The demonstration data, in a database that was made without it."""

from odoo.tests import tagged
from odoo.tools import convert_file

from odoo.addons.base.tests.common import BaseCommon

FILE = "demo/connectwise_demo.xml"


@tagged("post_install", "-at_install")
class TestDemoData(BaseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.env.ref("benji_connectwise.demo_backend", raise_if_not_found=False):
            convert_file(cls.env, "benji_connectwise", FILE, {})
        cls.backend = cls.env.ref("benji_connectwise.demo_backend")

    def test_demo_customers_show_each_kind_of_row(self):
        rows = self.env["connectwise.mapping"].search(
            [("backend_id", "=", self.backend.id)]
        )
        connections = set(rows.mapped("connection"))
        self.assertLessEqual({"account_id", "company_name", "manual"}, connections)
        self.assertTrue(rows.filtered("disconnected"))
        self.assertIn("Delta Clinic #31", rows.filtered("has_conflict").message)

    def test_demo_companies_are_found_as_if_they_had_been_read(self):
        row = self.env.ref("benji_connectwise.demo_mapping_foxtrot")
        dialog = self.env["connectwise.mapping.connect"].create({"mapping_id": row.id})
        self.assertEqual(dialog.suggestion_ids[:1].name, "Foxtrott Limited")

    def test_demo_connection_is_never_asked(self):
        self.assertEqual(self.backend.state, "draft")
        self.assertFalse(self.backend._is_pdf_source())
