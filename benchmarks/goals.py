"""The goals for speed, and whether the runs meet them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

from .calling import HEALTH
from .stations import CHANGED, CONNECTIONS, LATENCY, MOST_NUMBERS, Sizes

Run = dict[str, Any]

INVOICES_PER_LOOK_UP = 50


@dataclass(frozen=True)
class Goal:
    """A line of the table: the figures and their goal."""

    name: str
    text: str
    values: tuple[float, ...]
    most: float | None = None
    least: float | None = None
    unit: str = "×"

    @property
    def measured(self) -> str:
        if not self.values:
            return "not measured"
        middle = _show(median(self.values), self.unit)
        if len(self.values) == 1:
            return middle
        low, high = min(self.values), max(self.values)
        return f"{middle} [{_show(low)}–{_show(high)}]"

    @property
    def wanted(self) -> str:
        if self.most is not None:
            return f"≤ {_show(self.most, self.unit)}"
        return f"≥ {_show(self.least, self.unit)}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        if not self.values:
            return "not measured"
        if not self.wanted:
            return ""
        middle = median(self.values)
        missed = (self.most is not None and middle > self.most) or (
            self.least is not None and middle < self.least
        )
        return "**missed**" if missed else "met"


def _show(value: float, unit: str = "") -> str:
    if value and abs(value) < 0.1:
        text = f"{value:.3f}"
    elif abs(value) < 10:
        text = f"{value:.2f}"
    else:
        text = f"{value:,.0f}"
    return text + (unit if unit in ("", "×") else f" {unit}")


class Runs:
    """The runs so far, and queries on them."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._runs = list(runs)

    def find(self, **about: Any) -> list[Run]:
        return [
            run
            for run in self._runs
            if all(run.get(key) == value for key, value in about.items())
        ]

    def values(self, key: str = "seconds", **about: Any) -> tuple[float, ...]:
        return tuple(run[key] for run in self.find(**about) if key in run)

    def middle(self, key: str = "seconds", **about: Any) -> float | None:
        values = self.values(key, **about)
        return median(values) if values else None

    def ratios(
        self, one: Run, other: Run, key: str = "seconds", **about: Any
    ) -> tuple[float, ...]:
        """Return one's figures divided by the other's, turn by turn.

        If the other has fewer turns, its median replaces the missing ones.
        """
        others = self.find(**about, **other)
        by_turn = {run["turn"]: run[key] for run in others if run.get(key)}
        if not by_turn:
            return ()
        middle = median(by_turn.values())
        return tuple(
            run[key] / by_turn.get(run["turn"], middle)
            for run in self.find(**about, **one)
            if key in run
        )


def judge(runs: Iterable[Run], sizes: Sizes) -> list[Goal]:
    """Return the table's lines, goal by goal."""
    found = Runs(runs)
    parts: list[Callable[[Runs, Sizes], Iterator[Goal]]] = [
        _reading,
        _others,
        _changes,
        _growth,
        _statements,
        _memory,
        _waiting,
        _sending,
        _printing,
        _opening,
        _listing,
        _scheduled,
        _rules,
        _reconciling,
        _called,
    ]
    return [goal for part in parts for goal in part(found, sizes)]


