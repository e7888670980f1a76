"""The dialog "+", and the Customer Mapping Report: P9."""

import time
from collections.abc import Iterator
from typing import Any

from .bench import Bench, Sizes
from .companies import sync
from .goals import Goal, Runs
from .running import odoo, sandbox
from .worker import Worker, connect, make_customers

# In Odoo's process -------------------------------------------------------------------


def suggest(worker: Worker, count: int) -> list[float]:
    """Open the dialog "+" for customers with a typing error in their name."""
    rows = _make_rows_to_connect(worker, count)
    seconds = []
    for row in rows:
        worker.root.invalidate_all()
        start = time.perf_counter()
        row.action_connect()
        worker.root.flush_all()
        seconds.append(time.perf_counter() - start)
        suggestions = worker.root["connectwise.mapping.connect"].search(
            [("mapping_id", "=", row.id)]
        )
        if not suggestions.suggestion_ids:
            raise RuntimeError("the dialog suggested nothing")
    worker.cr.commit()
    return seconds


def _make_rows_to_connect(worker: Worker, count: int):
    companies = worker.root["connectwise.company"].search([], limit=50 * count)
    partners = worker.root["res.partner"].create(
        [
            {
                "name": company.name.replace("a", "e", 1),
                "is_company": True,
                "customer_rank": 1,
            }
            for company in companies[::50]
        ]
    )
    worker.env["connectwise.mapping"]._ensure_rows(worker.backend)
    return worker.env["connectwise.mapping"].search(
        [("partner_id", "in", partners.ids)]
    )


def report(
    worker: Worker, url: str, customers: int, count: int
) -> list[dict[str, Any]]:
    """Open the Customer Mapping Report with connected rows; read its first page.

    The rows are connected by SQL, because there are many.
    """
    make_customers(worker, url, customers)
    Mapping = worker.env["connectwise.mapping"]
    Mapping.action_open_report()
    worker.cr.execute(
        """
        UPDATE connectwise_mapping mapping
           SET connectwise_company_id = company.id, connection = 'account_id',
               last_updated = now() AT TIME ZONE 'UTC'
          FROM res_partner partner, connectwise_company company
         WHERE partner.id = mapping.partner_id
           AND company.backend_id = mapping.backend_id
           AND company.account_number = partner.ref
        """
    )
    worker.cr.execute("ANALYZE connectwise_mapping")
    worker.cr.commit()
    specification = _read_like_the_list(worker)
    times = []
    for _run in range(count):
        worker.root.invalidate_all()
        start = time.perf_counter()
        Mapping.action_open_report()
        opened = time.perf_counter()
        page = Mapping.web_search_read([], specification, limit=80)
        read = time.perf_counter()
        Mapping.get_report_status()
        told = time.perf_counter()
        worker.cr.commit()
        if page["length"] < 0.9 * customers:
            raise RuntimeError(f"only {page['length']} rows")
        times.append(
            {
                "action": opened - start,
                "page": read - opened,
                "status": told - read,
            }
        )
    return times


def _read_like_the_list(worker: Worker) -> dict[str, dict]:
    view = worker.env["connectwise.mapping"].get_view(view_type="list")
    described = view["models"]["connectwise.mapping"]
    Mapping = worker.env["connectwise.mapping"]
    return {
        name: {"fields": {"display_name": {}}}
        if Mapping._fields[name].type == "many2one"
        else {}
        for name in described
        if name in Mapping._fields
    }


# The measurement ---------------------------------------------------------------------


def dialogs(bench: Bench) -> None:
    """Open the dialog "+", and the first page of the Customer Mapping Report."""
    size = bench.sizes.companies
    for companies_, what in ((size, "suggest"), (bench.sizes.double, "report")):
        with (
            sandbox(companies_, 30, 0) as source,
            odoo(bench.base, 0, source.url) as worker,
        ):
            worker.call(connect, url=source.url)
            worker.call(sync, full=True)
            if what == "suggest":
                times = worker.call(suggest, count=bench.sizes.runs)
                figures = [{"seconds": seconds} for seconds in times]
            else:
                times = worker.call(
                    report,
                    url=source.url,
                    customers=companies_,
                    count=bench.sizes.runs,
                )
                figures = [{"seconds": time["page"], **time} for time in times]
            for turn, figure in enumerate(figures):
                bench.add(what=what, who="addon", turn=turn, size=companies_, **figure)


# The lines of the table --------------------------------------------------------------


def goals_of_dialogs(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    companies = sizes.companies
    for what, most, size, text in (
        (
            "suggest",
            0.2,
            companies,
            f"the dialog “+”, {companies:,} companies",
        ),
        (
            "report",
            0.5,
            sizes.double,
            f"first page of the mapping report, {sizes.double:,} customers",
        ),
    ):
        yield Goal("P9", text, runs.values(what=what, size=size), most=most, unit="s")
    opened = runs.find(what="report", size=sizes.double)
    yield Goal(
        "",
        "opening the report: rows for new customers, and the status above the list",
        tuple(run["action"] + run["page"] + run["status"] for run in opened),
        unit="s",
    )
