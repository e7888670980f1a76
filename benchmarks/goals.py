"""A line of the table, and the runs of which it is made."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = dict[str, Any]


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
        middle = show(median(self.values), self.unit)
        if len(self.values) == 1:
            return middle
        low, high = min(self.values), max(self.values)
        return f"{middle} [{show(low)}–{show(high)}]"

    @property
    def wanted(self) -> str:
        if self.most is not None:
            return f"≤ {show(self.most, self.unit)}"
        return f"≥ {show(self.least, self.unit)}" if self.least is not None else ""

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


def show(value: float, unit: str = "") -> str:
    if value and abs(value) < 0.1:
        text = f"{value:.3f}"
    elif abs(value) < 10:
        text = f"{value:.2f}"
    else:
        text = f"{value:,.0f}"
    return text + (unit if unit in ("", "×") else f" {unit}")


def show_seconds(value: float | None) -> str:
    return "–" if value is None else show(value, "s")


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
