"""Odoo is killed with SIGKILL at any moment, and goes on by itself (R2)."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable

import table
from machine import MAIL, SEND, SYNC, Fuse, Machine, slow_commits
from running import attached_files

Moment = tuple[str, int, float]
"""For Fuse.arm: what is counted, up to where, and the seconds after that."""


def run_with_kills(
    machine: Machine,
    moments: Iterable[Moment],
    is_done: Callable[[], bool],
    seconds: float = 120,
) -> tuple[list[Moment], list[str]]:
    """Run what is due, kill it at each moment, and let it come to its end.

    :return: the moments at which it was killed, and violations
    """
    fuse = Fuse(machine)
    machine.sandbox.tell = machine.mailbox.tell = fuse.tell
    killed: list[Moment] = []
    deadline = time.monotonic() + seconds
    machine.start()
    machine.let_time_pass()

    def is_over() -> bool:
        return fuse.blown.is_set() or is_done()

    with slow_commits(machine, fuse.tell):
        for number, moment in enumerate(moments):
            # Every fourth time the whole server, otherwise Odoo starts its worker anew.
            whole = number % 4 == 3
            fuse.arm(*moment, whole=whole)
            keep_waking(machine, is_over, deadline)
            fuse.disarm()
            if not fuse.blown.is_set():
                break
            killed.append(moment)
            if whole:
                machine.start()
        keep_waking(machine, is_done, deadline)
    machine.wait_until(lambda: not machine.is_busy(), 20)
    if is_done():
        return killed, []
    return killed, [f"did not come to its end within {seconds:.0f} s: {killed}"]


def keep_waking(machine: Machine, until: Callable[[], bool], deadline: float) -> None:
    """Wait, while the hours go by as fast as the scheduled actions can follow."""
    while not until() and time.monotonic() < deadline:
        if machine.is_busy():
            machine.wake()
        elif not until():
            machine.let_time_pass()
        machine.wait_until(until, 0.5, step=0.02)


# A synchronization -------------------------------------------------------------------

OUTCOME = {
    "companies": """
        SELECT to_jsonb(company) - '{id,create_date,write_date}'::text[]
          FROM connectwise_company company ORDER BY connectwise_ref""",
    "mappings": """
        SELECT to_jsonb(mapping) - '{id,create_date,write_date,last_updated,contact_id,
                                     connectwise_company_id}'::text[],
               company.connectwise_ref, contact.email
          FROM connectwise_mapping mapping
          LEFT JOIN connectwise_company company
                 ON company.id = mapping.connectwise_company_id
          LEFT JOIN res_partner contact ON contact.id = mapping.contact_id
         ORDER BY mapping.partner_id""",
    "contacts": """
        SELECT parent_id, name, email, phone, function, type, active,
               connectwise_contact_ref, connectwise_enabled
          FROM res_partner WHERE parent_id IS NOT NULL
         ORDER BY parent_id, connectwise_contact_ref, email""",
    "messages": """
        SELECT model, CASE WHEN model = 'connectwise.mapping' THEN body END, count(*)
          FROM mail_message GROUP BY 1, 2 ORDER BY 1, 2""",
    "activities": """
        SELECT res_model, summary, count(*) FROM mail_activity GROUP BY 1, 2""",
    "connection": """
        SELECT state, last_error, failures, retry_at, newest_change
          FROM connectwise_backend""",
    "history": """
        SELECT state, is_full, companies_read, companies_total, counts, skipped, error
          FROM connectwise_sync_history""",
}


def outcome(machine: Machine) -> dict[str, list[tuple]]:
    return {name: machine.query(statement) for name, statement in OUTCOME.items()}


def differences(outcome, expected) -> list[str]:
    found = []
    for name, rows in expected.items():
        lost = [row for row in rows if row not in outcome[name]]
        extra = [row for row in outcome[name] if row not in rows]
        if lost or extra or len(rows) != len(outcome[name]):
            found.append(
                f"{name}: {len(rows)} rows expected, {len(outcome[name])} there;"
                f" {len(lost)} missing, such as {lost[:1]};"
                f" {len(extra)} unexpected, such as {extra[:1]}"
            )
    return found


def pages_asked(machine: Machine) -> int:
    return sum(
        request["path"].endswith("/companies") for request in machine.sandbox.requests()
    )


def is_synchronized(machine: Machine) -> bool:
    return machine.value(
        "SELECT count(*) > 0 FROM connectwise_sync_history WHERE state = 'done'"
    )


def moments_of_a_sync(rng: random.Random, pages: int) -> list[Moment]:
    """Five moments: four while pages are read, and one at the end."""
    apart = max(1, pages // 5)
    kinds = ["request", "answer", "commit", "time"]
    rng.shuffle(kinds)
    return [
        (kind, rng.randint(1, apart), rng.uniform(0, 0.1) if kind == "answer" else 0.0)
        if kind != "time"
        else (kind, 0, rng.uniform(0.2, 1.5))
        for kind in kinds
    ] + [("contacts", rng.randint(1, 2), rng.choice([0.0, rng.uniform(0, 2)]))]


def test_a_killed_synchronization_goes_on_by_itself(
    start_machine, is_long, share, companies
) -> None:
    """R2: the tables are those of one that nobody disturbed."""
    rng = random.Random(1)
    pages = companies // 1000
    with start_machine(crons=2) as machine:
        machine.switch_on(SYNC)
        machine.sandbox.set_latency(50)
        run_with_kills(machine, [], lambda: is_synchronized(machine))
        expected, needed = outcome(machine), pages_asked(machine)
    kills, violations, redone = [], [], []
    started = time.monotonic()
    while not kills or (time.monotonic() - started < share(0.2)):
        with start_machine(crons=2) as machine:
            machine.switch_on(SYNC)
            machine.sandbox.set_latency(50)
            killed, problems = run_with_kills(
                machine,
                moments_of_a_sync(rng, pages),
                lambda: is_synchronized(machine),
            )
            problems += differences(outcome(machine), expected)
            redone.append((pages_asked(machine) - needed) / max(1, len(killed)))
        kills += killed
        violations += [f"{problem} (killed at {killed})" for problem in problems]
    by_kind = ", ".join(
        f"{n} {kind}" for kind, n in Counter(k[0] for k in kills).items()
    )
    table.record(
        "R2",
        len(kills),
        violations,
        f"synchronization of {needed} pages, killed at {by_kind}; pages asked for again"
        f" a kill: {max(redone):.1f} at most",
    )
    assert not violations, "\n".join(violations)


# A batch of invoices -----------------------------------------------------------------


def start_sending(machine: Machine) -> None:
    machine.switch_on(SEND, MAIL)
    machine.sandbox.set_latency(20)


def is_sent(machine: Machine) -> bool:
    return machine.value(
        """SELECT NOT EXISTS (SELECT 1 FROM account_move
                               WHERE sending_data IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM mail_mail WHERE state = 'outgoing')"""
    )


def moments_of_a_batch(rng: random.Random, invoices: int) -> list[Moment]:
    """Ten moments: in the look-ups, the PDFs, the e-mails, and at commits."""
    apart = max(1, invoices // 12)
    moments = [
        ("invoices", 1, 0.0),
        ("invoice_pdf", rng.randint(1, apart), 0.0),
        ("answer", rng.randint(1, apart), rng.uniform(0, 0.05)),
        ("commit", rng.randint(1, 3), 0.0),
        ("time", 0, rng.uniform(0.2, 2)),
        *(("mail", rng.randint(1, apart), 0.0) for _ in range(3)),
        *(("mail", rng.randint(1, apart), rng.uniform(0.001, 0.05)) for _ in range(2)),
    ]
    rng.shuffle(moments)
    return moments


def wrong_mails(machine: Machine, batch: list[tuple], pdfs) -> tuple[list[str], int]:
    """Return what is wrong with the e-mails, and how many came once more.

    A mail that was the last one before a kill may come again, as from Odoo alone: it
    was accepted, and the process that should have noted so is dead.
    """
    wrong, again = [], 0
    excused = {machine.mailbox.messages[n - 1]["subject"] for n in machine.kills if n}
    for number, email in batch:
        mails = machine.mailbox.about(number)
        if not mails:
            wrong.append(f"no e-mail about {number}")
        elif len(mails) > 1 and mails[0]["subject"] not in excused:
            wrong.append(f"{len(mails)} e-mails about {number}")
        again += max(0, len(mails) - 1)
        for mail in mails:
            if email not in mail["to"]:
                wrong.append(f"{number} went to {mail['to']}, not to {email}")
            if pdfs and attached_files(mail) != [pdfs[number]]:
                wrong.append(f"{number} came with another file")
    return wrong, again


def test_a_killed_batch_is_sent_by_itself(start_machine, is_long, share, batch) -> None:
    """R2: each invoice to its customer, with ConnectWise's PDF, and once."""
    rng = random.Random(2)
    kills, violations, again, extra = [], [], 0, []
    started = time.monotonic()
    while not kills or (time.monotonic() - started < share(0.2)):
        with start_machine(crons=2) as machine:
            wanted = invoices_to_send(machine)
            pdfs = {
                row["number"]: machine.sandbox.invoice_pdf(row["id"])
                for row in machine.sandbox.export_invoices()
            }
            start_sending(machine)
            moments = moments_of_a_batch(rng, len(wanted))
            killed, problems = run_with_kills(
                machine,
                moments if is_long else moments[:4],
                lambda: is_sent(machine),
            )
            wrong, twice = wrong_mails(machine, wanted, pdfs)
            asked = sum(
                request["endpoint"] == "invoice_pdf"
                for request in machine.sandbox.requests()
            )
            extra.append((asked - len(wanted)) / max(1, len(killed)))
            problems += wrong + wrong_records(machine, wanted)
        again += twice
        kills += killed
        violations += [f"{problem} (killed at {killed})" for problem in problems]
    kinds = Counter(kind for kind, _nth, _delay in kills)
    by_kind = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    table.record(
        "R2",
        len(kills),
        violations,
        f"batches of {batch} invoices, killed at {by_kind}; {again} e-mails again, each"
        " accepted when the kill came; PDFs fetched again a kill:"
        f" {max(extra):.1f} at most",
    )
    assert not violations, "\n".join(violations)


