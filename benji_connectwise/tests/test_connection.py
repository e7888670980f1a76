"""The connection: its secrets, its test, its failures."""

import os
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools.asking import call_responsible
from ..tools.private_key import get_credentials, has_stored
from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestConnection(ConnectwiseCommon):
    def test_a_test_that_succeeds_connects(self):
        self.backend.with_user(self.administrator).action_test_connection()
        self.assertEqual(self.backend.state, "connected")
        self.assertTrue(self.backend.last_success)

    def test_no_answer_of_connectwise_makes_the_test_raise(self):
        for fault in ("refused", "unavailable", "unauthorized", "html_200"):
            with self.subTest(fault):
                self.sandbox.clear_faults()
                self.sandbox.fault(fault, times=0)
                self.backend.action_test_connection()
                self.assertEqual(self.backend.state, "error")
                self.assertTrue(self.backend.last_error)

    def test_only_the_invoicing_administrator_tests_the_connection(self):
        with self.assertRaises(AccessError):
            self.backend.with_user(self.accountant).action_test_connection()

    def test_the_private_key_is_never_read(self):
        """By nobody, whichever way they ask."""
        admin = self.env.ref("base.user_admin")
        admin.sudo().company_ids |= self.company
        for user in (self.administrator, admin):
            backend = self.backend.with_user(user).with_company(self.company)
            self.assertFalse(backend.private_key)
            self.assertNotIn(self.sandbox.private_key, str(backend.read()))
            with self.assertRaises(ValueError):
                backend.search([("stored_private_key", "like", "sandbox")])
            self.assertNotIn("stored_private_key", backend._fields)

    def test_an_empty_private_key_keeps_the_one_there_is(self):
        self.backend.with_user(self.administrator).private_key = False
        self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "connected")

    def test_a_copy_has_no_keys(self):
        other = self.setup_other_company()["company"]
        copy = self.backend.copy({"company_id": other.id})
        self.assertFalse(copy.public_key or has_stored(copy))

    def test_a_pdf_only_role_is_enough_for_pdfs(self):
        """No company or contact endpoint is ever asked."""
        self.backend.write(
            {
                "public_key": self.sandbox.pdf_public_key,
                "private_key": self.sandbox.pdf_private_key,
            }
        )
        self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "connected")
        self.assertFalse(self.backend.last_error)
        self.assertChosen(self.invoice("CW1001"), "connectwise")
        self.assertFalse(self.requests("/company/"))

    def test_contact_sync_with_a_pdf_only_role_names_the_missing_rights(self):
        """And PDFs keep working."""
        self.backend.write(
            {
                "public_key": self.sandbox.pdf_public_key,
                "private_key": self.sandbox.pdf_private_key,
                "sync_contacts": True,
            }
        )
        self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "connected")
        for right in ("Company Maintenance", "Contacts"):
            self.assertIn(right, self.backend.last_error)
        self.assertChosen(self.invoice("CW1001"), "connectwise")

    def test_the_client_id_comes_from_the_servers_settings(self):
        self.backend.client_id = False
        for client_id in "from-the-server", "a-newer-one":
            server = {"BENJI_CONNECTWISE_CLIENT_ID": client_id}
            with patch.dict(os.environ, server):
                credentials = get_credentials(self.backend)
            self.assertEqual(credentials.client_id, client_id)

    def test_the_servers_client_id_is_never_stored(self):
        """Whoever runs the server can change it."""
        self.backend.client_id = False
        server = {"BENJI_CONNECTWISE_CLIENT_ID": "from-the-server"}
        with patch.dict(os.environ, server):
            for model in "connectwise.backend", "connectwise.backend.configure":
                defaults = self.env[model].default_get(["client_id"])
                self.assertFalse(defaults.get("client_id"))

    def test_a_client_id_of_its_own_comes_first(self):
        server = {"BENJI_CONNECTWISE_CLIENT_ID": "from-the-server"}
        with patch.dict(os.environ, server):
            credentials = get_credentials(self.backend)
        self.assertEqual(credentials.client_id, self.sandbox.client_id)

    def test_an_address_that_was_not_allowed_is_not_asked(self):
        """Plain http and private addresses need the server's permission."""
        nobody = {"BENJI_CONNECTWISE_LOCAL_HOSTS": ""}
        with patch.dict(os.environ, nobody), self.no_requests():
            self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "error")

    def test_a_copied_database_is_neutralised(self):
        """No key stays in it."""
        path = Path(__file__).parents[1] / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(path.read_text())
        self.env.invalidate_all()
        backend = self.backend.sudo()
        self.assertFalse(backend.public_key or has_stored(backend) or backend.client_id)
        self.assertEqual(backend.state, "draft")
        with self.no_requests():
            self.assertChosen(self.invoice("CW1001"), "odoo")

    def test_a_connection_that_was_not_tested_is_not_asked(self):
        self.backend.state = "draft"
        move = self.invoice("CW1001")
        with self.no_requests():
            self.assertChosen(move, "odoo")
            move.action_refresh_pdf()

    def test_an_endless_pause_is_not_believed(self):
        """An outage must not need a click to end."""
        self.sandbox.fault("rate_limit_day", times=0)
        self.assertChosen(self.invoice("CW1001"), "odoo")
        latest = fields.Datetime.now() + timedelta(hours=1)
        self.assertLess(self.backend.retry_at, latest)

    def test_numbers_of_no_world_are_survived(self):
        self.sandbox.patch_invoice(
            self.sandbox_invoice("CW1001")["id"], {"total": 1e308}
        )
        move = self.invoice("CW1001", amount=5)
        self.assertChosen(move, "odoo")
        self.assertIn("cannot be read", move.connectwise_message)

    def test_refreshing_without_a_connection_does_nothing(self):
        self.backend.unlink()
        self.invoice("CW1001", amount=5).action_refresh_pdf()

    def test_the_codebase_is_found_again_after_an_upgrade(self):
        """The cloud's path changes with each of its versions."""
        self.assertChosen(self.invoice("CW1001"), "connectwise")
        before = self.backend.codebase
        self.sandbox.move_codebase()
        self.assertChosen(self.invoice("CW1002"), "connectwise")
        self.assertNotEqual(self.backend.codebase, before)


