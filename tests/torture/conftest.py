"""What all of these tests share: PostgreSQL, and how long they may take.

Each test is a short slice of itself, unless TORTURE_MINUTES says how many minutes all
of them have together.
"""

import os
from collections.abc import Callable, Iterator

import pytest
import table

from environment import postgresql

MINUTES = int(os.environ.get("TORTURE_MINUTES", "0"))


@pytest.fixture(autouse=True)
def seconds_of_the_table() -> None:
    table.start()


@pytest.fixture(scope="session")
def server() -> Iterator[None]:
    """A PostgreSQL server."""
    with postgresql():
        yield


@pytest.fixture(scope="session")
def is_long() -> bool:
    """Whether this is `make torture`, and not the slice of it in `make test`."""
    return bool(MINUTES)


@pytest.fixture(scope="session")
def share() -> Callable[[float], float]:
    """Return how many seconds a part of all the minutes is: ``share(0.1)``."""
    return lambda part: part * MINUTES * 60
