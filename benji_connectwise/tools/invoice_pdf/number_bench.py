"""Trying number rules on the newest invoices, before they are saved.

Only the dialog stores ConnectWise's answers; nothing else is stored.
"""

from collections import namedtuple

from odoo import fields
from odoo.fields import Command
from odoo.tools import split_every

from ...const import CHECK_EVERY, INVOICES_ON_BENCH, MISSES_ON_BENCH, NUMBERS_AT_ONCE
from ...lib.connectwise_client import (
    AmbiguousNumberError,
    ConnectWiseError,
    DeadlineError,
    number_key,
)
from ...lib.connectwise_client.const import MAX_HITS, MAX_INVOICE_NUMBER_LENGTH
from ..connection.asking import asking, get_interactive_limits
from ..connection.explain import explain_stored, serialize_error
from .numbers import LAST_DIGITS, get_candidates, make_number
from .verdict import ACCEPTED, group_by_number, prepare_cases

FIGURES = ("hits", "misses", "collisions", "refused", "ambiguous", "too_long", "open")
"""The possible results of some rules for an invoice. "Open" is not asked yet."""

JUDGED = (
    "connectwise_ref",
    "number",
    "invoice_type",
    "company_ref",
    "company_name",
    "bill_to_ref",
    "currency_code",
    "has_total",
    "total",
)
"""Fields of `connectwise.invoice` on which the verdict depends."""

Trial = namedtuple("Trial", "label found")
"""Some rules and {figure: the ids of the invoices}."""

PROPOSALS = (
    {"field_name": "name", "trim_zeros": True},
    {"field_name": "name", "digits_only": True},
    {"field_name": "name", "digits_only": True, "trim_zeros": True},
    {"field_name": "ref"},
    {"field_name": "ref", "trim_zeros": True},
    {"field_name": "ref", "digits_only": True},
    {"field_name": "payment_reference"},
    *({"field_name": "name", "pad_to": digits} for digits in (4, 5, 6, 7, 8)),
)
"""Rules that are worth trying on invoices that were not found, the likeliest first."""


def find_moves(backend):
    """Return the newest posted invoices of this connection that the person may see."""
    Move = backend.env["account.move"].sudo(False)
    return Move.search(
        [
            ("company_id", "in", backend._get_companies().ids),
            ("state", "=", "posted"),
            ("move_type", "in", Move.get_sale_types(include_receipts=True)),
        ],
        order="date desc, id desc",
        limit=INVOICES_ON_BENCH,
    )


def try_rules(backend, rules, answers):
    """Try rules on the newest invoices, next to those in force.

    :param rules: records with the fields of `connectwise.number`
    :param answers: {number_key: what ConnectWise answered}; new ones are added
    :return: (a list of Trials: the number as it is, each rule, all together, those in
        force; why not all numbers could be asked for, or False)
    """
    _ = backend.env._
    moves, in_force = find_moves(backend), backend.sudo().number_rule_ids
    _add_known_answers(backend, moves, answers)
    numbers = [
        candidate.number
        for move in moves
        for some in (rules, in_force)
        for candidate in get_candidates(move, some).values()
    ]
    obstacle = _ask(backend, numbers, answers)
    no_rules = rules.browse()
    trials = [
        Trial(_("Number, as it is"), _try(backend, moves, no_rules, answers)),
        *(
            Trial(rule.display_name, _try_alone(backend, moves, rule, answers))
            for rule in rules
        ),
        Trial(_("All together"), _try(backend, moves, rules, answers)),
        Trial(_("The rules in force now"), _try(backend, moves, in_force, answers)),
    ]
    return trials, obstacle


def propose(backend, rules, move_ids, answers):
    """Return the rule that would find most of the invoices that were not found.

    :param rules: a recordset of the model that the proposals are made in
    :param move_ids: ids of the invoices that no rule found
    :return: ({field: value} of the rule, how many it finds, of how many); or None
    """
    Move = backend.env["account.move"].sudo(False)
    moves = Move.browse(move_ids[:MISSES_ON_BENCH]).exists()
    proposals = [rules.new(values) for values in PROPOSALS]
    numbers = [
        number
        for rule in proposals
        for move in moves
        if (number := make_number(rule, move))
    ]
    _ask(backend, numbers, answers)
    best, most = None, 0
    for rule, values in zip(proposals, PROPOSALS, strict=True):
        found = len(_try_alone(backend, moves, rule, answers)["hits"])
        if found > most:
            best, most = values, found
    return best and (best, most, len(moves))


def find_steps(move, number):
    """Return the steps of a rule that would make `number` of an invoice, or None.

    :param move: an invoice, sudo if the person may not see it
    :param number: ConnectWise's
    """
    Line = move.env["connectwise.number.bench.line"]
    for name in ("name", "ref", "payment_reference"):
        for steps in _list_steps((move[name] or "").strip(), number):
            values = {"field_name": name, **steps}
            made = make_number(Line.new(values), move)
            if made and number_key(made) == number_key(number):
                return values
    return None


