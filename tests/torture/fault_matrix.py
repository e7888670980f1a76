"""The table of faults and points (R1): a new fault, or a new point, is one line.

`test_fault_matrix.py` tries each of its cells.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from troubles import CLIENT_SIDE, refused_commits
from world import PREFETCH, SENDING, SYNC, World

from connectwise_sandbox.fault_list import EFFECTS

ONE, SEVERAL = "CW1002", ("CW1001", "CW1003", "CW1006")
NUMBERS = (ONE, *SEVERAL)

SECONDS = {"rate_limit": 1, "rate_limit_date": 1}
"""Of faults that wait: shorter than usual."""

SAID_BY_CONNECTWISE = {"null_fields"}
"""A record without its fields is a record all the same: nobody can tell."""

SLICE = 24
"""How many cells `make test` runs: as many as there have to be faults."""

STRIDE = 17
"""From one cell to the next: whenever the time is over, what ran is spread evenly. No
divisor of the number of faults or of points."""

Struck = Callable[[World], AbstractContextManager]


@dataclass(frozen=True)
class Point:
    """A place where a fault strikes.

    :param endpoint: of the sandbox
    :param part: the first of the endpoint's requests, as a share of all of them
    :param operate: the operation that runs meanwhile
    :param also: a fault beside ConnectWise's
    """

    endpoint: str
    part: float
    operate: Callable[[World], None]
    also: Struck = nullcontext


def rescan(world: World) -> None:
    world.rescan()


def discover_and_rescan(world: World) -> None:
    """Rescan without knowing ConnectWise's codebase."""
    with world.registry.cursor() as cr:
        cr.execute("UPDATE connectwise_backend SET codebase = NULL")
    world.rescan()


def fetch(world: World) -> None:
    world.run(PREFETCH)


def fetch_and_send(world: World) -> None:
    fetch(world)
    send(world)


def send(world: World) -> None:
    world.send(ONE)
    world.send(*SEVERAL)
    # Odoo's scheduler starts both again and again.
    world.run(SENDING)
    world.deliver()


def run_sync(world: World) -> None:
    world.run(SYNC)


FIRST_AND_THEN = {fetch_and_send: (fetch, send), send: (fetch, send)}
"""What comes before a name or an address fails, and what after."""

POINTS = {
    "discovery": Point("discovery", 0, discover_and_rescan),
    "first page": Point("companies", 0, rescan),
    "middle page": Point("companies", 0.5, rescan),
    "last page": Point("companies", 1, rescan),
    "contacts batch": Point("contacts", 0, rescan),
    "invoice look-up": Point("invoices", 0, fetch_and_send),
    "PDF": Point("invoice_pdf", 0, fetch_and_send),
    "database commit": Point(
        "companies", 0.5, rescan, partial(refused_commits, table="connectwise_backend")
    ),
    "mail": Point("any", 0, send),
}
FAULTS = (*EFFECTS, *(trouble.__name__ for trouble in CLIENT_SIDE))
OF_PDFS = {"pdf_truncated", "pdf_oversized"}
"""Faults that are made of the genuine PDF: without one there is no such fault."""
OF_RECORDS = {"null_fields", "mistyped_fields", "no_id"}
"""The same, made of a genuine record."""
ALL_CELLS = [
    (fault, name)
    for fault in FAULTS
    for name, point in POINTS.items()
    if fault not in OF_PDFS or point.endpoint in ("invoice_pdf", "any")
    if fault not in OF_RECORDS or point.endpoint != "invoice_pdf"
]
CELLS = [
    ALL_CELLS[number * STRIDE % len(ALL_CELLS)]
    for number in range(len(ALL_CELLS) if "TORTURE_MINUTES" in os.environ else SLICE)
]
