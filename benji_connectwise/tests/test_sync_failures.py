"""A synchronization that fails says so, and stops nothing else."""

from contextlib import contextmanager
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..lib.connectwise_client import ConnectWiseClient
from ..tools.sync.runs import give_way
from .sync_common import SyncCommon

TOOLS = "odoo.addons.benji_connectwise.tools"


class FailingCommon(SyncCommon):
    def run_cron(self):
        with self.enter_registry_test_mode():
            cron = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
            cron.sudo().method_direct_trigger()
        self.env.invalidate_all()

    def run_again(self):
        """Run the scheduled action as if the back-off were over."""
        self.backend.sudo().write({"retry_at": False, "sync_retry_at": False})
        self.run_cron()

    def request(self, **options):
        self.backend.with_user(self.administrator)._request_sync(**options)

    @contextmanager
    def background(self, **context):
        """Yield an environment that may commit, like a scheduled action's."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield self.env(cr=cr, su=True, context=context)
        self.env.invalidate_all()

    @property
    def last(self):
        return self.backend.sync_ids[:1]

    def give(self, role):
        """Give the API member another role."""
        public_key = self.sandbox.public_key
        self.sandbox.change_role(public_key, role)
        self.addCleanup(self.sandbox.change_role, public_key, "full")

    def refuse(self, table, code, condition="TRUE"):
        """Make the database refuse to store rows in this table."""
        self.env.cr.execute(
            f"""
            CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {condition} THEN
                    RAISE EXCEPTION 'refused' USING ERRCODE = '{code}';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON {table}
               FOR EACH ROW EXECUTE FUNCTION refuse_{table}();
            """
        )

    def told(self, user):
        """Return the notifications that this person saw on screen."""
        self.env.cr.precommit.run()
        channel = f'"res.partner",{user.partner_id.id}]'
        messages = self.env["bus.bus"].sudo().search([("channel", "like", channel)])
        return " ".join(messages.mapped("message"))


@tagged("post_install", "-at_install")
class TestPausesAlone(FailingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_missing_right_pauses_only_the_synchronization(self):
        """PDFs go on."""
        self.customer(self.sandbox_company()["name"])
        for move, role, right in (
            (self.move, "no_companies", "Company Maintenance"),
            (self.invoice("CW1002"), "no_contacts", "Contacts"),
        ):
            with self.subTest(role):
                self.give(role)
                self.run_again()
                self.assertEqual(self.backend.state, "connected")
                self.assertIn(right, self.backend.last_error)
                self.assertChosen(move, "connectwise")

    def with_contacts(self, *numbers):
        """Return rows of customers whose Bill-To contacts were imported."""
        rows = self.env["connectwise.mapping"]
        customers = [self.customer(self.companies[ref]["name"]) for ref in numbers]
        self.run_cron()
        for customer in customers:
            rows |= self.row(customer)
        self.assertEqual(len(rows.contact_id), len(numbers))
        return rows

    def test_contacts_stay_if_connectwise_lists_none_of_them_any_more(self):
        """A role with *Inquire: My* is answered with an empty list."""
        rows = self.with_contacts(1005, 1006)
        contacts = rows.contact_id
        with (
            patch.object(ConnectWiseClient, "contacts", return_value=iter(())),
            patch.object(ConnectWiseClient, "changed_contacts", return_value=iter(())),
        ):
            self.run_again()
        self.assertEqual(rows.contact_id, contacts)
        self.assertIn("Contacts", self.backend.last_error)

    def test_contact_that_alone_is_deleted_in_connectwise_goes(self):
        rows = self.with_contacts(1005, 1006)
        self.sandbox.delete_record(
            "contacts", rows[0].contact_id.connectwise_contact_ref
        )
        self.run_again()
        self.assertEqual(rows.mapped(lambda row: bool(row.contact_id)), [False, True])

    def test_contacts_that_all_are_deleted_in_connectwise_go(self):
        """It still lists contacts of others."""
        rows = self.with_contacts(1005, 1006)
        for contact in rows.contact_id:
            self.sandbox.delete_record("contacts", contact.connectwise_contact_ref)
        self.run_again()
        self.assertFalse(rows.contact_id)

    def test_contact_stays_if_the_right_to_see_it_is_gone(self):
        """ConnectWise may leave it out of the company then."""
        row = self.with_contacts(1005)
        contact = row.contact_id
        self.give("no_contacts")
        self.sandbox.patch_company(1005, {"billingContact": None})
        self.run_again()
        self.assertEqual(row.contact_id, contact)
        self.assertIn("Contacts", self.backend.last_error)

    def test_missing_right_that_was_not_needed_yet_stays_named(self):
        """No contact is asked for while nobody is connected."""
        self.give("no_contacts")
        self.backend.with_user(self.administrator).action_test_connection()
        self.run_cron()
        self.assertEqual(self.last.state, "done")
        self.assertIn("Contacts", self.backend.last_error)

    def test_missing_right_stays_named_until_it_is_there(self):
        """Successful PDFs do not change that."""
        self.give("pdf_only")
        self.run_cron()
        self.assertChosen(self.move, "connectwise")
        self.assertIn("Company Maintenance", self.backend.last_error)
        self.give("full")
        self.run_again()
        self.assertFalse(self.backend.last_error)

    def test_missing_right_is_noticed_once(self):
        """The person who was told may mark the activity as done."""
        self.give("pdf_only")
        self.run_cron()
        self.move._get_preferred_invoice_pdf()
        self.run_again()
        notice = self.backend.activity_ids
        self.assertEqual(len(notice), 1)
        self.assertEqual(notice.user_id, self.administrator)
        notice.action_feedback()
        self.run_again()
        self.assertFalse(self.backend.activity_ids)

    def test_notice_is_resolved_when_the_right_is_there(self):
        self.give("pdf_only")
        self.run_cron()
        self.give("full")
        self.run_again()
        self.assertFalse(self.backend.activity_ids)

    def test_notice_stays_if_the_connection_test_finds_the_right_missing_too(self):
        self.give("no_companies")
        self.run_cron()
        notice = self.backend.activity_ids
        self.assertEqual(len(notice), 1)
        self.backend.with_user(self.administrator).action_test_connection()
        self.assertEqual(self.backend.activity_ids, notice)

    def test_failing_companies_do_not_affect_pdfs(self):
        faults = (
            "server_error",
            "html_200",
            "moved_codebase",
            "rate_limit_day",
            "reset_in_headers",
        )
        for number, fault in enumerate(faults, start=1002):
            with self.subTest(fault):
                self.sandbox.fault(fault, "companies", times=0)
                self.run_again()
                self.assertTrue(self.backend.last_error)
                self.assertFalse(self.backend._is_resting())
                move = self.invoice(f"CW{number}")
                self.assertChosen(move, "connectwise")
                self.assertTrue(self.backend.last_error)
                self.assertTrue(self.backend._is_sync_resting())
            self.sandbox.clear_faults()

    def test_requests_count_also_if_connectwise_asks_for_a_long_pause(self):
        self.sandbox.fault("rate_limit_day", "companies", times=0)
        self.run_cron()
        sync = self.env["connectwise.sync"].search([], limit=1)
        self.assertGreaterEqual(sync.requests, 1)
        self.assertGreaterEqual(sync.throttled, 1)

    def test_failing_contacts_do_not_affect_pdfs(self):
        self.customer(self.sandbox_company()["name"])
        self.sandbox.fault("server_error", "contacts", times=0)
        self.run_cron()
        self.assertTrue(self.backend.last_error)
        self.assertChosen(self.move, "connectwise")

    def test_outage_found_by_the_synchronization_counts_for_pdfs(self):
        """Once it is known, nobody waits for ConnectWise."""
        self.sandbox.fault("unavailable", "any", times=0)
        self.run_cron()
        self.assertEqual(self.backend.state, "error")
        with self.no_requests():
            self.assertChosen(self.move, "odoo")

    def test_wrong_keys_found_by_the_synchronization_count_for_pdfs(self):
        self.sandbox.fault("unauthorized", "any", times=0)
        self.run_cron()
        self.assertEqual(self.backend.state, "error")
        self.assertTrue(self.backend._is_resting())

    def test_reading_companies_does_not_prove_the_right_to_invoices(self):
        """That right stays named until it is there."""
        self.give("no_invoices")
        self.move._get_preferred_invoice_pdf()
        self.assertIn("Invoicing", self.backend.last_error)
        self.run_again()
        self.assertEqual(self.last.state, "done")
        self.assertIn("Invoicing", self.backend.last_error)

    def test_connection_test_names_each_missing_right(self):
        self.give("pdf_only")
        self.backend.with_user(self.administrator).action_test_connection()
        self.assertEqual(self.backend.state, "connected")
        self.assertIn("Company Maintenance, Contacts", self.backend.last_error)
        self.give("full")
        self.backend.with_user(self.administrator).action_test_connection()
        self.assertFalse(self.backend.last_error)

    def test_invoice_does_not_mention_failing_companies(self):
        """They are no reason why it has no PDF."""
        self.give("pdf_only")
        self.run_cron()
        self.env["connectwise.lookup"].sudo()._prepare(self.move)
        self.assertNotIn("Company Maintenance", self.move.connectwise_message)

    def test_failure_is_told_in_the_readers_language(self):
        """A code is stored, not a sentence."""
        self.give("pdf_only")
        self.run_cron()
        self.assertEqual(self.backend.sync_failure["kind"], "MissingRightError")
        self.assertEqual(self.last.failure["kind"], "MissingRightError")
        self.assertEqual(self.last.error, self.backend.last_error)


@tagged("post_install", "-at_install")
class TestEndsVisibly(FailingCommon):
    @mute_logger("odoo.sql_db")
    def test_unexpected_error_ends_a_run_visibly(self):
        """There is a state, a sentence, an activity, and a message to the person who
        asked.
        """
        self.refuse("connectwise_company", "P0001")
        self.request(full=True)
        with self.assertLogs(f"{TOOLS}.sync.runs", "ERROR"):
            self.run_cron()
        self.assertEqual(self.last.state, "failed")
        self.assertIn("unexpected error", self.last.error)
        self.assertIn("unexpected error", self.backend.last_error)
        self.assertEqual(self.backend.sync_state, "idle")
        self.assertEqual(len(self.backend.activity_ids), 1)
        self.assertIn("unexpected error", self.told(self.administrator))
        self.assertFalse(self.env["connectwise.sync.company"].sudo().search([]))

    @mute_logger("odoo.sql_db", f"{TOOLS}.sync.runs")
    def test_next_run_after_an_unexpected_error_succeeds(self):
        self.refuse("connectwise_company", "P0001")
        self.run_cron()
        self.env.cr.execute("DROP TRIGGER refuse ON connectwise_company")
        self.run_again()
        self.assertEqual(self.last.state, "done")
        self.assertFalse(self.backend.last_error or self.backend.activity_ids)

    @mute_logger("odoo.sql_db")
    def test_row_refused_by_the_database_affects_only_itself(self):
        """It is left out and listed."""
        condition = "NEW.connectwise_ref = 1005"
        self.refuse("connectwise_sync_company", "22001", condition)
        self.request(full=True)
        self.run_cron()
        self.assertEqual(self.last.state, "done")
        self.assertIn("Company 1005", self.last.skipped)
        self.assertEqual(self.last.counts["skipped"], 1)
        refs = self.env["connectwise.company"].search([]).mapped("connectwise_ref")
        self.assertNotIn(1005, refs)
        self.assertIn(1006, refs)

    def test_very_long_name_does_not_stop_the_synchronization(self):
        """An index of PostgreSQL has a limit."""
        text = "".join(chr(ord("a") + i * i % 26) for i in range(6000))
        self.sandbox.patch_company(1005, {"name": text, "accountNumber": text[::-1]})
        customer = self.customer(self.sandbox_company(1006)["name"])
        self.request(full=True)
        self.run_cron()
        self.assertEqual(self.last.state, "done")
        self.assertConnected(customer, 1006, "company_name")

    def test_retries_after_a_conflicting_transaction_end(self):
        """An error that always comes again looks like a conflict."""
        self.request(full=True)
        sync = self.last.sudo()
        sync.write({"state": "running", "conflicts": 19})
        with self.background() as env:
            give_way(sync.with_env(env), IntegrityError())
        self.assertEqual(sync.state, "running")
        with (
            self.background() as env,
            self.assertLogs(f"{TOOLS}.sync.runs", "ERROR"),
        ):
            give_way(sync.with_env(env), IntegrityError())
        self.assertEqual(sync.state, "failed")

    def test_requester_is_told_that_the_rescan_has_to_wait(self):
        """Once, and again when it is done."""
        self.sandbox.fault("server_error", "companies", times=0)
        self.request(full=True)
        self.run_cron()
        sentence = "ConnectWise reported an internal error"
        self.assertEqual(self.told(self.administrator).count(sentence), 1)
        self.run_again()
        self.assertEqual(self.told(self.administrator).count(sentence), 1)
        self.sandbox.clear_faults()
        self.run_again()
        self.assertIn("companies read", self.told(self.administrator))
        self.assertFalse(self.last.error)


@tagged("post_install", "-at_install")
class TestArchived(FailingCommon):
    def test_archived_connection_is_not_asked(self):
        """The context makes no difference."""
        self.invoice("CW1001", invoice_date="2026-10-31")
        self.backend.active = False
        with self.no_requests(), self.background(active_test=False) as env:
            env["connectwise.sync"]._cron_sync()
            env["connectwise.lookup"]._cron_prefetch()
