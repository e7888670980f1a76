"""The steps of people, ConnectWise and accidents, for `test_state_machine.py` (R8)."""

import time
from contextlib import suppress
from functools import partial

import invariants
from expectations import Expectations
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from troubles import during, end_transactions
from world import PREFETCH, SYNC, World

NAMES = (
    "Acme",
    "ACME Inc.",
    "Acme LLC",
    "Bellwether",
    "Lark Mesa Eye Center",
    "Ünïcode",
)
ACCOUNTS = ("AC000501", "AC001005", "NEW-1", None)
EMAILS = ("one@a.example", "two@b.example", "not an address", None)
FAULTS = ("unavailable", "malformed_json", "unauthorized", "mistyped_fields", "no_id")

any_one = st.integers(0, 99)
"""Which of however many there are at that moment."""


class TimeIsOver(BaseException):
    """Not an Exception, so that Hypothesis does not look for a shorter way to it."""


class Machine(RuleBasedStateMachine):
    """All possible steps; each rule says how its step changes the expectations."""

    world: World
    deadline: float
    runs = steps = 0
    violations: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.expected = Expectations(self.world)
        self.sent: set[str] = set()

    @initialize()
    def begin(self) -> None:
        if time.monotonic() > self.deadline:
            raise TimeIsOver
        type(self).runs += 1
        self.world.sandbox.reset()
        self.world.restore("read_once")
        self.expected.note_begun()

    # -- Choosing ------------------------------------------------------------------

    @property
    def sandbox(self):
        return self.world.sandbox

    def company(self, which: int) -> int:
        ids = [company["id"] for company in self.sandbox.export_companies()]
        return ids[which % len(ids)]

    def contact(self, which: int) -> int:
        ids = sorted(
            {
                company["contact_id"]
                for company in self.sandbox.export_companies()
                if company["contact_id"]
            }
        )
        return ids[which % len(ids)] if ids else 10001

    def invoice(self, which: int) -> int:
        ids = [
            invoice["id"]
            for invoice in self.sandbox.export_invoices()
            if (invoice["number"] or "").startswith("CW1")
        ]
        return ids[which % len(ids)]

    @staticmethod
    def pick(records, which: int):
        records = records.sorted("id")
        return records[which % len(records)] if records else records

    # -- ConnectWise ---------------------------------------------------------------

    @rule(which=any_one, name=st.sampled_from(NAMES))
    def rename_company(self, which, name) -> None:
        self.sandbox.patch_company(self.company(which), {"name": name})

    @rule(which=any_one, account=st.sampled_from(ACCOUNTS))
    def change_account(self, which, account) -> None:
        self.sandbox.patch_company(self.company(which), {"accountNumber": account})

    @rule(which=any_one, other=any_one)
    def change_bill_to(self, which, other) -> None:
        self.sandbox.patch_company(
            self.company(which), {"billToCompany": {"id": self.company(other)}}
        )

    @rule(which=any_one, other=any_one, none=st.booleans())
    def change_billing_contact(self, which, other, none) -> None:
        contact = None if none else {"id": self.contact(other)}
        self.sandbox.patch_company(self.company(which), {"billingContact": contact})

    @rule(which=any_one, email=st.sampled_from(EMAILS))
    def change_email(self, which, email) -> None:
        items = [
            {
                "id": 1,
                "type": {"id": 1, "name": "Email"},
                "value": email,
                "defaultFlag": True,
                "communicationType": "Email",
            }
        ]
        self.sandbox.patch_contact(
            self.contact(which), {"communicationItems": items if email else []}
        )

    @rule(which=any_one, inactive=st.booleans())
    def switch_contact(self, which, inactive) -> None:
        self.sandbox.patch_contact(self.contact(which), {"inactiveFlag": inactive})

    @rule(which=any_one)
    def recycle_company(self, which) -> None:
        self.sandbox.recycle_company(self.company(which))

    @precondition(lambda self: len(self.sandbox.export_companies()) > 6)
    @rule(which=any_one)
    def delete_company(self, which) -> None:
        self.sandbox.delete_company(self.company(which))

    @precondition(lambda self: len(self.sandbox.export_companies()) > 6)
    @rule(which=any_one, other=any_one)
    def merge_companies(self, which, other) -> None:
        number, into = self.company(which), self.company(other)
        if number != into:
            self.sandbox.merge_company(number, into)

    @rule(name=st.sampled_from(NAMES), contact=any_one)
    def create_company(self, name, contact) -> None:
        self.sandbox.create_company(
            {"name": name, "billingContact": {"id": self.contact(contact)}}
        )

    @rule(which=any_one, company=any_one, total=st.sampled_from((10.0, 989.68)))
    def change_invoice(self, which, company, total) -> None:
        changes = {"company": {"id": self.company(company)}, "total": total}
        self.sandbox.patch_invoice(self.invoice(which), changes)

    @rule(which=any_one, company=any_one)
    def create_invoice(self, which, company) -> None:
        """Create one with a number that is in use."""
        same = self.sandbox.get_record("invoices", self.invoice(which))
        self.sandbox.create_invoice(
            {
                "invoiceNumber": same["invoiceNumber"],
                "company": {"id": self.company(company)},
                "total": same["total"],
            }
        )

    # -- Synchronizing -------------------------------------------------------------

    @rule()
    def synchronize(self) -> None:
        self.world.run_quickly(SYNC)
        self.complain(self.expected.check_came_to_its_end())

    @rule(full=st.booleans(), discard=st.booleans())
    def rescan(self, full, discard) -> None:
        if self.as_person(lambda env: self.backend(env)._request_sync(full, discard)):
            if discard:
                self.expected.forget_disconnections()
            self.world.run_quickly(SYNC)
            self.complain(self.expected.check_came_to_its_end())

    @rule(full=st.booleans())
    def synchronize_at_once(self, full) -> None:
        if self.as_person(lambda env: self.backend(env).sync(full=full)):
            self.complain(self.expected.check_came_to_its_end())

    @rule(
        endpoint=st.sampled_from(("companies", "contacts")),
        nth=st.integers(1, 4),
        full=st.booleans(),
    )
    def crash(self, endpoint, nth, full) -> None:
        """End the process in the middle; committed data stay."""
        during(
            self.world,
            partial(end_transactions, self.world),
            endpoint=endpoint,
            nth=nth,
        )
        with suppress(Exception):
            self.world.rescan(full)
        self.sandbox.clear_faults()
        self.expected.note_begun()

    @rule(
        fault=st.sampled_from(FAULTS),
        endpoint=st.sampled_from(("companies", "contacts", "any")),
        nth=st.integers(1, 4),
    )
    def fail(self, fault, endpoint, nth) -> None:
        self.sandbox.fault(fault, endpoint, nth=nth, times=0)
        self.world.run_quickly(SYNC)
        self.sandbox.clear_faults()
        self.expected.note_begun()

    @rule(hours=st.sampled_from((0.1, 1, 30)))
    def move_clock(self, hours) -> None:
        self.world.pass_time(hours)

    # -- People --------------------------------------------------------------------

    @staticmethod
    def backend(env):
        return env["connectwise.backend"].search([])

    @rule(which=any_one, company=any_one)
    def connect(self, which, company) -> None:
        def connect(env):
            row = self.pick(env["connectwise.mapping"].search([]), which)
            target = self.pick(env["connectwise.company"].search([]), company)
            row.connect(target)
            return row.partner_id.id, target.connectwise_ref

        if decided := self.as_person(connect):
            self.expected.decided.update([decided])

    @rule(which=any_one)
    def disconnect(self, which) -> None:
        def disconnect(env):
            rows = env["connectwise.mapping"].search(
                [("connectwise_company_id", "!=", False)]
            )
            row = self.pick(rows, which)
            row.action_disconnect()
            return row.partner_id.id

        if partner := self.as_person(disconnect):
            self.expected.decided[partner] = None

    @rule(which=any_one, method=st.sampled_from(("enable_contact", "disable_contact")))
    def decide_about_contact(self, which, method) -> None:
        def decide(env):
            rows = env["connectwise.mapping"].search([("contact_id", "!=", False)])
            return getattr(self.pick(rows, which), method)()

        self.as_person(decide)

    @rule(on=st.booleans())
    def enable_automatically(self, on) -> None:
        self.as_person(
            lambda env: self.backend(env).write({"auto_enable_contacts": on})
        )

    @rule()
    def test_connection(self) -> None:
        self.as_person(lambda env: self.backend(env).action_test_connection())

    @rule(which=any_one, other=any_one)
    def merge_customers(self, which, other) -> None:
        def merge(env):
            customers = env["connectwise.mapping"].search([]).partner_id
            gone, kept = self.pick(customers, which), self.pick(customers, other)
            if gone == kept:
                return False
            rows = {
                row.partner_id: row for row in env["connectwise.mapping"].search([])
            }
            says = rows[kept].connectwise_company_id or rows[kept].disconnected
            ids = gone.id, kept.id
            env["base.partner.merge.automatic.wizard"]._merge([*ids], kept)
            return *ids, bool(says)

        if result := self.as_person(merge, "admin"):
            self.expected.note_merge(*result)

    @rule(name=st.sampled_from(NAMES), account=st.sampled_from(ACCOUNTS))
    def create_customer(self, name, account) -> None:
        self.as_person(
            lambda env: (
                env["res.partner"].create(
                    {"name": name, "ref": account, "customer_rank": 1}
                )
            )
        )

    @rule(which=any_one, email=st.sampled_from(EMAILS))
    def enter_contact(self, which, email) -> None:
        """Enter a contact that the synchronization may meet."""

        def enter(env):
            customer = self.pick(
                env["connectwise.mapping"].search([]).partner_id, which
            )
            env["res.partner"].create(
                {"name": "By Hand", "email": email, "parent_id": customer.id}
            )

        self.as_person(enter)

    @rule()
    def fetch(self) -> None:
        self.world.run_quickly(PREFETCH)

    @rule(which=any_one)
    def refresh(self, which) -> None:
        def refresh(env):
            moves = env["account.move"].search([("name", "like", "CW1")])
            self.pick(moves, which).action_refresh_pdf()

        self.as_person(refresh)

    @rule(which=any_one, is_down=st.booleans())
    def send(self, which, is_down) -> None:
        with self.world.env() as env:
            moves = env["account.move"].search(
                [("name", "like", "CW1"), ("name", "not in", list(self.sent))]
            )
            number = self.pick(moves, which).name
        if not number:
            return
        if is_down:
            self.sandbox.fault("unavailable", times=0)
        self.world.send(number)
        self.sandbox.clear_faults()
        self.sent.add(number)
        self.expected.note_trust(number)

    # -- After each step -----------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        type(self).steps += 1
        if not self.world.was_written():
            return
        self.complain(self.expected.check(self.take_log()))

    def take_log(self) -> str:
        lines = "\n".join(self.world.log.lines)
        self.world.log.lines.clear()
        return lines

    def complain(self, violations: list[str]) -> None:
        if violations:
            type(self).violations = tuple(violations)
        assert violations == [], violations

    def as_person(self, act, login: str = "accountant"):
        """Let a person do something.

        :return: its result, true if there is none; false if Odoo refused it
        """
        from odoo.exceptions import UserError

        try:
            with self.world.env(login) as env:
                result = act(env)
                return True if result is None else result
        except UserError:
            return False

    def teardown(self) -> None:
        """Check that everything comes to rest when left alone."""
        self.sandbox.clear_faults()
        self.world.pass_time(2)
        for _ in range(3):
            self.world.run_quickly(SYNC)
        with self.world.env() as env:
            self.complain(invariants.check_nothing_runs(env))
