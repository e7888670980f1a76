"""Explaining why ConnectWise's PDF is used or not, in sentences for people."""

from odoo.tools import format_datetime, format_list, formatLang

from ...lib.connectwise_client.const import MAX_HITS, MAX_INVOICE_NUMBER_LENGTH
from ..connection.explain import describe_error, explain_stored
from .numbers import find_candidate, find_numbers
from .order import get_order, is_used
from .verdict import group_by_number, prepare_cases

UNREADABLE = "unreadable_record"
"""The kind of a stored error for which the client has no class."""


def explain_connectwise(move):
    """Say why ConnectWise's PDF is used for `move` or not.

    :return: str, or False if ConnectWise is not one of its sources
    """
    if "connectwise" not in get_order(move) or not move._with_invoice_pdf():
        return False
    if not is_used("connectwise", move):
        return move.env._("Not used, because Odoo comes first.")
    return explain_lookup(move.sudo().connectwise_lookup_ids) or explain_not_asked(move)


def explain_not_asked(move):
    """Say why ConnectWise has not answered about `move` yet."""
    _ = move.env._
    backend = move.company_id._get_connectwise_backend()
    if not backend or backend.state == "draft":
        return _("ConnectWise is not connected.")
    if backend.failure:
        return describe_error(backend)
    if move.sudo().connectwise_lookup_ids.accepted_id:
        return _("Found; the PDF is downloaded when it is printed or sent.")
    return _("Not asked yet; ConnectWise will be asked when it is printed or sent.")


def explain_lookup(lookup):
    """Say why a lookup has a PDF or none.

    :return: str, or False if ConnectWise has not answered yet
    """
    explain = {
        "accepted": _explain_accepted,
        "refused": _explain_refused,
        "unusable": explain_error,
        "not_found": _explain_not_found,
    }
    outcome = find_outcome(lookup)
    return outcome and explain[outcome](lookup)


def find_outcome(lookup):
    """Return "accepted", "refused", "unusable" or "not_found" for a lookup.

    :return: False if ConnectWise has not answered yet
    """
    if not lookup:
        return False
    if lookup.has_pdf:
        return "accepted"
    if not lookup._is_for_current_numbers() or lookup.is_from_another_tenant:
        return False
    if lookup.verdict and not lookup.accepted_id:
        return "refused"
    if lookup.error:
        return "unusable"
    return lookup.state == "not_found" and "not_found"


def explain_error(lookup):
    """Say what is wrong with the PDF or with ConnectWise's answer."""
    if lookup.error["kind"] == UNREADABLE:
        return lookup.env._(
            "Nothing usable for the number %s: ConnectWise's answer contains a record"
            " that cannot be read.",
            _name_numbers(lookup),
        )
    return explain_stored(lookup.env, lookup.error)


def explain_amount(lookup):
    """Say both amounts of an invoice that was accepted although they differ."""
    return lookup.env._(
        "ConnectWise's total is %(theirs)s, Odoo's is %(ours)s.",
        **_format_amounts(lookup.move_id, lookup.accepted_id),
    )


def _explain_accepted(lookup):
    _ = lookup.env._
    hit = lookup.accepted_id
    warnings = []
    parts = [_("invoice %s", hit.number), _name_rules(hit), _name_company(hit)]
    if hit.has_total:
        amounts = _format_amounts(lookup.move_id, hit)
        if lookup.verdict == "amount_differs":
            warnings.append(
                _("amount differs: %(theirs)s there, %(ours)s here", **amounts)
            )
        else:
            parts.append(_("amount matches (%s)", amounts["theirs"]))
    if hit.is_open and not hit.is_gone:
        warnings.append(_("still open in ConnectWise (%s)", hit.status))
    if lookup.is_from_another_tenant:
        parts.append(_("from the ConnectWise that was connected before"))
    elif hit.is_gone:
        parts.append(_("deleted in ConnectWise"))
    elif hit.last_updated:
        time = format_datetime(lookup.env, hit.last_updated, dt_format="short")
        parts.append(_("last changed in ConnectWise %s", time))
    return " · ".join(filter(None, warnings + parts))


