"""The API's records as named tuples.

``from_json`` tolerates missing fields: absent and null both become ``None``, because
current servers leave empty fields out and older ones send null (both recorded). It is
strict about the rest: a value whose type differs from OpenAPI 2026.4 raises a
:class:`RecordError` that names the field.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import NamedTuple, TypeVar

from . import const
from .errors import DataError, RecordError
from .texts import defuse, plain_email

T = TypeVar("T")

_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)

# In a dictionary of their own: every text of a hundred thousand records is held
# against one of them.
_LONGEST_TEXTS = {
    name: length * const.TEXT_TOLERANCE for name, length in const.TEXT_LENGTHS.items()
}
_LONGEST_OTHER_TEXT = const.OTHER_TEXT_LENGTH * const.TEXT_TOLERANCE


class _Fields:
    """The JSON object of one record, read field by field."""

    __slots__ = ("_data", "_id", "_prefix", "_record")

    def __init__(
        self,
        record: str,
        data: object,
        prefix: str = "",
        record_id: int | None = None,
    ) -> None:
        self._record = record
        self._prefix = prefix
        self._id = record_id
        if not isinstance(data, dict):
            raise self._error("", "is not an object")
        self._data: Mapping[str, object] = data

    def _error(self, name: str, problem: str) -> RecordError:
        field = f"{self._prefix}{name}".rstrip(".")
        return RecordError(
            f"{self._record} {self._id or '(no id)'}: {field or 'it'} {problem}",
            record=self._record,
            record_id=self._id,
            field=field,
        )

    def _get(self, name: str, kind: type[T]) -> T | None:
        value = self._data.get(name)
        if value is None:
            return None
        # Not isinstance(): bool is an int to Python, but not to JSON.
        if type(value) is not kind:
            raise self._error(name, f"is not of type {kind.__name__}")
        return value

    def id(self) -> int:
        value = self.optional_id()
        if value is None:
            raise self._error("id", "is missing")
        self._id = value
        return value

    def optional_id(self) -> int | None:
        value = self._get("id", int)
        if value is not None and not 0 < value <= const.MAX_ID:
            raise self._error("id", "is out of range")
        return value

    def text(self, name: str, exact: bool = False) -> str | None:
        """Read a text that is safe to show and to export.

        ``exact``: return it unchanged, to be compared character by character.
        """
        # Without _get(): this is called for each text of a hundred thousand records.
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._error(name, "is not of type str")
        if len(value) > _LONGEST_TEXTS.get(name, _LONGEST_OTHER_TEXT):
            raise self._error(name, f"is {len(value)} characters long")
        # PostgreSQL cannot store NUL, which servers do send (public clients strip it),
        # nor half a surrogate pair, which JSON allows and UTF-8 does not.
        if not value.isascii() or "\0" in value:
            value = value.replace("\0", "").encode("utf-8", "replace").decode()
        return value if exact else defuse(value)

    def whole(self, name: str) -> int | None:
        return self._get(name, int)

    def flag(self, name: str) -> bool:
        return bool(self._get(name, bool))

    def optional_flag(self, name: str) -> bool | None:
        return self._get(name, bool)

    def number(self, name: str) -> float | None:
        value = self._data.get(name)
        if value is None:
            return None
        try:
            number = float(value) if type(value) in (int, float) else math.nan  # type: ignore[arg-type]
        except OverflowError:
            number = math.nan
        if not abs(number) < const.LARGEST_NUMBER:  # true of NaN too
            raise self._error(name, "is not a plausible number")
        return number

    def moment(self, name: str) -> datetime | None:
        """Read an ISO 8601 time; one without a zone is UTC, as all recorded ones
        are."""
        value = self.text(name, exact=True)
        if not value:
            return None
        match = _DATETIME.fullmatch(value)
        try:
            if match is None:
                raise ValueError(value)
            day, time, zone = match.groups()
            if zone is None or zone == "Z":
                return datetime.fromisoformat(f"{day}T{time or '00:00:00'}+00:00")
            moment = datetime.fromisoformat(f"{day}T{time or '00:00:00'}{zone}")
            return moment.astimezone(timezone.utc)
        except (ValueError, OverflowError):
            raise self._error(name, "is not a time") from None

    def inside(self, name: str) -> "_Fields | None":
        """Return the object under ``name``, ``None`` if absent or null."""
        if self._data.get(name) is None:
            return None
        return _Fields(
            self._record, self._data[name], f"{self._prefix}{name}.", self._id
        )

    def objects(self, name: str) -> "list[_Fields]":
        return [
            _Fields(self._record, item, f"{self._prefix}{name}.", self._id)
            for item in self._get(name, list) or ()
        ]

    def reference(self, name: str) -> "Reference | None":
        """Read a reference; ``{}``, sent where a right is missing, is ``None``."""
        fields = self.inside(name)
        ref = fields.optional_id() if fields else None
        if fields is None or ref is None:
            return None
        return Reference(ref, fields.text("name"), fields.text("identifier"))

    def last_updated(self) -> datetime | None:
        info = self.inside("_info")
        return info.moment("lastUpdated") if info else None


class Reference(NamedTuple):
    """A pointer to another record. ``identifier`` is set for companies only."""

    id: int
    name: str | None = None
    identifier: str | None = None


class Company(NamedTuple):
    """A company. Its Bill-To contact, ``billing_contact``, belongs to
    ``bill_to_company``, which normally is the company itself, also if it is missing.

    ``account_number`` is "Account ID" on ConnectWise's screens. ``is_deleted``: in the
    recycle bin; the API still lists it.
    """

    id: int
    identifier: str | None = None
    name: str | None = None
    account_number: str | None = None
    status: str | None = None
    city: str | None = None
    is_deleted: bool = False
    bill_to_company: Reference | None = None
    billing_contact: Reference | None = None
    last_updated: datetime | None = None

    @classmethod
    def from_json(cls, data: object) -> "Company":
        """Read a ``Company`` of the API. Raises :class:`RecordError`."""
        fields = _Fields("Company", data)
        company_id = fields.id()
        status = fields.inside("status")
        return cls(
            id=company_id,
            identifier=fields.text("identifier"),
            name=fields.text("name"),
            account_number=fields.text("accountNumber"),
            status=status.text("name") if status else None,
            city=fields.text("city"),
            is_deleted=fields.flag("deletedFlag"),
            bill_to_company=fields.reference("billToCompany"),
            billing_contact=fields.reference("billingContact"),
            last_updated=fields.last_updated(),
        )


class Contact(NamedTuple):
    """A contact. ``email`` and ``phone`` are the default ones, or else the first ones.

    ``email`` is ``None`` unless it is exactly one plain address.

    ``last_updated`` may not change when only an e-mail address or a phone number
    changes (not documented either way).
    """

    id: int
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    is_inactive: bool = False
    company: Reference | None = None
    email: str | None = None
    phone: str | None = None
    last_updated: datetime | None = None

    @property
    def name(self) -> str:
        """First and last name, if there are any."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    @classmethod
    def from_json(cls, data: object) -> "Contact":
        """Read a ``Contact`` of the API. Raises :class:`RecordError`."""
        fields = _Fields("Contact", data)
        return cls(
            id=fields.id(),
            first_name=fields.text("firstName"),
            last_name=fields.text("lastName"),
            title=fields.text("title"),
            is_inactive=fields.flag("inactiveFlag"),
            company=fields.reference("company"),
            email=plain_email(_communication(fields, "Email")),
            phone=defuse(_communication(fields, "Phone") or "") or None,
            last_updated=fields.last_updated(),
        )


