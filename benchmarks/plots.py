"""Draw the series of sizes as SVG.

usage: python benchmarks/plots.py RAW.json FOLDER NAME

Runs in the environment of what the benchmark compares with, which has matplotlib.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure

COMPANIES = [
    ("addon", "first load", "tab:blue", "-"),
    ("addon", "unchanged rescan", "tab:blue", "--"),
    ("baseline", "first load", "tab:gray", "-"),
    ("baseline", "unchanged rescan", "tab:gray", "--"),
    ("naive", "first load", "tab:red", "-"),
    ("naive", "unchanged rescan", "tab:red", "--"),
    ("django-connectwise", "first load", "tab:orange", "-"),
    ("django-connectwise", "unchanged rescan", "tab:orange", "--"),
]
INVOICES = [
    ("addon", "prefetch", "tab:blue", ":"),
    ("addon", "send", "tab:blue", "-"),
    ("addon", "send unfetched", "tab:blue", "--"),
    ("Odoo", "send", "tab:gray", "-"),
]
LABELS = {"prefetch": "fetch PDFs", "Odoo": "Odoo's own PDFs", "naive": "naive script"}


def draw(
    runs: list[dict[str, Any]], lines: list[tuple], title: str, file: Path
) -> None:
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    for who, what, colour, style in lines:
        by_size = defaultdict(list)
        for run in runs:
            if (run.get("who"), run.get("what")) == (who, what) and "seconds" in run:
                by_size[run["size"]].append(run["seconds"])
        if by_size:
            sizes = sorted(by_size)
            label = f"{LABELS.get(who, who)}: {LABELS.get(what, what)}"
            middles = [median(by_size[size]) for size in sizes]
            axes.plot(sizes, middles, style, color=colour, marker="o", label=label)
    if not axes.lines:
        return
    axes.set(xscale="log", yscale="log", xlabel=title, ylabel="seconds")
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    raw, folder, name = sys.argv[1:]
    runs = json.loads(Path(raw).read_text())["runs"]
    usual = [
        run for run in runs if not run.get("connected") and run.get("latency") != 0
    ]
    draw(usual, COMPANIES, "companies", Path(folder, f"{name}-companies.svg"))
    draw(usual, INVOICES, "invoices", Path(folder, f"{name}-invoices.svg"))


if __name__ == "__main__":
    main()
