"""Steps of test_uninstalling, each run in a process of its own with Odoo in it.

usage: uninstalling_steps.py DATABASE STEP SANDBOX_URL
"""

import base64
import json
import sys

from testbed import furnishing
from testbed.in_process import odoo_in_process, transaction
from testbed.sandbox import SandboxClient

ADDON = "benji_connectwise"


def furnish(env, sandbox: SandboxClient) -> None:
    """Make customers, and posted invoices with ConnectWise's numbers."""
    # An addon may have come since the database was made.
    env["ir.module.module"].update_list()
    furnishing.set_up_company(env)
    invoices = furnishing.ordinary_invoices(sandbox)
    by_company = {row["company_id"]: row for row in reversed(invoices)}
    known = [
        row
        for row in furnishing.ordinary_companies(sandbox)
        if row["account_number"]
        and row["contact_email"]
        and row["bill_to_company_id"] == row["id"]
        and not row["contact_inactive"]
        and by_company.get(row["id"], {}).get("total", 0) > 0
    ][:4]
    customers = furnishing.make_customers(env, known)
    posted = [by_company[company["id"]] for company in known]
    furnishing.post_invoices(env, posted, customers)
    # The synchronization will convert this contact.
    env["res.partner"].create(
        {
            "name": "By hand",
            "parent_id": customers[known[0]["id"]].id,
            "type": "other",
            "email": known[0]["contact_email"].upper(),
            "phone": "1",
        }
    )
    own = "[('id', '>', 0), ('company_id', '=', 1), ('name', 'ilike', 'connectwise')]"
    env["ir.filters"].create(
        {"name": "Stays", "model_id": "account.move", "domain": own}
    )
    lines = [(0, 0, {"name": "name"})]
    env["ir.exports"].create(
        {"name": "Mine", "resource": "account.move", "export_fields": lines}
    )
    make_rule(env, filter_domain=own)


def make_rule(env, **values) -> None:
    """Make an automation rule on invoices."""
    env["base.automation"].create(
        {
            "name": "Rule",
            "model_id": env["ir.model"]._get_id("account.move"),
            "trigger": "on_create_or_write",
            **values,
        }
    )


def use(env, sandbox: SandboxClient) -> None:
    """Connect, synchronize, fetch PDFs, and send one invoice."""
    backend = furnishing.connect(env, sandbox, auto_enable_contacts=True)
    backend.sync()
    backend.action_rescan()
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
    # The PDF that is replaced, which nobody received, becomes an ordinary file.
    ref = moves[1].connectwise_invoice_ref
    sandbox.patch_invoice(ref, {"reference": "changed there"})
    moves[1].action_refresh_pdf()
    refused = "[('connectwise_status', '=', 'refused')]"
    by_source = "{'group_by': ['invoice_pdf_source']}"
    env["ir.filters"].create(
        [
            {"name": "Mine", "model_id": "connectwise.mapping"},
            {"name": "Refused", "model_id": "account.move", "domain": refused},
            {"name": "By PDF", "model_id": "account.move", "context": by_source},
        ]
    )
    make_rule(env, filter_domain="[('invoice_pdf_preference', '=', 'odoo')]")
    preference = env["ir.model.fields"]._get("account.move", "invoice_pdf_preference")
    make_rule(env, trigger_field_ids=[(6, 0, preference.ids)])
    export = env["ir.exports"].search([("name", "=", "Mine")])
    export.export_fields = [(0, 0, {"name": "connectwise_status"})]
    env["ir.exports"].create(
        {
            "name": "Rows",
            "resource": "connectwise.mapping",
            "export_fields": [(0, 0, {"name": "connectwise_ref"})],
        }
    )


def uninstall(env, _sandbox: SandboxClient) -> None:
    module = env["ir.module.module"].search([("name", "=", ADDON)])
    module.button_immediate_uninstall()


def collect(env, _sandbox: SandboxClient) -> None:
    """Print the files of the first invoice, as an Invoicing user sees them."""
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


def main(database: str, step: str, url: str) -> None:
    with odoo_in_process(database) as registry, transaction(registry) as env:
        env = env(context={"tracking_disable": False})
        globals()[step](env, SandboxClient(url))


if __name__ == "__main__":
    main(*sys.argv[1:])
