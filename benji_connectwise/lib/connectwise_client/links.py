"""Links to records, for a person's browser."""

from typing import Literal
from urllib.parse import urlencode, urlsplit

from . import const
from .address import read_origin


def record_url(
    address: str, company_login_id: str, kind: Literal["company", "contact"], ref: int
) -> str:
    """Return the URL that opens a record in ConnectWise.

    ``address``: as typed; the API's host is replaced by the one that people use.

    Raises :class:`AddressError` if it is not an address.
    """
    origin = read_origin(address)
    host = urlsplit(origin).netloc
    origin = origin.replace(host, const.USER_HOST_BY_API_HOST.get(host, host))
    query = urlencode(
        {
            "recordType": const.RECORD_TYPES[kind],
            "recid": ref,
            "companyName": company_login_id.strip(),
        }
    )
    return f"{origin}/{const.OPEN_RECORD_PATH}?{query}"