def _list_steps(text, number):
    """Return the steps that may make `number` of `text`, the simplest first."""
    digits, wanted = LAST_DIGITS.search(text), LAST_DIGITS.search(number)
    if not digits or not wanted:
        return [{}]
    pad_to = {"pad_to": len(wanted.group())}
    before = {"cut_prefix": text[: digits.start()]}
    return [
        {},
        {"trim_zeros": True},
        pad_to,
        before,
        {**before, "trim_zeros": True},
        {**before, **pad_to},
        {"cut_prefix": text[: -len(number)]},
        {"cut_suffix": text[len(number) :]},
        {"digits_only": True},
        {"digits_only": True, "trim_zeros": True},
        {"digits_only": True, **pad_to},
    ]


# Asking ------------------------------------------------------------------------------


def _add_known_answers(backend, moves, answers):
    """Add the stored answers that are still fresh enough."""
    lookups = moves.sudo().connectwise_lookup_ids.filtered(
        lambda lookup: (
            lookup.tenant == backend.tenant
            and lookup.asked_at
            and lookup.asked_at >= fields.Datetime.now() - CHECK_EVERY
            and not (lookup.has_too_many_hits or lookup.error)
        )
    )
    for lookup in lookups:
        by_number = group_by_number(
            lookup.hit_ids.filtered(lambda hit: not hit.is_gone)
        )
        for number in lookup.numbers or ():
            key = number_key(number)
            hits = by_number.get(key, lookup.hit_ids.browse())
            known = [{name: hit[name] for name in JUDGED} for hit in hits]
            answers.setdefault(key, known)


def _ask(backend, numbers, answers):
    """Ask for the numbers that have no answer yet, until the time is over.

    :return: why not all of them could be asked for, or False
    """
    _ = backend.env._
    left = {}
    for number in numbers:
        if len(number) > MAX_INVOICE_NUMBER_LENGTH:
            continue
        if number_key(number) not in answers:
            left[number_key(number)] = number
    if not left:
        return False
    backend, Hit = backend.sudo(), backend.env["connectwise.invoice"].sudo()
    limits = get_interactive_limits(backend)
    if not limits:
        return backend.last_error or _("ConnectWise is not connected.")
    try:
        with asking(backend, limits) as client:
            for some in split_every(NUMBERS_AT_ONCE, list(left), list):
                try:
                    answers.update(_find(client, Hit, {key: left[key] for key in some}))
                except DeadlineError:
                    # Not a failure of the connection, only too many for the time.
                    return _(
                        "ConnectWise has not answered for all numbers yet. Try again"
                        " to ask for the others."
                    )
                for key in some:
                    del left[key]
    except ConnectWiseError as error:
        return explain_stored(backend.env, serialize_error(error))
    return False


def _find(client, Hit, numbers):
    """Return {number_key: the values of its hits, or None if there are too many}."""
    found, crowded = {key: [] for key in numbers}, set()
    for invoices, skipped in client.find_invoices(numbers.values()):
        for invoice in invoices:
            found[number_key(invoice.number)].append(_serialize(Hit, invoice))
        crowded |= {
            number_key(record.error.value)
            for record in skipped
            if isinstance(record.error, AmbiguousNumberError)
        }
    return {
        key: None if key in crowded or len(hits) > MAX_HITS else hits
        for key, hits in found.items()
    }


def _serialize(Hit, invoice):
    values = Hit._prepare_values(invoice)
    return {name: values[name] for name in JUDGED}


# Judging -----------------------------------------------------------------------------


def _try(backend, moves, rules, answers):
    numbers = {
        move: [each.number for each in get_candidates(move, rules).values()]
        for move in moves
    }
    return _judge(backend, rules, numbers, answers)


def _try_alone(backend, moves, rule, answers):
    numbers = {move: [number] for move in moves if (number := make_number(rule, move))}
    return _judge(backend, rule, numbers, answers)


def _judge(backend, rules, numbers, answers):
    """Return {figure: ids of the invoices}, by the same evidence as for sending.

    :param numbers: {invoice: the numbers that are tried together}
    """
    found = {figure: [] for figure in FIGURES}
    lookups = backend.env["connectwise.lookup"].sudo()
    for move, some in numbers.items():
        keys = [number_key(n) for n in some if len(n) <= MAX_INVOICE_NUMBER_LENGTH]
        if not keys:
            found["too_long"].append(move.id)
        elif any(key not in answers for key in keys):
            found["open"].append(move.id)
        elif any(answers[key] is None for key in keys):
            found["ambiguous"].append(move.id)
        elif not any(answers[key] for key in keys):
            found["misses"].append(move.id)
        else:
            # In memory only, but judged like a stored lookup.
            lookups += lookups.new(
                {
                    "move_id": move.id,
                    "tenant": backend.tenant,
                    "hit_ids": [
                        Command.create(hit) for key in keys for hit in answers[key]
                    ],
                }
            )
    for lookup, case in prepare_cases(lookups, rules).items():
        verdict, _hits = case.judge(lookup.hit_ids)
        found[_get_figure(verdict)].append(lookup.move_id.id)
    return found


def _get_figure(verdict):
    if verdict in ACCEPTED:
        return "hits"
    if verdict in ("wrong_company", "wrong_type"):
        return "collisions"
    return "ambiguous" if verdict == "ambiguous" else "refused"
