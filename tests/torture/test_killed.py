"""Odoo is killed with SIGKILL at any moment, and finishes by itself (R2)."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import unquote

import pytest
import table
from killing import Fuse, slow_commits
from mails import invoices_to_send, wrong_mails
from odoo_server import MAIL, SEND, SYNC, OdooServer
from outcome import differences, is_synchronized, outcome

from testbed.environment import wait_until

Moment = tuple[str, int, float]
"""For Fuse.arm: what is counted, up to where, and the seconds after that."""

READ_AHEAD = 8 + 1
"""Pages that a kill may make to be asked for again, because they were read ahead
(MAX_WAITING_ANSWERS) or are what the ranges were planned by."""


def run_with_kills(
    odoo: OdooServer,
    moments: Iterable[Moment],
    is_done: Callable[[], bool],
    after_kill: Callable[[], None] = lambda: None,
    seconds: float = 600,
) -> tuple[list[Moment], list[str]]:
    """Run all due actions, kill them at each moment, and let them finish.

    :param after_kill: called after each kill
    :return: the moments at which it was killed, and violations
    """
    fuse = Fuse(odoo)
    odoo.sandbox.tell = odoo.mailbox.tell = fuse.tell
    killed: list[Moment] = []
    deadline = time.monotonic() + seconds
    odoo.start()
    odoo.let_time_pass()

    def is_over() -> bool:
        return fuse.blown.is_set() or is_done()

    with slow_commits(odoo, fuse.tell):
        for number, moment in enumerate(moments):
            # Every fourth time the whole server, otherwise Odoo starts its worker anew.
            whole = number % 4 == 3
            fuse.arm(*moment, whole=whole)
            keep_waking(odoo, is_over, deadline)
            fuse.disarm()
            if not fuse.blown.is_set():
                break
            killed.append(moment)
            after_kill()
            if whole:
                odoo.start()
        keep_waking(odoo, is_done, deadline)
    wait_until(lambda: not odoo.is_busy(), 20)
    if not killed:
        return killed, ["it was never killed"]
    if is_done():
        return killed, []
    return killed, [f"did not come to its end within {seconds:.0f} s: {killed}"]


def keep_waking(odoo: OdooServer, until: Callable[[], bool], deadline: float) -> None:
    """Wait, while the hours go by as fast as the scheduled actions can follow."""
    while not until() and time.monotonic() < deadline:
        if odoo.is_busy():
            odoo.wake()
        elif not until():
            odoo.let_time_pass()
        wait_until(until, 0.5, step=0.02)


def describe(kills: list[Moment]) -> str:
    kinds = Counter(kind for kind, _nth, _delay in kills)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())


# A synchronization -------------------------------------------------------------------


def count_pages(requests: list[dict]) -> int:
    return sum(request["path"].endswith("/companies") for request in requests)


def moments_of_a_sync(rng: random.Random, pages: int) -> list[Moment]:
    """Return five moments: four while pages are read, and one at the end."""
    apart = max(1, pages // 5)
    kinds = ["request", "answer", "commit", "time"]
    rng.shuffle(kinds)
    return [
        (kind, rng.randint(1, apart), rng.uniform(0, 0.1) if kind == "answer" else 0.0)
        if kind != "time"
        else (kind, 0, rng.uniform(0.2, 1.5))
        for kind in kinds
    ] + [("contacts", rng.randint(1, 2), rng.choice([0.0, rng.uniform(0, 2)]))]


class Stored:
    """The ranges that were committed before a kill, and when."""

    def __init__(self, odoo: OdooServer) -> None:
        self._odoo = odoo
        self._kills: list[tuple[float, set[int]]] = []

    def note(self) -> None:
        ranges = self._odoo.query(
            """SELECT after_ref FROM connectwise_sync_range
                WHERE is_done AND after_ref > 0"""
        )
        self._kills.append((time.time(), {after for (after,) in ranges}))

    def read_again(self) -> list[str]:
        """Return the requests for ranges that were stored already."""
        return [
            request["query"]
            for request in self._odoo.sandbox.requests()
            for moment, stored in self._kills
            if request["time"] > moment
            and (first := re.search(r"id > (\d+)", unquote(request["query"])))
            and int(first[1]) in stored
        ]


def test_killed_synchronization_finishes_by_itself(
    start_odoo, undisturbed, share
) -> None:
    """Its tables equal those of one that nobody disturbed."""
    rng = random.Random(1)
    expected, requests = undisturbed
    needed = count_pages(requests)
    kills, violations, redone = [], [], []
    end = time.monotonic() + share(0.2)
    while not redone or time.monotonic() < end:
        with start_odoo(crons=2) as odoo:
            odoo.switch_on(SYNC)
            odoo.sandbox.set_latency(50)
            stored = Stored(odoo)
            killed, problems = run_with_kills(
                odoo,
                moments_of_a_sync(rng, needed),
                lambda: is_synchronized(odoo),
                stored.note,
            )
            problems += differences(outcome(odoo), expected)
            problems += [f"stored, and read again: {q}" for q in stored.read_again()]
            more = count_pages(odoo.sandbox.requests()) - needed
            if more > len(killed) * READ_AHEAD:
                problems.append(f"{more} pages were asked for again")
            redone.append(more / max(1, len(killed)))
        kills += killed
        violations += [f"{problem} (killed at {killed})" for problem in problems]
    table.record(
        "R2",
        len(kills),
        violations,
        f"synchronization of {needed} pages, killed at {describe(kills)}; read ahead"
        f" and asked for again a kill: {max(redone):.1f} pages at most",
        wanted=50,
    )
    assert not violations, "\n".join(violations)


# A batch of invoices -----------------------------------------------------------------


def start_sending(odoo: OdooServer) -> None:
    odoo.switch_on(SEND, MAIL)
    odoo.sandbox.set_latency(20)


def is_sent(odoo: OdooServer) -> bool:
    return odoo.value(
        """SELECT NOT EXISTS (SELECT 1 FROM account_move
                               WHERE sending_data IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM mail_mail WHERE state = 'outgoing')"""
    )


FEW: list[Moment] = [
    ("invoice_pdf", 2, 0.0),
    ("commit of e-mails", 1, 0.0),
    ("mail", 2, 0.0),
    ("mail", 3, 0.02),
]


def moments_of_a_batch(rng: random.Random, invoices: int) -> list[Moment]:
    """Return some moments: in lookups, PDFs, e-mails, and at commits."""
    apart = max(1, invoices // 12)
    moments: list[Moment] = [
        ("mail", rng.randint(1, apart), 0.0),
        *(("commit of e-mails", rng.randint(1, 3), 0.0) for _ in range(2)),
        ("commit", rng.randint(1, 3), 0.0),
        ("time", 0, rng.uniform(0.2, 2)),
        ("answer", rng.randint(1, apart), rng.uniform(0, 0.05)),
        ("mail", rng.randint(1, apart), 0.0),
        *(("mail", rng.randint(1, apart), rng.uniform(0.001, 0.05)) for _ in range(3)),
    ]
    rng.shuffle(moments)
    asking = [("invoices", 1, 0.0), ("invoice_pdf", rng.randint(1, apart), 0.0)]
    return [*asking, *moments]


def test_killed_batch_is_sent_by_itself(start_odoo, is_long, share, batch) -> None:
    """Each invoice goes once to its customer, with ConnectWise's PDF."""
    rng = random.Random(2)
    kills, violations, again, extra = [], [], 0, []
    end = time.monotonic() + share(0.2)
    while not extra or time.monotonic() < end:
        with start_odoo(crons=2) as odoo:
            wanted = invoices_to_send(odoo)
            start_sending(odoo)
            killed, problems = run_with_kills(
                odoo,
                moments_of_a_batch(rng, len(wanted)) if is_long else FEW,
                lambda: is_sent(odoo),
            )
            wrong, twice = wrong_mails(odoo, wanted)
            asked = sum(
                request["endpoint"] == "invoice_pdf"
                for request in odoo.sandbox.requests()
            )
            extra.append((asked - len(wanted)) / max(1, len(killed)))
            problems += wrong + wrong_records(odoo, wanted)
        again += twice
        kills += killed
        violations += [f"{problem} (killed at {killed})" for problem in problems]
    table.record(
        "R2",
        len(kills),
        violations,
        f"batches of {batch} invoices, killed at {describe(kills)}; {again} e-mails"
        " again, each accepted when the kill came; PDFs fetched again a kill:"
        f" {max(extra):.1f} at most",
        wanted=50,
    )
    assert not violations, "\n".join(violations)


