"""ConnectWise answers every third request with "too many requests" (R4)."""

import time
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import pytest
import table
from mails import invoices_to_send, wrong_mails
from odoo_server import MAIL, PREFETCH, SEND, SYNC, OdooServer
from outcome import differences, outcome

pytestmark = pytest.mark.usefixtures("long_only")

ON_THE_WAY = 0.1
"""Seconds: a question that was asked before the refusal was read is no violation."""


def storm(odoo: OdooServer, questions: int, *, seconds: float) -> None:
    """Refuse every third of so many requests, and ask for a pause."""
    for nth in range(3, questions, 3):
        odoo.sandbox.fault("rate_limit", "any", nth=nth, seconds=seconds)


def impatient(requests: list[dict], pause: float) -> list[str]:
    """Return the requests that came before a pause was over, in words."""
    found = []
    for refused in requests:
        if refused["status"] != 429:
            continue
        begin = refused["time"] + refused["milliseconds"] / 1000
        found += [
            f"{request['path']} was asked {request['time'] - begin:.2f} s after a"
            f" refusal that asked for {pause:.0f} s"
            for request in requests
            if begin + ON_THE_WAY < request["time"] < begin + pause
        ]
    return found


def too_many(requests: list[dict], needed: int) -> tuple[list[str], str]:
    """Count the requests beyond the necessary ones and the repeated refused ones.

    :return: violations, and the numbers for the table
    """
    refused = sum(request["status"] == 429 for request in requests)
    more = len(requests) - refused - needed
    text = f"{needed} needed, {refused} refused, {more} more"
    return [text] if more > ceil(needed / 10) else [], text


def test_synchronization_finishes_in_the_storm(
    start_odoo, undisturbed, companies
) -> None:
    """It makes hardly a request too many, and cuts no pause short."""
    expected, requests = undisturbed
    with start_odoo(crons=1) as odoo:
        odoo.switch_on(SYNC)
        storm(odoo, len(requests) * 2, seconds=1)
        odoo.start()
        odoo.run_due_actions()
        asked = odoo.sandbox.requests()
        violations, numbers = too_many(asked, len(requests))
        violations += impatient(asked, 1)
        violations += differences(outcome(odoo), expected)
    table.record("R4", len(asked), violations, f"a synchronization: {numbers}")
    assert not violations, "\n".join(violations)


def test_batch_is_sent_in_the_storm(start_odoo, batch) -> None:
    """Each invoice has ConnectWise's PDF."""
    with start_odoo(crons=1) as odoo:
        odoo.switch_on(SEND, MAIL)
        odoo.query("UPDATE connectwise_backend SET missing_pdf = 'hold'")
        wanted = invoices_to_send(odoo)
        needed = batch + ceil(batch / 50)
        storm(odoo, needed * 2, seconds=1)
        odoo.start()
        odoo.run_due_actions()
        asked = odoo.sandbox.requests()
        # Requests that were refused too often are repeated in the background.
        odoo.switch_on(PREFETCH, MAIL)
        odoo.run_hours_later()
        odoo.run_hours_later()
        violations, numbers = too_many(asked, needed)
        violations += impatient(asked, 1)
        violations += wrong_mails(odoo, wanted)[0]
    table.record("R4", len(asked), violations, f"a batch of {batch}: {numbers}")
    assert not violations, "\n".join(violations)


def test_long_pause_does_not_block_the_process(start_odoo, companies) -> None:
    """The refused process does something else at once."""
    with start_odoo(crons=1) as odoo:
        odoo.switch_on(SYNC)
        odoo.start()
        odoo.sandbox.fault("rate_limit", "companies", nth=2, seconds=30)
        started = time.monotonic()
        odoo.run_due_actions()
        seconds = time.monotonic() - started
        asked = odoo.sandbox.requests()
        retry_at, now = odoo.query(
            "SELECT sync_retry_at, now() AT TIME ZONE 'UTC' FROM connectwise_backend"
        )[0]
    violations = []
    if seconds > 10:
        violations.append(f"it was busy for {seconds:.0f} s")
    violations += impatient(asked, 30)
    if not retry_at or not 20 < (retry_at - now).total_seconds() < 35 * 60:
        violations.append(f"it goes on at {retry_at}, and now it is {now}")
    table.record(
        "R4", 1, violations, f"asked for 30 s, it was busy for {seconds:.1f} s"
    )
    assert not violations, "\n".join(violations)


def test_people_do_not_wait_for_the_storm(start_odoo) -> None:
    people = 10
    with start_odoo(workers=4, crons=1) as odoo:
        odoo.start()
        [accountant] = odoo.people("accountant", 1)
        moves = odoo.query(
            """SELECT id FROM account_move WHERE state = 'posted'
                  AND sending_data IS NULL ORDER BY id LIMIT %s""",
            people + 1,
        )
        paths = [
            accountant.call("account.move", "get_portal_url", [move], report_type="pdf")
            for (move,) in moves
        ]
        strangers = odoo.people("", people + 1)
        # The cost of a first request has nothing to do with ConnectWise.
        for path in paths[:1] * 4:
            strangers[0].get(path)
        odoo.sandbox.clear_requests()
        storm(odoo, 100, seconds=2)

        def open_invoice(number: int) -> tuple[float, int]:
            started = time.monotonic()
            response = strangers[number].get(paths[number])
            assert response.content.startswith(b"%PDF")
            return time.monotonic() - started, response.status_code

        with ThreadPoolExecutor(4) as executor:
            results = list(executor.map(open_invoice, range(1, people + 1)))
        asked = odoo.sandbox.requests()
        for person in (accountant, *strangers):
            person.session.close()
    longest = max(seconds for seconds, _status in results)
    violations = [f"status {status}" for _seconds, status in results if status != 200]
    if longest > 8:
        violations.append(f"a person waited for {longest:.1f} s")
    refused = sum(request["status"] == 429 for request in asked)
    table.record(
        "R4",
        people,
        violations,
        f"people who open invoices wait {longest:.1f} s at most; {len(asked)} asked,"
        f" {refused} refused",
    )
    assert not violations, "\n".join(violations)
