"""The demo has an example of what people have to look at."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from connectwise_sandbox import Sandbox
from testbed import demo_data
from testbed.databases import prepare_reconciliation_template
from testbed.environment import run_module
from testbed.odoo_process import OdooProcess
from testbed.person import Person
from testbed.postgresql import copied_database, postgresql

CRON = "ir_cron_connectwise_reconciliation"


@pytest.fixture(scope="module")
def process() -> Iterator[OdooProcess]:
    """The demo's Odoo, with the reconciliation."""
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        sandbox = stack.enter_context(Sandbox(**demo_data.SANDBOX, today="2026-10-31"))
        database = stack.enter_context(
            copied_database(prepare_reconciliation_template(), "benji_demo_data")
        )
        run_module(
            *("testbed.demo_data", database, sandbox.url), local_hosts=sandbox.host
        )
        hosts = {"BENJI_CONNECTWISE_LOCAL_HOSTS": sandbox.host}
        yield stack.enter_context(OdooProcess(database, environment=hosts))


@pytest.fixture
def accountant(process: OdooProcess) -> Iterator[Person]:
    with process.person("accountant") as person:
        yield person


def test_demo_has_each_status_of_a_reconciliation(
    process: OdooProcess, accountant: Person
) -> None:
    with process.person("admin") as admin:
        admin.run_scheduled_action(f"benji_connectwise_reconciliation.{CRON}")
    model = "connectwise.reconciliation.line"
    fields = accountant.call(model, "fields_get", ["status"])
    statuses = {status for status, _label in fields["status"]["selection"]}
    lines = accountant.call(model, "search_read", [], ["status", "is_zero"])
    assert {line["status"] for line in lines} == statuses
    assert any(line["is_zero"] for line in lines)


def test_demo_has_invoices_that_a_number_rule_would_find(accountant: Person) -> None:
    model = "connectwise.number.bench"
    [backend] = accountant.call("connectwise.backend", "search", [])
    bench = accountant.call(model, "create", {"backend_id": backend})
    accountant.call(model, "action_try", [bench])
    [tried] = accountant.call(model, "read", [bench], ["proposal"])
    count = len(demo_data.PADDED_NUMBER)
    assert f"would find {count} of " in tried["proposal"]


def test_demo_has_an_invoice_with_its_own_order(accountant: Person) -> None:
    domain = [["invoice_pdf_preference", "!=", False]]
    [move] = accountant.call(
        "account.move", "search_read", domain, ["invoice_pdf_preference_reason"]
    )
    assert move["invoice_pdf_preference_reason"]


def test_demo_has_an_invoice_that_is_still_open(accountant: Person) -> None:
    move = accountant.call("account.move", "search", [["name", "=", "CW1101"]])
    accountant.call("account.move", "action_refresh_pdf", move)
    [read] = accountant.call("account.move", "read", move, ["invoice_pdf_explanation"])
    assert "still open in ConnectWise" in read["invoice_pdf_explanation"]
