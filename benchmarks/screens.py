"""The form and the list of invoices: P12, P13."""

import gc
import statistics
import time
from collections.abc import Iterator
from typing import Any

from testbed import furnishing
from testbed.databases import prepare_account
from testbed.sandbox import SandboxClient

from .bench import Bench, Sizes
from .goals import Goal, Runs, show_seconds
from .running import odoo, sandbox
from .sending import prefetch
from .worker import Worker, connect, make_customers, set_up

CUSTOMERS_OF_LIST = 2_000
OPENED = 20
"""How often one invoice is opened in one turn."""

BESIDE = ["activities", "attachments", "contact_fields", "followers"]
BESIDE += ["scheduledMessages", "suggestedRecipients"]
"""Data that the web client reads besides a form (mail, chatter_patch.js)."""


PAGE, MOST_COUNTED = 80, 10_001
"""The limits of Odoo's list (web, list_controller.js and relational_model.js)."""

SUMS = [
    f"{name}:sum"
    for name in (
        "amount_untaxed_in_currency_signed",
        "amount_tax_signed",
        "amount_total_in_currency_signed",
        "amount_residual_signed",
    )
]

SALES = ("move_type", "in", ["out_invoice", "out_refund", "out_receipt"])
FILTERS = {
    "Odoo": [
        [("is_move_sent", "=", False)],
        [("state", "=", "posted"), ("payment_state", "in", ("not_paid", "partial"))],
        [("state", "=", "posted"), ("payment_state", "=", "in_payment")],
    ],
    "addon": [
        *(
            [("connectwise_status", "=", status)]
            for status in ("connectwise", "refused", "not_found", "not_asked", "held")
        ),
        [("connectwise_amount_differs", "=", True)],
        [("connectwise_pdf_changed", "=", True)],
    ],
}
GROUPS = {
    "Odoo": ["status_in_payment", "partner_id", "invoice_user_id"],
    "addon": ["connectwise_status"],
}

ANSWERS = """
    SELECT move.id, number,
           CASE WHEN number %% 20 = 1 THEN 'not_found' WHEN number %% 20 = 2
                THEN 'refused' WHEN number %% 20 = 3 THEN 'differs'
                WHEN number %% 100 = 4 THEN 'changed' ELSE 'connectwise' END AS status
      FROM account_move move, CAST(substr(move.name, 2) AS integer) number
     WHERE move.name ~ '^L[0-9]+$' AND number %% 20 > 0
"""
"""Answers for 19 of 20 invoices; the last one was not asked about."""


# In Odoo's process -------------------------------------------------------------------


def post_one(worker: Worker, url: str) -> int:
    """Post the sandbox's first ordinary invoice, with a PDF of Odoo's own."""
    from odoo.fields import Date

    root = worker.root
    sandbox = SandboxClient(url)
    first = next(
        i for i in furnishing.ordinary_invoices(sandbox) if i["type"] != "CreditMemo"
    )
    companies = furnishing.ordinary_companies(sandbox)
    owner = furnishing.company_of(first)
    company = next(company for company in companies if company["id"] == owner)
    customers = furnishing.make_customers(root, [company])
    today = {"invoice_date": Date.today(), "invoice_date_due": False}
    move = furnishing.post_invoices(worker.env, [first], customers, **today)
    furnishing.keep_own_pdfs(move.with_env(root), lambda _move: b"%PDF-1.4 Odoo's own")
    root.cr.commit()
    return move.id


def open_one(worker: Worker, move: int, count: int) -> dict[str, Any]:
    """Open, preview and print an invoice `count` times; return {action: medians}."""
    from odoo.tests import Form

    from odoo.addons.mail.tools.discuss import Store

    invoice = worker.env["account.move"].browse(move).with_context(bin_size=True)
    shown = Form(invoice)._view["fields_spec"]

    def open_form() -> None:
        invoice.web_read(shown)
        invoice.get_extra_print_items()

    def preview() -> None:
        Store().add(invoice, request_list=BESIDE, as_thread=True).get_result()

    def print_pdf() -> None:
        invoice.action_print_pdf()
        invoice._get_invoice_legal_documents("pdf", allow_fallback=True)["content"]

    actions = {"open": open_form, "preview": preview, "print": print_pdf}
    return {what: _measure(worker.root, act, count) for what, act in actions.items()}


