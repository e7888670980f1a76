"""An Odoo process with the addon that measures what it is asked to do.

usage: python -m benchmarks.odoo_worker DATABASE SMTP_PORT

Reads one JSON object per line, {"call": the name of a method of `Worker`, "with": its
arguments}, and answers with one line. The methods call the addon's public methods and
commit, as a person's request or a scheduled action does.
"""

import gc
import json
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import psutil
import requests

import odoo.sql_db
from odoo import SUPERUSER_ID, api, fields
from odoo.fields import Command

from connectwise_sandbox import defaults
from testbed import furnishing
from testbed.in_process import odoo_in_process
from testbed.sandbox import SandboxClient

from . import reconciling, screens

NAIVE_PAGE = 1000
BATCH = 1000


class Worker:
    """One database in this process. Every method commits."""

    def __init__(self, registry: Any) -> None:
        self.cr = registry.cursor()
        self.root = api.Environment(self.cr, SUPERUSER_ID, {})

    @property
    def env(self):
        """Return the environment of the person who administers Invoicing.

        The web client sends the chosen companies with each request.
        """
        accountant = self.root["res.users"].search([("login", "=", "accountant")])
        companies = {"allowed_company_ids": accountant.company_id.ids}
        return self.root(user=accountant, context=companies)

    @property
    def backend(self):
        return self.env["connectwise.backend"].search([])

    @contextmanager
    def measured(self) -> Iterator[dict[str, Any]]:
        """Measure elapsed and processor seconds, SQL statements and growth of memory.

        The commit at the end is included.
        """
        self.cr.commit()
        self.root.invalidate_all()
        gc.collect()
        reset_peak_memory()
        memory = psutil.Process().memory_info().rss
        statements = odoo.sql_db.sql_counter
        start, processor = time.perf_counter(), time.process_time()
        result: dict[str, Any] = {}
        yield result
        self.root.flush_all()
        self.cr.commit()
        result["seconds"] = time.perf_counter() - start
        result["processor"] = time.process_time() - processor
        result["statements"] = odoo.sql_db.sql_counter - statements
        result["memory_mb"] = (peak_memory() - memory) / 2**20

    # Preparing ---------------------------------------------------------------------

    def set_up(self) -> None:
        furnishing.set_up(self.root)
        # No scheduled action may run during a measurement, unless it is measured.
        self.root["ir.cron"].search([]).active = False
        self.root.ref("account.ir_cron_account_move_send").active = True

    def connect(self, url: str) -> None:
        furnishing.connect(self.env, SandboxClient(url))

    def prefer(self, source: str) -> None:
        lines = self.root["invoice.pdf.source"].search([])
        for line in lines:
            line.sequence = 1 if line.source == source else 2

    def make_customers(self, url: str, count: int) -> int:
        """Make customers of the first companies that are not hard cases.

        Odoo makes one, and PostgreSQL copies it, because there are many.
        """
        companies = first_companies(url, count)
        columns = [
            name
            for name, field in self.root["res.partner"]._fields.items()
            if field.store and field.column_type
        ]
        model = self.root["res.partner"].create(
            {"name": "Model", "is_company": True, "customer_rank": 1}
        )
        self.root.flush_all()
        own = {
            "id": "data.id",
            "name": "data.name",
            "complete_name": "data.name",
            "commercial_company_name": "data.name",
            "ref": "data.ref",
            "commercial_partner_id": "data.id",
        }
        self.cr.execute(
            "WITH data AS (SELECT nextval('res_partner_id_seq')::int AS id, name, ref"
            " FROM unnest(%s::text[], %s::text[]) AS given(name, ref))"
            f" INSERT INTO res_partner ({', '.join(columns)}) SELECT"
            f" {', '.join(own.get(name, f'model.{name}') for name in columns)}"
            " FROM data, res_partner model WHERE model.id = %s",
            [
                [company["name"] for company in companies],
                [company["account_number"] for company in companies],
                model.id,
            ],
        )
        model.unlink()
        self.cr.commit()
        self.cr.execute("ANALYZE res_partner")
        self.cr.commit()
        return len(companies)

    # Companies ---------------------------------------------------------------------

    def sync(self, full: bool) -> dict[str, Any]:
        """Synchronize as *Rescan* and the scheduled action do, until it is finished."""
        backend = self.backend
        with self.measured() as result:
            if full:
                backend._request_sync(full=True)
            self.root["connectwise.sync"]._cron_sync()
            while backend.sync_state != "idle":
                if backend._is_resting():
                    raise RuntimeError(backend.last_error)
                self.root["connectwise.sync"]._cron_sync()
        sync = backend.sync_ids.sorted("id")[-1]
        if sync.state != "done":
            raise RuntimeError(f"{sync.state}: {sync.error or backend.last_error}")
        return {**result, "counts": sync.counts}

    def create_contacts(self, url: str, count: int) -> dict[str, Any]:
        """Create the Bill-To contacts with Odoo's ORM only, for comparison.

        This is the quickest way, in which Odoo itself imports contacts (base,
        models/res_partner.py, _load_records_create).
        """
        Partner = self.root["res.partner"].with_context(
            tracking_disable=True, _partners_skip_fields_sync=True
        )
        customers = Partner.search([("ref", "=like", "AC%")]).grouped("ref")
        values = [
            {
                "name": company["contact_name"],
                "email": company["contact_email"],
                "phone": company["contact_phone"],
                "parent_id": customers[company["account_number"]].id,
                "type": "other",
                "is_company": False,
            }
            for company in first_companies(url, count)
        ]
        self.cr.commit()
        self.root.invalidate_all()
        start = time.perf_counter()
        for place in range(0, len(values), BATCH):
            Partner.create(values[place : place + BATCH])
        self.root.flush_all()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "contacts": len(values)}

    def naive(self, url: str) -> dict[str, Any]:
        """Read as a simple script would: all fields, one record at a time, by ORM."""
        Company = self.root["connectwise.company"]
        backend = self.backend
        with self.measured() as result:
            page = 1
            while rows := ask_companies(url, page):
                for row in rows:
                    status, contact = row.get("status"), row.get("billingContact")
                    values = {
                        "backend_id": backend.id,
                        "connectwise_ref": row["id"],
                        "identifier": row.get("identifier"),
                        "name": row.get("name"),
                        "account_number": row.get("accountNumber"),
                        "status": status and status["name"],
                        "city": row.get("city"),
                        "is_deleted": row["deletedFlag"],
                        "billing_contact_ref": contact and contact["id"],
                    }
                    company = Company.search(
                        [
                            ("backend_id", "=", backend.id),
                            ("connectwise_ref", "=", row["id"]),
                        ]
                    )
                    if company:
                        company.write(values)
                    else:
                        Company.create(values)
                    self.cr.commit()
                page += 1
        return result

    # Dialogs -----------------------------------------------------------------------

    def suggest(self, count: int) -> list[float]:
        """Open the dialog "+" for customers with a typing error in their name."""
        rows = self._make_rows_to_connect(count)
        seconds = []
        for row in rows:
            self.root.invalidate_all()
            start = time.perf_counter()
            row.action_connect()
            self.root.flush_all()
            seconds.append(time.perf_counter() - start)
            suggestions = self.root["connectwise.mapping.connect"].search(
                [("mapping_id", "=", row.id)]
            )
            if not suggestions.suggestion_ids:
                raise RuntimeError("the dialog suggested nothing")
        self.cr.commit()
        return seconds

    def _make_rows_to_connect(self, count: int):
        companies = self.root["connectwise.company"].search([], limit=50 * count)
        partners = self.root["res.partner"].create(
            [
                {
                    "name": company.name.replace("a", "e", 1),
                    "is_company": True,
                    "customer_rank": 1,
                }
                for company in companies[::50]
            ]
        )
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        return self.env["connectwise.mapping"].search(
            [("partner_id", "in", partners.ids)]
        )

    def report(self, url: str, customers: int, count: int) -> list[dict[str, Any]]:
        """Open the Customer Mapping Report with connected rows; read its first page.

        The rows are connected by SQL, because there are many.
        """
        self.make_customers(url, customers)
        Mapping = self.env["connectwise.mapping"]
        Mapping.action_open_report()
        self.cr.execute(
            """
            UPDATE connectwise_mapping mapping
               SET connectwise_company_id = company.id, connection = 'account_id',
                   last_updated = now() AT TIME ZONE 'UTC'
              FROM res_partner partner, connectwise_company company
             WHERE partner.id = mapping.partner_id
               AND company.backend_id = mapping.backend_id
               AND company.account_number = partner.ref
            """
        )
        self.cr.execute("ANALYZE connectwise_mapping")
        self.cr.commit()
        specification = self._read_like_the_list()
        times = []
        for _run in range(count):
            self.root.invalidate_all()
            start = time.perf_counter()
            Mapping.action_open_report()
            opened = time.perf_counter()
            page = Mapping.web_search_read([], specification, limit=80)
            read = time.perf_counter()
            Mapping.get_report_status()
            told = time.perf_counter()
            self.cr.commit()
            if page["length"] < 0.9 * customers:
                raise RuntimeError(f"only {page['length']} rows")
            times.append(
                {
                    "action": opened - start,
                    "page": read - opened,
                    "status": told - read,
                }
            )
        return times

    def _read_like_the_list(self) -> dict[str, dict]:
        view = self.env["connectwise.mapping"].get_view(view_type="list")
        described = view["models"]["connectwise.mapping"]
        Mapping = self.env["connectwise.mapping"]
        return {
            name: {"fields": {"display_name": {}}}
            if Mapping._fields[name].type == "many2one"
            else {}
            for name in described
            if name in Mapping._fields
        }

    # Invoices ----------------------------------------------------------------------

    def make_invoices(self, url: str, count: int) -> int:
        """Make customers with an e-mail address, and post the sandbox's invoices."""
        sandbox = SandboxClient(url)
        customers = furnishing.make_customers(
            self.root, furnishing.ordinary_companies(sandbox)
        )
        invoices = [
            invoice
            for invoice in furnishing.ordinary_invoices(sandbox)
            if invoice["type"] != "CreditMemo"
        ][:count]
        env = self.env(context={"tracking_disable": True})
        dates = {"invoice_date": fields.Date.today(), "invoice_date_due": False}
        for place in range(0, len(invoices), 500):
            posted = invoices[place : place + 500]
            furnishing.post_invoices(env, posted, customers, **dates)
            self.cr.commit()
            self.root.invalidate_all()
        return len(invoices)

    def _invoices(self, count: int):
        return self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("name", "=like", "CW%")],
            order="id",
            limit=count,
        )

    def keep_only(self, count: int) -> None:
        """Remove the numbers of all but `count` invoices: the others are not found."""
        others = self._invoices(10**9) - self._invoices(count)
        self.cr.execute(
            "UPDATE account_move SET name = 'X' || id WHERE id = ANY(%s)", [others.ids]
        )
        self.cr.execute(
            "UPDATE account_move SET date = '2000-01-01' WHERE id = ANY(%s)",
            [others.ids],
        )
        self.root.invalidate_all()
        self.cr.commit()

    def prefetch(self) -> dict[str, Any]:
        """Fetch the PDFs as the scheduled action does."""
        with self.measured() as result:
            self.root["connectwise.lookup"]._cron_prefetch()
        kept = self.root["connectwise.lookup"].search_count([("has_pdf", "=", True)])
        return {**result, "pdfs": kept}

    def store_own_pdfs(self, url: str, count: int) -> None:
        """Store a PDF of Odoo's own for each invoice, as if Odoo had rendered it."""
        moves = self._invoices(count)
        [sample] = [
            invoice["id"]
            for invoice in furnishing.ordinary_invoices(SandboxClient(url))
            if invoice["number"] == moves[0].name
        ]
        pdf = ask(url, f"finance/invoices/{sample}/pdf").content
        furnishing.keep_own_pdfs(
            # One file each, as rendering makes them.
            moves.with_env(self.root),
            lambda move: pdf + f"\n% {move.id}\n%%EOF\n".encode(),
        )
        self.cr.commit()

    def ask_to_send(self, count: int) -> dict[str, Any]:
        """Select invoices in the list and press *Send*; the background sends them."""
        moves = self._invoices(count)
        Wizard = self.env["account.move.send.batch.wizard"].with_context(
            active_model="account.move", active_ids=moves.ids
        )
        with self.measured() as result:
            wizard = Wizard.create({})
            wizard.read(["summary_data", "alerts"])
            wizard.action_send_and_print()
        return result

    def send(self, count: int) -> dict[str, Any]:
        """Run Odoo's scheduled action until everything is sent."""
        cron = self.root.ref("account.ir_cron_account_move_send")
        left = [("sending_data", "!=", False)]
        Move = self.root["account.move"]
        with self.measured() as result:
            before = Move.search_count(left)
            while before:
                cron.method_direct_trigger()
                self.cr.commit()  # The action worked in a transaction of its own.
                now = Move.search_count(left)
                if now >= before:
                    raise RuntimeError(f"{now} invoices stay unsent")
                before = now
        posted = self.root["mail.notification"].search_count(
            [
                ("notification_type", "=", "email"),
                ("mail_message_id.model", "=", "account.move"),
                ("mail_message_id.res_id", "in", self._invoices(count).ids),
            ]
        )
        if posted != count:
            raise RuntimeError(f"{posted} e-mails for {count} invoices")
        return result

    def deliver(self, count: int) -> dict[str, Any]:
        """Run Odoo's scheduled action that passes e-mails to the mail server."""
        with self.measured() as result:
            self.root["mail.mail"].process_email_queue()
        delivered = self.root["mail.notification"].search_count(
            [
                ("notification_status", "=", "sent"),
                ("mail_message_id.model", "=", "account.move"),
            ]
        )
        if delivered != count:
            raise RuntimeError(f"{delivered} of {count} e-mails were delivered")
        return result

    def print_invoices(self, count: int) -> list[float]:
        """Return how long Print and Download take to get each invoice's PDF."""
        moves = self._invoices(count)
        seconds = []
        for move in moves:
            self.root.invalidate_all()
            start = time.perf_counter()
            document = move._get_invoice_legal_documents("pdf", allow_fallback=True)
            content = document["content"]
            seconds.append(time.perf_counter() - start)
            if not content.startswith(b"%PDF-"):
                raise RuntimeError(f"{move.name} is printed without a PDF")
        return seconds

    # Reconciliation ----------------------------------------------------------------

    def copy_invoices(self, url: str) -> int:
        return reconciling.copy_invoices(self.root, self.env, url)

    def compare(self, today: str) -> dict[str, Any]:
        with self.measured() as result:
            result |= reconciling.compare(self.root, self.env, today)
        return result

    # Screens -----------------------------------------------------------------------

    def post_one(self, url: str) -> int:
        return screens.post_one(self.root, self.env, url)

    def open_one(self, move: int, count: int) -> dict[str, Any]:
        return screens.open_one(self.root, self.env, move, count)

    def fill_list(self, move: int, count: int) -> None:
        screens.fill_list(self.root, move, count)

    def read_list(self, count: int) -> list[dict[str, Any]]:
        return screens.read_list(self.root, self.env, count)

    # Scheduled actions -------------------------------------------------------------

    def grow_old(self, recent: int) -> None:
        """Date the copies of an invoice anew: so many of 90 days, the others before.

        Those of the 90 days were asked for just now, if they were asked for at all.
        """
        for statement in (
            "UPDATE account_move SET date = day, invoice_date = day,"
            " connectwise_posted_at = day FROM (SELECT id,"
            " CURRENT_DATE - CASE WHEN number <= %(recent)s THEN number %% 90"
            " ELSE 91 + number %% 1734 END AS day FROM account_move move,"
            " CAST(substr(move.name, 2) AS integer) number"
            " WHERE move.name ~ '^L[0-9]+$') given WHERE given.id = account_move.id",
            "UPDATE connectwise_lookup SET asked_at = LOCALTIMESTAMP,"
            " retry_at = LOCALTIMESTAMP + INTERVAL '1 day'",
        ):
            self.cr.execute(statement, {"recent": recent})
        self.cr.commit()
        self.cr.execute("ANALYZE")
        self.cr.commit()
        self.root.invalidate_all()

    def run_hour(self) -> dict[str, Any]:
        """Run the scheduled actions as often as they run in an hour."""
        with self.measured() as result:
            for _quarter in range(4):
                self.root["connectwise.lookup"]._cron_prefetch()
            self.root["connectwise.sync"]._cron_sync()
        return result

    # Number rules ------------------------------------------------------------------

    def set_rules(self, count: int) -> None:
        """Set number rules, so that `count` numbers are asked for per invoice."""
        self.backend.number_rule_ids = [
            Command.clear(),
            *(
                Command.create({"field_name": "name", "pad_to": 4 + digits})
                for digits in range(1, count)
            ),
        ]

    def look_up(self, count: int) -> dict[str, Any]:
        """Look up invoices that ConnectWise does not have, as the background does."""
        customer = self.root["res.partner"].create({"name": "Unknown there"})
        common = {
            "move_type": "out_invoice",
            "partner_id": customer.id,
            "invoice_date": fields.Date.today(),
            "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 1})],
        }
        moves = self.env["account.move"].create(
            [{**common, "name": f"X{number}"} for number in range(1, count + 1)]
        )
        moves.action_post()
        with self.measured() as result:
            self.root["connectwise.lookup"]._cron_prefetch()
        result["missing"] = self.root["connectwise.lookup"].search_count(
            [("state", "=", "not_found")]
        )
        return result


