"""Suggesting ConnectWise companies for a customer, and finding exact matches."""

from collections import Counter

from odoo.tools import SQL

from ...const import INVOICES_COMPARED
from ...lib.customer_matching import (
    CompanyIndex,
    Customer,
    normalise_account_id,
    normalise_name,
    suggest,
)
from ..invoice_pdf.verdict import prepare_cases
from ..sync.contact_reading import update_contacts_for_person
from .connecting import link


def suggest_companies(mapping):
    """Return the dialog's suggestions for a customer, best first.

    :return: [(id of the company, the reasons in words)]
    """
    index = _get_index(mapping.backend_id)
    invoices, found = find_evidence(mapping)
    return [
        (suggestion.company_id, _explain(mapping, suggestion))
        for suggestion in _suggest(mapping, index, invoices, found)
    ]


def find_exact_matches(mappings):
    """Return what can be connected at once: rows with exactly one exact match.

    Left out are rows with a conflict, and rows that a person decided about.

    :return: {row: (the company, the reasons in words)}
    """
    matches = {}
    for backend, rows in (
        mappings.filtered(_may_be_connected).grouped("backend_id").items()
    ):
        index, evident = _get_index(backend), _find_evident(rows)
        places = _group_places(index)
        found = {
            row: match
            for row in rows
            if (match := _find_exact_match(row, index, places, row in evident))
        }
        # A company that matches two customers is no exact match.
        count = Counter(company for company, _why in found.values())
        matches |= {row: match for row, match in found.items() if count[match[0]] == 1}
    return matches


def connect_exact_matches(matches):
    """Connect these customers.

    A person still has to check each connection; until then it counts no more than an
    equal name.

    :param matches: as `find_exact_matches` returns them
    :return: the rows that were connected
    """
    rows = next(iter(matches), None)
    if rows is None:
        return ()
    env = rows.env
    linked = link(
        env,
        [(row.id, company.id, "suggestion") for row, (company, _w) in matches.items()],
    )
    for row in linked:
        row._log_for_customer(
            env._(
                "Connected to %s, with other exact matches.",
                row.connectwise_company_id.display_name,
            )
        )
    for backend, connected in linked.grouped("backend_id").items():
        update_contacts_for_person(backend, connected)
    return linked


def _suggest(mapping, index, invoices, found):
    partner = mapping.partner_id
    return suggest(
        Customer(partner.id, partner.name or None, partner.ref or None),
        index,
        invoice_counts={
            company_id: (len(moves), found) for company_id, moves in invoices.items()
        },
    )


def _get_index(backend):
    """Return the companies to choose from."""
    backend.env["connectwise.company"].flush_model()
    rows = backend.env.execute_query(
        SQL(
            """
            SELECT id, name, account_number, normalised_name, normalised_account_id
              FROM connectwise_company
             WHERE backend_id = %s AND is_deleted IS NOT TRUE AND is_confirmed
            """,
            backend.id,
        )
    )
    return CompanyIndex(
        [row_id for row_id, *_texts in rows],
        # Only an empty key is computed again, because it takes long.
        [
            normalise_name(name).core if core is None else core
            for _id, name, _number, core, _key in rows
        ],
        [
            normalise_account_id(number) if key is None else key
            for _id, _name, number, _core, key in rows
        ],
    )


def find_evidence(mapping):
    """Compare this customer's newest invoices with ConnectWise's answers about them.

    :return: ({id of a company: invoices that are evidence for it}, how many invoices
        ConnectWise has by number)
    """
    env = mapping.env
    lookups = env["connectwise.lookup"].search(
        [
            ("move_id.commercial_partner_id", "=", mapping.partner_id.id),
            ("move_id.company_id", "in", mapping.backend_id._get_companies().ids),
            ("hit_ids", "!=", False),
            # Answers from another ConnectWise prove nothing here.
            ("tenant", "in", [False, mapping.backend_id.tenant]),
        ],
        order="id desc",
        limit=INVOICES_COMPARED,
    )
    invoices = {}
    for lookup, case in prepare_cases(lookups).items():
        for hit in lookup.hit_ids:
            if case.is_evidence(hit):
                for ref in {hit.company_ref, hit.bill_to_ref} - {0}:
                    invoices[ref] = invoices.get(ref, lookup.move_id) | lookup.move_id
    companies = env["connectwise.company"].search(
        [
            ("backend_id", "=", mapping.backend_id.id),
            ("connectwise_ref", "in", list(invoices)),
            ("is_confirmed", "=", True),
        ]
    )
    return {
        company.id: invoices[company.connectwise_ref] for company in companies
    }, len(lookups)


