"""The two sides of a comparison: storing ConnectWise's invoices, and reading both."""

from odoo.tools import SQL

from odoo.addons.benji_connectwise.lib.connectwise_client import defuse, number_key
from odoo.addons.benji_connectwise.tools.invoice_pdf.numbers import get_candidates
from odoo.addons.benji_connectwise.tools.sync.sql import as_table

from ..const import EDGE
from .comparing import Customers, Ours, Theirs

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
    "last_updated": "timestamp",
}


# ConnectWise's side -----------------------------------------------------------------


def store_invoices(run, invoices):
    """Store a page of ConnectWise's invoices, and overwrite older answers.

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


def keep_days(run, first, last):
    """Delete stored invoices dated outside first to last; return how many are left."""
    run.env.cr.execute(
        SQL(
            """
            DELETE FROM connectwise_reconciliation_invoice
             WHERE run_id = %s AND NOT day BETWEEN %s AND %s
            """,
            *(run.id, first, last),
        )
    )
    return run.env["connectwise.reconciliation.invoice"].search_count(
        [("run_id", "=", run.id)]
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
        invoice.last_updated and invoice.last_updated.replace(tzinfo=None),
    )


def find_newest_change(run):
    """Return when ConnectWise last changed an invoice that is stored, or None."""
    [[newest]] = run.env.execute_query(
        SQL(
            """
            SELECT max(last_updated) FROM connectwise_reconciliation_invoice
             WHERE run_id = %s
            """,
            run.id,
        )
    )
    return newest


def read_theirs(run):
    """Return the stored invoices of ConnectWise as `Theirs` objects."""
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
    """Count the posted customer invoices of a comparison, up to `most` + 1."""
    return run.env["account.move"].search_count(_get_domain(run), limit=most + 1)


def _get_domain(run):
    return [
        ("company_id", "in", run.backend_id._get_companies().ids),
        ("move_type", "in", ["out_invoice", "out_refund", "out_receipt"]),
        ("state", "=", "posted"),
        ("invoice_date", ">=", run.date_from - EDGE),
        ("invoice_date", "<=", run.date_to + EDGE),
    ]


def find_moves(run):
    """Return the posted customer invoices of a comparison."""
    return run.env["account.move"].search_fetch(
        _get_domain(run),
        [
            *("name", "ref", "payment_reference", "company_id", "partner_id"),
            *("invoice_date", "currency_id", "move_type"),
            *("amount_total", "amount_untaxed"),
        ],
        order="id",
    )


def read_ours(moves, theirs, rules):
    """Return Odoo's invoices as `Ours` objects.

    The number of each is the one that ConnectWise has too, if a rule makes it.

    :param theirs: `Theirs` objects
    :param rules: the number rules of the connection
    """
    known = {number_key(invoice.number) for invoice in theirs}
    # Read once for each customer, because there are many more invoices.
    customers = {
        partner: (partner.commercial_partner_id.id, partner.commercial_partner_id.name)
        for partner in moves.partner_id
    }
    currencies = {currency: currency.name for currency in moves.currency_id}
    ours = []
    for move in moves:
        customer, name = customers.get(move.partner_id, (False, ""))
        ours.append(
            Ours(
                move.id,
                _choose_number(move, rules, known),
                move.invoice_date,
                customer,
                name or "",
                currencies[move.currency_id],
                move.move_type == "out_refund",
                abs(move.amount_total),
                abs(move.amount_untaxed),
            )
        )
    return ours


def _choose_number(move, rules, known):
    candidates = get_candidates(move, rules)
    key = next((key for key in candidates if key in known), None)
    key = key or next(iter(candidates), None)
    return candidates[key].number if key else ""


def read_customers(backend):
    """Return the `Customers` of a connection, without unconfirmed companies."""
    rows = backend.env["connectwise.mapping"].search_fetch(
        [
            ("backend_id", "=", backend.id),
            "|",
            ("connectwise_company_id", "!=", False),
            ("disconnected_company_ids", "!=", False),
        ],
        ["partner_id", "connectwise_company_id", "disconnected_company_ids"],
    )
    customers = Customers({}, {}, {})
    for row in rows:
        partner = row.partner_id.commercial_partner_id.id
        company = row._get_trusted_company()
        ref = company.connectwise_ref
        if company:
            customers.owners.setdefault(ref, set()).add(partner)
        # The row of a customer that is part of another is no evidence for that one.
        if company and row.partner_id.id == partner:
            customers.companies[partner] = {ref, company.bill_to_ref or ref}
        before = row.disconnected_company_ids.filtered("is_confirmed") - company
        if before:
            refs = customers.disconnected.setdefault(partner, set())
            refs.update(before.mapped("connectwise_ref"))
    return customers
