"""The table at the end of `make torture`, with a line for each goal that was tried.

Run as a program it prints the table, and fails if there is a violation in it.
"""

import json
import os
import sys
import textwrap
import time
from collections.abc import Collection
from pathlib import Path

GOALS = {
    "D15": "two servers",
    "R1": "faults at every point",
    "R2": "killed at any moment",
    "R3": "several at once",
    "R4": "too many requests",
    "R5": "revoked key",
    "R6": "records and clocks that change",
    "R7": "mass loss",
    "R8": "any order of steps",
    "R12": "one bad record",
    "soak": "hours of ordinary work",
}
COLUMNS = ("goal", "what", "cases", "violations", "seconds", "note")

_stopwatch = {"since": time.monotonic()}


def start() -> None:
    """Start counting the seconds of the next line."""

    _stopwatch["since"] = time.monotonic()


def record(
    goal: str,
    cases: int,
    violations: int | Collection[str],
    note: str = "",
    wanted: int = 0,
) -> None:
    """Note the result of a goal in `cases` cases, where TORTURE_TABLE names a file.

    :param goal: one of GOALS
    :param violations: how many, or the sentences that describe them
    :param wanted: how many cases the goal asks for; with too little time there are
        fewer
    """
    seconds = round(time.monotonic() - _stopwatch["since"])
    start()
    if not os.environ.get("TORTURE_TABLE"):
        return
    sentences = [] if isinstance(violations, int) else list(violations)
    line = {
        "goal": goal,
        "what": GOALS[goal],
        "cases": f"{cases} of {wanted}" if cases < wanted else str(cases),
        "violations": violations if isinstance(violations, int) else len(sentences),
        "seconds": seconds,
        "note": note,
        "sentences": sentences,
    }
    with Path(os.environ["TORTURE_TABLE"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def show(lines: list[dict]) -> str:
    """Return the table as text, followed by the violations in words."""
    rows = [COLUMNS, *([str(line[name]) for name in COLUMNS] for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    for line in lines:
        text += [
            textwrap.fill(f"{line['goal']}: {sentence}", 100, subsequent_indent="    ")
            for sentence in line["sentences"]
        ]
    return "\n".join(text)


def main() -> int:
    file = Path(os.environ["TORTURE_TABLE"])
    if not file.exists():
        return 0
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    print(show(sorted(lines, key=lambda line: line["goal"])))
    return int(any(line["violations"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
