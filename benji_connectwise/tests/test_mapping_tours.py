"""The Customer Mapping Report in a browser."""

from odoo.tests import tagged

from ..tools.mapping.bill_to_import import import_contacts
from ..tools.mapping.connecting import link
from .browser_common import BrowserCommon
from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingTours(MappingReportCommon, BrowserCommon):
    def tour(self, name):
        self.start_tour("/odoo", name, login=self.administrator.login)

    def test_administrator_connects_a_customer_in_the_browser(self):
        self.tour("benji_connectwise_connect")
        self.assertEqual(self.row(self.acme).connectwise_company_id, self.dental)
        self.assertEqual(self.row(self.foxtrot).connectwise_company_id, self.twin)

    def test_enter_presses_a_button_of_a_row_in_the_browser(self):
        self.tour("benji_connectwise_enter")

    def test_administrator_disconnects_a_customer_in_the_browser(self):
        self.row(self.acme).connect(self.dental)
        self.tour("benji_connectwise_disconnect")
        self.assertTrue(self.row(self.acme).disconnected)

    def test_administrator_undoes_disconnecting_in_the_browser(self):
        self.row(self.acme).connect(self.dental)
        self.tour("benji_connectwise_undo")
        self.assertEqual(self.row(self.acme).connectwise_company_id, self.dental)

    def test_administrator_connects_exact_matches_in_the_browser(self):
        self.tour("benji_connectwise_exact_matches")
        self.assertEqual(self.row(self.acme).connection, "suggestion")

    def test_administrator_chooses_from_the_list_in_the_browser(self):
        self.tour("benji_connectwise_connect_from_list")
        self.assertEqual(self.row(self.foxtrot).connectwise_company_id, self.law)

    def test_administrator_rescans_in_the_browser(self):
        self.tour("benji_connectwise_rescan")
        self.assertTrue(self.backend.sync_ids[0].is_full)

    def test_rescan_is_of_the_company_that_is_chosen_in_the_browser(self):
        other = self.new_odoo_company()
        self.administrator.company_ids |= other
        self.administrator.company_id = other
        self.start_tour(
            "/odoo",
            "benji_connectwise_rescan",
            login=self.administrator.login,
            cookies={"cids": str(self.company.id)},
        )
        self.assertTrue(self.backend.sync_ids)

    def test_administrator_discards_disconnections_in_the_browser(self):
        self.row(self.acme).connect(self.dental)
        self.row(self.acme).action_disconnect()
        self.tour("benji_connectwise_rescan_discard")
        self.assertTrue(self.backend.sync_ids[0].discard_disconnected)

    def test_administrator_applies_a_preview_in_the_browser(self):
        company = self.twin_in_sandbox()
        self.tour("benji_connectwise_preview")
        self.assertEqual(self.row(self.foxtrot).connectwise_ref, company["id"])

    def test_preview_of_no_change_keeps_the_dialog_open_in_the_browser(self):
        self.backend.sync(full=True)
        self.tour("benji_connectwise_preview_nothing")

    def test_administrator_enables_a_contact_in_the_browser(self):
        self.dental.sudo().write(
            {
                "contact_ref": 77,
                "contact_name": "Emma Diaz",
                "contact_email": "emma@dental.example",
            }
        )
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "manual")])
        import_contacts(row.sudo())
        self.assertFalse(row.contact_enabled)
        self.tour("benji_connectwise_enable")
        self.assertTrue(row.contact_enabled)
