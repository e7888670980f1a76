"""Records may lack fields, but the fields they have must be right."""

from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import Case
from hypothesis import given
from hypothesis import strategies as st

from connectwise_client import Company, Contact, Invoice, RecordError, Reference
from connectwise_client.records import SkippedRecord

ACME = Reference(250, "Acme Corporation", "ACME")


def test_company_with_explicit_nulls_is_read(case: Case) -> None:
    assert Company.from_json(case("companies/explicit-nulls")) == Company(
        id=2,
        identifier="YourCompany",
        name="TestCompany",
        account_number="",
        status="Active",
        is_deleted=False,
        bill_to_company=Reference(2, "TestCompany", "YourCompany"),
        billing_contact=None,
        last_updated=datetime(2015, 12, 24, 22, 8, 22, tzinfo=timezone.utc),
    )


def test_company_is_read_with_all_its_fields() -> None:
    row = {
        "id": 1,
        "identifier": "ACME",
        "name": "Acme",
        "accountNumber": "A-1",
        "status": {"id": 3, "name": "Active"},
        "city": "Tampa",
        "deletedFlag": True,
        "billToCompany": {"id": 2, "name": "B", "identifier": "BB"},
        "billingContact": {"id": 7, "name": "C"},
        "_info": {"lastUpdated": "2026-06-01T12:00:00Z"},
    }
    assert Company.from_json(row) == Company(
        id=1,
        identifier="ACME",
        name="Acme",
        account_number="A-1",
        status="Active",
        city="Tampa",
        is_deleted=True,
        bill_to_company=Reference(2, "B", "BB"),
        billing_contact=Reference(7, "C"),
        last_updated=datetime(2026, 6, 1, 12, tzinfo=timezone.utc),
    )


@pytest.mark.parametrize("kind", [Company, Contact, Invoice])
def test_bad_record_names_its_kind(kind: Any) -> None:
    with pytest.raises(RecordError) as caught:
        kind.from_json({})
    assert caught.value.record == kind.__name__


def test_company_in_the_recycle_bin_is_marked() -> None:
    assert Company.from_json({"id": 1, "deletedFlag": True}).is_deleted


def test_company_has_the_bill_to_contact_not_the_default_one() -> None:
    company = Company.from_json(
        {"id": 1, "billingContact": {"id": 7, "name": "B"}, "defaultContact": {"id": 8}}
    )
    assert company.billing_contact == Reference(7, "B")


def test_invoice_is_read(case: Case) -> None:
    assert Invoice.from_json(case("invoices/constructed-from-schema")) == Invoice(
        id=1129,
        number="CW1129",
        type="Standard",
        status="New",
        is_closed=False,
        company=ACME,
        bill_to_company=ACME,
        date=datetime(2026, 6, 1, tzinfo=timezone.utc),
        currency_code="USD",
        total=107.0,
        last_updated=datetime(2026, 6, 1, 12, tzinfo=timezone.utc),
    )


def test_invoice_without_a_number_is_read() -> None:
    assert Invoice.from_json({"id": 1}) == Invoice(1)


def test_blank_reference_is_none() -> None:
    """ConnectWise sends it in place of records that the API member may not see."""
    assert Invoice.from_json({"id": 1, "company": {}}).company is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-01T12:30:00Z", datetime(2026, 6, 1, 12, 30)),
        ("2026-06-01T12:30:00", datetime(2026, 6, 1, 12, 30)),
        ("2026-06-01 12:30:00.1234567Z", datetime(2026, 6, 1, 12, 30)),
        ("2026-06-01T12:30:00-02:00", datetime(2026, 6, 1, 14, 30)),
        ("2026-06-01", datetime(2026, 6, 1)),
    ],
)
def test_times_are_in_utc(text: str, moment: datetime) -> None:
    expected = moment.replace(tzinfo=timezone.utc)
    found = Invoice.from_json({"id": 1, "date": text}).date
    assert found == expected
    assert found.tzinfo is timezone.utc


