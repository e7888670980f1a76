"""Steps of test_uninstalling, each in a process of its own: Odoo is loaded into it.

usage: uninstalling_steps.py DATABASE STEP [SANDBOX_URL]
"""

import base64
import json
import os
import sys
from typing import Any

import requests

ADDON = "benji_connectwise"


def furnish(env, url: str) -> None:
    """Make customers and posted invoices as ConnectWise has them, without the addon."""
    env["account.chart.template"].try_loading("generic_coa", env.company)
    env.company.external_report_layout_id = env.ref("web.external_layout_standard")
    companies = ask(url, "companies")
    invoices = ask(url, "invoices")
    # Not the sandbox's hard cases.
    usual = [row for row in invoices if (row["number"] or "").startswith("CW1")]
    by_company = {row["company_id"]: row for row in reversed(usual)}
    known = [
        row
        for row in companies
        if row["account_number"]
        and row["contact_email"]
        and row["bill_to_company_id"] == row["id"]
        and not row["contact_inactive"]
        and by_company.get(row["id"], {}).get("total", 0) > 0
    ][:4]
    for company in known:
        invoice = by_company[company["id"]]
        customer = env["res.partner"].create(
            {
                "name": company["name"],
                "ref": company["account_number"],
                "is_company": True,
                "customer_rank": 1,
                "email": f"office{company['id']}@example.com",
            }
        )
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": "2026-10-01",
                "name": invoice["number"],
                "invoice_line_ids": [
                    (0, 0, {"name": "Services", "price_unit": invoice["total"]})
                ],
            }
        )
        move.invoice_line_ids.tax_ids = False
        move.action_post()
    # One contact by hand, which the synchronization will take over.
    ref, email = known[0]["account_number"], known[0]["contact_email"]
    customer = env["res.partner"].search([("ref", "=", ref)])
    env["res.partner"].create(
        {
            "name": "By hand",
            "parent_id": customer.id,
            "type": "other",
            "email": email.upper(),
            "phone": "1",
        }
    )


def use(env, url: str) -> None:
    """Connect, synchronize, fetch PDFs, and send one invoice."""
    backend = env["connectwise.backend"].create(
        {
            "server_url": url,
            **json.loads(os.environ["SANDBOX_KEYS"]),
            "sync_contacts": True,
            "auto_enable_contacts": True,
        }
    )
    backend.action_test_connection()
    backend.sync()
    backend.action_rescan()
    env["invoice.pdf.source"].create({"source": "connectwise", "sequence": 1})
    moves = env["account.move"].search([("move_type", "=", "out_invoice")], order="id")
    pdfs = moves._get_preferred_invoice_pdfs()
    assert all(pdfs.values()), moves.mapped("connectwise_message")
    rows = env["connectwise.mapping"].search([("contact_id", "!=", False)])
    assert {"created", "converted"} <= set(rows.mapped("contact_origin")), rows
    send = env["account.move.send.wizard"].with_context(
        active_model="account.move", active_ids=moves[0].ids
    )
    send.create({"sending_methods": ["email"]}).action_send_and_print()
    assert moves[0].connectwise_sent_checksum
    env["ir.filters"].create(
        {"name": "Mine", "model_id": "connectwise.mapping", "domain": "[]"}
    )


def uninstall(env, _url: str) -> None:
    module = env["ir.module.module"].search([("name", "=", ADDON)])
    module.button_immediate_uninstall()


def collect(env, _url: str) -> None:
    """Print the files of the first invoice, as somebody in Invoicing sees them."""
    accountant = env["res.users"].create(
        {
            "name": "Accountant",
            "login": "only_invoicing",
            "group_ids": [(6, 0, env.ref("account.group_account_invoice").ids)],
        }
    )
    moves = env["account.move"].search([("move_type", "=", "out_invoice")], order="id")
    files = {
        move.name: [
            base64.b64encode(file.with_user(accountant).raw).decode()
            for file in env["ir.attachment"]
            .with_user(accountant)
            .search([("res_model", "=", "account.move"), ("res_id", "=", move.id)])
        ]
        for move in moves
    }
    print(json.dumps(files))
    env.cr.rollback()
    env["ir.attachment"]._gc_file_store_unsafe()


def ask(url: str, what: str) -> list[dict[str, Any]]:
    response = requests.get(f"{url}/_sandbox/export/{what}?limit=1000", timeout=30)
    return response.json()


def main(database: str, step: str, url: str = "") -> None:
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["--database", database, "--log-level", "warn"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": False})
        globals()[step](env, url)


if __name__ == "__main__":
    main(*sys.argv[1:])
