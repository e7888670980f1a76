"""Records may lack fields, but the fields they have must be right."""

import doctest
import importlib
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectwise_client import (
    Company,
    Contact,
    Invoice,
    RecordError,
    Reference,
    const,
)
from connectwise_client.records import SkippedRecord

Case = Callable[[str], Any]
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


def test_contact_is_read_with_all_its_fields() -> None:
    row = {
        "id": 1,
        "firstName": "A",
        "lastName": "B",
        "title": "Owner",
        "inactiveFlag": True,
        "company": {"id": 2, "name": "C"},
        "communicationItems": [item("a@x"), item("1", "Phone")],
        "_info": {"lastUpdated": "2026-06-01T12:00:00Z"},
    }
    assert Contact.from_json(row) == Contact(
        id=1,
        first_name="A",
        last_name="B",
        title="Owner",
        is_inactive=True,
        company=Reference(2, "C"),
        email="a@x",
        phone="1",
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


def test_contact_is_read(case: Case) -> None:
    assert Contact.from_json(case("contacts/emma-diaz")) == Contact(
        id=58118,
        first_name="Emma",
        last_name="Diaz",
        is_inactive=False,
        company=Reference(250, "Bob Technology Services", "Bob Technology Service"),
        email="emma@test.com",
        phone="+166155555",
    )


def test_contact_without_company_and_communication_is_read(case: Case) -> None:
    contact = Contact.from_json(case("contacts/frank-fenrir-minimal"))
    assert (contact.company, contact.email, contact.phone) == (None, None, None)


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("A", "B", "A B"), ("A", None, "A"), (None, "B", "B"), (None, None, "")],
)
def test_name_consists_of_first_and_last_name(
    first: str | None, last: str | None, name: str
) -> None:
    assert Contact(1, first, last).name == name


def item(value: object, kind: str = "Email", default: object = False) -> dict[str, Any]:
    return {"value": value, "communicationType": kind, "defaultFlag": default}


@pytest.mark.parametrize(
    ("items", "email"),
    [
        ([item("a@x"), item("b@x", default=True)], "b@x"),
        ([item("a@x"), item("b@x")], "a@x"),
        ([item("1", "Phone", True), item(" a@x ")], "a@x"),
        ([item(None, default=True), item("  "), item("a@x")], "a@x"),
        ([item("1", "Phone")], None),
        ([], None),
    ],
)
def test_email_is_the_default_one_else_the_first(
    items: list[Any], email: str | None
) -> None:
    contact = Contact.from_json({"id": 1, "communicationItems": items})
    assert contact.email == email


def read_email(value: str) -> str | None:
    return Contact.from_json({"id": 1, "communicationItems": [item(value)]}).email


@pytest.mark.parametrize(
    "invisible",
    [
        "\u200b",
        "\ufeff",
        "\u200e",
        "\u00ad",
        "\u2060",
        "\u202e",
        "\x7f",
        "\ufe0f",
        "\u034f",
    ],
)
def test_invisible_characters_are_taken_out_of_an_email(invisible: str) -> None:
    assert read_email(f"{invisible}em{invisible}ma@x.com{invisible}") == "emma@x.com"


@pytest.mark.parametrize(
    "value",
    [
        "emma@x.com",
        "\u00a0emma@x.com\u00a0",
        "emma@x.com\n",
        "emma@x",
        "O'Brien+bills@mail.x-y.co.uk",
        "emma_d.diaz@x.com",
        "jörg@müller.example",
    ],
)
def test_plain_address_is_read_as_an_email(value: str) -> None:
    assert read_email(value) == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        "a@[<a href='https://evil.example'>x</a>]",
        "a@<b>x.com",
        "<emma@x.com>",
        "Emma Diaz <emma@x.com>",
        '"emma"@x.com',
        "emma@x.com, bob@x.com",
        "emma@x.com;bob@x.com",
        "emma@x.com bob@x.com",
        "emma@x.com\u00a0bob",
        "emma@x.com\nbcc:bob@x.com",
        "em ma@x.com",
        "em\u00a0ma@x.com",
        "emma@x.com\u2028b",
        "emma@@x.com",
        "emma@x.com@y.com",
        "mailto:emma@x.com",
        "emma(billing)@x.com",
        "emma@[127.0.0.1]",
        ".emma@x.com",
        "emma.@x.com",
        "emma@x..com",
        "emma@-x.com",
        "emma@x.com.",
        "=cmd|'x'!A@x.com",
        "emma",
        "@x.com",
        "emma@",
        "\u200b",
    ],
)
def test_other_text_is_not_read_as_an_email(value: str) -> None:
    assert read_email(value) is None


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "@SUM(1)", "{=1+1}", " =1+1", "\t=1", "\r@A", "=cmd|' /C calc'!A0"),
        *("http://x.com", "HTTPS://x.com", "ftp://x", "mailto:a@x", "external:c:\\x"),
        "internal:Sheet1!A1",
    ],
)
def test_text_is_never_a_formula(text: str) -> None:
    company = Company.from_json(
        {
            "id": 1,
            "status": {"name": text},
            **dict.fromkeys(("identifier", "name", "accountNumber", "city"), text),
        }
    )
    assert {
        company.identifier,
        company.name,
        company.account_number,
        company.city,
        company.status,
    } == {f"'{text}"}


