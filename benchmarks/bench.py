"""Data that the measurements share: the sizes, and the place for the runs.

A run is a flat dictionary: what was done, by which program, with which sizes, and the
figures. Programs that are compared take turns, so that a slow minute affects all.
"""

from collections.abc import Callable
from dataclasses import dataclass

Add = Callable[..., None]
"""A function that stores a run; its keyword arguments are the parts of the run."""

LATENCY = 100
CUSTOMERS_OF_INVOICES = 200
INVOICES_PER_LOOK_UP = 50


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
