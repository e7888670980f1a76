"""Facts about ConnectWise PSA, each with its source, and this client's limits.

Sources: the *ConnectWise developer guide* (developer.connectwise.com), the
*OpenAPI 2026.4* document published there, and *recorded payloads* from public clients'
test suites. Facts without a source are marked *not documented*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# ---------------------------------------------------------------------------
# Hosts
# ---------------------------------------------------------------------------

REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "na": "api-na.myconnectwise.net",
        "eu": "api-eu.myconnectwise.net",
        "au": "api-au.myconnectwise.net",
        "aus": "api-aus.myconnectwise.net",
        "za": "api-za.myconnectwise.net",
        "staging": "api-staging.connectwisedev.com",
    }
)
"""Region code → API host (developer guide, "Cloud URLs")."""

API_HOST_BY_USER_HOST: Final[Mapping[str, str]] = MappingProxyType(
    {api_host.removeprefix("api-"): api_host for api_host in REGIONS.values()}
)
"""Host in a person's browser → API host. Without ``api-`` the cloud may answer
"SSL is required." (developer guide)."""

USER_HOST_BY_API_HOST: Final[Mapping[str, str]] = MappingProxyType(
    {api_host: host for host, api_host in API_HOST_BY_USER_HOST.items()}
)

OPEN_RECORD_PATH: Final = "v4_6_release/services/system_io/router/openrecord.rails"
RECORD_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"company": "CompanyFV", "contact": "ContactFV"}
)
"""Links into ConnectWise's own pages. There is no public one to an invoice."""

CLOUD_HOSTS: Final = frozenset(
    # The sandbox has no ``api-`` host (recorded payloads).
    {*REGIONS.values(), "sandbox-na.myconnectwise.net"}
)

DISCOVERY_PATH: Final = "/login/companyinfo/"
"""+ Company Login ID; needs no authentication (developer guide)."""

DEFAULT_CODEBASE: Final = "v4_6_release/"
"""Every own server uses it, and the cloud understands it (developer guide)."""

CODEBASE_PATTERN: Final = r"v[0-9]{1,4}_[0-9]{1,3}(_release)?"
"""``v4_6_release``, ``v2017_3``, ``v2025_1`` (developer guide, recorded payloads)."""

API_PATH: Final = "apis/3.0"

# ---------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------

API_VERSION: Final = "2026.1"
"""The model asked for: without a version the newest one answers, and a superseded one
is answered for 12 months (developer guide). The fields read here are the same up to
OpenAPI 2026.4."""

ACCEPT_JSON: Final = f"application/vnd.connectwise.com+json; version={API_VERSION}"

VERSION_HEADER: Final = "api-current-version"
"""In each answer, the newest model that the server knows (public clients)."""

ACCEPT_PDF: Final = "application/pdf"

SUCCESS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    # Of those that change something not documented; these are usual.
    {"GET": (200,), "POST": (200, 201), "DELETE": (200, 204)}
)
"""Method → status of success."""

PAGE_SIZE: Final = 1000
"""Most records in one answer (developer guide)."""

MAX_URL_LENGTH: Final = 1745
"""Characters, encoded; the guide's "safe max" of a limit of 2000."""

NUMBERS_PER_REQUEST: Final = 50
"""Invoice numbers asked for at once: our choice, about what fits into an URL."""

IDS_PER_REQUEST: Final = 150
"""Ids in one ``id in (…)``; more is said to fail at some point (not documented)."""

MAX_INVOICE_NUMBER_LENGTH: Final = 15
"""``Invoice.invoiceNumber``, "Max length: 15" (OpenAPI 2026.4)."""

TEXT_LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        # "Max length" in OpenAPI 2026.4
        "identifier": 156,
        "name": 156,
        "city": 50,
        "invoiceNumber": MAX_INVOICE_NUMBER_LENGTH,
        # Not documented; generous.
        "accountNumber": 100,
        "firstName": 50,
        "lastName": 50,
        "title": 100,
        "value": 250,
        "communicationType": 50,
        "type": 50,
        "currencyCode": 50,
        "url": 200,
    }
)
"""Property → characters of its text."""

OTHER_TEXT_LENGTH: Final = 50
"""Of texts that are read but not stored: times."""

TEXT_TOLERANCE: Final = 10
"""A text this many times longer than documented makes its record refused."""

LARGEST_NUMBER: Final = 1e15
"""Of amounts: beyond it, floating point no longer holds cents."""

MAX_ID: Final = 2**31 - 1
"""Ids are ``int32`` (OpenAPI 2026.4)."""

DEFAULT_RETRY_AFTER: Final = 30.0
"""Seconds, where an answer 429 names none: the guide's own example of a 429 says "try
again in 30 seconds"."""

LONGEST_RETRY_AFTER: Final = 86_400.0
"""Seconds believed at most, whatever the server says."""


