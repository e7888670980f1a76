"""The stations, which measure. `goals.py` compares their runs with the goals.

A run is a flat dictionary: what was done, by which program, with which sizes, and the
figures. Programs that are compared take turns, so that a slow minute affects all.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from connectwise_sandbox.data import FIRST_COMPANY_ID, company_name
from customer_matching import Company, Customer, match
from testbed.databases import prepare_account, prepare_reconciliation_template
from testbed.mailbox import Mailbox
from testbed.postgresql import drop_database
from testbed.sandbox import ALL, SandboxClient

from .baseline import fetch_pdfs
from .calling import storm
from .reconciling import download_invoices
from .running import (
    Odoo,
    count_requests,
    empty_database,
    odoo,
    run_baseline,
    run_django_connectwise,
    sandbox,
)

Add = Callable[..., None]
"""A function that stores a run; its keyword arguments are the parts of the run."""

BASELINE = "benji_bench_baseline"
OTHER = "benji_bench_other"
CONNECTIONS = 4
LATENCY = 100
CUSTOMERS_OF_INVOICES = 200
CHANGED = 100
MOST_NUMBERS = 4
CUSTOMERS_OF_LIST = 2_000
OPENED = 20
"""How often one invoice is opened in one turn."""

MOST_DELIVERED = 100
"""E-mails of larger batches are queued but not delivered: that is Odoo's own work."""


@dataclass(frozen=True)
class Sizes:
    """How many records are used, and how many runs are made."""

    companies: int
    connected: tuple[int, ...]  # customers with Bill-To contacts
    series: tuple[int, ...]  # of companies, beside `companies`
    others: int  # companies, for programs that read them one by one
    invoices: tuple[int, ...]
    compared: int  # invoices on each side of a reconciliation
    calls: int  # of each kind, from ConnectWise or a stranger
    listed: int  # invoices in the list
    runs: int
    few: int  # runs of stations that take minutes

    @property
    def largest(self) -> int:
        return max(self.series)

    @property
    def double(self) -> int:
        return 2 * self.companies


@dataclass
class Bench:
    """The data that every station needs."""

    sizes: Sizes
    base: str
    add: Add


# Companies ---------------------------------------------------------------------------


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

    def sync(what: str, full: bool) -> None:
        source.clear_requests()
        figures = worker.call("sync", full=full)
        add(what, "addon", {**figures, **count_requests(source)})

    def baseline(what: str, extra: float = 0) -> None:
        figures = run_baseline(source.url, BASELINE, connected)
        add(what, "baseline", {**figures, "seconds": figures["seconds"] + extra})

    created = 0.0
    if connected:
        # In a process of its own, so that it warms no caches for the addon.
        with odoo(bench.base, 0, source.url) as worker:
            worker.call("make_customers", url=source.url, count=connected)
            figures = worker.call("create_contacts", url=source.url, count=connected)
        add("create contacts", "baseline", figures)
        created = figures["seconds"]
    with odoo(bench.base, 0, source.url) as worker, empty_database(BASELINE):
        worker.call("connect", url=source.url)
        if connected:
            worker.call("make_customers", url=source.url, count=connected)
        baseline("first load", created)
        sync("first load", full=True)
        baseline("unchanged rescan")
        sync("unchanged rescan", full=True)
        sync("nothing changed", full=False)
        if size == bench.sizes.companies and latency:
            for number in range(FIRST_COMPANY_ID, FIRST_COMPANY_ID + CHANGED):
                name = f"Renamed {connected} {turn} {number}"
                source.patch_company(number, {"name": name})
            sync("100 changed", full=False)


# Others ------------------------------------------------------------------------------


