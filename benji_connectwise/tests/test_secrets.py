"""Keys, data of other customers and forged files stay with those who may see them."""

import json
import logging
import os
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, mute_logger

from ..tools.connection.private_key import store
from .access_common import AccessCommon
from .access_table import ROLES, parse

# ✓ learns the value; – does not, by any way of asking.
FIELDS = """
                                                                  P C B S U I R M G
connectwise.backend
    public_key, client_id                                         – – – – – – – ✓ –
    private_key                                                   – – – – – – – – –
connectwise.backend.configure
    public_key, client_id                                         – – – – – – – ✓ –
    private_key                                                   – – – – – – – – –
account.move
    connectwise_message, invoice_pdf_explanation                  – – – – – ✓ ✓ ✓ –
    connectwise_status                                            – – – – – ✓ ✓ ✓ –
"""


def ask_every_way(env, model, record, field, value):
    """Yield each way to ask, and its answer: a text, or True for a right guess."""
    Model, record = env[model], record.with_env(env)
    spec = {field: {}}
    guess, wrong = [(field, "=", value)], [(field, "=", "wrong")]
    ways = {
        "read": lambda: record.read([field]),
        "read all": lambda: record.read(),
        "web_read": lambda: record.web_read(spec),
        "search_read": lambda: Model.search_read([("id", "=", record.id)], [field]),
        "web_search_read": lambda: Model.web_search_read([], spec),
        "export": lambda: record.export_data([field]),
        "group": lambda: Model.formatted_read_group([], [field], ["__count"]),
        "filter": lambda: Model.search_count(guess) > Model.search_count(wrong),
        "filter like": lambda: bool(Model.search_count([(field, "like", value[:4])])),
        "sort": lambda: bool(Model.search([], order=field)),
        "defaults": lambda: Model.default_get([field]),
        "onchange": lambda: record.onchange({}, [], spec),
        "copy": lambda: record.copy_data(),
        "name": lambda: Model.name_search(value),
    }
    if model == "connectwise.backend":
        rows, partners = env["connectwise.mapping"], env["res.partner"]
        by_partner = f"connectwise_mapping_ids.backend_id.{field}"
        ways |= {
            "rows": lambda: rows.search([]).export_data([f"backend_id/{field}"]),
            "filter rows": lambda: bool(
                rows.search_count([(f"backend_id.{field}", "=", value)])
            ),
            "filter partners": lambda: bool(
                partners.search_count([(by_partner, "=", value)])
            ),
            "group rows": lambda: rows.formatted_read_group(
                [], [f"backend_id.{field}"], ["__count"]
            ),
        }
    for name, way in ways.items():
        try:
            with env.cr.savepoint():
                yield name, way()
        except (UserError, ValueError):
            yield name, None


class SecretsCommon(AccessCommon):
    def setUp(self):
        super().setUp()
        user = f"{self.sandbox.company_login_id}+{self.sandbox.public_key}"
        signed_in = b64encode(f"{user}:{self.sandbox.private_key}".encode()).decode()
        self.secrets = {
            "public_key": self.sandbox.public_key,
            "private_key": self.sandbox.private_key,
            "client_id": self.sandbox.client_id,
            "authorization": signed_in,
        }

    def new_dialog(self):
        """Return the wizard *Configure* as the administrator has filled it in."""
        return self.environment("manager")["connectwise.backend.configure"].create(
            {
                "step": "keys",
                "private_key": self.sandbox.private_key,
                **{name: self.secrets[name] for name in ("public_key", "client_id")},
            }
        )


@tagged("post_install", "-at_install")
class TestFields(SecretsCommon):
    def test_each_role_learns_exactly_what_the_table_says(self):
        """Filtering, sorting, grouping and defaults tell no more."""
        own_client_id = {"BENJI_CONNECTWISE_CLIENT_ID": self.sandbox.client_id}
        self.enterContext(patch.dict(os.environ, own_client_id))
        for (model, field), expected in parse(FIELDS).items():
            with self.subTest(model=model, field=field):
                outcome, ways = {}, {}
                for role in ROLES:
                    ways[role] = self.told(role, model, field)
                    outcome[role] = "✓" if ways[role] else "–"
                self.assertEqual(outcome, expected, ways)

    @mute_logger("odoo.models")
    def told(self, role, model, field):
        """Return the ways by which this person learns the value."""
        if model == "account.move":
            # The texts begin like that, after the number that everybody knows.
            record, value = self.move, "invoice CW1001 · "
            if field == "connectwise_status":
                value = "connectwise"
        else:
            record = self.backend if "configure" not in model else self.new_dialog()
            value = self.secrets[field]
        self.env.flush_all()
        self.env.invalidate_all()
        told = ask_every_way(self.environment(role), model, record, field, str(value))
        return [
            way for way, answer in told if answer is True or str(value) in str(answer)
        ]

    def test_customer_learns_nothing_about_sources_over_rpc(self):
        """The reason why a PDF was refused names other customers."""
        move = self.move.with_user(self.people["customer"])
        self.assertTrue(move.read(["name"]))
        for name in self.added_fields("account.move"):
            with self.subTest(name), self.assertRaises(AccessError):
                move.read([name])

    def test_customer_cannot_search_for_the_reason_over_rpc(self):
        move = self.move.with_user(self.people["customer"])
        for name in self.added_fields("account.move"):
            field = move.sudo()._fields[name]
            values = {False, True} if field.type == "boolean" else {False}
            if field.type == "selection":
                values |= set(field.get_values(self.env))
            for value in values:
                for operator in ("=", "!="):
                    with (
                        self.subTest(f"{name} {operator} {value}"),
                        self.assertRaises(AccessError),
                    ):
                        move.search([(name, operator, value)])

    def test_invoicing_reads_every_field_but_the_secret_ones(self):
        fields = self.move._fields
        added = self.added_fields("account.move")
        names = [name for name in added if fields[name].groups != NO_ACCESS]
        for role in ("invoicing", "readonly", "manager"):
            self.assertTrue(self.move.with_user(self.people[role]).read(names))

    def test_internal_user_sees_the_company_of_a_customer(self):
        """The customer's form shows it to everybody who works here."""
        fields = ["connectwise_connection", "connectwise_contact_message"]
        for role, user in self.people.items():
            customer = self.customer.with_user(user)
            if user._is_internal():
                self.assertIn("Acme", customer.read(fields)[0][fields[0]])
            else:
                with self.subTest(role), self.assertRaises(AccessError):
                    customer.read(fields)

    def added_fields(self, model):
        """Return the fields that the addon adds to a model of Odoo's."""
        fields = self.env[model]._fields.items()
        added = [name for name, field in fields if field._module == "benji_connectwise"]
        self.assertTrue(added)
        return added


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