def test_empty_time_is_none() -> None:
    assert Invoice.from_json({"id": 1, "date": ""}).date is None


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "id"),
        ({"id": None}, "id"),
        ({"id": "1"}, "id"),
        ({"id": True}, "id"),
        ({"id": 1.0}, "id"),
        ({"id": 0}, "id"),
        ({"id": -1}, "id"),
        ({"id": 2**31}, "id"),
        ({"id": 1, "invoiceNumber": 1129}, "invoiceNumber"),
        ({"id": 1, "company": "ACME"}, "company"),
        ({"id": 1, "company": {"id": "250"}}, "company.id"),
        ({"id": 1, "company": {"id": 250, "name": 7}}, "company.name"),
        ({"id": 1, "status": []}, "status"),
        ({"id": 1, "currency": {"currencyCode": 1}}, "currency.currencyCode"),
        ({"id": 1, "total": "107.00"}, "total"),
        ({"id": 1, "total": True}, "total"),
        ({"id": 1, "total": float("nan")}, "total"),
        ({"id": 1, "total": float("inf")}, "total"),
        ({"id": 1, "total": 10**400}, "total"),
        ({"id": 1, "total": 1e15}, "total"),
        ({"id": 1, "total": -1e15}, "total"),
        ({"id": 1, "date": 20260601}, "date"),
        ({"id": 1, "date": "yesterday"}, "date"),
        ({"id": 1, "date": "2026-13-01T00:00:00Z"}, "date"),
        ({"id": 1, "date": "0001-01-01T00:00:00+14:00"}, "date"),
        ({"id": 1, "_info": {"lastUpdated": {}}}, "_info.lastUpdated"),
    ],
)
def test_mistyped_field_is_named(row: object, field: str) -> None:
    with pytest.raises(RecordError) as caught:
        Invoice.from_json(row)
    assert (caught.value.record, caught.value.field) == ("Invoice", field)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"id": 1, "deletedFlag": "false"}, "deletedFlag"),
        ({"id": 1, "billToCompany": []}, "billToCompany"),
    ],
)
def test_mistyped_field_of_a_company_is_named(row: object, field: str) -> None:
    with pytest.raises(RecordError) as caught:
        Company.from_json(row)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ([], "Invoice (no id): it is not an object"),
        ({}, "Invoice (no id): id is missing"),
        ({"id": 0}, "Invoice (no id): id is out of range"),
        ({"id": "1"}, "Invoice (no id): id is not of type int"),
        ({"id": 5, "type": 1}, "Invoice 5: type is not of type str"),
        ({"id": 5, "total": "1"}, "Invoice 5: total is not a plausible number"),
        ({"id": 5, "date": "now"}, "Invoice 5: date is not a time"),
        ({"id": 5, "status": 1}, "Invoice 5: status is not an object"),
        (
            {"id": 5, "company": {"id": 1, "name": 1}},
            "Invoice 5: company.name is not of type str",
        ),
    ],
)
def test_log_says_why_a_record_was_refused(row: object, text: str) -> None:
    with pytest.raises(RecordError) as caught:
        Invoice.from_json(row)
    assert str(caught.value) == text


def test_skipped_record_says_why() -> None:
    assert SkippedRecord(5, RecordError("Invoice 5: no")).reason == "Invoice 5: no"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "value", "lastUpdated", "currencyCode"]),
            inner,
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Invoice, ["invoiceNumber", "date", "total", "company", "currency", "_info"]),
        (Contact, ["firstName", "communicationItems", "company", "inactiveFlag"]),
        (Company, ["name", "deletedFlag", "billToCompany", "billingContact", "_info"]),
    ],
)
@given(data=st.data())
def test_any_record_is_read_or_a_record_error(
    kind: Any, names: list[str], data: st.DataObject
) -> None:
    row = data.draw(st.dictionaries(st.sampled_from(["id", *names]), JSON) | JSON)
    try:
        record = kind.from_json(row)
    except RecordError:
        return
    assert record.id == row["id"]


@pytest.mark.parametrize(
    ("status", "is_closed"),
    [
        ({"id": 1, "isClosed": True}, True),
        ({"id": 1, "isClosed": False}, False),
        ({"id": 1}, None),
        (None, None),
    ],
)
def test_status_of_an_invoice_says_whether_it_is_closed(
    status: Any, is_closed: bool | None
) -> None:
    invoice = Invoice.from_json({"id": 1, "status": status})
    assert invoice.is_closed is is_closed
