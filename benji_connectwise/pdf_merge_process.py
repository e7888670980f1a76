"""The process that tries to merge PDFs, for `pdf_merge_check`; a program of its own.

It reads PDFs from its input, each after its length, and writes a byte about each.
usage: pdf_merge_process.py FILE, of the module through which Odoo uses its PDF library
"""

import importlib.util
import io
import sys
import zlib

try:
    import resource
except ImportError:  # on Windows only the time is limited, by whoever waits
    resource = None

MEMORY = 512 * 1024 * 1024
PROCESSOR_SECONDS = 3

LENGTH_BYTES = 8
READY, GOOD, BAD = b"R", b"1", b"0"


def main(library):
    odoo_pdf = load(library)
    if resource:
        limit(resource.RLIMIT_AS, MEMORY)
        limit(resource.RLIMIT_CORE, 0)
    questions = sys.stdin.buffer
    answer(READY)
    while length := questions.read(LENGTH_BYTES):
        content = questions.read(int.from_bytes(length, "big"))
        if resource:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            spent = int(usage.ru_utime + usage.ru_stime) + 1
            limit(resource.RLIMIT_CPU, spent + PROCESSOR_SECONDS)
        try:
            verdict = GOOD if merge(odoo_pdf, content) else BAD
        except Exception:
            verdict = BAD
        answer(verdict)


def answer(byte):
    sys.stdout.buffer.write(byte)
    sys.stdout.buffer.flush()


def load(library):
    spec = importlib.util.spec_from_file_location("odoo_pdf", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # As in odoo/tools/pdf/__init__.py, whose other contents take a second to import.
    module.filters.decompress = lambda data: zlib.decompressobj().decompress(data)
    return module


def limit(kind, value):
    _soft, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, hard))


def merge(odoo_pdf, content):
    """Do what `merge_pdf` of odoo.tools.pdf and `_merge_pdfs` of a report will do.

    :return: whether there was anything to merge
    """
    reader = odoo_pdf.PdfReader(io.BytesIO(content), strict=False)
    writer = odoo_pdf.PdfWriter()
    for number in range(reader.getNumPages()):
        writer.addPage(reader.getPage(number))
    once = io.BytesIO()
    writer.write(once)
    reader = odoo_pdf.PdfReader(once, strict=True)
    writer = odoo_pdf.PdfWriter()
    writer.appendPagesFromReader(reader)
    writer.write(io.BytesIO())
    return reader.getNumPages() > 0


if __name__ == "__main__":
    main(*sys.argv[1:])