def fill_list(worker: Worker, move: int, count: int) -> None:
    """Make `count` copies of a posted invoice, for all customers and five years.

    They have every answer that ConnectWise can give. PostgreSQL copies them, because
    there are many. The number of days is prime, so that each day has all answers.
    """
    root = worker.root
    own = {"id", "name", "date", "invoice_date", "partner_id", "commercial_partner_id"}
    own |= {"payment_state", "is_move_sent", "amount_total"}
    columns = ", ".join(
        name
        for name, field in root["account.move"]._fields.items()
        if field.store and field.column_type and name not in own
    )
    for statement in (
        "INSERT INTO account_move (name, date, invoice_date, partner_id,"
        f" commercial_partner_id, payment_state, is_move_sent, amount_total, {columns})"
        " SELECT 'L' || number, day, day, customer, customer, CASE number %% 20"
        " WHEN 0 THEN 'not_paid' WHEN 1 THEN 'in_payment' ELSE 'paid' END,"
        f" number %% 20 > 0, number, {columns} FROM account_move move,"
        " (SELECT array_agg(id) ids FROM res_partner WHERE ref LIKE 'AC%%') customers,"
        " generate_series(1, %(count)s) number,"
        " LATERAL (SELECT CURRENT_DATE - number %% 1823 AS day,"
        " ids[1 + number %% cardinality(ids)] AS customer) given"
        " WHERE move.id = %(move)s",
        "INSERT INTO connectwise_lookup (move_id, status, state, verdict, has_pdf,"
        " pdf_changed, pdf_ref, pdf_checksum) SELECT id, status, CASE status"
        " WHEN 'not_found' THEN status ELSE 'found' END, CASE status WHEN 'refused'"
        " THEN 'wrong_amount' WHEN 'differs' THEN 'amount_differs' WHEN 'not_found'"
        " THEN NULL ELSE 'accepted' END, status NOT IN ('refused', 'not_found'),"
        f" status = 'changed', number, 'sum' FROM ({ANSWERS}) answer",
        "INSERT INTO connectwise_invoice (lookup_id, connectwise_ref, number, is_open)"
        " SELECT lookup.id, pdf_ref, move.name, FALSE FROM connectwise_lookup lookup"
        " JOIN account_move move ON move.id = move_id WHERE lookup.state = 'found'"
        " AND pdf_checksum = 'sum'",
        "UPDATE connectwise_lookup SET accepted_id = hit.id FROM connectwise_invoice"
        " hit WHERE hit.lookup_id = connectwise_lookup.id AND has_pdf",
        "INSERT INTO ir_attachment (name, type, res_model, res_field, res_id,"
        " mimetype, store_fname, checksum) SELECT 'invoice.pdf', 'binary',"
        " 'account.move', 'connectwise_pdf_file', move_id, 'application/pdf',"
        " 'su/sum', 'sum' FROM connectwise_lookup"
        " WHERE has_pdf AND pdf_checksum = 'sum'",
    ):
        root.cr.execute(statement, {"count": count, "move": move})
    root.cr.commit()
    root.cr.execute("ANALYZE")
    root.cr.commit()
    root.invalidate_all()


def read_list(worker: Worker, count: int) -> list[dict[str, Any]]:
    """Read the list's first page, filter and group it, alternating with Odoo's own."""
    Move = worker.env["account.move"].with_context(
        default_move_type="out_invoice", bin_size=True
    )
    shown = _read_columns(Move)
    own = {
        name: how
        for name, how in shown.items()
        if Move._fields[name]._module != "benji_connectwise"
    }
    columns = {"Odoo": own, "addon": shown}

    def page(who: str, domain: list) -> None:
        limits = {"limit": PAGE, "count_limit": MOST_COUNTED}
        Move.web_search_read([SALES, *domain], columns[who], **limits)

    def filtered(who: str) -> None:
        for domain in FILTERS[who]:
            page(who, domain)

    def grouped(who: str) -> None:
        for name in GROUPS[who]:
            Move.web_read_group([SALES], [name], SUMS, limit=PAGE)

    found = []
    for turn in range(count):
        for what, act, parts in (
            ("list", lambda who: page(who, []), lambda who: 1),
            ("list filtered", filtered, lambda who: len(FILTERS[who])),
            ("list grouped", grouped, lambda who: len(GROUPS[who])),
        ):
            for who in columns:
                figures = _measure(worker.root, lambda act=act, who=who: act(who), 1)
                figures = {key: value / parts(who) for key, value in figures.items()}
                found.append({"what": what, "who": who, "turn": turn, **figures})
    return found


