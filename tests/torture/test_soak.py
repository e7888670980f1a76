"""Ordinary work for as long as there is time, while ConnectWise is up and down."""

import random
import re
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import invariants
import psutil
import psycopg2
import pytest
import requests
import table
from mails import invoices_to_send
from messages import SENTENCES, check_secrets, check_sentences
from odoo_server import MAIL, PREFETCH, SEND, SYNC, OdooServer

from testbed.person import Person

FAULTS = (
    "unavailable",
    "rate_limit",
    "reset_in_body",
    "html_200",
    "malformed_json",
    "pdf_truncated",
    "moved_codebase",
    "server_timeout",
)

MOST_GROWTH = 80
"""Megabytes that a worker may have more at the end than in the middle."""

REFUSALS = ("UserError", "AccessError", "ValidationError", "MissingError", "LockError")
"""Odoo's ways to say no with a sentence."""


NEW_RECORD = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
COMPLAINT = re.compile(
    r"\A.* (?:ERROR|CRITICAL) (?s:.)*benji_connectwise"
    r"|\A.* WARNING .*benji_connectwise"
)
GIVES_WAY = re.compile(r"could not (?:serialize|obtain lock)|deadlock detected")
"""Odoo begins again by itself what met somebody else's change."""


class Reader:
    """The part of an environment that the invariants need."""

    def __init__(self, cursor) -> None:
        self.cr = cursor

    def flush_all(self) -> None:
        """Do nothing: this process has no unsaved values."""


class Work:
    """Several people working in Odoo until the time is over."""

    def __init__(self, odoo: OdooServer, seconds: float) -> None:
        self.odoo = odoo
        self.seconds = seconds
        self.end = 0.0
        self.halfway: dict[int, float] = {}
        self.random = random.Random(1)
        self.violations: list[str] = []
        self.done = 0
        self.tried: Counter[tuple[str, str]] = Counter()
        self.succeeded: set[tuple[str, str]] = set()
        [self.accountant] = odoo.people("accountant", 1)
        self.tokens = self._tokens()
        self.unsent = [number for number, _customer in invoices_to_send(odoo)]
        # Not every wkhtmltopdf can render several invoices at once.
        drawn = b64encode(b"%PDF-1.4 drawn by Odoo\n%%EOF").decode()
        unsent = [["name", "in", self.unsent]]
        ids = self.accountant.call("account.move", "search", unsent)
        values = {"invoice_pdf_report_file": drawn}
        self.accountant.call("account.move", "write", ids, values)

    def _tokens(self) -> list[str]:
        ids = self.accountant.call(
            "account.move", "search", [["move_type", "=", "out_invoice"]], limit=20
        )
        return [
            self.accountant.call("account.move", "get_portal_url", [number])
            for number in ids
        ]

    def go_on(self) -> bool:
        return time.monotonic() < self.end and len(self.violations) < 20

    def run(self) -> None:
        actions: list[Callable[[], None]] = [
            self.look,
            self.look,
            self.manage,
            self.change_connectwise,
        ]
        self.end = time.monotonic() + self.seconds
        threads = [threading.Thread(target=action) for action in actions]
        for thread in threads:
            thread.start()
        while self.go_on():
            self.odoo.let_time_pass()
            self.end_rest()
            time.sleep(1)
            if time.monotonic() > self.end - self.seconds / 2:
                self.halfway = self.halfway or memory(self.odoo)
        for thread in threads:
            thread.join()

    def end_rest(self) -> None:
        # Only for one of them: each change makes a running synchronization start again.
        self.odoo.query(
            "UPDATE connectwise_backend SET retry_at = NULL, sync_retry_at = NULL"
            " WHERE retry_at IS NOT NULL OR sync_retry_at IS NOT NULL"
        )

    def note(self, text: str) -> None:
        self.violations.append(text)

    # -- People --------------------------------------------------------------------

    def look(self) -> None:
        """Open invoices in the portal."""
        with requests.Session() as session:
            while self.go_on():
                path = self.random.choice(self.tokens)
                kind = self.random.choice(("html", "pdf", "pdf&download=true"))
                url = f"{self.odoo.url}{path}&report_type={kind}"
                response = session.get(url, timeout=60)
                self.done += 1
                if response.status_code >= 500:
                    self.note(f"the portal answered {response.status_code}")
                elif kind != "html" and not response.content.startswith(b"%PDF"):
                    self.note(f"a PDF begins with {response.content[:20]!r}")

    def manage(self) -> None:
        """Do an accountant's work; a refusal with a sentence is no failure."""
        person = self.accountant
        [backend] = person.call("connectwise.backend", "search", [])
        person.call("connectwise.mapping", "action_open_report")
        rows = person.call("connectwise.mapping", "search", [], limit=40)
        moves = person.call(
            "account.move", "search", [["move_type", "=", "out_invoice"]], limit=20
        )
        while self.go_on():
            row = self.random.choice(rows)
            move = self.random.choice(moves)
            act = self.random.choice(
                (
                    ("connectwise.mapping", "get_report_status"),
                    ("connectwise.mapping", "action_open_report"),
                    ("connectwise.backend", "action_test_connection", [backend]),
                    ("connectwise.backend", "sync", [backend]),
                    ("account.move", "action_refresh_pdf", [move]),
                    ("account.move", "read", [move], ["connectwise_message"]),
                    ("connectwise.mapping", "action_connect", [row]),
                    ("connectwise.mapping", "action_disconnect", [row]),
                )
            )
            self.attempt(person, *act)

    def attempt(self, person: Person, *call) -> None:
        self.done += 1
        self.tried[call[:2]] += 1
        try:
            person.call(*call)
            self.succeeded.add(call[:2])
        except AssertionError as error:
            last = str(error).strip().splitlines()[-1]
            if not any(kind in last for kind in REFUSALS):
                self.note(f"{call[:2]}: {last}")

    # -- ConnectWise ---------------------------------------------------------------

    def change_connectwise(self) -> None:
        sandbox = self.odoo.sandbox
        ids = [company["id"] for company in sandbox.export_companies(limit=500)]
        while self.go_on():
            number = self.random.choice(ids)
            sandbox.patch_company(number, {"city": f"City {self.done}"})
            fault = self.random.choice(FAULTS)
            sandbox.fault(fault, "any", times=self.random.randint(1, 4), seconds=1)
            time.sleep(0.5)
            sandbox.clear_faults()
            time.sleep(0.5)


