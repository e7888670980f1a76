"""The *Integrations* page, and where else it is found."""

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .browser_common import BrowserCommon
from .contact_common import ContactCommon


class PageCommon(ContactCommon):
    def page(self, user=None):
        return (
            self.env["connectwise.integrations"]
            .with_user(user or self.administrator)
            .with_company(self.company)
            .create({})
        )

    def opened(self, action):
        return self.env[action["res_model"]].search(action["domain"]).partner_id


@tagged("post_install", "-at_install")
class TestTile(PageCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boulder = cls.new_customer("Boulder Law")
        cls.new_row(cls.boulder, has_conflict=True)
        cls.delta = cls.new_customer("Delta Clinic")
        cls.new_row(cls.delta)

    def test_tile_counts_rows_and_each_figure_opens_them(self):
        page = self.page()
        for name, customer in (
            ("connected", self.customer),
            ("conflicts", self.boulder),
            ("not_connected", self.delta),
        ):
            with self.subTest(name):
                opened = self.opened(getattr(page, f"action_open_{name}")())
                self.assertIn(customer, opened)
                self.assertEqual(page[name], 1)
                others = self.customer + self.boulder + self.delta - customer
                self.assertFalse(opened & others)

    def test_tile_counts_no_companies_that_were_deleted_in_connectwise(self):
        """The line above the report does not count them either."""
        self.backend.last_sync = "2026-10-01 10:00:00"
        before = self.page().sync_statistics
        self.new_company(9900, "Gone", is_deleted=True)
        self.assertEqual(self.page().sync_statistics, before)

    def test_figures_of_another_company_cannot_be_opened(self):
        other = self.new_odoo_company()
        page = self.page()
        page.sudo().company_id = other
        with self.assertRaises(AccessError):
            page.with_user(self.accountant).action_open_connected()

    def test_page_and_settings_name_a_connectwise_that_is_not_the_real_one(self):
        for address, environment in (
            ("staging.connectwisedev.com", "staging"),
            ("sandbox-na.myconnectwise.net", "sandbox"),
            (self.sandbox.url, "sandbox"),
            ("na.myconnectwise.net", False),
            ("not an address", False),
        ):
            with self.subTest(address):
                self.backend.server_url = address
                self.assertEqual(self.page().environment, environment)
                self.assertEqual(self.backend.environment, environment)

    def test_first_steps_are_done_one_after_the_other(self):
        def steps():
            page = self.page()
            names = ("is_connected", "is_ordered", "is_mapped", "is_tried")
            return [page[name] for name in names]

        self.set_priority("odoo", "connectwise")
        self.assertEqual(steps(), [True, False, True, False])
        self.set_priority("connectwise", "odoo")
        self.invoice("CW1001")._get_preferred_invoice_pdf()
        self.assertEqual(steps(), [True, True, True, True])
        self.backend.unlink()
        self.assertEqual(steps(), [False, True, False, False])

    def test_customers_need_not_be_connected_where_the_option_is_off(self):
        """PDFs are found by number."""
        self.mapping.action_disconnect()
        self.assertFalse(self.page().is_mapped)
        self.backend.sync_contacts = False
        self.assertTrue(self.page().is_mapped)


@tagged("post_install", "-at_install")
class TestAround(PageCommon, BrowserCommon):
    def test_settings_lead_to_the_page(self):
        arch = self.env["res.config.settings"].get_view(view_type="form")["arch"]
        [block] = etree.fromstring(arch).xpath("//block[@id='connectwise_settings']")
        self.assertEqual(block.get("title"), "ConnectWise PSA")
        action = self.env.ref("benji_connectwise.connectwise_integrations_action")
        self.assertTrue(block.xpath(f".//button[@name='{action.id}']"))

    def test_menus_are_found_by_the_name_of_connectwise(self):
        """The command palette searches the whole path of a menu."""
        menus = self.env["ir.ui.menu"].with_user(self.administrator)
        found = menus.search([]).filtered(
            lambda menu: "ConnectWise PSA" in menu.complete_name and menu.action
        )
        self.assertEqual(
            set(found.mapped("name")),
            {"Configure", "Invoice PDF Priority", "Synchronizations"},
        )

    def test_app_is_found_with_the_default_filter_of_apps(self):
        module = self.env.ref("base.module_benji_connectwise")
        self.assertTrue(module.application)

    def test_administrator_sees_the_settings_in_the_browser(self):
        self.start_tour("/odoo", "benji_connectwise_settings", login="admin")
