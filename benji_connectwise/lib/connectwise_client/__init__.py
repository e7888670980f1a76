"""A small client of the ConnectWise PSA REST API: invoices, their PDFs, companies.

::

    credentials = Credentials("acme", public_key, private_key, client_id)
    with ConnectWiseClient("na", credentials, INTERACTIVE) as client:
        for invoices, skipped in client.find_invoices(["CW1129"]):
            for invoice in invoices:
                pdf = client.download_invoice_pdf(invoice.id)

Every failure is a :class:`ConnectWiseError`; :mod:`.errors` draws their tree. Pure
functions decide (:mod:`.address`, :mod:`.links`, :mod:`.conditions`, :mod:`.protocol`,
:mod:`.decipher`, :mod:`.body`, :mod:`.pdf`, :mod:`.records`, :mod:`.texts`). The rest
acts: :mod:`.transport` opens connections, :mod:`.session` asks one tenant,
:mod:`.lists` reads lists page by page, and :mod:`.client` puts them together.
:mod:`.callbacks` is the other direction: requests that ConnectWise sends to us.
:mod:`.const` holds what is known about ConnectWise.
"""

from .access import AccessReport, RightCheck
from .address import (
    get_tenant_origin,
    identify_tenant,
    is_cloud,
    is_kept_private,
    is_local,
    normalise_address,
)
from .callbacks import (
    Notice,
    SigningKeys,
    check_key_url,
    is_signed,
    read_notice,
)
from .client import ConnectWiseClient
from .conditions import number_key
from .const import BACKGROUND, INTERACTIVE, MAX_PDF_BYTES, REGIONS, Limits
from .errors import (
    AddressError,
    AmbiguousNumberError,
    BadAnswerError,
    ClientIdError,
    ConnectWiseError,
    CredentialsError,
    DataError,
    DeadlineError,
    InvalidPdfError,
    MissingRightError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    RecordError,
    RefusedRequestError,
    ServerError,
    SettingsError,
    UnknownCompanyError,
    UnprovenError,
    UnqueryableError,
    WaitError,
)
from .links import record_url
from .lists import CompanyPage, InvoicePage, Page
from .pdf import validate_pdf
from .protocol import ALL_IDS, Credentials, IdRange
from .records import Callback, Company, Contact, Invoice, Reference, SkippedRecord
from .session import Runtime
from .texts import defuse, plain_email, take_out_invisible

__all__ = [
    "ALL_IDS",
    "BACKGROUND",
    "INTERACTIVE",
    "MAX_PDF_BYTES",
    "REGIONS",
    "AccessReport",
    "AddressError",
    "AmbiguousNumberError",
    "BadAnswerError",
    "Callback",
    "ClientIdError",
    "Company",
    "CompanyPage",
    "ConnectWiseClient",
    "ConnectWiseError",
    "Contact",
    "Credentials",
    "CredentialsError",
    "DataError",
    "DeadlineError",
    "IdRange",
    "InvalidPdfError",
    "Invoice",
    "InvoicePage",
    "Limits",
    "MissingRightError",
    "NetworkError",
    "NotFoundError",
    "Notice",
    "Page",
    "RateLimitError",
    "RecordError",
    "Reference",
    "RefusedRequestError",
    "RightCheck",
    "Runtime",
    "ServerError",
    "SettingsError",
    "SigningKeys",
    "SkippedRecord",
    "UnknownCompanyError",
    "UnprovenError",
    "UnqueryableError",
    "WaitError",
    "check_key_url",
    "defuse",
    "get_tenant_origin",
    "identify_tenant",
    "is_cloud",
    "is_kept_private",
    "is_local",
    "is_signed",
    "normalise_address",
    "number_key",
    "plain_email",
    "read_notice",
    "record_url",
    "take_out_invisible",
    "validate_pdf",
]
