"""No answer costs more than 64 MB of memory, or more time than a person waits.

Each answer goes to a process of its own, whose memory and time are measured.
"""

import gzip
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
OK = b"HTTP/1.1 200 OK\r\n"
MEGABYTE = 1024**2

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's /proc"
)


def whole(body: bytes, status: bytes = OK, packed: bool = True) -> bytes:
    """Return an answer with this body."""
    if packed:
        body = gzip.compress(body, 6)
        status += b"Content-Encoding: gzip\r\n"
    return status + b"Content-Length: %d\r\n\r\n" % len(body) + body


def listed(row: bytes, count: int) -> bytes:
    return whole(b"[" + b",".join([row] * count) + b"]")


def rows(count: int, **values: Any) -> bytes:
    return whole(
        json.dumps([{"id": n, **values} for n in range(1, count + 1)]).encode()
    )


def uneven(count: int) -> bytes:
    """Return objects without a common name, the most expensive ones for Python."""
    inside = b",".join(b'{"k%07d":%d.5}' % (n, n) for n in range(count))
    return whole(b"[" + inside + b"]")


def pdf(content: bytes) -> bytes:
    start = b"%PDF-1.4\n"
    end = b"\nstartxref\n9\n%%EOF"
    return whole(start + content + end, packed=False)


ANSWERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zeros": ("find", lambda: listed(b"0", 8_000_000)),
    "objects": ("find", lambda: listed(b"{}", 5_300_000)),
    "objects in a page of companies": ("companies", lambda: listed(b"{}", 5_300_000)),
    "few but as many as may be": ("find", lambda: listed(b"{}", 124_000)),
    "lists in lists": ("find", lambda: whole(b"[" + b"[[]]," * 80_000 + b"0]")),
    "names that all differ": ("find", lambda: uneven(80_000)),
    "objects in one record": (
        "find",
        lambda: whole(b'[{"id":1,"x":[' + b"{}," * 120_000 + b"{}]}]"),
    ),
    "floats": ("find", lambda: listed(b"1.5", 240_000)),
    "items of a contact": (
        "contacts",
        lambda: rows(1, communicationItems=[{"value": "a"}] * 40_000),
    ),
    "a long text": ("find", lambda: whole(b'["' + b"x" * 60_000_000 + b'"]')),
    "a text of wide characters": (
        "find",
        lambda: whole(('["😀' + "x" * 4_000_000 + '"]').encode()),
    ),
    "a long number": ("find", lambda: whole(b"[" + b"1" * 4_000_000 + b"]")),
    "a long fraction": ("find", lambda: whole(b"[0." + b"1" * 4_000_000 + b"]")),
    "long ids": ("find", lambda: listed(b'{"id":' + b"9" * 3000 + b"}", 20)),
    "brackets in brackets": ("find", lambda: whole(b"[" * 4_000_000)),
    "names in names": ("find", lambda: whole(b'{"a":' * 700_000)),
    "spaces": ("find", lambda: whole(b" " * 60_000_000 + b"[]")),
    "a thousand invoices of one number": (
        "find",
        lambda: rows(1000, invoiceNumber="CW1"),
    ),
    "a thousand invoices of one number among fifty": (
        "find many",
        lambda: rows(1000, invoiceNumber="CW1"),
    ),
    "300,000 invoices of one number": (
        "find",
        lambda: rows(300_000, invoiceNumber="CW1"),
    ),
    "long names": ("companies", lambda: rows(999, name="x" * 6000)),
    "names as long as may be": ("companies", lambda: rows(999, name="x" * 1560)),
    "zeros as a discovery": ("discover", lambda: listed(b"0", 8_000_000)),
    "a text as a count": ("count", lambda: whole(b'"' + b"x" * 60_000_000 + b'"')),
    "zeros as an error": (
        "find",
        lambda: whole(b"[" + b"0," * 1_900_000 + b"0]", b"HTTP/1.1 500 Internal\r\n"),
    ),
    "zeros as an error instead of a PDF": (
        "pdf",
        lambda: whole(b"[" + b"0," * 9_000_000 + b"0]", b"HTTP/1.1 404 Not\r\n"),
    ),
    "a PDF that is nothing but a trailer": (
        "pdf",
        lambda: pdf(b"xref\n" + b"0" * 20_000_000 + b"\ntrailer<<>>"),
    ),
    "a PDF of nothing but streams": ("pdf", lambda: pdf(b"stream\n" * 2_800_000)),
    "many headers": (
        "find",
        lambda: OK
        + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 65_000) for n in range(99))
        + b"Content-Length: 2\r\n\r\n[]",
    ),
    "gzip in gzip": ("find", lambda: whole(gzip.compress(b"0" * 60_000_000))),
    "much after gzip": (
        "pdf",
        lambda: whole(gzip.compress(b"[]") + b"\0" * 19_000_000, packed=False).replace(
            OK, OK + b"Content-Encoding: gzip\r\n", 1
        ),
    ),
}
"""What may be asked → what answers it."""

