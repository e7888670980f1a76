"""Fill a database with a managed-service provider whose ConnectWise is the sandbox.

usage: demo_data.py DATABASE SANDBOX_URL

The customers and invoices are those of the sandbox, but for some that differ on
purpose. Run in a process of its own: Odoo is loaded into it.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

import requests

from databases import addon_state

SANDBOX = {"seed": 1, "companies": 50, "invoices": 122}
"""The data that the sandbox has to serve; the date is the day of the first start."""

SETTINGS = "benji_demo"
"""The ir.config_parameter with what a later start has to know."""

SALES_TAX_PERCENT = 8.25

# Customers whose records differ from ConnectWise's, so that matching has work to do.
# Left out: records that only a test wants to see, and one in the recycle bin.
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
HARD_INVOICES = {"CW-LARK-1": 301, "CW-TWICE-1": 305, "CW-TWICE-2": 307}
HARD_INVOICES |= {"CW-TWICE-3": 309, "CW-EURO-1": 311}
OWN_INVOICES = 5


@dataclass(frozen=True)
class Sandbox:
    """What the running sandbox tells about itself and its records."""

    url: str

    def ask(self, path: str) -> Any:
        response = requests.get(f"{self.url}/_sandbox/{path}", timeout=30)
        response.raise_for_status()
        return response.json()

    @property
    def companies(self) -> list[dict[str, Any]]:
        return self.ask("export/companies?limit=1000")

    @property
    def invoices(self) -> list[dict[str, Any]]:
        return self.ask("export/invoices?limit=1000")


def main() -> None:
    database, url = sys.argv[1:]
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["--database", database, "--log-level", "warn"])
    with Registry(database).cursor() as cr:
        fill(api.Environment(cr, SUPERUSER_ID, {}), Sandbox(url))


def fill(env, sandbox: Sandbox) -> None:
    """Make everything in `env`'s database, which has the addon installed."""
    set_up_company(env)
    accountant = make_accountant(env)
    set_up_scheduled_actions(env)
    customers = make_customers(env, sandbox.companies)
    env = env(user=accountant)
    make_invoices(env, sandbox.invoices, customers)
    connect(env, sandbox)
    show_every_state(env)
    settings = {**SANDBOX, "today": sandbox.ask("")["today"]}
    settings["addon_state"] = addon_state()
    env["ir.config_parameter"].sudo().set_param(SETTINGS, json.dumps(settings))


def set_up_company(env) -> None:
    company = env.company
    company.write(
        {
            "name": "Acme Managed IT",
            "street": "200 Harbor Road",
            "city": "Tampa",
            "state_id": env.ref("base.state_us_10").id,
            "zip": "33602",
            "country_id": env.ref("base.us").id,
            "phone": "(555) 555-0100",
            "email": "billing@acme-managed-it.example",
            "website": "https://www.acme-managed-it.example",
            "currency_id": env.ref("base.USD").id,
            "logo": False,
            "paperformat_id": env.ref("base.paperformat_us").id,
            # Otherwise the first print asks how documents should look.
            "external_report_layout_id": env.ref("web.external_layout_standard").id,
            # Otherwise the first log-in looks the company up on the internet.
            "iap_enrich_auto_done": True,
        }
    )
    env["account.chart.template"].try_loading("generic_coa", company)
    company.tax_calculation_rounding_method = "round_globally"
    company.account_sale_tax_id = env["account.tax"].create(
        {
            "name": f"Sales Tax {SALES_TAX_PERCENT}%",
            "amount": SALES_TAX_PERCENT,
            "type_tax_use": "sale",
            "tax_group_id": company.account_sale_tax_id.tax_group_id.id,
        }
    )


def make_accountant(env):
    """Return a user who administers Invoicing and nothing else; give admin the same."""
    manager = env.ref("account.group_account_manager")
    common = {"tz": "America/New_York", "odoobot_state": "disabled"}
    env.ref("base.user_admin").write(
        {
            **common,
            "group_ids": [(4, manager.id)],
            "email": "admin@acme-managed-it.example",
            "tour_enabled": False,
        }
    )
    users = env["res.users"].with_context(no_reset_password=True)
    return users.create(
        {
            **common,
            "name": "Alex Accountant",
            "login": "accountant",
            "password": "accountant",
            "email": "accountant@acme-managed-it.example",
            "group_ids": [(6, 0, manager.ids)],
        }
    )


def set_up_scheduled_actions(env) -> None:
    """Stop what reports to odoo.com or mails unasked; send e-mails every minute."""
    for name in (
        "mail.ir_cron_module_update_notification",
        "digest.ir_cron_digest_scheduler_action",
    ):
        env.ref(name).active = False
    env.ref("mail.ir_cron_mail_scheduler_action").write(
        {"interval_number": 1, "interval_type": "minutes"}
    )


