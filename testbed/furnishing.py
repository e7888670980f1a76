"""A company, an accountant, customers, invoices and the connection, in Odoo's database.

Customers and invoices are those of a sandbox, in its simple form
(`connectwise_sandbox.export`). This command makes all of it in a database::

    python -m testbed.furnishing DATABASE SANDBOX_URL INVOICES
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from connectwise_sandbox.data import FIRST_COMPANY_ID

from .in_process import odoo_in_process, transaction
from .sandbox import ALL, AnySandbox, SandboxClient

Row = dict[str, Any]

SALES_TAX_PERCENT = 8.25
"""The sandbox's sales tax, which its totals include."""


# The company and its people ---------------------------------------------------------


def set_up(env) -> Any:
    """Set up the main company; return the environment of its accountant."""
    set_up_company(env)
    set_up_scheduled_actions(env)
    return env(user=make_accountant(env))


def set_up_company(env) -> None:
    """Let the main company use Invoicing, with the sandbox's sales tax."""
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


def make_accountant(env) -> Any:
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


def connect(env, sandbox: AnySandbox, **values: Any) -> Any:
    """Set up the priority *ConnectWise, Odoo* and the connection; return the latter."""
    backend = env["connectwise.backend"].create(
        {
            "server_url": sandbox.url,
            "company_login_id": sandbox.company_login_id,
            "public_key": sandbox.public_key,
            "private_key": sandbox.private_key,
            "client_id": sandbox.client_id,
            "sync_contacts": True,
            **values,
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
    return backend


def ask_for_reconciliation(env, today: str) -> None:
    """Start a comparison of the last months, if the reconciliation is installed."""
    if "connectwise.reconciliation.compare" not in env:
        return
    last = date.fromisoformat(today)
    dialog = env["connectwise.reconciliation.compare"].create(
        {"period": "other", "date_from": last - timedelta(days=90), "date_to": last}
    )
    dialog.action_compare()


# Customers --------------------------------------------------------------------------


def all_companies(sandbox: AnySandbox, after: int = 0) -> Iterator[Row]:
    """Yield the sandbox's companies with ids above `after`, in the order of ids."""
    while page := sandbox.export_companies(after):
        yield from page
        after = page[-1]["id"]


def ordinary_companies(sandbox: AnySandbox) -> Iterator[Row]:
    """Yield the sandbox's companies, without its hard cases."""
    return all_companies(sandbox, FIRST_COMPANY_ID - 1)


def customer_values(company: Row) -> dict[str, Any]:
    """Return the values of a customer that matches by Account ID, or else by name."""
    return {
        "name": company["name"],
        "ref": company["account_number"] if company["id"] % 2 else False,
        "email": f"accounts-{company['id']}@customer.example",
        "is_company": True,
        "customer_rank": 1,
    }


def make_customers(
    env,
    companies: Iterable[Row],
    values: Callable[[Row], dict[str, Any]] = customer_values,
) -> dict[int, Any]:
    """Return {id of the ConnectWise company: its customer}, in the order given."""
    companies = list(companies)
    Partner = env["res.partner"].with_context(mail_create_nosubscribe=True)
    partners = Partner.create([values(company) for company in companies])
    ids = [company["id"] for company in companies]
    return dict(zip(ids, partners, strict=True))


# Invoices ---------------------------------------------------------------------------


def ordinary_invoices(sandbox: AnySandbox) -> list[Row]:
    """Return the sandbox's invoices and credit notes, without its hard cases."""
    return [
        invoice
        for invoice in sandbox.export_invoices(limit=ALL)
        if re.fullmatch(r"(CW|CM)\d+", invoice["number"] or "")
    ]


def company_of(invoice: Row) -> int:
    """Return the id of the ConnectWise company that gets the invoice."""
    return invoice["bill_to_company_id"] or invoice["company_id"]


def post_invoices(
    env, invoices: Iterable[Row], customers: dict[int, Any], **values: Any
) -> Any:
    """Post these invoices and credit notes, and return them.

    :param values: values for all of them, instead of the usual ones
    :raises ValueError: if one does not have ConnectWise's total
    """
    invoices = list(invoices)
    moves = env["account.move"].create(
        [
            {**_invoice_values(env, invoice, customers[company_of(invoice)]), **values}
            for invoice in invoices
        ]
    )
    moves.action_post()
    currency = env.company.currency_id
    for move, invoice in zip(moves, invoices, strict=True):
        total = abs(invoice["total"])
        if currency.compare_amounts(move.amount_total, total):
            raise ValueError(f"{move.name}: {move.amount_total}, not {total}")
    return moves


def _invoice_values(env, invoice: Row, customer) -> dict[str, Any]:
    labels = {
        "agreement_amount": "Managed services agreement",
        "service_total": "Services",
        "product_total": "Products",
    }
    lines = [
        {
            "name": label,
            "price_unit": abs(invoice[field]),
            "tax_ids": [(6, 0, env.company.account_sale_tax_id.ids)],
        }
        for field, label in labels.items()
        if invoice[field]
    ]
    return {
        "move_type": "out_refund" if invoice["type"] == "CreditMemo" else "out_invoice",
        "name": invoice["number"],
        "partner_id": customer.id,
        "invoice_date": invoice["date"],
        "invoice_date_due": invoice["due_date"],
        "invoice_payment_term_id": False,
        "invoice_line_ids": [(0, 0, line) for line in lines],
    }


def keep_own_pdfs(moves, content: Callable[[Any], bytes]) -> None:
    """Store a PDF of Odoo's own for each invoice, as if Odoo had rendered it."""
    moves.env["ir.attachment"].create(
        [
            {
                "name": move._get_invoice_report_filename(),
                "raw": content(move),
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
            for move in moves
        ]
    )


def main() -> None:
    """Set up a database and post as many of the sandbox's invoices as asked for."""
    database, url, count = sys.argv[1:]
    sandbox = SandboxClient(url)
    with odoo_in_process(database) as registry, transaction(registry) as env:
        accountant = set_up(env)
        invoices = ordinary_invoices(sandbox)[: int(count)]
        needed = set(map(company_of, invoices))
        companies = [c for c in ordinary_companies(sandbox) if c["id"] in needed]
        customers = make_customers(env, companies)
        dates = {"invoice_date": date.today(), "invoice_date_due": date.today()}
        post_invoices(accountant, invoices, customers, **dates)
        connect(accountant, sandbox)


if __name__ == "__main__":
    main()
