"""Run the benchmark, or only the parts for some goals.

usage: python -m benchmarks [P1 … P13, P16 … P18]
"""

import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2

from testbed.environment import LOCAL, ROOT, say
from testbed.postgresql import postgresql

from .bench import Bench, Sizes
from .running import LOG, OTHERS_PYTHON, base_database
from .stations import STATIONS, judge

RESULTS = LOCAL / "bench-results"
README = ROOT / "benchmarks" / "README.md"
PICTURE = ROOT / "benchmarks" / "results.svg"
BEGIN, END = "<!-- table -->", "<!-- /table -->"

FULL = Sizes(
    companies=50_000,
    connected=(2_000, 20_000),
    series=(1_000, 100_000, 200_000),
    others=10_000,
    invoices=(10, 100, 1_000),
    compared=20_000,
    calls=200,
    listed=200_000,
    runs=2,
    few=2,
)
QUICK = Sizes(
    companies=4_000,
    connected=(300,),
    series=(1_000, 8_000),
    others=300,
    invoices=(30,),
    compared=1_000,
    calls=50,
    listed=2_000,
    runs=1,
    few=1,
)


class Results:
    """The runs, written to a file one by one."""

    def __init__(self, file: Path, about: dict[str, Any], sizes: Sizes) -> None:
        self.file = file
        self.sizes = sizes
        self.content = {"about": about, "runs": [], "failures": {}}

    def add(self, **run: Any) -> None:
        self.content["runs"].append(run)
        self._save()
        what, who = run.get("what", ""), run.get("who", "")
        size, seconds = run.get("size", ""), run.get("seconds")
        if seconds is not None and what != "print":
            say(f"  {what}, {who}, {size}: {seconds:.3f} s")

    def fail(self, station: str, error: Exception) -> None:
        self.content["failures"][station] = f"{type(error).__name__}: {error}"
        self._save()

    def _save(self) -> None:
        unfinished = self.file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self.content, indent=1))
        unfinished.replace(self.file)

    def table(self, goals: set[str]) -> str:
        """Return the table in Markdown, of these goals alone."""
        about = self.content["about"]
        is_judged = replace(self.sizes, runs=FULL.runs, few=FULL.few) == FULL
        lines = [
            ", ".join(f"{key} {value}" for key, value in about.items()),
            "",
            "| goal | what is measured, and compared with what | result | wanted | |",
            "|---|---|---|---|---|",
        ]
        for goal in judge(self.content["runs"], self.sizes):
            if goal.name in goals or (goal.values and not goal.name):
                verdict = goal.verdict if is_judged or not goal.values else ""
                lines.append(
                    f"| {goal.name} | {goal.text} | {goal.measured} | {goal.wanted}"
                    f" | {verdict} |"
                )
        for station, error in self.content["failures"].items():
            lines += ["", f"**{station} failed**: {error}"]
        return "\n".join(lines)


@contextmanager
def only_one() -> Iterator[None]:
    """Refuse a second benchmark: both would use the same databases and processors."""
    with (LOCAL / "bench.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("A benchmark of this folder is running already.")
        yield


def describe() -> dict[str, Any]:
    """Describe the machine and the versions, without names of people or hosts."""
    from odoo import release

    with closing(psycopg2.connect(dbname="postgres")) as connection:
        version = connection.server_version
    return {
        "date": date.today().isoformat(),
        "Odoo": release.version,
        "PostgreSQL": f"{version // 10000}.{version % 10000}",
        "Python": platform.python_version(),
        "psycopg2": psycopg2.__version__.split()[0],
        "CPUs": os.cpu_count(),
    }


def read_sizes() -> Sizes:
    """Return the sizes, according to the environment variables QUICK and RUNS."""
    sizes = QUICK if os.environ.get("QUICK") else FULL
    runs = os.environ.get("RUNS")
    if not runs:
        return sizes
    if not runs.isdecimal() or not int(runs):
        sys.exit(f"RUNS={runs} is no number of runs.")
    return replace(sizes, runs=int(runs), few=int(runs))


def main() -> None:
    every = {goal for goals in STATIONS.values() for goal in goals}
    goals = set(sys.argv[1:]) or every
    if goals - every:
        sys.exit(f"There is no {', '.join(goals - every)}; only {', '.join(every)}.")
    sizes = read_sizes()
    is_whole = goals == every and not os.environ.get("QUICK")
    RESULTS.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    # So that `kill`, too, stops the processes and removes the databases.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start = time.monotonic()
    with only_one(), postgresql():
        about = describe()
        results = Results(RESULTS / f"{about['date']}.json", about, sizes)
        with base_database() as base:
            run(results, base, goals)
    minutes = (time.monotonic() - start) / 60
    table = results.table(goals)
    if is_whole:
        # Only the table and the picture are in the repository; the runs are too large.
        draw(results.file, PICTURE)
        quote(table)
    print(f"\n{table}\n\n{minutes:.0f} minutes; {results.file.relative_to(ROOT)}")


def run(results: Results, base: str, goals: set[str]) -> None:
    """Run the stations for these goals. If one fails, the others still run."""
    bench = Bench(results.sizes, base, results.add)
    for station, about in STATIONS.items():
        if not goals.intersection(about):
            continue
        start = time.monotonic()
        say(f"{station.__name__}: {', '.join(about)}")
        try:
            station(bench)
        except Exception as error:
            traceback.print_exc()
            results.fail(station.__name__, error)
        say(f"{station.__name__}: {time.monotonic() - start:.0f} s")


def draw(runs: Path, picture: Path) -> None:
    if not OTHERS_PYTHON.exists():
        say("no picture: matplotlib could not be installed")
        return
    program = str(ROOT / "benchmarks" / "plots.py")
    subprocess.run([OTHERS_PYTHON, program, runs, picture], check=True)


def quote(table: str) -> None:
    """Write the table into the README, between its marks."""
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


if __name__ == "__main__":
    main()
