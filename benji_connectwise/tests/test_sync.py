"""Reading ConnectWise, matching, and connecting by hand."""

from datetime import timedelta
from time import sleep
from unittest.mock import patch
from urllib.parse import unquote

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.tools import sync_runs, synchronization

from ..tools.bill_to_import import find_rows_to_import
from ..tools.bill_to_plan import plan_contact
from .common import ConnectwiseCommon


class SyncCommon(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.backend.responsible_id = cls.administrator
        cls.companies = {
            company["id"]: company
            for company in cls.sandbox.export_companies()
            if not company["deleted"]
        }

    @classmethod
    def customer(cls, name, ref=False, **values):
        return cls.env["res.partner"].create(
            {"name": name, "ref": ref, "customer_rank": 1, "is_company": True, **values}
        )

    def row(self, customer):
        return (
            self.env["connectwise.mapping"]
            .sudo()
            .search(
                [("partner_id", "=", customer.id), ("backend_id", "=", self.backend.id)]
            )
        )

    def sandbox_company(self, number=1005):
        return self.companies[number]

    def sync(self, **options):
        counts = self.backend.with_user(self.administrator).sync(**options)
        self.env.invalidate_all()
        return counts

    def assertConnected(self, customer, company_id, connection):
        row = self.row(customer)
        self.assertEqual(row.connectwise_company_id.connectwise_ref, company_id)
        self.assertEqual(row.connection, connection)
        self.assertTrue(row.last_updated)

    def assertNotConnected(self, customer):
        self.assertFalse(self.row(customer).connectwise_company_id)


@tagged("post_install", "-at_install")
class TestSync(SyncCommon):
    def test_the_account_id_connects(self):
        company = self.sandbox_company()
        customer = self.customer("Quite another name", company["account_number"])
        self.sync()
        self.assertConnected(customer, company["id"], "account_id")

    def test_the_name_connects(self):
        """Whatever the case."""
        company = self.sandbox_company()
        customer = self.customer(company["name"].upper())
        self.sync()
        self.assertConnected(customer, company["id"], "company_name")

    def test_the_account_id_beats_the_name(self):
        one, other = self.sandbox_company(1005), self.sandbox_company(1006)
        customer = self.customer(other["name"], one["account_number"])
        self.sync()
        self.assertConnected(customer, one["id"], "account_id")
        self.assertTrue(self.row(customer).has_conflict)

    def test_an_ambiguous_name_is_a_conflict(self):
        """Two companies are called so."""
        customer = self.customer("Riverside Pharmacy")
        self.sync()
        self.assertNotConnected(customer)
        self.assertTrue(self.row(customer).has_conflict)
        self.assertIn("Riverside Pharmacy", self.row(customer).message)

    def test_an_ambiguous_account_id_is_a_conflict(self):
        customer = self.customer("Kestrel", "AC-SHARED")
        self.sync()
        self.assertNotConnected(customer)
        self.assertTrue(self.row(customer).has_conflict)

    def test_a_company_in_the_recycle_bin_is_not_connected(self):
        gone = next(c for c in self.sandbox.export_companies() if c["deleted"])
        name = gone["name"]
        customer = self.customer(name)
        self.sync()
        row = self.row(customer)
        self.assertNotEqual(row.connectwise_company_id.connectwise_ref, gone["id"])

    def test_rows_are_the_customers_matched_or_not(self):
        """And who was only invoiced."""
        unmatched = self.customer("Nobody Knows Us")
        vendor = self.customer("Only a vendor", customer_rank=0)
        self.invoice("CW1001")
        self.sync()
        self.assertTrue(self.row(unmatched) and self.row(self.partner_a))
        self.assertFalse(self.row(vendor))

    def test_a_second_sync_changes_nothing(self):
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync(full=True)
        self.customer("Riverside Pharmacy")
        self.sync(full=True)
        before = self.row(customer).read()
        contacts = customer.child_ids.read()
        counts = self.sync(full=True)
        self.assertEqual(self.row(customer).read(), before)
        self.assertEqual(customer.child_ids.read(), contacts)
        self.assertEqual(counts["companies_changed"], 0)
        self.assertEqual(counts["connected"], 0)

    def test_what_changed_there_arrives(self):
        """Name, Account ID."""
        company = self.sandbox_company()
        self.sync()
        self.sandbox.patch_company(
            company["id"], {"name": "Renamed", "accountNumber": "R1"}
        )
        self.sync()
        known = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", company["id"])]
        )
        self.assertEqual((known.name, known.account_number), ("Renamed", "R1"))

    def test_the_second_sync_reads_only_what_changed(self):
        self.sync()
        self.sandbox.clear_requests()
        self.sync()
        questions = [
            str(request["query"])
            for request in self.sandbox.requests()
            if request["path"].endswith("/companies")
        ]
        self.assertTrue(all("lastUpdated" in question for question in questions))

    def test_all_entries_reads_all(self):
        self.sync()
        self.assertEqual(self.sync(full=True)["companies_read"], 40)

    def test_a_renamed_company_stays_connected(self):
        """By its id."""
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync()
        self.sandbox.patch_company(company["id"], {"name": "Renamed"})
        self.sync()
        self.assertConnected(customer, company["id"], "company_name")

    def test_a_company_that_is_gone_stays_connected_and_flagged(self):
        """In the recycle bin, or missing from a full read."""
        for number, gone in (
            (1010, self.sandbox.recycle_company),
            (1011, self.sandbox.delete_company),
        ):
            with self.subTest(gone.__name__):
                customer = self.customer(self.sandbox_company(number)["name"])
                self.sync(full=True)
                gone(number)
                self.sync(full=True)
                self.assertConnected(customer, number, "company_name")
                self.assertTrue(self.row(customer).connectwise_company_id.is_deleted)

    def test_too_much_gone_at_once_changes_nothing(self):
        """Two of six connected companies."""
        numbers = range(1010, 1016)
        customers = [
            self.customer(self.sandbox_company(number)["name"]) for number in numbers
        ]
        self.sync(full=True)
        self.sandbox.delete_company(1010)
        self.sandbox.recycle_company(1011)
        with self.assertRaises(UserError):
            self.sync(full=True)
        for customer in customers:
            self.assertFalse(self.row(customer).connectwise_company_id.is_deleted)

    def test_an_empty_answer_changes_nothing(self):
        """A person has to look at it."""
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync()
        for number in [c["id"] for c in self.sandbox.export_companies()]:
            self.sandbox.delete_company(number)
        with self.assertRaises(UserError):
            self.sync(full=True)
        self.assertConnected(customer, company["id"], "company_name")
        self.assertFalse(self.row(customer).connectwise_company_id.is_deleted)

    def test_companies_are_connected_and_bring_their_contact(self):
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync()
        self.assertEqual(
            self.row(customer).contact_id.email_normalized,
            company["contact_email"].lower(),
        )

    def test_without_a_contact_of_its_own_it_is_the_bill_to_companys(self):
        company = self.sandbox_company()
        payer = next(
            other
            for other in self.companies.values()
            if other["id"] != company["id"] and "@" in (other["contact_email"] or "")
        )
        self.sandbox.patch_company(
            company["id"],
            {"billToCompany": {"id": payer["id"]}, "billingContact": None},
        )
        customer = self.customer(company["name"])
        self.sync()
        self.assertEqual(
            self.row(customer).contact_id.email_normalized,
            payer["contact_email"].lower(),
        )

    def test_an_inactive_contact_is_called_inactive(self):
        company = self.sandbox_company()
        self.sandbox.patch_contact(company["contact_id"], {"inactiveFlag": True})
        customer = self.customer(company["name"])
        self.sync()
        self.assertFalse(self.row(customer).contact_id)
        self.assertIn("is inactive", self.row(customer).message)

    def test_automatic_enabling_alone_imports_nothing(self):
        self.backend.write({"sync_contacts": False, "auto_enable_contacts": True})
        customer = self.customer(self.sandbox_company()["name"])
        with self.no_requests(), self.assertRaises(UserError):
            self.sync()
        self.assertFalse(customer.child_ids)

    def test_switched_off_nothing_is_asked(self):
        self.backend.sync_contacts = False
        with self.no_requests(), self.assertRaises(UserError):
            self.sync()

    def test_a_failure_is_a_sentence(self):
        self.sandbox.fault("unavailable", times=0)
        with self.assertRaises(UserError):
            self.sync()

    def test_only_the_invoicing_administrator_synchronizes(self):
        with self.assertRaises(AccessError):
            self.backend.with_user(self.accountant).sync()

    def test_the_preview_writes_nothing(self):
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        backend = self.backend.with_user(self.administrator)
        changes = sync_runs.preview(backend, full=True)
        self.assertFalse(self.row(customer))
        self.assertIn(
            ("connected", customer.id),
            [(change["kind"], change["partner_id"]) for change in changes],
        )

    def preview(self):
        wizard = (
            self.env["connectwise.mapping.rescan"]
            .with_user(self.administrator)
            .create({"backend_id": self.backend.id, "get_all_entries": True})
        )
        wizard.action_preview()
        return wizard

    def test_apply_does_what_the_preview_says(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.preview().action_apply()
        self.env.invalidate_all()
        self.assertConnected(customer, 1005, "company_name")

    def test_apply_does_nothing_that_the_preview_did_not_say(self):
        """It is shown what it would be by now."""
        customer = self.customer(self.sandbox_company()["name"])
        wizard = self.preview()
        other = self.customer(self.sandbox_company(1006)["name"])
        action = wizard.action_apply()
        self.env.invalidate_all()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertFalse(self.row(customer).connectwise_company_id)
        self.assertIn(other, wizard.line_ids.partner_id)

    def test_a_connection_by_itself_is_in_the_rows_chatter(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        self.assertIn(
            "by Company Name", str(self.row(customer).message_ids[:2].mapped("body"))
        )

    def test_two_companies_never_see_each_others_rows(self):
        """Per Odoo company."""
        other = self.setup_other_company()["company"]
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        stranger = self.administrator.copy(
            {"company_id": other.id, "company_ids": [(6, 0, other.ids)]}
        )
        rows = self.env["connectwise.mapping"].with_user(stranger)
        self.assertFalse(rows.search([("partner_id", "=", customer.id)]))

    def test_a_customer_that_changed_here_is_matched_with_what_was_read(self):
        """Though nothing changed in ConnectWise."""
        company = self.sandbox_company()
        customer = self.customer("Quite another name")
        self.sync()
        customer.ref = company["account_number"]
        self.sync()
        self.assertConnected(customer, company["id"], "account_id")

    def test_a_conflict_that_is_over_is_no_longer_shown(self):
        customer = self.customer("Riverside Pharmacy")
        self.sync()
        customer.name = "Nobody Knows Us"
        self.sync()
        row = self.row(customer)
        self.assertFalse(row.has_conflict or row.message)

    def test_a_company_that_cannot_be_read_is_listed_and_stays(self):
        """Also if it does not even say which one it is."""
        customers = [
            self.customer(company["name"]) for company in self.companies.values()
        ]
        self.sync()
        for fault in ("no_id", "mistyped_fields"):
            with self.subTest(fault):
                # After the count, and the greatest id.
                self.sandbox.fault(fault, "companies", nth=3)
                self.sync(full=True)
                sync = self.backend.sync_ids[:1]
                self.assertTrue(sync.skipped)
                rows = self.env["connectwise.mapping"].search(
                    [("partner_id", "in", [c.id for c in customers])]
                )
                gone = rows.connectwise_company_id.filtered("is_deleted")
                self.assertFalse(gone)

    def test_a_contact_that_cannot_be_read_is_listed_and_stays(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        contact = self.row(customer).contact_id
        for fault in ("no_id", "mistyped_fields"):
            with self.subTest(fault):
                self.sandbox.fault(fault, "contacts", times=0)
                self.sync(full=True)
                self.assertEqual(self.row(customer).contact_id, contact)
                self.assertTrue(self.backend.sync_ids[:1].skipped)
                self.sandbox.clear_faults()

    def test_rows_that_need_nothing_are_left_out(self):
        """Precisely those of which planning would say so."""
        for number in range(1005, 1011):
            self.customer(self.sandbox_company(number)["name"])
        self.sync()
        Mapping = self.env["connectwise.mapping"].sudo()
        rows = Mapping.search([("contact_id", "!=", False)], order="id")
        enabled, disabled, renamed, away, silent, _same = rows
        enabled.with_user(self.administrator).enable_contact()
        disabled.with_user(self.administrator).disable_contact()
        renamed.connectwise_company_id.sudo().contact_name = "Somebody Else"
        away.connectwise_company_id.sudo().contact_email = "away@other.example.com"
        silent.connectwise_company_id.sudo().contact_email = "no address"
        for auto_enable in (False, True):
            with self.subTest(auto_enable):
                self.backend.auto_enable_contacts = auto_enable
                planned = rows.filtered(
                    lambda row: (
                        plan_contact(row.bill_to_ids, {}) != ("unchanged", False)
                    )
                )
                self.assertEqual(find_rows_to_import(self.backend), planned.ids)


@tagged("post_install", "-at_install")
class TestByHand(SyncCommon):
    def setUp(self):
        super().setUp()
        self.target = self.sandbox_company(1005)
        self.customer_x = self.customer(self.target["name"])
        self.sync()
        self.other = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", 1006)]
        )

    @property
    def mapping(self):
        return self.row(self.customer_x).with_user(self.administrator)

    def test_plus_connects_by_hand(self):
        """Also a row that is connected already."""
        self.mapping.connect(self.other)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_a_rescan_leaves_it_alone(self):
        self.mapping.connect(self.other)
        self.sync(full=True)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_disconnecting_is_remembered(self):
        self.mapping.action_disconnect()
        self.assertNotConnected(self.customer_x)
        self.customer_x.ref = self.target["account_number"]
        self.sync(full=True)
        self.assertNotConnected(self.customer_x)
        self.assertEqual(self.mapping.disconnected_by_id, self.administrator)

    def test_discarding_lifts_it(self):
        self.mapping.action_disconnect()
        self.assertEqual(self.backend.count_disconnected(), 1)
        self.sync(discard_disconnected=True)
        self.assertConnected(self.customer_x, 1005, "company_name")

    def test_connecting_by_hand_lifts_it(self):
        self.mapping.action_disconnect()
        self.mapping.connect(self.other)
        self.assertFalse(self.mapping.disconnected)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_each_change_is_in_the_rows_chatter(self):
        """With who did it."""
        self.mapping.connect(self.other)
        self.mapping.action_disconnect()
        messages = self.row(self.customer_x).message_ids
        self.assertIn("Disconnected", str(messages.mapped("body")))
        self.assertEqual(messages[:1].author_id, self.administrator.partner_id)

    def test_others_cannot_change_it(self):
        row = self.row(self.customer_x).with_user(self.accountant)
        for change in (
            lambda: row.connect(self.other),
            row.action_disconnect,
            row.action_connect,
            lambda: row.write({"connection": "manual"}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_a_company_of_another_connection_is_refused(self):
        other_company = self.setup_other_company()["company"]
        backend = self.backend.sudo().copy({"company_id": other_company.id})
        stranger = self.other.sudo().copy({"backend_id": backend.id})
        with self.assertRaises(UserError):
            self.mapping.connect(stranger.id)


@tagged("post_install", "-at_install")
class TestInTheBackground(SyncCommon):
    """The rescan runs as a scheduled action, in steps."""

    def run_cron(self):
        with self.enter_registry_test_mode():
            cron = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
            cron.sudo().method_direct_trigger()
        self.env.invalidate_all()

    def request(self, **options):
        self.backend.with_user(self.administrator)._request_sync(**options)

    @property
    def last(self):
        return self.env["connectwise.sync"].search(
            [("backend_id", "=", self.backend.id)], limit=1
        )

    def test_a_rescan_that_was_asked_for_is_done(self):
        """And ends in a line of the history."""
        customer = self.customer(self.sandbox_company()["name"])
        self.request(full=True)
        self.assertEqual(self.backend.sync_state, "queued")
        with self.no_requests():
            self.assertFalse(self.row(customer))
        self.run_cron()
        self.assertConnected(customer, 1005, "company_name")
        self.assertEqual(self.last.state, "done")
        self.assertEqual(self.last.user_id, self.administrator)
        self.assertEqual(self.last.companies_read, 40)
        self.assertTrue(self.last.requests and self.last.summary)
        self.assertEqual(self.backend.sync_state, "idle")

    def test_two_at_once_are_refused(self):
        self.request()
        for again in (self.request, self.backend.sync):
            with self.assertRaises(UserError):
                again()

    def test_the_scheduled_action_does_the_same_by_itself(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.run_cron()
        self.assertConnected(customer, 1005, "company_name")

    def test_the_scheduled_action_asks_nobody_while_it_is_off(self):
        self.backend.sync_contacts = False
        with self.no_requests():
            self.run_cron()

    def test_the_scheduled_action_survives_an_outage(self):
        """And goes on where it was."""
        self.sandbox.fault("unavailable", times=0)
        self.request(full=True)
        self.run_cron()
        self.assertEqual(self.backend.state, "error")
        self.assertEqual(self.last.state, "running")
        self.sandbox.clear_faults()
        self.backend._forget_failures()
        self.run_cron()
        self.assertEqual(self.last.state, "done")

    def connected(self, numbers):
        """Connect customers with these companies, and let the action read them once."""
        for number in numbers:
            self.customer(self.sandbox_company(number)["name"])
        self.sync()
        self.sandbox.clear_requests()

    def contacts_asked(self):
        """Return how many Bill-To contacts the scheduled action asks for by id."""
        self.sandbox.clear_requests()
        self.run_cron()
        asked = set()
        for request in self.sandbox.requests():
            question = unquote(request["query"])
            if request["path"].endswith("/contacts") and " in (" in question:
                ids = question.partition(" in (")[2].partition(")")[0]
                asked.update(ids.split(","))
        return asked

    def test_the_scheduled_action_reads_contacts_again_in_turn(self):
        """Each one, without reading all of them each time."""
        self.connected(range(1005, 1010))
        with patch.object(synchronization, "CONTACTS_EACH_HOUR", 2):
            turns = [self.contacts_asked() for _run in range(3)]
        self.assertLessEqual(max(map(len, turns)), 2)
        self.assertEqual(len(set.union(*turns)), 5)

    def test_a_contact_that_changed_need_not_wait_for_its_turn(self):
        self.connected(range(1005, 1010))
        row = self.env["connectwise.mapping"].search(
            [("contact_id", "!=", False)], order="connectwise_company_id desc", limit=1
        )
        self.sandbox.patch_contact(
            row.connectwise_company_id.contact_ref, {"title": "Treasurer"}
        )
        with patch.object(synchronization, "CONTACTS_EACH_HOUR", 2):
            self.run_cron()
        self.assertEqual(row.contact_id.function, "Treasurer")

    def test_a_contact_that_was_replaced_need_not_wait_for_its_turn(self):
        self.connected(range(1005, 1010))
        row = self.env["connectwise.mapping"].search(
            [("contact_id", "!=", False)], order="connectwise_company_id desc", limit=1
        )
        number = row.connectwise_company_id.connectwise_ref
        other = self.sandbox.create_contact(
            {"firstName": "New", "lastName": "One", "company": {"id": number}}
        )
        self.sandbox.patch_company(number, {"billingContact": {"id": other["id"]}})
        with patch.object(synchronization, "CONTACTS_EACH_HOUR", 2):
            self.run_cron()
        self.assertEqual(row.connectwise_company_id.contact_ref, other["id"])

    def test_nothing_changed_is_few_requests(self):
        self.connected(range(1005, 1010))
        with patch.object(synchronization, "CONTACTS_EACH_HOUR", 2):
            self.run_cron()
        self.assertLessEqual(len(self.sandbox.requests()), 3)

    def test_what_a_run_has_no_time_for_is_done_by_the_next(self):
        customer = self.customer(self.sandbox_company()["name"])
        with patch.object(sync_runs, "SECONDS_FOR_SYNC_STEPS", -1):
            for _run in range(10):
                self.run_cron()
                if self.last.state == "done":
                    break
                self.assertEqual(self.last.state, "running")
        self.assertGreater(_run, 1)
        self.assertConnected(customer, 1005, "company_name")
        self.assertTrue(self.row(customer).contact_id)

    def test_one_that_is_about_to_go_on_is_running(self):
        self.request(full=True)
        with patch.object(sync_runs, "SECONDS_FOR_SYNC_STEPS", -1):
            self.run_cron()
        self.assertEqual(self.last.state, "running")
        with self.assertRaises(UserError):
            self.request()

    def test_one_that_nobody_goes_on_with_makes_way(self):
        """Odoo was ended in the middle of it."""
        self.request(full=True)
        interrupted = self.last
        interrupted.sudo().state = "running"
        self.env["ir.cron.trigger"].search([]).unlink()
        self.request(full=True)
        self.assertEqual((interrupted.state, self.last.state), ("failed", "queued"))

    def test_one_that_was_interrupted_goes_on_when_the_rest_ends(self):
        """Not an hour later."""
        self.sandbox.fault("unavailable", times=0)
        self.request(full=True)
        self.run_cron()
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(self.backend.retry_at, triggers.mapped("call_at"))

    def test_it_can_be_cancelled(self):
        self.request(full=True)
        self.backend.with_user(self.administrator).action_cancel_sync()
        self.run_cron()
        self.assertEqual(self.last.state, "cancelled")
        self.assertFalse(self.env["connectwise.sync.cancel"].sudo().search([]))

    def test_it_can_be_cancelled_while_quick_steps_follow_each_other(self):
        self.request(full=True)
        backend, taken = self.backend.with_user(self.administrator), []

        def steps(run):
            for number in range(20):
                sleep(0.1)
                taken.append(number)
                if number == 1:
                    backend.action_cancel_sync()
                yield

        with patch.object(synchronization.Synchronization, "steps", steps):
            self.run_cron()
        self.assertEqual(self.last.state, "cancelled")
        self.assertLess(len(taken), 20)

    def test_going_on_leaves_new_disconnections_alone(self):
        """Only those there were when the person asked are discarded."""
        customers = [
            self.customer(self.sandbox_company(number)["name"])
            for number in (1005, 1006)
        ]
        self.sync()
        before, meanwhile = (
            self.row(customer).with_user(self.administrator) for customer in customers
        )
        before.action_disconnect()
        self.request(discard_disconnected=True)
        meanwhile.action_disconnect()
        meanwhile.sudo().disconnected_at = fields.Datetime.now() + timedelta(minutes=1)
        self.run_cron()
        self.assertConnected(customers[0], 1005, "company_name")
        self.assertNotConnected(customers[1])

    def test_a_list_that_was_not_whole_is_read_again_from_the_start(self):
        """And not for ever from where it broke off."""
        self.request(full=True)
        self.last.sudo().write(
            {
                "companies_total": 10_000,
                "range_ids": [(0, 0, {"after_ref": 100_000})],
            }
        )
        self.run_cron()
        self.assertEqual(self.last.state, "running")
        self.assertFalse(self.last.range_ids)
        self.backend._forget_failures()
        self.run_cron()
        self.assertEqual((self.last.state, self.last.companies_read), ("done", 40))

    def test_an_empty_answer_asks_a_person(self):
        """Once, however often it comes."""
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        for company in self.sandbox.export_companies():
            self.sandbox.delete_company(company["id"])
        self.request(full=True)
        self.run_cron()
        self.assertEqual(self.last.state, "refused")
        self.assertTrue(self.last.error)
        self.request(full=True)
        self.run_cron()
        self.assertEqual(len(self.backend.activity_ids), 1)
        self.assertConnected(customer, 1005, "company_name")


@tagged("post_install", "-at_install")
class TestTrustByMapping(SyncCommon):
    """Once a customer is mapped, its invoices are of that company or refused."""

    def setUp(self):
        super().setUp()
        self.owner = self.sandbox_invoice("CW1001")["company_id"]
        self.sync()

    def map_partner(self, number):
        company = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", number)]
        )
        row = self.row(self.partner_a).with_user(self.administrator)
        row.connect(company)
        return row

    def other(self):
        return next(number for number in (1008, 1009) if number != self.owner)

    def test_the_customers_own_invoice_is_trusted(self):
        """A differing amount is a warning then."""
        move = self.invoice("CW1001", amount=1)
        self.sync()
        self.map_partner(self.owner)
        self.assertChosen(move, "connectwise")
        self.assertEqual(move.sudo().connectwise_lookup_ids.verdict, "amount_differs")

    def test_another_customers_invoice_is_refused(self):
        """Whatever its amount."""
        move = self.invoice("CW1001")
        self.sync()
        self.map_partner(self.other())
        self.assertChosen(move, "odoo")
        self.assertIn("belongs to", move.connectwise_message)

    def test_mapping_judges_what_was_shown_before_anew(self):
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.sync()
        self.map_partner(self.other())
        self.assertChosen(move, "odoo")

    def test_a_company_that_is_billed_elsewhere_by_now_is_judged_anew(self):
        move = self.invoice("CW1001")
        self.sync()
        other = self.other()
        self.map_partner(other)
        self.assertChosen(move, "odoo")
        self.sandbox.patch_company(other, {"billToCompany": {"id": self.owner}})
        self.sync()
        self.assertEqual(move.sudo().connectwise_lookup_ids.verdict, "accepted")

    def test_a_company_that_was_disconnected_counts_as_another(self):
        move = self.invoice("CW1001")
        self.sync()
        row = self.map_partner(self.owner)
        self.assertChosen(move, "connectwise")
        row.action_disconnect()
        self.assertChosen(move, "odoo")
