"""Network faults, made by real servers: the caller always gets an error in time.

Deadlines are measured on the real clock, with limits of a fraction of a second.
"""

import contextlib
import gc
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from conftest import Connect, FakeTime, Tenant, read_request
from raw_servers import (
    BODY,
    COUNT,
    OK,
    ONCE,
    PROMPT,
    SHORT,
    Start,
    drips,
    resets,
    sends,
    stalls,
)

from connectwise_client import (
    BadAnswerError,
    DeadlineError,
    Limits,
    NetworkError,
    transport,
)

# -- Time -----------------------------------------------------------------------

SLOW = {
    "silence": stalls(b""),
    "a stall in the headers": stalls(OK + b"Content-"),
    "a stall in the body": stalls(OK + b'Content-Length: 12\r\n\r\n{"co'),
    "a stall in a body without length": stalls(OK + b'\r\n{"count": 7}'),
    "a stall in a chunk": stalls(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
    "dripping headers": drips(OK + b"X: " + b"x" * 400),
    "a dripping body": drips(OK + b"Content-Length: 9999\r\n\r\n" + b"x" * 400, 40),
}


@pytest.mark.parametrize("fault", SLOW)
def test_slow_server_does_not_hold_its_caller_beyond_the_total(
    raw_server: Start, connect: Connect, fault: str
) -> None:
    client = connect(raw_server(SLOW[fault]).place, SHORT, clock=time.monotonic)
    started = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        client.count_companies()
    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < PROMPT


@pytest.mark.parametrize("fault", SLOW)
def test_slow_server_does_not_hold_one_exchange_beyond_its_limit(
    raw_server: Start, connect: Connect, fault: str
) -> None:
    client = connect(raw_server(SLOW[fault]).place, ONCE)
    started = time.monotonic()
    with pytest.raises(NetworkError) as caught:
        client.count_companies()
    assert caught.value.reason == "timeout"
    assert str(caught.value) == "The answer took too long"
    assert time.monotonic() - started < PROMPT


@pytest.mark.parametrize(
    ("limits", "read"),
    [
        (replace(ONCE, answer=9), lambda client: client.download_invoice_pdf(1)),
        (replace(ONCE, pdf=9), lambda client: client.count_companies()),
    ],
)
def test_pdf_has_a_limit_of_its_own(
    raw_server: Start, connect: Connect, limits: Limits, read: Any
) -> None:
    started = time.monotonic()
    with pytest.raises(NetworkError):
        read(connect(raw_server(stalls(b"")).place, limits))
    assert time.monotonic() - started < PROMPT


def test_name_server_that_hangs_does_not_hold_its_caller(connect: Connect) -> None:
    hang = threading.Event()

    def resolve(*args: Any) -> list[Any]:
        hang.wait(8)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]

    client = connect(
        "localhost:9", SHORT, clock=time.monotonic, runtime={"resolve": resolve}
    )
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        client.count_companies()
    assert time.monotonic() - started < PROMPT
    hang.set()


def test_connection_lost_shortly_before_the_end_is_not_a_lack_of_time(
    raw_server: Start, connect: Connect
) -> None:
    limits = replace(SHORT, attempts=1)
    client = connect(raw_server(resets(b"")).place, limits, clock=time.monotonic)
    with pytest.raises(NetworkError) as caught:
        client.count_companies()
    assert caught.value.reason == "connection"


def test_thread_ends_when_its_time_is_up(raw_server: Start, connect: Connect) -> None:
    client = connect(raw_server(drips(OK + b"X: x")).place, ONCE)
    before = threading.active_count()
    with pytest.raises(NetworkError):
        client.count_companies()
    end = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_name_resolved_too_late_is_not_connected_to(
    connect: Connect, raw_server: Start
) -> None:
    server = raw_server(sends(b""))
    late = threading.Event()

    def resolve(*args: Any) -> list[Any]:
        late.wait(8)
        return socket.getaddrinfo(*args)

    client = connect(server.place, ONCE, runtime={"resolve": resolve})
    before = threading.active_count()
    with pytest.raises(NetworkError):
        client.count_companies()
    late.set()
    while threading.active_count() > before:
        time.sleep(0.01)
    assert server.connections == 0


def test_closing_ends_requests_under_way(raw_server: Start, connect: Connect) -> None:
    client = connect(raw_server(stalls(b"")).place)
    closer = threading.Timer(0.2, client.close)
    closer.start()
    started = time.monotonic()
    with pytest.raises((NetworkError, RuntimeError)):
        client.count_companies()
    assert time.monotonic() - started < 2
    closer.join()


def test_closed_client_cannot_be_used(connect: Connect) -> None:
    with connect("localhost:9") as client:
        pass
    with pytest.raises(RuntimeError, match=r"^This client is closed$"):
        client.count_companies()


