"""Servers, clients and recorded payloads for the tests of the client.

Each server is a real one on the loopback address. An unexpected request fails the test.
Time is simulated, except where a deadline itself is tested.
"""

import contextlib
import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectwise_client import (
    BACKGROUND,
    ConnectWiseClient,
    Credentials,
    Limits,
    Runtime,
)

FIXTURES = Path(__file__).parent / "fixtures"
API = "/v4_6_release/apis/3.0"
COMPANIES_PATH = f"{API}/company/companies"
CONTACTS_PATH = f"{API}/company/contacts"
INVOICES_PATH = f"{API}/finance/invoices"
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def load_case(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


Case = Callable[[str], Any]


@pytest.fixture
def case() -> Case:
    """Return the payload in ``fixtures/<name>.json``."""
    return load_case


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.sleeps: list[float] = []

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def credentials() -> Credentials:
    return Credentials("acme", "PUBLIC-KEY", "PRIVATE-KEY", "client-id")


Connect = Callable[..., ConnectWiseClient]


@pytest.fixture
def connect(
    credentials: Credentials, fake_time: FakeTime, httpserver: HTTPServer
) -> Iterator[Connect]:
    """Return clients of a local ``host:port`` that know the codebase already.

    Their early requests are answered before the server forgets its answers; otherwise
    they would fail the next test.
    """
    clients = []
    httpserver.expect_request("/_last").respond_with_data("done")

    def make(place: str, limits: Limits = BACKGROUND, **options: Any) -> Any:
        runtime = Runtime(
            clock=options.pop("clock", fake_time.clock),
            sleep=options.pop("sleep", fake_time.sleep),
            now=fake_time.now,
            jitter=lambda: 0.0,
            **options.pop("runtime", {}),
        )
        options.setdefault("codebase", "v4_6_release")
        options.setdefault("local_hosts", [place])
        client = ConnectWiseClient(
            options.pop("address", f"http://{place}"),
            options.pop("credentials", credentials),
            limits,
            runtime=runtime,
            **options,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
    if clients:
        # The server takes one connection after the other; this is the last.
        with urllib.request.urlopen(httpserver.url_for("/_last")) as answer:
            assert answer.read() == b"done"


class Tenant:
    """A ConnectWise with the answers that a test gives it."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.requests: list[Request] = []

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def answers(self, path: str, *answers: Any) -> None:
        """Answer a path: each answer once, the last one for ever.

        An answer is a ``Response``, or bytes, or something to send as JSON.
        """
        left = list(answers)

        def handle(request: Request) -> Response:
            self.requests.append(request)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if callable(answer) and not isinstance(answer, Response):
                answer = answer(request)
            if isinstance(answer, (Response, bytes)):
                return answer if isinstance(answer, Response) else Response(answer)
            return Response(json.dumps(answer), content_type="application/json")

        self.server.expect_request(path, method="GET").respond_with_handler(handle)

    def list_of(self, path: str, rows: list[Any]) -> None:
        """Serve rows by key, as ConnectWise does for ``id > n`` and ``id < n``."""

        def page(request: Request) -> Any:
            conditions = request.args.get("conditions", "")
            after = re.search(r"id > (\d+)", conditions)
            before = re.search(r"id < (\d+)", conditions)
            found = [
                row
                for row in sorted(rows, key=lambda row: row["id"])
                if (after is None or row["id"] > int(after[1]))
                and (before is None or row["id"] < int(before[1]))
            ]
            if request.args["orderBy"] == "id desc":
                found.reverse()
            return found[: int(request.args["pageSize"])]

        self.answers(f"{API}{path}", page)

    @property
    def conditions(self) -> list[str | None]:
        return [request.args.get("conditions") for request in self.requests]


@pytest.fixture
def tenant(httpserver: HTTPServer) -> Iterator[Tenant]:
    yield Tenant(httpserver)
    httpserver.check()


@pytest.fixture
def client(connect: Connect, tenant: Tenant) -> ConnectWiseClient:
    return connect(tenant.place)


class RawServer:
    """A server on the loopback address that treats its connections as a test says."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.place = f"127.0.0.1:{self.port}"
        self.connections = 0
        self.stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=[connection])
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # The client may go away: some tests want it to.
        with connection, contextlib.suppress(OSError):
            self._behave(connection)

    def close(self) -> None:
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    servers = []

    def make(behave: Callable[[socket.socket], None]) -> RawServer:
        servers.append(RawServer(behave))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    """Read up to the end of the headers; empty if the client has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        if not received:
            return b""
        data += received
    return data


@pytest.fixture
def reading() -> Callable[[socket.socket], bytes]:
    return read_request


PDF = (
    b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R>>\n"
    b"startxref\n42\n%%EOF\n"
)


@pytest.fixture
def pdf() -> bytes:
    return PDF


class Counter:
    """A server's handler that counts its requests and can be made to wait.

    Requests with one of the texts ``free`` are answered in any case.
    """

    def __init__(self, body: bytes, *free: bytes) -> None:
        self.body = body
        self.free = free
        self.lock = threading.Lock()
        self.begun = self.now = self.most = 0
        self.go = threading.Event()
        self.go.set()

    def __call__(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            with self.lock:
                self.begun += 1
                self.now += 1
                self.most = max(self.most, self.now)
            if not any(text in request for text in self.free):
                self.go.wait(8)
            time.sleep(0.005)
            with self.lock:
                self.now -= 1
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.body)
            connection.sendall(head + self.body)


def wait_until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def rows(first: int, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": first + n, **fields} for n in range(count)]


def ids(pages: Any) -> list[int]:
    return [record.id for records, _skipped in pages for record in records]


def company_ids(pages: Any) -> list[int]:
    return [company.id for page in pages for company in page.companies]


def busy(retry_after: object = None) -> Response:
    """Return the answer to too many requests, with a pause in seconds or as a date."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response('{"error":"ConnectWiseAPI","message":"Too many"}', 429, headers)
