"""The index: what is measured, in which order, and the lines of the table."""

from collections.abc import Callable, Iterable, Iterator

from . import (
    calling,
    companies,
    dialogs,
    matching,
    others,
    reconciling,
    rules,
    scheduled,
    screens,
    sending,
)
from .bench import Bench, Sizes
from .goals import Goal, Run, Runs

STATIONS: dict[Callable[[Bench], None], tuple[str, ...]] = {
    companies.companies: ("P1", "P2", "P4", "P6", "P7"),
    companies.contacts: ("P1", "P2", "P4", "P6"),
    companies.series: ("P5", "P7"),
    others.others: ("P3",),
    matching.matching: ("P5", "P8"),
    dialogs.dialogs: ("P9",),
    sending.sending: ("P10", "P11"),
    screens.opening: ("P12",),
    screens.listing: ("P13",),
    scheduled.scheduled: ("P14",),
    rules.rules: ("P16",),
    reconciling.reconciliation: ("P17",),
    calling.calls: ("P18",),
}
"""The stations in the order in which they run, with the goals that each measures."""

GOALS: list[Callable[[Runs, Sizes], Iterator[Goal]]] = [
    companies.goals_of_reading,
    others.goals_of_others,
    companies.goals_of_changes,
    companies.goals_of_growth,
    matching.goals_of_growth,
    companies.goals_of_statements,
    companies.goals_of_memory,
    matching.goals_of_matching,
    dialogs.goals_of_dialogs,
    sending.goals_of_sending,
    sending.goals_of_printing,
    screens.goals_of_opening,
    screens.goals_of_listing,
    scheduled.goals_of_scheduled,
    rules.goals_of_rules,
    reconciling.goals_of_reconciling,
    calling.goals_of_calls,
]
"""The lines of the table, in its order."""


def judge(runs: Iterable[Run], sizes: Sizes) -> list[Goal]:
    """Return the table's lines, goal by goal."""
    found = Runs(runs)
    return [goal for part in GOALS for goal in part(found, sizes)]
