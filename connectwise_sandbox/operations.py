"""The operations that inspect and change the sandbox while it runs.

The control API and `Sandbox` both call only these methods.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from . import defaults, export, hard_case_rows, hard_cases
from .callbacks import MANNERS, Callbacks
from .data import Generator
from .fault_list import EFFECTS
from .faults import Fault, Faults
from .keys import KeyRing
from .pdf import invoice_pdf
from .schema import COMPANY, CONTACT, ENTITIES, INVOICE
from .store import Store

# Requests kept in the log; the oldest are forgotten first.
LOG_LENGTH = 100_000


class Operations:
    """The state of one sandbox, and the methods that inspect and change it."""

    def __init__(
        self,
        seed: int = defaults.SEED,
        companies: int = defaults.COMPANIES,
        invoices: int = defaults.INVOICES,
        latency_ms: float = 0,
        today: str = defaults.TODAY,
    ) -> None:
        self.seed = seed
        self.today = date.fromisoformat(today)
        self._sizes = (companies, invoices)
        self._first_latency_ms = latency_ms
        self._lock = threading.RLock()
        self._faults = Faults(EFFECTS)
        self._log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.callbacks = Callbacks()
        self.reset()

    def reset(self) -> None:
        """Restore the initial state: data, keys, codebase, no faults."""
        with self._lock:
            companies, invoices = self._sizes
            cases = hard_cases.choose(companies, invoices)
            store = Store()
            Generator(
                self.seed,
                companies - sum(len(case.companies) for case in cases),
                invoices - sum(len(case.invoices) for case in cases),
                self.today,
            ).fill(store)
            hard_case_rows.insert(store, cases, self.today)
            store.create_indexes()
            self.store = store
            self.hard_cases = {case.name: case.describe() for case in cases}
            self.keys = KeyRing(defaults.COMPANY_LOGIN_ID)
            self.version = defaults.VERSION
            self.keys.put(defaults.PUBLIC_KEY, defaults.PRIVATE_KEY, "full")
            self.keys.put(defaults.PDF_PUBLIC_KEY, defaults.PDF_PRIVATE_KEY, "pdf_only")
            self.codebase = defaults.CODEBASE
            self.latency_ms = self._first_latency_ms
            self._pdfs: dict[int, bytes] = {}
            self._now = datetime.combine(self.today, time(12))
            self._faults.clear()
            self._log.clear()
            self.callbacks.end()
            self.callbacks = Callbacks()

    # Keys, codebase, latency

    def create_key(self, public_key: str, private_key: str, role: str) -> None:
        """Create a key (roles: see `keys.ROLES`), or replace one."""
        self.keys.put(public_key, private_key, role)

    def change_role(self, public_key: str, role: str) -> None:
        """Give the member of a key another role."""
        self.keys.change_role(public_key, role)

    def revoke_key(self, public_key: str) -> None:
        """Make a key invalid, so that it gets 401."""
        self.keys.revoke(public_key)

    def move_codebase(self, codebase: str = "") -> str:
        """Move the API to `codebase`, or to the next version; return the new one."""
        with self._lock:
            if not codebase:
                year, _, release = self.codebase.strip("/v").partition("_")
                codebase = f"v{year}_{int(release) + 1}"
            self.codebase = codebase.rstrip("/") + "/"
            return self.codebase

    def set_latency(self, milliseconds: float) -> None:
        """Make every answer of the API take this much longer."""
        self.latency_ms = milliseconds

    # Records. Changes are shaped as the API shows records; each one moves lastUpdated.

    def get_record(self, table: str, number: int) -> dict[str, Any]:
        """Return a whole record of ``companies``, ``contacts`` or ``invoices``."""
        return self.store.read(ENTITIES[table], number)

    def patch_record(
        self, table: str, number: int, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Change fields of a record and return it."""
        record = self._patch(table, number, changes)
        self.callbacks.note(table, record, "updated")
        return record

    def _patch(
        self, table: str, number: int, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        with self._lock:
            changes = {"_info": {"lastUpdated": self._moment()}, **changes}
            self.store.change(ENTITIES[table], number, changes)
            return self.get_record(table, number)

    def create_record(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Create a record with these fields and usual ones, and return it."""
        entity = ENTITIES[table]
        with self._lock:
            number = int(values.get("id") or self.store.next_id(entity))
            self.store.insert(table, [_usual_columns(table, number, self.today)])
            rest = {key: value for key, value in values.items() if key != "id"}
            record = self._patch(table, number, rest)
        self.callbacks.note(table, record, "added")
        return record

    def delete_record(self, table: str, number: int) -> None:
        """Delete a record, so that its id gets 404."""
        self.store.delete(ENTITIES[table], number)
        self.callbacks.note(table, {"id": number}, "deleted")

    def patch_company(self, number: int, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a company, e.g. ``{"name": "New", "billingContact": {"id": 7}}``."""
        return self.patch_record("companies", number, changes)

    def patch_contact(self, number: int, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a contact, e.g. ``{"inactiveFlag": True}``."""
        return self.patch_record("contacts", number, changes)

    def patch_invoice(self, number: int, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change an invoice, e.g. ``{"total": 12.5}``; its PDF follows."""
        return self.patch_record("invoices", number, changes)

    def create_company(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Create a company."""
        return self.create_record("companies", values)

    def create_contact(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Create a contact."""
        return self.create_record("contacts", values)

    def create_invoice(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Create an invoice."""
        return self.create_record("invoices", values)

    def delete_company(self, number: int) -> None:
        """Delete a company for good."""
        self.delete_record("companies", number)

    def delete_invoice(self, number: int) -> None:
        """Delete an invoice for good."""
        self.delete_record("invoices", number)

    def recycle_company(self, number: int) -> dict[str, Any]:
        """Move a company to the recycle bin: it stays listed, with deletedFlag."""
        with self._lock:
            moment = self._moment()
            changes = {
                "deletedFlag": True,
                "dateDeleted": moment,
                "deletedBy": "zAdmin",
            }
            return self.patch_company(number, changes)

    def merge_company(self, number: int, into: int) -> dict[str, Any]:
        """Merge a company into another one, which gets its contacts and invoices.

        The old id is gone then. No document says what ConnectWise does with it.
        """
        with self._lock:
            self.store.read(COMPANY, into)
            self.delete_company(number)
            self.store.replace_everywhere("contacts", "company_id", number, into)
            for column in ("company_id", "bill_to_company_id"):
                self.store.replace_everywhere("invoices", column, number, into)
            self.store.replace_everywhere(
                "companies", "bill_to_company_id", number, into
            )
            return self.patch_company(into, {})

    # PDFs

    def invoice_pdf(self, number: int) -> bytes:
        """Return the PDF of an invoice, or raise 404 when there is no such invoice."""
        record = self.store.read_text(INVOICE, number)
        given = self._pdfs.get(number)
        return invoice_pdf(self.seed, record) if given is None else given

    def set_invoice_pdf(self, number: int, pdf: bytes | None) -> None:
        """Serve these bytes as an invoice's PDF; None restores the drawn one."""
        self.store.read_text(INVOICE, number)
        if pdf is None:
            self._pdfs.pop(number, None)
        else:
            self._pdfs[number] = pdf

    def behave_like(self, report: Mapping[str, Any]) -> None:
        """Behave like the ConnectWise that a report of scripts/tenant-check describes.

        The report tells its codebase, version, refusals and callbacks.
        """
        seen = {
            name: check.get("seen") or {} for name, check in report["checks"].items()
        }
        codebase = seen.get("codebase", {}).get("codebase")
        if codebase:
            self.move_codebase(codebase)
        self.version = seen.get("version", {}).get("newest") or self.version
        status = seen.get("missing_client_id", {}).get("status")
        self.keys.status_without_client_id = int(status or 403)
        if seen.get("callbacks", {}).get("allowed") is False:
            self.change_role(defaults.PUBLIC_KEY, "no_callbacks")

    # Callbacks

    def call_as(self, manner: str, seconds: float = 0) -> None:
        """Call in this manner from now on; see `callbacks.MANNERS`."""
        if manner not in MANNERS:
            raise ValueError(f"No manner {manner!r}; there are: {', '.join(MANNERS)}.")
        self.callbacks.manner, self.callbacks.seconds = manner, seconds

    def change_signing_key(self) -> None:
        """Sign calls with another key from now on."""
        self.callbacks.change_key()

    def switch_callback_off(self, number: int) -> None:
        """Make a callback inactive, as ConnectWise does after days of failures."""
        self.callbacks.switch_off(number)

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls made so far, oldest first."""
        return list(self.callbacks.log)

    # Export, log, faults

    def export_companies(self, after: int = 0, limit: int = 1000) -> list[Any]:
        """Return companies with ids above `after` in simple form, Bill-To included."""
        return export.companies(self.store, after, limit)

    def export_invoices(self, after: int = 0, limit: int = 1000) -> list[Any]:
        """Return invoices with ids above `after` in simple form."""
        return export.invoices(self.store, after, limit)

    def requests(self) -> list[dict[str, Any]]:
        """Return the API requests received so far, oldest first, without secrets."""
        return list(self._log)

    def clear_requests(self) -> None:
        """Forget the requests received so far."""
        self._log.clear()

    def log_request(self, entry: dict[str, Any]) -> None:
        """Append to the log; called by the application."""
        self._log.append(entry)

    def fault(
        self,
        name: str,
        endpoint: str = "any",
        *,
        nth: int = 1,
        times: int = 1,
        seconds: float | None = None,
    ) -> None:
        """Set a fault; see `faults.Fault` for what the arguments mean."""
        self._faults.add(Fault(name, endpoint, nth, times, seconds))

    def clear_faults(self) -> None:
        """Remove all faults; stalled calls end at once."""
        self._faults.clear()

    def active_faults(self) -> list[dict[str, object]]:
        """Return the faults that are set, with counts of calls seen and struck."""
        return self._faults.active()

    def due_fault(self, endpoint: str) -> Fault | None:
        """Return the fault for this call; called by the application, once a call."""
        return self._faults.due(endpoint)

    def _moment(self) -> str:
        """Advance the sandbox's clock by a second, and return its time.

        It is not the real time, so that the same changes give the same data.
        """
        self._now += timedelta(seconds=1)
        return self._now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _usual_columns(table: str, number: int, today: date) -> dict[str, Any]:
    if table == COMPANY.table:
        return {
            "id": number,
            "identifier": f"New{number}",
            "name": f"New Company {number}",
            "status_id": 1,
            "bill_to_company_id": number,
            "currency": "USD",
            "deleted": 0,
            "types": "[]",
        }
    if table == CONTACT.table:
        return {
            "id": number,
            "first_name": "New",
            "inactive": 0,
            "default_contact": 0,
            "default_billing": 0,
        }
    zeros = "agreement_amount service_total product_total subtotal sales_tax total"
    return {
        "id": number,
        "type": "Standard",
        "status_id": 1,
        "date": f"{today}T00:00:00Z",
        "due_date": f"{today + timedelta(30)}T00:00:00Z",
        "currency": "USD",
        **dict.fromkeys([*zeros.split(), "payments", "credits"], 0.0),
    }
