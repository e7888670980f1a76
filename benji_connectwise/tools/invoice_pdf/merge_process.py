"""The program that `merge_check` starts as a separate process to merge PDFs.

It treats each PDF as Odoo does when it prints several, with the same functions of the
same library. It reads questions from its input, and answers each with a byte. The
mended PDF follows if the question asked for it. It ends when its input does, or when no
question comes for a minute.
usage: merge_process.py PROCESSOR_SECONDS MEGABYTES
"""

import io
import os
import signal
import sys

try:
    import resource
except ImportError:  # On Windows only the time is limited, by the caller.
    resource = None

MEGABYTE = 1024 * 1024

MOST_SECONDS_IDLE = 60

LENGTH_BYTES = 8
HELLO, TRY, MEND = b"H", b"T", b"M"
READY, GOOD, BAD, TOO_MUCH = b"R", b"1", b"0", b"M"


def main(seconds, megabytes):
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What libraries print must not look like an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    questions = sys.stdin.buffer
    # Python put the folder of this program first, which is no package folder.
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
    """Return the next byte of the input, empty at its end; end if none comes."""
    has_alarm = hasattr(signal, "alarm")  # Windows has none.
    if has_alarm:
        signal.alarm(MOST_SECONDS_IDLE)
    question = questions.read(1)
    if has_alarm:
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
    """Return this PDF so that a report's `_merge_pdfs` can read it.

    Odoo is strict there about flaws that every PDF viewer tolerates. Links within the
    document are removed: Odoo changes the `get` of pypdf's dictionaries, and pypdf 6
    and later then cannot write a link to a named place.
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
    """Do the same as a report's `_merge_pdfs` (base, models/ir_actions_report.py)."""
    reader = odoo_pdf.PdfFileReader(io.BytesIO(mended))
    writer = odoo_pdf.PdfFileWriter()
    writer.appendPagesFromReader(reader)
    writer.write(io.BytesIO())


if __name__ == "__main__":
    main(*sys.argv[1:])