def _read_columns(Move: Any) -> dict[str, dict]:
    view_id = Move.env.ref("account.view_out_invoice_tree").id
    described = Move.get_view(view_id, "list")["models"]["account.move"]
    return {
        name: {"fields": {"display_name": {}}} if Move._fields[name].relational else {}
        for name in described
    }


def _measure(root: Any, act: Any, count: int) -> dict[str, float]:
    from odoo import sql_db

    seconds = []
    for _turn in range(count + 1):  # The first one fills Odoo's caches.
        root.cr.commit()
        root.invalidate_all()
        gc.collect()
        statements = sql_db.sql_counter
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
        statements = sql_db.sql_counter - statements
    return {"seconds": statistics.median(seconds[1:]), "statements": statements}


# The measurements --------------------------------------------------------------------


def opening(bench: Bench) -> None:
    """Open, preview and print one invoice, without the addon and with it."""
    with sandbox(50, 100, 0) as source:
        for turn in range(bench.sizes.few):
            for who in ("Odoo", "addon"):
                database = bench.base if who == "addon" else prepare_account()
                with odoo(database, 0, source.url) as worker:
                    if who == "addon":
                        worker.call(connect, url=source.url)
                    else:
                        worker.call(set_up)
                    move = worker.call(post_one, url=source.url)
                    if who == "addon":
                        worker.call(prefetch)
                    figures = worker.call(open_one, move=move, count=OPENED)
                for what, figure in figures.items():
                    bench.add(what=what, who=who, turn=turn, size=1, **figure)


def listing(bench: Bench) -> None:
    """Read the list of invoices with the addon's columns, filters and groups."""
    size = bench.sizes.listed
    with (
        sandbox(CUSTOMERS_OF_LIST, 100, 0) as source,
        odoo(bench.base, 0, source.url) as worker,
    ):
        worker.call(connect, url=source.url)
        worker.call(make_customers, url=source.url, count=CUSTOMERS_OF_LIST)
        move = worker.call(post_one, url=source.url)
        worker.call(fill_list, move=move, count=size)
        for figures in worker.call(read_list, count=bench.sizes.runs):
            bench.add(size=size, **figures)


# The lines of the table --------------------------------------------------------------


def goals_of_opening(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for what, text in (
        ("open", "opening one invoice"),
        ("preview", "what is beside it, with the preview"),
        ("print", "printing it"),
    ):
        for key, unit, factor, most in (
            ("seconds", "ms", 1000, 5),
            ("statements", "", 1, 8),
        ):
            with_it = runs.values(key, what=what, who="addon", size=1)
            without = runs.values(key, what=what, who="Odoo", size=1)
            added = tuple(
                (one - other) * factor
                for one, other in zip(with_it, without, strict=False)
            )
            of = "time" if unit else "SQL statements"
            yield Goal("P12", f"{text}: {of} added", added, most=most, unit=unit)


def goals_of_listing(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    for what, text in (
        ("list", "its columns"),
        ("list filtered", "its filters, compared with Odoo's filters"),
        ("list grouped", "its groups, compared with Odoo's groups"),
    ):
        about = {"what": what, "size": sizes.listed}
        values = runs.ratios({"who": "addon"}, {"who": "Odoo"}, **about)
        own = runs.middle(who="Odoo", **about)
        yield Goal(
            "P13",
            f"the list of {sizes.listed:,} invoices with {text} ({show_seconds(own)})",
            values,
            most=1.2,
        )
