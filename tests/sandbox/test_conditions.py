"""The language of conditions, tried over HTTP and compared with plain Python."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectwise_sandbox import Sandbox

from .conftest import Client

COMPANIES = "company/companies"
CONTACTS = "company/contacts"
INVOICES = "finance/invoices"


@pytest.mark.parametrize(
    ("path", "conditions", "expected"),
    [
        (COMPANIES, "id = 501", [501]),
        (COMPANIES, "id in (501, 503,999)", [501, 503]),
        (COMPANIES, 'name = "larkspur dental south"', [501]),
        (COMPANIES, "name = 'Larkspur*'", [501, 502]),
        (COMPANIES, 'name like "*dental group*"', [502]),
        (COMPANIES, 'name contains "spur dental"', [501, 502]),
        (COMPANIES, 'name not like "*"', []),
        (COMPANIES, 'name = "CAFÉ MAÑANA CRÊPERIE"', [518]),
        (COMPANIES, "name = 'Sam''s'", 400),
        (COMPANIES, "name = 'Sam*Best*'", [517]),
        (COMPANIES, "deletedFlag = True", [504]),
        (COMPANIES, "deletedflag=true and ID>0", [504]),
        (COMPANIES, "billToCompany/id != id", 400),
        (COMPANIES, "billToCompany/id = 502 and id < 502", [501]),
        (COMPANIES, "billToCompany/identifier = 'HardCase502' and id<502", [501]),
        (COMPANIES, 'billingContact/name = "gone away"', [514]),
        (COMPANIES, "status/name = 'Active' and id = 501", [501]),
        (COMPANIES, "accountNumber = null", [505]),
        (COMPANIES, "accountNumber != null and id in (504,505)", [504]),
        (COMPANIES, "id >= 501 and id <= 502", [501, 502]),
        (COMPANIES, "(id = 501 or id = 503) and not (id = 503)", [501]),
        (COMPANIES, "id = 501 or id = 503 and id = 504", [501]),
        (COMPANIES, "id not in (501) and id < 503", [502]),
        (COMPANIES, "lastUpdated > [2030-01-01]", []),
        (COMPANIES, "_info/lastUpdated<[2026-09-21T09:30:01Z] and id=501", [501]),
        (COMPANIES, "LastUpdated >= [2026-09-21T09:30:00Z] and id = 501", [501]),
        (CONTACTS, "inactiveFlag = true", [5014]),
        (CONTACTS, "company/id = 514", [5014]),
        (INVOICES, "invoiceNumber = 'cw-lark-1'", [301]),
        (INVOICES, 'invoiceNumber in ("CW-LARK-1", "nothing")', [301]),
        (INVOICES, 'type = "creditmemo" and id < 400', [310]),
        (INVOICES, "total = 0 and id < 400", [312]),
        (INVOICES, "currency/currencyCode = 'EUR'", [311]),
    ],
)
def test_conditions_find_the_matching_records(
    client: Client, path: str, conditions: str, expected: list[int] | int
) -> None:
    if isinstance(expected, int):
        assert client.get(path, conditions=conditions).status_code == expected
    else:
        assert client.ids(path, conditions=conditions) == expected


@pytest.mark.parametrize(
    ("path", "conditions", "message"),
    [
        (INVOICES, "invoiceDate = null", "invoiceDate is not a recognized name."),
        (INVOICES, "company = null", "Enum value supplied was invalid"),
        (INVOICES, "type = 'Bogus'", "Enum value supplied was invalid"),
        (COMPANIES, "types/name = 'Client'", "types/name is not a recognized name."),
        (COMPANIES, "name = Acme", "String values should be enclosed with double"),
        (COMPANIES, "name = 5", "String values should be enclosed with double"),
        (COMPANIES, "id = '5'", "String values should be enclosed with double"),
        (COMPANIES, "deletedFlag = 0", "String values should be enclosed with double"),
        (COMPANIES, "lastUpdated > '2026'", "String values should be enclosed"),
        (COMPANIES, "lastUpdated > [soon]", "String values should be enclosed"),
        (COMPANIES, "id = 5 and", "String values should be enclosed with double"),
        (COMPANIES, "(id = 5", "String values should be enclosed with double"),
        (COMPANIES, "id = 5; drop", "String values should be enclosed with double"),
    ],
)
def test_invalid_conditions_are_refused_with_a_reason(
    client: Client, path: str, conditions: str, message: str
) -> None:
    response = client.get(path, conditions=conditions)
    body = response.json()
    assert response.status_code == 400
    assert (body["code"], body["message"].startswith(message)) == (
        "ApiFindCondition",
        True,
    )


def test_bracket_is_escaped_by_brackets(client: Client) -> None:
    client.sandbox.patch_company(1001, {"name": "Acme [East]"})
    found = client.ids(COMPANIES, conditions='name = "acme [[]East]"')
    assert found == [1001]


def test_child_conditions_search_lists(client: Client) -> None:
    text = (
        'communicationItems/value like "gone@*"'
        ' AND communicationItems/communicationType="Email"'
    )
    assert client.ids(CONTACTS, childConditions=text) == [5014]


def test_child_conditions_apply_to_one_item(client: Client) -> None:
    text = (
        'communicationItems/value like "gone@*"'
        ' AND communicationItems/communicationType="Phone"'
    )
    assert client.ids(CONTACTS, childConditions=text) == []


def test_conditions_and_child_conditions_both_count(client: Client) -> None:
    found = client.ids(COMPANIES, childConditions="types/id = 1", conditions="id=501")
    assert found == [501]


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Meaning = Callable[[dict[str, Any]], bool]
Pair = tuple[str, Meaning]


def _compare(name: str, sign: str, shown: str, value: object) -> Pair:
    def meaning(record: dict[str, Any]) -> bool:
        found = record[name]
        return _OPERATORS[sign](
            found.lower() if isinstance(found, str) else found, value
        )

    return f"{name} {sign} {shown}", meaning


_SIGNS = st.sampled_from(sorted(_OPERATORS))
_NUMBERS = st.builds(
    lambda sign, value: _compare("id", sign, str(value), value),
    _SIGNS,
    st.integers(495, 1020),
)
_MONEY = st.builds(
    lambda sign, value: _compare("total", sign, str(value), value),
    _SIGNS,
    st.integers(-300, 5000),
)
_WORDS = st.builds(
    lambda sign, value: _compare("name", sign, f'"{value}"', value.lower()),
    _SIGNS,
    st.text("abckrstKR ", max_size=4),
)


def _joined(children: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    both = st.builds(
        lambda a, b: (f"({a[0]} and {b[0]})", lambda r: a[1](r) and b[1](r)),
        children,
        children,
    )
    either = st.builds(
        lambda a, b: (f"({a[0]} OR {b[0]})", lambda r: a[1](r) or b[1](r)),
        children,
        children,
    )
    negated = st.builds(lambda a: (f"not ({a[0]})", lambda r: not a[1](r)), children)
    return both | either | negated


@given(st.recursive(_NUMBERS | _WORDS, _joined, max_leaves=6))
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_companies_found_are_those_that_meet_the_conditions(
    running: Sandbox, pair: Pair
) -> None:
    client = Client(running)
    records = client.get(COMPANIES, pageSize=1000, fields="id,name").json()
    expected = [record["id"] for record in records if pair[1](record)]
    assert client.ids(COMPANIES, conditions=pair[0]) == expected


@given(st.recursive(_MONEY, _joined, max_leaves=4))
@settings(max_examples=30)
def test_invoices_found_are_those_that_meet_the_conditions(
    running: Sandbox, pair: Pair
) -> None:
    client = Client(running)
    records = client.get(INVOICES, pageSize=1000, fields="id,total").json()
    expected = [record["id"] for record in records if pair[1](record)]
    assert client.ids(INVOICES, conditions=pair[0]) == expected


@given(st.text(max_size=40))
@settings(max_examples=150)
def test_any_text_is_parsed_or_refused(running: Sandbox, text: str) -> None:
    response = Client(running).get(COMPANIES, conditions=text)
    assert response.status_code in (200, 400)
