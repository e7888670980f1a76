"""Making the lines of a comparison, and replacing the previous ones."""

import hashlib

from odoo.tools import SQL

from odoo.addons.benji_connectwise.tools.sync.sql import as_table

from .comparing import compare
from .sides import find_moves, read_customers, read_ours, read_theirs

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


def compare_and_store(run):
    """Compare the invoices of both sides, and replace the lines of this run."""
    backend = run.backend_id
    moves = find_moves(run)
    theirs = read_theirs(run)
    lines = compare(
        read_ours(moves, theirs, backend.number_rule_ids),
        theirs,
        read_customers(backend),
        backend.amount_tolerance,
    )
    # Read once: there are many lines.
    first, last = run.date_from, run.date_to

    def is_within(invoice):
        return bool(invoice and invoice.day and first <= invoice.day <= last)

    lines = [line for line in lines if is_within(line.ours) or is_within(line.theirs)]
    currencies = {
        currency.name: currency.id
        for currency in run.env["res.currency"]
        .with_context(active_test=False)
        .search_fetch([], ["name"])
    }
    companies = {move.id: move.company_id.id for move in moves}
    company_id = backend.company_id.id
    rows = [
        _as_line(line, run.tenant, companies, company_id, currencies) for line in lines
    ]
    _replace_lines(run, rows)
    run.write(
        {
            "odoo_count": sum(is_within(line.ours) for line in lines),
            "connectwise_count": sum(is_within(line.theirs) for line in lines),
        }
    )


def _as_line(line, tenant, companies, company_id, currencies):
    """Return the values of a line, in the order of LINE_COLUMNS.

    :param companies: {id of an invoice: id of its company}
    :param company_id: of an invoice that Odoo does not have
    :param currencies: {name: id}
    """
    own, other = line.ours, line.theirs
    theirs = other and currencies.get(other.currency)
    ours = currencies[own.currency] if own else theirs
    values = {
        "status": line.status,
        "move_id": own and own.id,
        "company_id": companies[own.id] if own else company_id,
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
        "currency_id": ours,
        # Even an empty amount needs one: Odoo sums a column only in one currency.
        "connectwise_currency_id": theirs if other and other.currency else ours,
        "difference": line.difference,
        # An amount that is not known may be any.
        "is_zero": all(invoice.total == 0 for invoice in filter(None, (own, other))),
        "fingerprint": None if line.status == "agrees" else _get_print(line, tenant),
    }
    return tuple(values[name] for name in LINE_COLUMNS)


def _get_signed(invoice):
    if invoice.total is None:
        return None
    return -invoice.total if invoice.is_credit else invoice.total


def _get_print(line, tenant):
    """Return a digest that changes with the data of a line, but not with names."""
    own, other = line.ours, line.theirs
    facts = (
        tenant,
        line.status,
        own and own._replace(partner_name=""),
        other and other._replace(company_name=""),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _replace_lines(run, rows):
    Line = run.env["connectwise.reconciliation.line"]
    run.env.flush_all()
    # The ORM takes ten times as long.
    run.env.cr.execute(
        SQL("DELETE FROM connectwise_reconciliation_line WHERE run_id = %s", run.id)
    )
    run.env.cr.execute(
        SQL(
            """
            INSERT INTO connectwise_reconciliation_line (
                run_id, backend_id, %(columns)s, acceptance_id
            )
            SELECT %(run)s, %(backend)s, page.*, acceptance.id
              FROM (%(page)s) page
              LEFT JOIN connectwise_reconciliation_acceptance acceptance
                     ON acceptance.backend_id = %(backend)s
                    AND acceptance.fingerprint = page.fingerprint
            """,
            columns=SQL(", ").join(map(SQL.identifier, LINE_COLUMNS)),
            run=run.id,
            backend=run.backend_id.id,
            page=as_table(rows, LINE_COLUMNS),
        )
    )
    Line.invalidate_model(flush=False)
    run.invalidate_model(["line_ids"], flush=False)
