"""Bodies are put together strictly; the libraries below tolerate more."""

import gzip
import tracemalloc

import pytest

from connectwise_client import BadAnswerError, NetworkError
from connectwise_client.body import Body

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
