"""ConnectWise's records and clock misbehave.

Records change while they are read (R6), too many are gone at once (R7), and one of a
thousand cannot be read (R12).
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial

import invariants
import pytest
import snapshots
import table
from troubles import during
from world import SYNC, World, set_page_size

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def before(in_process: World) -> World:
    """The database after one full synchronization."""
    in_process.start_afresh()
    in_process.rescan()
    in_process.keep("read_once")
    return in_process


@pytest.fixture
def world(before: World) -> World:
    before.sandbox.reset()
    before.restore("read_once")
    return before


@pytest.fixture(scope="module", autouse=True)
def results() -> Iterator[dict[str, list[list[str]]]]:
    """Collects the violations of each case, by goal, for the table."""
    results: dict[str, list[list[str]]] = {"R6": [], "R7": [], "R12": []}
    yield results
    for goal, cases in results.items():
        table.record(goal, len(cases), [text for texts in cases for text in texts])


def check_all_is_stored(world: World, is_full: bool) -> list[str]:
    with world.env() as env:
        log = "\n".join(world.log.lines)
        return (
            invariants.check_all(env, world.sandbox, log)
            + invariants.check_stored(env, world.sandbox, is_full)
            + invariants.check_nothing_runs(env)
        )


# ----------------------------------------------------------------------------
# R6
# ----------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-24, 0, 24])
def test_differing_clocks_lose_nothing(hours, world, results, monkeypatch) -> None:
    """ConnectWise's clock is a day ahead of Odoo's, or behind it."""
    monkeypatch.setattr(world.sandbox, "today", date.today() + timedelta(hours=hours))
    world.sandbox.reset()
    world.restore("filled")
    world.rescan()
    violations = []
    for number, name in ((1001, "One"), (1002, "Two"), (1003, "Three")):
        world.sandbox.patch_company(number, {"name": name})
        world.pass_time(1)
        world.run(SYNC)
        violations += check_all_is_stored(world, is_full=False)
    results["R6"].append(violations)
    assert violations == []


@pytest.mark.parametrize("hours", [0, 12, 23])
def test_change_listed_late_is_not_lost(hours, world: World, results) -> None:
    """Its time is before one that was read already."""
    with world.env() as env:
        newest = env["connectwise.backend"].search([]).newest_change
    late = newest - timedelta(hours=hours)
    world.sandbox.patch_company(
        1001,
        {"name": "Late", "_info": {"lastUpdated": f"{late:%Y-%m-%dT%H:%M:%SZ}"}},
    )
    world.run(SYNC)
    violations = check_all_is_stored(world, is_full=False)
    results["R6"].append(violations)
    assert violations == []


def rename(number: int) -> Callable[[World], object]:
    return lambda world: world.sandbox.patch_company(number, {"name": "Meanwhile"})


def create(number: int) -> Callable[[World], object]:
    return lambda world: world.sandbox.create_company(
        {"id": number, "name": f"Created {number}", "billingContact": {"id": 10001}}
    )


def change_email(number: int) -> Callable[[World], object]:
    items = [{"communicationType": "Email", "value": "new@a.example", "id": 1}]
    items[0] |= {"defaultFlag": True, "type": {"id": 1, "name": "Email"}}
    return lambda world: world.sandbox.patch_contact(
        number, {"communicationItems": items}
    )


MEANWHILE: dict[str, Callable[[World], object]] = {
    "the first one is renamed": rename(501),
    "the last one is renamed": rename(1006),
    "the first one is deleted": lambda world: world.sandbox.delete_company(501),
    "the last one is deleted": lambda world: world.sandbox.delete_company(1006),
    "one is recycled": lambda world: world.sandbox.recycle_company(1002),
    "two are merged": lambda world: world.sandbox.merge_company(503, 1003),
    "one comes first": create(400),
    "one comes between": create(700),
    "one comes last": create(2000),
    "a Bill-To contact gets an e-mail": change_email(10001),
    "a Bill-To contact is replaced": lambda world: world.sandbox.patch_company(
        1002, {"billingContact": {"id": 10001}}
    ),
}


@pytest.mark.parametrize("full", [True, False], ids=["all", "changed"])
@pytest.mark.parametrize("what", MEANWHILE)
def test_change_during_the_reading_is_not_lost(
    what: str, full: bool, world: World, results, is_long: bool
) -> None:
    """At any request. The next run brings it; a full one notices deletions."""
    endpoints = {"companies": (1, 2, 3, 4, 5), "contacts": (1, 2)}
    moments = [(name, nth) for name, nths in endpoints.items() for nth in nths]
    for endpoint, nth in moments if is_long else moments[2:3]:
        world.sandbox.reset()
        world.restore("read_once")
        if not full:
            for number in (1001, 1003, 1004, 1005, 1006):
                world.sandbox.patch_company(number, {"city": "Elsewhere"})
        during(world, partial(MEANWHILE[what], world), endpoint, nth)
        world.rescan(full)
        world.sandbox.clear_faults()
        world.run(SYNC)
        violations = check_all_is_stored(world, is_full=False)
        world.rescan(full=True)
        violations += check_all_is_stored(world, is_full=True)
        results["R6"].append(
            [f"{what} at {endpoint} {nth}: {text}" for text in violations]
        )
        assert violations == []


# ----------------------------------------------------------------------------
# R7
# ----------------------------------------------------------------------------


def delete_all(world: World) -> None:
    for company in world.sandbox.export_companies():
        world.sandbox.delete_company(company["id"])


def delete_some(world: World) -> None:
    for number in (1001, 1002, 1003):
        world.sandbox.delete_company(number)


def recycle_some(world: World) -> None:
    for number in (1001, 1002, 1003):
        world.sandbox.recycle_company(number)


def hide_all_but_one(world: World) -> None:
    """Hide companies, as if the API member might see only some."""
    for company in world.sandbox.export_companies(after=501):
        world.sandbox.delete_company(company["id"])


def without_times(env) -> dict[str, list[tuple]]:
    """Remove times: being moved to the recycle bin counts as a change."""
    found = snapshots.tables(env)
    is_time = [isinstance(value, datetime) for value in found["companies"][0]]
    found["companies"] = [
        tuple(value for value, skip in zip(row, is_time, strict=True) if not skip)
        for row in found["companies"]
    ]
    return found


@pytest.mark.parametrize("full", [True, False], ids=["all", "changed"])
@pytest.mark.parametrize(
    "lose", [delete_all, delete_some, recycle_some, hide_all_but_one]
)
def test_mass_loss_changes_nothing_and_says_so(lose, full, world, results) -> None:
    """However often it is tried, until ConnectWise is right again."""
    if not full and lose is not recycle_some:
        pytest.skip("what changed does not list what is missing")
    violations = []
    with world.env() as env:
        before = without_times(env)
    lose(world)
    for _ in range(3):
        world.rescan(full)
        with world.env() as env:
            violations += snapshots.differences(before, without_times(env))
            violations += invariants.check_all(env, world.sandbox)
            violations += invariants.check_nothing_runs(env)
            backend = env["connectwise.backend"].search([])
            sync = backend.sync_ids[:1]
            if sync.state != "refused" or not sync.error:
                violations.append(f"the history is {sync.state}: {sync.error}")
            if len(backend.activity_ids) != 1:
                violations.append(f"there are {len(backend.activity_ids)} activities")
    world.sandbox.reset()
    world.rescan(full=True)
    with world.env() as env:
        violations += snapshots.differences(before, without_times(env))
    results["R7"].append(violations)
    assert violations == []


# ----------------------------------------------------------------------------
# R12
# ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read_a_thousand(before: World) -> World:
    """The database after one synchronization of a thousand companies."""
    before.sandbox.reset()
    before.restore("read_once")
    create_a_thousand(before)
    before.rescan()
    before.keep("a_thousand")
    return before


def create_a_thousand(world: World) -> None:
    for number in range(3001, 3989):
        world.sandbox.create_company(
            {"id": number, "name": f"Company {number}", "accountNumber": f"B{number}"}
        )


@pytest.fixture
def a_thousand(read_a_thousand: World, monkeypatch) -> World:
    """The same, with a thousand on one page."""
    world = read_a_thousand
    world.sandbox.reset()
    create_a_thousand(world)
    world.restore("a_thousand")
    set_page_size(1000, monkeypatch.setattr)
    return world


@pytest.mark.parametrize("fault", ["mistyped_fields", "no_id", "null_fields"])
def test_bad_company_affects_only_itself(fault, a_thousand, results) -> None:
    """The others arrive. It stays as it was, and is listed."""
    world = a_thousand
    world.sandbox.clear_requests()
    world.rescan()
    asked = [r for r in world.sandbox.requests() if r["endpoint"] == "companies"]
    # Other requests ask for the number of companies, or for the newest one.
    pages = [n for n, r in enumerate(asked, 1) if "pageSize=1000" in r["query"]]
    world.sandbox.patch_company(3500, {"name": f"Good despite {fault}"})
    with world.env() as env:
        before = snapshots.tables(env)
    world.sandbox.fault(fault, "companies", nth=pages[0])
    world.rescan(full=True)
    violations = []
    with world.env() as env:
        after = snapshots.tables(env)
        changed = {
            row[0]
            for table_before, table_after in [(before["companies"], after["companies"])]
            for row in set(table_before) ^ set(table_after)
        }
        if 3500 not in changed or len(changed) > 2:
            violations.append(f"changed are {sorted(changed)[:9]}")
        skipped = env["connectwise.backend"].search([]).sync_ids[:1].skipped
        if fault != "null_fields" and len((skipped or "").splitlines()) != 1:
            violations.append(f"listed is {skipped}")
        violations += invariants.check_all(env, world.sandbox)
        lost = [row for row in before["rows"] if row[1] and row not in after["rows"]]
        if fault != "null_fields" and lost:
            violations.append(f"connections changed: {lost}")
    world.sandbox.clear_faults()
    world.rescan(full=True)
    violations += check_all_is_stored(world, is_full=True)
    results["R12"].append(violations)
    assert violations == []


@pytest.mark.parametrize("fault", ["mistyped_fields", "no_id", "null_fields"])
def test_bad_invoice_affects_only_itself(fault, world: World, results) -> None:
    """The others in the same answer have their PDFs."""
    world.sandbox.fault(fault, "invoices")
    with world.env() as env:
        # The same happens before a batch is sent.
        from odoo.addons.benji_connectwise.tools.invoice_pdf.fetching import (
            fetch_in_background,
        )

        moves = env["account.move"].search([("name", "like", "CW1")])
        fetch_in_background(moves)
    with world.env("accountant") as env:
        moves = env["account.move"].search([("name", "like", "CW1")])
        without = moves.filtered(lambda move: move.invoice_pdf_source != "connectwise")
        violations = []
        if len(without) > 1:
            violations.append(f"{without.mapped('name')} have no PDF")
        violations += [
            f"{move.name} does not say why"
            for move in without
            if not move.connectwise_message
        ]
    with world.env() as env:
        violations += invariants.check_all(env, world.sandbox)
    results["R12"].append(violations)
    assert violations == []


def test_page_has_the_requested_size(world: World) -> None:
    """Otherwise one page would hold all companies, and nothing would be tried."""
    world.sandbox.clear_requests()
    world.rescan()
    pages = [
        request
        for request in world.sandbox.requests()
        if request["path"].endswith("/companies")
        and "pageSize=1000" in request["query"]
    ]
    assert pages == []
