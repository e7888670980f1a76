"""A table of who may do what; every cell is really called.

The addon's models and methods are read from the registry. A new one must be added to
the table here.
"""

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.benji_connectwise.tests.test_access import ROLES, parse

from .common import ReconciliationCommon

ADDON = "odoo.addons.benji_connectwise_reconciliation."

# ✓ may; – may not (AccessError). The roles are those of the main addon's table.
OPERATIONS = """
                                                                  P C B S U I R M G
connectwise.reconciliation.run
    read, action_open_report, action_open_lines                   – – – – – ✓ ✓ ✓ –
    action_compare_again, action_cancel                           – – – – – ✓ – ✓ –
    write, create                                                 – – – – – – – – –
    unlink                                                        – – – – – – – ✓ –
connectwise.reconciliation.line
    read, action_open_invoice, action_open_in_connectwise         – – – – – ✓ ✓ ✓ –
    action_accept, action_withdraw_acceptance, action_make_rule   – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.reconciliation.invoice
    read, write, create, unlink                                   – – – – – – – – –
connectwise.reconciliation.acceptance
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.reconciliation.accept
    read, write, create, unlink, action_accept                    – – – – – – – ✓ –
connectwise.reconciliation.compare
    read, write, create, unlink, action_compare                   – – – – – ✓ – ✓ –
connectwise.mapping
    get_report_status                                             – – – – – ✓ ✓ ✓ –
connectwise.integrations
    action_open_reconciliation                                    – – – – – – – ✓ –
"""


@tagged("post_install", "-at_install")
class TestOperations(ReconciliationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.here("R1", 120.0)
        cls.people = {
            name: cls._new_person(name, role.groups) for name, role in ROLES.items()
        }

    @classmethod
    def _new_person(cls, name, groups):
        if not groups:
            return cls.env.ref("base.public_user")
        return new_test_user(
            cls.env,
            f"reconciliation_{name}",
            groups=groups,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.there("R1")
        self.run_of_october = self.compare()
        self.difference = self.line(self.run_of_october, "R1")
        self.difference.with_user(self.administrator)._accept("Rounded")
        self.staged = (
            self.env["connectwise.reconciliation.invoice"]
            .sudo()
            .create({"run_id": self.run_of_october.id, "connectwise_ref": 1})
        )

    def find_operations(self):
        """Return the operations that the addon defines, as (model, operation)."""
        found = set()
        for name, model in self.registry.items():
            if model._original_module == "benji_connectwise_reconciliation":
                found |= {
                    (name, right) for right in ("read", "write", "create", "unlink")
                }
            for base in model.__mro__:
                if base.__module__.startswith(ADDON):
                    found |= {
                        (name, method)
                        for method in vars(base)
                        if self.is_callable(self.env[name], method)
                    }
        return found

    def is_callable(self, model, name):
        try:
            get_public_method(model, name)
        except (AccessError, AttributeError):
            return False
        return True

    def test_table_lists_every_right_and_public_method(self):
        self.assertEqual(set(parse(OPERATIONS)), self.find_operations())

    def test_each_role_may_do_exactly_what_the_table_says(self):
        for (model, operation), expected in parse(OPERATIONS).items():
            with self.subTest(model=model, operation=operation):
                outcome = {role: self.call(role, model, operation) for role in ROLES}
                self.assertEqual(outcome, expected)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_access")
    def call(self, role, model, operation):
        """Call the operation as this person's browser would, and undo it."""
        with self.env.cr.savepoint() as savepoint:
            env = self.env(
                user=self.people[role],
                su=False,
                context={"allowed_company_ids": self.company.ids},
            )
            records, arguments = self.prepare(role, model, operation)
            self.env.flush_all()
            self.env.invalidate_all()
            method = get_public_method(env[model], operation)
            if not getattr(method, "_api_model", False):
                arguments = [records.ids, *arguments]
            try:
                call_kw(env[model], operation, arguments, {})
                env.flush_all()
                mark = "✓"
            except AccessError:
                mark = "–"
            except UserError:
                mark = "!"
            savepoint.rollback()
        self.env.invalidate_all()
        return mark

    def prepare(self, role, model, operation):
        """Return (records, arguments) for a valid call of the operation."""
        if operation == "create":
            return None, [self.get_values(model)]
        arguments = {"read": [["display_name"]], "write": [self.get_values(model)]}
        return self.get_record(role, model), arguments.get(operation, [])

    def get_record(self, role, model):
        known = {
            "connectwise.reconciliation.run": self.run_of_october,
            "connectwise.reconciliation.line": self.difference,
            "connectwise.reconciliation.invoice": self.staged,
            "connectwise.reconciliation.acceptance": self.difference.acceptance_id,
            "connectwise.mapping": self.env["connectwise.mapping"],
        }
        if model in known:
            return known[model]
        dialog = self.env[model].sudo().create(self.get_values(model))
        # A dialog is the caller's own.
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET create_uid = %s WHERE id = %s",
                SQL.identifier(self.env[model]._table),
                self.people[role].id,
                dialog.id,
            )
        )
        return dialog

    def get_values(self, model):
        days = {"date_from": "2026-08-01", "date_to": "2026-08-31"}
        return {
            "connectwise.reconciliation.run": {"backend_id": self.backend.id, **days},
            "connectwise.reconciliation.line": {
                "run_id": self.run_of_october.id,
                "backend_id": self.backend.id,
                "company_id": self.company.id,
                "status": "agrees",
            },
            "connectwise.reconciliation.invoice": {
                "run_id": self.run_of_october.id,
                "connectwise_ref": 2,
            },
            "connectwise.reconciliation.acceptance": {
                "backend_id": self.backend.id,
                "company_id": self.company.id,
                "fingerprint": "0",
                "reason": "Forged",
            },
            "connectwise.reconciliation.accept": {
                "line_ids": self.difference.ids,
                "reason": "Rounded",
            },
            "connectwise.reconciliation.compare": {"period": "other", **days},
            "connectwise.mapping": {},
            "connectwise.integrations": {"company_id": self.company.id},
        }[model]

    def test_dialog_belongs_to_the_person_who_opened_it(self):
        for model in ("accept", "compare"):
            with self.subTest(model):
                name = f"connectwise.reconciliation.{model}"
                dialog = self.get_record("manager", name)
                other = dialog.with_user(self.administrator)
                self.assertFalse(other.has_access("read"))

    def test_another_company_sees_nothing(self):
        company = self.new_odoo_company()
        other = new_test_user(
            self.env,
            "reconciliation_other",
            groups="account.group_account_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        records = self.run_of_october + self.difference.run_id
        for record in (records, self.difference, self.difference.acceptance_id):
            with self.subTest(record._name):
                self.assertFalse(record.with_user(other).has_access("read"))
        with self.assertRaises(AccessError):
            self.difference.with_user(other)._accept("Not mine")
        with self.assertRaises(AccessError):
            self.run_of_october.with_user(other).action_compare_again()

    def test_branch_sees_its_own_invoices_only(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        other = new_test_user(
            self.env,
            "reconciliation_branch",
            groups="account.group_account_manager",
            company_id=branch.id,
            company_ids=[(6, 0, branch.ids)],
        )
        self.assertFalse(self.difference.with_user(other).has_access("read"))
        action = self.run_of_october.with_user(other).browse().action_open_report()
        self.assertEqual(action["domain"], [("run_id", "=", self.run_of_october.id)])
