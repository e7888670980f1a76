"""Several people and processes act at once, or get in each other's way (R3)."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import table
from odoo_server import SYNC, OdooServer
from outcome import differences, outcome

from testbed.environment import LOCAL, wait_until
from testbed.person import Person

POSTGRESQL_LOG = LOCAL / "postgresql" / "log"
PEOPLE = 8
RUNNING = "already"


@pytest.fixture(scope="module")
def odoo(start_odoo) -> Iterator[OdooServer]:
    with start_odoo(workers=4, crons=2) as odoo:
        odoo.switch_on(SYNC)
        odoo.start()
        yield odoo


@pytest.fixture(scope="module")
def people(odoo: OdooServer) -> Iterator[list[Person]]:
    people = odoo.people("accountant", PEOPLE)
    # The first request of each worker is slow.
    at_once([lambda person=person: backend_of(person) for person in people] * 2)
    yield people
    for person in people:
        person.session.close()


@pytest.fixture(autouse=True)
def no_deadlock() -> Iterator[None]:
    size = POSTGRESQL_LOG.stat().st_size if POSTGRESQL_LOG.exists() else 0
    yield
    if POSTGRESQL_LOG.exists():
        with POSTGRESQL_LOG.open(encoding="utf-8", errors="replace") as log:
            log.seek(size)
            assert "deadlock" not in log.read()


def at_once(calls: list[Callable[[], Any]]) -> list[tuple[float, str]]:
    """Make all calls at once; return the seconds and the error or None of each."""

    def measure(call: Callable[[], Any]) -> tuple[float, str]:
        started = time.monotonic()
        try:
            call()
        except AssertionError as error:
            return time.monotonic() - started, str(error)
        return time.monotonic() - started, ""

    with ThreadPoolExecutor(len(calls)) as executor:
        return [
            future.result() for future in [executor.submit(measure, c) for c in calls]
        ]


def backend_of(person: Person) -> int:
    [backend] = person.call("connectwise.backend", "search", [])
    return backend


def rescan(person: Person, backend: int, **options: bool) -> None:
    """Press Rescan in its dialog."""
    model = "connectwise.mapping.rescan"
    dialog = person.call(model, "create", {"backend_id": backend, **options})
    person.call(model, "action_rescan", [dialog])


def unexpected(results: list[tuple[float, str]]) -> list[str]:
    """Return the errors that are not meant for people."""
    return [
        error[-500:]
        for _seconds, error in results
        if error and not re.search(r"odoo.exceptions.(User|Validation)Error", error)
    ]


def test_only_one_of_simultaneous_rescans_runs(
    odoo: OdooServer, people: list[Person], undisturbed, is_long: bool
) -> None:
    """The others are told at once."""
    expected, _requests = undisturbed
    backend = backend_of(people[0])
    violations: list[str] = []
    told: list[float] = []
    counts = (2, 4, 8) if is_long else (8,)
    for number, count in enumerate(counts, start=1):
        # On a busy machine, it takes seconds until all are told.
        odoo.sandbox.set_latency(5000)
        odoo.sandbox.clear_requests()
        pressing = [
            lambda person=person: rescan(person, backend, get_all_entries=True)
            for person in people[:count]
        ]
        directly = [
            lambda person=person: person.call(
                "connectwise.backend", "sync", [backend], True
            )
            for person in people[:count]
        ]
        results = at_once(pressing)
        wait_until(odoo.sandbox.requests, 10)
        # Once it is running, the same again without the background.
        results += at_once(pressing) + at_once(directly)
        if count_done(odoo) >= number:
            violations.append("some were told only after its end")
        violations += unexpected(results)
        refused = [seconds for seconds, error in results if RUNNING in error]
        if len(refused) != len(results) - 1:
            violations.append(f"{len(refused)} of {len(results)} were told")
        told += refused
        odoo.sandbox.set_latency(0)
        wait_until(lambda: not odoo.is_busy(), 60)
        if count_done(odoo) != number:
            violations.append(f"{number} were asked for, {count_done(odoo)} done")
        found = outcome(odoo)
        violations += differences(found, expected | {"history": found["history"]})
    if is_long and max(told) > 1:
        violations.append(f"one was told after {max(told):.1f} s")
    table.record(
        "R3",
        len(told) + len(counts),
        violations,
        f"up to {max(counts)} rescans at once; others are told in {max(told):.2f} s",
    )
    assert not violations, "\n".join(violations)


def count_done(odoo: OdooServer) -> int:
    return odoo.value("SELECT count(*) FROM connectwise_sync WHERE state = 'done'")


def test_rescan_and_people_keep_each_others_work(
    odoo: OdooServer, people: list[Person]
) -> None:
    """People connect, disconnect and enable while all companies are read."""
    odoo.run_due_actions()
    rows = odoo.query(
        """SELECT id FROM connectwise_mapping WHERE contact_id IS NOT NULL
            ORDER BY id LIMIT 9"""
    )
    ids = [row for (row,) in rows]
    to_connect, to_disconnect, to_enable = ids[:3], ids[3:6], ids[6:9]
    free = [
        company
        for (company,) in odoo.query(
            """SELECT id FROM connectwise_company company WHERE NOT is_deleted
                  AND NOT EXISTS (SELECT 1 FROM connectwise_mapping
                                   WHERE connectwise_company_id = company.id)
                ORDER BY id DESC LIMIT 3"""
        )
    ]
    mapping = "connectwise.mapping"
    edits = [
        *(
            lambda person, row=row, company=company: person.call(
                mapping, "connect", [row], company
            )
            for row, company in zip(to_connect, free, strict=True)
        ),
        *(
            lambda person, row=row: person.call(mapping, "action_disconnect", [row])
            for row in to_disconnect
        ),
        *(
            lambda person, row=row: person.call(mapping, "enable_contact", [row])
            for row in to_enable
        ),
    ]
    odoo.sandbox.set_latency(200)
    rescan(people[0], backend_of(people[0]), get_all_entries=True)
    odoo.wake()
    violations, made = [], 0
    # Some at each moment of the reading, and of the storing after it.
    for begin in range(3):
        wait_until(lambda: False, 0.4)
        results = at_once(
            [
                lambda person=person, edit=edit: edit(person)
                for person, edit in zip(people, edits[begin::3], strict=False)
            ]
        )
        made += len(results)
        violations += unexpected(results)
        violations += [error[-200:] for _seconds, error in results if error]
    odoo.sandbox.set_latency(0)
    odoo.run_due_actions()
    state = dict(
        odoo.query(
            """SELECT mapping.id, ARRAY[connectwise_company_id::text, connection,
                                        disconnected::text, bill_to.decision]
                 FROM connectwise_mapping mapping
                 LEFT JOIN connectwise_bill_to bill_to
                        ON bill_to.mapping_id = mapping.id
                WHERE mapping.id = ANY(%s)""",
            ids,
        )
    )
    for row, company in zip(to_connect, free, strict=True):
        if state[row][:2] != [str(company), "manual"]:
            violations.append(f"connected to {company} by hand, now {state[row]}")
    for row in to_disconnect:
        if state[row][0] or state[row][2] != "true":
            violations.append(f"disconnected by hand, now {state[row]}")
    for row in to_enable:
        if state[row][3] != "enabled":
            violations.append(f"enabled by hand, now {state[row]}")
    violations += [
        f"customer {customer} has {count} contacts"
        for customer, count in odoo.query(
            """SELECT parent_id, count(*) FROM res_partner WHERE active
                  AND is_connectwise_contact GROUP BY 1 HAVING count(*) > 1"""
        )
    ]
    violations += [
        f"a synchronization is left as {sync}"
        for (sync,) in odoo.query(
            "SELECT state FROM connectwise_sync WHERE state != 'done'"
        )
    ]
    table.record("R3", made, violations, "people change rows while all is read anew")
    assert not violations, "\n".join(violations)


def test_invoice_opened_and_sent_at_once_has_one_file(
    odoo: OdooServer, people: list[Person]
) -> None:
    """Everybody gets it."""
    [(move, number), (other, _number)] = odoo.query(
        """SELECT id, name FROM account_move
            WHERE state = 'posted' AND sending_data IS NULL ORDER BY id LIMIT 2"""
    )
    path, warm = (
        people[0].call("account.move", "get_portal_url", [record], report_type="pdf")
        for record in (move, other)
    )
    strangers = odoo.people("", PEOPLE)
    answers = []

    def open_invoice(stranger: Person, path: str) -> None:
        answers.append(stranger.get(path))

    at_once([lambda s=s: open_invoice(s, warm) for s in strangers])
    odoo.sandbox.clear_requests()
    odoo.sandbox.set_latency(200)
    answers.clear()
    results = at_once([lambda s=s: open_invoice(s, path) for s in strangers])
    asked = Counter(request["endpoint"] for request in odoo.sandbox.requests())
    refs = {row["number"]: row["id"] for row in odoo.sandbox.export_invoices()}
    pdf = odoo.sandbox.invoice_pdf(refs[number])
    violations = unexpected(results)
    violations += [
        f"status {answer.status_code}, {len(answer.content)} bytes"
        for answer in answers
        if answer.content != pdf
    ]

    def send(person: Person) -> None:
        model = "account.move.send.wizard"
        context = {"active_model": "account.move", "active_ids": [move]}
        dialog = person.call(model, "create", {}, context=context)
        person.call(model, "action_send_and_print", [dialog], context=context)

    results = at_once(
        [lambda p=p: send(p) for p in people[:3]]
        + [lambda s=s: open_invoice(s, path) for s in strangers[:3]]
    )
    violations += unexpected(results)
    files = odoo.value(
        """SELECT count(*) FROM ir_attachment WHERE res_model = 'account.move'
              AND res_field = 'connectwise_pdf_file' AND res_id = %s""",
        move,
    )
    if files != 1:
        violations.append(f"{files} files are kept")
    mails = len(odoo.mailbox.about(number))
    if not 1 <= mails <= 3:
        violations.append(f"3 people sent it, {mails} e-mails came")
    for person in strangers:
        person.session.close()
    table.record(
        "R3",
        2 * PEOPLE - 2,
        violations,
        f"{PEOPLE} open an invoice at once: {asked['invoices']} look-ups,"
        f" {asked['invoice_pdf']} PDF calls; 3 send it: {mails} e-mails",
    )
    assert not violations, "\n".join(violations)
