"""Fetching PDFs, sending invoices and printing them: P10, P11."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

from testbed import furnishing
from testbed.mailbox import Mailbox
from testbed.postgresql import drop_database
from testbed.sandbox import ALL, SandboxClient

from .baseline import CONNECTIONS, Download, fetch_pdfs
from .bench import CUSTOMERS_OF_INVOICES, INVOICES_PER_LOOK_UP, LATENCY, Bench, Sizes
from .companies import sync
from .goals import Goal, Runs, show, show_seconds
from .running import Odoo, count_requests, odoo, sandbox
from .worker import Worker, connect

MOST_DELIVERED = 100
"""E-mails of larger batches are queued but not delivered: that is Odoo's own work."""


# In Odoo's process -------------------------------------------------------------------


def make_invoices(worker: Worker, url: str, count: int) -> int:
    """Make customers with an e-mail address, and post the sandbox's invoices."""
    from odoo.fields import Date

    sandbox = SandboxClient(url)
    customers = furnishing.make_customers(
        worker.root, furnishing.ordinary_companies(sandbox)
    )
    invoices = [
        invoice
        for invoice in furnishing.ordinary_invoices(sandbox)
        if invoice["type"] != "CreditMemo"
    ][:count]
    env = worker.env(context={"tracking_disable": True})
    dates = {"invoice_date": Date.today(), "invoice_date_due": False}
    for place in range(0, len(invoices), 500):
        posted = invoices[place : place + 500]
        furnishing.post_invoices(env, posted, customers, **dates)
        worker.cr.commit()
        worker.root.invalidate_all()
    return len(invoices)


def _invoices(worker: Worker, count: int):
    return worker.env["account.move"].search(
        [("move_type", "=", "out_invoice"), ("name", "=like", "CW%")],
        order="id",
        limit=count,
    )


def keep_only(worker: Worker, count: int) -> None:
    """Remove the numbers of all but `count` invoices: the others are not found."""
    others = _invoices(worker, 10**9) - _invoices(worker, count)
    worker.cr.execute(
        "UPDATE account_move SET name = 'X' || id WHERE id = ANY(%s)", [others.ids]
    )
    worker.cr.execute(
        "UPDATE account_move SET date = '2000-01-01' WHERE id = ANY(%s)",
        [others.ids],
    )
    worker.root.invalidate_all()
    worker.cr.commit()


def prefer(worker: Worker, source: str) -> None:
    lines = worker.root["invoice.pdf.source"].search([])
    for line in lines:
        line.sequence = 1 if line.source == source else 2


def store_own_pdfs(worker: Worker, url: str, count: int) -> None:
    """Store a PDF of Odoo's own for each invoice, as if Odoo had rendered it."""
    moves = _invoices(worker, count)
    [sample] = [
        invoice["id"]
        for invoice in furnishing.ordinary_invoices(SandboxClient(url))
        if invoice["number"] == moves[0].name
    ]
    pdf = Download(url).ask(f"finance/invoices/{sample}/pdf").content
    furnishing.keep_own_pdfs(
        # One file each, as rendering makes them.
        moves.with_env(worker.root),
        lambda move: pdf + f"\n% {move.id}\n%%EOF\n".encode(),
    )
    worker.cr.commit()


def prefetch(worker: Worker) -> dict[str, Any]:
    """Fetch the PDFs as the scheduled action does."""
    with worker.measured() as result:
        worker.root["connectwise.lookup"]._cron_prefetch()
    kept = worker.root["connectwise.lookup"].search_count([("has_pdf", "=", True)])
    return {**result, "pdfs": kept}


def ask_to_send(worker: Worker, count: int) -> dict[str, Any]:
    """Select invoices in the list and press *Send*; the background sends them."""
    moves = _invoices(worker, count)
    Wizard = worker.env["account.move.send.batch.wizard"].with_context(
        active_model="account.move", active_ids=moves.ids
    )
    with worker.measured() as result:
        wizard = Wizard.create({})
        wizard.read(["summary_data", "alerts"])
        wizard.action_send_and_print()
    return result


def send(worker: Worker, count: int) -> dict[str, Any]:
    """Run Odoo's scheduled action until everything is sent."""
    cron = worker.root.ref("account.ir_cron_account_move_send")
    left = [("sending_data", "!=", False)]
    Move = worker.root["account.move"]
    with worker.measured() as result:
        before = Move.search_count(left)
        while before:
            cron.method_direct_trigger()
            worker.cr.commit()  # The action worked in a transaction of its own.
            now = Move.search_count(left)
            if now >= before:
                raise RuntimeError(f"{now} invoices stay unsent")
            before = now
    posted = worker.root["mail.notification"].search_count(
        [
            ("notification_type", "=", "email"),
            ("mail_message_id.model", "=", "account.move"),
            ("mail_message_id.res_id", "in", _invoices(worker, count).ids),
        ]
    )
    if posted != count:
        raise RuntimeError(f"{posted} e-mails for {count} invoices")
    return result


