"""Finding, filtering, grouping and sorting the rows of the Customer Mapping Report."""

from ast import literal_eval

from lxml import etree

from odoo.tests import tagged

from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingSearch(MappingReportCommon):
    def test_every_column_sorts(self):
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        arch = etree.fromstring(self.list_arch(self.accountant))
        shown = set(arch.xpath("/list/field[not(@column_invisible='1')]/@name"))
        fields = rows.fields_get(shown, ["sortable"])
        self.assertEqual([n for n in shown if not fields[n]["sortable"]], [])

    def test_filter_of_contacts_finds_them_and_their_customers(self):
        """Odoo's list of customers has no contacts in it."""
        contact = self.import_emma().contact_id
        view = self.env.ref("base.view_res_partner_filter")
        arch = self.env["res.partner"].get_view(view.id, "search")["arch"]
        [found] = etree.fromstring(arch).xpath("//filter[@name='connectwise_contacts']")
        domain = literal_eval(found.get("domain"))
        self.assertEqual(self.env["res.partner"].search(domain), self.acme + contact)

    def test_row_is_found_by_reference(self):
        self.assertEqual(self.rows_found(("partner_ref", "=", "F-100")), self.acme)

    def test_row_is_found_by_account_id(self):
        self.row(self.foxtrot).connect(self.twin)
        self.assertEqual(
            self.rows_found(("connectwise_account_number", "ilike", "F-300")),
            self.foxtrot,
        )

    def test_search_finds_ids_and_contacts(self):
        self.import_emma()
        self.dental.normalised_name = "acme dental"
        for text in ("9001", "F-100", "Emma", "emma@dental", "ácme-dental"):
            with self.subTest(text):
                self.assertEqual(self.search_box(text), self.acme)

    def test_filter_finds_connected_customers(self):
        self.row(self.acme).connect(self.dental)
        self.assertEqual(self.filter("connected"), self.acme)

    def test_filter_finds_customers_that_are_not_connected(self):
        self.row(self.acme).connect(self.dental)
        found = self.filter("not_connected")
        self.assertIn(self.boulder, found)
        self.assertNotIn(self.acme, found)

    def test_filter_finds_conflicts(self):
        self.row(self.boulder).sudo().has_conflict = True
        self.assertEqual(self.filter("conflicts"), self.boulder)

    def test_filter_finds_disconnected_customers(self):
        self.row(self.acme).connect(self.dental)
        self.row(self.acme).action_disconnect()
        self.assertEqual(self.filter("disconnected"), self.acme)

    def test_filter_finds_unconnected_customers_with_open_invoices(self):
        self.invoice("CW1001", partner_id=self.foxtrot.id)
        found = self.filter("not_connected_open_invoices")
        self.assertIn(self.foxtrot, found)
        self.assertNotIn(self.acme, found)

    def test_filter_finds_companies_deleted_in_connectwise(self):
        self.row(self.acme).connect(self.dental)
        self.dental.is_deleted = True
        self.assertEqual(self.filter("gone"), self.acme)

    def test_filter_finds_missing_bill_to_contacts(self):
        self.row(self.acme).connect(self.dental)
        self.assertEqual(self.filter("contact_missing"), self.acme)

    def test_filter_finds_customers_by_connection_type(self):
        self.row(self.acme).connect(self.dental)
        self.assertEqual(self.filter("manual"), self.acme)
        self.assertFalse(self.filter("account_id"))

    def test_rows_can_be_grouped_by_status(self):
        self.row(self.acme).connect(self.dental)
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        groups = rows._read_group(
            [("backend_id", "=", self.backend.id)], ["connectwise_status"], ["__count"]
        )
        self.assertEqual(dict(groups)["Active"], 1)

    def test_rows_can_be_sorted_by_connection(self):
        self.row(self.acme).connect(self.dental)
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        self.assertEqual(
            rows.search([], order="connection_text", limit=1).partner_id, self.acme
        )
