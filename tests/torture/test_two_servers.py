"""Two Odoo servers share the jobs of `benji_connectwise_queue_job`."""

import time
from collections import Counter
from hashlib import sha1

import pytest
import table
from two_servers import WORKERS, System, system

from connectwise_sandbox import Sandbox
from testbed import furnishing

pytestmark = pytest.mark.usefixtures("long_only")

PREFETCH = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
SYNC = "benji_connectwise.ir_cron_connectwise_sync"
LATENCY_MS = 100

UNDER_WAY = 16
"""Requests of one job at most whose answers are not stored yet."""


def prepare(odoo: System) -> dict[str, int]:
    """Make the last invoice a draft; return {number: id in ConnectWise} of all."""
    posted = {
        number for (number,) in odoo.query("SELECT name FROM account_move ORDER BY id")
    }
    refs = {
        invoice["number"]: invoice["id"]
        for invoice in furnishing.ordinary_invoices(odoo.sandbox)
        if invoice["number"] in posted
    }
    # ConnectWise makes a PDF when it is asked for the first time.
    for ref in refs.values():
        odoo.sandbox.invoice_pdf(ref)
    odoo.admin.call("account.move", "button_draft", [last_invoice(odoo)])
    odoo.get_runner()
    odoo.sandbox.set_latency(LATENCY_MS)
    odoo.sandbox.clear_requests()
    return refs


def last_invoice(odoo: System) -> int:
    return odoo.value("SELECT max(id) FROM account_move")


def request_rescan(odoo: System) -> None:
    call = odoo.admin.call
    [backend] = call("connectwise.backend", "search", [])
    values = {"backend_id": backend, "get_all_entries": True}
    [rescan] = call("connectwise.mapping.rescan", "create", [values])
    call("connectwise.mapping.rescan", "action_rescan", [rescan])
    odoo.admin.run_scheduled_action(SYNC)


def asked(odoo: System, path: str) -> Counter[str]:
    """Return {request whose path ends so: how often it was made}."""
    return Counter(
        f"{request['path']}?{request['query']}"
        for request in odoo.sandbox.requests()
        if request["path"].endswith(path)
    )


def count_repeated(questions: Counter[str]) -> int:
    return questions.total() - len(questions)


def count_pdfs(odoo: System) -> int:
    return odoo.value("SELECT count(*) FROM connectwise_lookup WHERE has_pdf")


def count_ranges_left(odoo: System) -> int:
    return odoo.value(
        "SELECT count(*) FROM connectwise_sync_range WHERE is_done IS NOT TRUE"
    )


def pdfs(odoo: System) -> list[tuple[str, str]]:
    """Return (number, SHA-1) of each PDF that is kept, sorted."""
    return odoo.query(
        "SELECT move.name, file.checksum FROM ir_attachment file"
        " JOIN account_move move ON move.id = file.res_id"
        " WHERE file.res_model = 'account.move'"
        " AND file.res_field = 'connectwise_pdf_file' ORDER BY 1, 2"
    )


def companies(odoo: System) -> list[tuple[int, str]]:
    """Return (ConnectWise's id, name) of each company that is known, sorted."""
    return odoo.query(
        "SELECT connectwise_ref, name FROM connectwise_company ORDER BY 1, 2"
    )


def their_pdfs(odoo: System, refs: dict[str, int]) -> list[tuple[str, str]]:
    return sorted(
        (number, sha1(odoo.sandbox.invoice_pdf(ref)).hexdigest())
        for number, ref in refs.items()
    )


def their_companies(odoo: System) -> list[tuple[int, str]]:
    companies = furnishing.all_companies(odoo.sandbox)
    return [(company["id"], company["name"]) for company in companies]


def test_two_servers_share_the_work_and_one_may_be_killed(server: None) -> None:
    """The other one finishes the jobs of the killed one."""
    with (
        Sandbox(companies=10_000, invoices=300) as sandbox,
        system(sandbox, servers=2, invoices=201) as odoo,
    ):
        refs = prepare(odoo)
        killed = odoo.get_runner()
        request_rescan(odoo)
        odoo.admin.run_scheduled_action(PREFETCH)
        odoo.wait_until(lambda: count_pdfs(odoo) >= 40, 60)
        assert all(map(odoo.worked, odoo.servers))
        killed.kill()
        # queue_job considers a job dead after ten seconds.
        time.sleep(10)
        # Invoices in the queue are not enqueued a second time.
        odoo.admin.call("account.move", "action_post", [last_invoice(odoo)])
        odoo.admin.run_scheduled_action(PREFETCH)
        odoo.wait_until(lambda: count_pdfs(odoo) == len(refs), 90)
        odoo.wait_until(lambda: not count_ranges_left(odoo), 90)
        odoo.admin.run_scheduled_action(SYNC)
        assert pdfs(odoo) == their_pdfs(odoo, refs)
        assert companies(odoo) == their_companies(odoo)
        assert odoo.query("SELECT state FROM connectwise_sync") == [("done",)]
        fetched = asked(odoo, "/pdf")
        assert len(fetched) == len(refs)
        repeated = count_repeated(fetched) + count_repeated(asked(odoo, "/companies"))
        assert repeated <= WORKERS * UNDER_WAY


def measure(sandbox: Sandbox, servers: int) -> tuple[float, float]:
    """Return the seconds for 600 PDFs and for all companies; no work is done twice."""
    with system(sandbox, servers, invoices=601) as odoo:
        prepare(odoo)
        start = time.monotonic()
        odoo.admin.run_scheduled_action(PREFETCH)
        odoo.wait_until(lambda: count_pdfs(odoo) == 600, 300)
        for_pdfs = time.monotonic() - start
        start = time.monotonic()
        request_rescan(odoo)
        odoo.wait_until(lambda: not count_ranges_left(odoo), 300)
        for_companies = time.monotonic() - start
        odoo.admin.run_scheduled_action(SYNC)
        assert all(map(odoo.worked, odoo.servers))
        assert len(asked(odoo, "/pdf")) == 600
        assert not count_repeated(asked(odoo, "/pdf"))
        assert not count_repeated(asked(odoo, "/companies"))
        assert companies(odoo) == their_companies(odoo)
    return for_pdfs, for_companies


def test_throughput_grows_with_a_second_server(server: None) -> None:
    """No work is done twice."""
    with Sandbox(companies=50_000, invoices=700) as sandbox:
        one, two = (measure(sandbox, servers) for servers in (1, 2))
    note = ", ".join(
        f"{what} in {one[index]:.1f} s by one server, {two[index]:.1f} s by two"
        for index, what in enumerate(["600 PDFs", "50,000 companies"])
    )
    print(note)
    table.record("D15", 2, 0, f"{note}, at {LATENCY_MS} ms")
