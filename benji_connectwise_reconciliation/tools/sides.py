"""Reading the two sides of a comparison from the database, and storing its lines."""

import hashlib

from odoo.tools import SQL

from odoo.addons.benji_connectwise.lib.connectwise_client import defuse
from odoo.addons.benji_connectwise.tools.sync.sql import as_table

from ..const import EDGE
from .comparing import Customers, Ours, Theirs, compare

INVOICE_COLUMNS = {
    "connectwise_ref": "integer",
    "number": "varchar",
    "company_ref": "integer",
    "company_name": "varchar",
    "bill_to_ref": "integer",
    "day": "date",
    "currency_code": "varchar",
    "is_credit": "boolean",
    "total": "numeric",
}

LINE_COLUMNS = {
    "status": "varchar",
    "move_id": "integer",
    "company_id": "integer",
    "odoo_number": "varchar",
    "partner_id": "integer",
    "odoo_date": "date",
    "odoo_total": "numeric",
    "connectwise_ref": "integer",
    "connectwise_number": "varchar",
    "connectwise_company_ref": "integer",
    "connectwise_company": "varchar",
    "connectwise_date": "date",
    "connectwise_total": "numeric",
    "connectwise_currency_code": "varchar",
    "currency_id": "integer",
    "connectwise_currency_id": "integer",
    "difference": "numeric",
    "is_zero": "boolean",
    "fingerprint": "varchar",
}


# ConnectWise's side -----------------------------------------------------------------


def store_invoices(run, invoices):
    """Store a page of ConnectWise's invoices; the latest answer about one counts.

    :param invoices: `Invoice` objects of the client
    """
    if not invoices:
        return
    rows = [_as_row(invoice) for invoice in invoices]
    run.env.cr.execute(
        SQL(
            """
            INSERT INTO connectwise_reconciliation_invoice (run_id, %(columns)s)
            SELECT %(run)s, page.* FROM (%(page)s) page
            ON CONFLICT (run_id, connectwise_ref) DO UPDATE SET %(changes)s
            """,
            columns=SQL(", ").join(map(SQL.identifier, INVOICE_COLUMNS)),
            run=run.id,
            page=as_table(rows, INVOICE_COLUMNS),
            changes=SQL(", ").join(
                SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name))
                for name in INVOICE_COLUMNS
            ),
        )
    )


def _as_row(invoice):
    company, bill_to = invoice.company, invoice.bill_to_company
    is_credit = None
    if invoice.type == "CreditMemo" or (invoice.total or 0) < 0:
        is_credit = True
    elif invoice.type or invoice.total is not None:
        is_credit = False
    named = company or bill_to
    return (
        invoice.id,
        defuse(invoice.number or "").strip(),
        company.id if company else None,
        named.name if named else None,
        bill_to.id if bill_to else None,
        invoice.date.date(),
        invoice.currency_code,
        is_credit,
        None if invoice.total is None else abs(invoice.total),
    )


def _read_theirs(run):
    rows = run.env.execute_query(
        SQL(
            """
            SELECT connectwise_ref, number, day, company_ref, bill_to_ref, company_name,
                   currency_code, is_credit, total
              FROM connectwise_reconciliation_invoice
             WHERE run_id = %s
             ORDER BY connectwise_ref
            """,
            run.id,
        )
    )
    return [
        Theirs(
            ref,
            number or "",
            day,
            tuple(filter(None, (company, bill_to))),
            name or "",
            currency or "",
            is_credit,
            None if total is None else float(total),
        )
        for ref, number, day, company, bill_to, name, currency, is_credit, total in rows
    ]


# Odoo's side ------------------------------------------------------------------------


def count_moves(run, most):
    """Return how many posted customer invoices are compared, and hardly more than
    `most`."""
    return run.env["account.move"].search_count(_get_domain(run), limit=most + 1)


def _get_domain(run):
    return [
        ("company_id", "in", run.backend_id._get_companies().ids),
        ("move_type", "in", ["out_invoice", "out_refund", "out_receipt"]),
        ("state", "=", "posted"),
        ("invoice_date", ">=", run.date_from - EDGE),
        ("invoice_date", "<=", run.date_to + EDGE),
    ]


def _find_moves(run):
    return run.env["account.move"].search_fetch(
        _get_domain(run),
        [
            *("name", "ref", "payment_reference", "company_id", "partner_id"),
            *("invoice_date", "currency_id", "move_type"),
            *("amount_total", "amount_untaxed"),
        ],
        order="id",
    )


def _read_ours(moves):
    ours = []
    for move in moves:
        customer = move.partner_id.commercial_partner_id
        ours.append(
            Ours(
                move.id,
                move._get_connectwise_number(),
                move.invoice_date,
                customer.id,
                customer.name or "",
                move.currency_id.name,
                move.move_type == "out_refund",
                abs(move.amount_total),
                abs(move.amount_untaxed),
            )
        )
    return ours


