"""Having ConnectWise call: where it can, what it keeps, and until when."""

import os
from pathlib import Path
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..hooks import uninstall_hook
from ..lib.connectwise_client import ConnectWiseClient
from ..tools.connection.callbacks import find_obstacle, switch_off, switch_on
from ..tools.invoice_pdf.called import prepare_called_invoices
from ..tools.invoice_pdf.fetching import get_end_of_run
from .callback_common import CallbackCommon

KINDS = ["company", "contact", "invoice"]
OTHERS = "https://other.example.com/hook?recordId="


@tagged("post_install", "-at_install")
class TestRegistering(CallbackCommon):
    def registered(self):
        return [entry["type"] for entry in self.sandbox.callbacks.entries()]

    def repair(self):
        self.run_action("ir_cron_connectwise_callbacks")

    def settings(self):
        settings = self.env["connectwise.callback.settings"]
        return settings.create({"backend_id": self.backend.id})

    def move_odoo(self):
        """Give Odoo another address, and return it."""
        url = self.base_url().replace("127.0.0.1", "localhost")
        hosts = f"{self.sandbox.host},{url.partition('//')[2]}"
        self.enterContext(
            patch.dict(os.environ, {"BENJI_CONNECTWISE_LOCAL_HOSTS": hosts})
        )
        self.env["ir.config_parameter"].set_param("web.base.url", url)
        return url

    def add_others(self):
        values = {"type": "company", "level": "owner", "objectId": 1}
        self.sandbox.callbacks.add({**values, "url": OTHERS}, self.sandbox.url)

    def others(self):
        entries = self.sandbox.callbacks.entries()
        return [entry for entry in entries if entry["url"] == OTHERS]

    # Where it can ------------------------------------------------------------------

    def test_private_address_of_odoo_is_reported(self):
        for url in (
            "https://localhost",
            "https://odoo",
            "https://odoo.local",
            "https://127.0.0.1",
            "https://192.168.1.2:8069",
            "https://[fd00::1]",
            "http://odoo.example.com",
            "http://127.0.0.1:1",
            "https://user:secret@odoo.example.com",
        ):
            with self.subTest(url):
                self.env["ir.config_parameter"].set_param("web.base.url", url)
                self.assertTrue(find_obstacle(self.env))
                self.assertIn(url, self.settings().obstacle)
                with self.assertRaises(UserError):
                    switch_on(self.backend)

    def test_public_address_is_fine(self):
        for url in ("https://odoo.example.com", "https://odoo.example.com:8443/"):
            self.env["ir.config_parameter"].set_param("web.base.url", url)
            self.assertIsNone(find_obstacle(self.env))
            self.assertFalse(self.settings().obstacle)

    def test_untested_connection_cannot_have_callbacks(self):
        self.backend.state = "draft"
        with self.assertRaises(UserError):
            switch_on(self.backend)

    # What it keeps -----------------------------------------------------------------

    def test_all_three_are_registered(self):
        self.assertEqual(self.registered(), KINDS)

    def test_address_has_a_token_that_nobody_guesses(self):
        token = self.entry()["url"].rpartition("/")[2].removesuffix("?recordId=")
        self.assertRegex(token, r"\A[\w-]{43}\Z")

    def test_invoices_alone_are_registered_where_customers_are_not_read(self):
        self.backend.sync_contacts = False
        self.repair()
        self.assertEqual(self.registered(), ["invoice"])

    def test_new_address_replaces_the_one_before(self):
        before = self.entry()["url"]
        self.settings().action_switch_on()
        self.assertEqual(self.registered(), KINDS)
        self.assertNotEqual(self.entry()["url"], before)

    def test_missing_right_is_named(self):
        switch_off(self.backend)
        self.sandbox.change_role(self.sandbox.public_key, "no_callbacks")
        with self.assertRaisesRegex(UserError, "/system/callbacks"):
            self.settings().action_switch_on()
        self.assertFalse(self.backend.failure)

    def test_repairing_asks_once_and_changes_nothing(self):
        before = self.sandbox.callbacks.entries()
        self.sandbox.clear_requests()
        self.repair()
        self.assertEqual(self.sandbox.callbacks.entries(), before)
        self.assertEqual(len(self.requests()), 1)

    def test_callback_that_was_switched_off_is_repaired(self):
        self.sandbox.switch_callback_off(self.entry("contact")["id"])
        self.repair()
        self.assertEqual(sorted(self.registered()), KINDS)
        self.assertFalse(self.entry("contact")["inactiveFlag"])

    def test_callback_that_is_missing_is_repaired(self):
        self.sandbox.callbacks.remove(self.entry("invoice")["id"])
        self.repair()
        self.assertEqual(self.registered(), KINDS)

    def test_callback_of_the_address_before_is_repaired(self):
        """An administrator logged in at another address, and Odoo took it over."""
        url = self.move_odoo()
        self.repair()
        self.assertEqual(self.registered(), KINDS)
        self.assertTrue(self.entry()["url"].startswith(url))

    def test_callbacks_of_others_are_left_alone(self):
        self.add_others()
        self.repair()
        self.settings().action_switch_on()
        self.settings().action_switch_off()
        self.assertEqual(self.sandbox.callbacks.entries(), self.others())

    def test_failure_to_repair_is_shown_until_it_is_over(self):
        self.sandbox.change_role(self.sandbox.public_key, "no_callbacks")
        self.repair()
        page = self.env["connectwise.integrations"].create({})
        self.assertIn("/system/callbacks", page.with_company(self.company).callbacks)
        self.assertEqual(self.backend.state, "connected")
        self.assertFalse(self.backend.failure)
        self.sandbox.change_role(self.sandbox.public_key, "full")
        self.repair()
        self.assertFalse(self.callback.last_error)

    def test_nothing_is_repaired_while_connectwise_is_left_alone(self):
        self.backend.retry_at = "2100-01-01"
        with self.no_requests():
            self.repair()

    # Until when --------------------------------------------------------------------

    def test_switching_off_removes_all(self):
        self.settings().action_switch_off()
        self.assertEqual(self.registered(), [])
        self.assertFalse(self.callback)

    def test_switching_off_works_while_connectwise_is_down(self):
        self.sandbox.fault("unavailable", "callbacks", times=0)
        notice = self.settings().action_switch_off()
        self.assertEqual(notice["params"]["type"], "warning")
        self.assertFalse(self.callback)

    def test_archiving_removes_all_after_the_commit(self):
        self.backend.active = False
        self.assertEqual(self.registered(), KINDS)
        self.env.cr.postcommit.run()
        self.assertEqual(self.registered(), [])
        self.assertFalse(self.callback)

    def test_deleting_removes_all_after_the_commit(self):
        self.backend.unlink()
        self.env.cr.postcommit.run()
        self.assertEqual(self.registered(), [])

    def test_another_connectwise_removes_all_from_the_one_before(self):
        self.backend.write({"company_login_id": "other", "public_key": "x"})
        self.env.cr.postcommit.run()
        self.assertEqual(self.registered(), [])
        self.assertFalse(self.callback)

    def test_same_connectwise_typed_in_another_way_keeps_all(self):
        self.backend.company_login_id = "ACME"
        self.env.cr.postcommit.run()
        self.assertEqual(self.registered(), KINDS)
        self.assertTrue(self.callback)

    def test_archiving_works_without_legible_keys(self):
        self.backend.public_key = False
        self.backend.active = False
        self.env.cr.postcommit.run()
        self.assertFalse(self.callback)

    def test_uninstalling_removes_all(self):
        uninstall_hook(self.env(user=SUPERUSER_ID))
        self.assertEqual(self.registered(), [])

    def test_neutralized_copy_is_called_no_more_and_removes_nothing(self):
        url, body = self.entry()["url"], self.body()
        script = Path(__file__).parents[1] / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(script.read_text())
        self.env.invalidate_all()
        self.assertRefused(self.post(body, url=url))
        self.assertEqual(self.registered(), KINDS)

    def copy_database(self):
        """Make this a copy of the database, under an address of its own."""
        self.env["ir.config_parameter"].set_param("database.uuid", "of the copy")
        self.move_odoo()

    def test_copied_database_leaves_the_callbacks_of_the_first_one_alone(self):
        before = self.sandbox.callbacks.entries()
        self.copy_database()
        self.repair()
        self.assertEqual(self.sandbox.callbacks.entries(), before)
        self.assertFalse(self.callback)

    def test_connection_that_ends_in_a_copied_database_removes_nothing(self):
        self.copy_database()
        self.backend.active = False
        self.env.cr.postcommit.run()
        self.assertEqual(self.registered(), KINDS)

    def test_copied_database_can_be_called_beside_the_first_one(self):
        self.copy_database()
        self.settings().action_switch_on()
        self.repair()
        self.assertTrue(self.callback)
        self.assertEqual(sorted(self.registered()), sorted(KINDS * 2))

    # Whom it is shown to -----------------------------------------------------------

    def test_accountant_switches_nothing(self):
        backend = self.backend.with_user(self.accountant)
        for switch in (switch_on, switch_off):
            with self.assertRaises(AccessError):
                switch(backend)

    def test_administrator_of_another_company_switches_nothing(self):
        settings = self.env["connectwise.callback.settings"]
        settings = settings.with_user(self.administrator).create(
            {"backend_id": self.backend.id}
        )
        company = self.new_odoo_company()
        self.administrator.write(
            {"company_id": company.id, "company_ids": [(6, 0, company.ids)]}
        )
        for name in ("action_switch_on", "action_switch_off"):
            with self.assertRaises(AccessError):
                getattr(settings, name)()
        self.assertFalse(settings.is_on)

    def test_token_is_no_field(self):
        columns = "SELECT * FROM connectwise_callback"
        self.env.cr.execute(columns)
        stored = {column.name for column in self.env.cr.description}
        self.assertIn("stored_token", stored)
        self.assertNotIn("stored_token", self.env["connectwise.callback"]._fields)

    def test_token_is_not_logged(self):
        with self.assertLogs("werkzeug") as logged:
            self.post(self.body())
        token = self.entry()["url"].rpartition("/")[2].removesuffix("?recordId=")
        self.assertNotIn(token, "".join(logged.output))
        self.assertIn("/connectwise/callback/", "".join(logged.output))


