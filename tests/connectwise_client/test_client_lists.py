"""Lists: keyset paging, requests in chunks, one unreadable record among many."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import (
    API,
    COMPANIES_PATH,
    CONTACTS_PATH,
    OCTOBER,
    Connect,
    Counter,
    Tenant,
    ids,
    rows,
    wait_until,
)
from werkzeug import Response

from connectwise_client import (
    BadAnswerError,
    ConnectWiseClient,
    CredentialsError,
    IdRange,
    RecordError,
)
from connectwise_client.const import (
    COMPANIES,
    MAX_CONNECTIONS,
    MAX_RANGES,
    MAX_WAITING_ANSWERS,
    PAGE_SIZE,
)


def company_ids(pages: Any) -> list[int]:
    return [company.id for page in pages for company in page.companies]


# -- Paging ---------------------------------------------------------------------


def test_every_page_of_a_list_is_read(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(5, 2500, name="A"))
    assert company_ids(client.companies()) == list(range(5, 2505))


def test_page_is_asked_for_by_the_last_id(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(5, 1500))
    list(client.companies())
    assert tenant.conditions == [None, "id > 1004"]


def test_list_is_asked_for_in_order_of_ids(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", [])
    assert company_ids(client.companies()) == []
    assert dict(tenant.requests[0].args) == {
        "fields": ",".join(COMPANIES.fields),
        "orderBy": "id asc",
        "pageSize": "1000",
    }


def test_short_page_is_the_last(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.list_of("/company/companies", rows(1, 999))
    list(client.companies())
    assert len(tenant.requests) == 1


def test_full_last_page_is_followed_by_an_empty_one(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, PAGE_SIZE))
    assert [len(page.companies) for page in client.companies()] == [PAGE_SIZE, 0]
    assert len(tenant.requests) == 2


def test_pages_are_asked_for_only_when_wanted(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 3000))
    next(client.companies())
    assert len(tenant.requests) == 1


def test_reading_resumes_where_it_stopped(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 10))
    assert company_ids(client.companies([IdRange(7)])) == [8, 9, 10]


# -- Ranges -------------------------------------------------------------------


def test_range_ends_at_its_last_id(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.list_of("/company/companies", rows(1, 10))
    assert company_ids(client.companies([IdRange(3, 7)])) == [4, 5, 6, 7]
    assert tenant.conditions == ["id > 3 and id < 8"]


def test_page_says_its_range_and_the_rest(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 1500))
    first, second = client.companies([IdRange(0, 2000)])
    assert (first.ids, first.rest) == (IdRange(0, 1000), IdRange(1000, 2000))
    assert (second.ids, second.rest) == (IdRange(1000, 2000), None)


def test_full_page_up_to_the_last_id_ends_its_range(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 2000))
    [page] = client.companies([IdRange(0, 1000)])
    assert page.rest is None


def test_pages_come_in_the_order_of_their_ranges(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 3000))
    ranges = [IdRange(n, n + 100) for n in range(0, 3000, 100)]
    assert [page.ids for page in client.companies(ranges)] == ranges


def test_range_is_read_to_its_end_before_the_next(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 3000))
    ranges = [IdRange(0, 1500), IdRange(1500)]
    assert company_ids(client.companies(ranges)) == list(range(1, 3001))


def test_record_beyond_its_range_is_an_error(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COMPANIES_PATH, rows(1, 10))
    with pytest.raises(BadAnswerError) as caught:
        list(client.companies([IdRange(0, 5)]))
    assert caught.value.reason == "paging"


def test_ranges_are_read_on_several_connections(
    connect: Connect,
    raw_server: Callable[..., Any],
    reading: Callable[[socket.socket], bytes],
) -> None:
    """The first answer shows that asking makes sense; the others follow it."""
    together = threading.Barrier(MAX_CONNECTIONS, timeout=10)

    def behave(connection: socket.socket) -> None:
        while request := reading(connection):
            if b"id%20%3E" in request or b"id%20>" in request:
                together.wait()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    client = connect(raw_server(behave).place)
    ranges = [IdRange(n, n + 1) for n in range(MAX_CONNECTIONS + 1)]
    assert len(list(client.companies(ranges))) == len(ranges)
    client.close()


def test_client_that_has_an_answer_reads_ahead_at_once(
    connect: Connect, raw_server: Callable[..., Any]
) -> None:
    counter = Counter(b"[]")
    client = connect(raw_server(counter).place)
    list(client.companies())
    counter.go.clear()
    pages = client.companies(IdRange(n, n + 1) for n in range(9))
    reader = threading.Thread(target=next, args=[pages])
    reader.start()
    wait_until(lambda: counter.now == MAX_CONNECTIONS)
    counter.go.set()
    reader.join()
    pages.close()  # type: ignore[attr-defined]
    client.close()


def test_ranges_are_read_only_a_little_ahead(
    raw_server: Callable[..., Any], connect: Connect
) -> None:
    counter = Counter(b"[]")
    client = connect(raw_server(counter).place)
    pages = client.companies(IdRange(n, n + 1) for n in range(1000))
    for taken in range(1, 30):
        next(pages)
        wait_until(lambda: counter.now == 0)
        assert counter.begun < MAX_WAITING_ANSWERS + taken
    pages.close()  # type: ignore[attr-defined]
    client.close()


def test_closing_the_pages_drops_waiting_requests_at_once(
    raw_server: Callable[..., Any], connect: Connect
) -> None:
    counter = Counter(b"[]", b"%202&", b"%203&")
    counter.go.clear()
    client = connect(raw_server(counter).place)
    pages = client.companies(IdRange(n, n + 1) for n in range(1000))
    next(pages)
    next(pages)
    wait_until(lambda: counter.now == MAX_CONNECTIONS)
    pages.close()  # type: ignore[attr-defined]
    assert counter.now == MAX_CONNECTIONS
    counter.go.set()
    wait_until(lambda: counter.now == 0)
    time.sleep(0.1)
    assert counter.begun == 2 + MAX_CONNECTIONS
    client.close()


@pytest.mark.parametrize("answer", [{"no": "list"}, b"{", rows(1, 1) * 2])
@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/company/companies", lambda client: client.companies()),
        ("/company/contacts", lambda client: client.contacts([1])),
        ("/finance/invoices", lambda client: client.invoices(*OCTOBER)),
    ],
)
def test_bad_answer_names_the_request(
    client: ConnectWiseClient, tenant: Tenant, path: str, read: Any, answer: Any
) -> None:
    tenant.answers(f"{API}{path}", answer)
    with pytest.raises(BadAnswerError) as caught:
        list(read(client))
    assert caught.value.path == path


@pytest.mark.parametrize("answer", [{"no": "count"}, b"{"])
def test_bad_count_names_the_request(
    client: ConnectWiseClient, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", answer)
    with pytest.raises(BadAnswerError) as caught:
        client.count_companies()
    assert caught.value.path == "/company/companies/count"


def test_refused_keys_are_tried_once(client: ConnectWiseClient, tenant: Tenant) -> None:
    """They are not tried on each connection."""
    tenant.answers(COMPANIES_PATH, Response(status=401))
    with pytest.raises(CredentialsError):
        list(client.companies([IdRange(n, n + 1) for n in range(20)]))
    assert len(tenant.requests) == 1


def test_error_ends_the_reading(client: ConnectWiseClient, tenant: Tenant) -> None:
    """Only requests made ahead of it are still sent."""
    tenant.answers(COMPANIES_PATH, [], {"no": "list"})
    with pytest.raises(BadAnswerError):
        list(client.companies([IdRange(n, n + 1) for n in range(100)]))
    assert len(tenant.requests) <= 1 + MAX_WAITING_ANSWERS


@pytest.mark.parametrize(
    ("found", "count", "ranges"),
    [
        ([], 0, [IdRange()]),
        (rows(1, 950), 950, [IdRange()]),
        (rows(1, 2850), 2850, [IdRange(0, 950), IdRange(950, 1900), IdRange(1900)]),
        # A little less than a page, because ids are not spread evenly.
        (rows(1, 1950), 1950, [IdRange(0, 650), IdRange(650, 1300), IdRange(1300)]),
        # Fewer ids than ranges: the server's count is not believed.
        (rows(1, 2), 1_000_000, [IdRange(0, 1), IdRange(1)]),
    ],
)
def test_ranges_have_about_a_page_each(
    client: ConnectWiseClient, tenant: Tenant, found: Any, count: int, ranges: Any
) -> None:
    tenant.list_of("/company/companies", found)
    tenant.answers(f"{COMPANIES_PATH}/count", {"count": count})
    assert client.company_ranges() == (count, ranges)


def test_ranges_are_planned_in_the_time_of_one_answer(
    connect: Connect,
    raw_server: Callable[..., Any],
    reading: Callable[[socket.socket], bytes],
) -> None:
    """Both requests are made at the same time."""
    together = threading.Barrier(2, timeout=10)

    def behave(connection: socket.socket) -> None:
        while request := reading(connection):
            together.wait()
            body = b'{"count": 1}' if b"/count" in request else b'[{"id": 1}]'
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body)

    with connect(raw_server(behave).place) as client:
        assert client.company_ranges() == (1, [IdRange()])


def test_number_of_ranges_is_limited(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.list_of("/company/companies", rows(2_000_000_000, 1))
    tenant.answers(f"{COMPANIES_PATH}/count", {"count": 2_000_000_000})
    _count, ranges = client.company_ranges()
    assert len(ranges) == MAX_RANGES


@pytest.mark.parametrize("answer", [[], [{"id": "7"}], [{}], ["x"]])
def test_without_a_greatest_id_there_is_one_range(
    client: ConnectWiseClient, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", {"count": 7000})
    tenant.answers(COMPANIES_PATH, answer)
    assert client.company_ranges() == (7000, [IdRange()])


def test_changed_contacts_are_asked_for_by_time(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(CONTACTS_PATH, rows(1, 3))
    since = datetime(2026, 6, 1, tzinfo=timezone.utc)
    assert ids(client.changed_contacts(since)) == [1, 2, 3]
    assert tenant.conditions == ["lastUpdated > [2026-06-01T00:00:00Z]"]


def test_every_page_of_changed_contacts_is_read(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/contacts", rows(1, PAGE_SIZE))
    since = datetime(2026, 6, 1, tzinfo=timezone.utc)
    assert len(ids(client.changed_contacts(since))) == PAGE_SIZE
    assert len(tenant.requests) == 2


def test_every_page_asks_only_for_changes(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 1001))
    list(client.companies(changed_since=datetime(2026, 6, 1, tzinfo=timezone.utc)))
    changed = "lastUpdated > [2026-06-01T00:00:00Z]"
    assert tenant.conditions == [changed, f"({changed}) and id > 1000"]


@pytest.mark.parametrize(
    "page",
    [
        rows(1, 2) + rows(2, 1),
        rows(3, 1) + rows(1, 1),
        [{"id": 1}] * PAGE_SIZE,
        [{"name": "A"}] * PAGE_SIZE,
        [None] * PAGE_SIZE,
    ],
)
def test_pages_that_do_not_advance_end_in_an_error(
    client: ConnectWiseClient, tenant: Tenant, page: Any
) -> None:
    tenant.answers(COMPANIES_PATH, page)
    with pytest.raises(BadAnswerError) as caught:
        list(client.companies())
    assert caught.value.reason == "paging"


def test_repeated_page_ends_the_reading(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COMPANIES_PATH, rows(1, PAGE_SIZE))
    with pytest.raises(BadAnswerError):
        list(client.companies())
    assert len(tenant.requests) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"<html>Sign in</html>", "html"),
        (b"[{", "malformed"),
        (b"", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'"\xff"', "malformed"),
        ({"code": "NotFound"}, "shape"),
        (None, "shape"),
    ],
)
def test_answer_that_is_no_list_is_bad(
    client: ConnectWiseClient, tenant: Tenant, answer: Any, reason: str
) -> None:
    tenant.answers(COMPANIES_PATH, answer)
    with pytest.raises(BadAnswerError) as caught:
        list(client.companies())
    assert caught.value.reason == reason


def test_bad_record_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    bad = [{"id": 501, "name": 7}]
    tenant.answers(COMPANIES_PATH, rows(1, 500) + bad + rows(502, 499))
    records, skipped, _ids, _rest = next(client.companies())
    assert len(records) == 999
    [left_out] = skipped
    assert left_out.id == 501
    assert isinstance(left_out.error, RecordError)
    assert left_out.error.field == "name"


def test_record_without_an_id_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COMPANIES_PATH, [*rows(1, 1), {"name": "A"}, "x", *rows(2, 1)])
    [(records, skipped, _ids, _rest)] = client.companies()
    assert [record.id for record in records] == [1, 2]
    assert [left_out.id for left_out in skipped] == [None, None]


def test_companies_are_counted(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", {"count": 7})
    assert client.count_companies() == 7


@pytest.mark.parametrize(
    "answer", [{}, [], None, {"count": None}, {"count": "7"}, {"count": -1}]
)
def test_answer_that_is_no_count_is_bad(
    client: ConnectWiseClient, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", answer)
    with pytest.raises(BadAnswerError):
        client.count_companies()