def test_finished_requests_are_forgotten(connect: Connect, tenant: Tenant) -> None:
    """A client may be used for a hundred thousand requests."""
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place)
    for _ in range(3):
        client.count_companies()
    gc.collect()
    exchanges = [o for o in gc.get_objects() if isinstance(o, transport._Exchange)]
    assert exchanges == []


# -- Broken connections ---------------------------------------------------------

# Messages of the log.
TEXTS = {
    "connection": "The connection broke",
    "short_body": "The answer ended early",
}

BROKEN = {
    "closed at once": (sends(b""), "connection"),
    "closed in the headers": (sends(OK + b"Content-Le"), None),
    "no http": (sends(b"220 mail.example.com ESMTP\r\n"), "connection"),
    "reset before the answer": (resets(b""), "connection"),
    "reset in the headers": (resets(OK + b"Content-"), "connection"),
    "reset in the body": (resets(OK + b"Content-Length: 12\r\n\r\n{"), "short_body"),
    "short body": (sends(OK + b"Content-Length: 99\r\n\r\n" + BODY), "short_body"),
    "cut chunk": (
        sends(OK + b"Transfer-Encoding: chunked\r\n\r\nc\r\n{"),
        "short_body",
    ),
    "missing last chunk": (
        sends(OK + b"Transfer-Encoding: chunked\r\n\r\nc\r\n" + BODY + b"\r\n"),
        "short_body",
    ),
    "cut gzip": (
        sends(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(BODY)[:-9]),
        "short_body",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_connection_is_a_network_error(
    raw_server: Start, connect: Connect, fault: str
) -> None:
    behave, reason = BROKEN[fault]
    with pytest.raises((NetworkError, BadAnswerError)) as caught:
        connect(raw_server(behave).place, ONCE).count_companies()
    if reason is not None:
        assert (caught.value.reason, str(caught.value)) == (reason, TEXTS[reason])


@pytest.mark.parametrize(
    "fault", ["short body", "cut chunk", "reset before the answer"]
)
def test_broken_connection_is_tried_again(
    raw_server: Start, connect: Connect, fault: str
) -> None:
    behaviours = [BROKEN[fault][0], sends(OK + b"Content-Length: 12\r\n\r\n" + BODY)]
    server = raw_server(lambda connection: behaviours.pop(0)(connection))
    assert connect(server.place).count_companies() == 7


def test_refused_connection_is_a_network_error(
    connect: Connect, fake_time: FakeTime
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(NetworkError) as caught:
        connect(place).count_companies()
    assert (caught.value.reason, len(fake_time.sleeps)) == ("connect", 2)
    assert str(caught.value) == "127.0.0.1 does not accept connections"


def test_host_that_does_not_exist_is_a_network_error(connect: Connect) -> None:
    def resolve(host: str, port: int, *args: Any) -> list[Any]:
        assert (host, port) == ("psa.example.com", 443)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    client = connect("psa.example.com:443", ONCE, runtime={"resolve": resolve})
    with pytest.raises(NetworkError) as caught:
        client.count_companies()
    assert caught.value.reason == "dns"
    assert str(caught.value) == "psa.example.com was not found"


@pytest.mark.parametrize("family", [socket.AF_INET, 9999])
def test_second_address_is_tried(connect: Connect, tenant: Tenant, family: int) -> None:
    tenant.answers(COUNT, {"count": 7})
    port = tenant.server.port
    dead = (family, socket.SOCK_STREAM, 6, "", ("127.0.0.99", port))
    live = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    client = connect(tenant.place, ONCE, runtime={"resolve": lambda *a: [dead, live]})
    assert client.count_companies() == 7


@pytest.fixture
def hanging() -> Iterator[tuple[str, int]]:
    """A port that neither accepts nor refuses connections: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        place = server.getsockname()
        with socket.create_connection(place):
            yield place


@pytest.mark.parametrize(("more", "least", "most"), [(True, 0.4, 0.9), (False, 0.9, 2)])
def test_addresses_share_the_time_for_connecting(
    connect: Connect,
    tenant: Tenant,
    hanging: tuple[str, int],
    more: bool,
    least: float,
    most: float,
) -> None:
    tenant.answers(COUNT, {"count": 7})
    live = ("127.0.0.1", tenant.server.port)
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", place)
        for place in (hanging, live if more else hanging)
    ]
    limits = replace(ONCE, connect=1, answer=9)
    client = connect(tenant.place, limits, runtime={"resolve": lambda *args: found})
    started = time.monotonic()
    with contextlib.nullcontext() if more else pytest.raises(NetworkError) as caught:
        client.count_companies()
    assert least < time.monotonic() - started < most
    assert more or caught.value.reason == "connect"


def test_connection_is_used_again(raw_server: Start, connect: Connect) -> None:
    def behave(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(OK + b"Content-Length: 12\r\n\r\n" + BODY)

    server = raw_server(behave)
    client = connect(server.place)
    assert [client.count_companies() for _ in range(3)] == [7, 7, 7]
    client.close()
    assert server.connections == 1
