"""Compare the invoices of Odoo with those of ConnectWise.

These are pure functions: they read and store nothing.
"""

import re
from collections import defaultdict
from datetime import date
from typing import NamedTuple

from odoo.addons.benji_connectwise.lib.connectwise_client import number_key
from odoo.addons.benji_connectwise.lib.customer_matching import normalise_name

SMALLEST = 1e-6
"""Smaller differences between amounts are noise of floating point."""

LEADING_ZEROS = re.compile("(?<![0-9])0+(?=[0-9])")
"""Also within a number: those of CW-00017."""


class Ours(NamedTuple):
    """An invoice of Odoo. Amounts are without a sign."""

    id: int
    number: str
    day: date | None
    partner_id: int
    partner_name: str
    currency: str
    is_credit: bool
    total: float
    untaxed: float


class Theirs(NamedTuple):
    """An invoice of ConnectWise. The amount is without a sign, None if not known.

    ``companies``: the ids of its company and of the company that pays.
    """

    ref: int
    number: str
    day: date | None
    companies: tuple[int, ...]
    company_name: str
    currency: str
    is_credit: bool | None
    total: float | None


class Customers(NamedTuple):
    """The mapping between customers of Odoo and companies of ConnectWise.

    ``owners``: {company id: the customers connected to it}. ``companies``: {customer:
    the ids of its company, and of the company that pays}. ``disconnected``: {customer:
    the ids of the companies that a person disconnected it from}.
    """

    owners: dict[int, set[int]]
    companies: dict[int, set[int]]
    disconnected: dict[int, set[int]]


class Line(NamedTuple):
    """A pair of invoices, or a single one, and how they compare.

    ``difference``: Odoo's amount minus ConnectWise's; credits are negative.
    """

    status: str
    ours: Ours | None
    theirs: Theirs | None
    difference: float


def compare(ours, theirs, customers, tolerance):
    """Return a list of `Line` objects. Each invoice is in exactly one of them.

    :param ours: `Ours` objects
    :param theirs: `Theirs` objects
    :param customers: `Customers`
    :param tolerance: how much amounts may differ, in the currency of the invoice
    """
    mine, others = _group(ours), _group(theirs)
    lines, left_ours, left_theirs = [], mine.pop("", []), others.pop("", [])
    for key in {**mine, **others}:
        some, found = mine.get(key, []), others.get(key, [])
        if len(some) == 1 and len(found) == 1:
            pair = (some[0], found[0])
            lines.append(_line(judge(*pair, customers, tolerance), *pair, tolerance))
        elif not found:
            left_ours += some
        elif not some and len(found) == 1:
            left_theirs += found
        else:
            lines += _sort_several(some, found, customers, tolerance)
    pairs = _find_probable(left_ours, left_theirs, customers)
    lines += [
        _line(
            "probable" if other.number.strip() else "no_number", own, other, tolerance
        )
        for own, other in pairs.items()
    ]
    paired = set(pairs.values())
    for own in left_ours:
        if own not in pairs:
            status = "odoo_only" if own.number.strip() else "no_number"
            lines.append(_line(status, own, None, tolerance))
    for other in left_theirs:
        if other not in paired:
            status = "connectwise_only" if other.number.strip() else "no_number"
            lines.append(_line(status, None, other, tolerance))
    return lines


def judge(own, other, customers, tolerance):
    """Return the status of two invoices with the same number.

    It is that of their gravest difference, in the order in which PDFs are refused.
    """
    if other.is_credit is not None and other.is_credit != own.is_credit:
        return "other_kind"
    if _is_other_customer(own, other, customers):
        return "other_customer"
    if other.currency and other.currency != own.currency:
        return "other_currency"
    if other.total is not None and abs(_get_difference(own, other, tolerance)) > (
        tolerance + SMALLEST
    ):
        return "other_amount"
    if own.day and other.day and own.day != other.day:
        return "other_date"
    return "agrees"


