"""Every fault at every point (R1), as `fault_matrix.py` lists them.

A cell is one fault at one point of one operation; `fault_cell.py` tries it.
"""

import time
from collections.abc import Iterator
from functools import partial

import invariants
import pytest
import snapshots
import table
from fault_cell import (
    ask_again,
    attempt,
    check,
    check_sent,
    check_struck,
    connectwise_pdf,
    run_cell,
)
from fault_matrix import (
    ALL_CELLS,
    CELLS,
    FAULTS,
    NUMBERS,
    ONE,
    POINTS,
    fetch_and_send,
    rescan,
    send,
)
from mails import check_mails
from troubles import during, end_transactions, refused_commits
from world import SYNC, World

pytestmark = pytest.mark.filterwarnings("default")

# ----------------------------------------------------------------------------
# The world before, and the expected result
# ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(in_process: World) -> World:
    """Connected customers, some by hand; ConnectWise has changed since."""
    world = in_process
    world.start_afresh()
    world.rescan()
    decide_by_hand(world)
    change_connectwise(world)
    world.keep()
    world.sandbox.clear_requests()
    world.rescan()
    asked = [request["endpoint"] for request in world.sandbox.requests()]
    world.questions = {name: asked.count(name) for name in set(asked)}
    with world.env() as env:
        world.target = snapshots.tables(env)
        world.links = {
            row.partner_id.id: row.connectwise_company_id.connectwise_ref or None
            for row in env["connectwise.mapping"].search(
                ["|", ("connection", "=", "manual"), ("disconnected", "=", True)]
            )
        }
    return world


def decide_by_hand(world: World) -> None:
    with world.env("accountant") as env:
        rows = {
            row.partner_id.name: row for row in env["connectwise.mapping"].search([])
        }
        other = rows["Pioneer Lane Print Shop Inc."].connectwise_company_id
        rows["Tidewater Marine Supply"].connect(other)
        rows["Thornbury Veterinary Clinic"].action_disconnect()
        rows["Clear Hollow Dermatology PLLC"].enable_contact()


def change_connectwise(world: World) -> None:
    """Let there be companies to create, to update, to convert and to miss."""
    sandbox = world.sandbox
    sandbox.patch_company(1003, {"name": "Renamed Auto Body Inc."})
    sandbox.patch_company(1005, {"accountNumber": "AC-NEW", "city": "Elsewhere"})
    sandbox.delete_company(505)
    sandbox.create_company(
        {"id": 1050, "name": "Newcomer Bakery", "billingContact": {"id": 10001}}
    )
    sandbox.patch_company(1004, {"billingContact": {"id": 10008}})
    email = sandbox.export_companies(after=1003, limit=1)[0]["contact_email"]
    with world.env() as env:
        Partner = env["res.partner"]
        Partner.create({"name": "Newcomer Bakery", "customer_rank": 1})
        customer = Partner.search([("name", "like", "Summit Hollow")], limit=1)
        Partner.create(
            {"name": "Entered By Hand", "email": email, "parent_id": customer.id}
        )


# ----------------------------------------------------------------------------
# The cells
# ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> Iterator[dict[tuple[str, str], list[str]]]:
    """Collects the violations of each cell for the table."""
    results: dict[tuple[str, str], list[str]] = {}
    yield results
    table.record(
        "R1",
        len(results),
        [f"{cell}: {text}" for cell, texts in results.items() for text in texts],
        f"{len(FAULTS)} faults × {len(POINTS)} points",
    )


@pytest.fixture(scope="module")
def deadline(share) -> float:
    return time.monotonic() + (share(0.2) or 3600)


@pytest.mark.parametrize(("fault", "point"), CELLS, ids=map(" at ".join, CELLS))
def test_fault_at_a_point_violates_no_invariant(
    fault: str, point: str, world: World, results, deadline: float
) -> None:
    if time.monotonic() > deadline:
        pytest.skip("no time left")
    results[fault, point] = violations = run_cell(world, fault, POINTS[point])
    assert violations == []


# ----------------------------------------------------------------------------
# Faults of the database and of the mail server alone
# ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["connectwise_company", "connectwise_sync", "connectwise_mapping"],
)
def test_refused_commit_loses_nothing(name, world, results) -> None:
    """The next run brings the missing data."""
    world.restore()
    with refused_commits(world, name):
        attempt(partial(rescan, world))
    violations = check(world) + ask_again(world) + check(world)
    results["refused commit", name] = violations
    assert violations == []


