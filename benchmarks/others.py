"""Reading companies with other programs: P3."""

from collections.abc import Iterator
from typing import Any

import requests

from connectwise_sandbox import defaults

from .bench import LATENCY, Bench, Sizes
from .companies import read_companies
from .goals import Goal, Runs, show_seconds
from .running import empty_database, odoo, run_django_connectwise, sandbox
from .worker import Worker, connect

NAIVE_PAGE = 1000
OTHER = "benji_bench_other"


# A simple script, in Odoo's process --------------------------------------------------


def naive(worker: Worker, url: str) -> dict[str, Any]:
    """Read as a simple script would: all fields, one record at a time, by ORM."""
    Company = worker.root["connectwise.company"]
    backend = worker.backend
    with worker.measured() as result:
        page = 1
        while rows := ask_companies(url, page):
            for row in rows:
                status, contact = row.get("status"), row.get("billingContact")
                values = {
                    "backend_id": backend.id,
                    "connectwise_ref": row["id"],
                    "identifier": row.get("identifier"),
                    "name": row.get("name"),
                    "account_number": row.get("accountNumber"),
                    "status": status and status["name"],
                    "city": row.get("city"),
                    "is_deleted": row["deletedFlag"],
                    "billing_contact_ref": contact and contact["id"],
                }
                company = Company.search(
                    [
                        ("backend_id", "=", backend.id),
                        ("connectwise_ref", "=", row["id"]),
                    ]
                )
                if company:
                    company.write(values)
                else:
                    Company.create(values)
                worker.cr.commit()
            page += 1
    return result


def ask_companies(url: str, page: int) -> list[dict[str, Any]]:
    return ask(url, "company/companies", pageSize=NAIVE_PAGE, page=page).json()


def ask(url: str, path: str, **params: Any) -> requests.Response:
    """Make a request without a session, as a simple script would."""
    response = requests.get(
        f"{url}/{defaults.FIXED_CODEBASE}apis/3.0/{path}",
        params,
        auth=(
            f"{defaults.COMPANY_LOGIN_ID}+{defaults.PUBLIC_KEY}",
            defaults.PRIVATE_KEY,
        ),
        headers={"clientId": defaults.CLIENT_ID},
        timeout=60,
    )
    response.raise_for_status()
    return response


# The measurement ---------------------------------------------------------------------


def others(bench: Bench) -> None:
    """Read companies by django-connectwise, and by a simple script."""
    size = bench.sizes.others
    with sandbox(size, 30, LATENCY) as source:
        for turn in range(bench.sizes.few):
            about = {"turn": turn, "size": size, "latency": LATENCY, "connected": 0}
            read_companies(bench, source, turn, size, LATENCY)
            with odoo(bench.base, 0, source.url) as worker:
                worker.call(connect, url=source.url)
                for what in ("first load", "unchanged rescan"):
                    figures = worker.call(naive, url=source.url)
                    bench.add(what=what, who="naive", **about, **figures)
            with empty_database(OTHER) as database:
                figures = run_django_connectwise(source.url, database)
            for what, key in (("first load", "first"), ("unchanged rescan", "again")):
                bench.add(
                    what=what, who="django-connectwise", **about, seconds=figures[key]
                )


# The lines of the table --------------------------------------------------------------


def goals_of_others(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"size": sizes.others, "latency": LATENCY, "connected": 0}
    for what, least in (("first load", 25), ("unchanged rescan", 60)):
        for who, wanted in (("django-connectwise", least), ("naive", None)):
            values = runs.ratios({"who": who}, {"who": "addon"}, what=what, **about)
            middle = runs.middle(who=who, what=what, **about)
            name = "a naive script" if who == "naive" else who
            text = f"{what} of {sizes.others:,} companies: {name}"
            text += f" ({show_seconds(middle)}), compared with the addon"
            yield Goal("P3" if wanted else "", text, values, least=wanted)
