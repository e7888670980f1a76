"""ConnectWise's protocol without the network: build requests, check answers.

All functions here are pure.
"""

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from . import const
from .errors import (
    BadAnswerError,
    ClientIdError,
    RecordError,
    UnknownCompanyError,
)
from .records import Parse, SkippedRecord

T = TypeVar("T")

# ---------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Credentials:
    """The credentials of an integrator's API member (developer guide).

    ``client_id`` identifies the integration, not the tenant; ConnectWise has required
    it since August 2019.
    """

    company_login_id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)
    client_id: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets, the longest first: it may contain the others."""
        keys = (self.private_key, self.public_key, self.client_id)
        return (self.token, *(key.strip() for key in keys if key.strip()))

    @property
    def token(self) -> str:
        """The header that signs a request in (developer guide, "Authentication")."""
        company, public, private = (
            part.strip()
            for part in (self.company_login_id, self.public_key, self.private_key)
        )
        text = f"{company}+{public}:{private}"
        return base64.b64encode(text.encode()).decode("ascii")


@dataclass(frozen=True)
class Request:
    """A call below a tenant's codebase. ``right`` is the role's right it needs."""

    path: str
    right: str
    query: tuple[tuple[str, str], ...] = ()
    accept: str = const.ACCEPT_JSON
    most: int = 1
    """The most records that it asks for, if it asks for a list."""
    method: str = "GET"
    body: bytes = b""

    def url(self, origin: str, codebase: str) -> str:
        """Return the whole, encoded URL."""
        url = f"{origin}/{codebase}{const.API_PATH}{self.path}"
        return (
            f"{url}?{urlencode(self.query, safe=',', quote_via=quote)}"
            if self.query
            else url
        )


class IdRange(NamedTuple):
    """The ids greater than ``after``, up to ``until``; ``None``: up to the last one."""

    after: int = 0
    until: int | None = None


ALL_IDS: Final = IdRange()


@dataclass(frozen=True)
class Answer:
    """A response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def create_headers(
    credentials: Credentials, accept: str, has_body: bool = False
) -> dict[str, str]:
    """Build the headers of a signed-in request (developer guide, "Authentication").

    Raises :class:`ClientIdError` if the client id cannot be a header.
    """
    client_id = credentials.client_id.strip()
    if not (client_id.isascii() and client_id.isprintable()):
        raise ClientIdError("The client id contains characters that are not allowed")
    return {
        "Authorization": f"Basic {credentials.token}",
        "clientId": client_id,
        "Accept": accept,
        **({"Content-Type": "application/json; charset=utf-8"} if has_body else {}),
    }


def discovery_url(origin: str, company_login_id: str) -> str:
    """Return the URL that tells a company's codebase; it needs no authentication."""
    return f"{origin}{const.DISCOVERY_PATH}{quote(company_login_id.strip(), safe='')}"


def list_request(
    endpoint: const.Endpoint,
    condition: str = "",
    ids: IdRange = ALL_IDS,
    most: int | None = None,
) -> Request:
    """Build the request for a list's first page within a range of ids.

    ``most``: the most records on the page, by default as many as the API allows.

    Pages follow each other by id, not by number, so that records that are added or
    deleted in between neither repeat nor hide others.
    """
    most = const.PAGE_SIZE if most is None else most
    query = (
        *_conditions(condition, ids),
        ("fields", ",".join(endpoint.fields)),
        ("orderBy", "id asc"),
        ("pageSize", str(most)),
    )
    return Request(endpoint.path, endpoint.right, query, most=most)


def _conditions(condition: str, ids: IdRange) -> tuple[tuple[str, str], ...]:
    parts = [condition] if condition else []
    bounds = [f"id > {ids.after}"] if ids.after else []
    if ids.until is not None:
        bounds.append(f"id < {ids.until + 1}")
    if bounds:
        parts = [*(f"({part})" for part in parts), *bounds]
    return (("conditions", " and ".join(parts)),) if parts else ()


