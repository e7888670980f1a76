"""TLS: which certificates are accepted, and handshakes that fail or stall."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from conftest import Connect, FakeTime, read_request
from raw_servers import (
    BODY,
    OK,
    ONCE,
    PROMPT,
    SHORT,
    Start,
    drips,
    sends_once,
    stalls,
)

from connectwise_client import (
    AddressError,
    DeadlineError,
    NetworkError,
    transport,
)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, str]:
    authority = trustme.CA()
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, str(path)


def over_tls(
    authority: trustme.CA, name: str, behave: Callable[[Any], None]
) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            behave(secure)

    return serve


def test_trusted_certificate_is_accepted(
    raw_server: Start, connect: Connect, authority: tuple[trustme.CA, str]
) -> None:
    def behave(connection: Any) -> None:
        while read_request(connection):
            connection.sendall(OK + b"Content-Length: 12\r\n\r\n" + BODY)

    server = raw_server(over_tls(authority[0], "localhost", behave))
    place = f"localhost:{server.port}"
    client = connect(place, address=place, runtime={"ca_bundle": authority[1]})
    assert [client.count_companies() for _ in range(2)] == [7, 7]
    client.close()
    assert server.connections == 1


def test_name_that_moves_to_a_private_address_is_refused(
    raw_server: Start,
    connect: Connect,
    authority: tuple[trustme.CA, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each connection checks the address that it uses (DNS rebinding)."""
    # One loopback address stands for the public internet.
    monkeypatch.setattr(transport, "is_public", lambda ip: ip == "127.0.0.1")
    answer = OK + b"Connection: close\r\nContent-Length: 12\r\n\r\n" + BODY
    server = raw_server(over_tls(authority[0], "psa.example.com", sends_once(answer)))
    addresses = iter(["127.0.0.1", "127.0.0.2"])

    def resolve(*_args: Any) -> list[Any]:
        place = (next(addresses), server.port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place)]

    client = connect(
        "psa.example.com:443",
        address="psa.example.com",
        local_hosts=[],
        runtime={"resolve": resolve, "ca_bundle": authority[1]},
    )
    assert client.count_companies() == 7
    with pytest.raises(AddressError) as caught:
        client.count_companies()
    assert (caught.value.reason, server.connections) == ("private", 1)


@pytest.mark.parametrize(("trusted", "name"), [(False, "localhost"), (True, "other")])
def test_wrong_certificate_is_refused(
    raw_server: Start,
    connect: Connect,
    authority: tuple[trustme.CA, str],
    fake_time: FakeTime,
    trusted: bool,
    name: str,
) -> None:
    server = raw_server(over_tls(authority[0], name, read_request))
    place = f"localhost:{server.port}"
    bundle = {"ca_bundle": authority[1]} if trusted else {}
    with pytest.raises(AddressError) as caught:
        connect(place, address=place, runtime=bundle).count_companies()
    assert (caught.value.reason, fake_time.sleeps) == ("tls", [])
    assert str(caught.value) == "No valid certificate, or no TLS"


def test_https_to_a_server_without_tls_is_an_address_error(
    raw_server: Start, connect: Connect
) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    place = raw_server(behave).place
    with pytest.raises(AddressError) as caught:
        connect(place, address=f"https://{place}").count_companies()
    assert caught.value.reason == "tls"


def test_server_that_closes_during_the_handshake_is_a_network_error(
    raw_server: Start, connect: Connect
) -> None:
    place = raw_server(lambda connection: connection.recv(4096) and None).place
    with pytest.raises(NetworkError):
        connect(place, ONCE, address=f"https://{place}").count_companies()


def test_handshake_that_stalls_ends_with_the_time_to_connect(
    raw_server: Start, connect: Connect
) -> None:
    limits = replace(ONCE, connect=0.2, answer=9)
    place = raw_server(stalls(b"")).place
    started = time.monotonic()
    with pytest.raises(NetworkError) as caught:
        connect(place, limits, address=f"https://{place}").count_companies()
    assert caught.value.reason == "timeout"
    assert str(caught.value) == "The answer took too long"
    assert time.monotonic() - started < 2


def test_handshake_that_drips_does_not_hold_its_caller(
    raw_server: Start, connect: Connect
) -> None:
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"\x03" * 400

    def behave(connection: socket.socket) -> None:
        for number in range(400):
            connection.sendall(record[number : number + 1])
            time.sleep(0.02)

    place = raw_server(behave).place
    client = connect(place, SHORT, clock=time.monotonic, address=f"https://{place}")
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        client.count_companies()
    assert time.monotonic() - started < PROMPT


def test_dripping_body_over_tls_does_not_hold_its_caller(
    raw_server: Start, connect: Connect, authority: tuple[trustme.CA, str]
) -> None:
    behave = drips(OK + b"Content-Length: 9999\r\n\r\n" + b"x" * 400, 40)
    server = raw_server(over_tls(authority[0], "localhost", behave))
    place = f"localhost:{server.port}"
    client = connect(
        place,
        SHORT,
        clock=time.monotonic,
        address=place,
        runtime={"ca_bundle": authority[1]},
    )
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        client.count_companies()
    assert time.monotonic() - started < PROMPT
