"""What counts as a PDF when it is examined from outside."""

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectwise_client import InvalidPdfError, const, validate_pdf


def reason(data: bytes, **options: int) -> str:
    with pytest.raises(InvalidPdfError) as caught:
        validate_pdf(data, **options)
    return caught.value.reason


def with_index_stream(
    entries: bytes, data: bytes = zlib.compress(b"index"), before: bytes = b""
) -> bytes:
    """Return a PDF 1.5, whose trailer is the dictionary of a stream."""
    start = b"%PDF-1.5\n" + before
    index = b"7 0 obj\n<</Type/XRef%s>>\nstream\n%s\nendstream\nendobj\n" % (
        entries,
        data,
    )
    return b"%s%sstartxref\n%d\n%%%%EOF" % (start, index, len(start))


def test_pdf_is_accepted(pdf: bytes) -> None:
    validate_pdf(pdf)


def test_pdf_with_an_index_stream_is_accepted() -> None:
    validate_pdf(with_index_stream(b"/Size 8"))


def test_some_bytes_before_the_header_are_tolerated(pdf: bytes) -> None:
    validate_pdf(b"\r\n" * 100 + pdf)


def test_some_bytes_after_the_end_are_tolerated(pdf: bytes) -> None:
    validate_pdf(pdf + b"\0" * 1000)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html>Sign in</html>", "html"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "html"),
        (b"\n <html>Sign in</html>", "html"),
        (b'{"code":"NotFound"}', "json"),
        (b"[]", "json"),
        (b"JVBERi0xLjQK", "no_header"),
        (b"x" * 2000 + b"%PDF-1.4 startxref 0 %%EOF", "no_header"),
    ],
)
def test_file_that_is_no_pdf_is_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is empty"),
        (b"<html>", "is a web page"),
        (b"{}", "is JSON"),
        (b"x", "does not start like a PDF"),
        (b"%PDF-1.4", "has no end; it was probably cut short"),
        (b"%PDF-1.4 %%EOF", "does not say where its index is"),
        (b"%PDF-1.4\n/Encrypt startxref 9 %%EOF", "is encrypted"),
        (b"x" * 41, "is larger than 40 bytes"),
    ],
)
def test_log_says_why_a_pdf_was_refused(data: bytes, text: str) -> None:
    with pytest.raises(InvalidPdfError) as caught:
        validate_pdf(data, 40)
    assert str(caught.value) == f"The PDF {text}"


def test_pdf_starts_at_its_first_header() -> None:
    """Offsets count from there, even if another header follows."""
    start = b"%PDF-1.4\n" + b"x" * 500 + b"%PDF-\n"
    validate_pdf(start + b"xref\ntrailer\nstartxref\n%d\n%%%%EOF" % len(start))


def test_pdf_cut_short_is_refused(pdf: bytes) -> None:
    assert reason(pdf[:-6]) == "no_end"


def test_end_marker_far_from_the_end_does_not_count(pdf: bytes) -> None:
    assert reason(pdf + b"x" * 3000) == "no_end"


def test_pdf_that_does_not_name_its_index_is_refused(pdf: bytes) -> None:
    assert reason(pdf.replace(b"startxref", b"startxxxx")) == "no_startxref"


def test_pdf_whose_index_is_beyond_its_end_is_refused(pdf: bytes) -> None:
    assert reason(pdf.replace(b"\n42\n", b"\n99999\n")) == "no_startxref"


def test_encrypted_pdf_is_refused(pdf: bytes) -> None:
    data = pdf.replace(b"/Size 1", b"/Size 1/Encrypt 2 0 R")
    assert reason(data) == "encrypted"


def test_encrypted_pdf_with_a_long_trailer_is_refused(pdf: bytes) -> None:
    data = pdf.replace(b"/Size 1", b"/Encrypt 2 0 R/Size 1" + b" " * 9000)
    assert reason(data) == "encrypted"


def test_encrypted_pdf_with_an_index_stream_is_refused() -> None:
    assert reason(with_index_stream(b"/Encrypt 2 0 R" + b" " * 9000)) == "encrypted"


def test_encrypted_pdf_with_other_streams_before_is_refused() -> None:
    data = with_index_stream(
        b"/Encrypt 2 0 R" + b" " * 9000, before=b"<<>>stream\nendstream\n"
    )
    assert reason(data) == "encrypted"


def test_encrypted_pdf_whose_offset_is_a_little_wrong_is_refused(pdf: bytes) -> None:
    data = pdf.replace(b"/Size 1", b"/Encrypt 2 0 R")
    end = data.index(b"startxref")
    assert reason(data.replace(b"\n42\n", b"\n%d\n" % end)) == "encrypted"


def test_word_encrypt_inside_an_index_is_no_encryption() -> None:
    validate_pdf(with_index_stream(b"/Size 8", b"/Encrypt" + b" " * 9000))


def test_word_encrypt_elsewhere_is_no_encryption(pdf: bytes) -> None:
    text = b"(about /Encrypt)" + b" " * 4000
    validate_pdf(pdf.replace(b"1 0 obj", text + b"1 0 obj").replace(b"42", b"4058"))


def test_largest_size_is_accepted(pdf: bytes) -> None:
    validate_pdf(pdf, max_bytes=len(pdf))


def test_larger_pdf_is_refused(pdf: bytes) -> None:
    assert reason(pdf, max_bytes=len(pdf) - 1) == "too_large"


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_any_file_is_accepted_or_refused_with_a_reason(
    middle: bytes, tail: bytes
) -> None:
    for data in (middle, b"%PDF-1.4" + middle + b"startxref 9 %%EOF" + tail):
        try:
            validate_pdf(data)
        except InvalidPdfError as error:
            assert error.reason


