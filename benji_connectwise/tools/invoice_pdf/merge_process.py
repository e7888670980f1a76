"""The process that tries to merge PDFs, for `merge_check`; a program of its own.

It does with each PDF what printing several does with it, by the same functions of the
same library with the same changes of Odoo. It reads questions from its input, and
writes a byte about each, followed by what comes of the PDF where that is wanted. It ends
when its input does, and when nothing is asked for a while.
usage: merge_process.py PROCESSOR_SECONDS MEGABYTES
"""

import io
import os
import signal
import sys

try:
    import resource
except ImportError:  # on Windows only the time is limited, by whoever waits
    resource = None

MEGABYTE = 1024 * 1024

MOST_SECONDS_IDLE = 60

LENGTH_BYTES = 8
HELLO, TRY, MEND = b"H", b"T", b"M"
READY, GOOD, BAD, TOO_MUCH = b"R", b"1", b"0", b"M"


def main(seconds, megabytes):
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever a library prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    questions = sys.stdin.buffer
    # The folder of this program is not one of modules.
    sys.path.pop(0)
    from odoo.tools import pdf

    if resource:
        limit(resource.RLIMIT_AS, int(megabytes) * MEGABYTE)
        limit(resource.RLIMIT_CORE, 0)
    while wanted := read_question(questions):
        if wanted == HELLO:
            answer(answers, READY)
            continue
        length = int.from_bytes(questions.read(LENGTH_BYTES), "big")
        content = questions.read(length)
        if resource:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            spent = int(usage.ru_utime + usage.ru_stime) + 1
            limit(resource.RLIMIT_CPU, spent + int(seconds))
        try:
            mended = mend(pdf, content)
            merge(pdf, mended)
        except MemoryError:
            answer(answers, TOO_MUCH)
        except Exception:
            answer(answers, BAD)
        else:
            if wanted == MEND:
                answer(answers, GOOD, len(mended).to_bytes(LENGTH_BYTES, "big"), mended)
            else:
                answer(answers, GOOD)


def read_question(questions):
    is_patient = not hasattr(signal, "alarm")  # on Windows
    if not is_patient:
        signal.alarm(MOST_SECONDS_IDLE)
    question = questions.read(1)
    if not is_patient:
        signal.alarm(0)
    return question


def answer(answers, *parts):
    for part in parts:
        answers.write(part)
    answers.flush()


def limit(kind, value):
    _soft, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, hard))


def mend(odoo_pdf, content):
    """Return this PDF as `_merge_pdfs` of a report can take it.

    Odoo stops there at flaws that every reader forgives. And with the `get` that it
    gives to pypdf's dictionaries, pypdf 6 and later cannot write a link that leads to
    another place of the document, if this place has a name: such links are left out.
    """
    reader = odoo_pdf.PdfFileReader(io.BytesIO(content), strict=False)
    writer = odoo_pdf.PdfFileWriter()
    count = reader.getNumPages()
    if not count:
        raise ValueError("A PDF without pages")
    for number in range(count):
        page = reader.getPage(number)
        remove_links_within(odoo_pdf, page)
        writer.addPage(page)
    mended = io.BytesIO()
    writer.write(mended)
    return mended.getvalue()


def remove_links_within(odoo_pdf, page):
    annotations = page.get("/Annots")
    if isinstance(annotations, odoo_pdf.ArrayObject):
        kept = [item for item in annotations if not leads_within(item.getObject())]
        page[odoo_pdf.NameObject("/Annots")] = odoo_pdf.ArrayObject(kept)


def leads_within(annotation):
    if not isinstance(annotation, dict) or annotation.get("/Subtype") != "/Link":
        return False
    action = annotation.get("/A")
    return "/Dest" in annotation or (
        isinstance(action, dict) and action.get("/S") == "/GoTo"
    )


def merge(odoo_pdf, mended):
    """Do what `_merge_pdfs` of a report (base, models/ir_actions_report.py) does."""
    reader = odoo_pdf.PdfFileReader(io.BytesIO(mended))
    writer = odoo_pdf.PdfFileWriter()
    writer.appendPagesFromReader(reader)
    writer.write(io.BytesIO())


if __name__ == "__main__":
    main(*sys.argv[1:])
