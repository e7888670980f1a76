"""Looking invoices up by their numbers, many in one request."""

from typing import Any
from unittest.mock import patch

import pytest
from conftest import CONTACTS_PATH, INVOICES_PATH, Connect, Tenant, ids, rows
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug import Request

from connectwise_client import (
    AmbiguousNumberError,
    BadAnswerError,
    ConnectWiseClient,
    Credentials,
    UnqueryableError,
    const,
)
from connectwise_client.conditions import ids_condition
from connectwise_client.const import (
    CONTACTS,
    INVOICES,
    MAX_URL_LENGTH,
)
from connectwise_client.lists import ListReader
from connectwise_client.protocol import Request as ClientRequest
from connectwise_client.protocol import list_request


def test_invoice_is_found_by_its_number(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES_PATH, rows(9, 1, invoiceNumber="CW1129"))
    [([invoice], [])] = client.find_invoices(["CW1129"])
    assert invoice.id == 9
    assert tenant.conditions == ['invoiceNumber = "CW1129"']


def test_only_the_fields_that_are_read_are_asked_for(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES_PATH, [])
    list(client.find_invoices(["CW1129"]))
    assert tenant.requests[0].args["fields"] == ",".join(INVOICES.fields)


def test_number_that_is_not_there_finds_nothing(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES_PATH, [])
    assert list(client.find_invoices(["CW1129"])) == []


def test_only_equal_numbers_are_found(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    """A server's idea of a match is not trusted."""
    numbers = ["CW1", "cw1 ", "CW10", "XCW1", None]
    found = [{"id": n + 1, "invoiceNumber": number} for n, number in enumerate(numbers)]
    tenant.answers(INVOICES_PATH, found)
    assert ids(client.find_invoices([" Cw1"])) == [1, 2]


def test_invoice_without_a_number_is_never_found(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES_PATH, [{"id": 1}, {"id": 2, "invoiceNumber": ""}])
    assert list(client.find_invoices(["CW1"])) == []


def test_numbers_that_cannot_exist_cost_no_request(client: ConnectWiseClient) -> None:
    assert list(client.find_invoices(["", " ", "INV/2026/0000001"])) == []
    assert client.request_count == 0


def test_number_that_cannot_be_asked_for_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES_PATH, rows(9, 1, invoiceNumber="CW1"))
    pages = list(client.find_invoices(["CW1", "CW*"]))
    assert ids(pages) == [9]
    [left_out] = pages[0][1]
    assert isinstance(left_out.error, UnqueryableError)
    assert left_out.error.value == "CW*"


def test_invoice_that_cannot_be_read_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    found = [{"id": 1, "invoiceNumber": "CW1"}, {"id": 2, "invoiceNumber": 2}]
    tenant.answers(INVOICES_PATH, found)
    [(records, skipped)] = client.find_invoices(["CW1", "2"])
    assert ([r.id for r in records], [s.id for s in skipped]) == ([1], [2])


def test_fifty_numbers_are_one_request(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES_PATH, [])
    list(client.find_invoices(f"CW{n:04}" for n in range(101)))
    sizes = sorted(c.count('"') // 2 for c in tenant.conditions if c)
    assert sizes == [1, 50, 50]


@given(
    st.lists(
        st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=15),
        max_size=60,
    )
)
@example([f"{n}{'界' * 13}" for n in range(60)])
def test_no_url_is_too_long(numbers: list[str]) -> None:
    urls = []

    def note(reader: ListReader, request: ClientRequest) -> list[object]:
        urls.append(request.url("https://api-na.myconnectwise.net", "v4_6_release/"))
        return []

    client = ConnectWiseClient(
        "na", Credentials("a", "b", "c", "d"), codebase="v4_6_release"
    )
    with patch.object(ListReader, "rows", note):
        list(client.find_invoices(numbers))
    assert all(len(url) <= MAX_URL_LENGTH for url in urls)


def hits(*counts: tuple[str, int]) -> list[Any]:
    """Return this many invoices of each number, with ids from 1 on."""
    numbers = [number for number, count in counts for _ in range(count)]
    return [{"id": n, "invoiceNumber": text} for n, text in enumerate(numbers, 1)]


def serve_numbers(tenant: Tenant, invoices: list[Any]) -> None:
    """Serve invoices by number, as many as are requested."""

    def find(request: Request) -> Any:
        found = [
            invoice
            for invoice in invoices
            if f'"{invoice["invoiceNumber"]}"' in request.args["conditions"]
        ]
        return found[: int(request.args["pageSize"])]

    tenant.answers(INVOICES_PATH, find)


