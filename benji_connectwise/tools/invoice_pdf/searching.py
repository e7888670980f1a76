"""Search domains for fields that say which PDF an invoice has."""

from odoo.fields import Domain

from .order import before_odoo, list_sources, put_first

_PREFERS = Domain("invoice_pdf_preference", "!=", False)


def as_flag(domain, operator, value):
    """Return the search domain of a Boolean field that is set where `domain` holds."""
    if operator != "in":
        return NotImplemented
    return Domain.OR(domain if flag else ~domain for flag in value)


def search_by_source(companies, sources):
    """Return the domain of the invoices whose PDF is from one of `sources`.

    :param sources: False stands for the invoices without a PDF for customers
    """
    Source = companies.env["invoice.pdf.source"]
    domains = []
    for company, left, order in split_by_order(companies):
        for source in order:
            has_pdf = Source._has_pdf_domain(source)
            if source != "odoo":
                has_pdf &= _not_e_invoice(company)
            if source in sources:
                domains.append(left & has_pdf)
            left &= ~has_pdf
    with_pdf = with_pdf_domain(companies.env)
    found = with_pdf & Domain.OR(domains)
    return found | ~with_pdf if False in sources else found


def search_second_choice(companies):
    """Return the domain of the invoices whose PDF is not from the first source."""
    Source = companies.env["invoice.pdf.source"]
    domains = []
    for company, others, order in split_by_order(companies):
        others &= _not_e_invoice(company)
        for source in order:
            others &= ~Source._has_pdf_domain(source)
            if not Source._is_by_choice(source):
                break
        domains.append(others)
    return with_pdf_domain(companies.env) & Domain.OR(domains)


def search_used(companies, source):
    """Return the domain of the invoices for which `source` comes before Odoo.

    If that is so for all invoices of these companies, it is TRUE; if for none, FALSE.
    """
    parts = [
        (domain, source in before_odoo(order))
        for _company, domain, order in split_by_order(companies)
    ]
    if all(is_used for _domain, is_used in parts):
        return Domain.TRUE
    return Domain.OR(domain for domain, is_used in parts if is_used)


def search_tried(companies, source):
    """Return the domain of the invoices whose PDF is from `source` if it has one."""
    Source = companies.env["invoice.pdf.source"]
    domains = []
    for company, left, order in split_by_order(companies):
        before = before_odoo(order)
        if source in before:
            for other in before[: before.index(source)]:
                left &= ~Source._has_pdf_domain(other)
            domains.append(left & _not_e_invoice(company))
    return with_pdf_domain(companies.env) & Domain.OR(domains)


def search_accepted(moves, facts, operator, value):
    """Return the search domain of a Boolean field that depends on ConnectWise's answer.

    :param facts: the domain of the lookups whose invoices have the field set; invoices
        that do not use ConnectWise's PDF never have it set
    """
    companies = moves.env.companies
    found = (
        with_pdf_domain(moves.env)
        & Domain("company_id", "in", companies.ids)
        & search_used(companies, "connectwise")
        # Who may read the invoice may read this.
        & Domain("connectwise_lookup_ids", "any!", facts)
    )
    return as_flag(found, operator, value)


def split_by_order(companies):
    """Yield (company, domain, order of the sources); each invoice is in one domain."""
    Source = companies.env["invoice.pdf.source"]
    for company in companies:
        here = Domain("company_id", "=", company.id)
        rest, sources = here, Source._get_sources(company.id)
        for preferred, domain in _preferring(company).items():
            yield company, here & domain, put_first(preferred, sources)
            rest &= ~domain
        yield company, rest, put_first(None, sources)


def with_pdf_domain(env):
    """Return the domain of the invoices that have a PDF for customers.

    Odoo checks access to the fields that remain in the SQL (odoo/orm/domains.py:1090).
    Ours may not remain there, so this function checks it.

    :raises AccessError: if the user may not read `invoice_pdf_source`
    """
    Move = env["account.move"]
    Move._check_field_access(Move._fields["invoice_pdf_source"], "read")
    is_sale = Domain("move_type", "in", Move.get_sale_types(include_receipts=True))
    return Domain("state", "=", "posted") & is_sale


def _preferring(company):
    """Return {source: the domain of the invoices for which a person prefers it}.

    Sources that nobody prefers are left out, so that searches stay simple.
    """
    Move = company.env["account.move"].sudo()
    Partner = company.env["res.partner"].sudo().with_company(company)
    Partner = Partner.with_context(active_test=False)
    journals = company.env["account.journal"].sudo().with_context(active_test=False)
    here = Domain("company_id", "=", company.id)
    by_moves = _find_preferred(Move, here)
    by_customers = _find_preferred(Partner)
    # A branch may use a journal of its parent company.
    journals = journals.search(_PREFERS).grouped("invoice_pdf_preference")
    unset = ~_PREFERS
    domains = {}
    for source, _label in list_sources(company):
        preferred = Domain("invoice_pdf_preference", "=", source)
        of_move = of_customer = of_journal = Domain.FALSE
        if source in by_moves:
            of_move = preferred
        if source in by_customers:
            of_customer = Domain(
                "commercial_partner_id", "in", Partner._search(preferred)
            )
        if source in journals:
            others = Domain(
                "commercial_partner_id", "not in", Partner._search(_PREFERS)
            )
            of_journal = Domain("journal_id", "in", journals[source].ids) & others
        domain = of_move | (unset & (of_customer | of_journal))
        if not domain.is_false():
            domains[source] = domain
    return domains


def _find_preferred(records, domain=Domain.TRUE):
    """Return the sources that some record of this model prefers."""
    groups = records._read_group(domain & _PREFERS, ["invoice_pdf_preference"])
    return {source for [source] in groups}


def _not_e_invoice(company):
    Partner = company.env["res.partner"].sudo().with_company(company)
    Partner = Partner.with_context(active_test=False)
    # A chosen format is stored. Otherwise Odoo suggests a format, or none, by the
    # customer's country, so one customer per country is enough to ask.
    unset = Domain("invoice_edi_format_store", "=", False)
    samples = Partner._read_group(unset, ["country_id"], ["id:max"])
    countries = [
        country.id
        for country, partner_id in samples
        if Partner.browse(partner_id)._get_suggested_invoice_edi_format()
    ]
    e_invoiced = Domain("invoice_edi_format_store", "not in", [False, "none"])
    e_invoiced |= unset & Domain("country_id", "in", countries)
    return Domain("commercial_partner_id", "not in", Partner._search(e_invoiced))
