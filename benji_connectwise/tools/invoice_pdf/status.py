"""What became of an invoice in ConnectWise, in one word: for the list of invoices.

A lookup stores the word for ConnectWise's answer. The invoice has the same one, unless
it is held, or another PDF than ConnectWise's is wanted for it.
"""

from odoo.fields import Domain
from odoo.tools import SQL

from .explain_choice import find_outranking
from .explain_lookup import find_outcome
from .searching import search_tried

ANSWERS = [
    ("connectwise", "ConnectWise"),
    ("differs", "Differs"),
    ("changed", "Changed since sent"),
    ("refused", "Refused"),
    ("not_found", "Not found"),
    ("not_asked", "Not asked"),
]
"""The first three have ConnectWise's PDF."""

STATUSES = [*ANSWERS, ("held", "Held")]

FACTS = (
    "invoice_pdf_source",
    "connectwise_lookup_ids.status",
    "connectwise_held_ids.settings",
)
"""On which the status of an invoice depends."""


def find_answer(lookup):
    """Return the word of `ANSWERS` for what ConnectWise answered."""
    outcome = find_outcome(lookup)
    if outcome == "accepted":
        if lookup.pdf_changed:
            return "changed"
        return "differs" if lookup.verdict == "amount_differs" else "connectwise"
    if outcome == "unusable":
        return "refused"
    # Also one whose PDF is still to be downloaded.
    return outcome or "not_asked"


def describe_status(moves):
    """Return {invoice: its word of `STATUSES`, or False}.

    :raises AccessError: if this person may not read the invoices
    """
    moves.check_access("read")
    return {move: _find_status(move) for move in moves.sudo()}


def _find_status(move):
    source = move.invoice_pdf_source
    if source != "connectwise" and "connectwise" not in find_outranking(move, source):
        return False
    if move.connectwise_held_ids.settings:
        return "held"
    return move.connectwise_lookup_ids.status or "not_asked"


def search_by_status(companies, statuses):
    """Return the domain of the invoices with one of these `STATUSES`, or False."""
    wanted = search_tried(companies, "connectwise")
    held = companies.env["connectwise.held.invoice"].sudo()
    held = held._search([("settings", "!=", False)]).subselect("move_id")
    held = Domain("id", "in", held)
    answers = [answer for answer, _label in ANSWERS if answer in statuses]
    answered = _answered(answers)
    if "not_asked" in answers:
        # Without a lookup, too.
        others = [answer for answer, _label in ANSWERS if answer not in answers]
        answered = ~_answered(others)
    domains = [wanted & ~held & answered]
    if "held" in statuses:
        domains.append(wanted & held)
    if False in statuses:
        domains.append(~wanted)
    return Domain.OR(domains)


def status_to_sql(moves, alias, query):
    """Return the SQL of the word of each invoice of `query`; joins what it needs.

    :raises AccessError: if this person may not read the status
    """
    # A group tells it too.
    moves._check_field_access(moves._fields["connectwise_status"], "read")
    wanted = search_tried(moves.env.companies, "connectwise")
    wanted = wanted.optimize_full(moves.sudo())
    # Not by the invoice's id: PostgreSQL would then expect a group for each invoice.
    return SQL(
        "CASE WHEN %s THEN CASE WHEN %s IS NOT NULL THEN 'held'"
        " ELSE COALESCE(%s, 'not_asked') END END",
        wanted._to_sql(moves.sudo(), alias, query),
        _join(moves, alias, query, "connectwise.held.invoice", "settings"),
        _join(moves, alias, query, "connectwise.lookup", "status"),
    )


def name_group_without(env, descriptions):
    """Name the group of invoices without a status: the web client has no name for it.

    :param descriptions: as `fields_get` returns them
    """
    description = descriptions.get("connectwise_status", {})
    if "selection" in description:
        without = (False, env._("Without ConnectWise"))
        description["selection"] = [*description["selection"], without]
    return descriptions


def _answered(answers):
    # Who may read the invoice may read this.
    return Domain("connectwise_lookup_ids", "any!", [("status", "in", answers)])


def _join(moves, alias, query, model, name):
    """Return the SQL of this field of the invoice's record of `model`."""
    records = moves.sudo().env[model]
    joined = query.left_join(alias, "id", records._table, "move_id", records._table)
    return records._field_to_sql(joined, name, query)