@pytest.mark.parametrize(("count", "read"), [(20, 20), (21, 21), (3_000, 21)])
def test_one_more_than_twenty_hits_of_a_number_are_read(
    client: ConnectWiseClient, tenant: Tenant, count: int, read: int
) -> None:
    serve_numbers(tenant, hits(("CW1", count)))
    assert ids(client.find_invoices(["CW1"])) == list(range(1, read + 1))
    assert [request.args["pageSize"] for request in tenant.requests] == ["21"]


@pytest.mark.parametrize("count", [21, 22, 3_000])
def test_number_with_more_hits_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant, count: int
) -> None:
    numbers = [f"CW{number}" for number in range(50)]
    invoices = hits(*((number, count if number == "CW7" else 1) for number in numbers))
    serve_numbers(tenant, invoices)
    pages = list(client.find_invoices(numbers))
    assert not any(skipped for _found, skipped in pages)
    found = [invoice.number for found, _skipped in pages for invoice in found]
    assert {number: found.count(number) for number in numbers} == {
        number: 21 if number == "CW7" else 1 for number in numbers
    }
    assert len(tenant.requests) <= 1 + 2 * 6


@pytest.mark.parametrize("flaw", [{"total": "x"}, {"invoiceNumber": "CW2"}])
def test_number_with_more_hits_than_can_be_read_is_left_out(
    client: ConnectWiseClient, tenant: Tenant, flaw: dict[str, str]
) -> None:
    """One of the unread hits may be the right one."""
    invoices = hits(("CW1", 21))
    invoices[3].update(flaw)
    tenant.answers(INVOICES_PATH, invoices)
    [(found, [*_others, skipped])] = client.find_invoices(["CW1"])
    assert not found
    assert isinstance(skipped.error, AmbiguousNumberError)
    assert skipped.error.value == "CW1"
    assert skipped.reason == "More than 20 invoices have the number CW1"


def test_more_records_than_requested_ids_are_refused(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(CONTACTS_PATH, rows(1, 3))
    with pytest.raises(BadAnswerError) as caught:
        list(client.contacts([1, 2]))
    assert caught.value.reason == "too_large"
    assert tenant.requests[0].args["pageSize"] == "2"


def test_invoices_are_read_by_id(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(INVOICES_PATH, rows(4, 2))
    assert ids(client.get_invoices([5, 4, 5])) == [4, 5]
    assert tenant.conditions == ["id in (4,5)"]


def test_contacts_are_read_by_id(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(CONTACTS_PATH, rows(4, 2))
    assert ids(client.contacts([5, 4, 5])) == [4, 5]
    assert tenant.conditions == ["id in (4,5)"]
    assert tenant.requests[0].args["fields"] == ",".join(CONTACTS.fields)


def test_records_nobody_asked_for_are_dropped(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(CONTACTS_PATH, rows(1, 2))
    assert ids(client.contacts([2, 7])) == [2]


def test_no_ids_cost_no_request(client: ConnectWiseClient) -> None:
    assert list(client.contacts([])) == []
    assert client.request_count == 0


@pytest.mark.parametrize(("first", "runs"), [(1, [1, 150, 150]), (2**31 - 301, None)])
def test_ids_are_asked_for_in_requests_that_fit(
    connect: Connect, tenant: Tenant, first: int, runs: list[int] | None
) -> None:
    def find(request: Request) -> Any:
        inside = request.args["conditions"].partition("(")[2].rstrip(")")
        return [{"id": int(text)} for text in inside.split(",")]

    tenant.answers(CONTACTS_PATH, find)
    wanted = list(range(first, first + 301))
    assert ids(connect(tenant.place).contacts(wanted)) == wanted
    sizes = sorted(c.count(",") + 1 for c in tenant.conditions if c)
    assert runs is None or sizes == runs
    assert all(len(request.url) <= MAX_URL_LENGTH for request in tenant.requests)


@pytest.mark.parametrize(("spare", "requests"), [(0, 1), (-1, 2)])
def test_requests_use_the_permitted_length(
    client: ConnectWiseClient,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    spare: int,
    requests: int,
) -> None:
    condition = ids_condition([1, 2])
    longest = list_request(CONTACTS, condition)
    url = longest.url(client.origin, "v4_6_release/")
    monkeypatch.setattr(const, "MAX_URL_LENGTH", len(url) + spare)
    tenant.list_of("/company/contacts", rows(1, 2))
    list(client.contacts([1, 2]))
    assert len(tenant.requests) == requests