@tagged("post_install", "-at_install")
class TestReading(CallbackCommon):
    """What is read after calls, by the scheduled actions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync()
        cls.move = cls.invoice("CW1001")
        cls.ref = cls.sandbox_invoice("CW1001")["id"]

    def run_prefetch(self):
        self.run_action("ir_cron_connectwise_pdf_prefetch")

    def run_sync(self):
        self.run_action("ir_cron_connectwise_sync")

    def call(self, kind, ref):
        self.assertEqual(self.post(self.body(kind, ref)).status_code, 204)

    @property
    def lookup(self):
        return self.move.sudo().connectwise_lookup_ids

    def test_pdf_of_a_changed_invoice_is_fetched_again(self):
        self.run_prefetch()
        before = self.lookup.pdf_checksum
        self.sandbox.patch_invoice(self.ref, {"reference": "Other"})
        self.run_prefetch()
        self.assertEqual(self.lookup.pdf_checksum, before)
        self.call("invoice", self.ref)
        self.run_prefetch()
        self.assertNotEqual(self.lookup.pdf_checksum, before)
        self.assertEqual(self.called_about(), [])

    def test_invoice_that_was_missing_is_found_at_once(self):
        move = self.invoice("NEW1", 12.5)
        self.run_prefetch()
        self.assertEqual(move.sudo().connectwise_lookup_ids.state, "not_found")
        ref = self.sandbox.create_invoice({"invoiceNumber": "new1", "total": 12.5})
        self.call("invoice", ref["id"])
        self.run_prefetch()
        self.assertEqual(move.sudo().connectwise_lookup_ids.state, "found")

    def test_many_called_invoices_are_asked_for_together(self):
        for ref in range(self.ref, self.ref + 20):
            self.call("invoice", ref)
        self.run_prefetch()
        self.sandbox.clear_requests()
        for ref in range(self.ref, self.ref + 20):
            self.call("invoice", ref)
        self.sandbox.clear_requests()
        self.run_prefetch()
        self.assertEqual(len(self.requests("/finance/invoices")), 2, self.requests())

    def test_unknown_invoice_costs_one_request(self):
        self.run_prefetch()
        self.sandbox.clear_requests()
        self.call("invoice", 2**31 - 1)
        self.run_prefetch()
        self.assertEqual(len(self.requests("/finance/invoices")), 1, self.requests())

    def test_second_call_about_an_invoice_while_it_is_read_is_kept(self):
        def read_then_call(client, refs):
            yield from get_invoices(client, refs)
            self.call("invoice", self.ref)

        get_invoices = ConnectWiseClient.get_invoices
        self.call("invoice", self.ref)
        with (
            patch.object(ConnectWiseClient, "get_invoices", read_then_call),
            patch.object(type(self.env["ir.cron"]), "_commit_progress"),
        ):
            prepare_called_invoices(self.backend.sudo(), get_end_of_run())
        self.assertEqual(self.called_about(), [("invoice", self.ref)])

    def test_calls_wait_while_connectwise_is_down(self):
        self.call("invoice", self.ref)
        self.sandbox.fault("unavailable", "invoices", times=0)
        self.run_prefetch()
        self.assertEqual(self.called_about(), [("invoice", self.ref)])

    def test_invoice_of_another_connectwise_with_this_id_is_left_alone(self):
        self.run_prefetch()
        asked = self.lookup.asked_at
        self.env.cr.execute("UPDATE connectwise_lookup SET tenant = 'x@y'")
        self.env.invalidate_all()
        self.call("invoice", self.ref)
        self.run_prefetch()
        self.assertEqual(self.lookup.asked_at, asked)

    def test_calls_about_customers_are_forgotten_when_all_is_read(self):
        self.call("company", 1001)
        self.call("contact", 10001)
        self.run_sync()
        self.assertEqual(self.called_about(), [])

    def test_call_during_a_synchronization_asks_for_another(self):
        """Also one about a record for which ConnectWise called before it began."""
        self.call("company", 1001)
        earlier = self.changes
        self.call("company", 1001)
        self.changes.flush_recordset()
        self.env.cr.execute(
            "UPDATE connectwise_callback_change SET create_date = '2100-01-01'"
            " WHERE id != %s",
            [earlier.id],
        )
        self.env.invalidate_all()
        self.env["ir.cron.trigger"].sudo().search([]).unlink()
        self.run_sync()
        self.assertEqual(self.called_about(), [("company", 1001)])
        action = self.env.ref("benji_connectwise.ir_cron_connectwise_sync")
        triggers = self.env["ir.cron.trigger"].sudo().search([])
        self.assertIn(action, triggers.cron_id)