def deliver(worker: Worker, count: int) -> dict[str, Any]:
    """Run Odoo's scheduled action that passes e-mails to the mail server."""
    with worker.measured() as result:
        worker.root["mail.mail"].process_email_queue()
    delivered = worker.root["mail.notification"].search_count(
        [
            ("notification_status", "=", "sent"),
            ("mail_message_id.model", "=", "account.move"),
        ]
    )
    if delivered != count:
        raise RuntimeError(f"{delivered} of {count} e-mails were delivered")
    return result


def print_invoices(worker: Worker, count: int) -> list[float]:
    """Return how long Print and Download take to get each invoice's PDF."""
    moves = _invoices(worker, count)
    seconds = []
    for move in moves:
        worker.root.invalidate_all()
        start = time.perf_counter()
        document = move._get_invoice_legal_documents("pdf", allow_fallback=True)
        content = document["content"]
        seconds.append(time.perf_counter() - start)
        if not content.startswith(b"%PDF-"):
            raise RuntimeError(f"{move.name} is printed without a PDF")
    return seconds


# The measurements --------------------------------------------------------------------


def sending(bench: Bench) -> None:
    """Send batches of invoices with ConnectWise's PDFs and with Odoo's own."""
    most = max(bench.sizes.invoices)
    # A twelfth of the sandbox's are credit notes, and some are special cases.
    in_sandbox = most * 12 // 11 + 100
    prepared = "benji_bench_invoices"
    with (
        Mailbox() as mailbox,
        sandbox(CUSTOMERS_OF_INVOICES, in_sandbox, LATENCY) as source,
        with_invoices(bench, source, mailbox.port, prepared, most),
    ):
        ids = [invoice["id"] for invoice in source.export_invoices(limit=ALL)]
        # The sandbox renders each PDF once. That must not be measured.
        fetch_pdfs(source.url, ids)
        for size in bench.sizes.invoices:
            seconds = fetch_pdfs(source.url, ids[:size])
            bench.add(
                what="prefetch", who="baseline", turn=0, size=size, seconds=seconds
            )
            turns = bench.sizes.runs if size < min(most, 100) else bench.sizes.few
            for turn in range(turns):
                with odoo(prepared, mailbox.port, source.url) as worker:
                    send_fetched(bench, source, worker, turn, size)
                with odoo(prepared, mailbox.port, source.url) as worker:
                    send_own(bench, source, worker, turn, size)
        with odoo(prepared, mailbox.port, source.url) as worker:
            send_unfetched(bench, source, worker, most)


@contextmanager
def with_invoices(
    bench: Bench, source: SandboxClient, smtp_port: int, name: str, count: int
) -> Iterator[None]:
    try:
        with odoo(bench.base, smtp_port, source.url, keep_as=name) as worker:
            worker.call(connect, url=source.url)
            worker.call(make_invoices, url=source.url, count=count)
            worker.call(sync, full=True)
        yield
    finally:
        drop_database(name)


def send_fetched(
    bench: Bench, source: SandboxClient, worker: Odoo, turn: int, size: int
) -> None:
    """Fetch PDFs in the background, then send, as on an ordinary day."""
    about = {"who": "addon", "turn": turn, "size": size, "latency": LATENCY}
    worker.call(keep_only, count=size)
    total: dict[str, int] = {}
    for step, arguments in (
        (prefetch, {}),
        (ask_to_send, {"count": size}),
        (send, {"count": size}),
        *([(deliver, {"count": size})] if size <= MOST_DELIVERED else []),
    ):
        source.clear_requests()
        figures = worker.call(step, **arguments)
        counts = count_requests(source)
        total = {key: total.get(key, 0) + counts.get(key, 0) for key in total | counts}
        what = step.__name__.replace("_", " ")
        bench.add(what=what, **about, **figures, **counts)
    bench.add(what="fetch and send", **about, **total)
    source.clear_requests()
    for seconds in worker.call(print_invoices, count=min(size, 50)):
        bench.add(what="print", **about, seconds=seconds)
    bench.add(what="print, in all", **about, **count_requests(source))


