"""Completing the rows of hard cases, which contain only their special values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from .data import CLIENT_TYPE, Amounts, communication_items, money_columns
from .hard_cases import HardCase, Row
from .store import Store

# The id of a company's contact is the company's id plus this, unless its case says
# otherwise.
_CONTACT_OFFSET = 4500


def insert(store: Store, cases: list[HardCase], today: date) -> None:
    """Write the records of `cases` into `store`."""
    made = {row["id"] for case in cases for row in case.contacts}
    for case in cases:
        store.insert("companies", (_company(row, today) for row in case.companies))
        rows = list(case.contacts)
        for row in case.companies:
            usual = _CONTACT_OFFSET + row["id"]
            if usual not in made:
                rows.append(_keeper(usual, row["id"]))
        store.insert("contacts", (_contact_row(row, today) for row in rows))
        store.insert("invoices", (_invoice(row, today) for row in case.invoices))


def _keeper(number: int, company: int) -> Row:
    return {
        "id": number,
        "first_name": "Pat",
        "last_name": "Keeper",
        "company_id": company,
    }


def _moment(today: date, days: int) -> str:
    return f"{(today - timedelta(days)).isoformat()}T09:30:00Z"


def _company(row: Row, today: date) -> dict[str, Any]:
    number = row["id"]
    whole = {
        "identifier": f"HardCase{number}",
        "status_id": 1,
        "address1": f"{number} Harbor Road",
        "city": "Tampa",
        "state": "FL",
        "zip": "33602",
        "phone": f"55555501{number % 100:02d}",
        "website": f"www.hard{number}.example",
        "account_number": f"AC{number:06d}",
        "default_contact_id": _CONTACT_OFFSET + number,
        "bill_to_company_id": number,
        "billing_contact_id": _CONTACT_OFFSET + number,
        "currency": "USD",
        "deleted": 0,
        "types": CLIENT_TYPE,
        "updated": _moment(today, 40),
    }
    if row.get("deleted"):
        whole |= {"date_deleted": _moment(today, 41), "deleted_by": "zAdmin"}
    return {**whole, **row}


def _contact_row(row: Row, today: date) -> dict[str, Any]:
    number, company = row["id"], row["company_id"]
    email = f"{row['first_name']}@hard{company}.example".lower()
    whole = {
        "title": "Office Manager",
        "inactive": 0,
        "default_contact": 1,
        "default_billing": 1,
        "items": communication_items(number * 10, email, "5555550100"),
        "updated": _moment(today, 40),
    }
    return {**whole, **row}


def _invoice(row: Row, today: date) -> dict[str, Any]:
    kind = row.get("type", "Standard")
    quarters = row.get("quarter_hours", 4 + row["id"] % 10)
    amounts = Amounts(0, 0, quarters, 14500, 0, 0, -1 if kind == "CreditMemo" else 1)
    agreement, service, product, subtotal, tax, total = money_columns(amounts)
    whole = {
        "type": kind,
        "status_id": 2,
        "bill_to_company_id": row["company_id"],
        "attention": "Accounts Payable",
        "date": f"{(today - timedelta(30)).isoformat()}T00:00:00Z",
        "due_date": f"{today.isoformat()}T00:00:00Z",
        "currency": "USD",
        "agreement_amount": agreement,
        "service_total": service,
        "product_total": product,
        "subtotal": subtotal,
        "sales_tax": tax,
        "total": total,
        "payments": 0.0,
        "credits": 0.0,
        "updated": _moment(today, 30),
        **row,
    }
    whole.pop("quarter_hours", None)
    return whole
