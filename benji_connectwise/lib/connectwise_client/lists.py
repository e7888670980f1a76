"""Reading lists: page after page, many values in few requests, several at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

from . import conditions, const, protocol
from .protocol import ALL_IDS, IdRange
from .records import Company, Contact, Invoice, Parse, SkippedRecord
from .session import Session

T = TypeVar("T")
V = TypeVar("V")
A = TypeVar("A")
R = TypeVar("R", Invoice, Contact, Company)

Page = tuple[list[T], list[SkippedRecord]]
"""Some records in the order of their ids, and those that could not be read."""


class CompanyPage(NamedTuple):
    """Companies in the order of their ids, and those that could not be read.

    It has all companies of ``ids``. ``rest`` is the part of the requested range that
    is still to be read, ``None`` if there is none.
    """

    companies: list[Company]
    skipped: list[SkippedRecord]
    ids: IdRange
    rest: IdRange | None


class InvoicePage(NamedTuple):
    """Invoices of some days, as a :class:`CompanyPage` has companies."""

    invoices: list[Invoice]
    skipped: list[SkippedRecord]
    ids: IdRange
    rest: IdRange | None


P = TypeVar("P", CompanyPage, InvoicePage)


class ListReader:
    """Reads lists in the session of one client; safe to use from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._was_answered = False

    def rows(self, request: protocol.Request) -> list[object]:
        """Return the rows of one request, not yet parsed."""
        answer = self._session.call(request)
        self._was_answered = True
        return protocol.read_rows(protocol.parse_json(answer, request.path), request)

    def count(self, request: protocol.Request) -> int:
        """Return the answer to :func:`count_request`."""
        answer = self._session.call(request)
        return protocol.read_count(
            protocol.parse_json(answer, request.path), request.path
        )

    def pages(
        self, endpoint: const.Endpoint, parse: Parse[T], condition: str
    ) -> Iterator[Page[T]]:
        """Read all records that meet a condition, one page after the other."""
        ids = ALL_IDS
        while True:
            rows = self.rows(protocol.list_request(endpoint, condition, ids))
            records, skipped, last_id = protocol.read_page(
                rows, parse, ids, endpoint.path
            )
            if records or skipped:
                yield records, skipped
            if len(rows) < const.PAGE_SIZE:
                return
            ids = IdRange(last_id)

    def divide(
        self,
        endpoint: const.Endpoint,
        condition: str = "",
        ids: IdRange = ALL_IDS,
        *,
        ends: Sequence[str] = ("desc",),
    ) -> tuple[int, list[IdRange]]:
        """Return how many records there are, and ranges with about a page of each.

        ``ends``: orders whose first record is asked for, the newest one first.
        """

        def find(order: str) -> int:
            request = protocol.end_request(endpoint, condition, ids, order)
            return protocol.read_end(self.rows(request))

        with ThreadPoolExecutor(len(ends)) as executor:
            found = executor.map(find, ends)
            count = self.count(protocol.count_request(endpoint, condition, ids))
            return count, protocol.divide(count, ids.after, *found)

    def page(
        self, endpoint: const.Endpoint, parse: Parse[R], condition: str, ids: IdRange
    ) -> tuple[list[R], list[SkippedRecord], IdRange, IdRange | None]:
        """Read a page of a range: the fields of a :class:`CompanyPage`."""
        rows = self.rows(protocol.list_request(endpoint, condition, ids))
        records, skipped, last_id = protocol.read_page(rows, parse, ids, endpoint.path)
        if len(rows) < const.PAGE_SIZE or last_id == ids.until:
            return records, skipped, ids, None
        read, rest = IdRange(ids.after, last_id), IdRange(last_id, ids.until)
        return records, skipped, read, rest

    def in_ranges(
        self,
        read: Callable[[IdRange], P],
        ranges: Iterable[IdRange],
        pages_ahead: int = 1,
    ) -> Iterator[P]:
        """Read all pages of these ranges with ``read``, so many of each range ahead."""

        def begin(ids: IdRange) -> list[P]:
            pages = [read(ids)]
            while pages[-1].rest and len(pages) < pages_ahead:
                pages.append(read(pages[-1].rest))
            return pages

        for pages in self.ahead(partial(begin, ids) for ids in ranges):
            yield from pages
            page = pages[-1]
            while page.rest:
                page = read(page.rest)
                yield page

    def by_ids(
        self, endpoint: const.Endpoint, parse: Parse[R], ids: Iterable[int]
    ) -> Iterator[Page[R]]:
        """Read records by id. Records that were deleted are not among them."""

        def read(some: Sequence[int]) -> Page[R]:
            request = protocol.list_request(
                endpoint, conditions.ids_condition(some), most=len(some)
            )
            records, skipped, _last_id = protocol.read_page(
                self.rows(request), parse, ALL_IDS, request.path
            )
            return [record for record in records if record.id in some], skipped

        return self.in_chunks(
            endpoint,
            sorted(set(ids)),
            const.IDS_PER_REQUEST,
            conditions.ids_condition,
            read,
        )

    def in_chunks(
        self,
        endpoint: const.Endpoint,
        values: Iterable[V],
        most: int,
        condition: Callable[[Sequence[V]], str],
        read: Callable[[Sequence[V]], Page[T]],
    ) -> Iterator[Page[T]]:
        """Ask for many values, at most ``most`` of them in one request.

        ``read`` sends the request for some of the values. It must check what comes
        back: a condition may match more than it says.
        """

        def fits(some: Sequence[V]) -> bool:
            request = protocol.list_request(endpoint, condition(some))
            url = request.url(self._session.origin, self._session.known_codebase())
            return len(url) <= const.MAX_URL_LENGTH

        chunks = conditions.chunks(values, most, fits)
        for records, skipped in self.ahead(partial(read, chunk) for chunk in chunks):
            if records or skipped:
                yield records, skipped

    def ahead(self, questions: Iterable[Callable[[], A]]) -> Iterator[A]:
        """Yield the answers in the order of the questions, asking several at once.

        A client's first question is asked alone, so that an error which every request
        would meet is met once. Nothing more is asked after the iterator is closed.
        """
        left = iter(questions)
        if not self._was_answered:
            yield from (question() for question in islice(left, 1))
        pending: deque[Future[A]] = deque()
        executor = ThreadPoolExecutor(const.MAX_CONNECTIONS)
        try:
            while True:
                for question in islice(left, const.MAX_WAITING_ANSWERS - len(pending)):
                    pending.append(executor.submit(question))
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