@dataclass(frozen=True)
class Endpoint:
    """A list of the API.

    ``right`` is the name of the security role's right that opens it, as ConnectWise
    writes it on the role's screen (not in the OpenAPI document; vendors' role tables
    agree). ``fields`` are the properties asked for, all in OpenAPI 2025.8 and 2026.4.
    """

    path: str
    right: str
    fields: tuple[str, ...]


INVOICES: Final = Endpoint(
    path="/finance/invoices",
    right="Invoicing",  # Finance > Invoicing, Inquire: All
    fields=(
        "id",
        "invoiceNumber",
        "type",
        "status",
        "company",
        "billToCompany",
        "date",
        "currency",
        "total",
        "_info",
    ),
)
COMPANIES: Final = Endpoint(
    path="/company/companies",
    right="Company Maintenance",  # Companies > Company Maintenance, Inquire: All
    fields=(
        "id",
        "identifier",
        "name",
        "accountNumber",
        "status",
        "city",
        "deletedFlag",
        "billToCompany",
        "billingContact",
        "_info",
    ),
)
CONTACTS: Final = Endpoint(
    path="/company/contacts",
    right="Contacts",  # Companies > Contacts, Inquire: All
    fields=(
        "id",
        "firstName",
        "lastName",
        "title",
        "inactiveFlag",
        "company",
        "communicationItems",
        "_info",
    ),
)

# ---------------------------------------------------------------------------
# Callbacks
# ---------------------------------------------------------------------------

CALLBACKS: Final = Endpoint(
    path="/system/callbacks",
    # Which right of a role opens it is documented nowhere.
    right="/system/callbacks",
    fields=("id", "url", "objectId", "type", "level", "inactiveFlag"),
)

CALLBACK_KINDS: Final = ("company", "contact", "invoice")
CALLBACK_LEVEL: Final = "owner"
CALLBACK_OBJECT: Final = 1
"""With this level and object: about all records of a kind (developer guide)."""

CALLBACK_URL_END: Final = "?recordId="
"""ConnectWise appends the id of the record to the URL (developer guide)."""

CALLBACK_KEY_PATH: Final = "/system/callbackkey/index.rails"
CALLBACK_SIGNATURE: Final = "x-content-signature"
"""The page of the signing key and the header (developer guide, recorded payloads)."""

MAX_CALL_BYTES: Final = 256 * 1024
MAX_KEY_BYTES: Final = 16 * 1024
SECONDS_FOR_KEY: Final = 3.0
"""ConnectWise waits 5 seconds for the answer to a call (developer guide)."""

SECONDS_OF_KEY: Final = 300.0
"""A key is believed for so long; its address changes (recorded payloads)."""

KEYS_A_MINUTE: Final = 4

# ---------------------------------------------------------------------------
# This client's own limits
# ---------------------------------------------------------------------------

MAX_CONNECTIONS: Final = 4
"""Of one client. The guide asks to limit parallel requests and names no number."""

MAX_WAITING_PDFS: Final = 8
"""PDFs downloaded, or being downloaded, that nobody has taken yet."""

MAX_WAITING_ANSWERS: Final = 8
"""Pages of a list asked for, or there, that nobody has taken yet."""

MAX_RANGES: Final = 2000
"""Ranges a list is split into at most, whatever the server says is in it."""

MAX_PDF_BYTES: Final = 20 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
"""Of all streams of a PDF together: ten uncompressed pages at 300 dpi."""

MAX_JSON_BYTES: Final = 4 * 1024 * 1024
"""Decompressed. A page of 1000 companies is below 1 MB. Python may need four times as
much for the text, and as much again for the strings in it."""

MAX_JSON_VALUES: Final = 250_000
"""Values in one answer, or what looks like them from outside: 250 in each record of a
full page, of which has about 60. Python may need 150 bytes for each."""

MAX_JSON_DIGITS: Final = 20
"""Of an integer; ids have ten. More of them cost time by their square."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""An answer other than 200 that is larger is not read as JSON."""

MAX_HEADER_LENGTH: Final = 256
"""Of a header that is parsed: a date has 29 characters."""

MAX_HITS: Final = 20
"""Invoices of one number. More of them cannot be told apart, so one more is read."""


@dataclass(frozen=True)
class Limits:
    """How long, and how often, to try. All times in seconds.

    ``connect``: TCP, to all addresses of the host together. ``answer`` and ``pdf``:
    one exchange, from looking the host up to the last byte, however slowly the server
    drips. ``attempts``: of one call. ``first_delay``: before the second attempt,
    doubled for each further one. ``longest_sleep``: a server that asks for a longer
    pause is not waited for. ``total``: from the client's first request on; afterwards
    every call fails.
    """

    connect: float
    answer: float
    pdf: float
    attempts: int
    first_delay: float
    longest_sleep: float
    total: float | None = None


INTERACTIVE: Final = Limits(
    connect=3, answer=8, pdf=8, attempts=2, first_delay=0.1, longest_sleep=1, total=8
)
"""A person waits."""

BACKGROUND: Final = Limits(
    connect=5, answer=30, pdf=60, attempts=3, first_delay=0.5, longest_sleep=10
)
"""Nobody waits."""