# The sandbox -------------------------------------------------------------------------


def first_companies(url: str, count: int) -> list[dict[str, Any]]:
    """Return the first `count` companies that are not hard cases."""
    return list(islice(furnishing.ordinary_companies(SandboxClient(url)), count))


def ask(url: str, path: str, **params: Any) -> requests.Response:
    """Make a request without a session, as a simple script would."""
    response = requests.get(
        f"{url}/{defaults.FIXED_CODEBASE}apis/3.0/{path}",
        params,
        auth=(
            f"{defaults.COMPANY_LOGIN_ID}+{defaults.PUBLIC_KEY}",
            defaults.PRIVATE_KEY,
        ),
        headers={"clientId": defaults.CLIENT_ID},
        timeout=60,
    )
    response.raise_for_status()
    return response


def ask_companies(url: str, page: int) -> list[dict[str, Any]]:
    return ask(url, "company/companies", pageSize=NAIVE_PAGE, page=page).json()


# This process ------------------------------------------------------------------------


def reset_peak_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """Return the peak memory of this process since the last reset, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("Linux does not tell how much memory was used")


def main() -> None:
    database, smtp_port = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr
    with odoo_in_process(database, int(smtp_port)) as registry:
        serve(Worker(registry), answers)


def serve(worker: Worker, answers: TextIO) -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"result": getattr(worker, question["call"])(**question["with"])}
            worker.cr.commit()
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
            worker.cr.rollback()
            worker.root.invalidate_all(flush=False)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