@tagged("post_install", "-at_install")
class TestFiles(SecretsCommon):
    """A PDF of ConnectWise cannot be replaced by another file."""

    def setUp(self):
        super().setUp()
        self.genuine = self.move._get_preferred_invoice_pdf()
        self.content = self.genuine.raw
        self.files = self.env["ir.attachment"].with_user(self.people["invoicing"])

    def assertNotForged(self):
        self.env.flush_all()
        self.env.invalidate_all()
        chosen = self.move._get_preferred_invoice_pdf()
        self.assertIn(chosen.raw, (False, self.content))

    def test_content_of_a_kept_pdf_cannot_be_replaced(self):
        """A person who may edit the invoice may write its files."""
        for values in (
            {"raw": b"%PDF-1.4 forged %%EOF"},
            {"datas": b64encode(b"%PDF-1.4 forged %%EOF")},
            {"db_datas": b"%PDF-1.4 forged %%EOF", "store_fname": False},
            {"raw": b"%PDF- forged", "checksum": self.genuine.checksum},
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                self.try_to(lambda values=values: self.mine().write(values))
                self.assertNotForged()
                savepoint.rollback()

    def test_content_of_a_pdf_in_the_database_cannot_be_replaced(self):
        """Odoo can be set up to keep files there."""
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        self.genuine.raw = self.content
        self.assertFalse(self.genuine.store_fname)
        self.assertEqual(self.move._get_preferred_invoice_pdf(), self.genuine)
        self.try_to(lambda: self.mine().write({"db_datas": b"%PDF-1.4 forged %%EOF"}))
        self.assertNotForged()

    def test_another_file_cannot_replace_a_kept_pdf(self):
        """Not even one of another invoice."""
        other = self.invoice("CW1002")._get_preferred_invoice_pdf()
        place = {
            "res_model": "account.move",
            "res_id": self.move.id,
            "res_field": "connectwise_pdf_file",
        }
        forged = {**place, "name": "forged.pdf", "raw": b"%PDF-1.4 forged %%EOF"}
        for attempt in (
            lambda: self.files.create(forged),
            lambda: self.files.browse(other.id).write({"res_id": self.move.id}),
            lambda: self.files.create({**forged, "res_id": 0}).write(place),
            lambda: self.mine().unlink() and self.files.create(forged),
        ):
            with self.env.cr.savepoint() as savepoint:
                self.try_to(attempt)
                self.assertNotForged()
                savepoint.rollback()

    def mine(self):
        return self.files.browse(self.genuine.id)

    def try_to(self, attempt):
        # It is as good if Odoo itself refuses.
        try:
            with self.env.cr.savepoint():
                attempt()
        except UserError:
            self.env.invalidate_all()

    def test_context_from_outside_opens_nothing(self):
        for context in (
            {"default_connectwise_pdf_file": b64encode(b"%PDF-")},
            {"chosen_invoice_pdfs": {str(self.move.id): False}},
            {"chosen_invoice_pdfs": {self.move.id: False}},
            {"connectwise_sync": True, "connectwise_changes": "x"},
        ):
            move = self.move.with_user(self.people["invoicing"]).with_context(**context)
            with self.subTest(context):
                copy = move.copy()
                self.assertFalse(copy.connectwise_pdf_file)
                self.assertEqual(move._get_preferred_invoice_pdf(), self.genuine)
                with self.assertRaises(AccessError):
                    move.write({"connectwise_pdf_file": False})

    def test_default_of_a_person_does_not_replace_the_pdf(self):
        """Anybody may store defaults of their own."""
        invoicing = self.people["invoicing"]
        default = self.env["ir.default"].with_user(invoicing)
        file = b64encode(b"%PDF-").decode()
        default.create(
            {
                "field_id": self.env["ir.model.fields"]
                ._get("account.move", "connectwise_pdf_file")
                .id,
                "user_id": invoicing.id,
                "json_value": json.dumps(file),
            }
        )
        move = self.env["account.move"].with_user(invoicing).create({})
        self.assertFalse(move.connectwise_pdf_file)


@tagged("post_install", "-at_install")
class TestOverHttp(SecretsCommon, HttpCase):
    def test_only_invoicing_opens_a_kept_file(self):
        """It may turn out to be another customer's later."""
        file = self.move._get_preferred_invoice_pdf()
        may = {"invoicing", "readonly", "manager"}
        for role, user in self.people.items():
            login = user.login if ROLES[role].groups else None
            self.authenticate(login, login)
            for path in (
                f"/web/content/{file.id}",
                f"/web/content/account.move/{self.move.id}/connectwise_pdf_file",
            ):
                with self.subTest(role=role, path=path):
                    response = self.url_open(path, allow_redirects=False)
                    self.assertEqual(b"%PDF" in response.content, role in may)

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
