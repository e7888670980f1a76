"""The demo's database: a managed-service provider whose ConnectWise is the sandbox.

The customers and invoices are those of the sandbox, except some that differ on
purpose. This command fills a database that has the addon::

    python -m testbed.demo_data DATABASE SANDBOX_URL
"""

import json
import sys
from datetime import date, timedelta
from functools import partial
from typing import Any

from . import furnishing
from .databases import DEMO_ADDONS, addon_state
from .furnishing import Row
from .in_process import odoo_in_process, transaction
from .sandbox import AnySandbox, SandboxClient

SANDBOX = {"seed": 1, "companies": 50, "invoices": 122}
"""The data of the sandbox. Its date is the day of the demo's first start."""

SETTINGS = "benji_demo"
"""The ir.config_parameter with the settings that a later start needs."""

# Customers whose records differ from ConnectWise's, so that matching has work to do.
# LEFT_OUT: companies that only tests need, and one in the recycle bin.
LEFT_OUT = {504, 509, 511, 514, 515, 519, 520, 521, 522, 523}
NAMES_HERE = {
    508: "Riverside Pharmacy",  # two companies of that name there
    510: "Orchid Analytics",  # LLC and Inc. there
    516: "Baker and Sons Plumbing",  # & there
    518: "Cafe Manana Creperie",  # with accents there
}
NOT_IN_CONNECTWISE = ("Harborview Bakery", "Lindqvist Consulting")

# Invoices, by their position among the ordinary ones.
OTHER_AMOUNT = {9, 31, 52, 77, 98}
OTHER_CUSTOMER = {14, 40, 66, 91}
OTHER_DATE = {22, 59}
OTHER_KIND = {71}  # a credit memo there
PADDED_NUMBER = {17, 45, 60, 80, 103}
PREFIXED_NUMBER = {27, 62, 86}
PREFERS_ODOO = 101
HARD_INVOICES = {"CW-LARK-1": 301, "CW-TWICE-1": 305, "CW-TWICE-2": 307}
HARD_INVOICES |= {"CW-TWICE-3": 309, "CW-EURO-1": 311}
OWN_INVOICES = 5


def main() -> None:
    database, url = sys.argv[1:]
    with odoo_in_process(database) as registry, transaction(registry) as env:
        fill(env, SandboxClient(url))


def fill(env, sandbox: AnySandbox) -> None:
    """Fill `env`'s database, which has the addon installed."""
    accountant = furnishing.set_up(env)
    customers = make_customers(env, sandbox.export_companies())
    make_invoices(accountant, sandbox, customers)
    furnishing.connect(accountant, sandbox)
    show_every_state(accountant)
    furnishing.ask_for_reconciliation(accountant, sandbox.today)
    open_at_invoices(env)
    settings = {
        **SANDBOX,
        "today": str(sandbox.today),
        "addon_state": addon_state(*DEMO_ADDONS),
    }
    env["ir.config_parameter"].set_param(SETTINGS, json.dumps(settings))


# Customers --------------------------------------------------------------------------


def make_customers(env, companies: list[Row]) -> dict[int, Any]:
    """Return {id of the ConnectWise company: its customer}, in the order of ids."""
    kept = [company for company in companies if company["id"] not in LEFT_OUT]
    states = {state.code: state.id for state in env.ref("base.us").state_ids}
    values = partial(customer_values, env.ref("base.us").id, states)
    by_id = furnishing.make_customers(env, kept, values)
    Partner = env["res.partner"].with_context(mail_create_nosubscribe=True)
    Partner.create(
        [
            {"name": name, "is_company": True, "customer_rank": 1, "ref": f"X{number}"}
            for number, name in enumerate(NOT_IN_CONNECTWISE, start=1)
        ]
    )
    # Entered by hand before, so that the synchronization converts them.
    Partner.create(
        [
            {
                "name": company["contact_name"],
                "email": company["contact_email"],
                "parent_id": by_id[company["id"]].id,
            }
            for company in kept
            if company["id"] % 7 == 0 and company["contact_email"]
        ]
    )
    return by_id