def _read_customers(backend):
    """Return the `Customers` of a connection, as far as they are confirmed there."""
    rows = backend.env["connectwise.mapping"].search_fetch(
        [
            ("backend_id", "=", backend.id),
            "|",
            ("connectwise_company_id", "!=", False),
            ("disconnected_company_id", "!=", False),
        ],
        ["partner_id", "connectwise_company_id", "disconnected_company_id"],
    )
    customers = Customers({}, {}, {})
    for row in rows:
        partner = row.partner_id.commercial_partner_id.id
        if company := row._get_trusted_company():
            ref = company.connectwise_ref
            customers.owners.setdefault(ref, set()).add(partner)
            customers.companies[partner] = {ref, company.bill_to_ref or ref}
        if before := row.disconnected_company_id.filtered("is_confirmed"):
            customers.disconnected[partner] = before.connectwise_ref
    return customers


# The lines --------------------------------------------------------------------------


def compare_and_store(run):
    """Compare what was read with Odoo's invoices, and replace the lines of this run."""
    backend = run.backend_id
    moves = _find_moves(run)
    theirs = _read_theirs(run)
    lines = compare(
        _read_ours(moves), theirs, _read_customers(backend), backend.amount_tolerance
    )
    lines = [line for line in lines if _is_within(run, line)]
    currencies = {
        currency.name: currency.id
        for currency in run.env["res.currency"]
        .with_context(active_test=False)
        .search_fetch([], ["name"])
    }
    companies = {move.id: move.company_id.id for move in moves}
    rows = [_as_line(run, line, companies, currencies) for line in lines]
    _replace_lines(run, rows)
    run.write(
        {
            "odoo_count": sum(_is_day_within(run, line.ours) for line in lines),
            "connectwise_count": sum(
                _is_day_within(run, line.theirs) for line in lines
            ),
        }
    )


def _is_day_within(run, invoice):
    return bool(invoice and invoice.day and run.date_from <= invoice.day <= run.date_to)


def _is_within(run, line):
    return _is_day_within(run, line.ours) or _is_day_within(run, line.theirs)


def _as_line(run, line, companies, currencies):
    own, other = line.ours, line.theirs
    theirs = other and currencies.get(other.currency)
    backend_company = run.backend_id.company_id
    values = {
        "status": line.status,
        "move_id": own and own.id,
        "company_id": companies[own.id] if own else backend_company.id,
        "odoo_number": own and own.number,
        "partner_id": own and own.partner_id,
        "odoo_date": own and own.day,
        "odoo_total": own and _get_signed(own),
        "connectwise_ref": other and other.ref,
        "connectwise_number": other and other.number,
        "connectwise_company_ref": other and next(iter(other.companies), None),
        "connectwise_company": other and other.company_name,
        "connectwise_date": other and other.day,
        "connectwise_total": other and _get_signed(other),
        "connectwise_currency_code": other and other.currency,
        "currency_id": currencies[own.currency] if own else theirs,
        "connectwise_currency_id": theirs,
        "difference": line.difference,
        "is_zero": not (own and own.total) and not (other and other.total),
        "fingerprint": None if line.status == "agrees" else _get_print(run, line),
    }
    return tuple(values[name] for name in LINE_COLUMNS)


def _get_signed(invoice):
    if invoice.total is None:
        return None
    return -invoice.total if invoice.is_credit else invoice.total


def _get_print(run, line):
    """Return a text that changes with the facts of a line, but not with names."""
    own, other = line.ours, line.theirs
    facts = (
        run.tenant,
        line.status,
        own and own._replace(partner_name=""),
        other and other._replace(company_name=""),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _replace_lines(run, rows):
    Line = run.env["connectwise.reconciliation.line"]
    run.env.flush_all()
    # Row by row, Odoo takes ten times as long.
    run.env.cr.execute(
        SQL("DELETE FROM connectwise_reconciliation_line WHERE run_id = %s", run.id)
    )
    run.env.cr.execute(
        SQL(
            """
            INSERT INTO connectwise_reconciliation_line (
                run_id, backend_id, %(columns)s, acceptance_id,
                create_uid, create_date, write_uid, write_date
            )
            SELECT %(run)s, %(backend)s, page.*, acceptance.id,
                   %(user)s, now() AT TIME ZONE 'UTC', %(user)s,
                   now() AT TIME ZONE 'UTC'
              FROM (%(page)s) page
              LEFT JOIN connectwise_reconciliation_acceptance acceptance
                     ON acceptance.backend_id = %(backend)s
                    AND acceptance.fingerprint = page.fingerprint
            """,
            columns=SQL(", ").join(map(SQL.identifier, LINE_COLUMNS)),
            run=run.id,
            backend=run.backend_id.id,
            user=run.env.uid,
            page=as_table(rows, LINE_COLUMNS),
        )
    )
    Line.invalidate_model(flush=False)
    run.invalidate_model(["line_ids"], flush=False)
