"""The rights of an API member."""

from dataclasses import dataclass
from typing import Literal

from .errors import ConnectWiseError


@dataclass(frozen=True)
class RightCheck:
    """Whether the API member has a right; ``error`` says why it is unknown."""

    right: str
    state: Literal["granted", "missing", "unknown"]
    error: ConnectWiseError | None = None


@dataclass(frozen=True)
class AccessReport:
    """The result of :meth:`ConnectWiseClient.check_access`."""

    checks: tuple[RightCheck, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the rights that are missing."""
        return tuple(c.right for c in self.checks if c.state == "missing")

    @property
    def errors(self) -> tuple[ConnectWiseError, ...]:
        """The errors that left some rights unknown."""
        return tuple(check.error for check in self.checks if check.error)
