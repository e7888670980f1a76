"""What the *Integrations* page says about a connection."""

from odoo import fields
from odoo.fields import Domain
from odoo.tools import format_datetime

from ..invoice_pdf.order import before_odoo, list_sources, put_first

ROWS = {
    "connected": Domain("connectwise_company_id.is_confirmed", "=", True),
    "conflicts": Domain("has_conflict", "=", True),
    "not_connected": Domain("connectwise_company_id", "=", False)
    & Domain("has_conflict", "=", False),
}
"""Rows of the Customer Mapping Report that the tile counts and opens."""


def find_rows(backend, kind):
    """Return the domain of the rows of this connection that are of a kind of `ROWS`."""
    return Domain("backend_id", "=", backend.id) & ROWS[kind]


def count_rows(backend):
    """Return {kind of `ROWS`: how many rows the user sees}."""
    rows = backend.env["connectwise.mapping"]
    return {kind: rows.search_count(find_rows(backend, kind)) for kind in ROWS}


def describe_sync(backend):
    """Say when customers were last read, and how many there are.

    :return: str, or False before the first time
    """
    env = backend.env
    return backend.last_sync and env._(
        "Last sync %(time)s · %(companies)s companies",
        time=format_datetime(env, backend.last_sync, dt_format="short"),
        companies=env["connectwise.company"].search_count(
            [("backend_id", "=", backend.id), ("is_deleted", "=", False)]
        ),
    )


def describe_callbacks(backend):
    """Say when ConnectWise last called about a change, or why it does not.

    :return: str, or False where callbacks are not switched on
    """
    env = backend.env
    callback = env["connectwise.callback"].search([("backend_id", "=", backend.id)])
    if not callback or callback.last_error:
        return callback.last_error
    if not callback.last_call:
        return env._("Instant updates: no call yet")
    time = format_datetime(env, callback.last_call, dt_format="short")
    return env._("Instant updates: last call %s", time)


def describe_month(company):
    """Count this month's invoices by the source of their PDF.

    :return: str
    """
    env = company.env
    moves = env["account.move"].with_company(company)
    counts = {
        source: moves.search_count(find_month(company, [source]))
        for source in _list_sources(company)
    }
    Source = env["invoice.pdf.source"]
    sources = Source._get_sources(company.id)
    return " · ".join(
        f"{count} {Source._get_label(source)}"
        for source, count in counts.items()
        if count or source in sources
    )


def find_month(company, sources):
    """Return the domain of this month's invoices whose PDF is from these sources."""
    month = fields.Date.start_of(fields.Date.context_today(company), "month")
    return (
        Domain("company_id", "=", company.id)
        & Domain("date", ">=", month)
        & Domain("invoice_pdf_source", "in", sources)
    )


def find_other_sources(company):
    """Return the sources that an invoice's PDF can be from, but for the first one."""
    _first, *others = _list_sources(company)
    return others


def _list_sources(company):
    # In the priority or not: Odoo's is the last resort, and a person may have preferred
    # any of them.
    listed = company.env["invoice.pdf.source"]._get_sources(company.id)
    return list(dict.fromkeys([*listed, "odoo", *dict(list_sources(company))]))


def find_steps(company, backend, connected):
    """Return which steps of the setting up are done: {field of the page: whether}.

    :param connected: how many customers are connected
    """
    sources = company.env["invoice.pdf.source"]._get_sources(company.id)
    lookups = company.env["connectwise.lookup"]
    return {
        "is_connected": bool(backend) and backend.state != "draft",
        "is_ordered": "connectwise" in before_odoo(put_first(False, sources)),
        # Without the option there is nothing to map: PDFs are found by number.
        "is_mapped": bool(connected or (backend and not backend.sync_contacts)),
        "is_tried": bool(
            lookups.search_count(
                [("has_pdf", "=", True), ("move_id.company_id", "=", company.id)],
                limit=1,
            )
        ),
    }
