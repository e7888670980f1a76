"""The numbers that ConnectWise may use for an invoice.

Odoo's own number is always one of them. Each rule of the connection that applies to the
invoice adds one.
"""

import re
from collections import namedtuple

from odoo.tools import format_date

from ...const import LONGEST_TEXT_FOR_NUMBER
from ...lib.connectwise_client import defuse, number_key
from ...lib.connectwise_client.const import MAX_INVOICE_NUMBER_LENGTH

SECRET_FIELDS = {"access_token", "inalterable_hash"}
"""Fields that must not be sent to another system."""

TRUSTED_FIELDS = {"name", "payment_reference"}
"""Fields that Odoo fills in itself and no customer can write."""

LAST_DIGITS = re.compile(r"[0-9]+(?=[^0-9]*$)")

Candidate = namedtuple("Candidate", "number is_as_it_is rules")
"""A number to ask for, and the rules that make it of the invoice."""


def is_number_field(env, name):
    """Whether the number may be in this field of an invoice."""
    field = env["account.move"]._fields.get(name)
    return (
        field is not None
        and field.type == "char"
        and bool(field.store)
        and not (field.groups or field.translate or field.company_dependent)
        and name not in SECRET_FIELDS
    )


def get_number_fields(env):
    """Return [(name, label)] of the fields in which an invoice's number may be.

    The usual ones come first.
    """
    Move = env["account.move"]
    usual = ["name", "ref", "payment_reference"]
    others = sorted(
        (field._description_string(env), name)
        for name, field in Move._fields.items()
        if name not in usual and is_number_field(env, name)
    )
    return [
        *((name, Move._fields[name]._description_string(env)) for name in usual),
        *((name, label) for label, name in others),
    ]


def get_candidates(move, rules):
    """Return {number_key: Candidate} of the numbers to ask for, in order.

    Numbers of rules that are too long for ConnectWise are left out.

    :param rules: records with the fields of `connectwise.number`
    """
    candidates = {}
    if as_it_is := (move.name or "").strip():
        candidates[number_key(as_it_is)] = Candidate(as_it_is, True, [])
    for rule in rules:
        number = make_number(rule, move)
        if number and len(number) <= MAX_INVOICE_NUMBER_LENGTH:
            new = Candidate(number, False, [])
            candidates.setdefault(number_key(number), new).rules.append(rule)
    return candidates


def find_numbers(move):
    """Return the numbers that `move` may have in ConnectWise, as `get_candidates` does.

    The rules of an archived connection still tell which PDF is this invoice's.
    """
    return get_candidates(
        move, move.company_id.sudo().connectwise_backend_id.number_rule_ids
    )


def find_candidate(candidates, hit):
    """Return the candidate with the number of `hit`; None if the numbers changed.

    :param candidates: as `get_candidates` returns them
    :param hit: a `connectwise.invoice`
    """
    key = number_key(hit.number or "")
    if key in candidates:
        return candidates[key]
    for candidate in candidates.values():
        if number_key(defuse(candidate.number)) == key:
            return candidate
    return None


def is_from_odoo(candidate):
    """Whether Odoo itself gave this number, so that no customer can have chosen it."""
    return candidate.is_as_it_is or any(
        rule.field_name in TRUSTED_FIELDS for rule in candidate.rules
    )


def make_number(rule, move):
    """Return the number that `rule` makes of `move`; empty if it does not apply.

    A rule does not apply outside its dates, or if the field lacks a text that the rule
    cuts or replaces.
    """
    day = move.invoice_date or move.date
    if rule.valid_from and (not day or day < rule.valid_from):
        return ""
    if rule.valid_until and (not day or day > rule.valid_until):
        return ""
    if not is_number_field(move.env, rule.field_name):
        # The field was removed from Odoo after the rule was made.
        return ""
    return apply_steps(rule, move[rule.field_name] or "")


def apply_steps(rule, text):
    """Apply the steps of `rule` to `text`; return "" if one of them does not apply."""
    number = text.strip()
    prefix, suffix = rule.cut_prefix or "", rule.cut_suffix or ""
    if len(number) > LONGEST_TEXT_FOR_NUMBER:
        return ""
    if prefix:
        if number[: len(prefix)].casefold() != prefix.casefold():
            return ""
        number = number[len(prefix) :]
    if suffix:
        if number[-len(suffix) :].casefold() != suffix.casefold():
            return ""
        number = number[: -len(suffix)]
    if rule.replace_text:
        if rule.replace_text not in number:
            return ""
        number = number.replace(rule.replace_text, rule.replace_with or "")
    if rule.digits_only:
        number = re.sub("[^0-9]", "", number)
    if rule.trim_zeros:
        number = LAST_DIGITS.sub(lambda m: m.group().lstrip("0") or "0", number)
    if rule.pad_to:
        number = LAST_DIGITS.sub(lambda m: m.group().zfill(rule.pad_to), number)
    return number.strip()


def describe_steps(rule):
    """Say in words where the number is, how it is changed, and for which dates."""
    _ = rule.env._
    labels = dict(get_number_fields(rule.env))
    field = labels.get(rule.field_name) or _("a field that was removed")
    steps = [
        rule.cut_prefix and _("cut prefix “%s”", rule.cut_prefix),
        rule.cut_suffix and _("cut suffix “%s”", rule.cut_suffix),
        rule.replace_text
        and _(
            "replace “%(old)s” with “%(new)s”",
            old=rule.replace_text,
            new=rule.replace_with or "",
        ),
        rule.digits_only and _("digits only"),
        rule.trim_zeros and _("no leading zeros"),
        rule.pad_to and _("zeros up to %s digits", rule.pad_to),
    ]
    parts = [field, *filter(None, steps)]
    if len(parts) == 1:
        parts.append(_("as it is"))
    if rule.valid_from:
        parts.append(_("from %s", format_date(rule.env, rule.valid_from)))
    if rule.valid_until:
        parts.append(_("until %s", format_date(rule.env, rule.valid_until)))
    return ", ".join(parts)
