"""Reading companies and Bill-To contacts: P1, P2, P4 to P7."""

import time
from collections.abc import Iterator
from typing import Any

from connectwise_sandbox.data import FIRST_COMPANY_ID
from testbed.sandbox import SandboxClient

from .bench import LATENCY, Bench, Sizes
from .goals import Goal, Run, Runs, show_seconds
from .running import count_requests, empty_database, odoo, run_baseline, sandbox
from .worker import Worker, connect, first_companies, make_customers

BASELINE = "benji_bench_baseline"
BATCH = 1000
CHANGED = 100


# In Odoo's process -------------------------------------------------------------------


def sync(worker: Worker, full: bool) -> dict[str, Any]:
    """Synchronize as *Rescan* and the scheduled action do, until it is finished."""
    backend = worker.backend
    with worker.measured() as result:
        if full:
            backend._request_sync(full=True)
        worker.root["connectwise.sync"]._cron_sync()
        while backend.sync_state != "idle":
            if backend._is_resting():
                raise RuntimeError(backend.last_error)
            worker.root["connectwise.sync"]._cron_sync()
    sync = backend.sync_ids.sorted("id")[-1]
    if sync.state != "done":
        raise RuntimeError(f"{sync.state}: {sync.error or backend.last_error}")
    return {**result, "counts": sync.counts}


def create_contacts(worker: Worker, url: str, count: int) -> dict[str, Any]:
    """Create the Bill-To contacts with Odoo's ORM only, for comparison.

    This is the quickest way, in which Odoo itself imports contacts (base,
    models/res_partner.py, _load_records_create).
    """
    Partner = worker.root["res.partner"].with_context(
        tracking_disable=True, _partners_skip_fields_sync=True
    )
    customers = Partner.search([("ref", "=like", "AC%")]).grouped("ref")
    values = [
        {
            "name": company["contact_name"],
            "email": company["contact_email"],
            "phone": company["contact_phone"],
            "parent_id": customers[company["account_number"]].id,
            "type": "other",
            "is_company": False,
        }
        for company in first_companies(url, count)
    ]
    worker.cr.commit()
    worker.root.invalidate_all()
    start = time.perf_counter()
    for place in range(0, len(values), BATCH):
        Partner.create(values[place : place + BATCH])
    worker.root.flush_all()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "contacts": len(values)}


# The measurements --------------------------------------------------------------------


def companies(bench: Bench) -> None:
    """Read companies while no customer is connected."""
    size = bench.sizes.companies
    for latency in (LATENCY, 0):
        with sandbox(size, 30, latency) as source:
            for turn in range(bench.sizes.runs):
                read_companies(bench, source, turn, size, latency)


def contacts(bench: Bench) -> None:
    """Read companies and Bill-To contacts of connected customers."""
    size = bench.sizes.companies
    fewest = min(bench.sizes.connected)
    with sandbox(size, 30, LATENCY) as source:
        for connected in bench.sizes.connected:
            turns = bench.sizes.runs if connected == fewest else 1
            for turn in range(turns):
                read_companies(bench, source, turn, size, LATENCY, connected)


def series(bench: Bench) -> None:
    """Read fewer and more companies."""
    for size in bench.sizes.series:
        turns = bench.sizes.runs if size < bench.sizes.companies else bench.sizes.few
        with sandbox(size, 30, LATENCY) as source:
            for turn in range(1 if size == bench.sizes.largest else turns):
                read_companies(bench, source, turn, size, LATENCY)


def read_companies(
    bench: Bench,
    source: SandboxClient,
    turn: int,
    size: int,
    latency: int,
    connected: int = 0,
) -> None:
    """Load everything, then again with nothing changed, then what changed."""
    about = {"turn": turn, "size": size, "latency": latency, "connected": connected}

    def add(what: str, who: str, figures: dict[str, Any]) -> None:
        bench.add(what=what, who=who, **about, **figures)

    def addon(what: str, full: bool) -> None:
        source.clear_requests()
        figures = worker.call(sync, full=full)
        add(what, "addon", {**figures, **count_requests(source)})

    def baseline(what: str, extra: float = 0) -> None:
        figures = run_baseline(source.url, BASELINE, connected)
        add(what, "baseline", {**figures, "seconds": figures["seconds"] + extra})

    created = 0.0
    if connected:
        # In a process of its own, so that it warms no caches for the addon.
        with odoo(bench.base, 0, source.url) as worker:
            worker.call(make_customers, url=source.url, count=connected)
            figures = worker.call(create_contacts, url=source.url, count=connected)
        add("create contacts", "baseline", figures)
        created = figures["seconds"]
    with odoo(bench.base, 0, source.url) as worker, empty_database(BASELINE):
        worker.call(connect, url=source.url)
        if connected:
            worker.call(make_customers, url=source.url, count=connected)
        baseline("first load", created)
        addon("first load", full=True)
        baseline("unchanged rescan")
        addon("unchanged rescan", full=True)
        addon("nothing changed", full=False)
        if size == bench.sizes.companies and latency:
            for number in range(FIRST_COMPANY_ID, FIRST_COMPANY_ID + CHANGED):
                name = f"Renamed {connected} {turn} {number}"
                source.patch_company(number, {"name": name})
            addon("100 changed", full=False)