def others(bench: Bench) -> None:
    """Read companies by django-connectwise, and by a simple script."""
    size = bench.sizes.others
    with sandbox(size, 30, LATENCY) as source:
        for turn in range(bench.sizes.few):
            about = {"turn": turn, "size": size, "latency": LATENCY, "connected": 0}
            read_companies(bench, source, turn, size, LATENCY)
            with odoo(bench.base, 0, source.url) as worker:
                worker.call("connect", url=source.url)
                for what in ("first load", "unchanged rescan"):
                    figures = worker.call("naive", url=source.url)
                    bench.add(what=what, who="naive", **about, **figures)
            with empty_database(OTHER) as database:
                figures = run_django_connectwise(source.url, database)
            for what, key in (("first load", "first"), ("unchanged rescan", "again")):
                bench.add(
                    what=what, who="django-connectwise", **about, seconds=figures[key]
                )


# Matching ----------------------------------------------------------------------------


def matching(bench: Bench) -> None:
    """Match as many customers as companies, in this process."""
    for size in (bench.sizes.companies, bench.sizes.double):
        customers, companies_ = records_to_match(size)
        for turn in range(bench.sizes.runs):
            start = perf_counter()
            found = match(customers, companies_)
            seconds = perf_counter() - start
            if len(found.links) < size * 0.9:
                raise RuntimeError(f"only {len(found.links)} of {size} were matched")
            bench.add(
                what="matching", who="addon", turn=turn, size=size, seconds=seconds
            )


def records_to_match(size: int) -> tuple[list[Customer], list[Company]]:
    """Return equally many customers and companies. Half match by their names."""
    customers, companies_ = [], []
    for index in range(size):
        name, form = company_name(1, index)
        account_id = f"AC{index:06d}"
        companies_.append(Company(index + 1, f"{name} {form}".strip(), account_id))
        written = f"{name.upper()}, {form}" if form else name.lower()
        customers.append(
            Customer(index + 1, written, account_id if index % 2 else None)
        )
    return customers, companies_


# What people wait for ----------------------------------------------------------------


def dialogs(bench: Bench) -> None:
    """Open the dialog "+", and the first page of the Customer Mapping Report."""
    size = bench.sizes.companies
    for companies_, what in ((size, "suggest"), (bench.sizes.double, "report")):
        with (
            sandbox(companies_, 30, 0) as source,
            odoo(bench.base, 0, source.url) as worker,
        ):
            worker.call("connect", url=source.url)
            worker.call("sync", full=True)
            if what == "suggest":
                times = worker.call("suggest", count=bench.sizes.runs)
                figures = [{"seconds": seconds} for seconds in times]
            else:
                times = worker.call(
                    "report",
                    url=source.url,
                    customers=companies_,
                    count=bench.sizes.runs,
                )
                figures = [{"seconds": time["page"], **time} for time in times]
            for turn, figure in enumerate(figures):
                bench.add(what=what, who="addon", turn=turn, size=companies_, **figure)


# Invoices ----------------------------------------------------------------------------


def sending(bench: Bench) -> None:
    """Send batches of invoices with ConnectWise's PDFs and with Odoo's own."""
    most = max(bench.sizes.invoices)
    # A twelfth of the sandbox's are credit notes, and some are special cases.
    in_sandbox = most * 12 // 11 + 100
    prepared = "benji_bench_invoices"
    with (
        Mailbox() as mailbox,
        sandbox(CUSTOMERS_OF_INVOICES, in_sandbox, LATENCY) as source,
        with_invoices(bench, source, mailbox.port, prepared, most),
    ):
        ids = [invoice["id"] for invoice in source.export_invoices(limit=ALL)]
        # The sandbox renders each PDF once. That must not be measured.
        fetch_pdfs(source.url, ids)
        for size in bench.sizes.invoices:
            seconds = fetch_pdfs(source.url, ids[:size])
            bench.add(
                what="prefetch", who="baseline", turn=0, size=size, seconds=seconds
            )
            turns = bench.sizes.runs if size < min(most, 100) else bench.sizes.few
            for turn in range(turns):
                with odoo(prepared, mailbox.port, source.url) as worker:
                    send_fetched(bench, source, worker, turn, size)
                with odoo(prepared, mailbox.port, source.url) as worker:
                    send_own(bench, source, worker, turn, size)
        with odoo(prepared, mailbox.port, source.url) as worker:
            send_unfetched(bench, source, worker, most)


