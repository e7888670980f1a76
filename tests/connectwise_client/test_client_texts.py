"""Texts of records are cleaned, are never formulas, and have a maximum length."""

import doctest
import importlib
from collections.abc import Callable
from typing import Any

import pytest

from connectwise_client import Company, Contact, Invoice, RecordError, const


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


def test_lone_surrogate_becomes_a_question_mark() -> None:
    assert Company.from_json({"id": 1, "name": "A\ud800B"}).name == "A?B"


def test_nul_characters_are_dropped() -> None:
    assert Company.from_json({"id": 1, "name": "A\0B"}).name == "AB"


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