def memory(odoo: OdooServer) -> dict[int, float]:
    """Return the megabytes of each process of the server."""
    master = psutil.Process(odoo.process.pid)
    return {
        child.pid: child.memory_info().rss / 1e6
        for child in master.children(recursive=True)
        if child.is_running()
    }


@pytest.mark.usefixtures("long_only")
def test_ordinary_work_never_fails(start_odoo, share) -> None:
    """Nothing fails, grows or is left over, and every request is done."""
    seconds = share(0.1)
    with start_odoo(workers=2, crons=1) as odoo:
        odoo.switch_on(SYNC, PREFETCH, SEND, MAIL)
        odoo.start()
        work = Work(odoo, seconds)
        work.run()
        after, before = memory(odoo), work.halfway
        growth = max(after[pid] - before[pid] for pid in after if pid in before)
        violations = work.violations
        if growth > MOST_GROWTH:
            violations.append(f"a worker grew by {growth:.0f} MB")
        for act, times in work.tried.items():
            if times >= 10 and act not in work.succeeded:
                violations.append(f"{act} was refused all of {times} times")
        if work.done < seconds:
            violations.append(f"only {work.done} actions in {seconds:.0f} s")
        odoo.sandbox.clear_faults()
        # First companies are read, then invoices are sent, then their e-mails.
        for _ in range(3):
            work.end_rest()
            odoo.run_due_actions()
        violations += check_afterwards(odoo, work.unsent)
    note = f"{work.done} actions, workers grew by at most {growth:.0f} MB"
    table.record("soak", work.done, violations, note)
    assert violations == []


def check_afterwards(odoo: OdooServer, numbers: list[str]) -> list[str]:
    log = odoo.log.read_text(encoding="utf-8")
    with closing(psycopg2.connect(dbname=odoo.database)) as connection:
        reader = Reader(connection.cursor())
        violations = [
            *invariants.check_rows(reader),
            *invariants.check_contacts(reader),
            *invariants.check_leftovers(reader),
            *invariants.check_nothing_runs(reader),
            *check_secrets(reader, odoo.sandbox, log),
        ]
    [person] = odoo.people("accountant", 1)
    said = [
        (where, record[name])
        for where, (model, name) in SENTENCES.items()
        for record in person.call(model, "search_read", [], [name])
    ]
    violations += check_sentences(said)
    violations += [
        record[:300]
        for record in re.split(NEW_RECORD, log)
        if re.search(COMPLAINT, record) and not re.search(GIVES_WAY, record)
    ][:5]
    for number in numbers:
        mails = odoo.mailbox.about(number)
        if len(mails) != 1:
            violations.append(f"{number} was mailed {len(mails)} times")
    return violations