# The lines of the table --------------------------------------------------------------


def goals_of_reading(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for name, what, most in (
        ("P1", "unchanged rescan", 1.3),
        ("P2", "first load", 2),
    ):
        for latency, connected in (
            (LATENCY, 0),
            (0, 0),
            *((LATENCY, connected) for connected in sizes.connected),
        ):
            about = {
                "what": what,
                "size": sizes.companies,
                "latency": latency,
                "connected": connected,
            }
            middle = runs.middle(who="addon", **about)
            text = f"{what} of {sizes.companies:,} companies, {latency} ms"
            if connected:
                text += f", {connected:,} customers connected"
            text += f"; addon {show_seconds(middle)}, baseline"
            text += f" {show_seconds(runs.middle(who='baseline', **about))}"
            values = runs.ratios({"who": "addon"}, {"who": "baseline"}, **about)
            yield Goal(name, text, values, most=most)


def goals_of_changes(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for connected in (0, *sizes.connected):
        about = {"size": sizes.companies, "latency": LATENCY, "connected": connected}
        among = f", {connected:,} customers connected" if connected else ""
        yield Goal(
            "P4",
            f"nothing changed in {sizes.companies:,} companies{among}: requests",
            runs.values("requests", what="nothing changed", **about),
            most=3,
            unit="",
        )
        more, shares = _compare_changes(runs, about)
        changed = f"{CHANGED} of {sizes.companies:,} companies changed{among}"
        yield Goal(
            "P4",
            f"{changed}: requests more than when nothing changed",
            more,
            most=3,
            unit="",
        )
        yield Goal(
            "P4",
            f"{changed}: time beyond that and these requests, compared with a full"
            " rescan",
            shares,
            most=0.05,
        )


def _compare_changes(
    runs: Runs, about: Run
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return (more requests, longer by which share of a rescan) for each turn."""
    rounds = zip(
        *(
            runs.find(who="addon", what=what, **about)
            for what in ("100 changed", "nothing changed", "unchanged rescan")
        ),
        strict=False,
    )
    more, shares = [], []
    for changed, nothing, rescan in rounds:
        requests = changed["requests"] - nothing["requests"]
        seconds = changed["seconds"] - nothing["seconds"] - requests * LATENCY / 1000
        more.append(requests)
        shares.append(seconds / rescan["seconds"])
    return tuple(more), tuple(shares)


def goals_of_growth(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"who": "addon", "latency": LATENCY, "connected": 0}
    for what in ("unchanged rescan", "first load"):
        yield Goal(
            "P5" if what == "unchanged rescan" else "",
            f"{what}: {sizes.double:,} companies compared with {sizes.companies:,}",
            runs.ratios(
                {"size": sizes.double}, {"size": sizes.companies}, what=what, **about
            ),
            most=2.2 if what == "unchanged rescan" else None,
        )


def goals_of_statements(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"who": "addon", "size": sizes.companies, "latency": LATENCY}
    for connected in (0, *sizes.connected):
        among = f", {connected:,} customers connected" if connected else ""
        for what, most in (("unchanged rescan", 6), ("first load", 12)):
            counts = runs.values("statements", what=what, connected=connected, **about)
            # A contact is a record like a company.
            records = sizes.companies + (connected if what == "first load" else 0)
            yield Goal(
                "P6",
                f"{what} of {sizes.companies:,} companies{among}: SQL statements per"
                " 1000 records",
                tuple(count * 1000 / records for count in counts),
                most=most,
                unit="",
            )


def goals_of_memory(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"who": "addon", "what": "first load", "latency": LATENCY, "connected": 0}
    yield Goal(
        "P7",
        f"growth of memory by the first load of {sizes.companies:,} companies",
        runs.values("memory_mb", size=sizes.companies, **about),
        most=80,
        unit="MB",
    )
    yield Goal(
        "P7",
        f"the same, {sizes.largest:,} companies compared with {sizes.companies:,}",
        runs.ratios(
            {"size": sizes.largest}, {"size": sizes.companies}, "memory_mb", **about
        ),
        most=1.15,
    )