def packed(content: bytes, layers: int) -> bytes:
    """Return a PDF with a stream in this many layers of Flate."""
    for _ in range(layers):
        content = zlib.compress(content, 9)
    start = b"%PDF-1.4\n1 0 obj\n<<>>\nstream\n" + content + b"\nendstream\nendobj\n"
    trailer = b"xref\n0 1\ntrailer\n<</Size 1>>\nstartxref\n%d\n%%%%EOF" % len(start)
    return start + trailer


@pytest.fixture
def one_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(const, "MAX_UNPACKED_BYTES", 1_000_000)


@pytest.mark.usefixtures("one_megabyte")
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_small_file_that_unpacks_to_too_much_is_refused(layers: int) -> None:
    assert reason(packed(bytes(2_000_000), layers)) == "bomb"


@pytest.mark.usefixtures("one_megabyte")
def test_log_says_that_a_file_unpacks_to_too_much() -> None:
    with pytest.raises(InvalidPdfError) as caught:
        validate_pdf(packed(bytes(2_000_000), 1))
    assert str(caught.value) == "The PDF unpacks to more than a document needs"


@pytest.mark.usefixtures("one_megabyte")
def test_file_that_unpacks_to_less_is_accepted() -> None:
    validate_pdf(packed(bytes(900_000), 1))
    validate_pdf(packed(bytes(900_000), 5))


@pytest.mark.usefixtures("one_megabyte")
def test_file_that_unpacks_to_the_limit_is_accepted() -> None:
    validate_pdf(packed(bytes(1_000_000), 1))


@pytest.mark.usefixtures("one_megabyte")
def test_no_more_than_four_layers_are_unpacked() -> None:
    validate_pdf(packed(bytes(2_000_000), 5))


@pytest.mark.usefixtures("one_megabyte")
@pytest.mark.parametrize("before", [b"stream\nplain", b"x" * 100_000])
def test_bomb_is_found_anywhere_in_the_file(before: bytes) -> None:
    bomb = packed(bytes(2_000_000), 1)
    assert reason(bomb.replace(b"1 0 obj", before + b"1 0 obj")) == "bomb"


@pytest.mark.usefixtures("one_megabyte")
def test_stream_is_followed_to_its_end() -> None:
    assert reason(packed(random.Random(1).randbytes(1_100_000), 1)) == "bomb"


@pytest.mark.usefixtures("one_megabyte")
def test_bomb_below_a_layer_that_ends_between_two_pieces_is_found() -> None:
    """The last piece is half a checksum, which unpacks to nothing."""
    pieces_end = sum(64 * 2**n for n in range(10))
    layer = zlib.compress(bytes(2_000_000), 9).ljust(pieces_end - 9, b"\0")
    stream = zlib.compress(layer, 0)
    assert len(stream) == pieces_end + 2
    assert reason(packed(stream, 0)) == "bomb"


@pytest.mark.usefixtures("one_megabyte")
def test_bomb_is_never_unpacked_into_memory() -> None:
    bomb = packed(bytes(50_000_000), 1)
    tracemalloc.start()
    try:
        assert reason(bomb) == "bomb"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_stream_that_is_not_packed_is_accepted() -> None:
    validate_pdf(packed(b"plain", 0))


def test_packed_stream_may_be_longer_than_one_piece() -> None:
    validate_pdf(packed(random.Random(1).randbytes(300_000), 1))


def test_stream_announced_too_long_ends_with_the_file() -> None:
    validate_pdf(packed(b"\x78\x01" + b"\x00\xff\xff\x00\x00" + b"cut", 0))


def test_streams_within_one_another_are_refused() -> None:
    """Each is read to their common end, and unpacks to nothing on the way."""
    marker = b"stream\n\x78\x9c"
    size = len(marker).to_bytes(2, "little")
    stored = b"\0" + size + bytes(255 - byte for byte in size) + marker
    nothing = bytes.fromhex("0208208000") * 500  # four empty blocks, 500 times
    assert len(zlib.decompressobj(-15).decompress(stored + nothing)) == len(marker)
    assert reason(packed((stored + nothing) * 400, 0)) == "bomb"


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_many_small_streams_are_accepted(layers: int) -> None:
    """Short streams cost as little to read as they contain."""
    content = b"0 0 m"
    for _ in range(layers):
        content = zlib.compress(content)
    glyph = b"%d 0 obj<</Length %d>>stream\n" + content + b"\nendstream endobj\n"
    glyphs = b"".join(glyph % (n, len(content)) for n in range(5000))
    validate_pdf(packed(glyphs, 0))


@pytest.mark.parametrize("layers", [1, 2])
def test_large_file_may_be_packed_as_a_whole(layers: int) -> None:
    validate_pdf(packed(random.Random(1).randbytes(3_000_000), layers))


def test_examination_has_a_time_limit(pdf: bytes) -> None:
    data = pdf.replace(b"1 0 obj", b"stream\n" * 10 + b"1 0 obj")
    looked = []

    def is_time_up() -> bool:
        looked.append(True)
        return len(looked) > 3

    assert reason(data, is_time_up=is_time_up) == "too_slow"
    assert len(looked) == 4


def test_many_streams_are_refused_for_their_unpacking(pdf: bytes) -> None:
    """They would take seconds in which nothing else could be done."""
    many = pdf.replace(b"1 0 obj", b"stream\n" * 400_000 + b"1 0 obj")
    assert reason(many) == "bomb"


def test_file_of_small_streams_is_accepted(pdf: bytes) -> None:
    streams = b"<</Length 1>>stream\n0\nendstream" * 1000
    validate_pdf(pdf.replace(b"1 0 obj", streams + b"1 0 obj"))
