"""*Connect exact matches*, and confirming what was connected in bulk."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingExact(MappingReportCommon):
    def test_exact_matches_are_connected_at_once(self):
        """An ambiguous one is not."""
        rows = self.row(self.acme) + self.row(self.boulder) + self.row(self.foxtrot)
        self.connect_exact_matches()
        self.assertEqual(rows.mapped("connection"), ["suggestion", False, False])

    def test_exact_matches_are_shown_before_they_are_connected(self):
        line = self.show_exact_matches().line_ids.filtered(
            lambda line: line.mapping_id == self.row(self.acme)
        )
        self.assertEqual(line.connectwise_company_id, self.dental)
        self.assertIn("same Account ID", line.reason)
        self.assertFalse(self.row(self.acme).connectwise_company_id)

    def test_shown_exact_matches_can_be_connected(self):
        self.show_exact_matches().action_connect()
        self.assertEqual(self.row(self.acme).connection, "suggestion")

    def test_exact_match_that_was_removed_is_not_connected(self):
        dialog = self.show_exact_matches()
        dialog.line_ids.unlink()
        dialog.action_connect()
        self.assertFalse(self.row(self.acme).connectwise_company_id)

    def test_exact_match_that_changed_since_is_not_connected(self):
        """Nobody has seen the other one."""
        dialog = self.show_exact_matches()
        self.dental.is_deleted = True
        self.read_company(9004, "Acme Dental", "F-100")
        dialog.action_connect()
        self.assertFalse(self.row(self.acme).connectwise_company_id)

    def test_no_exact_match_is_said_without_a_dialog(self):
        self.dental.is_deleted = True
        self.assertFalse(self.show_exact_matches())

    def test_connection_made_in_bulk_is_not_certain(self):
        """A bulk action does not confirm a match."""
        row = self.row(self.acme)
        self.connect_exact_matches()
        self.assertFalse(row._is_certain())

    def test_confirmed_suggestion_is_manual(self):
        """A person looked at this row."""
        row = self.row(self.acme)
        self.connect_exact_matches()
        row.action_confirm()
        self.assertEqual(row.connection, "manual")

    def test_several_rows_cannot_be_confirmed_at_once(self):
        """One click for many rows confirms nothing."""
        rows = self.row(self.acme) + self.row(self.boulder)
        with self.assertRaises(ValueError):
            rows.action_confirm()

    def test_invoicing_user_cannot_confirm(self):
        self.connect_exact_matches()
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_confirm()

    def test_conflict_is_not_connected_in_bulk(self):
        """A person connects it by itself."""
        row = self.row(self.acme)
        row.sudo().has_conflict = True
        self.connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_other_legal_form_is_no_exact_match(self):
        """Not even before the next synchronization calls it a conflict."""
        self.acme.name = "Acme Dental Inc."
        row = self.row(self.acme)
        self.connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_other_account_id_is_no_exact_match(self):
        self.acme.ref = "D-100"
        self.dental.account_number = "D-200"
        row = self.row(self.acme)
        self.connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_two_customers_with_one_name_are_no_exact_match(self):
        """Not even before the next synchronization calls it a conflict."""
        twin = self.env["res.partner"].create({"name": "Zulu", "customer_rank": 1})
        other = self.env["res.partner"].create({"name": "ZULU", "customer_rank": 1})
        self.read_company(9010, "Zulu")
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        rows = self.row(twin) + self.row(other)
        self.connect_exact_matches()
        self.assertFalse(rows.connectwise_company_id)

    def test_disconnected_row_is_not_connected_in_bulk(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        row.action_disconnect()
        self.connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_company_connected_to_another_customer_is_no_exact_match(self):
        self.row(self.foxtrot).connect(self.dental)
        self.connect_exact_matches()
        self.assertFalse(self.row(self.acme).connectwise_company_id)

    def test_invoicing_user_cannot_connect_exact_matches(self):
        dialogs = self.env["connectwise.mapping.exact"].with_user(self.accountant)
        with self.assertRaises(AccessError):
            dialogs.action_open()

    def test_customers_chatter_tells_of_a_connection_in_bulk(self):
        self.connect_exact_matches()
        self.assertIn("Acme Dental LLC", self.acme.message_ids[0].body)