def test_phone_number_is_never_a_formula() -> None:
    items = [item("=1+1", "Phone")]
    contact = Contact.from_json({"id": 1, "communicationItems": items})
    assert contact.phone == "'=1+1"


@pytest.mark.parametrize(
    "text", ["+1 512 555 0100", "-", "Acme = Co", "A-1", "http", "", "'=1", "\u00a0A"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert Company.from_json({"id": 1, "name": text}).name == text


def test_invoice_number_is_compared_as_it_is() -> None:
    assert Invoice.from_json({"id": 1, "invoiceNumber": "=1"}).number == "=1"


def test_examples_in_the_docstrings_are_true() -> None:
    result = doctest.testmod(importlib.import_module("connectwise_client.texts"))
    assert result.attempted and not result.failed


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


def test_lone_surrogate_becomes_a_question_mark() -> None:
    assert Company.from_json({"id": 1, "name": "A\ud800B"}).name == "A?B"


def test_nul_characters_are_dropped() -> None:
    assert Company.from_json({"id": 1, "name": "A\0B"}).name == "AB"


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


@pytest.mark.parametrize("items", [{}, ["a@x"], [item(1)], [item("a", default=1)]])
def test_mistyped_communication_items_are_named(items: object) -> None:
    with pytest.raises(RecordError) as caught:
        Contact.from_json({"id": 5, "communicationItems": items})
    assert caught.value.field.startswith("communicationItems")
    assert caught.value.record_id == 5


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


TEXTS: list[tuple[Any, str, int, Callable[[str], dict[str, Any]]]] = [
    (Company, "identifier", 156, lambda text: {"identifier": text}),
    (Company, "name", 156, lambda text: {"name": text}),
    (Company, "accountNumber", 100, lambda text: {"accountNumber": text}),
    (Company, "status.name", 156, lambda text: {"status": {"name": text}}),
    (Company, "city", 50, lambda text: {"city": text}),
    (
        Company,
        "billToCompany.identifier",
        156,
        lambda text: {"billToCompany": {"id": 2, "identifier": text}},
    ),
    (Contact, "firstName", 50, lambda text: {"firstName": text}),
    (
        Contact,
        "communicationItems.value",
        250,
        lambda text: {
            "communicationItems": [{"communicationType": "Email", "value": text}]
        },
    ),
    (Invoice, "invoiceNumber", 15, lambda text: {"invoiceNumber": text}),
    (
        Invoice,
        "currency.currencyCode",
        50,
        lambda text: {"currency": {"currencyCode": text}},
    ),
]


@pytest.mark.parametrize(("record", "field", "length", "values"), TEXTS)
def test_text_much_longer_than_documented_is_refused(
    record: Any, field: str, length: int, values: Callable[[str], dict[str, Any]]
) -> None:
    record.from_json({"id": 1, **values("x" * length * 10)})
    with pytest.raises(RecordError) as caught:
        record.from_json({"id": 1, **values("x" * (length * 10 + 1))})
    assert caught.value.field == field
    assert str(caught.value).endswith(f"is {length * 10 + 1} characters long")


def test_every_stored_text_has_a_maximum_length() -> None:
    assert {field.rpartition(".")[2] for _kind, field, *_rest in TEXTS} <= set(
        const.TEXT_LENGTHS
    )


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