SECONDS = 8
"""The client's own limit for each question."""

SLACK = 3
"""Seconds until a busy machine notices that the limit is reached."""


def cost(place: str, question: str, seconds: float) -> dict[str, Any]:
    output = subprocess.run(
        [sys.executable, HERE / "costs.py", place, question, str(seconds)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)  # type: ignore[no-any-return]


def send(connection: socket.socket, data: bytes) -> None:
    # A client that has gone away is not always noticed here.
    connection.settimeout(3)
    left = memoryview(data)
    while left:
        left = left[connection.send(left) :]


@pytest.fixture
def asked(
    raw_server: Callable[..., Any], reading: Callable[[socket.socket], bytes]
) -> Callable[..., dict[str, Any]]:
    """Answer a request with these pieces, and return its cost."""

    def ask(
        question: str, pieces: Callable[[], Iterator[bytes]], seconds: float = SECONDS
    ) -> dict[str, Any]:
        warm_up = iter([whole(b'{"count": 1}')])
        if question == "discover":
            warm_up = iter([whole(b'{"Codebase": "no"}')])

        def behave(connection: socket.socket) -> None:
            while reading(connection):
                connection.settimeout(None)
                first = next(warm_up, None)
                for piece in [first] if first else pieces():
                    send(connection, piece)

        return cost(raw_server(behave).place, question, seconds)

    return ask


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_costs_much(asked: Any, name: str) -> None:
    question, make = ANSWERS[name]
    answer = make()
    spent = asked(question, lambda: iter([answer]))
    assert spent["megabytes"] < 64, spent
    assert spent["seconds"] < SECONDS + SLACK, spent


def endless(start: bytes, piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield start
        while True:
            yield piece

    return pieces


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"x" * MEGABYTE),
        (OK + b"X: ", b"x" * MEGABYTE),
        (OK, b"X: x\r\n" * 10_000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000),
        (CHUNKED, b"1" * MEGABYTE),
        (CHUNKED + b"1;", b"x" * MEGABYTE),
        (CHUNKED + b"0\r\n", b"x" * MEGABYTE),
        (CHUNKED + b"0\r\n", b"X: x\r\n" * 10_000),
        (CHUNKED, b"1\r\n \r\n" * 10_000),
        (OK + b"Content-Length: 4000000\r\n\r\n", b" "),
    ],
    ids=[
        "status line",
        "header",
        "headers",
        "announcements",
        "chunk size",
        "chunk extension",
        "trailer",
        "trailers",
        "chunks of a byte",
        "bytes",
    ],
)
@pytest.mark.parametrize("question", ["find", "pdf"])
def test_no_answer_without_an_end_costs_much(
    asked: Any, question: str, start: bytes, piece: bytes
) -> None:
    spent = asked(question, endless(start, piece), 1.5)
    assert spent["megabytes"] < 64, spent
    assert spent["seconds"] < 1.5 + SLACK, spent
