"""The rights of an API member."""

from dataclasses import dataclass
from typing import Literal

from .errors import ConnectWiseError


@dataclass(frozen=True)
class RightCheck:
    """Whether the API member has a right. ``error`` says why that is unknown."""

    right: str
    state: Literal["granted", "missing", "unknown"]
    error: ConnectWiseError | None = None


@dataclass(frozen=True)
class AccessReport:
    """What :meth:`ConnectWiseClient.check_access` found, right by right."""

    checks: tuple[RightCheck, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the rights that are missing."""
        return tuple(c.right for c in self.checks if c.state == "missing")

    @property
    def errors(self) -> tuple[ConnectWiseError, ...]:
        """Why some rights are unknown."""
        return tuple(check.error for check in self.checks if check.error)
