"""Synchronizing by hand and in the background."""

from datetime import timedelta
from time import sleep
from unittest.mock import patch
from urllib.parse import unquote

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.tools.sync import runs as sync_runs
from odoo.addons.benji_connectwise.tools.sync import synchronization

from ..lib.connectwise_client import ConnectWiseClient, DeadlineError
from .sync_common import SyncCommon


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

    def test_connect_dialog_connects_by_hand(self):
        """A row that is connected can be connected again."""
        self.mapping.connect(self.other)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_rescan_leaves_a_manual_connection_alone(self):
        self.mapping.connect(self.other)
        self.sync(full=True)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_disconnection_is_remembered(self):
        self.mapping.action_disconnect()
        self.assertNotConnected(self.customer_x)
        self.customer_x.ref = self.target["account_number"]
        self.sync(full=True)
        self.assertNotConnected(self.customer_x)
        self.assertEqual(self.mapping.disconnected_by_id, self.administrator)

    def test_discarding_lifts_a_disconnection(self):
        self.mapping.action_disconnect()
        self.assertTrue(self.mapping.disconnected)
        self.sync(discard_disconnected=True)
        self.assertConnected(self.customer_x, 1005, "company_name")

    def test_connecting_by_hand_lifts_a_disconnection(self):
        self.mapping.action_disconnect()
        self.mapping.connect(self.other)
        self.assertFalse(self.mapping.disconnected)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_discarding_is_about_customers_that_are_connected_since_too(self):
        self.mapping.action_disconnect()
        before = self.mapping.disconnected_company_ids
        self.mapping.connect(self.other)
        self.assertEqual(self.mapping.disconnected_company_ids, before)
        self.sync(discard_disconnected=True)
        self.assertFalse(self.mapping.disconnected_company_ids)
        self.assertConnected(self.customer_x, 1006, "manual")

    def test_chatter_of_the_row_says_who_made_each_change(self):
        self.mapping.connect(self.other)
        self.mapping.action_disconnect()
        messages = self.row(self.customer_x).message_ids
        self.assertIn("Disconnected", str(messages.mapped("body")))
        self.assertEqual(messages[:1].author_id, self.administrator.partner_id)

    def test_invoicing_user_cannot_connect_or_disconnect(self):
        row = self.row(self.customer_x).with_user(self.accountant)
        for change in (
            lambda: row.connect(self.other),
            row.action_disconnect,
            row.action_connect,
            lambda: row.write({"connection": "manual"}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_company_of_another_connection_is_refused(self):
        other_company = self.new_odoo_company()
        backend = self.backend.sudo().copy({"company_id": other_company.id})
        stranger = self.other.sudo().copy({"backend_id": backend.id})
        with self.assertRaises(UserError):
            self.mapping.connect(stranger.id)


@tagged("post_install", "-at_install")
class TestInTheBackground(SyncCommon):
    """A rescan runs in steps, as a scheduled action."""

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

    def test_requested_rescan_is_done(self):
        """The history then has a line for it."""
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

    def test_second_rescan_at_the_same_time_is_refused(self):
        self.request()
        for again in (self.request, self.backend.sync):
            with self.assertRaises(UserError):
                again()

    def test_scheduled_action_synchronizes_without_a_request(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.run_cron()
        self.assertConnected(customer, 1005, "company_name")

    def test_scheduled_action_asks_nothing_with_contact_sync_off(self):
        self.backend.sync_contacts = False
        with self.no_requests():
            self.run_cron()

    def test_switching_the_option_off_cancels_a_rescan(self):
        """Otherwise it would wait in the list of synchronizations for ever."""
        self.request()
        self.backend.sync_contacts = False
        self.assertEqual(self.last.state, "cancelled")
        self.backend.sync_contacts = True
        self.request()
        self.run_cron()
        self.assertEqual(self.last.state, "done")

    def test_scheduled_action_survives_an_outage(self):
        """It resumes where it was."""
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
        """Connect customers to these companies, and let the action read them once."""
        for number in numbers:
            self.customer(self.sandbox_company(number)["name"])
        self.sync()
        self.sandbox.clear_requests()

    def contacts_asked(self):
        """Return how many Bill-To contacts the scheduled action reads by id."""
        self.sandbox.clear_requests()
        self.run_cron()
        asked = set()
        for request in self.sandbox.requests():
            question = unquote(request["query"])
            if request["path"].endswith("/contacts") and " in (" in question:
                ids = question.partition(" in (")[2].partition(")")[0]
                asked.update(ids.split(","))
        return asked

    def test_scheduled_action_reads_each_contact_again_by_and_by(self):
        """No run reads all of them."""
        self.connected(range(1005, 1010))
        with patch.object(synchronization, "CONTACTS_EACH_HOUR", 2):
            turns = [self.contacts_asked() for _run in range(3)]
        self.assertLessEqual(max(map(len, turns)), 2)
        self.assertEqual(len(set.union(*turns)), 5)

    def test_changed_contact_is_read_at_once(self):
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

    def test_all_contacts_are_read_if_more_pages_of_them_changed(self):
        """A mass change in ConnectWise must not use up the time of each run."""

        def change(_client, _since):
            for _page in range(3):
                yield [], []
            raise DeadlineError("Too many", transient=False)

        self.connected(range(1005, 1010))
        with (
            patch.object(synchronization, "CONTACTS_EACH_HOUR", 2),
            patch.object(ConnectWiseClient, "changed_contacts", change),
        ):
            self.assertEqual(len(self.contacts_asked()), 5)

    def test_replaced_contact_is_read_at_once(self):
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

    def test_sync_without_changes_needs_few_requests(self):
        self.connected(range(1005, 1010))
        with patch.object(synchronization, "CONTACTS_EACH_HOUR", 2):
            self.run_cron()
        self.assertLessEqual(len(self.sandbox.requests()), 3)

    def test_next_run_does_the_rest_of_an_unfinished_one(self):
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

    def test_sync_that_is_about_to_resume_counts_as_running(self):
        self.request(full=True)
        with patch.object(sync_runs, "SECONDS_FOR_SYNC_STEPS", -1):
            self.run_cron()
        self.assertEqual(self.last.state, "running")
        with self.assertRaises(UserError):
            self.request()

    def test_abandoned_sync_does_not_block_the_next(self):
        """Odoo was stopped in the middle of it."""
        self.request(full=True)
        interrupted = self.last
        interrupted.sudo().state = "running"
        self.env["ir.cron.trigger"].search([]).unlink()
        self.request(full=True)
        self.assertEqual((interrupted.state, self.last.state), ("failed", "queued"))

    def test_interrupted_sync_resumes_when_the_back_off_ends(self):
        """It does not wait for the next hour."""
        self.sandbox.fault("unavailable", times=0)
        self.request(full=True)
        self.run_cron()
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(self.backend.retry_at, triggers.mapped("call_at"))

    def test_sync_resumes_when_a_longer_back_off_ends(self):
        """Something else failed while it waited."""
        self.sandbox.fault("unavailable", times=0)
        self.request(full=True)
        self.run_cron()
        later = fields.Datetime.now() + timedelta(hours=2)
        self.backend.sudo().retry_at = later
        self.run_cron()
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(later.replace(microsecond=0), triggers.mapped("call_at"))

    def test_sync_can_be_cancelled(self):
        self.request(full=True)
        self.backend.with_user(self.administrator).action_cancel_sync()
        self.run_cron()
        self.assertEqual(self.last.state, "cancelled")
        self.assertFalse(self.env["connectwise.sync.cancel"].sudo().search([]))

    def test_sync_can_be_cancelled_during_quick_steps(self):
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

    def test_resumed_sync_keeps_new_disconnections(self):
        """Only those made before the request are discarded."""
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

    def test_incomplete_list_is_read_again_from_the_start(self):
        """It must not resume for ever where it broke off."""
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

    def test_empty_answer_asks_a_person_once(self):
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
