"""PDF files that are harmful, unusable, or valid but hard to handle."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Iterator

from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas

_MEGABYTE = 1 << 20
BOMB_SIZE = 2 << 30
OVERSIZE = 256 * _MEGABYTE


def truncated(pdf: bytes) -> bytes:
    """Return the first half of a PDF, with no end-of-file mark."""
    return pdf[: len(pdf) // 2]


@functools.lru_cache(maxsize=1)
def encrypted() -> bytes:
    """Return a PDF that needs a password."""
    buffer = io.BytesIO()
    lock = pdfencrypt.StandardEncryption("secret", canPrint=0)
    canvas = Canvas(buffer, encrypt=lock, invariant=1)
    canvas.drawString(72, 720, "Nobody without the password reads this.")
    canvas.save()
    return buffer.getvalue()


@functools.lru_cache(maxsize=1)
def bomb() -> bytes:
    """Return a PDF of a few kilobytes that takes 2 GiB of memory to open.

    The cross-reference stream, which every reader unpacks first, is compressed twice.
    """
    stream = zlib.compress(_zeros_compressed(BOMB_SIZE), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
        b"<< /Type /XRef /Size 5 /W [1 4 2] /Root 1 0 R"
        b" /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%b\nendstream"
        % (len(stream), stream),
    ]
    pdf, start = b"%PDF-1.5\n", 0
    for number, body in enumerate(objects, 1):
        start = len(pdf)
        pdf += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    return pdf + b"startxref\n%d\n%%%%EOF\n" % start


def _zeros_compressed(size: int) -> bytes:
    """Return a zlib stream of `size` zeros without compressing them all.

    Between full flushes, deflate's output for the same input repeats itself.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    chunk = bytes(_MEGABYTE)
    block = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = struct.pack(">HH", size % 65521, 1)
    return b"\x78\xda" + block * (size // _MEGABYTE) + packer.flush() + checksum


def oversized(pdf: bytes) -> Iterator[bytes]:
    """Yield a PDF of `OVERSIZE` bytes in pieces: a real one and a long comment."""
    tail = b"\n%%EOF\n"
    yield pdf + b"\n%"
    left = OVERSIZE - len(pdf) - 2 - len(tail)
    filler = b"x" * _MEGABYTE
    while left > 0:
        yield filler[:left]
        left -= _MEGABYTE
    yield tail


def linked_by_name(action: bool = False) -> bytes:
    """Return two pages, the first with a link to a *named* place on the second.

    pdfTeX writes such files. ``action``: whether the link uses an action.
    """
    link = b"/A<</S/GoTo/D(details)>>" if action else b"/Dest(details)"
    return _document(
        b"<</Type/Catalog/Pages 2 0 R"
        b"/Names<</Dests<</Names[(details)[4 0 R/Fit]]>>>>>>",
        b"<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]/MediaBox[0 0 612 792]>>",
        b"<</Type/Page/Parent 2 0 R/Resources<<>>/Annots[5 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/Resources<<>>>>",
        b"<</Type/Annot/Subtype/Link/Rect[0 0 99 9]%s>>" % link,
    )


def many_pages(count: int = 10_000) -> bytes:
    """Return a PDF of one megabyte with empty pages, which takes seconds to handle."""
    kids = b" ".join(b"%d 0 R" % (3 + number) for number in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<<>>>>"
    return _document(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        *[page] * count,
    )


def many_annotations(count: int = 32_768) -> bytes:
    """Return a PDF of one page with annotations, which takes seconds to handle."""
    marks = b" ".join(b"%d 0 R" % (4 + number) for number in range(count))
    return _document(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 612 792]>>",
        b"<</Type/Page/Parent 2 0 R/Resources<<>>/Annots[%s]>>" % marks,
        *[b"<</Type/Annot/Subtype/Square/Rect[0 0 9 9]>>"] * count,
    )


def _document(*objects: bytes) -> bytes:
    """Return a PDF with these objects. The first one is its catalog."""
    pdf, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(pdf)
    pdf += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    pdf += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    pdf += b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    return bytes(pdf + b"startxref\n%d\n%%%%EOF\n" % start)
