"""Bodies are put together strictly; the libraries below tolerate more."""

import gzip
import socket
import tracemalloc
from dataclasses import replace

import pytest
from conftest import API, Connect, Tenant, read_request
from raw_servers import BODY, COUNT, OK, ONCE, Start, stalls
from werkzeug import Response

from connectwise_client import BadAnswerError, InvalidPdfError, NetworkError
from connectwise_client.body import Body
from connectwise_client.const import MAX_JSON_BYTES

GZIP = {"content-encoding": "gzip"}
CHUNKED = {"transfer-encoding": "Chunked"}


def put_together(headers: dict[str, str], *chunks: bytes, most: int = 100) -> bytes:
    body = Body(headers, most)
    for chunk in chunks:
        body.feed(chunk)
    return body.finish()


@pytest.mark.parametrize(
    "headers", [{}, {"content-length": "6"}, CHUNKED, {"content-length": "?"}]
)
def test_body_consists_of_all_its_pieces(headers: dict[str, str]) -> None:
    assert put_together(headers, b"abc", b"", b"def") == b"abcdef"


def test_packed_body_consists_of_all_its_pieces() -> None:
    packed = gzip.compress(b"abcdef")
    assert put_together(GZIP, packed[:15], packed[15:]) == b"abcdef"


@pytest.mark.parametrize("chunk", [b"", b"ab", b"abcd"])
def test_body_of_another_length_than_announced_is_incomplete(chunk: bytes) -> None:
    with pytest.raises(NetworkError) as caught:
        put_together({"content-length": "3"}, chunk)
    assert caught.value.reason == "short_body"
    assert str(caught.value) == "The answer ended early"


def test_body_in_chunks_has_no_announced_length() -> None:
    assert put_together({**CHUNKED, "content-length": "3"}, b"abcdef") == b"abcdef"


def test_packed_body_without_its_end_is_incomplete() -> None:
    with pytest.raises(NetworkError):
        put_together(GZIP, gzip.compress(b"abcdef")[:-1])


def test_body_not_packed_as_announced_is_refused() -> None:
    with pytest.raises(BadAnswerError) as caught:
        put_together(GZIP, b"abc")
    assert (caught.value.reason, str(caught.value)) == ("encoding", "Not gzip")


def test_unknown_compression_is_refused() -> None:
    with pytest.raises(BadAnswerError) as caught:
        put_together({"content-encoding": "br"})
    assert caught.value.reason == "encoding"
    assert str(caught.value) == "Unknown compression"


@pytest.mark.parametrize("encoding", ["", "identity", " Identity ", " GZip "])
def test_requested_compressions_are_accepted(encoding: str) -> None:
    data = gzip.compress(b"abc") if "zip" in encoding.lower() else b"abc"
    assert put_together({"content-encoding": encoding}, data) == b"abc"


def test_body_of_maximum_size_is_accepted() -> None:
    headers = {"content-length": "6"}
    assert put_together(headers, b"abc", b"def", most=6) == b"abcdef"


def test_packed_body_of_maximum_size_is_accepted() -> None:
    data = bytes(1000)
    packed = gzip.compress(data)
    assert put_together(GZIP, packed[:15], packed[15:], most=1000) == data


@pytest.mark.parametrize(
    ("headers", "chunks"),
    [
        ({"content-length": "7"}, []),
        ({}, [b"abc", b"defg"]),
        (GZIP, [gzip.compress(bytes(7))]),
        (GZIP, [gzip.compress(b""), b"trailing"]),
    ],
)
def test_larger_body_is_refused(headers: dict[str, str], chunks: list[bytes]) -> None:
    with pytest.raises(BadAnswerError) as caught:
        put_together(headers, *chunks, most=6)
    assert caught.value.reason == "too_large"
    assert str(caught.value) == "The answer is larger than 6 bytes"


def test_bomb_is_never_unpacked_into_memory() -> None:
    packed = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswerError):
            put_together(GZIP, packed, most=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_bytes_after_a_packed_body_are_refused() -> None:
    """They would be kept and copied with each chunk."""
    body = Body({"content-encoding": "gzip"}, 100)
    body.feed(gzip.compress(b"[]"))
    with pytest.raises(BadAnswerError) as caught:
        body.feed(b"x")
    assert caught.value.reason == "encoding"


# -- From a server --------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity", ""])
def test_body_may_be_compressed(
    connect: Connect, tenant: Tenant, encoding: str
) -> None:
    body = gzip.compress(BODY) if encoding.lower() == "gzip" else BODY
    tenant.answers(COUNT, Response(body, headers={"Content-Encoding": encoding}))
    assert connect(tenant.place).count_companies() == 7


@pytest.mark.parametrize(("encoding", "body"), [("br", BODY), ("gzip", b"no gzip")])
def test_compression_nobody_asked_for_is_refused(
    connect: Connect, tenant: Tenant, encoding: str, body: bytes
) -> None:
    tenant.answers(COUNT, Response(body, headers={"Content-Encoding": encoding}))
    with pytest.raises(BadAnswerError) as caught:
        connect(tenant.place).count_companies()
    assert caught.value.reason == "encoding"


BOMB = gzip.compress(b"\0" * (MAX_JSON_BYTES + 1))


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_gzip_bomb_is_not_unpacked(
    connect: Connect, tenant: Tenant, status: int
) -> None:
    headers = {"Content-Encoding": "gzip", "Location": "/x"}
    tenant.answers(COUNT, Response(BOMB, status, headers))
    with pytest.raises(BadAnswerError) as caught:
        connect(tenant.place).count_companies()
    assert caught.value.reason == "too_large"


def test_body_announced_too_large_is_not_read(
    raw_server: Start, connect: Connect
) -> None:
    behave = stalls(OK + b"Content-Length: 99999999999\r\n\r\n")
    with pytest.raises(BadAnswerError) as caught:
        connect(raw_server(behave).place).count_companies()
    assert caught.value.reason == "too_large"


def test_body_without_end_is_read_up_to_the_limit(
    raw_server: Start, connect: Connect
) -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    client = connect(raw_server(behave).place, replace(ONCE, pdf=9), max_pdf_bytes=300)
    with pytest.raises(InvalidPdfError) as caught:
        client.download_invoice_pdf(1)
    assert caught.value.reason == "too_large"


def test_garbage_after_a_compressed_body_counts_as_size(
    connect: Connect, tenant: Tenant, pdf: bytes
) -> None:
    body = gzip.compress(pdf) + b"x" * 300
    path = f"{API}/finance/invoices/1/pdf"
    tenant.answers(path, Response(body, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(InvalidPdfError) as caught:
        connect(tenant.place, max_pdf_bytes=300).download_invoice_pdf(1)
    assert caught.value.reason == "too_large"