@pytest.mark.parametrize("name", ["connectwise_lookup", "ir_attachment"])
def test_refused_commit_of_a_pdf_mails_nothing_twice(name, world, results) -> None:
    world.restore()
    with refused_commits(world, name):
        attempt(partial(fetch_and_send, world))
    attempt(partial(send, world))
    violations = check(world)
    results["refused commit", name] = violations
    assert violations == []


@pytest.mark.parametrize("part", [0, 0.5, 1])
@pytest.mark.parametrize("endpoint", ["companies", "contacts"])
def test_killed_connection_loses_nothing(endpoint, part, world, results) -> None:
    """The database ends the transaction in the middle."""
    world.restore()
    nth = 1 + round(part * (world.questions[endpoint] - 1))
    during(world, partial(end_transactions, world), endpoint, nth)
    attempt(partial(rescan, world))
    check_struck(world)
    # The scheduled action that was asked for is still due.
    world.run(SYNC)
    violations = check(world) + ask_again(world) + check(world)
    results["killed connection", f"{endpoint} {part}"] = violations
    assert violations == []


@pytest.mark.parametrize("refusal", ["451 later", "550 unknown", "552 too large"])
def test_mail_server_that_refused_gets_each_invoice_once(
    refusal, world, results
) -> None:
    """It works again, and somebody retries."""
    world.restore()
    world.mail.refusal = refusal
    attempt(partial(send, world))
    violations = check(world)
    world.mail.refusal = ""
    with world.env() as env:
        failed = env["mail.mail"].search([("state", "=", "exception")])
        if len(failed) < len(NUMBERS):
            violations.append(f"{len(failed)} e-mails say that they failed")
        failed.mark_outgoing()
    world.deliver()
    violations += check_sent(world) + check(world)
    results["mail server", refusal] = violations
    assert violations == []


DAMAGES = {
    "gone only in Odoo": "UPDATE connectwise_company SET is_deleted = true"
    " WHERE connectwise_ref = 1001",
    "connected and disconnected": "UPDATE connectwise_mapping SET disconnected = true"
    " WHERE connection = 'account_id'",
    "connected automatically": "UPDATE connectwise_mapping"
    " SET connectwise_company_id = (SELECT min(id) FROM connectwise_company)"
    " WHERE connection = 'account_id'",
    "belongs to no row": "UPDATE connectwise_mapping SET contact_id = NULL",
    "is archived": "UPDATE res_partner SET active = false WHERE is_connectwise_contact",
    "is not synced": "UPDATE res_partner SET is_connectwise_contact = false",
    "the next reading starts after": "UPDATE connectwise_company SET name = 'Other'",
    "says: ": "UPDATE connectwise_backend SET failure ="
    """ '{"kind": "", "text": "KeyError: 5"}'""",
    "rests for": "UPDATE connectwise_backend"
    " SET retry_at = now() AT TIME ZONE 'UTC' + interval '1 day'",
    "a person left": "UPDATE connectwise_mapping SET connection = 'account_id'"
    " WHERE connection = 'manual'",
    "a key is in the connection": "UPDATE connectwise_backend"
    """ SET failure = '{"kind": "", "text": "with sandboxPrivateKey"}'""",
}


@pytest.mark.parametrize("sentence", DAMAGES)
def test_invariants_notice_violations(sentence: str, world: World) -> None:
    """Otherwise the matrix would prove nothing."""
    world.restore()
    with world.env() as env:
        env.cr.execute(DAMAGES[sentence])
        found = invariants.check_all(env, world.sandbox)
        found += invariants.check_manual(env, world.links)
        env.cr.rollback()
    assert any(sentence in text for text in found)


def test_wrong_mails_are_noticed(world: World) -> None:
    """A second e-mail, a stranger, a wrong file."""
    world.restore()
    send(world)
    right = {number: [connectwise_pdf(world, number)] for number in NUMBERS}
    twice = check_mails(world.mail.messages * 2, right, {ONE: []} | right)
    assert {"2 times", "went to"} <= {
        part for part in ("2 times", "went to") for text in twice if part in text
    }
    wrong = {number: [b"%PDF-another"] for number in NUMBERS}
    found = check_mails(world.mail.messages, wrong, right)
    assert any("wrong file" in text for text in found)


def test_every_fault_can_be_set(world: World) -> None:
    """There are at least 24 faults and 8 points."""
    assert len(FAULTS) >= 24
    assert len(POINTS) >= 8
    assert {point.endpoint for point in POINTS.values()} - {"any"} <= set(
        world.questions
    ) | {"discovery", "invoices", "invoice_pdf"}
    assert {fault for fault, _point in ALL_CELLS} == {*FAULTS}
    assert {point for _fault, point in ALL_CELLS} == {*POINTS}