@contextmanager
def with_invoices(
    bench: Bench, source: SandboxClient, smtp_port: int, name: str, count: int
) -> Iterator[None]:
    try:
        with odoo(bench.base, smtp_port, source.url, keep_as=name) as worker:
            worker.call("connect", url=source.url)
            worker.call("make_invoices", url=source.url, count=count)
            worker.call("sync", full=True)
        yield
    finally:
        drop_database(name)


def send_fetched(
    bench: Bench, source: SandboxClient, worker: Odoo, turn: int, size: int
) -> None:
    """Fetch PDFs in the background, then send, as on an ordinary day."""
    about = {"who": "addon", "turn": turn, "size": size, "latency": LATENCY}
    worker.call("keep_only", count=size)
    total: dict[str, int] = {}
    for what, arguments in (
        ("prefetch", {}),
        ("ask_to_send", {"count": size}),
        ("send", {"count": size}),
        *([("deliver", {"count": size})] if size <= MOST_DELIVERED else []),
    ):
        source.clear_requests()
        figures = worker.call(what, **arguments)
        counts = count_requests(source)
        total = {key: total.get(key, 0) + counts.get(key, 0) for key in total | counts}
        bench.add(what=what.replace("_", " "), **about, **figures, **counts)
    bench.add(what="fetch and send", **about, **total)
    source.clear_requests()
    for seconds in worker.call("print_invoices", count=min(size, 50)):
        bench.add(what="print", **about, seconds=seconds)
    bench.add(what="print, in all", **about, **count_requests(source))


def send_own(
    bench: Bench, source: SandboxClient, worker: Odoo, turn: int, size: int
) -> None:
    """Send PDFs that Odoo has rendered, with Odoo first in the priority."""
    about = {"who": "Odoo", "turn": turn, "size": size}
    worker.call("keep_only", count=size)
    worker.call("prefer", source="odoo")
    worker.call("store_own_pdfs", url=source.url, count=size)
    steps = ["ask_to_send", "send", *(["deliver"] if size <= MOST_DELIVERED else [])]
    for what in steps:
        figures = worker.call(what, count=size)
        bench.add(what=what.replace("_", " "), **about, **figures)
    for seconds in worker.call("print_invoices", count=min(size, 50)):
        bench.add(what="print", **about, seconds=seconds)


def send_unfetched(
    bench: Bench, source: SandboxClient, worker: Odoo, size: int
) -> None:
    """Send invoices whose PDFs were not fetched before."""
    worker.call("keep_only", count=size)
    worker.call("ask_to_send", count=size)
    source.clear_requests()
    figures = worker.call("send", count=size)
    bench.add(
        what="send unfetched",
        who="addon",
        turn=0,
        size=size,
        latency=LATENCY,
        **figures,
        **count_requests(source),
    )


# Calls from ConnectWise ---------------------------------------------------------------