def _explain_refused(lookup):
    _ = lookup.env._
    move, case = lookup.move_id, prepare_cases(lookup)[lookup]
    _verdict, hits = case.decide()
    hit = (hits or lookup.hit_ids)[:1]
    sentences = {
        "wrong_type": lambda: _explain_types(move, hit),
        "wrong_company": lambda: _explain_owner(case, hit),
        "wrong_currency": lambda: _(
            "it is in %(theirs)s, not in %(ours)s",
            theirs=hit.currency_code,
            ours=move.currency_id.name,
        ),
        "wrong_amount": lambda: _(
            "its amount is %(theirs)s there and %(ours)s here",
            **_format_amounts(move, hit),
        ),
        "unproven_number": lambda: _explain_unproven(case),
        "ambiguous": lambda: _explain_ambiguity(lookup),
        "still_open": lambda: _("it is still open there (status: %s)", hit.status),
    }
    return _(
        "Number %(number)s found, but %(why)s.",
        number=_name_number(hit) if hit else _name_numbers(lookup),
        why=sentences[lookup.verdict](),
    )


def _explain_not_found(lookup):
    _ = lookup.env._
    numbers = lookup.numbers or [""]
    if all(len(number) > MAX_INVOICE_NUMBER_LENGTH for number in numbers):
        return _(
            "ConnectWise cannot have the number %(number)s: it is longer than"
            " %(most)s characters. A number rule can shorten it.",
            number=numbers[0],
            most=MAX_INVOICE_NUMBER_LENGTH,
        )
    return _("ConnectWise has no invoice with the number %s.", _name_numbers(lookup))


def _explain_unproven(case):
    _ = case.lookup.env._
    if case.customer.connectwise_self_written:
        return _(
            "%s registered in the web shop or changed the name in the portal: connect"
            " this customer by hand to trust it",
            case.customer.display_name,
        )
    return _(
        "the number comes from the reference of an order, which the customer may have"
        " written: connect %s by hand to trust it",
        case.customer.display_name,
    )


def _explain_ambiguity(lookup):
    _ = lookup.env._
    if lookup.has_too_many_hits:
        return _("there are more than %s invoices with this number", MAX_HITS)
    by_number = group_by_number(lookup.hit_ids)
    if len(by_number) > 1:
        return _(
            "the rules contradict each other: there are %s",
            format_list(
                lookup.env,
                [
                    f"{_name_number(hits[0])} {_name_company(hits[0])}".strip()
                    for hits in by_number.values()
                ],
            ),
        )
    if len(lookup.hit_ids) > 1:
        return _("there are %s invoices with this number", len(lookup.hit_ids))
    return _("an invoice of another customer here has this number too")


def _explain_types(move, hit):
    _ = move.env._
    if move.move_type == "out_refund":
        return _("it is an invoice there and a credit note here")
    if hit.invoice_type == "CreditMemo":
        return _("it is a credit memo there and an invoice here")
    return _("it is a credit there, because its total is negative, and an invoice here")


def _explain_owner(case, hit):
    _ = hit.env._
    reason, owners = case.find_other_owner(hit) or ("other", None)
    names = {"company": _name_company(hit), "customer": case.customer.display_name}
    if reason == "connected":
        return _(
            "it belongs to %(company)s, which is connected to %(owner)s, not to"
            " %(customer)s",
            owner=", ".join(owners.mapped("display_name")),
            **names,
        )
    if reason == "disconnected":
        return _(
            "it belongs to %(company)s, and this customer was disconnected from it",
            company=names["company"],
        )
    return _("it belongs to %(company)s, not to %(customer)s", **names)


def _name_numbers(lookup):
    """Return the numbers that were asked for, joined with "or"."""
    return format_list(lookup.env, lookup.numbers or [""], style="or")


def _name_number(hit):
    """Return the number of a hit, with the rule that made it."""
    rules = _name_rules(hit)
    return f"{hit.number} ({rules})" if rules else hit.number


def _name_rules(hit):
    """Name the rules that made this hit's number; empty if it is Odoo's own."""
    candidates = find_numbers(hit.lookup_id.move_id)
    candidate = find_candidate(candidates, hit)
    if not candidate or candidate.is_as_it_is:
        return ""
    names = [f"“{rule.with_env(hit.env).display_name}”" for rule in candidate.rules]
    return hit.env._("found by the rule %s", ", ".join(names))


def _name_company(hit):
    """Return the company of a hit, and the one that pays if it is another."""
    companies = {hit.company_ref: hit.company_name}
    companies.setdefault(hit.bill_to_ref, hit.bill_to_name)
    return hit.env._(", billed to ").join(
        f"{name or ''} (#{ref})".strip() for ref, name in companies.items() if ref
    )


def _format_amounts(move, hit):
    return {
        "theirs": _format_amount(hit.env, hit.total, hit.currency_code),
        "ours": _format_amount(move.env, move.amount_total, move.currency_id.name),
    }


def _format_amount(env, amount, currency_code):
    # ConnectWise may know a currency that Odoo does not.
    return f"{formatLang(env, amount)} {currency_code or ''}".strip()
