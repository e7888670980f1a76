"""Odoo in the process of the tests, on a database and a ConnectWise of its own.

It works as a server does: real transactions that are committed, real requests, real
e-mails; without the seconds that a server and its remote calls take. After each case
the database is put back to what it was.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from connectwise_sandbox import Sandbox
from databases import prepare_template
from environment import copy_database, drop_database, free_port, odoo_config

ADDON = "odoo.addons.benji_connectwise"
DATABASE = "benji_torture_in_process"
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


class PostOffice:
    """A mail server that keeps what it gets, or answers `refusal`."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusal = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal.startswith("5"):
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 good"

    async def handle_DATA(self, server, session, envelope):
        if self.refusal:
            return self.refusal
        message = message_from_bytes(envelope.content, policy=policy.default)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.messages.append(message)
        return "250 kept"


@dataclass(frozen=True)
class Served:
    """A PDF that ConnectWise gave, and what its invoice was at that moment."""

    pdf: bytes
    number: str
    companies: frozenset[int]
    total: float


class RememberingSandbox(Sandbox):
    """A sandbox that remembers each PDF it gave."""

    def reset(self) -> None:
        super().reset()
        self.served: list[Served] = []

    def invoice_pdf(self, number: int) -> bytes:
        pdf = super().invoice_pdf(number)
        invoice = self.get_record("invoices", number)
        companies = (invoice.get("company"), invoice.get("billToCompany"))
        self.served.append(
            Served(
                pdf,
                invoice.get("invoiceNumber") or "",
                frozenset(company["id"] for company in companies if company),
                invoice["total"],
            )
        )
        return pdf


class LogKeeper(logging.Handler):
    """Keeps the lines that Odoo's log would have."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Snapshots:
    """Contents of all tables to go back to, each in a schema of its own.

    Triggers note which tables were written, so that only these are put back.
    """

    def __init__(self, cr) -> None:
        self.written: dict[str, set[str]] = {}
        cr.execute("CREATE SCHEMA torture")
        cr.execute("CREATE UNLOGGED TABLE torture.written_tables (name text)")
        cr.execute(
            """
            CREATE FUNCTION torture.note() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO torture.written_tables VALUES (TG_TABLE_NAME);
                RETURN NULL;
            END $$
            """
        )
        cr.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        self.tables = [name for (name,) in cr.fetchall()]
        for name in self.tables:
            cr.execute(
                f'CREATE TRIGGER torture AFTER INSERT OR UPDATE OR DELETE ON "{name}"'
                " FOR EACH STATEMENT EXECUTE FUNCTION torture.note()"
            )

    def keep(self, cr, schema: str) -> None:
        """Remember everything as it is now under the name `schema`."""
        self.note(cr)
        self.written[schema] = set()
        cr.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        cr.execute(f"CREATE SCHEMA {schema}")
        for name in self.tables:
            cr.execute(f'CREATE TABLE {schema}."{name}" AS TABLE public."{name}"')

    def restore(self, cr, schema: str) -> set[str]:
        """Put back what was written since; return the names of the tables."""
        self.note(cr)
        names = self.written[schema]
        cr.execute("SET LOCAL session_replication_role = replica")
        for name in names:
            cr.execute(f'DELETE FROM public."{name}"')
            cr.execute(f'INSERT INTO public."{name}" SELECT * FROM {schema}."{name}"')
        self.written[schema] = set()
        for other in self.written.keys() - {schema}:
            self.written[other] |= names
        return names

    def note(self, cr) -> set[str]:
        """Return the names of the tables that were written since this was asked."""
        cr.execute("DELETE FROM torture.written_tables RETURNING name")
        names = {name for (name,) in cr.fetchall()}
        for written in self.written.values():
            written |= names
        return names


class World:
    """Odoo, its ConnectWise and its mail server."""

    def __init__(
        self, sandbox: RememberingSandbox, mail: PostOffice, log: LogKeeper
    ) -> None:
        self.sandbox = sandbox
        self.mail = mail
        self.log = log
        self.registry: Any = None
        self.snapshots: Any = None

    @contextmanager
    def env(self, login: str = "") -> Iterator[Any]:
        """An environment of this person, or the system's; committed at the end."""
        from odoo import SUPERUSER_ID, api

        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if login:
                user = env["res.users"].search([("login", "=", login)])
                env = env(user=user.id)
            yield env

    def keep(self, name: str = "kept") -> None:
        """What the database holds now is what `restore` goes back to."""
        with self.env() as env:
            env.flush_all()
            self.snapshots = self.snapshots or Snapshots(env.cr)
            self.snapshots.keep(env.cr, name)

    def restore(self, name: str = "kept") -> None:
        """Go back to what was kept, on ConnectWise's side only from faults."""
        self.sandbox.clear_faults()
        self.mail.refusal = ""
        self.mail.messages.clear()
        self.log.lines.clear()
        with self.registry.cursor() as cr:
            written = self.snapshots.restore(cr, name)
        if written & {"ir_config_parameter", "res_company", "res_users"}:
            self.registry.clear_all_caches()

    def was_written(self) -> bool:
        """Whether anything was stored since the last time of asking."""
        with self.registry.cursor() as cr:
            return bool(self.snapshots.note(cr))

    def start_afresh(self) -> None:
        """Customers and invoices, connected to ConnectWise, and nothing read yet."""
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
        """Rescan in the background, as the accountant asks for it."""
        with self.env("accountant") as env:
            env["connectwise.backend"].search([])._request_rescan(full, discard)
        self.run(SYNC)

    def send(self, *numbers: str) -> None:
        """Send invoices by the dialog, several by the scheduled action."""
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
        """Send the e-mails that wait."""
        with self.env() as env:
            env["mail.mail"].process_email_queue()

    def pass_time(self, hours: float) -> None:
        """Let Odoo's clock go on: what lies in the future comes nearer."""
        with self.env() as env:
            # Whatever is refused to the product (troubles.refused_commits).
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
                ("connectwise_lookup", ("retry_at", "asked_at", "held_since")),
            ):
                changes = ", ".join(f"{name} = {name} - {shift}" for name in columns)
                env.cr.execute(f"UPDATE {table} SET {changes}")
                # No trigger tells that.
                env.cr.execute(
                    "INSERT INTO torture.written_tables VALUES (%s)", [table]
                )


