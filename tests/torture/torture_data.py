"""Fill a database with ordinary customers and invoices of the sandbox.

usage: torture_data.py DATABASE SANDBOX_URL INVOICES BATCH

Nothing was synchronized yet. A person has pressed Send for the first BATCH invoices,
but scheduled actions are switched off. Run it in a process of its own: Odoo is loaded
into it.
"""

import sys
from itertools import islice

from testbed import demo_data, furnishing
from testbed.in_process import odoo_in_process, transaction
from testbed.sandbox import SandboxClient

DRAWN = 8
"""How many of the first invoices have a PDF of Odoo's own."""


def main() -> None:
    database, url, invoices, batch = sys.argv[1:]
    with odoo_in_process(database) as registry, transaction(registry) as env:
        fill(env, SandboxClient(url), int(invoices), int(batch))


def fill(env, sandbox: SandboxClient, invoices: int, batch: int) -> None:
    """Make `invoices` invoices and at least as many customers."""
    accountant = furnishing.set_up(env)
    wanted = furnishing.ordinary_invoices(sandbox)[:invoices]
    needed = {furnishing.company_of(invoice) for invoice in wanted}
    companies = list(furnishing.ordinary_companies(sandbox))
    first = list(islice(companies, invoices))
    others = [company for company in companies[invoices:] if company["id"] in needed]
    customers = demo_data.make_customers(env, first + others)
    # Each customer has its own address, which identifies the receiver of an e-mail.
    for number, partner in customers.items():
        partner.email = f"customer{number}@customers.example"
    moves = furnishing.post_invoices(accountant, wanted, customers)
    furnishing.connect(accountant, sandbox)
    # If Odoo's own PDF is sent, it need not be rendered, which takes a while.
    furnishing.keep_own_pdfs(
        moves[:DRAWN].with_env(env), lambda move: b"%PDF-1.4 drawn by Odoo\n%%EOF"
    )
    model = accountant["account.move.send.batch.wizard"]
    send = model.with_context(active_model="account.move", active_ids=moves[:batch].ids)
    send.create({}).action_send_and_print()
    env.flush_all()
    env.cr.execute("UPDATE ir_cron SET active = false")


if __name__ == "__main__":
    main()
