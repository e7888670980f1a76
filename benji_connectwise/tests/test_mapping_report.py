"""The Customer Mapping Report and its dialogs, "+" and *Rescan*."""

from ast import literal_eval
from datetime import datetime
from re import escape

from lxml import etree

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import Form, HttpCase, freeze_time, new_test_user, tagged

from ..tools.mapping.bill_to_import import import_contacts
from ..tools.mapping.connecting import link
from .common import ConnectwiseCommon

ACTION = "benji_connectwise.connectwise_mapping_report_action"


class MappingReportCommon(ConnectwiseCommon):
    """Three customers with their rows, and companies of ConnectWise as if read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.acme, cls.boulder, cls.foxtrot = cls.env["res.partner"].create(
            [
                {"name": "Acme Dental", "ref": "F-100", "customer_rank": 1},
                {"name": "Boulder Law", "customer_rank": 1},
                {"name": "Foxtrot Ltd", "customer_rank": 1},
            ]
        )
        cls.dental = cls.read_company(9001, "Acme Dental LLC", "F-100", city="Austin")
        cls.law = cls.read_company(9002, "Boulder Law", city="Boulder")
        cls.twin = cls.read_company(9003, "Boulder Law", "F-300", city="Denver")
        cls.env["connectwise.mapping"]._ensure_rows(cls.backend)

    @classmethod
    def read_company(cls, ref, name, account_number=False, **values):
        return (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "connectwise_ref": ref,
                    "name": name,
                    "account_number": account_number,
                    "status": "Active",
                    **values,
                }
            )
        )

    def row(self, partner, user=None):
        rows = self.env["connectwise.mapping"].with_user(user or self.administrator)
        return rows.search(
            [("partner_id", "=", partner.id), ("backend_id", "=", self.backend.id)]
        )

    def rows_found(self, *domain):
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        return rows.search([("backend_id", "=", self.backend.id), *domain]).partner_id

    def filter(self, name):
        """Return the customers that a filter of the report leaves."""
        view = self.env.ref("benji_connectwise.connectwise_mapping_view_search")
        arch = self.env["connectwise.mapping"].get_view(view.id, "search")["arch"]
        start = arch.index(f'name="{name}"')
        domain = arch[arch.index('domain="', start) + len('domain="') :].split('"')[0]
        return self.rows_found(*literal_eval(domain))

    def open_connect(self, partner):
        action = self.row(partner).action_connect()
        wizard = self.env[action["res_model"]].with_user(self.administrator)
        return wizard.browse(action["res_id"])

    def suggestions(self, partner):
        return self.open_connect(partner).suggestion_ids


@tagged("post_install", "-at_install")
class TestMappingReport(MappingReportCommon):
    def open_report(self, user):
        action = self.env.ref(ACTION).with_user(user).run()
        return action

    def list_arch(self, user):
        rows = self.env["connectwise.mapping"].with_user(user)
        return rows.get_view(view_type="list")["arch"]

    # Opening the report -------------------------------------------------------------

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

    def test_without_invoicing_the_report_cannot_be_opened(self):
        stranger = new_test_user(self.env, "connectwise_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.open_report(stranger)

    def test_without_invoicing_no_row_can_be_read(self):
        stranger = new_test_user(self.env, "connectwise_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["connectwise.mapping"].with_user(stranger).search([])

    def test_read_only_accounting_sees_the_report(self):
        reader = new_test_user(
            self.env,
            "connectwise_reader",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.assertIn(self.acme, self.row(self.acme, reader).partner_id)
        self.assertTrue(self.open_report(reader))

    # What a row says ----------------------------------------------------------------

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

    def test_every_column_sorts(self):
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        arch = etree.fromstring(self.list_arch(self.accountant))
        shown = set(arch.xpath("/list/field[not(@column_invisible='1')]/@name"))
        fields = rows.fields_get(shown, ["sortable"])
        self.assertEqual([n for n in shown if not fields[n]["sortable"]], [])

    def test_company_column_is_for_several_companies_alone(self):
        action = self.open_report(self.accountant)
        self.assertFalse(action["context"]["connectwise_several_companies"])

    def test_rows_of_a_staging_connectwise_say_so(self):
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

    # The switch of a row, and the links to it ---------------------------------------

    def import_emma(self):
        """Connect Acme to a company with a Bill-To contact, and import that."""
        self.dental.sudo().write(
            {
                "contact_ref": 77,
                "contact_name": "Emma Diaz",
                "contact_email": "emma@dental.example",
            }
        )
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "account_id")])
        import_contacts(row.sudo())
        return row

    def test_switch_of_a_row_enables_and_disables_its_contact(self):
        row = self.import_emma()
        for decision, value in (("enabled", True), ("disabled", False)):
            row.contact_enabled = value
            self.assertEqual(row.contact_id.connectwise_enabled, value)
            self.assertEqual(row.contact_decision, decision)

    def test_invoicing_user_cannot_use_the_switch(self):
        self.import_emma()
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).contact_enabled = True

    def test_customer_and_contact_lead_to_the_row(self):
        row = self.import_emma()
        for partner in (self.acme, row.contact_id):
            partner = partner.with_user(self.accountant).with_company(self.company)
            action = partner.action_open_connectwise_mapping()
            self.assertEqual(action["res_id"], row.id)

    def test_contact_says_of_which_companys_connection_it_is(self):
        contact = self.import_emma().contact_id
        self.assertEqual(contact.connectwise_owner, self.company.name)

    def test_filter_of_contacts_finds_them_and_their_customers(self):
        """Odoo's list of customers has no contacts in it."""
        contact = self.import_emma().contact_id
        view = self.env.ref("base.view_res_partner_filter")
        arch = self.env["res.partner"].get_view(view.id, "search")["arch"]
        [found] = etree.fromstring(arch).xpath("//filter[@name='connectwise_contacts']")
        domain = literal_eval(found.get("domain"))
        self.assertEqual(self.env["res.partner"].search(domain), self.acme + contact)

    # Disconnecting ------------------------------------------------------------------

    def test_question_before_disconnecting_names_customer_and_contact(self):
        question = self.import_emma().action_ask_disconnect()["params"]
        self.assertEqual(question["title"], "Disconnect Acme Dental?")
        self.assertIn("Emma Diaz <emma@dental.example>", question["body"])

    def undo(self, row):
        before = row.action_disconnect()["params"]["before"]
        self.assertFalse(row.contact_id)
        row.action_undo_disconnect(before)

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

    def test_undoing_connects_nobody_who_was_connected_since(self):
        row = self.import_emma()
        before = row.action_disconnect()["params"]["before"]
        row.connect(self.law)
        with self.assertRaisesRegex(UserError, "changed since"):
            row.action_undo_disconnect(before)

    # Buttons ------------------------------------------------------------------------

    def test_each_row_has_a_plus(self):
        self.assertIn("fa-plus", self.list_arch(self.administrator))

    def test_only_connected_rows_have_the_remove_icon(self):
        arch = self.list_arch(self.administrator)
        icon = arch[arch.index("fa-chain-broken") - 200 :]
        self.assertIn(
            'invisible="not connectwise_company_id and not is_set_aside"', icon
        )

    def test_several_rows_can_be_disconnected_at_once(self):
        rows = self.row(self.acme) + self.row(self.boulder) + self.row(self.foxtrot)
        rows[0].connect(self.dental)
        rows[1].connect(self.law)
        rows.action_disconnect()
        self.assertEqual(rows.mapped("disconnected"), [True, True, False])

    def test_exact_matches_are_connected_at_once(self):
        """An ambiguous one is not."""
        rows = self.row(self.acme) + self.row(self.boulder) + self.row(self.foxtrot)
        rows.action_connect_exact_matches()
        self.assertEqual(rows.mapped("connection"), ["suggestion", False, False])

    def show_exact_matches(self):
        dialogs = self.env["connectwise.mapping.exact"].with_user(self.administrator)
        action = dialogs.with_company(self.company).action_open()
        return dialogs.browse(action.get("res_id"))

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
        row.action_connect_exact_matches()
        self.assertFalse(row._is_certain())

    def test_confirmed_suggestion_is_manual(self):
        """A person looked at this row."""
        row = self.row(self.acme)
        row.action_connect_exact_matches()
        row.action_confirm()
        self.assertEqual(row.connection, "manual")

    def test_several_rows_cannot_be_confirmed_at_once(self):
        """One click for many rows confirms nothing."""
        rows = self.row(self.acme) + self.row(self.boulder)
        with self.assertRaises(ValueError):
            rows.action_confirm()

    def test_invoicing_user_cannot_confirm(self):
        row = self.row(self.acme)
        row.action_connect_exact_matches()
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_confirm()

    def test_conflict_is_not_connected_in_bulk(self):
        """A person connects it by itself."""
        row = self.row(self.acme)
        row.sudo().has_conflict = True
        row.action_connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_other_legal_form_is_no_exact_match(self):
        """Not even before the next synchronization calls it a conflict."""
        self.acme.name = "Acme Dental Inc."
        row = self.row(self.acme)
        row.action_connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_other_account_id_is_no_exact_match(self):
        self.acme.ref = "D-100"
        self.dental.account_number = "D-200"
        row = self.row(self.acme)
        row.action_connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_two_customers_with_one_name_are_no_exact_match(self):
        """Not even before the next synchronization calls it a conflict."""
        twin = self.env["res.partner"].create({"name": "Zulu", "customer_rank": 1})
        other = self.env["res.partner"].create({"name": "ZULU", "customer_rank": 1})
        self.read_company(9010, "Zulu")
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        rows = self.row(twin) + self.row(other)
        rows.action_connect_exact_matches()
        self.assertFalse(rows.connectwise_company_id)

    def test_disconnected_row_is_not_connected_in_bulk(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        row.action_disconnect()
        row.action_connect_exact_matches()
        self.assertFalse(row.connectwise_company_id)

    def test_company_connected_to_another_customer_is_no_exact_match(self):
        self.row(self.foxtrot).connect(self.dental)
        self.row(self.acme).action_connect_exact_matches()
        self.assertFalse(self.row(self.acme).connectwise_company_id)

    def test_invoicing_user_cannot_connect_exact_matches(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_connect_exact_matches()

    def test_rows_are_hidden_from_another_company(self):
        stranger = new_test_user(
            self.env,
            "connectwise_elsewhere",
            "account.group_account_manager",
            company_id=self.env["res.company"].create({"name": "Elsewhere"}).id,
        )
        self.assertFalse(self.row(self.acme, stranger))

    def test_invoicing_user_is_offered_no_change(self):
        self.assertNotIn("<button", self.list_arch(self.accountant))

    def test_invoicing_user_cannot_open_the_connect_dialog(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_connect()

    def test_invoicing_user_cannot_disconnect(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_disconnect()

    def test_invoicing_user_cannot_rescan(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_rescan()

    def test_invoicing_user_cannot_write_a_connection(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).write(
                {"connectwise_company_id": self.dental.id}
            )

    def test_disconnecting_sets_last_updated(self):
        row = self.row(self.acme)
        with freeze_time("2026-10-01 10:00:00"):
            row.connect(self.dental)
        with freeze_time("2026-10-02 11:00:00"):
            row.action_disconnect()
        self.assertEqual(row.last_updated, datetime(2026, 10, 2, 11))

    # Who may write in the chatter of a row ------------------------------------------

    def reader(self):
        return new_test_user(
            self.env,
            "connectwise_reader",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_read_only_accounting_cannot_post_on_a_row(self):
        """The message would go to any customer in the company's name."""
        row = self.row(self.acme, self.reader())
        with self.assertRaises(AccessError):
            row.message_post(body="Pay here", partner_ids=self.acme.ids)

    def test_invoicing_user_cannot_post_on_a_row(self):
        row = self.row(self.acme, self.accountant)
        with self.assertRaises(AccessError):
            row.message_post(body="Pay here", partner_ids=self.acme.ids)

    def test_read_only_accounting_cannot_make_a_customer_follow_a_row(self):
        row = self.row(self.acme, self.reader())
        with self.assertRaises(AccessError):
            row.message_subscribe(partner_ids=self.acme.ids)

    def test_read_only_accounting_cannot_plan_an_activity_on_a_row(self):
        row = self.row(self.acme)
        with self.assertRaises(AccessError):
            self.env["mail.activity"].with_user(self.reader()).create(
                {
                    "res_model_id": self.env["ir.model"]._get_id(row._name),
                    "res_id": row.id,
                    "summary": "Pay here",
                }
            )

    def test_read_only_accounting_cannot_write_an_e_mail_about_a_row(self):
        composer = self.env["mail.compose.message"].with_user(self.reader())
        values = {
            "model": "connectwise.mapping",
            "res_ids": str(self.row(self.acme).ids),
            "partner_ids": self.acme.ids,
            "body": "Pay here",
            "composition_mode": "comment",
        }
        with self.assertRaises(AccessError):
            composer.create(values)._action_send_mail()

    def test_read_only_accounting_cannot_post_on_a_connection(self):
        backend = self.backend.with_user(self.reader())
        with self.assertRaises(AccessError):
            backend.message_post(body="Pay here", partner_ids=self.acme.ids)

    # A customer becomes a contact of another ----------------------------------------

    def join(self):
        """Make a connected customer a part of another that has no row."""
        parent = self.env["res.partner"].create({"name": "Umbrella"})
        self.row(self.acme).connect(self.dental)
        self.acme.write({"parent_id": parent.id, "is_company": False})
        return parent

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

    # The customer's chatter ---------------------------------------------------------

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

    def test_customers_chatter_tells_of_a_connection_in_bulk(self):
        self.row(self.acme).action_connect_exact_matches()
        self.assertIn("Acme Dental LLC", self.acme.message_ids[0].body)

    # Finding rows -------------------------------------------------------------------

    def test_row_is_found_by_reference(self):
        self.assertEqual(self.rows_found(("partner_ref", "=", "F-100")), self.acme)

    def test_row_is_found_by_account_id(self):
        self.row(self.foxtrot).connect(self.twin)
        self.assertEqual(
            self.rows_found(("connectwise_account_number", "ilike", "F-300")),
            self.foxtrot,
        )

    def search_box(self, text):
        view = self.env.ref("benji_connectwise.connectwise_mapping_view_search")
        arch = self.env["connectwise.mapping"].get_view(view.id, "search")["arch"]
        domain = etree.fromstring(arch).xpath("//field[1]/@filter_domain")[0]
        return self.rows_found(*literal_eval(domain.replace("self", repr(text))))

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

    # The line above the report ------------------------------------------------------

    def status(self):
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        return rows.with_company(self.company).get_report_status()

    def test_report_says_that_the_option_is_off(self):
        self.backend.sync_contacts = False
        self.assertIn("is off", self.status()["text"])

    def test_report_says_that_nothing_was_read_yet(self):
        self.assertIn("not been read yet", self.status()["text"])

    def test_report_says_what_failed(self):
        self.backend.sudo().last_error = "The keys are wrong."
        self.assertIn("The keys are wrong.", self.status()["text"])

    def test_report_says_that_there_is_no_connection(self):
        self.backend.active = False
        self.assertIn("not connected", self.status()["text"])

    def test_report_says_that_a_rescan_waits(self):
        self.backend.with_user(self.administrator)._request_sync(False, False)
        self.assertEqual(self.status()["state"], "queued")


@tagged("post_install", "-at_install")
class TestMappingImport(MappingReportCommon):
    """Odoo's own export and import of lists restores a mapping."""

    def setUp(self):
        super().setUp()
        self.administrator.group_ids += self.env.ref("base.group_allow_export")

    def load(self, *lines, fields=(".id", "connectwise_ref"), user=None):
        rows = self.env["connectwise.mapping"].with_user(user or self.administrator)
        result = rows.load(list(fields), [list(map(str, line)) for line in lines])
        self.env.invalidate_all()
        return result

    def export(self, partner):
        return self.row(partner).export_data([".id", "connectwise_ref"])["datas"]

    def test_importing_an_export_connects_again(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        exported = self.export(self.acme)
        row.action_disconnect()
        self.assertFalse(self.load(*exported)["messages"])
        self.assertEqual(row.connectwise_company_id, self.dental)
        self.assertEqual(row.connection, "manual")

    def test_importing_unchanged_data_changes_nothing(self):
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "account_id")])
        before = row.last_updated
        self.load(*self.export(self.acme))
        self.assertEqual((row.connection, row.last_updated), ("account_id", before))

    def test_importing_an_empty_connection_disconnects(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        self.load((row.id, 0))
        self.assertTrue(row.disconnected)
        self.assertFalse(row.connectwise_company_id)

    def test_importing_the_company_connects_by_hand(self):
        row = self.row(self.acme)
        self.load(
            (row.id, self.dental.id), fields=(".id", "connectwise_company_id/.id")
        )
        self.assertEqual(row.connection, "manual")

    def test_importing_every_column_connects_by_hand(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        names = [".id", "partner_id/.id", "connection", "connectwise_company_id/.id"]
        exported = row.export_data(names)["datas"]
        row.action_disconnect()
        self.assertFalse(self.load(*exported, fields=names)["messages"])
        self.assertEqual(row.connection, "manual")

    def test_importing_an_unknown_number_fails_and_changes_nothing(self):
        row = self.row(self.acme)
        result = self.load((row.id, 4040))
        self.assertIn("#4040", result["messages"][0]["message"])
        self.assertFalse(row.connectwise_company_id)

    def test_chatter_tells_of_an_import(self):
        row = self.row(self.acme)
        self.load((row.id, 9001))
        message = row.message_ids[0]
        self.assertIn("Acme Dental LLC", message.body)
        self.assertEqual(message.author_id, self.administrator.partner_id)

    def test_invoicing_user_cannot_import(self):
        row = self.row(self.acme)
        self.load((row.id, 9001), user=self.accountant)
        self.assertFalse(row.connectwise_company_id)

    def test_administrator_cannot_import_other_columns(self):
        with self.assertRaises(AccessError):
            self.row(self.acme).write({"contact_id": self.boulder.id})


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
        self.open_connect(self.acme).action_confirm()
        self.assertEqual(row.connection, "manual")

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

    def twin_in_sandbox(self):
        company = next(
            company
            for company in self.sandbox.export_companies()
            if not company["deleted"] and company["account_number"]
        )
        self.foxtrot.ref = company["account_number"]
        return company

    def test_preview_lists_what_would_be_connected(self):
        self.twin_in_sandbox()
        line = self.preview().filtered(lambda line: line.partner_id == self.foxtrot)
        self.assertIn("connected", line.mapped("kind"))
        self.assertIn("Account ID", line.mapped("reason"))

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

    def test_invoicing_user_cannot_open_the_rescan_dialog(self):
        with self.assertRaises(AccessError):
            self.env["connectwise.mapping.rescan"].with_user(self.accountant).create({})


@tagged("post_install", "-at_install")
class TestMappingTours(MappingReportCommon, HttpCase):
    def tour(self, name):
        self.start_tour("/odoo", name, login=self.administrator.login)

    def test_administrator_connects_a_customer_in_the_browser(self):
        self.tour("benji_connectwise_connect")
        self.assertEqual(self.row(self.acme).connectwise_company_id, self.dental)
        self.assertEqual(self.row(self.foxtrot).connectwise_company_id, self.twin)

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

    def test_administrator_discards_disconnections_in_the_browser(self):
        self.row(self.acme).connect(self.dental)
        self.row(self.acme).action_disconnect()
        self.tour("benji_connectwise_rescan_discard")
        self.assertTrue(self.backend.sync_ids[0].discard_disconnected)

    def test_administrator_applies_a_preview_in_the_browser(self):
        company = next(
            company
            for company in self.sandbox.export_companies()
            if not company["deleted"] and company["account_number"]
        )
        self.foxtrot.ref = company["account_number"]
        self.tour("benji_connectwise_preview")
        self.assertEqual(self.row(self.foxtrot).connectwise_ref, company["id"])

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
