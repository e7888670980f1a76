"""The private key is sent only where it belongs, and stored only where it has to be."""

import os
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet
from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import SQL

from ..tools.connection.private_key import store
from .secrets_common import SecretsCommon


@tagged("post_install", "-at_install")
class TestPrivateKeyStaysHere(SecretsCommon):
    """A person who may change the connection must not send the key elsewhere."""

    def setUp(self):
        super().setUp()
        self.as_manager = self.backend.with_user(self.people["manager"])

    def allow_localhost(self):
        """Return another address at which the same sandbox answers."""
        port = self.sandbox.host.rpartition(":")[2]
        self._allow_local_host(f"{self.sandbox.host},localhost:{port}")
        return f"http://localhost:{port}"

    def test_another_tenant_does_not_get_the_private_key(self):
        """The address may be written over RPC. Nothing is asked there."""
        place = self.allow_localhost()
        for values in (
            {"server_url": place},
            {"company_login_id": "elsewhere"},
            {"server_url": place, "private_key": ""},
        ):
            with self.subTest(values), self.no_requests():
                self.as_manager.write(values)
                self.as_manager.action_test_connection()
                self.assertEqual(self.backend.state, "error")
                self.assertIn("another address", self.backend.last_error)

    def test_private_key_works_again_for_its_own_tenant(self):
        """A mistake in the address loses nothing."""
        self.as_manager.server_url = "psa.example.com"
        self.as_manager.server_url = f" {self.sandbox.url} "
        self.as_manager.action_test_connection()
        self.assertEqual(self.backend.state, "connected")

    def test_superuser_may_move_the_private_key(self):
        """A program could read the key itself."""
        self.backend.sudo().server_url = self.allow_localhost()
        self.as_manager.action_test_connection()
        self.assertEqual(self.backend.state, "connected")

    def test_another_tenant_needs_a_private_key_of_its_own(self):
        place = self.allow_localhost()
        key = self.sandbox.private_key
        self.as_manager.write({"server_url": place, "private_key": key})
        self.as_manager.action_test_connection()
        self.assertEqual(self.backend.state, "connected")

    def test_connection_without_keys_asks_nothing(self):
        """Nor does it say that keys were refused."""
        store(self.backend, None)
        with self.no_requests():
            self.backend.action_test_connection()
        self.assertIn("is missing", self.backend.last_error)


@tagged("post_install", "-at_install")
class TestAtRest(SecretsCommon):
    def find(self, text):
        """Return the tables of the database that contain this text."""
        self.env.flush_all()
        tables = self.env.execute_query(
            SQL(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'm') AND"
                " relnamespace = 'public'::regnamespace"
            )
        )
        return {
            table
            for [table] in tables
            if self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %(table)s WHERE %(table)s::text LIKE %(text)s",
                    table=SQL.identifier(table),
                    text=f"%{text}%",
                )
            )
        }

    def test_database_holds_no_secret_in_clear(self):
        """Wizard, test, lookup, refusal and notice were all used."""
        key = {"BENJI_CONNECTWISE_SECRET_KEY": Fernet.generate_key().decode()}
        self.enterContext(patch.dict(os.environ, key))
        self.backend.private_key = self.sandbox.private_key
        abandoned = self.new_dialog()
        abandoned.action_next()
        wizard = self.new_dialog()
        wizard.action_next()
        wizard.action_save()
        self.sandbox.revoke_key(self.sandbox.public_key)
        self.assertChosen(self.invoice("CW1002"), "odoo")
        self.backend.invalidate_recordset()
        self.assertTrue(self.backend.activity_ids, "nobody was told of the failure")
        self.assertFalse(self.find(self.sandbox.private_key))
        self.assertFalse(self.find(self.secrets["authorization"]))
        self.assertFalse(self.find(key["BENJI_CONNECTWISE_SECRET_KEY"]))
        of_connection = {"connectwise_backend", "connectwise_backend_configure"}
        for name in ("public_key", "client_id"):
            self.assertEqual(self.find(self.secrets[name]), of_connection)

    def test_neutralized_copy_has_no_keys_and_asks_nothing(self):
        """Scheduled actions, synchronization and dialogs are tried."""
        self.new_dialog()
        script = Path(__file__).parents[1] / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(script.read_text())
        self.env.invalidate_all()
        for name in ("private_key", "public_key", "client_id"):
            self.assertFalse(self.find(self.secrets[name]))
        move = self.invoice("CW1002")
        with self.no_requests():
            for name in ("sync", "pdf_prefetch"):
                cron = self.env.ref(f"benji_connectwise.ir_cron_connectwise_{name}")
                with self.enter_registry_test_mode():
                    cron.sudo().method_direct_trigger()
            self.assertChosen(move, "odoo")
            move.action_refresh_pdf()
            self.backend.action_test_connection()

    def test_failing_query_is_logged_without_keys(self):
        """Odoo logs it as an error at any level."""
        self.env.flush_all()
        values = {
            "company_id": self.company.id,
            "server_url": self.sandbox.url,
            "company_login_id": "twice",
            **{name: self.secrets[name] for name in ("public_key", "client_id")},
        }
        with (
            self.assertLogs("odoo.sql_db", "ERROR") as logs,
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env["connectwise.backend"].create(values)
        self.assertIn("bad query", str(logs.output))
        for name in ("public_key", "client_id"):
            self.assertNotIn(self.secrets[name], str(logs.output))
