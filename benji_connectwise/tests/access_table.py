"""Tables of who may do what, and the calls that try them."""

import re
from collections import namedtuple
from copy import deepcopy

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user
from odoo.tools import SQL, mute_logger

RIGHTS = ("read", "write", "create", "unlink")

Role = namedtuple("Role", "letter groups")

ROLES = {
    "public": Role("P", None),  # nobody signed in
    "customer": Role("C", "base.group_portal"),  # of the portal: the invoice's customer
    "sibling": Role("B", "base.group_portal"),  # … another contact of that customer
    "stranger": Role("S", "base.group_portal"),  # … a contact of another customer
    "internal": Role("U", "base.group_user"),  # without Invoicing
    "invoicing": Role("I", "account.group_account_invoice"),
    "readonly": Role("R", "account.group_account_readonly"),  # Invoicing, to look only
    "manager": Role("M", "account.group_account_manager"),  # Invoicing / Administrator
    "settings": Role("G", "base.group_system"),  # Settings, without Invoicing
}


def parse(table):
    """Return {(model or route, operation): {role: mark}}."""
    header, *lines = table.strip("\n").splitlines()
    letters = {role.letter: name for name, role in ROLES.items()}
    roles = [letters[letter] for letter in header.split()]
    rows, place = {}, None
    for line in lines:
        if not line.startswith(" "):
            place = line
            continue
        *operations, marks = re.split(r",\s+|\s{2,}", line.strip())
        for operation in operations:
            rows[place, operation] = dict(zip(roles, marks.split(), strict=True))
    return rows


class People:
    """One person of each role, in a test class with `company`."""

    people = {}
    """Role → user."""

    @classmethod
    def new_person(cls, role):
        """Return the user who has this role in the company."""
        if not ROLES[role].groups:
            return cls.env.ref("base.public_user")
        return new_test_user(
            cls.env,
            f"access_{role}",
            groups=ROLES[role].groups,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def environment(self, role):
        return self.env(
            user=self.people[role],
            su=False,
            context={"allowed_company_ids": self.company.ids},
        )


class AccessTable:
    """Call each operation of `operations` as each of the `People`.

    The rights and methods of the addon's models are read from the registry: one
    without a row is an error.
    """

    addon = ""
    """Technical name of the addon that defines the operations."""

    operations = ""
    """The table. ✓ may; – may not (AccessError); ! refused with a reason."""

    context = {}
    """What the browser sends along."""

    def find_operations(self):
        """Return the operations that the addon defines, as (model, operation)."""
        found = set()
        for name, model in self.registry.items():
            if model._original_module == self.addon and not model._abstract:
                found |= {(name, right) for right in RIGHTS}
            for base in model.__mro__:
                if base.__module__.startswith(f"odoo.addons.{self.addon}."):
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
        self.assertEqual(set(parse(self.operations)), self.find_operations())

    def test_each_role_may_do_exactly_what_the_table_says(self):
        for (model, operation), expected in parse(self.operations).items():
            with self.subTest(model=model, operation=operation):
                self.assertEqual(self.call_as_each(model, operation), expected)

    def call_as_each(self, model, operation):
        """Return {role: the mark of the table}."""
        with self.env.cr.savepoint() as savepoint:
            records, arguments = self.prepare(model, operation)
            outcome = {
                role: self.call(role, model, operation, records, deepcopy(arguments))
                for role in ROLES
            }
            savepoint.rollback()
        self.env.invalidate_all()
        return outcome

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_access")
    def call(self, role, model, operation, records, arguments):
        """Call the operation as this person's browser would, and undo it.

        :return: the mark of the table
        """
        with self.env.cr.savepoint() as savepoint:
            if records and records._transient:
                self.give(records, role)
            self.env.flush_all()
            self.env.invalidate_all()
            env = self.environment(role)
            method = get_public_method(env[model], operation)
            if not getattr(method, "_api_model", False):
                arguments = [records.ids, *arguments]
            try:
                call_kw(env[model], operation, arguments, {"context": self.context})
                env.flush_all()
                mark = "✓"
            except AccessError:
                mark = "–"
            except UserError:
                mark = "!"
            savepoint.rollback()
        self.env.invalidate_all()
        return mark

    def prepare(self, model, operation):
        """Return (records, arguments) for a valid call of the operation."""
        special = f"_prepare_{operation}_{model.replace('.', '_')}"
        if hasattr(self, special):
            return getattr(self, special)()
        if operation == "create":
            return None, [self.get_values(model)]
        arguments = {"read": [["display_name"]], "write": [self.get_values(model)]}
        return self.get_record(model), arguments.get(operation, [])

    def get_record(self, model):
        """Return the record to try the operation on; a dialog is the manager's."""
        records = self.get_records()
        if model in records:
            return records[model]
        if self.registry[model]._transient:
            # Only the addon makes the lines of a dialog.
            dialogs = self.environment("manager")[model].sudo()
            return dialogs.create(self.get_values(model)).sudo(False)
        return self.env[model].search([("company_id", "=", self.company.id)], limit=1)

    def give(self, dialog, role):
        """Make the dialog this person's own."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET create_uid = %s WHERE id IN %s",
                SQL.identifier(dialog._table),
                self.people[role].id,
                dialog._ids,
            )
        )

    def get_records(self):
        """Return {model: record} where it is neither a dialog nor the company's one."""
        raise NotImplementedError

    def get_values(self, model):
        """Return values to create a record of the model with, or to write."""
        raise NotImplementedError
