"""What a row of the Customer Mapping Report says, in the reader's language.

Rows store codes and what their sentences name. The sentences are here.
"""


def explain_conflict(env, conflict):
    """Say what a person should look at.

    :param conflict: {"kind": …, "companies": [ids of `connectwise.company`],
        "rows": [ids of `connectwise.mapping`]}, or nothing; of a row that was set
        aside {"kind": "set_aside", "company": its name then, "ref": its id, "now": the
        name of the company that has that id now, or None}
    :return: str, or False
    """
    if not conflict:
        return False
    if conflict["kind"] == "set_aside":
        return _explain_set_aside(env, conflict)
    sentence = _CONFLICTS[conflict["kind"]](env)
    companies = env["connectwise.company"].sudo().browse(conflict["companies"])
    rows = env["connectwise.mapping"].sudo().browse(conflict["rows"])
    names = {
        "companies": ", ".join(companies.exists()[:3].mapped("display_name")),
        "customers": ", ".join(rows.exists()[:3].mapped("partner_id.display_name")),
        "owners": ", ".join(
            rows.exists().partner_id.commercial_partner_id.mapped("display_name")
        ),
    }
    return sentence % names


def _explain_set_aside(env, conflict):
    if conflict["now"] is None:
        return env._(
            "Was connected to %(company)s, which is not in the ConnectWise that is"
            " connected now. Connect it or disconnect it.",
            company=conflict["company"],
        )
    return env._(
        "Was connected to %(company)s. In the ConnectWise that is connected now,"
        " #%(ref)s is %(now)s. Connect it or disconnect it.",
        **{name: conflict[name] for name in ("company", "ref", "now")},
    )


_CONFLICTS = {
    "several_companies_same_account_id": lambda env: env._(
        "Several companies have this Account ID: %(companies)s"
    ),
    "several_companies_same_name": lambda env: env._(
        "Several companies have this name: %(companies)s"
    ),
    "several_customers_same_account_id": lambda env: env._(
        "Several customers have this reference: %(customers)s"
    ),
    "several_customers_same_name": lambda env: env._(
        "Several customers have this name: %(customers)s"
    ),
    "company_taken": lambda env: env._("%(companies)s is connected to %(customers)s"),
    "legal_form_differs": lambda env: env._("The legal form differs: %(companies)s"),
    "name_disagrees": lambda env: env._(
        "The name is that of %(companies)s, the Account ID is not"
    ),
    "account_ids_differ": lambda env: env._(
        "%(companies)s has this name, but another Account ID"
    ),
    "part_of_another": lambda env: env._(
        "It became a part of %(owners)s, whose invoices are judged by the row of"
        " %(owners)s now. Connect %(owners)s if it is right, and disconnect this one."
    ),
    "changed_by_customer": lambda env: env._(
        "The name or reference was changed by the customer, and is that of"
        " %(companies)s. Confirm it, or connect by hand."
    ),
}


def explain_contact(env, note):
    """Say why there is no Bill-To contact, or what to know about it.

    :param note: {"code": …, and what the sentence names}, or nothing
    :return: str, or False
    """
    return note and _CONTACTS[note["code"]](env) % note


_CONTACTS = {
    "no_contact": lambda env: env._("No Bill-To contact in ConnectWise."),
    "inactive": lambda env: env._(
        "The Bill-To contact %(name)s is inactive in ConnectWise."
    ),
    "missing": lambda env: env._("The Bill-To contact is not in ConnectWise any more."),
    "no_email": lambda env: env._(
        "The Bill-To contact %(name)s has no valid e-mail address."
    ),
    "own_email": lambda env: env._("%(email)s is the customer's own e-mail address."),
    "invoice_address": lambda env: env._(
        "%(email)s is in Odoo as an invoice address already."
    ),
    "login": lambda env: env._(
        "The contact with the address %(email)s can log in to Odoo, so it is left as"
        " it is."
    ),
    "synced_login": lambda env: env._(
        "%(contact)s can log in to Odoo, so it is no longer updated from ConnectWise."
    ),
    "moved": lambda env: env._(
        "Its e-mail moved from %(old)s to %(new)s. Make sure that this is right before"
        " you enable it."
    ),
    "failed": lambda env: env._("Could not be imported: %(reason)s"),
}
