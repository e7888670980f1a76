"""The database that is measured, in Odoo's process, and how it is prepared.

A function that runs there takes the `Worker`, and commits.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from testbed import furnishing
from testbed.sandbox import SandboxClient


class Worker:
    """One database in this process, and the people who use it."""

    def __init__(self, registry: Any) -> None:
        from odoo import SUPERUSER_ID, api

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
        from odoo import sql_db

        self.cr.commit()
        self.root.invalidate_all()
        gc.collect()
        reset_peak_memory()
        memory = psutil.Process().memory_info().rss
        statements = sql_db.sql_counter
        start, processor = time.perf_counter(), time.process_time()
        result: dict[str, Any] = {}
        yield result
        self.root.flush_all()
        self.cr.commit()
        result["seconds"] = time.perf_counter() - start
        result["processor"] = time.process_time() - processor
        result["statements"] = sql_db.sql_counter - statements
        result["memory_mb"] = (peak_memory() - memory) / 2**20


def reset_peak_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """Return the peak memory of this process since the last reset, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("Linux does not tell how much memory was used")


# Preparing ---------------------------------------------------------------------------


def set_up(worker: Worker) -> None:
    furnishing.set_up(worker.root)
    # No scheduled action may run during a measurement, unless it is measured.
    worker.root["ir.cron"].search([]).active = False
    worker.root.ref("account.ir_cron_account_move_send").active = True


def connect(worker: Worker, url: str) -> None:
    furnishing.connect(worker.env, SandboxClient(url))


def make_customers(worker: Worker, url: str, count: int) -> int:
    """Make customers of the first companies that are not hard cases.

    Odoo makes one, and PostgreSQL copies it, because there are many.
    """
    companies = first_companies(url, count)
    columns = [
        name
        for name, field in worker.root["res.partner"]._fields.items()
        if field.store and field.column_type
    ]
    model = worker.root["res.partner"].create(
        {"name": "Model", "is_company": True, "customer_rank": 1}
    )
    worker.root.flush_all()
    own = {
        "id": "data.id",
        "name": "data.name",
        "complete_name": "data.name",
        "commercial_company_name": "data.name",
        "ref": "data.ref",
        "commercial_partner_id": "data.id",
    }
    worker.cr.execute(
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
    worker.cr.commit()
    worker.cr.execute("ANALYZE res_partner")
    worker.cr.commit()
    return len(companies)


def first_companies(url: str, count: int) -> list[dict[str, Any]]:
    """Return the first `count` companies that are not hard cases."""
    return list(islice(furnishing.ordinary_companies(SandboxClient(url)), count))
