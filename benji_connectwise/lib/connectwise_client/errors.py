"""Everything that can go wrong, arranged by the remedy.

::

    ConnectWiseError
    ├── SettingsError              fix the settings
    │   ├── AddressError             .reason: the address cannot, or must not, be used
    │   ├── UnknownCompanyError      .company_login_id
    │   ├── CredentialsError         the keys are wrong, revoked or locked
    │   ├── ClientIdError            the client id is missing or refused
    │   └── MissingRightError        .right
    ├── WaitError                  wait, then ask again: .retry_after, .transient
    │   ├── RateLimitError           .retry_after is always a number
    │   ├── ServerError              .status
    │   ├── NetworkError             .reason
    │   └── DeadlineError            .reason: the client's total time is used up
    ├── DataError                  fix the data
    │   ├── BadAnswerError           .reason: not an answer of the documented API
    │   ├── RefusedRequestError      .code, .detail: ConnectWise does not accept it
    │   ├── RecordError              .record, .record_id, .field
    │   ├── InvalidPdfError          .reason
    │   ├── UnqueryableError         .value cannot be put into a query
    │   ├── AmbiguousNumberError     .value: the number of too many invoices
    │   └── UnprovenError            a call that may come from anybody
    └── NotFoundError              it is gone

``str(error)`` is plain English for logs. Sentences for people are made elsewhere, from
the class and its attributes. No error holds a key, a header or a whole body.
"""

from typing import Any


class ConnectWiseError(Exception):
    """Any failure of this package.

    ``reason`` is a short code, listed with the classes that have one, else empty.
    ``status`` is the HTTP status, if there was an answer, ``path`` the path of the
    request.
    ``code`` and ``detail`` are ConnectWise's own error code and message, shortened.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        status: int | None = None,
        path: str = "",
        code: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status
        self.path = path
        self.code = code
        self.detail = detail


class SettingsError(ConnectWiseError):
    """A retry is useless until somebody changes the settings."""


class AddressError(SettingsError):
    """The address is not usable, or no ConnectWise API answers there.

    ``reason``: ``empty``, ``malformed``, ``userinfo`` (a name or password in it),
    ``scheme`` (neither http nor https), ``plain_http``, ``private`` (not a public
    address), ``tls`` (no valid certificate), ``redirect``, ``no_api`` (404),
    ``cannot_route`` (the cloud's gateway does not know the path or company),
    ``ssl_required``, ``blocked`` (a gateway's own 403). ``host`` is empty if the text
    could not be read as an address.
    """

    def __init__(self, message: str, *, host: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        self.host = host


class UnknownCompanyError(SettingsError):
    """ConnectWise knows no company with this ``company_login_id``."""

    def __init__(
        self, message: str, *, company_login_id: str = "", **context: Any
    ) -> None:
        super().__init__(message, **context)
        self.company_login_id = company_login_id


class CredentialsError(SettingsError):
    """ConnectWise does not accept the keys."""


class ClientIdError(SettingsError):
    """ConnectWise does not accept the client id, or requires one."""


class MissingRightError(SettingsError):
    """The keys work, but their security role lacks a right.

    ``right`` is its name in ConnectWise: ``Invoicing``, ``Company Maintenance`` or
    ``Contacts``.
    """

    def __init__(self, message: str, *, right: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        self.right = right


class WaitError(ConnectWiseError):
    """Nothing is wrong with the request; retry it later.

    ``retry_after``: the seconds that ConnectWise asks to wait, ``None`` if it gives
    none. ``transient``: whether an immediate retry may succeed.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        transient: bool = True,
        **context: Any,
    ) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after
        self.transient = transient


class RateLimitError(WaitError):
    """Too many requests. ``retry_after`` is a number, in seconds."""

    retry_after: float


class ServerError(WaitError):
    """ConnectWise failed: HTTP 500 or above."""


class NetworkError(WaitError):
    """No complete answer arrived.

    ``reason``: ``dns``, ``connect``, ``timeout`` (this exchange took too long),
    ``connection`` (it broke), ``short_body`` (it ended early).
    """


class DeadlineError(WaitError):
    """The client's total time is used up.

    ``reason``: ``timeout`` if this ended a request, empty if the request was not sent.
    """


class DataError(ConnectWiseError):
    """There is data, but it cannot be used as it is."""


class BadAnswerError(DataError):
    """The answer is not one that the API documents.

    ``reason``: ``html``, ``malformed`` (not JSON), ``shape`` (JSON, but not the
    expected kind), ``status``, ``encoding`` (a compression that was not requested),
    ``too_large`` (more bytes, values or records than requested), ``paging`` (a
    page that does not follow the one before).
    """


class RefusedRequestError(DataError):
    """ConnectWise does not accept the request (a 4xx that has no class of its own)."""


class RecordError(DataError):
    """A record, or one of its fields, does not have the documented type.

    ``record`` is the kind (``Invoice``), ``record_id`` its id if that could be read,
    ``field`` the name in the API, with dots (``company.id``), empty for the whole
    record.
    """

    def __init__(
        self,
        message: str,
        *,
        record: str = "",
        record_id: int | None = None,
        field: str = "",
        **context: Any,
    ) -> None:
        super().__init__(message, **context)
        self.record = record
        self.record_id = record_id
        self.field = field


class InvalidPdfError(DataError):
    """The body is not a whole, readable PDF.

    ``reason``: ``empty``, ``too_large``, ``html``, ``json``, ``no_header``,
    ``no_end`` (most likely cut short), ``no_startxref``, ``encrypted``, ``bomb``
    (it unpacks to too much data), ``too_slow`` (checking it takes too long).
    """


class UnqueryableError(DataError):
    """``value`` cannot be put into a condition without changing its meaning."""

    def __init__(self, message: str, *, value: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        self.value = value


class AmbiguousNumberError(DataError):
    """More than ``MAX_HITS`` invoices have the number ``value``, and some of them could
    not be read."""

    def __init__(self, message: str, *, value: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        self.value = value


class UnprovenError(DataError):
    """A call is not proven to be ConnectWise's. ``str()`` says why, for logs."""


class NotFoundError(ConnectWiseError):
    """The record no longer exists."""
