"""A real Odoo with workers, and what is around it.

Nothing is patched, and no test runs inside Odoo: it is driven as a browser drives it.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests
from aiosmtpd.controller import Controller

from connectwise_sandbox import Sandbox
from environment import LOCAL, ROOT, background, free_port, wait_for

DATABASE = "benji_end_to_end"
LOG = LOCAL / "end_to_end.log"


class Mailbox:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        return "250 kept"

    def about(self, number: str) -> list[EmailMessage]:
        """Return the e-mails whose subject names this invoice."""
        return [mail for mail in self.messages if f"{number})" in f"{mail['subject']})"]

    def wait_for(self, number: str, seconds: float = 20) -> EmailMessage:
        """Return the only e-mail about this invoice, once it is here."""
        deadline = time.monotonic() + seconds
        while not self.about(number):
            assert time.monotonic() < deadline, f"no e-mail about {number}"
            time.sleep(0.1)
        [mail] = self.about(number)
        return mail


def attached_files(mail: EmailMessage) -> list[bytes]:
    return [part.get_payload(decode=True) for part in mail.iter_attachments()]


class Person:
    """Somebody at a browser; without a login, a stranger."""

    def __init__(self, url: str, login: str = "", database: str = DATABASE) -> None:
        self.url = url
        self.session = requests.Session()
        if login:
            params = {"db": database, "login": login, "password": login}
            self._ask("/web/session/authenticate", params)

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a model, as the web client does."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._ask(f"/web/dataset/call_kw/{model}/{method}", params)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=60, **options)

    def _ask(self, path: str, params: dict[str, Any]) -> Any:
        answer = self.session.post(
            f"{self.url}{path}", json={"params": params}, timeout=120
        ).json()
        assert "error" not in answer, answer["error"]["data"]["debug"]
        return answer.get("result")  # left out where it is None


class Odoo:
    """The running Odoo, the people at it, and what is around it."""

    def __init__(self, url: str, sandbox: Sandbox, mailbox: Mailbox) -> None:
        self.url = url
        self.sandbox = sandbox
        self.mailbox = mailbox
        self.accountant = Person(url, "accountant")
        self.admin = Person(url, "admin")
        self.stranger = Person(url)
        self._refs = {
            invoice["number"]: invoice["id"] for invoice in sandbox.export_invoices()
        }

    def close(self) -> None:
        for person in (self.accountant, self.admin, self.stranger):
            person.session.close()

    @property
    def log(self) -> str:
        return LOG.read_text(encoding="utf-8")

    def invoice(self, number: str) -> int:
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
        """Send invoices by the dialog: one at once, several by a scheduled action."""
        ids = [self.invoice(number) for number in numbers]
        model = "account.move.send.wizard"
        if len(ids) > 1:
            model = "account.move.send.batch.wizard"
        context = {"active_model": "account.move", "active_ids": ids}
        wizard = self.accountant.call(model, "create", {}, context=context)
        self.accountant.call(model, "action_send_and_print", [wizard], context=context)

    def run_scheduled_action(self, name: str) -> None:
        module, _, name = name.partition(".")
        domain = [["module", "=", module], ["name", "=", name]]
        [data] = self.admin.call("ir.model.data", "search_read", domain, ["res_id"])
        problem = self.admin.call("ir.cron", "method_direct_trigger", [data["res_id"]])
        assert problem in (None, True), f"it failed: {problem}"

    def end_pause(self) -> None:
        """Let Odoo ask ConnectWise again, after a failure."""
        [backend] = self.accountant.call("connectwise.backend", "search", [])
        self.accountant.call("connectwise.backend", "action_test_connection", [backend])


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def odoo_command(database: str, log: Path, *options: str) -> list[str]:
    """Return the command that runs Odoo on `database`, writing to `log`."""
    command = [sys.executable, str(ROOT / "scripts" / "odoo_server.py")]
    command += ["--database", database, "--db-filter", f"^{database}$"]
    return [*command, "--logfile", str(log), *options]


@contextmanager
def odoo_server(environment: dict[str, str], smtp_port: int) -> Iterator[str]:
    """Run Odoo without scheduled actions: the tests run these when they want to."""
    port = free_port()
    options = ["--workers", "2", "--max-cron-threads", "0"]
    options += ["--http-port", str(port), "--gevent-port", str(free_port())]
    options += ["--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)]
    LOG.unlink(missing_ok=True)
    command = odoo_command(DATABASE, LOG, *options)
    with background(command, env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/web/health", process)
        yield url
