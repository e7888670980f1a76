"""A table of who may do what; every cell is really called.

The addon's models and methods are read from the registry. A new one must be added to
the table here.
"""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.tests.access_table import ROLES, AccessTable, People

from .common import ReconciliationCommon

# ✓ may; – may not (AccessError). The roles are those of the main addon's table.
OPERATIONS = """
                                                                  P C B S U I R M G
connectwise.reconciliation.run
    read, action_open_report, action_open_lines                   – – – – – ✓ ✓ ✓ –
    get_lines_status                                              – – – – – ✓ ✓ ✓ –
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
class TestOperations(AccessTable, People, ReconciliationCommon):
    addon = "benji_connectwise_reconciliation"
    operations = OPERATIONS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.here("R1", 120.0)
        cls.people = {role: cls.new_person(role) for role in ROLES}

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

    def get_records(self):
        return {
            "connectwise.reconciliation.run": self.run_of_october,
            "connectwise.reconciliation.line": self.difference,
            "connectwise.reconciliation.invoice": self.staged,
            "connectwise.reconciliation.acceptance": self.difference.acceptance_id,
            "connectwise.mapping": self.env["connectwise.mapping"],
        }

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
                dialog = self.get_record(name)
                other = dialog.with_user(self.administrator)
                self.assertFalse(other.has_access("read"))

    def test_another_company_sees_nothing(self):
        other = self.new_administrator(self.new_odoo_company())
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
        other = self.new_administrator(branch)
        self.assertFalse(self.difference.with_user(other).has_access("read"))
        action = self.run_of_october.with_user(other).browse().action_open_report()
        self.assertEqual(action["domain"], [("run_id", "=", self.run_of_october.id)])
