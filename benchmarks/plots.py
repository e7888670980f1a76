"""Draw the measurements by size as one SVG: companies and invoices side by side.

usage: python benchmarks/plots.py RUNS.json PICTURE.svg

Runs in the virtual environment of django-connectwise, which has matplotlib.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
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

# Keep letters as text: as outlines, they would make up most of the file.
rcParams["svg.fonttype"] = "none"
rcParams["svg.hashsalt"] = "the same names in each run"


def draw(
    axes: Axes, runs: list[dict[str, Any]], lines: list[tuple], title: str
) -> None:
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
    axes.set(xscale="log", yscale="log", xlabel=title, ylabel="seconds")
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": 2}
    axes.legend(fontsize="small", **below)


def main() -> None:
    file, picture = map(Path, sys.argv[1:])
    runs = json.loads(file.read_text())["runs"]
    usual = [
        run for run in runs if not run.get("connected") and run.get("latency") != 0
    ]
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw(left, usual, COMPANIES, "companies")
    draw(right, usual, INVOICES, "invoices")
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main()
