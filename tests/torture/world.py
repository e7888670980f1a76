"""Odoo in the process of the tests, with its own database and ConnectWise.

It works as a server does: real transactions that are committed, real requests, real
e-mails, but without the seconds that a server and its remote calls take. After each
case the database is restored.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from snapshots import Snapshots

from testbed import furnishing
from testbed.databases import prepare_template
from testbed.in_process import odoo_in_process, transaction
from testbed.mailbox import Mailbox
from testbed.postgresql import copied_database
from testbed.sandbox import WatchedSandbox

ADDON = "odoo.addons.benji_connectwise"
SYNC = "benji_connectwise.ir_cron_connectwise_sync"
PREFETCH = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
SENDING = "account.ir_cron_account_move_send"

PAGE = 4
"""Companies in one answer: with a thousand, three pages would take too long."""

HURRY = {"connect": 0.6, "answer": 0.6, "pdf": 0.6, "first_delay": 0.01}
HURRY |= {"longest_sleep": 1.2}
"""The client's limits in seconds: waiting proves nothing."""

OWN_PDF = b"%%PDF-1.4\n%%Odoo's own of %s\nstartxref\n9\n%%%%EOF\n"
"""What stands for Odoo's rendering, so that its bytes are known."""


class LogKeeper(logging.Handler):
    """Keeps the lines of Odoo's log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class World:
    """Odoo, its ConnectWise and its mail server."""

    def __init__(self, sandbox: WatchedSandbox, mail: Mailbox, log: LogKeeper) -> None:
        self.sandbox = sandbox
        self.mail = mail
        self.log = log
        self.registry: Any = None
        self.snapshots: Any = None

    def env(self, login: str = "") -> AbstractContextManager[Any]:
        """Yield an environment of this person or the system; commit it at the end."""
        return transaction(self.registry, login)

    def keep(self, name: str = "kept") -> None:
        """Make the present contents those that `restore` restores."""
        with self.env() as env:
            env.flush_all()
            self.snapshots = self.snapshots or Snapshots(env.cr)
            self.snapshots.keep(env.cr, name)

    def restore(self, name: str = "kept") -> None:
        """Restore the saved contents; in ConnectWise only clear the faults."""
        self.sandbox.clear_faults()
        self.mail.refusal = ""
        self.mail.messages.clear()
        self.log.lines.clear()
        with self.registry.cursor() as cr:
            written = self.snapshots.restore(cr, name)
        if written & {"ir_config_parameter", "res_company", "res_users"}:
            self.registry.clear_all_caches()

    def was_written(self) -> bool:
        """Return whether anything was stored since the last call."""
        with self.registry.cursor() as cr:
            return bool(self.snapshots.note(cr))

    def start_afresh(self) -> None:
        """Start with connected customers and invoices, with nothing read yet."""
        self.sandbox.reset()
        self.restore("filled")

    def run(self, action: str) -> None:
        """Run a scheduled action as Odoo's scheduler does.

        :raises RuntimeError: if it raised something
        """
        with self.env() as env:
            result = env.ref(action).method_direct_trigger()
        if isinstance(result, dict):
            raise RuntimeError(result["params"]["data"]["debug"])

    def run_quickly(self, action: str) -> None:
        """Do what a scheduled action does, without the scheduler around it."""
        with self.env() as env:
            env.ref(action).ir_actions_server_id.run()

    def rescan(self, full: bool = True, discard: bool = False) -> None:
        """Rescan in the background, as the accountant does."""
        with self.env("accountant") as env:
            env["connectwise.backend"].search([])._request_sync(full, discard)
        self.run(SYNC)

    def send(self, *numbers: str) -> None:
        """Send one invoice by the dialog, or several by the scheduled action."""
        with self.env("accountant") as env:
            moves = env["account.move"].search([("name", "in", numbers)])
            model = "account.move.send.wizard"
            if len(moves) > 1:
                model = "account.move.send.batch.wizard"
            env[model].with_context(
                active_model="account.move", active_ids=moves.ids
            ).create({}).action_send_and_print()
        if len(numbers) > 1:
            self.run(SENDING)
        self.deliver()

    def deliver(self) -> None:
        """Send the e-mails in the queue."""
        with self.env() as env:
            env["mail.mail"].process_email_queue()

    def pass_time(self, hours: float) -> None:
        """Move Odoo's clock on, so that future times come nearer."""
        with self.env() as env:
            # The database may be refusing commits (troubles.refused_commits).
            env.cr.execute("SET LOCAL session_replication_role = replica")
            shift = f"interval '{hours} hours'"
            for table, columns in (
                (
                    "connectwise_backend",
                    (
                        *("retry_at", "failing_since", "last_sync"),
                        *("sync_retry_at", "sync_failing_since"),
                    ),
                ),
                ("connectwise_lookup", ("retry_at", "asked_at")),
                ("connectwise_held_invoice", ("since",)),
            ):
                changes = ", ".join(f"{name} = {name} - {shift}" for name in columns)
                env.cr.execute(f"UPDATE {table} SET {changes}")
                # No trigger notes this.
                env.cr.execute(
                    "INSERT INTO torture.written_tables VALUES (%s)", [table]
                )


def hurry() -> None:
    """Make the client wait for fractions of a second, and read small pages."""
    for module in _modules():
        for name in ("BACKGROUND", "INTERACTIVE"):
            if limits := getattr(module, name, None):
                setattr(module, name, replace(limits, **HURRY))
    set_page_size(PAGE)


def set_page_size(size: int, set_attribute=setattr) -> None:
    """Make the client ask for this many records at once."""
    for module in _modules():
        if hasattr(module, "PAGE_SIZE"):
            set_attribute(module, "PAGE_SIZE", size)


def _modules() -> list[Any]:
    return [module for name, module in sys.modules.items() if ADDON in name]


@contextmanager
def open_world() -> Iterator[World]:
    """Yield a filled World; call `start_afresh` first."""
    log = LogKeeper()
    sizes = {"companies": 12, "invoices": 12}
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            # Odoo leaves old invoices alone.
            WatchedSandbox(seed=1, **sizes, today=str(date.today()))
        )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("BENJI_CONNECTWISE_LOCAL_HOSTS", sandbox.host)
        mailbox = stack.enter_context(Mailbox())
        database = stack.enter_context(
            copied_database(prepare_template(), "benji_torture_in_process")
        )
        logging.getLogger().addHandler(log)
        stack.callback(logging.getLogger().removeHandler, log)
        logging.getLogger("odoo").setLevel(logging.INFO)
        world = World(sandbox, mailbox, log)
        world.registry = stack.enter_context(odoo_in_process(database, mailbox.port))
        hurry()
        fill(world)
        world.keep("filled")
        yield world


def fill(world: World) -> None:
    """Make an accountant, customers, posted invoices and the connection.

    Each invoice has a PDF of Odoo's own, so that none has to be rendered.
    """
    sandbox = world.sandbox
    with world.env() as env:
        accountant = furnishing.set_up(env)
        customers = furnishing.make_customers(
            env,
            (c for c in furnishing.all_companies(sandbox) if not c["deleted"]),
        )
        invoices = [
            invoice
            for invoice in furnishing.ordinary_invoices(sandbox)
            if invoice["number"].startswith("CW") and invoice["company_id"] in customers
        ]
        moves = furnishing.post_invoices(accountant, invoices, customers)
        furnishing.keep_own_pdfs(
            moves.with_env(env), lambda move: OWN_PDF % move.name.encode()
        )
        furnishing.connect(accountant, sandbox)