def wrong_records(odoo: OdooServer, batch: list[tuple]) -> list[str]:
    """Return the mistakes in the invoices, their files and messages."""
    names = [name for name, _email in batch]
    wrong = odoo.query(
        """SELECT move.name || ': '
                    || 'sent ' || move.is_move_sent
                    || ', PDFs ' || (SELECT count(*) FROM ir_attachment file
                                      WHERE file.res_model = 'account.move'
                                        AND file.res_id = move.id
                                        AND file.res_field = 'connectwise_pdf_file')
                    || ', messages ' || (SELECT count(*) FROM mail_message message
                                          WHERE message.model = 'account.move'
                                            AND message.res_id = move.id
                                            AND message.message_type = 'comment')
             FROM account_move move WHERE name = ANY(%s)""",
        names,
    )
    right = {f"{name}: sent true, PDFs 1, messages 1" for name in names}
    found = [text for (text,) in wrong if text not in right]
    left = odoo.query("SELECT state FROM mail_mail WHERE state != 'sent'")
    return found + [f"an e-mail is left as {state}" for (state,) in left]


@pytest.mark.usefixtures("long_only")
def test_kill_repeats_no_more_mails_than_odoo_alone_does(start_odoo) -> None:
    """It comes when the mail server has an e-mail, and Odoo has not noted it."""
    moments: list[Moment] = [("mail", nth, 0.0) for nth in (1, 2, 3)]
    again = {}
    for sources in (["connectwise", "odoo"], ["odoo"]):
        with start_odoo(crons=2) as odoo:
            odoo.query(
                "DELETE FROM invoice_pdf_source WHERE NOT source = ANY(%s)", sources
            )
            # Those with a PDF of Odoo's own.
            odoo.query(
                """UPDATE account_move SET sending_data = NULL WHERE id NOT IN (
                       SELECT res_id FROM ir_attachment
                        WHERE res_field = 'invoice_pdf_report_file')"""
            )
            wanted = invoices_to_send(odoo)
            start_sending(odoo)
            killed, problems = run_with_kills(odoo, moments, lambda: is_sent(odoo))
            wrong, again[sources[0]] = wrong_mails(odoo, wanted, with_files=False)
        assert len(killed) == len(moments)
        assert problems + wrong == []
    table.record(
        "R2",
        len(moments),
        max(0, again["connectwise"] - again["odoo"]),
        f"killed as soon as an e-mail was accepted: {again['connectwise']} came again,"
        f" from Odoo alone {again['odoo']}",
    )
    assert again["connectwise"] <= again["odoo"]