def send_own(
    bench: Bench, source: SandboxClient, worker: Odoo, turn: int, size: int
) -> None:
    """Send PDFs that Odoo has rendered, with Odoo first in the priority."""
    about = {"who": "Odoo", "turn": turn, "size": size}
    worker.call(keep_only, count=size)
    worker.call(prefer, source="odoo")
    worker.call(store_own_pdfs, url=source.url, count=size)
    steps = [ask_to_send, send, *([deliver] if size <= MOST_DELIVERED else [])]
    for step in steps:
        figures = worker.call(step, count=size)
        bench.add(what=step.__name__.replace("_", " "), **about, **figures)
    for seconds in worker.call(print_invoices, count=min(size, 50)):
        bench.add(what="print", **about, seconds=seconds)


def send_unfetched(
    bench: Bench, source: SandboxClient, worker: Odoo, size: int
) -> None:
    """Send invoices whose PDFs were not fetched before."""
    worker.call(keep_only, count=size)
    worker.call(ask_to_send, count=size)
    source.clear_requests()
    figures = worker.call(send, count=size)
    bench.add(
        what="send unfetched",
        who="addon",
        turn=0,
        size=size,
        latency=LATENCY,
        **figures,
        **count_requests(source),
    )


# The lines of the table --------------------------------------------------------------


def goals_of_sending(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for size in sizes.invoices:
        of_addon = {"who": "addon", "size": size}
        least = size * LATENCY / 1000 / CONNECTIONS
        is_goal = size == max(sizes.invoices)
        yield Goal(
            "",
            f"fetching {size:,} PDFs in the background, compared with"
            f" {show_seconds(least)} ({LATENCY} ms each, {CONNECTIONS} connections)",
            tuple(
                seconds / least for seconds in runs.values(what="prefetch", **of_addon)
            ),
        )
        baseline = runs.middle(what="prefetch", who="baseline", size=size)
        yield Goal(
            "P10" if is_goal else "",
            f"the same, compared with only downloading them ({show_seconds(baseline)})",
            tuple(
                seconds / baseline
                for seconds in runs.values(what="prefetch", **of_addon)
                if baseline
            ),
            most=1.05 if is_goal else None,
        )
        yield Goal(
            "P10" if is_goal else "",
            f"sending {size:,} invoices whose PDFs were fetched, compared with sending"
            " Odoo's own stored PDFs"
            f" ({show_seconds(runs.middle(what='send', **of_addon))} and"
            f" {show_seconds(runs.middle(what='send', who='Odoo', size=size))})",
            runs.ratios({"who": "addon"}, {"who": "Odoo"}, what="send", size=size),
            most=0.6 if is_goal else None,
        )
    size = max(sizes.invoices)
    of_addon = {"who": "addon", "size": size}
    yield Goal(
        "P10",
        f"requests for a PDF, for each of {size:,} invoices fetched and sent",
        tuple(
            count / size
            for count in runs.values("invoice_pdf", what="fetch and send", **of_addon)
        ),
        most=1,
        unit="",
    )
    for what, text in (
        ("prefetch", "when fetched in the background"),
        ("send unfetched", "when sent unfetched"),
    ):
        yield Goal(
            "P10",
            f"lookups for each {INVOICES_PER_LOOK_UP} of them {text}",
            tuple(
                count / ceil(size / INVOICES_PER_LOOK_UP)
                for count in runs.values("invoices", what=what, **of_addon)
            ),
            most=1,
            unit="",
        )
    own = runs.middle(what="ask to send", who="Odoo", size=size)
    yield Goal(
        "",
        f"a person presses *Send* for {size:,} invoices, compared with the same with"
        f" Odoo's own PDFs ({show_seconds(own)})",
        runs.ratios({"who": "addon"}, {"who": "Odoo"}, what="ask to send", size=size),
    )
    own = runs.middle(what="send", who="Odoo", size=size)
    least = size * LATENCY / 1000 / CONNECTIONS
    yield Goal(
        "",
        f"sending {size:,} invoices whose PDFs were not fetched, compared with sending"
        f" Odoo's own and {show_seconds(least)} for fetching",
        tuple(
            seconds / (own + least)
            for seconds in runs.values(what="send unfetched", **of_addon)
            if own
        ),
    )


def goals_of_printing(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    size = max(sizes.invoices)
    about = {"what": "print", "size": size}
    own = runs.middle(who="Odoo", **about)
    text = "printing an invoice whose PDF is kept"
    if own is not None:
        text += f" (Odoo's own stored PDF: {show(own * 1000, 'ms')})"
    seconds = runs.values(who="addon", **about)
    yield Goal(
        "P11", text, tuple(value * 1000 for value in seconds), most=20, unit="ms"
    )
    yield Goal(
        "P11",
        "requests to ConnectWise meanwhile",
        runs.values("requests", what="print, in all", size=size),
        most=0,
        unit="",
    )
