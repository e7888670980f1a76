"""The demo's Odoo, its users and the services around it.

Nothing is patched, and no test runs inside Odoo. It is driven as by a browser.
"""

from typing import Any

from connectwise_sandbox import Sandbox
from testbed.mailbox import Mailbox
from testbed.odoo_process import OdooProcess


class Odoo:
    """A running Odoo server with the demo's data."""

    def __init__(self, process: OdooProcess, sandbox: Sandbox, mailbox: Mailbox):
        self.database = process.database
        self.sandbox = sandbox
        self.mailbox = mailbox
        self.accountant = process.person("accountant")
        self.admin = process.person("admin")
        self.stranger = process.person()
        self._log = process.log
        self._refs = {
            invoice["number"]: invoice["id"] for invoice in sandbox.export_invoices()
        }

    def close(self) -> None:
        for person in (self.accountant, self.admin, self.stranger):
            person.close()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def invoice(self, number: str) -> int:
        """Return the id of the invoice with this number."""
        [found] = self.accountant.call(
            "account.move", "search", [["name", "=", number]]
        )
        return found

    def connectwise_pdf(self, number: str) -> bytes:
        return self.sandbox.invoice_pdf(self._refs[number])

    def portal(self, number: str, **options: Any) -> str:
        """Return the path with the token that a customer gets by e-mail."""
        move = self.invoice(number)
        return self.accountant.call("account.move", "get_portal_url", [move], **options)

    def send(self, *numbers: str) -> None:
        self.accountant.send(*map(self.invoice, numbers))

    def run_scheduled_action(self, name: str) -> None:
        self.admin.run_scheduled_action(name)

    def end_pause(self) -> None:
        """Let Odoo ask ConnectWise again, after a failure."""
        [backend] = self.accountant.call("connectwise.backend", "search", [])
        self.accountant.call("connectwise.backend", "action_test_connection", [backend])
