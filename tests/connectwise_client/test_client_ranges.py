"""Reading a list in ranges of ids: in order, side by side, a little ahead."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import (
    COMPANIES_PATH,
    Connect,
    Counter,
    Tenant,
    company_ids,
    rows,
    wait_until,
)

from connectwise_client import BadAnswerError, ConnectWiseClient, IdRange
from connectwise_client.const import MAX_CONNECTIONS, MAX_RANGES, MAX_WAITING_ANSWERS

# -- Reading --------------------------------------------------------------------


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


# -- Several at once ------------------------------------------------------------


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


# -- Planning -------------------------------------------------------------------


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
