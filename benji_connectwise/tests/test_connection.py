"""The connection: its secrets, its test and its failures."""

import os
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..lib.connectwise_client.const import API_VERSION
from ..tools.connection.asking import call_responsible
from ..tools.connection.private_key import get_credentials, has_stored
from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestConnection(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_successful_test_sets_the_state_to_connected(self):
        self.backend.with_user(self.administrator).action_test_connection()
        self.assertEqual(self.backend.state, "connected")
        self.assertTrue(self.backend.last_success)

    def test_connection_test_tells_both_versions_of_the_api(self):
        self.sandbox.version = "2027.2"
        notice = self.backend.action_test_connection()
        self.assertIn("2027.2", notice["params"]["message"])
        self.assertIn(API_VERSION, notice["params"]["message"])

    def test_connection_test_never_raises(self):
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

    def test_private_key_cannot_be_read(self):
        """No user can, by any method."""
        admin = self.env.ref("base.user_admin")
        admin.sudo().company_ids |= self.company
        for user in (self.administrator, admin):
            backend = self.backend.with_user(user).with_company(self.company)
            self.assertFalse(backend.private_key)
            self.assertNotIn(self.sandbox.private_key, str(backend.read()))
            with self.assertRaises(ValueError):
                backend.search([("stored_private_key", "like", "sandbox")])
            self.assertNotIn("stored_private_key", backend._fields)

    def test_empty_private_key_keeps_the_stored_one(self):
        self.backend.with_user(self.administrator).private_key = False
        self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "connected")

    def test_copy_has_no_keys(self):
        other = self.new_odoo_company()
        copy = self.backend.copy({"company_id": other.id})
        self.assertFalse(copy.public_key or has_stored(copy))

    def test_pdf_only_role_is_enough_for_pdfs(self):
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
        self.assertChosen(self.move, "connectwise")
        self.assertFalse(self.requests("/company/"))

    def test_contact_sync_with_a_pdf_only_role_names_the_missing_rights(self):
        """PDFs keep working."""
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
        self.assertChosen(self.move, "connectwise")

    def test_client_id_comes_from_the_server_if_the_field_is_empty(self):
        self.backend.client_id = False
        for client_id in "from-the-server", "a-newer-one":
            server = {"BENJI_CONNECTWISE_CLIENT_ID": client_id}
            with patch.dict(os.environ, server):
                credentials = get_credentials(self.backend)
            self.assertEqual(credentials.client_id, client_id)

    def test_servers_client_id_is_never_stored(self):
        """The administrator of the server can change it at any time."""
        self.backend.client_id = False
        server = {"BENJI_CONNECTWISE_CLIENT_ID": "from-the-server"}
        with patch.dict(os.environ, server):
            for model in "connectwise.backend", "connectwise.backend.configure":
                defaults = self.env[model].default_get(["client_id"])
                self.assertFalse(defaults.get("client_id"))

    def test_own_client_id_takes_precedence(self):
        server = {"BENJI_CONNECTWISE_CLIENT_ID": "from-the-server"}
        with patch.dict(os.environ, server):
            credentials = get_credentials(self.backend)
        self.assertEqual(credentials.client_id, self.sandbox.client_id)

    def test_address_that_the_server_does_not_allow_is_not_asked(self):
        """Plain http and private addresses need the server's permission."""
        nobody = {"BENJI_CONNECTWISE_LOCAL_HOSTS": ""}
        with patch.dict(os.environ, nobody), self.no_requests():
            self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "error")

    def test_neutralized_copy_has_no_keys(self):
        path = Path(__file__).parents[1] / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(path.read_text())
        self.env.invalidate_all()
        backend = self.backend.sudo()
        self.assertFalse(backend.public_key or has_stored(backend) or backend.client_id)
        self.assertEqual(backend.state, "draft")
        with self.no_requests():
            self.assertChosen(self.move, "odoo")

    def test_untested_connection_is_not_used(self):
        self.backend.state = "draft"
        with self.no_requests():
            self.assertChosen(self.move, "odoo")
            self.move.action_refresh_pdf()

    def test_endless_pause_is_shortened(self):
        """An outage must end without a click."""
        self.sandbox.fault("rate_limit_day", times=0)
        self.assertChosen(self.move, "odoo")
        latest = fields.Datetime.now() + timedelta(hours=1)
        self.assertLess(self.backend.retry_at, latest)

    def test_impossible_numbers_do_no_harm(self):
        self.sandbox.patch_invoice(
            self.sandbox_invoice("CW1001")["id"], {"total": 1e308}
        )
        self.assertChosen(self.move, "odoo")
        self.assertIn("cannot be read", self.move.connectwise_message)

    def test_refreshing_without_a_connection_does_nothing(self):
        self.backend.unlink()
        self.move.action_refresh_pdf()

    def test_codebase_is_found_again_after_an_upgrade(self):
        """The path of the cloud changes with each version of ConnectWise."""
        self.assertChosen(self.move, "connectwise")
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

    def test_revoked_keys_raise_one_activity(self):
        """The person responsible gets it."""
        self.fail()
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self.assertChosen(self.invoice("CW1002"), "odoo")
        [activity] = self.backend.activity_ids
        self.assertEqual(activity.user_id, self.administrator)
        self.assertEqual(self.backend.state, "error")

    def test_administrator_gets_it_if_the_responsible_person_left(self):
        """Nobody sees the activities of a user who is archived or was deleted."""
        for is_deleted in (False, True):
            with self.subTest(is_deleted=is_deleted), self.cr.savepoint() as savepoint:
                self.backend.responsible_id = not is_deleted and self.accountant
                self.accountant.active = False
                call_responsible(self.backend.with_user(SUPERUSER_ID), "Look", "note")
                user = self.backend.activity_ids.user_id
                self.assertTrue(user.active)
                self.assertTrue(user.has_group("account.group_account_manager"))
                savepoint.rollback()

    def test_connectwises_message_is_escaped(self):
        """A note is HTML and must not contain a foreign link or image."""
        note = "a <a href='https://a.example'>b</a>"
        call_responsible(self.backend.sudo(), "Look", note)
        self.assertIn("&lt;a href", self.backend.activity_ids.note)

    def test_outage_raises_no_activity(self):
        """Nobody in Odoo could do anything about it."""
        self.sandbox.fault("unavailable", times=0)
        self.assertChosen(self.invoice("CW1001"), "odoo")
        self.assertFalse(self.backend.activity_ids)

    def test_revoked_key_is_not_used_again(self):
        self.fail()
        with self.no_requests():
            self.assertChosen(self.invoice("CW1002"), "odoo")

    def test_new_keys_resolve_the_activity(self):
        self.fail()
        self.sandbox.create_key("newPublic", "newPrivate", "full")
        self.backend.with_user(self.administrator).write(
            {"public_key": "newPublic", "private_key": "newPrivate"}
        )
        self.backend.action_test_connection()
        self.assertFalse(self.backend.activity_ids)
        self.assertEqual(self.backend.state, "connected")
        self.assertIn("works again", str(self.backend.message_ids.mapped("body")))

    def test_withdrawn_right_is_named(self):
        self.sandbox.change_role(self.sandbox.public_key, "none")
        self.assertChosen(self.invoice("CW1001"), "odoo")
        self.assertIn("Invoicing", self.backend.last_error)
        self.assertEqual(self.backend.state, "connected")
