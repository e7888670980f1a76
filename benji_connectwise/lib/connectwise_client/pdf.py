"""Is this a PDF? Checked from outside: nothing is parsed.

A few kilobytes can unpack to gigabytes, and a program that merges or stamps the PDF
later would hold all of it in memory. So streams are unpacked here first, a little at a
time and within a budget. Reading has a budget too: streams that overlap would each be
read to their common end, which can take minutes. The whole check has a time limit. Only
Flate is unpacked, which is what the format's own index may use.
"""

import re
import zlib
from collections.abc import Callable, Iterator

from . import const
from .errors import InvalidPdfError

_START = 1024  # readers accept the header anywhere within (PDF 1.7, annex H)
_END = 2048
_STREAM = re.compile(rb"stream\r?\n")
_FIRST_PIECE = 64  # enough to recognise most streams that are not Flate
_PIECE = 64 * 1024
_MOST_LAYERS = 4  # of Flate around one stream; real ones have one
_MOST_READING = 2 * _MOST_LAYERS  # times the file: a piece may be twice as long as
# needed
_LEAST_READING = 256  # a piece counts as at least this much: it takes time too
_SPARE_READING = 8 * 1024 * 1024  # small files consist of small pieces
_TAIL = re.compile(rb"startxref\s{1,16}(\d{1,10})\s{1,16}%%EOF")


def validate_pdf(
    data: bytes,
    max_bytes: int = const.MAX_PDF_BYTES,
    is_time_up: Callable[[], bool] = lambda: False,
) -> None:
    """Raise :class:`InvalidPdfError` unless ``data`` looks like a complete PDF.

    ``max_bytes`` is the largest size accepted, ``is_time_up`` returns whether to give
    up. Encrypted files are refused: recipients could not merge or stamp them, and
    perhaps not open them.
    """
    if len(data) > max_bytes:
        raise _invalid("too_large", f"is larger than {max_bytes} bytes")
    header = data.find(b"%PDF-", 0, _START)
    if header < 0:
        raise _explain_missing_header(data)
    tail = data[-_END:]
    if b"%%EOF" not in tail:
        raise _invalid("no_end", "has no end; it was probably cut short")
    offsets = _TAIL.findall(tail)
    offset = header + int(offsets[-1]) if offsets else len(data)
    if offset >= len(data):
        raise _invalid("no_startxref", "does not say where its index is")
    if (
        b"/Encrypt" in tail
        or data.find(b"/Encrypt", offset, _trailer_end(data, offset)) >= 0
    ):
        raise _invalid("encrypted", "is encrypted")
    budget = const.MAX_UNPACKED_BYTES
    for size in _unpacked_sizes(data, is_time_up):
        budget -= size
        if budget < 0:
            raise _invalid("bomb", "unpacks to more than a document needs")


def _unpacked_sizes(data: bytes, is_time_up: Callable[[], bool]) -> Iterator[int]:
    """Yield the sizes of the pieces that all streams unpack to, layer by layer."""
    reader = _Reader(data, is_time_up)
    for stream in _STREAM.finditer(data):
        for layers in range(1, _MOST_LAYERS + 1):
            pieces = reader.pieces(stream.end())
            for _ in range(layers):
                pieces = _inflate(pieces)
            size = 0
            for piece in pieces:
                size += len(piece)
                yield len(piece)
            if not size:
                break


class _Reader:
    """Reads a file in pieces, within a budget and a time limit."""

    def __init__(self, data: bytes, is_time_up: Callable[[], bool]) -> None:
        self._data = data
        self._is_time_up = is_time_up
        self._budget = _MOST_READING * len(data) + _SPARE_READING

    def pieces(self, start: int) -> Iterator[bytes]:
        """Yield pieces from ``start`` on, each larger than the one before.

        Raises :class:`InvalidPdfError` when the budget or the time is used up.
        """
        size = _FIRST_PIECE
        while start < len(self._data):
            piece = self._data[start : start + size]
            self._budget -= max(len(piece), _LEAST_READING)
            if self._budget < 0:
                raise _invalid("bomb", "takes more unpacking than a document needs")
            if self._is_time_up():
                raise _invalid("too_slow", "takes longer to unpack than there is time")
            yield piece
            start += size
            size = min(2 * size, _PIECE)


def _inflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack until the end or the first error, one piece at a time."""
    unpacker = zlib.decompressobj()
    for piece in pieces:
        left = piece
        while left and not unpacker.eof:
            try:
                unpacked = unpacker.decompress(left, _PIECE)
            except zlib.error:
                return
            left = unpacker.unconsumed_tail
            yield unpacked
        if unpacker.eof:
            return


def _explain_missing_header(data: bytes) -> InvalidPdfError:
    start = data[:_START].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return _invalid("empty", "is empty")
    if start.startswith(b"<"):
        return _invalid("html", "is a web page")
    if start.startswith((b"{", b"[")):
        return _invalid("json", "is JSON")
    return _invalid("no_header", "does not start like a PDF")


def _trailer_end(data: bytes, offset: int) -> int:
    """Return where the trailer's dictionary ends, whichever form it has.

    A classic index (``xref``) is followed by its trailer; since PDF 1.5 the index may
    be a stream, whose dictionary is the trailer. The end of the file is checked too,
    because readers accept an offset that is slightly wrong.
    """
    stop = b"startxref" if data.startswith(b"xref", offset) else b"stream"
    return max(data.find(stop, offset), offset)


def _invalid(reason: str, problem: str) -> InvalidPdfError:
    return InvalidPdfError(f"The PDF {problem}", reason=reason)
