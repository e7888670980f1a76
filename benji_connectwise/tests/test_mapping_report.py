"""The Customer Mapping Report and its dialogs, "+" and *Rescan*."""

from re import escape

from lxml import etree

from odoo import fields
from odoo.tests import tagged

from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingReport(MappingReportCommon):
    def test_sync_status_opens_the_report(self):
        action = self.open_report(self.accountant)
        self.assertEqual(action["name"], "Customer Mapping Report")
        self.assertEqual(action["res_model"], "connectwise.mapping")

    def test_opening_the_report_adds_missing_rows(self):
        new = self.env["res.partner"].create({"name": "Zulu", "customer_rank": 1})
        self.assertFalse(self.row(new))
        self.open_report(self.accountant)
        self.assertTrue(self.row(new))

    def test_archived_customer_with_posted_invoices_has_a_row(self):
        for amount in (10.0, None):
            customer = self.env["res.partner"].create(
                {"name": "Zulu", "customer_rank": 1}
            )
            if amount:
                self.invoice("INV-ZULU", amount=amount, partner_id=customer.id)
            customer.active = False
            self.open_report(self.accountant)
            self.assertEqual(bool(self.row(customer)), bool(amount))

    def test_customer_with_a_sales_receipt_alone_has_a_row(self):
        """Odoo does not raise the rank of such a customer."""
        customer = self.env["res.partner"].create({"name": "Zulu"})
        self.invoice(
            "REC-1", amount=10.0, move_type="out_receipt", partner_id=customer.id
        )
        self.open_report(self.accountant)
        self.assertTrue(self.row(customer).has_open_invoices)

    def test_customer_archived_later_leaves_the_report(self):
        """An archived duplicate must not stay a conflict for the one that is used."""
        self.boulder.active = False
        self.open_report(self.accountant)
        self.assertFalse(self.row(self.boulder))

    def test_archived_customer_that_a_person_disconnected_keeps_its_row(self):
        """The decision of a person is not lost."""
        self.row(self.acme).connect(self.dental)
        self.row(self.acme).action_disconnect()
        self.acme.active = False
        self.open_report(self.accountant)
        self.assertTrue(self.row(self.acme).disconnected)

    def test_row_that_is_not_connected_says_nothing(self):
        self.assertEqual(self.row(self.acme).connection_text, "")

    def test_row_connected_by_hand_is_called_manual(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        self.assertEqual(row.connection_text, "Manual")

    def test_disconnected_row_says_who_disconnected_it_and_when(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        row.action_disconnect()
        self.assertRegex(
            row.connection_text,
            rf"^Disconnected by {escape(self.administrator.name)} on ",
        )

    def test_conflict_says_what_is_wrong(self):
        row = self.row(self.boulder)
        kind = "several_companies_same_name"
        conflict = {"kind": kind, "companies": self.dental.ids, "rows": []}
        row.sudo().write({"has_conflict": True, "conflict": conflict})
        sentence = "Several companies have this name: Acme Dental LLC #9001"
        self.assertEqual(row.message, sentence)
        self.assertEqual(row.conflict_text, sentence)

    def test_badge_of_a_conflict_is_short(self):
        row = self.row(self.boulder)
        row.sudo().has_conflict = True
        self.assertEqual(row.connection_text, "Conflict")

    def test_columns_have_the_order_of_the_article(self):
        view = self.env.ref("benji_connectwise.connectwise_mapping_view_list")
        # The switch is twice in it: for those who may use it, and for the others.
        shown = [
            name
            for name in dict.fromkeys(
                etree.fromstring(view.arch).xpath("/list/field/@name")
            )
            if name
            in (
                "partner_id",
                "connection_text",
                "last_updated",
                "connectwise_company_id",
                "contact_text",
                "contact_enabled",
            )
        ]
        self.assertEqual(
            shown,
            [
                "partner_id",
                "connection_text",
                "last_updated",
                "connectwise_company_id",
                "contact_text",
                "contact_enabled",
            ],
        )

    def test_company_deleted_in_connectwise_is_flagged(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        self.dental.is_deleted = True
        self.assertEqual(row.connection_text, "Manual · deleted in ConnectWise")

    def test_contact_is_shown_with_its_address(self):
        row = self.row(self.acme)
        contact = self.env["res.partner"].create(
            {"name": "Emma Diaz", "email": "emma@example.com"}
        )
        row.sudo().bill_to_ids.create({"mapping_id": row.id, "contact_id": contact.id})
        self.assertEqual(row.contact_text, "Emma Diaz <emma@example.com>")

    def test_row_without_contact_shows_the_reason(self):
        row = self.row(self.acme)
        row.sudo().bill_to_ids.create(
            {"mapping_id": row.id, "note": {"code": "no_email", "name": "Emma Diaz"}}
        )
        self.assertEqual(
            row.contact_text,
            "The Bill-To contact Emma Diaz has no valid e-mail address.",
        )

    def test_company_column_is_for_several_companies_alone(self):
        action = self.open_report(self.accountant)
        self.assertFalse(action["context"]["connectwise_several_companies"])

    def test_rows_of_a_staging_connectwise_say_so(self):
        self.backend.server_url = "na.myconnectwise.net"
        self.assertFalse(self.row(self.acme).environment)
        self.backend.server_url = "staging.connectwisedev.com"
        self.assertEqual(self.row(self.acme).environment, "staging")

    def test_rows_of_a_sandbox_say_so(self):
        self.backend.server_url = "sandbox-na.myconnectwise.net"
        self.assertEqual(self.row(self.acme).environment, "sandbox")
        self.assertEqual(self.status()["environment"], "sandbox")

    def test_report_without_a_connection_leads_to_integrations(self):
        self.backend.active = False
        action = self.open_report(self.administrator)
        self.assertIn("connectwise_integrations_action", action["help"])

    def test_invoicing_user_is_told_whom_to_ask_for_a_connection(self):
        """He cannot open Integrations."""
        self.backend.active = False
        action = self.open_report(self.accountant)
        self.assertIn("Invoicing administrator", action["help"])
        self.assertNotIn("connectwise_integrations_action", action["help"])

    def test_switch_of_a_row_enables_and_disables_its_contact(self):
        row = self.import_emma()
        for decision, value in (("enabled", True), ("disabled", False)):
            row.contact_enabled = value
            self.assertEqual(row.contact_id.connectwise_enabled, value)
            self.assertEqual(row.contact_decision, decision)

    def test_customer_and_contact_lead_to_the_row(self):
        row = self.import_emma()
        for partner in (self.acme, row.contact_id):
            partner = partner.with_user(self.accountant).with_company(self.company)
            action = partner.action_open_connectwise_mapping()
            self.assertEqual(action["res_id"], row.id)

    def test_contact_says_of_which_companys_connection_it_is(self):
        contact = self.import_emma().contact_id
        self.assertEqual(contact.connectwise_owner, self.company.name)

    def test_each_row_has_a_plus(self):
        self.assertIn("fa-plus", self.list_arch(self.administrator))

    def test_connected_contact_of_another_customer_is_a_conflict(self):
        """The row says what to do."""
        self.join()
        row = self.row(self.acme)
        self.assertTrue(row.has_conflict)
        self.assertIn("part of Umbrella", row.message)
        self.assertIn("disconnect this row", row.message)

    def test_connected_contact_of_another_customer_stays_a_conflict(self):
        """Neither matching nor confirming ends it."""
        self.join()
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        self.row(self.acme).action_confirm()
        self.assertTrue(self.row(self.acme).has_conflict)

    def test_parent_of_a_connected_contact_gets_a_row(self):
        parent = self.join()
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        self.assertTrue(self.row(parent))

    def test_conflict_ends_when_the_contact_is_a_customer_again(self):
        self.join()
        self.acme.parent_id = False
        self.assertFalse(self.row(self.acme).has_conflict)

    def test_unconnected_contact_of_another_customer_has_no_row(self):
        self.boulder.write({"parent_id": self.foxtrot.id, "is_company": False})
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        self.assertFalse(self.row(self.boulder))

    def test_disconnected_contact_of_another_customer_keeps_its_row(self):
        """The decision of a person is not lost."""
        self.row(self.acme).connect(self.dental)
        self.row(self.acme).action_disconnect()
        self.acme.write({"parent_id": self.foxtrot.id, "is_company": False})
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        self.assertTrue(self.row(self.acme).disconnected)

    def test_customers_chatter_says_who_connected_and_disconnected_it(self):
        """More people read it than the report."""
        row = self.row(self.acme)
        row.connect(self.dental)
        row.action_disconnect()
        messages = self.acme.message_ids.filtered(
            lambda message: "ConnectWise PSA" in message.body
        )
        self.assertEqual(len(messages), 2)
        self.assertEqual(messages.author_id, self.administrator.partner_id)
        self.assertIn("Disconnected from Acme Dental LLC", messages[0].body)

    def test_report_says_that_the_option_is_off(self):
        self.backend.sync_contacts = False
        self.assertIn("is off", self.status()["text"])

    def test_report_shows_no_progress_once_the_option_is_off(self):
        """The rescan that waited would never run."""
        self.backend.with_user(self.administrator)._request_sync()
        self.backend.sync_contacts = False
        self.assertEqual(self.status()["state"], "idle")

    def test_report_says_that_nothing_was_read_yet(self):
        self.assertIn("not been read yet", self.status()["text"])

    def test_report_counts_conflicts(self):
        self.backend.sudo().last_sync = fields.Datetime.now()
        self.row(self.boulder).sudo().has_conflict = True
        self.assertRegex(self.status()["text"], "· 1 conflict$")

    def test_report_says_what_failed(self):
        self.backend.sudo().last_error = "The keys are wrong."
        self.assertIn("The keys are wrong.", self.status()["text"])

    def test_report_says_that_there_is_no_connection(self):
        self.backend.active = False
        self.assertIn("not connected", self.status()["text"])

    def test_report_says_that_a_rescan_waits(self):
        self.backend.with_user(self.administrator)._request_sync(False, False)
        self.assertEqual(self.status()["state"], "queued")
