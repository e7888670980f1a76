"""The results of trying number rules, in sentences for people."""

from odoo.tools import format_list

from ...lib.connectwise_client.const import MAX_INVOICE_NUMBER_LENGTH


def summarize(env, together, before):
    """Say how many invoices are found.

    :param together: {figure: ids of the invoices} by the rules that were tried
    :param before: the same by those in force
    """
    tried = sum(map(len, together.values()))
    if not tried:
        return env._("There is no posted customer invoice yet to try the rules on.")
    return env._(
        "Together: %(found)s of the %(tried)s newest posted invoices are found (with"
        " the rules in force: %(before)s).",
        found=len(together["hits"]),
        tried=tried,
        before=len(before["hits"]),
    )


def describe_too_long(env, as_it_is):
    """Say how many numbers are too long for ConnectWise.

    :param as_it_is: the Trial of the number as it is
    :return: str, or False if there are none
    """
    too_long = as_it_is.found["too_long"]
    return bool(too_long) and env._(
        "%(count)s of these invoices have a number longer than the %(most)s characters"
        " that ConnectWise allows. Only a rule can find them.",
        count=len(too_long),
        most=MAX_INVOICE_NUMBER_LENGTH,
    )


def describe_idle(env, trials, together):
    """Name the rules that make no number of any invoice.

    :param trials: of the rules, each alone
    :param together: {figure: ids of the invoices} by all rules
    :return: str, or False if there are none
    """
    idle = [trial.label for trial in trials if not any(trial.found.values())]
    return bool(idle and any(together.values())) and env._(
        "Rules that make no number of any of these invoices: %s.",
        format_list(env, [f"“{label}”" for label in idle]),
    )


def describe_proposal(rules, steps, found, tried):
    """Say what a proposed rule would find.

    :param rules: a recordset in whose model the proposal is made
    :param steps: {field: value} of the rule
    """
    return rules.env._(
        "The rule “%(rule)s” would find %(found)s of the %(tried)s invoices that were"
        " not found.",
        found=found,
        tried=tried,
        rule=rules.new(steps).display_name,
    )
