"""A contact has at most one e-mail address, and that is one plain address."""

from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import Case

from connectwise_client import Contact, RecordError, Reference


def item(value: object, kind: str = "Email", default: object = False) -> dict[str, Any]:
    return {"value": value, "communicationType": kind, "defaultFlag": default}


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


def test_phone_number_is_never_a_formula() -> None:
    items = [item("=1+1", "Phone")]
    contact = Contact.from_json({"id": 1, "communicationItems": items})
    assert contact.phone == "'=1+1"


@pytest.mark.parametrize("items", [{}, ["a@x"], [item(1)], [item("a", default=1)]])
def test_mistyped_communication_items_are_named(items: object) -> None:
    with pytest.raises(RecordError) as caught:
        Contact.from_json({"id": 5, "communicationItems": items})
    assert caught.value.field.startswith("communicationItems")
    assert caught.value.record_id == 5