def hurry() -> None:
    """Let the client wait for fractions of a second, and read small pages."""
    for module in _modules():
        for name in ("BACKGROUND", "INTERACTIVE"):
            if limits := getattr(module, name, None):
                setattr(module, name, replace(limits, **HURRY))
    set_page_size(PAGE)


def set_page_size(size: int, set_attribute=setattr) -> None:
    """Have the client ask for so many records at once."""
    for module in _modules():
        if hasattr(module, "PAGE_SIZE"):
            set_attribute(module, "PAGE_SIZE", size)


def _modules() -> list[Any]:
    return [module for name, module in sys.modules.items() if ADDON in name]


@contextmanager
def open_world() -> Iterator[World]:
    """Yield a World that was filled; whoever uses it calls `start_afresh` first."""
    mail, log = PostOffice(), LogKeeper()
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            # Odoo leaves old invoices alone.
            RememberingSandbox(
                seed=1, companies=12, invoices=12, today=str(date.today())
            )
        )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("BENJI_CONNECTWISE_LOCAL_HOSTS", sandbox.host)
        controller = Controller(mail, hostname="127.0.0.1", port=free_port())
        controller.start()
        stack.callback(controller.stop)
        copy_database(prepare_template(), DATABASE)
        stack.callback(drop_database, DATABASE)
        logging.getLogger().addHandler(log)
        stack.callback(logging.getLogger().removeHandler, log)
        logging.getLogger("odoo").setLevel(logging.INFO)
        patch.setenv("ODOO_RC", str(odoo_config()))
        world = World(sandbox, mail, log)
        world.registry = open_registry(controller.port)
        stack.callback(close_registry)
        hurry()
        fill(world)
        world.keep("filled")
        yield world


def open_registry(smtp_port: int) -> Any:
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(
        [
            *("--database", DATABASE, "--max-cron-threads", "0"),
            *("--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)),
        ],
        setup_logging=False,
    )
    return Registry(DATABASE)


def close_registry() -> None:
    from odoo import sql_db
    from odoo.modules.registry import Registry

    Registry.delete(DATABASE)
    sql_db.close_all()


# ----------------------------------------------------------------------------
# What is in it
# ----------------------------------------------------------------------------


def fill(world: World) -> None:
    """Make an accountant, customers, posted invoices and the connection.

    Half of the customers are found by their Account ID, the others by their name. Each
    invoice has a PDF of Odoo's own, so that none has to be rendered.
    """
    import demo_data

    with world.env() as env:
        demo_data.set_up_company(env)
        accountant = demo_data.make_accountant(env)
        demo_data.set_up_scheduled_actions(env)
        customers = make_customers(env, world.sandbox.export_companies())
        make_invoices(env(user=accountant), world.sandbox, customers)
        demo_data.connect(env(user=accountant), world.sandbox)


def make_customers(env, companies: list[dict[str, Any]]) -> dict[int, Any]:
    """Return {id of the ConnectWise company: its customer}."""
    return {
        company["id"]: env["res.partner"].create(
            {
                "name": company["name"],
                "ref": company["account_number"] if company["id"] % 2 else False,
                "email": f"accounts-{company['id']}@customer.example",
                "is_company": True,
                "customer_rank": 1,
            }
        )
        for company in companies
        if not company["deleted"]
    }


def make_invoices(env, sandbox: Sandbox, customers: dict[int, Any]) -> None:
    for invoice in sandbox.export_invoices():
        number, customer = invoice["number"], customers.get(invoice["company_id"])
        if not (number or "").startswith("CW1") or not customer:
            continue
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "name": number,
                "partner_id": customer.id,
                "invoice_date": invoice["date"],
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Services",
                            "price_unit": invoice["total"],
                            "tax_ids": [],
                        },
                    )
                ],
            }
        )
        move.action_post()
        env["ir.attachment"].create(
            {
                "name": f"{number}.pdf",
                "raw": OWN_PDF % number.encode(),
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
