"""Comparing ConnectWise's invoices with Odoo's: P17."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from testbed import furnishing
from testbed.databases import prepare_reconciliation_template
from testbed.sandbox import SandboxClient

from .baseline import CONNECTIONS, Download
from .bench import CUSTOMERS_OF_INVOICES, LATENCY, Bench, Sizes
from .goals import Goal, Runs, show_seconds
from .running import count_requests, odoo, sandbox
from .worker import Worker, connect, set_up

DAYS = 150
"""The length of the period, which ends today. The sandbox's invoices are of the last
120 days."""


# In Odoo's process -------------------------------------------------------------------


def copy_invoices(worker: Worker, url: str) -> int:
    """Post one of the sandbox's ordinary invoices, and make the others by copying it.

    PostgreSQL copies it, because there are many.
    """
    root = worker.root
    invoices = furnishing.ordinary_invoices(SandboxClient(url))
    [company] = list(furnishing.ordinary_companies(SandboxClient(url)))[:1]
    [customer] = furnishing.make_customers(root, [company]).values()
    first = next(i for i in invoices if i["type"] != "CreditMemo")
    customers = {furnishing.company_of(first): customer}
    move = furnishing.post_invoices(worker.env, [first], customers)
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


def compare(worker: Worker, today: str) -> dict[str, Any]:
    with worker.measured() as result:
        result |= _compare(worker.root, worker.env, today)
    return result


def _compare(root: Any, env: Any, today: str) -> dict[str, float]:
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


# The measurement ---------------------------------------------------------------------


def reconciliation(bench: Bench) -> None:
    """Read as many invoices as Odoo has, and compare; then again, without changes."""
    size = bench.sizes.compared
    template = prepare_reconciliation_template(stderr=subprocess.DEVNULL)
    with sandbox(CUSTOMERS_OF_INVOICES, size, LATENCY) as source:
        for turn in range(bench.sizes.few):
            about = {"turn": turn, "size": size}
            figures = download_invoices(source.url)
            bench.add(what="download", who="baseline", **about, **figures)
            with odoo(template, 0, source.url) as worker:
                worker.call(set_up)
                worker.call(connect, url=source.url)
                worker.call(copy_invoices, url=source.url)
                for what in ("compare", "compare again"):
                    source.clear_requests()
                    figures = worker.call(compare, today=source.today)
                    counts = count_requests(source)
                    bench.add(what=what, who="addon", **about, **figures, **counts)


def download_invoices(url: str) -> dict[str, float]:
    """Only download all invoices, over four connections."""
    download = Download(url)
    start = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as executor:
        count = sum(map(len, download.invoices(executor)))
    return {"seconds": time.perf_counter() - start, "rows": count}


# The lines of the table --------------------------------------------------------------


def goals_of_reconciling(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    size = sizes.compared
    bare = runs.middle(what="download", size=size)
    yield Goal(
        "P17",
        f"reading {size:,} invoices for a comparison, compared with only downloading"
        f" them ({show_seconds(bare)})",
        tuple(
            seconds / bare
            for seconds in runs.values("reading", what="compare", size=size)
            if bare
        ),
        most=1.3,
    )
    yield Goal(
        "P17",
        f"comparing {size:,} of both, and storing the lines",
        runs.values("comparing", what="compare", size=size),
        most=3,
        unit="s",
    )
    yield Goal(
        "",
        "the same again, when nothing has changed: requests",
        runs.values("requests", what="compare again", size=size),
        unit="",
    )
