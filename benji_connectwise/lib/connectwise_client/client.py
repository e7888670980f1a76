"""The client: methods that return ConnectWise's records and PDFs."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from types import TracebackType

from . import conditions, const, protocol
from .access import AccessReport, RightCheck
from .errors import (
    BadAnswerError,
    ConnectWiseError,
    InvalidPdfError,
    MissingRightError,
    NotFoundError,
    SettingsError,
)
from .lists import CompanyPage, InvoicePage, ListReader, Page
from .pdf import validate_pdf
from .protocol import ALL_IDS, Credentials, IdRange
from .records import Callback, Company, Contact, Invoice
from .session import Runtime, Session


class ConnectWiseClient:
    """A tenant's ConnectWise PSA, signed in as one API member.

    ``address``: as for :func:`normalise_address`. ``limits``: ``INTERACTIVE`` or
    ``BACKGROUND``. ``local_hosts``: ``host:port`` entries that may be reached over
    plain http or at a private address. ``codebase``: that property of an earlier
    client, which saves a request. ``max_pdf_bytes``: larger PDFs are refused.
    Raises :class:`AddressError`.

    A context manager; safe to use from several threads. Every method may raise
    :class:`SettingsError` and :class:`WaitError`, and :class:`BadAnswerError` or
    :class:`RefusedRequestError` if the server does not behave as documented; docstrings
    name only further errors. Iterators send requests, and raise, as they advance.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        limits: const.Limits = const.BACKGROUND,
        local_hosts: Collection[str] = (),
        codebase: str | None = None,
        *,
        max_pdf_bytes: int = const.MAX_PDF_BYTES,
        runtime: Runtime | None = None,
    ) -> None:
        self._max_pdf_bytes = max_pdf_bytes
        self._session = Session(
            address,
            credentials,
            limits,
            local_hosts,
            codebase,
            max_pdf_bytes,
            runtime or Runtime(),
        )
        self._lists = ListReader(self._session)

    def __repr__(self) -> str:
        return f"<ConnectWiseClient {self.origin}>"

    def __enter__(self) -> "ConnectWiseClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections, which ends requests in progress."""
        self._session.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server."""
        return self._session.origin

    @property
    def tenant(self) -> str:
        """The tenant, as `identify_tenant` names it."""
        return self._session.tenant

    @property
    def codebase(self) -> str | None:
        """The tenant's codebase (``v2025_1/``), ``None`` until it is known."""
        return self._session.codebase

    @property
    def server_version(self) -> str:
        """The API version that the last answer named, empty for none."""
        return self._session.server_version

    @property
    def request_count(self) -> int:
        """Requests sent so far, including retries."""
        return self._session.request_count

    @property
    def throttled_count(self) -> int:
        """Requests so far that ConnectWise refused because there were too many."""
        return self._session.throttled_count

    @property
    def seconds_left(self) -> float:
        """Seconds left of the total time, infinite if it is not limited."""
        return self._session.seconds_left()

    # -- Invoices ---------------------------------------------------------------

    def find_invoices(self, numbers: Iterable[str]) -> Iterator[Page[Invoice]]:
        """Look invoices up by their numbers, many in one request.

        Yields the invoices whose number equals one of ``numbers``; case and surrounding
        spaces do not matter (:func:`number_key`). Several may have the same number. If
        more than ``MAX_HITS`` have it, ``MAX_HITS`` + 1 of them are yielded. Empty
        numbers, and those longer than ConnectWise's can be, are not asked for. Those
        that cannot be put into a query come as skipped records with an
        :class:`UnqueryableError`.
        """
        ask, refused = conditions.sort_numbers(numbers)
        if refused:
            yield [], refused
        yield from self._lists.in_chunks(
            const.INVOICES,
            ask,
            const.NUMBERS_PER_REQUEST,
            conditions.numbers_condition,
            self._find_chunk,
        )

    def _find_chunk(self, numbers: Sequence[str]) -> Page[Invoice]:
        """Look up numbers that fit into one request.

        If the answer is full, it may not have all: each half is asked for again.
        """
        most = min(len(numbers) * (const.MAX_HITS + 1), const.PAGE_SIZE)
        condition = conditions.numbers_condition(numbers)
        request = protocol.list_request(const.INVOICES, condition, most=most)
        rows = self._lists.rows(request)
        is_full = len(rows) == most
        half = len(numbers) // 2
        if is_full and half:
            some, others = map(self._find_chunk, (numbers[:half], numbers[half:]))
            return some[0] + others[0], some[1] + others[1]
        invoices, skipped, _last_id = protocol.read_page(
            rows, Invoice.from_json, ALL_IDS, request.path
        )
        found = conditions.cut_hits(numbers, invoices)
        if is_full and len(found) <= const.MAX_HITS:
            # Some cannot be used, and there may be others that were not read.
            return [], [*skipped, conditions.skip_number(numbers[0])]
        return found, skipped

    def get_invoices(self, ids: Iterable[int]) -> Iterator[Page[Invoice]]:
        """Read invoices by id. Deleted ones are not among them."""
        return self._lists.by_ids(const.INVOICES, Invoice.from_json, ids)

    def invoices(
        self, first: date, last: date, ranges: Iterable[IdRange] = (ALL_IDS,)
    ) -> Iterator[InvoicePage]:
        """Read the invoices that are dated from one day to another, both included.

        The pages come in the order of the ranges; while one is used, the first two of
        each of the next ranges are read.
        """
        condition = conditions.dates_condition(first, last)

        def read(ids: IdRange) -> InvoicePage:
            page = self._lists.page(const.INVOICES, Invoice.from_json, condition, ids)
            invoices = [
                invoice
                for invoice in page[0]
                if invoice.date and first <= invoice.date.date() <= last
            ]
            return InvoicePage(invoices, *page[1:])

        # The ids of a period are denser in some parts than in others: more than one
        # page is usual, and reading it only when it is wanted takes twice as long.
        return self._lists.in_ranges(read, ranges, pages_ahead=2)

    def invoice_ranges(
        self, first: date, last: date, after: int = 0
    ) -> tuple[int, list[IdRange]]:
        """Return how many invoices with an id above ``after`` are dated from one day to
        another, and ranges as of :meth:`company_ranges`.

        By id, because many invoices have the same date.
        """
        condition = conditions.dates_condition(first, last)
        ids = IdRange(after)
        return self._lists.divide(const.INVOICES, condition, ids, ends=("desc", "asc"))

    def changed_invoices(self, since: datetime) -> Iterator[Page[Invoice]]:
        """Read the invoices of all dates that changed after a time (with a zone), by
        ConnectWise's clock. Deleted ones are not among them."""
        condition = conditions.changed_condition(since)
        return self._lists.pages(const.INVOICES, Invoice.from_json, condition)

    def count_invoices(self, first: date, last: date) -> int:
        """Return how many invoices are dated from one day to another, both included."""
        condition = conditions.dates_condition(first, last)
        return self._lists.count(protocol.count_request(const.INVOICES, condition))

    def download_invoice_pdf(self, invoice_id: int) -> bytes:
        """Return an invoice's PDF, as ConnectWise renders it now.

        Raises :class:`InvalidPdfError` and :class:`NotFoundError`.
        """
        try:
            answer = self._session.call(protocol.pdf_request(invoice_id))
        except BadAnswerError as error:
            if error.reason != "too_large":
                raise
            raise InvalidPdfError(
                str(error), reason=error.reason, path=error.path
            ) from None
        validate_pdf(answer.body, self._max_pdf_bytes, lambda: self.seconds_left <= 0)
        return answer.body

    def download_invoice_pdfs(
        self, ids: Iterable[int]
    ) -> Iterator[tuple[int, bytes | ConnectWiseError]]:
        """Yield each invoice's id with its PDF or its error, as they arrive.

        At most ``MAX_CONNECTIONS`` are downloaded at a time, and at most
        ``MAX_WAITING_PDFS`` are in memory. No download starts after the iterator is
        closed.
        """
        left = iter(dict.fromkeys(ids))
        pending: dict[Future[bytes | ConnectWiseError], int] = {}
        executor = ThreadPoolExecutor(const.MAX_CONNECTIONS)
        try:
            while True:
                for invoice_id in islice(left, const.MAX_WAITING_PDFS - len(pending)):
                    pending[executor.submit(self._try_pdf, invoice_id)] = invoice_id
                if not pending:
                    return
                future = wait(pending, return_when=FIRST_COMPLETED).done.pop()
                yield pending.pop(future), future.result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _try_pdf(self, invoice_id: int) -> bytes | ConnectWiseError:
        try:
            return self.download_invoice_pdf(invoice_id)
        except ConnectWiseError as error:
            return error

    # -- Companies and contacts -------------------------------------------------

    def companies(
        self,
        ranges: Iterable[IdRange] = (ALL_IDS,),
        changed_since: datetime | None = None,
    ) -> Iterator[CompanyPage]:
        """Read the companies of these ranges, including those in the recycle bin.

        The pages come in the order of the ranges. While the caller uses one, the first
        pages of the next ranges are read. ``changed_since``: only those that changed
        after this time (with a zone), by ConnectWise's clock.
        """
        condition = conditions.changed_condition(changed_since) if changed_since else ""

        def read(ids: IdRange) -> CompanyPage:
            page = self._lists.page(const.COMPANIES, Company.from_json, condition, ids)
            return CompanyPage(*page)

        return self._lists.in_ranges(read, ranges)

    def company_ranges(self) -> tuple[int, list[IdRange]]:
        """Return how many companies there are, and ranges with about a page of each.

        Together the ranges cover all ids. All have the same width, so a range in which
        ids are dense has more than one page.
        """
        return self._lists.divide(const.COMPANIES)

    def count_companies(self) -> int:
        """Return how many companies there are, including those in the recycle bin."""
        return self._lists.count(protocol.count_request(const.COMPANIES))

    def contacts(self, ids: Iterable[int]) -> Iterator[Page[Contact]]:
        """Read contacts by id. Deleted ones are not among them."""
        return self._lists.by_ids(const.CONTACTS, Contact.from_json, ids)

    def changed_contacts(self, since: datetime) -> Iterator[Page[Contact]]:
        """Read the contacts of all companies that changed after a time (with a zone).

        One may be missing if only its e-mail address or phone number changed
        (:class:`Contact`).
        """
        condition = conditions.changed_condition(since)
        return self._lists.pages(const.CONTACTS, Contact.from_json, condition)

    def discover(self) -> str:
        """Return the codebase; ask for it, without the keys, if it is not known yet.

        Raises :class:`UnknownCompanyError` too.
        """
        return self._session.known_codebase()

    # -- Callbacks --------------------------------------------------------------

    def callbacks(self) -> list[Callback]:
        """Return all registered callbacks, including those of other integrations."""
        pages = self._lists.pages(const.CALLBACKS, Callback.from_json, "")
        return [callback for callbacks, _skipped in pages for callback in callbacks]

    def add_callback(self, url: str, kind: str) -> None:
        """Have ConnectWise call ``url`` when a record of this kind changes.

        ``kind``: one of ``CALLBACK_KINDS``.
        """
        self._session.call(protocol.add_callback_request(url, kind))

    def remove_callback(self, ref: int) -> None:
        """Delete a callback. It is no error if it was deleted already."""
        with suppress(NotFoundError):
            self._session.call(protocol.remove_callback_request(ref))

    # -- Rights -----------------------------------------------------------------

    def check_access(self, include_contacts: bool = False) -> AccessReport:
        """Find out which rights the API member has, by the smallest request for each.

        Invoices are always checked, companies and contacts only with
        ``include_contacts``. The report has the missing rights, and errors that left a
        right unknown. An error that every request would meet (address, company, keys,
        client id) raises its :class:`SettingsError`.
        """
        endpoints = [const.INVOICES]
        if include_contacts:
            endpoints += [const.COMPANIES, const.CONTACTS]
        return AccessReport(tuple(self._check_right(e) for e in endpoints))

    def _check_right(self, endpoint: const.Endpoint) -> RightCheck:
        try:
            self._lists.rows(protocol.probe_request(endpoint))
        except MissingRightError:
            return RightCheck(endpoint.right, "missing")
        except SettingsError:
            raise
        except ConnectWiseError as error:
            return RightCheck(endpoint.right, "unknown", error)
        return RightCheck(endpoint.right, "granted")
