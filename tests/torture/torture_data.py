"""Fill a database with customers and invoices of the sandbox, none of them difficult.

usage: torture_data.py DATABASE SANDBOX_URL INVOICES BATCH

Nothing was synchronized yet. A person has pressed Send for the first BATCH invoices,
but scheduled actions are switched off. Run in a process of its own: Odoo is loaded
into it.
"""

import sys
from base64 import b64encode
from itertools import islice

import demo_data
from demo_data import Sandbox

DRAWN = 8
"""How many of the first invoices have a PDF of Odoo's own."""


def main() -> None:
    database, url, invoices, batch = sys.argv[1:]
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["--database", database, "--log-level", "warn"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        fill(env, Sandbox(url), int(invoices), int(batch))


def fill(env, sandbox: Sandbox, invoices: int, batch: int) -> None:
    """Make `invoices` invoices and at least as many customers."""
    demo_data.set_up_company(env)
    accountant = demo_data.make_accountant(env)
    wanted = list(
        islice((row for row in sandbox.invoices if is_ordinary(row)), invoices)
    )
    needed = {row["bill_to_company_id"] or row["company_id"] for row in wanted}
    rows = []
    for row in all_companies(sandbox):
        if row["id"] > 1000 and (row["id"] in needed or len(rows) < invoices):
            rows.append(row)
            needed.discard(row["id"])
    by_id = demo_data.make_customers(env, rows)
    # Each customer its own address, so that an e-mail's reader is known by it.
    for number, partner in by_id.items():
        partner.email = f"customer{number}@customers.example"
    env = env(user=accountant)
    moves = env["account.move"].create(
        [demo_data.invoice_values(env, row, by_id) for row in wanted]
    )
    moves.action_post()
    demo_data.connect(env, sandbox)
    # Sent by Odoo alone, these need no drawing, which takes a while.
    for move in moves[:DRAWN]:
        move.invoice_pdf_report_file = b64encode(b"%PDF-1.4 drawn by Odoo\n%%EOF")
    model = env["account.move.send.batch.wizard"]
    send = model.with_context(active_model="account.move", active_ids=moves[:batch].ids)
    send.create({}).action_send_and_print()
    env.flush_all()
    env.cr.execute("UPDATE ir_cron SET active = false")


def is_ordinary(row) -> bool:
    return (row["number"] or "").startswith(("CW1", "CM1"))


def all_companies(sandbox: Sandbox):
    last = 0
    while page := sandbox.ask(f"export/companies?after={last}&limit=1000"):
        yield from page
        last = page[-1]["id"]


if __name__ == "__main__":
    main()
