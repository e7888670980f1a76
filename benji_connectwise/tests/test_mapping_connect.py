"""Connecting a customer by “+”, disconnecting it, and undoing that."""

from datetime import datetime

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time, tagged

from ..tools.mapping.bill_to_import import import_contacts
from ..tools.mapping.connecting import link
from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingConnect(MappingReportCommon):
    def test_choosing_a_company_connects(self):
        form = Form(self.open_connect(self.foxtrot))
        form.connectwise_company_id = self.law
        form.save().action_connect()
        row = self.row(self.foxtrot)
        self.assertEqual(row.connectwise_company_id, self.law)
        self.assertEqual(row.connection, "manual")

    def test_suggestion_connects(self):
        self.suggestions(self.acme)[0].action_connect()
        self.assertEqual(self.row(self.acme).connectwise_company_id, self.dental)

    def test_same_account_id_is_the_first_suggestion(self):
        """The suggestion says why."""
        line = self.suggestions(self.acme)[0]
        self.assertEqual(line.connectwise_company_id, self.dental)
        self.assertIn("same Account ID", line.reason)

    def test_similar_names_are_suggested(self):
        lines = self.suggestions(self.boulder)
        self.assertEqual(lines.connectwise_company_id, self.law + self.twin)
        self.assertIn("name 100 %", lines[0].reason)

    def test_invoice_numbers_in_common_are_evidence(self):
        move = self.invoice("CW1001", partner_id=self.foxtrot.id)
        move._get_preferred_invoice_pdf()
        ref = self.sandbox_invoice("CW1001")["company_id"]
        company = self.read_company(ref, "Quite different")
        line = self.suggestions(self.foxtrot)[0]
        self.assertEqual(line.connectwise_company_id, company)
        self.assertIn("1 of 1 invoice numbers belong to this company", line.reason)

    def test_suggestion_names_the_customer_already_connected(self):
        self.row(self.foxtrot).connect(self.dental)
        self.assertIn(
            "already connected to Foxtrot Ltd", self.suggestions(self.acme)[0].reason
        )

    def test_deleted_companies_are_not_suggested(self):
        self.dental.is_deleted = True
        self.assertNotIn(
            self.dental, self.suggestions(self.acme).connectwise_company_id
        )

    def test_companies_of_another_connection_are_not_suggested(self):
        other = self.backend.sudo().copy({"company_id": self.new_odoo_company().id})
        self.dental.backend_id = other
        self.assertNotIn(
            self.dental, self.suggestions(self.acme).connectwise_company_id
        )

    def test_companies_with_one_name_can_be_told_apart(self):
        companies = self.env["connectwise.company"].with_user(self.administrator)
        names = dict(
            companies.with_context(formatted_display_name=True).name_search("Boulder")
        )
        self.assertEqual(
            names[self.twin.id],
            "Boulder Law #9003\n--Active · Denver · Account ID F-300--",
        )

    def test_company_is_found_by_its_number(self):
        companies = self.env["connectwise.company"].with_user(self.administrator)
        self.assertEqual(
            [self.twin.id], [i for i, _n in companies.name_search("#9003")]
        )

    def test_dialog_lists_companies_that_nobody_has_first(self):
        self.row(self.foxtrot).connect(self.dental)
        dialog = self.open_connect(self.acme)
        self.assertEqual(dialog.company_ids, self.law + self.twin + self.dental)
        self.assertEqual(dialog.company_ids[-1].connected_with, "Foxtrot Ltd")

    def test_typing_offers_companies_that_nobody_has_first(self):
        self.row(self.foxtrot).connect(self.law)
        companies = self.env["connectwise.company"].with_user(self.administrator)
        found = companies.with_context(unconnected_first=True).name_search("Boulder")
        self.assertEqual([i for i, _n in found], (self.twin + self.law).ids)

    def test_list_on_a_phone_offers_companies_that_nobody_has_first(self):
        """There, the field opens a list instead of a drop-down."""
        self.row(self.foxtrot).connect(self.law)
        companies = self.env["connectwise.company"].with_user(self.administrator)
        companies = companies.with_context(unconnected_first=True)
        found = companies.web_search_read([("name", "ilike", "Boulder")], {})
        shown = [row["id"] for row in found["records"]]
        self.assertEqual(shown, (self.twin + self.law).ids)

    def test_list_on_a_phone_can_be_grouped(self):
        companies = self.env["connectwise.company"].with_user(self.administrator)
        companies = companies.with_context(unconnected_first=True)
        found = companies.web_read_group([], ["company_id"], ["__count"])
        self.assertTrue(found["groups"])

    def test_typing_forgives_punctuation_and_accents(self):
        company = self.read_company(9005, "O'Brien & Söhne, GmbH")
        company.normalised_name = "obrien and sohne"
        for text in ("obrien", "Söhne", "sohne", "O'Brien and", "o’brien & sohne gmbh"):
            with self.subTest(text):
                found = company.with_user(self.administrator).name_search(text)
                self.assertEqual([i for i, _n in found], company.ids)

    def test_company_of_the_list_connects(self):
        dialog = self.open_connect(self.foxtrot)
        company = dialog.company_ids.filtered(lambda company: company == self.law)
        company.with_context(
            connectwise_mapping_id=dialog.mapping_id.id
        ).action_connect()
        self.assertEqual(self.row(self.foxtrot).connectwise_company_id, self.law)

    def test_dialog_confirms_the_present_connection(self):
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "company_name")])
        notice = self.open_connect(self.acme).action_confirm()
        self.assertEqual(row.connection, "manual")
        self.assertIn(self.dental.display_name, notice["params"]["message"])

    def test_choosing_the_present_company_confirms_it(self):
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "company_name")])
        form = Form(self.open_connect(self.acme))
        form.connectwise_company_id = self.dental
        form.save().action_connect()
        self.assertEqual(row.connection, "manual")

    def test_connecting_lifts_the_exclusion(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        row.action_disconnect()
        form = Form(self.open_connect(self.acme))
        form.connectwise_company_id = self.dental
        form.save().action_connect()
        self.assertFalse(row.disconnected)

    def test_connected_row_can_be_connected_to_another_company(self):
        row = self.row(self.boulder)
        row.connect(self.law)
        form = Form(self.open_connect(self.boulder))
        form.connectwise_company_id = self.twin
        form.save().action_connect()
        self.assertEqual(row.connectwise_company_id, self.twin)

    def test_connect_dialog_works_without_a_record(self):
        """Other programs open it like that."""
        wizard = self.env["connectwise.mapping.connect"].with_user(self.administrator)
        form = Form(wizard.with_context(default_mapping_id=self.row(self.acme).id))
        form.connectwise_company_id = self.dental
        form.save().action_connect()
        self.assertEqual(self.row(self.acme).connectwise_company_id, self.dental)


@tagged("post_install", "-at_install")
class TestMappingDisconnect(MappingReportCommon):
    def test_disconnecting_nobody_is_not_asked_about(self):
        """Rows without a connection can be selected too."""
        rows = self.row(self.acme) + self.row(self.boulder)
        with self.assertRaises(UserError):
            rows.action_ask_disconnect()

    def test_question_before_disconnecting_names_customer_and_contact(self):
        question = self.import_emma().action_ask_disconnect()["params"]
        self.assertEqual(question["title"], "Disconnect Acme Dental?")
        self.assertIn("Emma Diaz <emma@dental.example>", question["body"])

    def test_undoing_connects_again_as_it_was(self):
        row = self.import_emma()
        self.undo(row)
        self.assertEqual(row.connection, "account_id")
        self.assertFalse(row.disconnected)
        self.assertEqual(row.contact_id.email, "emma@dental.example")
        self.assertFalse(row.contact_enabled)

    def test_undoing_enables_a_contact_that_was_enabled(self):
        row = self.import_emma()
        row.enable_contact()
        self.undo(row)
        self.assertTrue(row.contact_enabled)

    def test_undoing_brings_no_contact_that_was_removed_before(self):
        """With the option off, no contact is imported, by nobody."""
        row = self.import_emma()
        self.backend.sync_contacts = False
        self.backend.with_user(self.administrator).action_remove_imported_contacts()
        self.undo(row)
        self.assertFalse(row.contact_id)

    def test_undoing_brings_a_paused_contact_back(self):
        row = self.import_emma()
        self.backend.sync_contacts = False
        self.undo(row)
        self.assertEqual(row.contact_id.email, "emma@dental.example")

    def test_undoing_does_not_trust_an_address_that_moved(self):
        row = self.import_emma()
        row.enable_contact()
        self.dental.sudo().contact_email = "emma@elsewhere.example"
        import_contacts(row.sudo())
        self.assertFalse(row.contact_enabled)
        self.undo(row)
        self.assertFalse(row.contact_enabled)

    def test_undoing_does_not_take_a_company_from_another_customer(self):
        row = self.import_emma()
        before = row.action_disconnect()["params"]["before"]
        self.row(self.foxtrot).connect(self.dental)
        with self.assertRaisesRegex(UserError, "connected to Foxtrot"):
            row.action_undo_disconnect(before)

    def test_undoing_is_refused_if_the_row_changed_since(self):
        row = self.import_emma()
        before = row.action_disconnect()["params"]["before"]
        row.connect(self.law)
        with self.assertRaisesRegex(UserError, "changed since"):
            row.action_undo_disconnect(before)

    def test_only_connected_rows_have_the_remove_icon(self):
        arch = self.list_arch(self.administrator)
        icon = arch[arch.index("fa-chain-broken") - 200 :]
        self.assertIn(
            'invisible="not connectwise_company_id and not is_set_aside"', icon
        )

    def test_remove_icon_is_at_the_right_end_of_the_row(self):
        """As the article says, also where a connection can be confirmed."""
        icons = etree.fromstring(self.list_arch(self.administrator)).xpath(
            "/list/button/@icon"
        )
        self.assertEqual(icons[-1], "fa-chain-broken")

    def test_several_rows_can_be_disconnected_at_once(self):
        rows = self.row(self.acme) + self.row(self.boulder) + self.row(self.foxtrot)
        rows[0].connect(self.dental)
        rows[1].connect(self.law)
        rows.action_disconnect()
        self.assertEqual(rows.mapped("disconnected"), [True, True, False])

    def test_disconnecting_sets_last_updated(self):
        row = self.row(self.acme)
        with freeze_time("2026-10-01 10:00:00"):
            row.connect(self.dental)
        with freeze_time("2026-10-02 11:00:00"):
            row.action_disconnect()
        self.assertEqual(row.last_updated, datetime(2026, 10, 2, 11))
