"""Assembling the body of an answer. Pure."""

import zlib
from collections.abc import Mapping
from typing import Any

from .errors import BadAnswerError, NetworkError


class Body:
    """A body, assembled and checked as it arrives.

    With some versions of urllib3, ``requests`` accepts a body that ends early, and it
    unpacks without a limit. So lengths are compared here, and gzip is unpacked here, up
    to a limit.
    """

    def __init__(self, headers: Mapping[str, str], max_bytes: int) -> None:
        length = headers.get("content-length", "")
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._expected = int(length) if length.isdecimal() and not chunked else None
        self._max = max_bytes
        self._received = 0
        self._parts = bytearray()
        self._gzip: Any = None
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding == "gzip":
            self._gzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        elif encoding not in ("", "identity"):
            raise BadAnswerError("Unknown compression", reason="encoding")
        if (self._expected or 0) > max_bytes:
            raise self._too_large()

    def feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._gzip:
            if self._gzip.eof:
                raise BadAnswerError("Data after the end of gzip", reason="encoding")
            room = self._max - len(self._parts) + 1
            try:
                chunk = self._gzip.decompress(chunk, room)
            except zlib.error:
                raise BadAnswerError("Not gzip", reason="encoding") from None
        self._parts += chunk
        if max(self._received, len(self._parts)) > self._max:
            raise self._too_large()

    def finish(self) -> bytes:
        cut = self._expected is not None and self._received != self._expected
        if cut or (self._gzip and self._received and not self._gzip.eof):
            raise NetworkError("The answer ended early", reason="short_body")
        return bytes(self._parts)

    def _too_large(self) -> BadAnswerError:
        return BadAnswerError(
            f"The answer is larger than {self._max} bytes", reason="too_large"
        )