def calls(bench: Bench) -> None:
    """Call Odoo with each kind of refused and trusted calls."""
    size = bench.sizes.calls
    with storm(bench.base) as source:
        for name in source.calls:
            # The first calls fill the caches of Odoo's processes.
            source.measure(name, size // 5)
        for turn in range(bench.sizes.runs):
            for name in source.calls:
                seconds = source.measure(name, size)
                bench.add(
                    what="call", who=name, turn=turn, size=size, processor=seconds
                )


# Number rules and reconciliation -----------------------------------------------------


def rules(bench: Bench) -> None:
    """Look up invoices by one number each, and by several numbers of rules."""
    size = max(bench.sizes.invoices)
    with sandbox(10, 100, 0) as source:
        for numbers in (1, MOST_NUMBERS):
            with odoo(bench.base, 0, source.url) as worker:
                worker.call("connect", url=source.url)
                worker.call("set_rules", count=numbers)
                source.clear_requests()
                figures = worker.call("look_up", count=size)
                if figures["missing"] != size:
                    raise RuntimeError(f"only {figures['missing']} were looked up")
                bench.add(
                    what="look up",
                    who="addon",
                    turn=0,
                    size=size,
                    numbers=numbers,
                    **figures,
                    **count_requests(source),
                )


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
                worker.call("set_up")
                worker.call("connect", url=source.url)
                worker.call("copy_invoices", url=source.url)
                for what in ("compare", "compare again"):
                    source.clear_requests()
                    figures = worker.call("compare", today=source.today)
                    counts = count_requests(source)
                    bench.add(what=what, who="addon", **about, **figures, **counts)


# Screens -----------------------------------------------------------------------------


def opening(bench: Bench) -> None:
    """Open, preview and print one invoice, without the addon and with it."""
    with sandbox(50, 100, 0) as source:
        for turn in range(bench.sizes.few):
            for who in ("Odoo", "addon"):
                database = bench.base if who == "addon" else prepare_account()
                with odoo(database, 0, source.url) as worker:
                    if who == "addon":
                        worker.call("connect", url=source.url)
                    else:
                        worker.call("set_up")
                    move = worker.call("post_one", url=source.url)
                    if who == "addon":
                        worker.call("prefetch")
                    figures = worker.call("open_one", move=move, count=OPENED)
                for what, figure in figures.items():
                    bench.add(what=what, who=who, turn=turn, size=1, **figure)


def listing(bench: Bench) -> None:
    """Read the list of invoices with the addon's columns, filters and groups."""
    size = bench.sizes.listed
    with (
        sandbox(CUSTOMERS_OF_LIST, 100, 0) as source,
        odoo(bench.base, 0, source.url) as worker,
    ):
        worker.call("connect", url=source.url)
        worker.call("make_customers", url=source.url, count=CUSTOMERS_OF_LIST)
        move = worker.call("post_one", url=source.url)
        worker.call("fill_list", move=move, count=size)
        for figures in worker.call("read_list", count=bench.sizes.runs):
            bench.add(size=size, **figures)


# Scheduled actions -------------------------------------------------------------------


def scheduled(bench: Bench) -> None:
    """Run an hour's scheduled actions beside old invoices, and ten times as many.

    Those of the last 90 days, which are looked up, are the same in number.
    """
    recent = bench.sizes.listed // 20
    with sandbox(CUSTOMERS_OF_LIST, 100, 0) as source:
        for size in (bench.sizes.listed // 10, bench.sizes.listed):
            with odoo(bench.base, 0, source.url) as worker:
                worker.call("connect", url=source.url)
                worker.call("make_customers", url=source.url, count=CUSTOMERS_OF_LIST)
                # The first hour connects the customers. The next one asks for the
                # invoices that were not asked for.
                worker.call("run_hour")
                move = worker.call("post_one", url=source.url)
                worker.call("fill_list", move=move, count=size)
                worker.call("grow_old", recent=recent)
                worker.call("run_hour")
                for turn in range(bench.sizes.runs):
                    figures = worker.call("run_hour")
                    bench.add(what="hour", who="addon", turn=turn, size=size, **figures)


STATIONS: dict[Callable[[Bench], None], tuple[str, ...]] = {
    companies: ("P1", "P2", "P4", "P6", "P7"),
    contacts: ("P1", "P2", "P4", "P6"),
    series: ("P5", "P7"),
    others: ("P3",),
    matching: ("P5", "P8"),
    dialogs: ("P9",),
    sending: ("P10", "P11"),
    opening: ("P12",),
    listing: ("P13",),
    scheduled: ("P14",),
    rules: ("P16",),
    reconciliation: ("P17",),
    calls: ("P18",),
}
"""The stations in the order in which they run, with the goals that each measures."""
