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
"""Links into ConnectWise's own pages. None to an invoice is documented."""

CLOUD_HOSTS: Final = frozenset(
    # The sandbox has no ``api-`` host (recorded payloads).
    {*REGIONS.values(), "sandbox-na.myconnectwise.net"}
)

DISCOVERY_PATH: Final = "/login/companyinfo/"
"""+ Company Login ID; needs no authentication (developer guide)."""

DEFAULT_CODEBASE: Final = "v4_6_release/"
"""On-premise servers use it, and the cloud accepts it (developer guide)."""

CODEBASE_PATTERN: Final = r"v[0-9]{1,4}_[0-9]{1,3}(_release)?"
"""``v4_6_release``, ``v2017_3``, ``v2025_1`` (developer guide, recorded payloads)."""

API_PATH: Final = "apis/3.0"

# ---------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------

API_VERSION: Final = "2026.1"
"""The version of the records that is requested. Without one, the newest answers, and a
superseded one is supported for 12 months (developer guide). The fields read here are
the same up to OpenAPI 2026.4."""

ACCEPT_JSON: Final = f"application/vnd.connectwise.com+json; version={API_VERSION}"

VERSION_HEADER: Final = "api-current-version"
"""In each answer: the newest version that the server knows (public clients)."""

ACCEPT_PDF: Final = "application/pdf"

SUCCESS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    # Not documented for POST and DELETE; these are usual.
    {"GET": (200,), "POST": (200, 201), "DELETE": (200, 204)}
)
"""Method → status codes of success."""

PAGE_SIZE: Final = 1000
"""The most records in one answer (developer guide)."""

MAX_URL_LENGTH: Final = 1745
"""Encoded characters: the guide's "safe max", below a limit of 2000."""

NUMBERS_PER_REQUEST: Final = 50
"""Invoice numbers in one request. Our choice: about as many as fit into a URL."""

IDS_PER_REQUEST: Final = 150
"""Ids in one ``id in (…)``; longer lists are said to fail (not documented)."""

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
"""Property → length of its text, in characters."""

OTHER_TEXT_LENGTH: Final = 50
"""Length of texts that are read but not stored, such as times."""

TEXT_TOLERANCE: Final = 10
"""A record is refused if one of its texts is this many times too long."""

LARGEST_NUMBER: Final = 1e15
"""The largest amount: beyond it, floating point no longer holds cents."""

MAX_ID: Final = 2**31 - 1
"""Ids are ``int32`` (OpenAPI 2026.4)."""

DEFAULT_RETRY_AFTER: Final = 30.0
"""Seconds to wait after a 429 that names no time. The guide's example of a 429 says
"try again in 30 seconds"."""

LEAST_PAUSE: Final = 1.0
"""The shortest wait after a refusal that names a time. ``Retry-After`` has whole
seconds, so 0 may be almost one."""

LONGEST_RETRY_AFTER: Final = 86_400.0
"""The longest wait that a server can ask for, in seconds."""


@dataclass(frozen=True)
class Endpoint:
    """A list of the API.

    ``right`` is the right that a security role needs for it, as ConnectWise names it on
    the role's screen (not in the OpenAPI document, but vendors' tables of roles agree).
    ``fields`` are the properties that are requested; all are in OpenAPI 2025.8 and
    2026.4.
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
    # The right that a role needs for it is not documented.
    right="/system/callbacks",
    fields=("id", "url", "objectId", "type", "level", "inactiveFlag"),
)

CALLBACK_KINDS: Final = ("company", "contact", "invoice")
CALLBACK_LEVEL: Final = "owner"
CALLBACK_OBJECT: Final = 1
"""With these, ConnectWise calls about all records of a kind (developer guide)."""

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
"""How long a key is kept; its address changes (recorded payloads)."""

KEYS_A_MINUTE: Final = 4

# ---------------------------------------------------------------------------
# This client's own limits
# ---------------------------------------------------------------------------

MAX_CONNECTIONS: Final = 4
"""Per client. The guide asks for few parallel requests and gives no number."""

MAX_WAITING_PDFS: Final = 8
"""The most PDFs that are downloaded, or requested, ahead of the caller."""

MAX_WAITING_ANSWERS: Final = 8
"""The most pages of a list that are read, or requested, ahead of the caller."""

MAX_RANGES: Final = 2000
"""The most ranges that a list is split into, whatever length the server reports."""

MAX_PDF_BYTES: Final = 20 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
"""All streams of a PDF together: ten uncompressed pages at 300 dpi."""

MAX_JSON_BYTES: Final = 4 * 1024 * 1024
"""Decompressed. A page of 1000 companies is below 1 MB. Python may need four times as
much for the text, and as much again for the strings in it."""

MAX_JSON_VALUES: Final = 250_000
"""Values in one answer, estimated from its punctuation: 250 for each record of a full
page, which has about 60. Python may need 150 bytes for each."""

MAX_JSON_DIGITS: Final = 20
"""Digits of an integer; ids have ten. The time to read it grows with the square."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""A larger error answer is not read as JSON."""

MAX_HEADER_LENGTH: Final = 256
"""Length of a header that is parsed. A date has 29 characters."""

MAX_HITS: Final = 20
"""The most invoices of one number. One more is read, to know that there are more."""


@dataclass(frozen=True)
class Limits:
    """How long and how often to try. All times are in seconds.

    ``connect``: for a TCP connection, to all addresses of the host together. ``answer``
    and ``pdf``: for one exchange, from the DNS lookup to the last byte, however slowly
    the server sends. ``attempts``: for one call. ``first_delay``: before the second
    attempt; each further delay is twice as long. ``longest_sleep``: if a server asks
    one call for more than this, even in several pauses, the call fails. ``total``: from
    the client's first request on; after that, every call fails.
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