def customer_values(country: int, states: dict[str, int], company: Row) -> Row:
    number = company["id"]
    name = NAMES_HERE.get(number, company["name"])
    if number % 11 == 0:  # a typing error
        name = name.replace("e", "a", 1)
    domain = (company["website"] or "").removeprefix("www.")
    email = f"accounts@{domain}"
    if number % 5 == 0:  # the Bill-To contact's is known to accounting already
        email = company["contact_email"] or email
    return {
        "name": name,
        "is_company": True,
        "customer_rank": 1,
        "ref": None
        if number in NAMES_HERE or number % 6 == 0
        else company["account_number"],
        "street": company["address_line1"],
        "street2": company["address_line2"],
        "city": company["city"],
        "state_id": states.get(company["state"]),
        "zip": company["zip"],
        "country_id": country,
        "phone": company["phone"],
        "email": email,
    }


# Invoices ---------------------------------------------------------------------------


def make_invoices(env, sandbox: AnySandbox, customers: dict[int, Any]) -> None:
    """Post the invoices and credit notes, each with the total it has to have."""
    by_id = {invoice["id"]: invoice for invoice in sandbox.export_invoices()}
    hard = [by_id[number] for number in HARD_INVOICES.values()]
    ordinary = furnishing.ordinary_invoices(sandbox)
    own = [
        {**invoice, "number": f"HW{2001 + index}", "company_id": number}
        for index, (invoice, number) in enumerate(
            zip(ordinary[4::20], list(customers)[-OWN_INVOICES:], strict=False)
        )
    ][:OWN_INVOICES]
    # The ordinary ones come last, because Odoo continues the newest invoice's number.
    varied = [
        vary(index, invoice, list(customers)) for index, invoice in enumerate(ordinary)
    ]
    moves = furnishing.post_invoices(env, own + hard + varied, customers)
    moves[len(own + hard) + PREFERS_ODOO].write(
        {
            "invoice_pdf_preference": "odoo",
            "invoice_pdf_preference_reason": "The customer wants our own layout",
        }
    )


def vary(index: int, invoice: Row, companies: list[int]) -> Row:
    """Return the sandbox's `invoice`, changed if it has to differ in Odoo."""
    if index in OTHER_AMOUNT:
        tax = round(furnishing.SALES_TAX_PERCENT, 2)
        return {
            **invoice,
            "service_total": invoice["service_total"] + 100,
            "total": invoice["total"] + 100 + tax,
        }
    if index in OTHER_CUSTOMER:
        place = companies.index(invoice["company_id"])
        return {
            **invoice,
            "company_id": companies[place - 1],
            "bill_to_company_id": None,
        }
    if index in OTHER_DATE:
        day = date.fromisoformat(invoice["date"]) + timedelta(days=1)
        return {**invoice, "date": str(day)}
    if index in OTHER_KIND:
        return {**invoice, "type": "Standard"}
    if index in PADDED_NUMBER:
        return {**invoice, "number": invoice["number"].replace("CW", "CW0")}
    if index in PREFIXED_NUMBER:
        return {**invoice, "number": f"INV-{invoice['number']}"}
    return invoice


# ConnectWise ------------------------------------------------------------------------


def show_every_state(env) -> None:
    """Synchronize, then bring one row into each possible state by hand."""
    backend = env["connectwise.backend"].search([], limit=1)
    backend.sync(full=True)
    rows = env["connectwise.mapping"].search([("backend_id", "=", backend.id)])
    connected = rows.filtered("connectwise_company_id")
    with_contact = connected.filtered("contact_id")
    with_contact[:3].enable_contact()
    connected[-1].action_disconnect()
    unconnected = (rows - connected).filtered(lambda row: not row.has_conflict)
    taken = connected.connectwise_company_id
    free = env["connectwise.company"].search(
        [
            ("backend_id", "=", backend.id),
            ("id", "not in", taken.ids),
            ("is_deleted", "=", False),
        ],
        limit=1,
    )
    if unconnected and free:
        unconnected[0].connect(free)


def open_at_invoices(env) -> None:
    """Show people the list of invoices when they log in."""
    people = env["res.users"].search([("share", "=", False)])
    people.action_id = env.ref("account.action_move_out_invoice").id


if __name__ == "__main__":
    main()
