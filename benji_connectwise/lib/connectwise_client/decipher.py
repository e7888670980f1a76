"""The meaning of an unexpected answer, and whether to retry. Pure."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import const
from .errors import (
    AddressError,
    BadAnswerError,
    ClientIdError,
    ConnectWiseError,
    CredentialsError,
    MissingRightError,
    NotFoundError,
    RateLimitError,
    RefusedRequestError,
    ServerError,
    WaitError,
)
from .protocol import Answer, parse_retry_after

_MAX_DETAIL = 300
_MAX_SCANNED = 4096


@dataclass(frozen=True)
class _Complaint:
    """ConnectWise's ``code`` and ``message``, if the body has them.

    Either may be missing or null, a 429 calls the code ``error``, and a gateway answers
    in plain text or HTML (developer guide, recorded payloads).
    """

    code: str
    message: str
    text: str
    is_json: bool

    def says(self, text: str) -> bool:
        return text in self.text


def decipher_error(
    answer: Answer, path: str, right: str, secrets: tuple[str, ...], now: datetime
) -> ConnectWiseError:
    """Return the error that an answer means.

    ``answer``: one without a status of success. ``right``: the right that the request
    needed, empty if it was sent without the keys. ``secrets``: removed from
    ConnectWise's texts. ``now``: the time to compare an HTTP date with.
    """
    complaint = _read(answer.body, secrets)
    context: dict[str, Any] = {
        "status": answer.status,
        "path": path,
        "code": complaint.code,
        "detail": complaint.message,
    }
    what = f"{path}: HTTP {answer.status} {complaint.code} {complaint.message}".strip()
    if complaint.says("ssl is required"):
        return AddressError(what, reason="ssl_required", **context)
    if complaint.says("cannot route"):
        return AddressError(what, reason="cannot_route", **context)
    if answer.status in (400, 401, 403) and complaint.says("clientid"):
        # The answer to a missing client id is not documented, and reports differ.
        return ClientIdError(what, **context)
    if answer.status == 429 or answer.status >= 500:
        return _wait_error(answer, complaint, what, now, context)
    if answer.status >= 400:
        return _refusal(answer.status, complaint, what, right, context)
    if answer.status >= 300:
        return AddressError(what, reason="redirect", **context)
    return BadAnswerError(what, reason="status", **context)


def _wait_error(
    answer: Answer,
    complaint: _Complaint,
    what: str,
    now: datetime,
    context: dict[str, Any],
) -> WaitError:
    pause = parse_retry_after(answer.headers.get("retry-after"), now)
    if answer.status == 429:
        if pause is None:
            pause = const.DEFAULT_RETRY_AFTER
        return RateLimitError(what, retry_after=pause, **context)
    # ConnectWise also answers 500 to a malformed value, where a retry is useless. Its
    # own time-out is a 500 that says so (recorded payloads).
    transient = answer.status in (502, 503, 504) or (
        answer.status == 500 and complaint.says("timeout")
    )
    return ServerError(what, retry_after=pause, transient=transient, **context)


def _refusal(
    status: int,
    complaint: _Complaint,
    what: str,
    right: str,
    context: dict[str, Any],
) -> ConnectWiseError:
    if status == 401 or complaint.says("usernotauthenticated"):
        return CredentialsError(what, **context)
    if status == 403:
        if complaint.is_json and right:
            return MissingRightError(what, right=right, **context)
        return AddressError(what, reason="blocked", **context)
    if status == 404:
        # "NotFound" is about a record; "The endpoint does not exist.", a page or
        # nothing at all is about the path (recorded payloads).
        if complaint.is_json and right and not complaint.says("endpoint"):
            return NotFoundError(what, **context)
        return AddressError(what, reason="no_api", **context)
    return RefusedRequestError(what, **context)


def _read(body: bytes, secrets: tuple[str, ...]) -> _Complaint:
    text = body[:_MAX_SCANNED].decode("utf-8", "replace")
    try:
        data = json.loads(body) if len(body) <= const.MAX_ERROR_BYTES else None
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        code, message = data.get("code") or data.get("error"), data.get("message")
        return _Complaint(
            _clean(code, secrets), _clean(message, secrets), text.lower(), True
        )
    message = "(a web page)" if text.lstrip().startswith("<") else text
    return _Complaint("", _clean(message, secrets), text.lower(), False)


def _clean(text: object, secrets: tuple[str, ...]) -> str:
    clean = "" if text is None else str(text)[:_MAX_SCANNED]
    # Half of a surrogate pair: JSON allows it, UTF-8 and PostgreSQL do not.
    clean = clean.encode("utf-8", "replace").decode()
    for secret in secrets:
        clean = clean.replace(secret, "***")
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", clean).strip()[:_MAX_DETAIL]


def retry_delay(
    error: WaitError,
    attempt: int,
    paused: float,
    limits: const.Limits,
    jitter: float,
) -> float | None:
    """Return the seconds to wait before a retry, ``None`` for no retry.

    ``attempt``: the number of attempts so far. ``paused``: the seconds that the server
    has asked this call to wait so far. ``jitter``: between 0 and 1, so that many
    clients do not come back at once. A pause that the server asks for is never
    shortened.
    """
    if not error.transient:
        return None
    if error.retry_after is None:
        if attempt >= limits.attempts:
            return None
        delay: float = limits.first_delay * 2 ** (attempt - 1) * (1 + jitter)
        return min(delay, limits.longest_sleep)
    # Not limited by the number of attempts: of several requests at once, the same one
    # may be refused again and again.
    pause = max(error.retry_after, const.LEAST_PAUSE)
    left = limits.longest_sleep - paused
    return None if pause > left else min(pause * (1 + 0.1 * jitter), left)
