"""Nobody learns a secret field, or the reasons for a PDF, by any way of asking."""

import os
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access_table import ROLES, parse
from .secrets_common import SecretsCommon

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
