"""The dialog *Rescan*: its options and its preview."""

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import tagged

from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingRescan(MappingReportCommon):
    def rescan(self, **values):
        wizard = self.env["connectwise.mapping.rescan"].with_user(self.administrator)
        return wizard.with_company(self.company).create(values)

    def test_rescan_button_opens_the_dialog_and_runs_nothing(self):
        with self.no_requests():
            action = self.row(self.acme).browse().with_company(self.company)
            action = action.action_rescan()
        self.assertEqual(action["res_model"], "connectwise.mapping.rescan")
        self.assertEqual(self.backend.sync_state, "idle")

    def test_rescan_without_a_connection_leads_to_integrations(self):
        self.backend.active = False
        with self.assertRaises(RedirectWarning) as refused:
            self.row(self.acme).browse().with_company(self.company).action_rescan()
        integrations = self.env.ref("benji_connectwise.connectwise_integrations_action")
        self.assertEqual(refused.exception.args[1], integrations.id)

    def test_rescan_options_are_off_by_default(self):
        rescan = self.rescan()
        self.assertFalse(rescan.get_all_entries or rescan.discard_disconnected)

    def test_rescan_options_have_the_labels_of_the_article(self):
        fields = self.rescan().fields_get()
        self.assertEqual(fields["get_all_entries"]["string"], "Get all entries")
        self.assertEqual(
            fields["discard_disconnected"]["string"],
            "Discard previously disconnected automatic matched information",
        )

    def test_rescan_dialog_counts_the_disconnections_it_would_lift(self):
        self.row(self.acme).connect(self.dental)
        self.row(self.acme).action_disconnect()
        self.assertIn("1 customer", self.rescan().discard_disconnected_help)

    def test_rescan_dialog_counts_customers_that_are_connected_since(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        row.action_disconnect()
        row.connect(self.law)
        self.assertIn("1 customer", self.rescan().discard_disconnected_help)

    def test_rescan_dialog_says_that_the_option_is_off(self):
        self.backend.sync_contacts = False
        self.assertIn("is off", self.rescan().obstacle)

    def test_rescan_dialog_says_that_a_rescan_is_running(self):
        self.rescan().action_rescan()
        self.assertIn("already running", self.rescan().obstacle)

    def assertHandedOn(self, full, discard):
        self.backend.sudo().newest_change = "2026-10-01 00:00:00"
        rescan = self.rescan(get_all_entries=full, discard_disconnected=discard)
        rescan.action_rescan()
        sync = self.backend.sync_ids
        self.assertEqual((sync.is_full, sync.discard_disconnected), (full, discard))

    def test_rescan_without_options_reads_only_changes(self):
        self.assertHandedOn(False, False)

    def test_rescan_can_get_all_entries(self):
        self.assertHandedOn(True, False)

    def test_rescan_can_discard_disconnections(self):
        self.assertHandedOn(False, True)

    def test_rescan_can_combine_both_options(self):
        self.assertHandedOn(True, True)

    def test_second_rescan_at_the_same_time_is_refused(self):
        self.rescan().action_rescan()
        with self.assertRaises(UserError):
            self.rescan().action_rescan()

    def preview(self, **options):
        action = self.rescan(**options).action_preview()
        lines = self.env[action["res_model"]].with_user(self.administrator)
        return lines.with_context(**action["context"]).search(action["domain"])

    def test_preview_lists_what_would_be_connected(self):
        self.twin_in_sandbox()
        line = self.preview().filtered(lambda line: line.partner_id == self.foxtrot)
        self.assertIn("connected", line.mapped("kind"))
        self.assertIn("Account ID", line.mapped("reason"))

    def test_preview_lists_what_could_not_be_read(self):
        self.sandbox.fault("mistyped_fields", "companies", nth=3)
        lines = self.preview(get_all_entries=True)
        skipped = lines.filtered(lambda line: line.kind == "skipped")
        self.assertTrue(skipped and all(skipped.mapped("reason")))

    def test_preview_changes_nothing(self):
        self.twin_in_sandbox()
        self.preview()
        self.assertFalse(self.row(self.foxtrot).connectwise_company_id)
        self.assertFalse(self.backend.last_sync)

    def test_applying_the_preview_connects(self):
        company = self.twin_in_sandbox()
        self.preview()[:1].action_apply()
        self.assertEqual(self.row(self.foxtrot).connectwise_ref, company["id"])

    def test_preview_can_be_applied_without_choosing_lines(self):
        company = self.twin_in_sandbox()
        lines = self.preview()
        lines.browse().action_apply()
        self.assertEqual(self.row(self.foxtrot).connectwise_ref, company["id"])

    def test_preview_without_a_change_says_so_and_offers_nothing_to_apply(self):
        self.backend.sync(full=True)
        notice = self.rescan().action_preview()
        self.assertEqual(notice["tag"], "display_notification")
        self.assertIn("Nothing would change", notice["params"]["message"])
        self.assertFalse(notice["params"]["next"], "The dialog stays open.")

    def test_preview_says_that_it_comes_from_a_sandbox(self):
        self.twin_in_sandbox()
        self.assertEqual(
            self.rescan().action_preview()["display_name"], "Preview · Sandbox"
        )

    def test_preview_says_that_connectwise_is_down(self):
        """Odoo's dialog of an error would say "Invalid Operation"."""
        self.sandbox.fault("unavailable", times=0)
        notice = self.rescan().action_preview()
        self.assertEqual(notice["params"]["type"], "danger")
        self.assertFalse(notice["params"]["next"], "The dialog stays open.")

    def test_applying_a_preview_says_that_connectwise_is_down(self):
        self.twin_in_sandbox()
        lines = self.preview()
        self.sandbox.fault("unavailable", times=0)
        notice = lines[:1].action_apply()
        self.assertEqual(notice["params"]["type"], "danger")
        self.assertFalse(self.row(self.foxtrot).connectwise_company_id)

    def test_applying_a_preview_that_became_true_meanwhile_changes_nothing(self):
        company = self.twin_in_sandbox()
        lines = self.preview()
        self.backend.sync(full=True)
        before = self.row(self.foxtrot).last_updated
        notice = lines[:1].action_apply()
        self.assertEqual(notice["params"]["type"], "success")
        row = self.row(self.foxtrot)
        self.assertEqual(row.connectwise_ref, company["id"])
        self.assertEqual(row.last_updated, before)

    def test_invoicing_user_cannot_open_the_rescan_dialog(self):
        with self.assertRaises(AccessError):
            self.env["connectwise.mapping.rescan"].with_user(self.accountant).create({})
