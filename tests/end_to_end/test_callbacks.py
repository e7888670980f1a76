"""ConnectWise calls, and what changed is in Odoo at once."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from connectwise_sandbox import Sandbox
from testbed import demo_data
from testbed.databases import prepare_template
from testbed.environment import free_port, run_module, wait_until
from testbed.odoo_process import OdooProcess
from testbed.person import Person
from testbed.postgresql import Database, copied_database, postgresql

SECONDS = 60
"""As long as is waited on a busy machine; on a quiet one it takes two."""


@dataclass
class Called:
    """An Odoo whose scheduled actions run, and which ConnectWise calls."""

    sandbox: Sandbox
    admin: Person
    database: Database

    def company(self) -> dict[str, Any]:
        """Return a connected company with a Bill-To contact that has an address."""
        domain = [["contact_email", "!=", False], ["mapping_ids", "!=", False]]
        fields = ["contact_ref", "contact_email", "mapping_ids"]
        companies = self.admin.call(
            "connectwise.company", "search_read", domain, fields, limit=1
        )
        return companies[0]

    def change_address(self, contact: int, address: str) -> None:
        items = self.sandbox.get_record("contacts", contact)["communicationItems"]
        for item in items:
            if item["communicationType"] == "Email":
                item["value"] = address
        self.sandbox.patch_contact(contact, {"communicationItems": items})

    def wait_for_address(self, mapping: int, address: str) -> bool:
        def is_there() -> bool:
            [row] = self.admin.call(
                "connectwise.mapping", "read", [mapping], ["contact_id"]
            )
            [partner] = self.admin.call(
                "res.partner", "read", [row["contact_id"][0]], ["email"]
            )
            return partner["email"] == address

        return wait_until(is_there, SECONDS)

    def count_changes(self) -> int:
        """Return how many calls wait to be worked off."""
        query = "SELECT count(*) FROM connectwise_callback_change"
        return self.database.value(query)


@pytest.fixture(scope="module")
def called() -> Iterator[Called]:
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        sandbox = stack.enter_context(Sandbox(**demo_data.SANDBOX, today="2026-10-31"))
        name = stack.enter_context(copied_database(prepare_template(), "benji_called"))
        run_module("testbed.demo_data", name, sandbox.url, local_hosts=sandbox.host)
        database = Database(name)
        stack.callback(database.close)
        # Nothing is due but what a call asks for.
        database.query("UPDATE ir_cron SET nextcall = '2100-01-01'")
        database.query("UPDATE connectwise_backend SET last_sync = '2026-01-01'")
        port = free_port()
        hosts = f"{sandbox.host},127.0.0.1:{port}"
        process = OdooProcess(
            name,
            port=port,
            workers=2,
            crons=1,
            environment={"BENJI_CONNECTWISE_LOCAL_HOSTS": hosts},
        )
        admin = stack.enter_context(process).person("admin")
        stack.callback(admin.close)
        admin.call("ir.config_parameter", "set_param", "web.base.url", process.url)
        [backend] = admin.call("connectwise.backend", "search", [])
        settings = admin.call(
            "connectwise.callback.settings", "create", {"backend_id": backend}
        )
        admin.call("connectwise.callback.settings", "action_switch_on", [settings])
        yield Called(sandbox, admin, database)


def test_changed_bill_to_address_is_in_odoo_within_seconds(called: Called) -> None:
    company = called.company()
    address = f"new.{company['contact_email']}"
    called.change_address(company["contact_ref"], address)
    assert called.wait_for_address(company["mapping_ids"][0], address)


def test_badly_signed_call_changes_nothing(called: Called) -> None:
    # The run that the test before started may not have ended yet.
    assert wait_until(lambda: called.count_changes() == 0, SECONDS)
    called.sandbox.call_as("wrongly_signed")
    called.sandbox.callbacks.pauses = ()
    company = called.company()
    called.change_address(company["contact_ref"], f"x.{company['contact_email']}")
    assert called.sandbox.callbacks.wait(SECONDS)
    assert called.sandbox.calls()[-1]["status"] == 404
    assert called.count_changes() == 0
