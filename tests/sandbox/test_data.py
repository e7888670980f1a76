"""The same seed gives the same data, believable and with all hard cases."""

from __future__ import annotations

import datetime

import pytest

from connectwise_sandbox import Sandbox
from connectwise_sandbox.conditions import compile_conditions
from connectwise_sandbox.hard_cases import COMPANY_CASES, INVOICE_CASES
from connectwise_sandbox.operations import Operations
from connectwise_sandbox.schema import INVOICE
from connectwise_sandbox.selection import find_field

from .conftest import Client


def everything(operations: Operations) -> list[object]:
    return [operations.export_companies(), operations.export_invoices()]


def test_same_seed_gives_the_same_data() -> None:
    assert everything(Operations(seed=5)) == everything(Operations(seed=5))


def test_another_seed_gives_other_data() -> None:
    assert everything(Operations(seed=5)) != everything(Operations(seed=6))


def test_more_companies_keep_the_first_ones() -> None:
    few, many = Operations(companies=40), Operations(companies=400)
    assert few.export_companies(1000, 10) == many.export_companies(1000, 10)


def test_first_ordinary_invoices_are_numbered_from_cw1001() -> None:
    invoices = Operations().export_invoices(20000, 13)
    assert [invoice["number"] for invoice in invoices] == [
        *(f"CW{number}" for number in range(1001, 1012)),
        "CM1001",
        "CW1012",
    ]


def test_one_invoice_in_twelve_is_a_credit_memo() -> None:
    invoices = Operations(companies=100, invoices=1212).export_invoices(20000)
    memos = [invoice for invoice in invoices if invoice["type"] == "CreditMemo"]
    assert len(memos) == len(invoices) // 12


def test_total_is_subtotal_and_tax() -> None:
    for invoice in Operations().export_invoices():
        expected = round(invoice["subtotal"] + invoice["sales_tax"], 2)
        assert invoice["total"] == expected, invoice


def test_invoices_are_spread_over_120_days_before_today() -> None:
    invoices = Operations(invoices=1000, today="2026-03-01").export_invoices(20000)
    last = datetime.date(2026, 3, 1)
    ages = [(last - datetime.date.fromisoformat(i["date"])).days for i in invoices]
    assert (min(ages), max(ages)) == (1, 120)


def test_all_hard_cases_are_there_by_name(sandbox: Sandbox) -> None:
    names = {case.name for case in (*COMPANY_CASES, *INVOICE_CASES)}
    assert set(sandbox.hard_cases) == names


@pytest.mark.parametrize("companies", [0, 1, 2, 3, 7, 10, 19, 25])
@pytest.mark.parametrize("invoices", [0, 1, 5, 30])
def test_small_sizes_are_kept_exactly(companies: int, invoices: int) -> None:
    made = Operations(companies=companies, invoices=invoices)
    expected = invoices if companies else 0
    assert len(made.export_companies()) == companies
    assert len(made.export_invoices()) == expected


def test_bill_to_another_company_has_its_contact(client: Client) -> None:
    south, group = client.sandbox.hard_cases["bill_to_another_company"]["companies"]
    company = client.get(f"company/companies/{south}").json()
    contact = client.get(f"company/contacts/{company['billingContact']['id']}").json()
    assert company["billToCompany"]["id"] == contact["company"]["id"] == group


def test_recycle_bin_twins_have_one_name(client: Client) -> None:
    ids = client.sandbox.hard_cases["recycle_bin_twins"]["companies"]
    twins = [client.get(f"company/companies/{number}").json() for number in ids]
    assert twins[0]["name"] == twins[1]["name"]
    assert [twin["deletedFlag"] for twin in twins] == [False, True]


def test_missing_billing_contact_answers_404(client: Client) -> None:
    (number,) = client.sandbox.hard_cases["missing_billing_contact"]["companies"]
    contact = client.get(f"company/companies/{number}").json()["billingContact"]
    assert contact["name"] == "Nobody Anymore"
    assert client.get(f"company/contacts/{contact['id']}").status_code == 404


def test_billing_contact_without_email_has_a_telephone(client: Client) -> None:
    case = client.sandbox.hard_cases["billing_contact_without_email"]
    (number,) = case["contacts"]
    items = client.get(f"company/contacts/{number}").json()["communicationItems"]
    assert [item["communicationType"] for item in items] == ["Phone"]


def test_invoice_without_number_has_no_such_key(client: Client) -> None:
    (number,) = client.sandbox.hard_cases["no_invoice_number"]["invoices"]
    assert "invoiceNumber" not in client.get(f"finance/invoices/{number}").json()


def test_same_number_belongs_to_two_companies(client: Client) -> None:
    records = client.get(
        "finance/invoices", conditions='invoiceNumber = "CW-TWICE-1"'
    ).json()
    assert len({record["company"]["id"] for record in records}) == 2


def test_lookup_by_number_uses_an_index() -> None:
    numbers = ", ".join(f'"CW{number}"' for number in range(1001, 1051))
    where = compile_conditions(
        f"invoiceNumber in ({numbers})", lambda path: find_field(INVOICE, path)
    )
    plan = Operations().store._fetch(
        f"EXPLAIN QUERY PLAN SELECT 1 FROM invoices t WHERE {where.sql}", where.values
    )
    assert "USING COVERING INDEX invoices_number" in str(plan)


def test_page_of_large_data_is_correct() -> None:
    large = Operations(companies=20_000, invoices=30_000)
    last = large.export_invoices(after=20000 + 29_000)[-1]
    assert last["company_id"] <= 1000 + 20_000
