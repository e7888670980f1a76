"""Shared by all torture tests: their share of time, and an Odoo to mistreat.

Each test is a short slice of itself, unless TORTURE_MINUTES says how many minutes all
of them have together.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

import pytest
import table
import torture_data
from odoo_server import SYNC, OdooServer
from outcome import Outcome, outcome
from world import World, open_world

from testbed.databases import prepare_template
from testbed.environment import odoo_environment
from testbed.mailbox import Mailbox
from testbed.postgresql import copied_database, postgresql
from testbed.sandbox import WatchedSandbox

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
    """Return whether this is `make torture`, and not its slice in `make test`."""
    return bool(MINUTES)


@pytest.fixture(scope="session")
def long_only(is_long: bool) -> None:
    """Leave the test to `make torture`."""
    if not is_long:
        pytest.skip("only in make torture")


@pytest.fixture(scope="session")
def share() -> Callable[[float], float]:
    """Return this part of all the minutes in seconds: ``share(0.1)``."""
    return lambda part: part * MINUTES * 60


@pytest.fixture(scope="session")
def in_process(server: None) -> Iterator[World]:
    """Odoo in this process, for tests that need thousands of quick operations."""
    with open_world() as world:
        yield world


@pytest.fixture(scope="session")
def companies(is_long: bool) -> int:
    """Return the number of companies in ConnectWise; a thousand are a page."""
    return 20_000 if is_long else 3_000


@pytest.fixture(scope="session")
def batch(is_long: bool) -> int:
    """Return the number of invoices to send; there are 20 others."""
    return 200 if is_long else 20


@pytest.fixture(scope="session")
def connectwise(companies: int, batch: int) -> Iterator[WatchedSandbox]:
    sizes = {"companies": companies, "invoices": batch + 50}
    # Odoo leaves old invoices alone.
    with WatchedSandbox(seed=1, **sizes, today=str(date.today())) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def base(server: None, connectwise: WatchedSandbox, batch: int) -> Iterator[str]:
    """A database with customers and invoices, before any synchronization or sending."""
    with copied_database(prepare_template(), "benji_torture_base") as database:
        arguments = (database, connectwise.url, str(batch + 20), str(batch))
        subprocess.run(
            [sys.executable, torture_data.__file__, *arguments],
            env=odoo_environment(connectwise.host),
            check=True,
        )
        yield database


@pytest.fixture(scope="session")
def start_odoo(base: str, connectwise: WatchedSandbox):
    """Return a context manager: a server on a new copy of the database, not started."""

    @contextmanager
    def start(**options) -> Iterator[OdooServer]:
        connectwise.keys.put(connectwise.public_key, connectwise.private_key, "full")
        with ExitStack() as stack:
            stack.callback(connectwise.reset)
            stack.callback(setattr, connectwise, "tell", lambda event: None)
            mailbox = stack.enter_context(Mailbox())
            database = stack.enter_context(copied_database(base, "benji_torture"))
            odoo = OdooServer(database, connectwise, mailbox, **options)
            stack.callback(odoo.close)
            connectwise.clear_requests()
            yield odoo

    return start


@pytest.fixture(scope="session")
def undisturbed(start_odoo) -> tuple[Outcome, list[dict]]:
    """The result and the requests of a synchronization that nobody disturbed."""
    with start_odoo(crons=1) as odoo:
        odoo.switch_on(SYNC)
        odoo.start()
        odoo.run_due_actions()
        return outcome(odoo), odoo.sandbox.requests()