def invoices_to_send(machine: Machine) -> list[tuple]:
    return machine.query(
        """SELECT move.name, partner.email
             FROM account_move move JOIN res_partner partner
               ON partner.id = move.partner_id
            WHERE move.sending_data IS NOT NULL"""
    )


def wrong_records(machine: Machine, batch: list[tuple]) -> list[str]:
    """Return what is wrong with the invoices, their files and messages."""
    names = [name for name, _email in batch]
    wrong = machine.query(
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
    left = machine.query("SELECT state FROM mail_mail WHERE state != 'sent'")
    return found + [f"an e-mail is left as {state}" for (state,) in left]


def test_no_more_e_mails_come_again_than_from_odoo_alone(start_machine) -> None:
    """R2: killed when the mail server has an e-mail, and Odoo has not noted so."""
    moments: list[Moment] = [("mail", nth, 0.0) for nth in (1, 2, 3)]
    again = {}
    for sources in (["connectwise", "odoo"], ["odoo"]):
        with start_machine(crons=2) as machine:
            machine.query(
                "DELETE FROM invoice_pdf_source WHERE NOT source = ANY(%s)", sources
            )
            # Those with a PDF of Odoo's own.
            machine.query(
                """UPDATE account_move SET sending_data = NULL WHERE id NOT IN (
                       SELECT res_id FROM ir_attachment
                        WHERE res_field = 'invoice_pdf_report_file')"""
            )
            wanted = invoices_to_send(machine)
            start_sending(machine)
            killed, problems = run_with_kills(
                machine, moments, lambda: is_sent(machine)
            )
            wrong, again[sources[0]] = wrong_mails(machine, wanted, None)
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
