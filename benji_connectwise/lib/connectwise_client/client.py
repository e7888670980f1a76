"""The client: ConnectWise's records and PDFs, as a program wants them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import date, datetime
from functools import partial
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
from .lists import CompanyPage, DateRange, InvoicePage, ListReader, Page
from .pdf import validate_pdf
from .protocol import ALL_IDS, Credentials, IdRange
from .records import Callback, Company, Contact, Invoice
from .session import Runtime, Session


class ConnectWiseClient:
    """A tenant's ConnectWise PSA, signed in as one API member.

    ``address``: as for :func:`normalise_address`. ``limits``: ``INTERACTIVE`` or
    ``BACKGROUND``. ``local_hosts``: ``host:port`` entries that may be reached over
    plain http or at a private address. ``codebase``: what the property of that name
    was before, which saves a request. ``max_pdf_bytes``: larger PDFs are refused.
    Raises :class:`AddressError`.

    A context manager; safe to use from several threads. Every method may raise
    :class:`SettingsError` and :class:`WaitError`, and :class:`BadAnswerError` or
    :class:`RefusedRequestError` if what answers does not behave as documented; only
    further errors are named there. Iterators ask, and raise, when they are advanced.
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
        """Close all connections; requests under way end."""
        self._session.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port that are asked."""
        return self._session.origin

    @property
    def tenant(self) -> str:
        """The ConnectWise that is asked, as `identify_tenant` names it."""
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
        """Requests sent so far, all attempts included."""
        return self._session.request_count

    @property
    def seconds_left(self) -> float:
        """Seconds left of the total time, infinite without a total."""
        return self._session.seconds_left()

    # -- Invoices ---------------------------------------------------------------

    def find_invoices(self, numbers: Iterable[str]) -> Iterator[Page[Invoice]]:
        """Look invoices up by their numbers, many in one request.

        Yields the invoices whose number equals one of ``numbers``, without regard to
        case and surrounding spaces (:func:`number_key`); there may be several for one
        number. One more than ``MAX_HITS`` of a number tell that there are more than
        are collected. Empty numbers, and those longer than ConnectWise's can be, are
        not asked for; those that cannot be put into a question come as skipped records
        with an :class:`UnqueryableError`.
        """
        ask, refused = conditions.sort_numbers(numbers)
        if refused:
            yield [], refused
        yield from self._lists.in_chunks(
            const.INVOICES,
            ask,
            const.NUMBERS_PER_REQUEST,
            conditions.numbers_condition,
            self._find_run,
        )

    def _find_run(self, numbers: Sequence[str]) -> Page[Invoice]:
        """Look some numbers up that fit into one request.

        Where it does not have all there is, half of them are asked for at a time.
        """
        most = min(len(numbers) * (const.MAX_HITS + 1), const.PAGE_SIZE)
        condition = conditions.numbers_condition(numbers)
        request = protocol.list_request(const.INVOICES, condition, most=most)
        rows = self._lists.rows(request)
        is_full = len(rows) == most
        half = len(numbers) // 2
        if is_full and half:
            some, others = map(self._find_run, (numbers[:half], numbers[half:]))
            return some[0] + others[0], some[1] + others[1]
        invoices, skipped, _last_id = protocol.read_page(
            rows, Invoice.from_json, ALL_IDS, request.path
        )
        found = conditions.cut_hits(numbers, invoices)
        if is_full and len(found) <= const.MAX_HITS:
            # Some cannot be used, and what else there is nobody knows.
            return [], [*skipped, conditions.skip_number(numbers[0])]
        return found, skipped

    def get_invoices(self, ids: Iterable[int]) -> Iterator[Page[Invoice]]:
        """Read invoices by id. Those that are gone are simply not among them."""
        return self._lists.by_ids(const.INVOICES, Invoice.from_json, ids)

    def invoices(self, ranges: Iterable[DateRange]) -> Iterator[InvoicePage]:
        """Read the invoices that are dated within these ranges.

        The pages come in the order of the ranges; while one is used, the next one and
        the beginnings of the next ranges are read.
        """
        executor = ThreadPoolExecutor(1)
        try:
            questions = (partial(self._invoice_page, days) for days in ranges)
            for page in self._lists.ahead(questions):
                while page.rest:
                    following = executor.submit(self._invoice_page, page.rest)
                    yield page
                    page = following.result()
                yield page
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _invoice_page(self, days: DateRange) -> InvoicePage:
        condition = conditions.dates_condition(days.first, days.last)
        ids = IdRange(days.after)
        request = protocol.list_request(const.INVOICES, condition, ids)
        rows = self._lists.rows(request)
        invoices, skipped, last_id = protocol.read_page(
            rows, Invoice.from_json, ids, request.path
        )
        invoices = [
            invoice
            for invoice in invoices
            if invoice.date and days.first <= invoice.date.date() <= days.last
        ]
        is_last = len(rows) < const.PAGE_SIZE
        rest = None if is_last else days._replace(after=last_id)
        return InvoicePage(invoices, skipped, rest)

    def changed_invoices(self, since: datetime) -> Iterator[Page[Invoice]]:
        """Read the invoices of all dates changed after a time (with a zone), by
        ConnectWise's clock. Those that were deleted are simply not among them."""
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

        At most ``MAX_CONNECTIONS`` are downloaded at a time, and only so many ahead
        that ``MAX_WAITING_PDFS`` are in memory. After closing the iterator no further
        one is begun.
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
        """Read the companies of these ranges, those in the recycle bin too.

        The pages come in the order of the ranges; while one is used, the beginnings of
        the next ranges are read. ``changed_since``: only those changed after this time
        (with a zone), by ConnectWise's clock.
        """
        condition = conditions.changed_condition(changed_since) if changed_since else ""
        read = partial(self._company_page, condition)
        for page in self._lists.ahead(partial(read, ids) for ids in ranges):
            yield page
            while page.rest:
                page = read(page.rest)
                yield page

    def _company_page(self, condition: str, ids: IdRange) -> CompanyPage:
        endpoint = const.COMPANIES
        rows = self._lists.rows(protocol.list_request(endpoint, condition, ids))
        companies, skipped, last_id = protocol.read_page(
            rows, Company.from_json, ids, endpoint.path
        )
        if len(rows) < const.PAGE_SIZE or last_id == ids.until:
            return CompanyPage(companies, skipped, ids, None)
        return CompanyPage(
            companies,
            skipped,
            IdRange(ids.after, last_id),
            IdRange(last_id, ids.until),
        )

    def company_ranges(self) -> tuple[int, list[IdRange]]:
        """Return how many companies there are, and ranges of about a page each.

        Together the ranges have all ids. They are of one width: where ids are denser
        than elsewhere, a range has more than one page.
        """
        with ThreadPoolExecutor(1) as executor:
            asked = executor.submit(
                self._lists.rows, protocol.newest_request(const.COMPANIES)
            )
            count = self.count_companies()
        newest = protocol.read_newest(asked.result())
        # A little less than a page, because records are not spread evenly.
        wanted = -(-count // (const.PAGE_SIZE * 19 // 20))
        width = max(newest // max(1, min(wanted, const.MAX_RANGES)), 1)
        bounds = list(range(width, newest, width))
        return count, [
            IdRange(after, until)
            for after, until in zip([0, *bounds], [*bounds, None], strict=True)
        ]

    def count_companies(self) -> int:
        """Return how many companies there are, those in the recycle bin too."""
        return self._lists.count(protocol.count_request(const.COMPANIES))

    def contacts(self, ids: Iterable[int]) -> Iterator[Page[Contact]]:
        """Read contacts by id. Those that are gone are simply not among them."""
        return self._lists.by_ids(const.CONTACTS, Contact.from_json, ids)

    def changed_contacts(self, since: datetime) -> Iterator[Page[Contact]]:
        """Read the contacts of all companies changed after a time (with a zone).

        A change of nothing but an e-mail address or a phone number may be missing
        (:class:`Contact`).
        """
        condition = conditions.changed_condition(since)
        return self._lists.pages(const.CONTACTS, Contact.from_json, condition)

    def discover(self) -> str:
        """Return the codebase, asked for without the keys if it is not known yet.

        Raises :class:`UnknownCompanyError` too.
        """
        return self._session.known_codebase()

    # -- Callbacks --------------------------------------------------------------

    def callbacks(self) -> list[Callback]:
        """Return the callbacks that are registered, those of others too."""
        pages = self._lists.pages(const.CALLBACKS, Callback.from_json, "")
        return [callback for callbacks, _skipped in pages for callback in callbacks]

    def add_callback(self, url: str, kind: str) -> None:
        """Have ``url`` called when a record of this kind changes.

        ``kind``: one of ``CALLBACK_KINDS``.
        """
        self._session.call(protocol.add_callback_request(url, kind))

    def remove_callback(self, ref: int) -> None:
        """Delete a callback. One that is gone already is no error."""
        with suppress(NotFoundError):
            self._session.call(protocol.remove_callback_request(ref))

    # -- Rights -----------------------------------------------------------------

    def check_access(self, include_contacts: bool = False) -> AccessReport:
        """Find out what the API member may do, by doing the least of each.

        Invoices are asked for, companies and contacts only with ``include_contacts``.
        A missing right, or a failure to find out, is in the report; what makes every
        request fail (address, company, keys, client id) raises its
        :class:`SettingsError`.
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