@tagged("post_install", "-at_install")
class TestFailingKeys(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.responsible_id = cls.administrator
        cls.backend.action_test_connection()

    def fail(self, number="CW1001"):
        self.sandbox.revoke_key(self.sandbox.public_key)
        self.assertChosen(self.invoice(number), "odoo")

    def test_keys_that_stop_working_raise_one_activity(self):
        """For the person responsible."""
        self.fail()
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self.assertChosen(self.invoice("CW1002"), "odoo")
        [activity] = self.backend.activity_ids
        self.assertEqual(activity.user_id, self.administrator)
        self.assertEqual(self.backend.state, "error")

    def test_what_connectwise_says_is_text(self):
        """No link or image of somebody's in a note, which is HTML."""
        call_responsible(self.backend, "Look", "a <a href='https://a.example'>b</a>")
        self.assertIn("&lt;a href", self.backend.activity_ids.note)

    def test_an_outage_raises_no_activity(self):
        """Nobody can mend it."""
        self.sandbox.fault("unavailable", times=0)
        self.assertChosen(self.invoice("CW1001"), "odoo")
        self.assertFalse(self.backend.activity_ids)

    def test_a_revoked_key_is_asked_with_no_more(self):
        self.fail()
        with self.no_requests():
            self.assertChosen(self.invoice("CW1002"), "odoo")

    def test_new_keys_give_one_all_clear(self):
        self.fail()
        self.sandbox.create_key("newPublic", "newPrivate", "full")
        self.backend.with_user(self.administrator).write(
            {"public_key": "newPublic", "private_key": "newPrivate"}
        )
        self.backend.action_test_connection()
        self.assertFalse(self.backend.activity_ids)
        self.assertEqual(self.backend.state, "connected")
        self.assertIn("works again", str(self.backend.message_ids.mapped("body")))

    def test_a_right_that_is_taken_away_is_named(self):
        self.sandbox.change_role(self.sandbox.public_key, "none")
        self.assertChosen(self.invoice("CW1001"), "odoo")
        self.assertIn("Invoicing", self.backend.last_error)
        self.assertEqual(self.backend.state, "connected")
