"""When a fault strikes: which endpoint, from which call on, how many calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from .operations import Operations

ENDPOINTS = (
    "discovery",
    "companies",
    "contacts",
    "invoices",
    "invoice_pdf",
    "callbacks",
    "callback_key",
    "system",
    "any",
)


@dataclass
class Fault:
    """A fault that is set.

    :param endpoint: one of `ENDPOINTS`
    :param nth: the first matching call that it strikes, counted from 1
    :param times: how many calls it strikes; 0 means all until it is cleared
    :param seconds: for stalls, their length; for ``rate_limit``, Retry-After
    """

    name: str
    endpoint: str
    nth: int = 1
    times: int = 1
    seconds: float | None = None
    seen: int = 0
    struck: int = 0
    cleared: threading.Event = field(default_factory=threading.Event, repr=False)

    def strikes(self, endpoint: str) -> bool:
        """Count a call; return whether the fault strikes it."""
        if self.endpoint not in (endpoint, "any"):
            return False
        self.seen += 1
        return self.seen >= self.nth and (not self.times or self.struck < self.times)

    def describe(self) -> dict[str, object]:
        """Return the fault as plain data."""
        return {k: v for k, v in vars(self).items() if k != "cleared"}


@dataclass(frozen=True)
class Call:
    """A call that a fault strikes, for the function that makes the faulty answer.

    `genuine` returns the answer that ConnectWise would give.
    """

    request: Request
    fault: Fault
    genuine: Callable[[], Response]
    operations: Operations

    def wait(self, seconds: float) -> bool:
        """Wait; return True early if the fault is cleared."""
        return self.fault.cleared.wait(seconds)


Effect = Callable[[Call], Response]


class Faults:
    """The faults that are set at the moment."""

    def __init__(self, known: dict[str, Effect]) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._set: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set a fault.

        :raises ValueError: for an unknown name or endpoint
        """
        if fault.name not in self._known:
            raise ValueError(f"No fault {fault.name!r}; see /_sandbox/faults.")
        if fault.endpoint not in ENDPOINTS:
            known = ", ".join(ENDPOINTS)
            raise ValueError(f"No endpoint {fault.endpoint!r}; there are: {known}.")
        with self._lock:
            self._set.append(fault)

    def clear(self) -> None:
        """Remove all faults; calls that are being stalled end at once."""
        with self._lock:
            for fault in self._set:
                fault.cleared.set()
            self._set.clear()

    def due(self, endpoint: str) -> Fault | None:
        """Count a call to `endpoint` and return the fault that strikes it, if any."""
        with self._lock:
            due = [fault for fault in self._set if fault.strikes(endpoint)]
            if not due:
                return None
            due[0].struck += 1
            return due[0]

    def active(self) -> list[dict[str, object]]:
        """Return the faults that are set, with how many calls they saw and struck."""
        with self._lock:
            return [fault.describe() for fault in self._set]
