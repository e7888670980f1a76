"""The private key is encrypted in the database if the server has a key for it."""

import os
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..tools.connection.private_key import read_of_server, store
from ..tools.connection.server_settings import get_local_hosts
from .common import ConnectwiseCommon

KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))


def server(**settings):
    """Set these environment variables of the server in this block."""
    names = {
        f"BENJI_CONNECTWISE_{name.upper()}": text for name, text in settings.items()
    }
    return patch.dict(os.environ, names)


class EncryptionCommon(ConnectwiseCommon):
    def setUp(self):
        super().setUp()
        self.private_key = self.sandbox.private_key
        environment = patch.dict(os.environ)
        environment.start()
        self.addCleanup(environment.stop)
        for name in ("SECRET_KEY", "PRIVATE_KEY"):
            os.environ.pop(f"BENJI_CONNECTWISE_{name}", None)

    def stored(self, table="connectwise_backend", column="stored_private_key"):
        """Return the value that is stored in the database."""
        self.env.flush_all()
        query = SQL(
            "SELECT %s FROM %s ORDER BY id DESC LIMIT 1",
            SQL.identifier(column),
            SQL.identifier(table),
        )
        [[value]] = self.env.execute_query(query)
        return value

    def save_again(self):
        self.backend.private_key = self.private_key
        self.env.invalidate_all()

    def assertConnects(self):
        self.backend.action_test_connection()
        self.assertEqual(self.backend.state, "connected", self.backend.last_error)


@tagged("post_install", "-at_install")
class TestEncryption(EncryptionCommon):
    def test_private_key_is_stored_in_clear_without_an_encryption_key(self):
        """A server without an encryption key must keep working."""
        self.assertEqual(self.stored(), self.private_key)

    def test_private_key_is_encrypted_with_an_encryption_key(self):
        """It is nowhere in clear in the database, and the connection works."""
        with server(secret_key=KEY):
            self.backend.with_user(self.administrator).private_key = self.private_key
            self.assertTrue(self.stored().startswith("fernet:"))
            self.assertNotIn(self.private_key, self.stored())
            self.assertConnects()

    def test_new_encryption_key_encrypts_a_private_key_saved_again(self):
        with server(secret_key=KEY):
            self.assertConnects()
        with server(secret_key=KEY):
            self.save_again()
            self.assertTrue(self.stored().startswith("fernet:"))
            self.assertConnects()

    def test_first_encryption_key_takes_over_when_saved_again(self):
        """Then the old one can be removed."""
        with server(secret_key=KEY):
            self.save_again()
        with server(secret_key=f" {NEW_KEY} , {KEY}"):
            self.assertConnects()
            self.save_again()
        with server(secret_key=NEW_KEY):
            self.assertConnects()

    def test_missing_encryption_key_is_reported_and_nothing_is_lost(self):
        """A request does not destroy the unreadable value."""
        with server(secret_key=KEY):
            self.save_again()
        for key in ("", NEW_KEY):
            with self.subTest(key), server(secret_key=key):
                with self.no_requests():
                    self.backend.action_test_connection()
                self.assertEqual(self.backend.state, "error")
                self.assertIn("BENJI_CONNECTWISE_SECRET_KEY", self.backend.last_error)
        with server(secret_key=KEY):
            self.assertConnects()

    def test_entering_the_private_key_again_replaces_an_unreadable_one(self):
        """The wizard says beside the field that it cannot be read."""
        with server(secret_key=KEY):
            self.save_again()
        Wizard = self.env["connectwise.backend.configure"].with_user(self.administrator)
        with server(secret_key=NEW_KEY):
            with Form(Wizard) as form:
                form.company_login_id = self.sandbox.company_login_id
            wizard = form.record
            self.assertFalse(wizard.has_private_key)
            wizard.action_next()
            self.assertEqual((wizard.step, wizard.error_field), ("keys", False))
            wizard.action_next()
            self.assertEqual((wizard.step, wizard.error_field), ("keys", "private_key"))
            self.assertIn("BENJI_CONNECTWISE_SECRET_KEY", wizard.error_message)
            wizard.private_key = self.private_key
            wizard.action_next()
            wizard.action_save()
            self.assertConnects()

    def test_private_key_typed_into_the_wizard_is_encrypted(self):
        with server(secret_key=KEY):
            wizard = (
                self.env["connectwise.backend.configure"]
                .with_user(self.administrator)
                .create({"private_key": self.private_key})
            )
            stored = self.stored("connectwise_backend_configure", "typed_private_key")
            self.assertTrue(stored.startswith("fernet:"))
            self.assertTrue(wizard.has_private_key)

    def test_malformed_encryption_key_stores_nothing_in_clear(self):
        store(self.backend, None)
        with (
            server(secret_key="not-a-key"),
            self.assertRaisesRegex(UserError, "BENJI_CONNECTWISE_SECRET_KEY"),
        ):
            self.backend.private_key = self.private_key
        self.assertFalse(self.stored())

    def test_encrypted_value_is_not_taken_for_a_private_key(self):
        """Encrypted values and those in clear cannot be confused."""
        with self.assertRaisesRegex(UserError, "as Odoo stores it"):
            self.backend.private_key = "fernet:gAAAA"


@tagged("post_install", "-at_install")
class TestServersPrivateKey(EncryptionCommon):
    """A private key in `BENJI_CONNECTWISE_PRIVATE_KEY` never enters the database."""

    def setUp(self):
        super().setUp()
        store(self.backend, None)
        self.server = {"private_key": self.private_key}

    def get_key_of_server(self, address):
        return read_of_server(address, get_local_hosts())

    def test_private_key_of_the_server_is_used(self):
        """Nothing is stored."""
        with server(**self.server):
            self.assertConnects()
        self.assertFalse(self.stored())

    def test_private_key_of_the_server_takes_precedence(self):
        """Another one was stored before."""
        self.backend.private_key = "revoked"
        with server(**self.server):
            self.assertConnects()

    def test_wizard_stores_no_key_if_the_server_has_one(self):
        """One that is stored or typed is dropped."""
        self.backend.private_key = "old"
        Wizard = self.env["connectwise.backend.configure"].with_user(self.administrator)
        with server(**self.server):
            wizard = Wizard.create({"step": "contacts", "private_key": "typed"})
            self.assertTrue(wizard.is_private_key_on_server)
            wizard.action_save()
            self.assertConnects()
        self.assertFalse(self.stored())

    def test_private_key_of_the_server_goes_only_to_allowed_hosts(self):
        """Typing another address must not send it there."""
        get = self.get_key_of_server
        with server(**self.server):
            for address in ("na.myconnectwise.net", "eu", self.sandbox.url):
                self.assertEqual(get(address), self.private_key)
            for address in (
                "psa.example.com",
                "na.myconnectwise.net.example.com",
                "https://example.com/na.myconnectwise.net",
                "na.myconnectwise.net:8443@example.com",
                "",
            ):
                self.assertFalse(get(address))
        with server(**self.server, local_hosts="psa.example.com:443"):
            self.assertTrue(get("psa.example.com"))

    def test_private_key_of_the_server_is_not_sent_over_public_http(self):
        """A listed host may otherwise be reached over plain http."""
        get = self.get_key_of_server
        with server(**self.server, local_hosts="psa.example.com:443,proxy:80"):
            self.assertTrue(get("https://psa.example.com:443"))
            self.assertFalse(get("http://psa.example.com:443"))
            self.assertTrue(get("http://proxy"))