def explain_numbers(own, other):
    """Return the step that would make the two numbers equal, or None.

    :return: (kind, text): the kind is "zeros", "prefix", "suffix" or "digits"; the text
        is the prefix or suffix to cut, else empty
    """
    numbers = [(own or "").strip(), (other or "").strip()]
    shorter, longer = sorted(numbers, key=len)
    short, long = number_key(shorter), number_key(longer)
    if not short or short == long:
        return None
    if LEADING_ZEROS.sub("", short) == LEADING_ZEROS.sub("", long):
        return "zeros", ""
    if long.endswith(short):
        return "prefix", longer[: -len(shorter)]
    if long.startswith(short):
        return "suffix", longer[len(shorter) :]
    digits = ["".join(filter(str.isdecimal, number)) for number in numbers]
    if digits[0] and digits[0].lstrip("0") == digits[1].lstrip("0"):
        return "digits", ""
    return None


def _group(invoices):
    found = defaultdict(list)
    for invoice in invoices:
        found[number_key(invoice.number)].append(invoice)
    return found


def _line(status, own, other, tolerance):
    # Amounts in different currencies cannot be subtracted.
    is_comparable = status != "other_currency"
    difference = _get_difference(own, other, tolerance) if is_comparable else 0.0
    return Line(status, own, other, round(difference, 6) + 0.0)


def _sign(amount, is_credit):
    return -amount if is_credit else amount


def _get_difference(own, other, tolerance):
    """Return Odoo's amount minus ConnectWise's, whose total may be without tax."""
    there = _sign(other.total, other.is_credit) if other and other.total else 0.0
    if not own:
        return -there
    if other and other.total is None:
        return 0.0
    differences = [
        _sign(amount, own.is_credit) - there for amount in (own.total, own.untaxed)
    ]
    if other and abs(differences[1]) <= tolerance + SMALLEST:
        return min(differences, key=abs)
    return differences[0]


def _is_other_customer(own, other, customers):
    for company in other.companies:
        owners = customers.owners.get(company)
        if owners and own.partner_id not in owners:
            return True
    known = customers.companies.get(own.partner_id)
    # A company that was disconnected may pay for the one that is connected.
    doubted = other.companies[:1] if known else other.companies
    if customers.disconnected.get(own.partner_id, set()) & set(doubted):
        return True
    return bool(known and other.companies and known.isdisjoint(other.companies))


def _sort_several(some, found, customers, tolerance):
    """Return the lines of invoices that share a number. Those that agree are paired."""
    lines, left = [], list(found)
    for own in some:
        fitting = (o for o in left if judge(own, o, customers, tolerance) == "agrees")
        other = next(fitting, None)
        if other:
            left.remove(other)
        lines.append(_line("several", own, other, tolerance))
    return lines + [_line("several", None, other, tolerance) for other in left]


def _find_probable(ours, theirs, customers):
    """Return {own: other}: pairs of the same customer, kind, currency and amount.

    Only unambiguous pairs count, first those of the same day, then the others.
    """
    by_facts = defaultdict(set)
    for other in theirs:
        for facts in _get_facts_there(other, customers):
            by_facts[facts].add(other)
    possible = {}
    for own in ours:
        found = set().union(
            *(by_facts.get(facts, ()) for facts in _get_facts_here(own))
        )
        found = {o for o in found if not _is_other_customer(own, o, customers)}
        if found:
            possible[own] = found
    pairs = {}
    for is_close in (lambda own, other: own.day == other.day, lambda own, other: True):
        _take_unique(possible, pairs, is_close)
    return pairs


def _take_unique(possible, pairs, is_close):
    """Add those of `possible` to `pairs` that are each other's only candidate."""
    taken = set(pairs.values())
    options, wanted = {}, defaultdict(int)
    for own, found in possible.items():
        if own not in pairs:
            options[own] = [o for o in found if o not in taken and is_close(own, o)]
            for other in options[own]:
                wanted[other] += 1
    for own, found in options.items():
        if len(found) == 1 and wanted[found[0]] == 1:
            pairs[own] = found[0]


def _get_facts_there(other, customers):
    if not other.total:
        return
    owners = set().union(*(customers.owners.get(c, ()) for c in other.companies))
    for customer in owners or filter(None, [normalise_name(other.company_name).core]):
        yield customer, bool(other.is_credit), other.currency, round(other.total, 2)


def _get_facts_here(own):
    name = normalise_name(own.partner_name).core
    for customer in filter(None, (own.partner_id, name)):
        for currency in (own.currency, ""):
            for amount in {own.total, own.untaxed}:
                yield customer, own.is_credit, currency, round(amount, 2)
