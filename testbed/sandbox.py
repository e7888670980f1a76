"""The ConnectWise sandbox, in another process or in this one."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from connectwise_sandbox import Sandbox, defaults

from .environment import ROOT, background, free_port, wait_for


class SandboxClient:
    """A sandbox in another process, through its control API.

    Its methods are called like those of `Sandbox`.
    """

    company_login_id = defaults.COMPANY_LOGIN_ID
    public_key = defaults.PUBLIC_KEY
    private_key = defaults.PRIVATE_KEY
    client_id = defaults.CLIENT_ID

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def host(self) -> str:
        return self.url.partition("//")[2]

    @property
    def today(self) -> str:
        return self._ask("GET", "")["today"]

    def export_companies(self, after: int = 0, limit: int = 1000) -> list[Any]:
        return self._ask("GET", f"export/companies?after={after}&limit={limit}")

    def export_invoices(self, after: int = 0, limit: int = 1000) -> list[Any]:
        return self._ask("GET", f"export/invoices?after={after}&limit={limit}")

    def patch_company(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        return self._ask("PATCH", f"companies/{number}", **changes)

    def patch_invoice(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        return self._ask("PATCH", f"invoices/{number}", **changes)

    def requests(self) -> list[dict[str, Any]]:
        return self._ask("GET", "requests")

    def clear_requests(self) -> None:
        self._ask("DELETE", "requests")

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(
            method, f"{self.url}/_sandbox/{path}", json=body, timeout=60
        )
        answer.raise_for_status()
        return answer.json()


AnySandbox = Sandbox | SandboxClient
ALL = 10**9
"""The `limit` for an export of everything."""


@contextmanager
def sandbox_process(*, port: int = 0, **options: Any) -> Iterator[SandboxClient]:
    """Run a sandbox in a process of its own while the block runs.

    :param options: options of the sandbox's command line, such as ``latency_ms=100``
    """
    port = port or free_port()
    command = [sys.executable, "-m", "connectwise_sandbox", f"--port={port}"]
    command += [f"--{name.replace('_', '-')}={options[name]}" for name in options]
    with background(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process)
        yield SandboxClient(url)


@dataclass(frozen=True)
class Served:
    """A PDF that ConnectWise served, and its invoice at that moment."""

    pdf: bytes
    number: str
    companies: frozenset[int]
    total: float


class WatchedSandbox(Sandbox):
    """A sandbox in this process that reports requests and remembers served PDFs."""

    def __init__(self, *sizes: int, **options: Any) -> None:
        self.tell: Callable[[str], None] = lambda event: None
        """Called with "request", then with the endpoint, then with "answer"."""
        super().__init__(*sizes, **options)

    def reset(self) -> None:
        super().reset()
        self.served: list[Served] = []

    def due_fault(self, endpoint: str):
        self.tell("request")
        self.tell(endpoint)
        return super().due_fault(endpoint)

    def log_request(self, entry: dict[str, Any]) -> None:
        super().log_request(entry)
        self.tell("answer")

    def invoice_pdf(self, number: int) -> bytes:
        pdf = super().invoice_pdf(number)
        invoice = self.get_record("invoices", number)
        companies = (invoice.get("company"), invoice.get("billToCompany"))
        self.served.append(
            Served(
                pdf,
                invoice.get("invoiceNumber") or "",
                frozenset(company["id"] for company in companies if company),
                invoice["total"],
            )
        )
        return pdf
