"""After uninstalling, only the PDFs that customers received are left."""

import base64
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing

import pytest
import uninstalling_steps
from psycopg2 import sql
from uninstalling_steps import ADDON

from connectwise_sandbox import Sandbox
from testbed.databases import install, prepare_account
from testbed.environment import odoo_environment
from testbed.postgresql import FILES, Database, copied_database, postgresql

DATABASE = "benji_uninstalling"

# Columns that say when or by whom, or count.
TIDE = {"write_date", "write_uid", "create_date", "create_uid"}

NO_TRACE = {
    "ir_module_module",  # the addon is known there, installed or not
    "ir_module_module_dependency",
    "ir_module_category",
    "ir_cron",  # when each ran last
    "ir_cron_trigger",
    "ir_cron_progress",
    "ir_logging",
    "bus_bus",
    "base_registry_signaling",
    "mail_mail",  # the e-mail that was sent
    "mail_message",  # what people read in the chatter
    "mail_notification",
    "mail_message_res_partner_rel",
    "message_attachment_rel",
    "mail_tracking_value",
    "mail_followers",
    "ir_attachment",  # looked at below
    "mail_mail_res_partner_rel",
    "account_move_send_wizard",
    "account_move_send_wizard_res_partner_rel",
    "orm_signaling_registry",
    "ir_model_constraint",  # Odoo leaves the name of one that it dropped
}

SENT = {
    "account_move": {
        "access_token",
        "is_manually_modified",
        "is_move_sent",
        "message_main_attachment_id",
        "sending_data",
    },
    "res_partner": {"signup_type"},
}
"""Columns that Odoo writes when it sends an invoice."""


class Story:
    """The database before the addon was installed, and after it was uninstalled."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.run("furnish")
        self.before = self.dump()
        install(DATABASE, ADDON)
        self.run("use")
        self.run("uninstall")
        self.files = json.loads(self.run("collect").splitlines()[-1])
        self.after = self.dump()

    def run(self, step: str) -> str:
        return subprocess.run(
            [
                sys.executable,
                uninstalling_steps.__file__,
                DATABASE,
                step,
                self.sandbox.url,
            ],
            env=odoo_environment(self.sandbox.host),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def dump(self) -> dict[str, Counter]:
        """Return {table: its rows}, without values that always change."""
        names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        rows = sql.SQL("SELECT to_jsonb(t) FROM {} t")
        with closing(Database(DATABASE)) as database:
            return {
                table: Counter(
                    json.dumps(
                        {k: v for k, v in row.items() if k not in TIDE}, sort_keys=True
                    )
                    for (row,) in database.query(rows.format(sql.Identifier(table)))
                )
                for (table,) in database.query(names)
            }

    def stored_files(self) -> set[str]:
        store = FILES / DATABASE
        return {
            f"{path.parent.name}/{path.name}"
            for path in store.rglob("*")
            if path.is_file() and "checklist" not in path.parts
        }


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        sandbox = stack.enter_context(
            Sandbox(seed=1, companies=40, invoices=60, today="2026-10-31")
        )
        stack.enter_context(copied_database(prepare_account(), DATABASE))
        install(DATABASE, "base_automation")
        yield Story(sandbox)


def test_uninstalled_addon_leaves_no_table_or_column(story: Story) -> None:
    assert story.after.keys() == story.before.keys()
    for table, rows in story.after.items():
        [columns] = {frozenset(json.loads(row)) for row in rows} or [frozenset()]
        [known] = {frozenset(json.loads(row)) for row in story.before[table]} or [
            columns
        ]
        assert columns == known or not rows, table


def test_uninstalled_addon_leaves_no_row(story: Story) -> None:
    left = {}
    for table in story.after.keys() - NO_TRACE:
        before, after = story.before[table], story.after[table]
        before = without(SENT.get(table, ()), before)
        after = without(SENT.get(table, ()), after)
        if before != after:
            left[table] = {"more": after - before, "less": before - after}
    assert not left


def without(columns: Collection[str], rows: Counter) -> Counter:
    if not columns:
        return rows
    dicts = map(json.loads, rows.elements())
    return Counter(
        json.dumps({k: v for k, v in row.items() if k not in columns}, sort_keys=True)
        for row in dicts
    )


def test_received_pdf_is_kept_as_a_file_of_its_invoice(story: Story) -> None:
    """People in Invoicing can open it."""
    sent, *others = story.files
    refs = {row["number"]: row["id"] for row in story.sandbox.export_invoices()}
    received = base64.b64encode(story.sandbox.invoice_pdf(refs[sent])).decode()
    assert story.files[sent].count(received) >= 1
    assert not any(story.files[number] for number in others)


def test_pdf_that_nobody_received_is_deleted(story: Story) -> None:
    """Its file is deleted, too."""
    new = story.after["ir_attachment"] - story.before["ir_attachment"]
    files = [json.loads(row) for row in new.elements()]
    invoices = [row for row in files if row["res_model"] == "account.move"]
    assert {row["res_field"] for row in invoices} == {None}
    assert len({row["res_id"] for row in invoices}) == 1
    kept = {json.loads(row)["store_fname"] for row in story.after["ir_attachment"]}
    assert story.stored_files() <= kept | {
        json.loads(row)["store_fname"] for row in story.before["ir_attachment"]
    }


def test_other_new_files_are_odoos_own(story: Story) -> None:
    new = story.after["ir_attachment"] - story.before["ir_attachment"]
    models = {json.loads(row)["res_model"] for row in new.elements()}
    assert models <= {"account.move", "ir.ui.view", "mail.message", None}, models