def _reading(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
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
            text += f"; addon {_seconds(middle)}, baseline"
            text += f" {_seconds(runs.middle(who='baseline', **about))}"
            values = runs.ratios({"who": "addon"}, {"who": "baseline"}, **about)
            yield Goal(name, text, values, most=most)


def _seconds(value: float | None) -> str:
    return "–" if value is None else _show(value, "s")


def _others(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"size": sizes.others, "latency": LATENCY, "connected": 0}
    for what, least in (("first load", 25), ("unchanged rescan", 60)):
        for who, wanted in (("django-connectwise", least), ("naive", None)):
            values = runs.ratios({"who": who}, {"who": "addon"}, what=what, **about)
            middle = runs.middle(who=who, what=what, **about)
            name = "a naive script" if who == "naive" else who
            text = f"{what} of {sizes.others:,} companies: {name}"
            text += f" ({_seconds(middle)}), compared with the addon"
            yield Goal("P3" if wanted else "", text, values, least=wanted)


def _changes(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
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


def _growth(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
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
    yield Goal(
        "P5",
        f"matching: {sizes.double:,} customers and companies compared with"
        f" {sizes.companies:,}",
        runs.ratios({"size": sizes.double}, {"size": sizes.companies}, what="matching"),
        most=2.1,
    )


def _statements(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
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


def _memory(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
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


def _waiting(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    companies = sizes.companies
    for name, what, most, size, text in (
        (
            "P8",
            "matching",
            3,
            companies,
            f"matching {companies:,} of both",
        ),
        (
            "P9",
            "suggest",
            0.2,
            companies,
            f"the dialog “+”, {companies:,} companies",
        ),
        (
            "P9",
            "report",
            0.5,
            sizes.double,
            f"first page of the mapping report, {sizes.double:,} customers",
        ),
    ):
        yield Goal(name, text, runs.values(what=what, size=size), most=most, unit="s")
    opened = runs.find(what="report", size=sizes.double)
    yield Goal(
        "",
        "opening the report: rows for new customers, and the status above the list",
        tuple(run["action"] + run["page"] + run["status"] for run in opened),
        unit="s",
    )


def _sending(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for size in sizes.invoices:
        of_addon = {"who": "addon", "size": size}
        least = size * LATENCY / 1000 / CONNECTIONS
        is_goal = size == max(sizes.invoices)
        yield Goal(
            "",
            f"fetching {size:,} PDFs in the background, compared with {_seconds(least)}"
            f" ({LATENCY} ms each, {CONNECTIONS} connections)",
            tuple(
                seconds / least for seconds in runs.values(what="prefetch", **of_addon)
            ),
        )
        baseline = runs.middle(what="prefetch", who="baseline", size=size)
        yield Goal(
            "P10" if is_goal else "",
            f"the same, compared with only downloading them ({_seconds(baseline)})",
            tuple(
                seconds / baseline
                for seconds in runs.values(what="prefetch", **of_addon)
                if baseline
            ),
            most=1.05 if is_goal else None,
        )
        yield Goal(
            "P10" if is_goal else "",
            f"sending {size:,} invoices whose PDFs were fetched, compared with sending"
            f" Odoo's own stored PDFs ({_seconds(runs.middle(what='send', **of_addon))}"
            " and"
            f" {_seconds(runs.middle(what='send', who='Odoo', size=size))})",
            runs.ratios({"who": "addon"}, {"who": "Odoo"}, what="send", size=size),
            most=0.6 if is_goal else None,
        )
    size = max(sizes.invoices)
    of_addon = {"who": "addon", "size": size}
    yield Goal(
        "P10",
        f"requests for a PDF, for each of {size:,} invoices fetched and sent",
        tuple(
            count / size
            for count in runs.values("invoice_pdf", what="fetch and send", **of_addon)
        ),
        most=1,
        unit="",
    )
    for what, text in (
        ("prefetch", "when fetched in the background"),
        ("send unfetched", "when sent unfetched"),
    ):
        yield Goal(
            "P10",
            f"lookups for each {INVOICES_PER_LOOK_UP} of them {text}",
            tuple(
                count / ceil(size / INVOICES_PER_LOOK_UP)
                for count in runs.values("invoices", what=what, **of_addon)
            ),
            most=1,
            unit="",
        )
    own = runs.middle(what="ask to send", who="Odoo", size=size)
    yield Goal(
        "",
        f"a person presses *Send* for {size:,} invoices, compared with the same with"
        f" Odoo's own PDFs ({_seconds(own)})",
        runs.ratios({"who": "addon"}, {"who": "Odoo"}, what="ask to send", size=size),
    )
    own = runs.middle(what="send", who="Odoo", size=size)
    least = size * LATENCY / 1000 / CONNECTIONS
    yield Goal(
        "",
        f"sending {size:,} invoices whose PDFs were not fetched, compared with sending"
        f" Odoo's own and {_seconds(least)} for fetching",
        tuple(
            seconds / (own + least)
            for seconds in runs.values(what="send unfetched", **of_addon)
            if own
        ),
    )


def _printing(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    size = max(sizes.invoices)
    about = {"what": "print", "size": size}
    own = runs.middle(who="Odoo", **about)
    text = "printing an invoice whose PDF is kept"
    if own is not None:
        text += f" (Odoo's own stored PDF: {_show(own * 1000, 'ms')})"
    seconds = runs.values(who="addon", **about)
    yield Goal(
        "P11", text, tuple(value * 1000 for value in seconds), most=20, unit="ms"
    )
    yield Goal(
        "P11",
        "requests to ConnectWise meanwhile",
        runs.values("requests", what="print, in all", size=size),
        most=0,
        unit="",
    )


def _opening(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for what, text in (
        ("open", "opening one invoice"),
        ("preview", "what is beside it, with the preview"),
        ("print", "printing it"),
    ):
        for key, unit, factor, most in (
            ("seconds", "ms", 1000, 5),
            ("statements", "", 1, 8),
        ):
            with_it = runs.values(key, what=what, who="addon", size=1)
            without = runs.values(key, what=what, who="Odoo", size=1)
            added = tuple(
                (one - other) * factor
                for one, other in zip(with_it, without, strict=False)
            )
            of = "time" if unit else "SQL statements"
            yield Goal("P12", f"{text}: {of} added", added, most=most, unit=unit)


def _listing(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for what, text in (
        ("list", "its columns"),
        ("list filtered", "its filters, compared with Odoo's filters"),
        ("list grouped", "its groups, compared with Odoo's groups"),
    ):
        about = {"what": what, "size": sizes.listed}
        values = runs.ratios({"who": "addon"}, {"who": "Odoo"}, **about)
        own = runs.middle(who="Odoo", **about)
        yield Goal(
            "P13",
            f"the list of {sizes.listed:,} invoices with {text} ({_seconds(own)})",
            values,
            most=1.2,
        )


def _scheduled(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    few, many = sizes.listed // 10, sizes.listed
    base = runs.middle(what="hour", size=few)
    yield Goal(
        "P14",
        f"an hour's scheduled actions beside {many:,} invoices of five years, compared"
        f" with {few:,} ({_seconds(base)})",
        runs.ratios({"size": many}, {"size": few}, what="hour"),
        most=1.1,
    )


def _rules(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    size = max(sizes.invoices)
    for numbers in (1, MOST_NUMBERS):
        yield Goal(
            "P16",
            f"requests for each 1,000 lookups under {numbers} number"
            + ("s each" if numbers > 1 else " each"),
            tuple(
                count * 1000 / size
                for count in runs.values("invoices", what="look up", numbers=numbers)
            ),
            most=1000 * numbers / INVOICES_PER_LOOK_UP,
            unit="",
        )


def _reconciling(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    size = sizes.compared
    bare = runs.middle(what="download", size=size)
    yield Goal(
        "P17",
        f"reading {size:,} invoices for a comparison, compared with only downloading"
        f" them ({_seconds(bare)})",
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


def _called(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"what": "call", "size": sizes.calls}
    cheapest = runs.middle("processor", who=HEALTH, **about)
    for who, most in (
        ("wrong token", 1.5),
        ("wrong token, oversized", 1.5),
        ("oversized", 2),
        ("malformed", 2),
        ("repeated", 2),
        ("new", None),
    ):
        text = f"a call from ConnectWise, {who}: processor time, compared with {HEALTH}"
        if cheapest:
            text += f" ({_show(cheapest * 1000, 'ms')})"
        values = runs.ratios({"who": who}, {"who": HEALTH}, "processor", **about)
        yield Goal("P18" if most else "", text, values, most=most)
