"""The private key in the database: encrypted, where the server has a key for that."""

import os
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..tools.private_key import read_of_server, store
from ..tools.server_settings import get_local_hosts
from .common import ConnectwiseCommon

KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))


def server(**settings):
    """Give the server these environment variables, for a block."""
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
        """Return what the database itself holds."""
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
    def test_without_a_key_it_is_stored_as_it_is(self):
        """Nobody is locked out of a server that has no key."""
        self.assertEqual(self.stored(), self.private_key)

    def test_with_a_key_it_is_encrypted_and_works(self):
        """In clear nowhere in the database."""
        with server(secret_key=KEY):
            self.backend.with_user(self.administrator).private_key = self.private_key
            self.assertTrue(self.stored().startswith("fernet:"))
            self.assertNotIn(self.private_key, self.stored())
            self.assertConnects()

    def test_a_key_that_is_set_encrypts_when_the_private_key_is_saved_again(self):
        with server(secret_key=KEY):
            self.assertConnects()
        with server(secret_key=KEY):
            self.save_again()
            self.assertTrue(self.stored().startswith("fernet:"))
            self.assertConnects()

    def test_a_new_key_in_front_takes_over_when_saved_again(self):
        """Then the old one can go."""
        with server(secret_key=KEY):
            self.save_again()
        with server(secret_key=f" {NEW_KEY} , {KEY}"):
            self.assertConnects()
            self.save_again()
        with server(secret_key=NEW_KEY):
            self.assertConnects()

    def test_a_key_that_is_gone_is_said_and_nothing_is_lost(self):
        """A question does not destroy what cannot be read."""
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

    def test_entering_the_private_key_again_mends_it(self):
        """With the wizard, which says what is wrong beside the field."""
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

    def test_what_is_typed_into_the_wizard_is_encrypted_too(self):
        with server(secret_key=KEY):
            wizard = (
                self.env["connectwise.backend.configure"]
                .with_user(self.administrator)
                .create({"private_key": self.private_key})
            )
            stored = self.stored("connectwise_backend_configure", "typed_private_key")
            self.assertTrue(stored.startswith("fernet:"))
            self.assertTrue(wizard.has_private_key)

    def test_a_malformed_key_never_means_in_clear(self):
        store(self.backend, None)
        with (
            server(secret_key="not-a-key"),
            self.assertRaisesRegex(UserError, "BENJI_CONNECTWISE_SECRET_KEY"),
        ):
            self.backend.private_key = self.private_key
        self.assertFalse(self.stored())

    def test_what_is_stored_is_not_taken_for_a_private_key(self):
        """Encrypted and in clear cannot be confused."""
        with self.assertRaisesRegex(UserError, "as Odoo stores it"):
            self.backend.private_key = "fernet:gAAAA"


@tagged("post_install", "-at_install")
class TestServersPrivateKey(EncryptionCommon):
    """`BENJI_CONNECTWISE_PRIVATE_KEY`: never in the database."""

    def setUp(self):
        super().setUp()
        store(self.backend, None)
        self.server = {"private_key": self.private_key}

    def get_key_of_server(self, address):
        return read_of_server(address, get_local_hosts())

    def test_it_is_used(self):
        """Although nothing is stored."""
        with server(**self.server):
            self.assertConnects()
        self.assertFalse(self.stored())

    def test_it_takes_precedence(self):
        """Over one that was stored before."""
        self.backend.private_key = "revoked"
        with server(**self.server):
            self.assertConnects()

    def test_the_wizard_needs_none_and_stores_none(self):
        """Not even one that was stored or typed."""
        self.backend.private_key = "old"
        Wizard = self.env["connectwise.backend.configure"].with_user(self.administrator)
        with server(**self.server):
            wizard = Wizard.create({"step": "contacts", "private_key": "typed"})
            self.assertTrue(wizard.is_private_key_on_server)
            wizard.action_save()
            self.assertConnects()
        self.assertFalse(self.stored())

    def test_it_goes_nowhere_but_where_the_server_allows(self):
        """Whoever types an address must not get it there."""
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

    def test_it_never_goes_in_clear_across_the_public_net(self):
        """A listed host may be reached over plain http as well."""
        get = self.get_key_of_server
        with server(**self.server, local_hosts="psa.example.com:443,proxy:80"):
            self.assertTrue(get("https://psa.example.com:443"))
            self.assertFalse(get("http://psa.example.com:443"))
            self.assertTrue(get("http://proxy"))