def probe_request(endpoint: const.Endpoint) -> Request:
    """Build the smallest request that needs the endpoint's right."""
    query = (("fields", "id"), ("pageSize", "1"))
    return Request(endpoint.path, endpoint.right, query)


def count_request(
    endpoint: const.Endpoint, condition: str = "", ids: IdRange = ALL_IDS
) -> Request:
    """Build the request for the number of records (OpenAPI 2026.4)."""
    query = _conditions(condition, ids)
    return Request(f"{endpoint.path}/count", endpoint.right, query)


def end_request(
    endpoint: const.Endpoint, condition: str, ids: IdRange, order: str
) -> Request:
    """Build the request for the smallest id, or for ``order`` ``desc`` the greatest."""
    first = (("fields", "id"), ("orderBy", f"id {order}"), ("pageSize", "1"))
    return Request(endpoint.path, endpoint.right, _conditions(condition, ids) + first)


def add_callback_request(url: str, kind: str) -> Request:
    """Build the request that has ``url`` called about records (recorded payloads)."""
    entry = {
        "id": 0,
        "url": url,
        "objectId": const.CALLBACK_OBJECT,
        "type": kind,
        "level": const.CALLBACK_LEVEL,
        "payloadVersion": "3.0.0",
        "inactiveFlag": False,
        "isSelfSuppressedFlag": False,
    }
    path, right = const.CALLBACKS.path, const.CALLBACKS.right
    return Request(path, right, method="POST", body=json.dumps(entry).encode())


def remove_callback_request(ref: int) -> Request:
    """Build the request that deletes a callback (public clients)."""
    path = f"{const.CALLBACKS.path}/{int(ref)}"
    return Request(path, const.CALLBACKS.right, method="DELETE")


def pdf_request(invoice_id: int) -> Request:
    """Build the request for an invoice's PDF (OpenAPI 2026.4)."""
    path = f"{const.INVOICES.path}/{int(invoice_id)}/pdf"
    return Request(path, const.INVOICES.right, accept=const.ACCEPT_PDF)


# ---------------------------------------------------------------------------
# Answers
# ---------------------------------------------------------------------------


def parse_json(answer: Answer, path: str) -> object:
    """Decode a JSON body. Raises :class:`BadAnswerError`.

    A few kilobytes can decode to gigabytes of objects, and the decoder cannot be
    interrupted. So the values are counted first: each but the first follows one of
    these characters.
    """
    if sum(map(answer.body.count, (b",", b":", b"[", b"{"))) > const.MAX_JSON_VALUES:
        raise BadAnswerError(
            f"{path}: more than {const.MAX_JSON_VALUES} values",
            reason="too_large",
            path=path,
        )
    try:
        return json.loads(answer.body, parse_int=_parse_int)
    # RecursionError: a body of ten thousand opening brackets.
    except (ValueError, RecursionError):
        reason = "html" if answer.body.lstrip()[:1] == b"<" else "malformed"
    raise BadAnswerError(f"{path}: the answer is not JSON", reason=reason, path=path)


def _parse_int(digits: str) -> float:
    # Larger than any number that is accepted: only its record is refused.
    return int(digits) if len(digits) <= const.MAX_JSON_DIGITS else math.inf


def read_rows(data: object, request: Request) -> list[object]:
    """Return the rows of a list's answer, a bare array (recorded payloads)."""
    path = request.path
    if not isinstance(data, list):
        raise BadAnswerError(f"{path}: not a list", reason="shape", path=path)
    if len(data) > request.most:
        raise BadAnswerError(
            f"{path}: {len(data)} records instead of at most {request.most}",
            reason="too_large",
            path=path,
        )
    return data


def read_count(data: object, path: str) -> int:
    """Return the number in ``{"count": 7}`` (OpenAPI 2026.4)."""
    value = data.get("count") if isinstance(data, dict) else None
    if type(value) is not int or value < 0:
        raise BadAnswerError(f"{path}: not a count", reason="shape", path=path)
    return value


def read_end(rows: Sequence[object]) -> int:
    """Return the id in the answer to :func:`end_request`, 0 if there is none."""
    return (_row_id(rows[0]) if len(rows) == 1 else None) or 0


