"""A company of ConnectWise as a row of a table, for SQL that handles many of them."""

from odoo import fields

from ...const import OVERLAP
from ...lib.customer_matching import normalise_account_id, normalise_name
from .sql import as_key

COLUMNS = {
    "connectwise_ref": "int",
    "identifier": "text",
    "name": "text",
    "account_number": "text",
    "status": "text",
    "city": "text",
    "is_deleted": "bool",
    "bill_to_ref": "int",
    "billing_contact_ref": "int",
    "last_updated": "timestamp",
}
"""The columns that are read of a company."""

NORMALISED = {"normalised_name": "text", "normalised_account_id": "text"}
"""The columns that are compared with customers; nothing that is empty is compared."""


def prepare_row(company):
    """Return the values of the client's `company`, in the order of COLUMNS."""
    return (
        company.id,
        company.identifier,
        company.name,
        company.account_number,
        company.status,
        company.city,
        company.is_deleted,
        company.bill_to_company.id if company.bill_to_company else 0,
        company.billing_contact.id if company.billing_contact else 0,
        _as_odoo_time(company.last_updated),
    )


def normalise(name, account_number):
    """Return the keys by which a company is compared, in the order of NORMALISED."""
    core, account_id = normalise_name(name).core, normalise_account_id(account_number)
    return as_key(core), as_key(account_id)


def get_newest_change(records):
    """Return the newest `last_updated` of the client's records as Odoo stores times.

    A time in the future is ignored: it would hide later changes of other records.
    """
    latest = fields.Datetime.now() + OVERLAP
    times = (_as_odoo_time(record.last_updated) for record in records)
    return max((time for time in times if time and time <= latest), default=None)


def _as_odoo_time(time):
    return time and time.replace(tzinfo=None, microsecond=0)
