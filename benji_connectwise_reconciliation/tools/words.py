"""Sentences for people about a comparison."""

from odoo.addons.benji_connectwise.tools.connection.explain import explain_stored

from .comparing import explain_numbers


def explain_failure(env, failure):
    """Say why a comparison ended or waits, and what to do about it.

    :param failure: the stored failure of the comparison, or False
    :return: str, or False without a failure
    """
    _ = env._
    kind = (failure or {}).get("kind")
    if kind == "another_connectwise":
        return _(
            "Another ConnectWise was connected in the meantime, so this comparison was"
            " stopped. Please compare again."
        )
    if kind == "unexpected":
        return _(
            "The comparison stopped because of an unexpected error. Your Odoo"
            " administrator can find it in the log."
        )
    if kind == "too_many":
        return _(
            "There are more than %s invoices in this period: please choose a shorter"
            " one.",
            failure["most"],
        )
    return explain_stored(env, failure)


def describe_counts(env, counts):
    """Describe the open differences of a comparison in one line.

    :param counts: {status: how many}
    """
    statuses = env["connectwise.reconciliation.line"]._fields["status"]
    return " · ".join(
        f"{label}: {counts[status]}"
        for status, label in statuses._description_selection(env)
        if counts.get(status)
    )


def describe_join(env, odoo_number, connectwise_number):
    """Say which step would make the two numbers equal; False if none is known."""
    _ = env._
    kind, text = explain_numbers(odoo_number, connectwise_number) or (None, "")
    if kind == "prefix":
        return _("They differ only by “%s” at the beginning.", text)
    if kind == "suffix":
        return _("They differ only by “%s” at the end.", text)
    if kind == "zeros":
        return _("They differ only by leading zeros.")
    if kind == "digits":
        return _("Their digits are the same.")
    return False