def _communication(contact: _Fields, kind: str) -> str | None:
    """Return the default communication item of a kind, else the first, else ``None``.

    Each ``communicationType`` has one default; the names of the *types* are the
    tenant's own ("Shared Mailbox") and mean nothing here (recorded payloads).
    """
    found: list[tuple[bool, str]] = [
        (item.flag("defaultFlag"), value.strip())
        for item in contact.objects("communicationItems")
        if item.text("communicationType") == kind
        and (value := item.text("value", exact=True))
        and value.strip()
    ]
    found.sort(key=lambda item: not item[0])
    return found[0][1] if found else None


class Invoice(NamedTuple):
    """An invoice, posted or not. Amounts are in the currency ``currency_code``.

    ``number`` is the number that people see; ``id`` is ConnectWise's internal one.
    ``type`` is one of
    ``Agreement``, ``CreditMemo``, ``DownPayment``, ``Miscellaneous``, ``Progress``,
    ``Standard``, ``Consolidated`` (OpenAPI 2026.4). Whether ``total`` contains the
    sales tax differs between tenants (not documented). ``is_closed``, a property of the
    status, is ``None`` where ConnectWise does not say.
    """

    id: int
    number: str | None = None
    type: str | None = None
    status: str | None = None
    is_closed: bool | None = None
    company: Reference | None = None
    bill_to_company: Reference | None = None
    date: datetime | None = None
    currency_code: str | None = None
    total: float | None = None
    last_updated: datetime | None = None

    @classmethod
    def from_json(cls, data: object) -> "Invoice":
        """Read an ``Invoice`` of the API. Raises :class:`RecordError`."""
        fields = _Fields("Invoice", data)
        invoice_id = fields.id()
        currency = fields.inside("currency")
        status = fields.inside("status")
        return cls(
            id=invoice_id,
            number=fields.text("invoiceNumber", exact=True),
            type=fields.text("type"),
            status=status.text("name") if status else None,
            is_closed=status.optional_flag("isClosed") if status else None,
            company=fields.reference("company"),
            bill_to_company=fields.reference("billToCompany"),
            date=fields.moment("date"),
            currency_code=currency.text("currencyCode") if currency else None,
            total=fields.number("total"),
            last_updated=fields.last_updated(),
        )


class Callback(NamedTuple):
    """An address that ConnectWise calls when something changes (recorded payloads).

    ``is_inactive``: ConnectWise switched it off after days without an answer.
    """

    id: int
    url: str | None
    kind: str | None
    level: str | None
    object_id: int | None
    is_inactive: bool

    @classmethod
    def from_json(cls, data: object) -> "Callback":
        fields = _Fields("Callback", data)
        return cls(
            id=fields.id(),
            url=fields.text("url", exact=True),
            kind=fields.text("type"),
            level=fields.text("level"),
            object_id=fields.whole("objectId"),
            is_inactive=fields.flag("inactiveFlag"),
        )


class SkippedRecord(NamedTuple):
    """A record that could not be read, or a value that could not be asked for.

    ``id`` is ``None`` if it could not be read, or if nothing was asked for.
    """

    id: int | None
    error: DataError

    @property
    def reason(self) -> str:
        """The problem in plain English."""
        return str(self.error)


Parse = Callable[[object], T]
