"""The reconciliation in the worker's Odoo process, and its baseline."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from testbed import furnishing
from testbed.sandbox import SandboxClient

from .baseline import CONNECTIONS, Download

DAYS = 150
"""The length of the period, which ends today. The sandbox's invoices are of the last
120 days."""


def download_invoices(url: str) -> dict[str, float]:
    """Only download all invoices, over four connections."""
    download = Download(url)
    start = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as executor:
        count = sum(map(len, download.invoices(executor)))
    return {"seconds": time.perf_counter() - start, "rows": count}


def copy_invoices(root: Any, env: Any, url: str) -> int:
    """Post one of the sandbox's ordinary invoices, and make the others by copying it.

    PostgreSQL copies it, because there are many.
    """
    invoices = furnishing.ordinary_invoices(SandboxClient(url))
    [company] = list(furnishing.ordinary_companies(SandboxClient(url)))[:1]
    [customer] = furnishing.make_customers(root, [company]).values()
    first = next(i for i in invoices if i["type"] != "CreditMemo")
    customers = {furnishing.company_of(first): customer}
    move = furnishing.post_invoices(env, [first], customers)
    root.flush_all()
    own = {"id", "name", "invoice_date", "amount_total"}
    columns = ", ".join(
        name
        for name, field in move._fields.items()
        if field.store and field.column_type and name not in own
    )
    root.cr.execute(
        f"INSERT INTO account_move (name, invoice_date, amount_total, {columns})"
        f" SELECT given.name, given.day, given.total, {columns}"
        " FROM account_move, unnest(%s::text[], %s::date[], %s::numeric[])"
        " AS given(name, day, total) WHERE id = %s AND given.name != account_move.name",
        [
            [invoice["number"] for invoice in invoices],
            [invoice["date"] for invoice in invoices],
            [abs(invoice["total"]) for invoice in invoices],
            move.id,
        ],
    )
    root.cr.execute("ANALYZE account_move")
    root.cr.commit()
    root.invalidate_all()
    return len(invoices)


def compare(root: Any, env: Any, today: str) -> dict[str, float]:
    """Compare as the dialog and the scheduled action do, until it is finished."""
    from odoo.addons.benji_connectwise_reconciliation.tools import running

    last = date.fromisoformat(today) + timedelta(days=1)
    first = last - timedelta(days=DAYS)
    dialog = env["connectwise.reconciliation.compare"].create(
        {"period": "other", "date_from": first, "date_to": last}
    )
    dialog.action_compare()
    runs = root["connectwise.reconciliation.run"]
    run = runs.search([("state", "=", "queued")])
    comparing = 0.0

    def timed(run: Any) -> None:
        nonlocal comparing
        start = time.perf_counter()
        original(run)
        comparing = time.perf_counter() - start

    original = running._compare
    begin = time.perf_counter()
    with patch.object(running, "_compare", timed):
        while run.state in ("queued", "running"):
            if run.error:
                raise RuntimeError(run.error)
            runs._cron_compare()
    reading = time.perf_counter() - begin - comparing
    return {"lines": len(run.line_ids), "reading": reading, "comparing": comparing}
