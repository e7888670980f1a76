"""How servers misbehave, for the fixture `raw_server`, and limits to meet them."""

import socket
import struct
import time
from collections.abc import Callable

from conftest import API, RawServer, read_request

from connectwise_client import Limits

Start = Callable[..., RawServer]
OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"count": 7}'

COUNT = f"{API}/company/companies/count"
PROMPT = 5
"""Seconds: far from the 9 that would be waited without the limit under test.

The limits themselves are below one second; a busy machine may add to them.
"""
ONCE = Limits(
    connect=0.5, answer=0.5, pdf=0.5, attempts=1, first_delay=0, longest_sleep=0
)
SHORT = Limits(
    connect=0.3,
    answer=9,
    pdf=9,
    attempts=2,
    first_delay=0.1,
    longest_sleep=1,
    total=0.5,
)


def sends(data: bytes, then: float = 0) -> Callable[[socket.socket], None]:
    """Send these bytes, wait, and close."""

    def behave(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(data)
            time.sleep(then)
            connection.shutdown(socket.SHUT_WR)

    return behave


def sends_once(data: bytes) -> Callable[[socket.socket], None]:
    """Answer one request with these bytes, and close."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(data)

    return behave


def drips(data: bytes, first: int = 0) -> Callable[[socket.socket], None]:
    """Send one byte at a time until the client is gone."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(data[:first])
        for number in range(first, first + 400):
            connection.sendall(data[number % len(data)].to_bytes(1, "big"))
            time.sleep(0.02)

    return behave


def stalls(data: bytes) -> Callable[[socket.socket], None]:
    """Send these bytes and nothing more until the client is gone."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)
        connection.settimeout(8)
        assert connection.recv(1) == b""

    return behave


def resets(data: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(data)
        time.sleep(0.05)
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )

    return behave
