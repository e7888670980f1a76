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
    ``[…]`` a class (developer guide), ``%`` one of the database behind it; control
    and invisible characters have no business there. All of these raise
    :class:`UnqueryableError`: refusing is safe, guessing may ask for something else.
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

    Only ``>``: some own servers are said to refuse ``>=`` (not documented).
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
    """Return what two numbers have in common if they count as equal: neither case
    nor surrounding space matters."""
    return number.strip().casefold()


def sort_numbers(numbers: Iterable[str]) -> tuple[list[str], list[SkippedRecord]]:
    """Return the numbers to ask for, each once, and those that cannot be asked for.

    Empty ones and ones too long to exist in ConnectWise are in neither.
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
    """Return the invoices with these numbers, one more than ``MAX_HITS`` at most of
    each."""
    left = {number_key(number): const.MAX_HITS + 1 for number in numbers}
    kept = []
    for invoice in invoices:
        key = number_key(invoice.number or "")
        if left.get(key):
            left[key] -= 1
            kept.append(invoice)
    return kept


def skip_number(number: str) -> SkippedRecord:
    """Leave out a number that more invoices have than could be read."""
    problem = f"More than {const.MAX_HITS} invoices have the number {number}"
    return SkippedRecord(None, AmbiguousNumberError(problem, value=number))


def chunks(
    values: Iterable[T], most: int, fits: Callable[[Sequence[T]], bool]
) -> Iterator[list[T]]:
    """Split into runs of at most ``most`` values that ``fits`` accepts.

    A single value is a run of its own even if it does not fit. Runs may be shorter than
    they could be: finding out costs more than it saves.
    """
    left = iter(values)
    run = list(islice(left, most))
    while run:
        size = len(run)
        while size > 1 and not fits(run[:size]):
            size = size * 3 // 4
        yield run[:size]
        run = [*run[size:], *islice(left, size)]
