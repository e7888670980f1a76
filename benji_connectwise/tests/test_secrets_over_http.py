"""No answer to a browser, and no line of any log, shows a key."""

import json
import logging
from contextlib import contextmanager

from odoo.tests import HttpCase, tagged
from odoo.tools import SQL

from .secrets_common import SecretsCommon


@tagged("post_install", "-at_install")
class TestOverHttp(SecretsCommon, HttpCase):
    @contextmanager
    def everything_logged(self, only=False):
        """Collect the log of every part of the server at level DEBUG.

        :param only: keep it out of Odoo's own log, because errors are expected
        """
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(
            logging.Formatter("%(name)s %(message)s").format(record)
        )
        loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
        levels = {logger: logger.level for logger in (logging.root, *loggers)}
        for logger in levels:
            logger.setLevel(logging.DEBUG)
        before = logging.root.handlers
        logging.root.handlers = [handler] if only else [*before, handler]
        try:
            yield lines
        finally:
            logging.root.handlers = before
            for logger, level in levels.items():
                logger.setLevel(level)

    def rpc(self, model, method, *args, **options):
        self.response = response = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            json={
                "params": {
                    "model": model,
                    "method": method,
                    "args": args,
                    "kwargs": options,
                }
            },
        )
        return json.loads(response.text).get("result")

    def test_invalid_values_are_refused_without_showing_keys(self):
        """PostgreSQL's error quotes the row, which browser and log would show."""
        login = self.people["manager"].login
        self.authenticate(login, login)
        dialog = self.new_dialog()
        self.env.flush_all()
        writes = [
            (self.backend, {"hold_hours": 0}),
            (self.backend, {"amount_tolerance": -1}),
            (self.backend, {"hold_hours": 10**12}),
            *((self.backend, {name: False}) for name in self.not_null(self.backend)),
            *((dialog, {name: False}) for name in self.not_null(dialog)),
            (dialog, {"step": False}),
        ]
        self.assertIn((self.backend, {"server_url": False}), writes)
        for record, values in writes:
            with self.subTest(values), self.everything_logged(only=True) as lines:
                self.rpc(record._name, "write", record.ids, values)
                self.assertIn(f"call {record._name}", "\n".join(lines))
                for secret in self.secrets.values():
                    self.assertNotIn(secret, self.response.text)
                    self.assertNotIn(secret, "\n".join(lines))

    def test_row_refused_by_the_database_is_logged_without_keys(self):
        """PostgreSQL names the missing value when a row is created."""
        login = self.people["manager"].login
        self.authenticate(login, login)
        self.backend.unlink()
        keys = {name: self.secrets[name] for name in ("public_key", "client_id")}
        with self.everything_logged(only=True) as lines:
            self.rpc("connectwise.backend", "create", [{"name": False, **keys}])
        log = "\n".join(lines)
        self.assertIn("Failing row contains (…)", log)
        for secret in keys.values():
            self.assertNotIn(secret, log)

    def not_null(self, model):
        """Return the required columns of this model."""
        rows = self.env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND is_nullable = 'NO'",
                model._table,
            )
        )
        return {name for [name] in rows} - {"id"}

    def test_no_secret_is_logged_at_any_level(self):
        """Neither the addon, nor a library, nor Odoo logs one."""
        login = self.people["manager"].login
        self.authenticate(login, login)
        wizard = "connectwise.backend.configure"
        keys = ("public_key", "client_id", "private_key")
        values = {"step": "keys", **{name: self.secrets[name] for name in keys}}
        with self.everything_logged() as lines:
            [saved] = self.rpc(
                wizard, "web_save", [], values, specification={"step": {}}
            )
            self.rpc(wizard, "action_next", [saved["id"]])
            self.rpc(wizard, "action_save", [saved["id"]])
            self.rpc("connectwise.backend", "action_test_connection", self.backend.ids)
            self.sandbox.revoke_key(self.sandbox.public_key)
            self.rpc("account.move", "action_refresh_pdf", self.move.ids)
        self.backend.invalidate_recordset()
        self.assertEqual(self.backend.state, "error")
        log = "\n".join(lines)
        for part in (f"call {wizard}", "INSERT INTO", "GET /finance/invoices"):
            self.assertIn(part, log)
        for name, secret in self.secrets.items():
            self.assertNotIn(secret, log, name)