# Exact matches ---------------------------------------------------------------------


def _may_be_connected(row):
    return not (
        row.connectwise_company_id
        or row.disconnected
        or row.has_conflict
        or row.is_self_written
    )


def _find_evident(rows):
    """Return the rows whose customers have an invoice in ConnectWise."""
    lookups = rows.env["connectwise.lookup"].search(
        [
            ("move_id.commercial_partner_id", "in", rows.partner_id.ids),
            ("hit_ids", "!=", False),
        ]
    )
    customers = lookups.move_id.commercial_partner_id
    return rows.filtered(lambda row: row.partner_id in customers)


def _sort_words(core):
    return " ".join(sorted(core.split()))


def _group_places(index):
    """Return {name, Account ID or id: places of the companies that have it}."""
    places = {}
    for place, (row_id, core, account_id) in enumerate(zip(*index, strict=True)):
        for key in (row_id, ("name", _sort_words(core)), ("account_id", account_id)):
            places.setdefault(key, []).append(place)
    return places


def _find_exact_match(mapping, index, places, is_evident):
    """Return the company of the only suggestion that leaves no doubt, and the reasons.

    A company that is already connected to another customer always leaves doubt.

    :return: (the company, the reasons in words), or None
    """
    invoices, found = find_evidence(mapping) if is_evident else ({}, 0)
    core = normalise_name(mapping.partner_id.name).core
    account_id = normalise_account_id(mapping.partner_id.ref)
    # Only these can be exact, so not every name is compared with every other.
    keys = [*invoices, core and ("name", _sort_words(core))]
    keys.append(account_id and ("account_id", account_id))
    near = sorted(
        {place for key in filter(None, keys) for place in places.get(key, ())}
    )
    exact = [
        suggestion
        for suggestion in _suggest(
            mapping,
            CompanyIndex(*([column[place] for place in near] for column in index)),
            invoices,
            found,
        )
        if _leaves_no_doubt(mapping, suggestion, invoices)
    ]
    if len(exact) != 1:
        return None
    company = mapping.env["connectwise.company"].browse(exact[0].company_id)
    return None if company.mapping_ids else (company, _explain(mapping, exact[0]))


def _leaves_no_doubt(mapping, suggestion, invoices):
    """Whether a suggestion is good enough to be connected together with others.

    Invoice numbers are, if all invoices that were found are this company's and two of
    them have different amounts (monthly fees are equal) or the name is similar.
    """
    reasons = {reason.kind: reason for reason in suggestion.reasons}
    company = mapping.env["connectwise.company"].browse(suggestion.company_id)
    if _is_contradicted(mapping.partner_id, company):
        return False
    name, numbers = reasons.get("name"), reasons.get("invoices")
    if "account_id" in reasons or (name and name.value == 100):
        return True
    if not numbers or numbers.value < numbers.out_of:
        return False
    return bool(name) or len(set(invoices[company.id].mapped("amount_total"))) > 1


def _is_contradicted(partner, company):
    """Whether the legal forms or the Account IDs of the two differ."""
    forms = {normalise_name(name).legal_form for name in (partner.name, company.name)}
    account_ids = {
        normalise_account_id(text) for text in (partner.ref, company.account_number)
    }
    return len(forms - {""}) > 1 or len(account_ids - {""}) > 1


def _explain(mapping, suggestion):
    _ = mapping.env._
    company = mapping.env["connectwise.company"].browse(suggestion.company_id)
    sentences = {
        "account_id": lambda reason: _("same Account ID"),
        "name": lambda reason: _("name %s %%", reason.value),
        "invoices": lambda reason: _(
            "%(count)s of %(all)s invoice numbers belong to this company",
            count=reason.value,
            all=reason.out_of,
        ),
    }
    texts = [sentences[reason.kind](reason) for reason in suggestion.reasons]
    if taken_by := company._describe_connected_with(mapping):
        texts.append(_("already connected to %s", taken_by))
    return ", ".join(texts)