def divide(count: int, after: int, newest: int, oldest: int = 0) -> list[IdRange]:
    """Divide the ids above ``after`` into ranges of about a page each.

    ``count``: of the records there are, from the id ``oldest`` to ``newest``; 0 is not
    known. Together the ranges have all ids. They are of one width: where ids are denser
    than elsewhere, a range has more than one page.
    """
    # A little less than a page, because records are not spread evenly.
    wanted = -(-count // (const.PAGE_SIZE * 19 // 20))
    before = max(oldest - 1, after)
    width = max((newest - before) // max(1, min(wanted, const.MAX_RANGES)), 1)
    bounds = list(range(before + width, newest, width))
    return [
        IdRange(start, until)
        for start, until in zip([after, *bounds], [*bounds, None], strict=True)
    ]


def read_company_info(data: object, company_login_id: str) -> str:
    """Return the codebase from the answer of the discovery.

    Its ``SiteUrl`` is ignored: an answer must not choose where keys are sent. Null is
    the answer for an unknown company (recorded): :class:`UnknownCompanyError`.
    """
    if data is None:
        raise UnknownCompanyError(
            f"ConnectWise knows no company {company_login_id!r}",
            company_login_id=company_login_id,
            path=const.DISCOVERY_PATH,
        )
    codebase = parse_codebase(data.get("Codebase") if isinstance(data, dict) else None)
    if codebase is None:
        raise BadAnswerError(
            f"{const.DISCOVERY_PATH}: no codebase in the answer",
            reason="shape",
            path=const.DISCOVERY_PATH,
        )
    return codebase


def parse_codebase(text: object) -> str | None:
    """Return a codebase, fit for a URL and ending in a slash, or ``None``."""
    if not isinstance(text, str):
        return None
    codebase = text.strip().removesuffix("/")
    return f"{codebase}/" if re.fullmatch(const.CODEBASE_PATTERN, codebase) else None


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number or an HTTP date.

    ``None`` if there is none that can be read.
    """
    if value is None or len(value) > const.MAX_HEADER_LENGTH:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        return min(float(value), const.LONGEST_RETRY_AFTER)
    try:
        then = parsedate_to_datetime(value)
    # Python 3.10 to 3.13 differ in which of these an unreadable date raises.
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return min(max((then - now).total_seconds(), 0.0), const.LONGEST_RETRY_AFTER)


def read_page(
    rows: Sequence[object], parse: Parse[T], ids: IdRange, path: str
) -> tuple[list[T], list[SkippedRecord], int]:
    """Return a page's records, those that could not be read, and its last id.

    Ids must ascend within the page and lie within ``ids``, and a full page must have an
    id. Otherwise the server did not understand the request, and paging might never end:
    :class:`BadAnswerError` with the reason ``paging``.
    """
    last_id = ids.after
    records: list[T] = []
    skipped: list[SkippedRecord] = []
    for row in rows:
        row_id = _row_id(row)
        if row_id is not None:
            if row_id <= last_id:
                raise _bad_paging(path, f"id {row_id} follows {last_id}")
            if ids.until is not None and row_id > ids.until:
                raise _bad_paging(path, f"id {row_id} is beyond {ids.until}")
            last_id = row_id
        try:
            records.append(parse(row))
        except RecordError as error:
            # Its traceback would keep the whole page in memory.
            skipped.append(SkippedRecord(row_id, error.with_traceback(None)))
    if len(rows) >= const.PAGE_SIZE and last_id == ids.after:
        raise _bad_paging(path, f"no id after {last_id}")
    return records, skipped, last_id


def _row_id(row: object) -> int | None:
    value = row.get("id") if isinstance(row, dict) else None
    if type(value) is int and 0 < value <= const.MAX_ID:
        return value
    return None


def _bad_paging(path: str, problem: str) -> BadAnswerError:
    return BadAnswerError(
        f"{path}: the pages do not follow each other: {problem}",
        reason="paging",
        path=path,
    )