# Customers --------------------------------------------------------------------------


def make_customers(env, companies: list[dict[str, Any]]) -> dict[int, Any]:
    """Return {id of the ConnectWise company: its customer}, in the order of ids."""
    kept = [company for company in companies if company["id"] not in LEFT_OUT]
    Partner = env["res.partner"].with_context(mail_create_nosubscribe=True)
    states = {state.code: state.id for state in env.ref("base.us").state_ids}
    partners = Partner.create(
        [customer_values(env, company, states) for company in kept]
    )
    Partner.create(
        [
            {"name": name, "is_company": True, "customer_rank": 1, "ref": f"X{number}"}
            for number, name in enumerate(NOT_IN_CONNECTWISE, start=1)
        ]
    )
    by_id = dict(zip((company["id"] for company in kept), partners, strict=True))
    # Entered by hand before: the sync makes these contacts its own.
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


def customer_values(env, company: dict[str, Any], states: dict[str, int]) -> dict:
    number = company["id"]
    name = NAMES_HERE.get(number, company["name"])
    if number % 11 == 0:  # a slip of the pen
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
        "country_id": env.ref("base.us").id,
        "phone": company["phone"],
        "email": email,
    }


# Invoices ---------------------------------------------------------------------------


def make_invoices(env, invoices: list[dict[str, Any]], customers: dict[int, Any]):
    """Post the invoices and credit notes, each with the total it has to have."""
    by_id = {invoice["id"]: invoice for invoice in invoices}
    hard = [by_id[number] for number in HARD_INVOICES.values()]
    ordinary = [
        invoice
        for invoice in invoices
        if (invoice["number"] or "").startswith(("CW1", "CM1"))
    ]
    own = [
        {**invoice, "number": f"HW{2001 + index}", "company_id": number}
        for index, (invoice, number) in enumerate(
            zip(ordinary[4::20], list(customers)[-OWN_INVOICES:], strict=False)
        )
    ][:OWN_INVOICES]
    # The ordinary ones come last: Odoo goes on with the number of the newest invoice.
    wanted = (
        own
        + hard
        + [
            vary(index, invoice, list(customers))
            for index, invoice in enumerate(ordinary)
        ]
    )
    moves = env["account.move"].create(
        [invoice_values(env, invoice, customers) for invoice in wanted]
    )
    moves.action_post()
    for move, invoice in zip(moves, wanted, strict=True):
        if env.company.currency_id.compare_amounts(
            move.amount_total, abs(invoice["total"])
        ):
            raise ValueError(
                f"{move.name}: {move.amount_total}, not {invoice['total']}"
            )


def vary(index: int, invoice: dict[str, Any], companies: list[int]) -> dict[str, Any]:
    """Return `invoice` with another amount or customer where one is wanted."""
    if index in OTHER_AMOUNT:
        tax = round(SALES_TAX_PERCENT, 2)
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
    return invoice


def invoice_values(env, invoice: dict[str, Any], customers: dict[int, Any]) -> dict:
    customer = customers[invoice["bill_to_company_id"] or invoice["company_id"]]
    tax = env.company.account_sale_tax_id
    labels = {
        "agreement_amount": "Managed services agreement",
        "service_total": "Services",
        "product_total": "Products",
    }
    return {
        "move_type": "out_refund" if invoice["type"] == "CreditMemo" else "out_invoice",
        "name": invoice["number"],
        "partner_id": customer.id,
        "invoice_date": invoice["date"],
        "invoice_date_due": invoice["due_date"],
        "invoice_payment_term_id": False,
        "invoice_line_ids": [
            (
                0,
                0,
                {
                    "name": label,
                    "price_unit": abs(invoice[field]),
                    "tax_ids": [(6, 0, tax.ids)],
                },
            )
            for field, label in labels.items()
            if invoice[field]
        ],
    }


# ConnectWise ------------------------------------------------------------------------


def connect(env, sandbox: Sandbox) -> None:
    """Make the connection and the priority *ConnectWise PSA, Odoo*."""
    backend = env["connectwise.backend"].create(
        {
            "server_url": sandbox.url,
            "company_login_id": "acme",
            "public_key": "sandboxPublicKey",
            "private_key": "sandboxPrivateKey",
            "client_id": "11111111-2222-4333-8444-555555555555",
            "sync_contacts": True,
        }
    )
    backend.action_test_connection()
    if backend.state != "connected":
        raise RuntimeError(backend.last_error)
    env["invoice.pdf.source"].create(
        [
            {"source": source, "sequence": sequence}
            for sequence, source in enumerate(("connectwise", "odoo"), start=1)
        ]
    )


def show_every_state(env) -> None:
    """Synchronize, then do by hand what leaves a row in each state it can have."""
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


if __name__ == "__main__":
    main()
