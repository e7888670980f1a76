"""Conditions: how to ask for some records of a list. Pure."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from typing import TypeVar

from . import const
from .errors import AmbiguousNumberError, UnqueryableError
from .records import Invoice, SkippedRecord

T = TypeVar("T")


def quote_string(value: str) -> str:
    """Write ``value`` as a string of a condition.

    How to write a quote inside a string is not documented, ``*`` is a wildcard and
    ``[…]`` a character class (developer guide), ``%`` is a wildcard of its database,
    and control and invisible characters do not belong there. All of these raise
    :class:`UnqueryableError`: a guess might ask for something else.
    """
    if any(c in "\"'\\*[]%" or unicodedata.category(c)[0] == "C" for c in value):
        raise UnqueryableError(f"Cannot ask for {ascii(value)[:80]}", value=value)
    return f'"{value}"'


def numbers_condition(numbers: Sequence[str]) -> str:
    """Ask for invoices by number. Raises :class:`UnqueryableError`."""
    quoted = [quote_string(number) for number in numbers]
    if len(quoted) == 1:
        return f"invoiceNumber = {quoted[0]}"
    return f"invoiceNumber in ({','.join(quoted)})"


def ids_condition(ids: Iterable[int]) -> str:
    """Ask for records by id."""
    return f"id in ({','.join(str(int(record_id)) for record_id in ids)})"


def changed_condition(since: datetime) -> str:
    """Ask for records changed after a time, which must carry its zone.

    Only ``>``: some on-premise servers are said to refuse ``>=`` (not documented).
    """
    if since.tzinfo is None:
        raise ValueError("changed_since needs a time zone")
    return f"lastUpdated > [{since.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}]"


def dates_condition(first: date, last: date) -> str:
    """Ask for invoices dated from one day to another, both included.

    ``>`` and ``<`` alone, as in :func:`changed_condition`.
    """
    before = f"{first - timedelta(days=1)}T23:59:59Z"
    after = f"{last + timedelta(days=1)}T00:00:00Z"
    return f"date > [{before}] and date < [{after}]"


def number_key(number: str) -> str:
    """Return the form in which numbers are compared: case and surrounding spaces do not
    matter."""
    return number.strip().casefold()


def sort_numbers(numbers: Iterable[str]) -> tuple[list[str], list[SkippedRecord]]:
    """Return the numbers to ask for, each once, and those that cannot be asked for.

    Empty numbers, and numbers too long for ConnectWise, are in neither list.
    """
    ask: dict[str, str] = {}
    skipped = []
    for number in numbers:
        stripped = number.strip()
        if not 0 < len(stripped) <= const.MAX_INVOICE_NUMBER_LENGTH:
            continue
        try:
            quote_string(stripped)
        except UnqueryableError as error:
            skipped.append(SkippedRecord(None, error))
        else:
            ask.setdefault(number_key(stripped), stripped)
    return list(ask.values()), skipped


def cut_hits(numbers: Iterable[str], invoices: Iterable[Invoice]) -> list[Invoice]:
    """Return the invoices with these numbers, at most ``MAX_HITS`` + 1 of each."""
    left = {number_key(number): const.MAX_HITS + 1 for number in numbers}
    kept = []
    for invoice in invoices:
        key = number_key(invoice.number or "")
        if left.get(key):
            left[key] -= 1
            kept.append(invoice)
    return kept


def skip_number(number: str) -> SkippedRecord:
    """Return the skipped record for a number that too many invoices have."""
    problem = f"More than {const.MAX_HITS} invoices have the number {number}"
    return SkippedRecord(None, AmbiguousNumberError(problem, value=number))


def chunks(
    values: Iterable[T], most: int, fits: Callable[[Sequence[T]], bool]
) -> Iterator[list[T]]:
    """Split into chunks of at most ``most`` values that ``fits`` accepts.

    A value that does not fit is a chunk of its own. Chunks may be shorter than they
    could be: finding the longest costs more than it saves.
    """
    left = iter(values)
    chunk = list(islice(left, most))
    while chunk:
        size = len(chunk)
        while size > 1 and not fits(chunk[:size]):
            size = size * 3 // 4
        yield chunk[:size]
        chunk = [*chunk[size:], *islice(left, size)]
