"""One cell of `fault_matrix.py`: a fault strikes, and this is checked.

While it lasts, the invariants hold, invoices are sent, and failures are reported.
Afterwards a person asks again, with the same result as if nothing had happened.
"""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial

import invariants
import snapshots
from fault_matrix import (
    FIRST_AND_THEN,
    NUMBERS,
    SAID_BY_CONNECTWISE,
    SECONDS,
    Point,
    discover_and_rescan,
    rescan,
    run_sync,
)
from mails import check_mails
from messages import NOT_FOR_PEOPLE
from troubles import CLIENT_SIDE
from world import OWN_PDF, SYNC, World


def run_cell(world: World, fault: str, point: Point) -> list[str]:
    world.restore()
    before = world.sandbox.codebase
    with point.also(world):
        error = strike(world, fault, point)
    violations = [f"while it lasts: {text}" for text in check(world)]
    if error and point.also is nullcontext:
        violations.append(f"while it lasts: {error!r} was raised")
    if point.operate in (rescan, discover_and_rescan):
        if fault not in SAID_BY_CONNECTWISE:
            violations += check_visible(world, bool(error))
        world.sandbox.clear_faults()
        violations += ask_again(world)
    else:
        violations += check_sent(world)
        world.sandbox.clear_faults()
        violations += refresh(world)
    world.sandbox.move_codebase(before)
    return violations + [f"afterwards: {text}" for text in check(world)]


def strike(world: World, fault: str, point: Point) -> Exception | None:
    """Do the operation with the fault in it; return the error it raised."""
    count = world.questions.get(point.endpoint, 1)
    nth = 1 + round(point.part * (count - 1))
    trouble = {trouble.__name__: trouble for trouble in CLIENT_SIDE}.get(fault)
    if trouble is None:
        world.sandbox.fault(
            fault, point.endpoint, nth=nth, times=0, seconds=SECONDS.get(fault)
        )
        error = attempt(partial(point.operate, world))
        check_struck(world)
        return error
    # A name or an address fails when a connection is made: it breaks at this point, and
    # cannot be made again.
    first, then = FIRST_AND_THEN.get(point.operate, (point.operate, run_sync))
    world.sandbox.fault("refused", point.endpoint, nth=nth, times=0)
    error = attempt(partial(first, world))
    check_struck(world)
    world.sandbox.clear_faults()
    world.pass_time(1)
    with trouble(world):
        return attempt(partial(then, world)) or error


def check_struck(world: World) -> None:
    """Make sure that the fault has happened; otherwise nothing was tried."""
    assert all(fault["struck"] for fault in world.sandbox.active_faults())


def attempt(operation: Callable[[], None]) -> Exception | None:
    try:
        operation()
    except Exception as error:
        return error
    return None


def check(world: World) -> list[str]:
    with world.env() as env:
        violations = invariants.check_all(
            env, world.sandbox, "\n".join(world.log.lines)
        ) + invariants.check_manual(env, world.links)
        recipients = {
            number: [
                address
                for partner in env["account.move"]
                .search([("name", "=", number)])
                .partner_id
                for address in (
                    partner.email,
                    *partner.connectwise_mapping_ids.contact_id.filtered(
                        "connectwise_enabled"
                    ).mapped("email"),
                )
            ]
            for number in NUMBERS
        }
    files = {
        number: (OWN_PDF % number.encode(), connectwise_pdf(world, number))
        for number in NUMBERS
    }
    return violations + check_mails(world.mail.messages, files, recipients)


def connectwise_pdf(world: World, number: str) -> bytes:
    [invoice] = [
        invoice
        for invoice in world.sandbox.export_invoices()
        if invoice["number"] == number
    ]
    return world.sandbox.invoice_pdf(invoice["id"])


def check_visible(world: World, was_raised: bool) -> list[str]:
    """Failures are told to people, and errors are in the server's log."""
    with world.env() as env:
        missing = snapshots.differences(world.target, snapshots.tables(env))
        backend = env["connectwise.backend"].search([])
        sync = backend.sync_ids[:1]
        said = (backend.last_error, sync.error, sync.skipped)
        if not missing or was_raised or any(said):
            return []
        return [f"nothing is said, the history is {sync.state}: {missing[:2]}"]


def ask_again(world: World) -> list[str]:
    """Rescan as a person: the result is as if nothing had happened."""
    violations = []
    try:
        world.rescan()
    except Exception as error:
        violations.append(f"a rescan was refused: {error}")
        with world.env("accountant") as env:
            env["connectwise.backend"].search([]).action_test_connection()
        world.run(SYNC)
        with suppress(Exception):
            world.rescan()
    with world.env() as env:
        violations += snapshots.differences(world.target, snapshots.tables(env))
        violations += invariants.check_nothing_runs(env)
        if error := env["connectwise.backend"].search([]).last_error:
            violations.append(f"the connection still says: {error}")
    return violations


def check_sent(world: World) -> list[str]:
    """Each invoice was sent, with ConnectWise's PDF or with a reason why not."""
    sent = dict.fromkeys(NUMBERS, 0)
    for mail in world.mail.messages:
        for number in sent:
            sent[number] += f"{number})" in mail["subject"]
    violations = [f"{number} was not sent" for number in sent if not sent[number]]
    with world.env("accountant") as env:
        for move in env["account.move"].search([("name", "in", NUMBERS)]):
            if move.invoice_pdf_source != "connectwise" and not (
                move.connectwise_message
                and not NOT_FOR_PEOPLE.search(move.connectwise_message)
            ):
                violations.append(f"{move.name} says: {move.connectwise_message}")
    return violations


def refresh(world: World) -> list[str]:
    """Refresh the PDF as a person: ConnectWise's PDF is there."""
    violations = []
    for number in NUMBERS:
        with world.env("accountant") as env:
            move = env["account.move"].search([("name", "=", number)])
            move.action_refresh_pdf()
            if move._get_preferred_invoice_pdf().raw != connectwise_pdf(world, number):
                violations.append(
                    f"refreshed, {number} has no PDF: {move.connectwise_message}"
                )
    return violations
