"""Judging whether an invoice found in ConnectWise is the one that was looked up.

A number proves nothing: two systems may have used it for two customers. `Case.decide`
examines the evidence step by step. The first step that speaks against an invoice
refuses it.
"""

from odoo.tools import SQL

from ...lib.connectwise_client import number_key
from .numbers import find_candidate, get_candidates, is_from_odoo

REFUSALS = [
    ("wrong_type", "Invoice and credit note confused"),
    ("wrong_company", "Another customer's invoice"),
    ("wrong_currency", "Another currency"),
    ("wrong_amount", "Another amount"),
    ("unproven_number", "The customer may have chosen the number"),
    ("ambiguous", "Several invoices with this number"),
    ("still_open", "Still open in ConnectWise"),
]
"""The verdicts on an invoice whose PDF is not used."""

ACCEPTED = ("accepted", "amount_differs")
"""The verdicts on an invoice whose PDF is used."""

JUDGED_BY = (
    "hit_ids.number",
    "hit_ids.invoice_type",
    "hit_ids.company_ref",
    "hit_ids.bill_to_ref",
    "hit_ids.currency_code",
    "hit_ids.has_total",
    "hit_ids.total",
    "hit_ids.is_open",
    "has_too_many_hits",
    "numbers",
    "tenant",
    "pdf_ref",
    "pdf_checksum",
    "move_id.invoice_date",
    "move_id.date",
    "move_id.invoice_origin",
    "move_id.connectwise_sent_checksum",
    "move_id.move_type",
    "move_id.currency_id",
    "move_id.amount_total",
    "move_id.amount_untaxed",
    "move_id.partner_id.commercial_partner_id.connectwise_self_written",
    *(
        f"move_id.partner_id.commercial_partner_id.connectwise_mapping_ids.{name}"
        for name in (
            "connection",
            "connectwise_company_id.bill_to_ref",
            "connectwise_company_id.is_confirmed",
            "disconnected_company_ids.is_confirmed",
        )
    ),
)
"""The fields that the verdict of a lookup depends on. Number rules may add others."""


def prepare_cases(lookups, rules=None):
    """Return {lookup: its Case}, reading the evidence for all of them at once.

    :param rules: number rules that are only tried, instead of those in force
    """
    found_by = _get_lookups_by_hit(lookups)
    owners, former = _get_customers(lookups)
    return {lookup: Case(lookup, found_by, owners, former, rules) for lookup in lookups}


class Case:
    """One lookup and the evidence about its hits.

    :param lookup: a `connectwise.lookup`
    :param found_by: {ConnectWise's id of an invoice: the lookups that found it}
    :param owners: {(connection, ConnectWise's id of a company): the customers that are
        connected to it}
    :param former: the same of the customers that were disconnected from it
    :param rules: as for `prepare_cases`
    """

    def __init__(self, lookup, found_by, owners, former, rules):
        self.lookup = lookup
        self.move = lookup.move_id
        self.backend = lookup.backend_id
        self.customer = _get_customer(lookup)
        self.mapping = self.customer.connectwise_mapping_ids.filtered(
            lambda mapping: mapping.backend_id == self.backend
        )
        self.company = self.mapping._get_trusted_company()
        if rules is None:
            rules = self.backend.sudo().number_rule_ids
        self._rules = rules
        self._candidates = get_candidates(self.move, rules)
        self._found_by = found_by
        self._owners = owners
        self._former = former

    def decide(self):
        """Return the verdict on the hits of the lookup.

        :return: (verdict or False, the accepted hit or the hits that were refused)
        """
        lookup, hits = self.lookup, self.lookup.hit_ids
        sent = lookup._get_sent_hit()
        if lookup.is_from_another_tenant:
            # A PDF that was sent stays, whatever number rules there are now. Nothing
            # else can be compared across tenants.
            return bool(sent) and "accepted", sent
        sent = sent.filtered(lambda hit: find_candidate(self._candidates, hit))
        if not sent and lookup._get_asked_keys() != self._candidates.keys():
            return False, hits.browse()
        if sent:
            # The customer has this PDF already. Only another owner speaks against it.
            if self.find_other_owner(sent):
                return "wrong_company", sent
            return self._accept(sent), sent
        if lookup.has_too_many_hits:
            return "ambiguous", hits.browse()
        return self.judge(hits)

    def judge(self, hits):
        """Return the verdict on hits whose PDFs were not sent to anybody.

        :return: as `decide`
        """
        if not hits:
            return False, hits
        if len(hits) > 1 and len(group_by_number(hits)) > 1:
            # Two rules contradict each other, so no evidence for one of them counts.
            return "ambiguous", hits
        for verdict, speaks_against in (
            ("wrong_type", self._is_other_type),
            ("wrong_company", self.find_other_owner),
        ):
            possible = hits.filtered(lambda hit, no=speaks_against: not no(hit))
            if not possible:
                return verdict, hits
            hits = possible
        if len(hits) > 1:
            own = hits.filtered(self._is_of_own_company)
            hits = own if len(own) == 1 else hits
        verdicts = {hit: self._weigh(hit) for hit in hits}
        accepted = hits.filtered(lambda hit: verdicts[hit] in ACCEPTED)
        if len(accepted) == 1:
            hits = accepted
        if len(hits) > 1:
            return "ambiguous", hits
        is_early = hits.is_open and self.backend.open_invoices == "wait"
        if verdicts[hits] in ACCEPTED and is_early:
            return "still_open", hits
        return verdicts[hits], hits

    def find_other_owner(self, hit):
        """Return why a hit belongs to somebody else, or None.

        :return: ("connected", the customers connected to its company),
            ("disconnected", None) if a person disconnected this customer from it, or
            ("other", None) if this customer is connected to another company
        """
        refs = {hit.company_ref, hit.bill_to_ref} - {0}
        for ref in sorted(refs, key=lambda ref: ref != hit.company_ref):
            customers = self._owners.get((self.backend, ref))
            if customers and self.customer not in customers:
                return "connected", customers
        doubted = refs
        if self.company:
            # A company that was disconnected may pay for the one that is connected.
            doubted = refs & {hit.company_ref} - {self.company.connectwise_ref}
        if any(
            self.customer in self._former.get((self.backend, ref), ())
            for ref in doubted
        ):
            return "disconnected", None
        known = {self.company.connectwise_ref, self.company.bill_to_ref}
        # If ConnectWise names no company, nothing contradicts.
        if self.company and refs and refs.isdisjoint(known):
            return "other", None
        return None

    def is_evidence(self, hit):
        """Whether a hit shows that its company is this invoice's customer.

        It does if it would be accepted without a connection.
        """
        return not (
            self._is_other_type(hit)
            or find_contradiction(self.lookup, hit)
            or self._is_number_from_customer(self.lookup, hit)
            or self.find_rivals(hit)
        )

    def find_rivals(self, hit):
        """Return the lookups of other customers that could also accept this hit.

        A lookup whose number a customer may have written does not count. Otherwise a
        customer could block another's PDF by writing its number into an order.
        """
        return self._found_by[hit.connectwise_ref].filtered(
            lambda rival: (
                rival.backend_id == self.backend
                and _get_customer(rival) != self.customer
                and _is_credit_note(rival) == _is_credit_note(self.lookup)
                and not find_contradiction(rival, hit)
                and not self._is_number_from_customer(rival, _find_own(rival, hit))
            )
        )

    def _is_number_from_customer(self, lookup, hit):
        candidates = self._candidates
        if lookup != self.lookup:
            candidates = get_candidates(lookup.move_id, self._rules)
        return is_number_from_customer(lookup, find_candidate(candidates, hit))

    def _is_other_type(self, hit):
        """Whether one is an invoice and the other a credit note."""
        if not (hit.invoice_type or hit.has_total):
            return False  # ConnectWise does not say which it is.
        is_negative = hit.has_total and hit.total < 0
        is_credit = hit.invoice_type == "CreditMemo" or is_negative
        return is_credit != _is_credit_note(self.lookup)

    def _is_of_own_company(self, hit):
        return bool(self.company) and hit.company_ref == self.company.connectwise_ref

    def _weigh(self, hit):
        """Return the verdict on a hit whose company belongs to no other customer."""
        is_own = self._is_of_own_company(hit)
        if is_own and self.mapping._is_certain():
            return self._accept(hit)
        if refused := find_contradiction(self.lookup, hit):
            return refused
        if self._is_number_from_customer(self.lookup, hit):
            return "unproven_number"
        # Two customers have an invoice with this number and amount.
        if not is_own and self.find_rivals(hit):
            return "ambiguous"
        return "accepted"

    def _accept(self, hit):
        return "amount_differs" if find_contradiction(self.lookup, hit) else "accepted"


def group_by_number(hits):
    """Return {number_key: the hits with this number}."""
    return hits.grouped(lambda hit: number_key(hit.number or ""))


def is_number_from_customer(lookup, candidate):
    """Whether the customer may have chosen the number or the amount.

    A customer who registered in the web shop chooses the amount of an order. Visitors
    of the shop and the portal can also write an order's *Customer Reference*, which
    becomes the invoice's reference (sale, models/sale_order.py:1418). Odoo does not
    record who wrote it. So the invoice of an order is trusted only if its number comes
    from a field that Odoo fills in.

    :param candidate: the number, as `get_candidates` returns it, or None if the
        numbers changed
    """
    move = lookup.move_id
    if _get_customer(lookup).connectwise_self_written:
        return True
    if not (move.invoice_origin or move.create_uid.share):
        return False
    return not (candidate and is_from_odoo(candidate))


def find_contradiction(lookup, hit):
    """Return the verdict that currency or amount give against `hit`, or False.

    A missing currency or amount contradicts nothing. ConnectWise's `total` includes tax
    or not, depending on the tenant, so both totals of Odoo are compared. Signs are
    ignored here: they belong to the kind of document.
    """
    move = lookup.move_id
    if hit.currency_code and hit.currency_code != move.currency_id.name:
        return "wrong_currency"
    tolerance = lookup.backend_id.amount_tolerance
    if hit.has_total and not any(
        move.currency_id.compare_amounts(abs(abs(hit.total) - abs(amount)), tolerance)
        <= 0
        for amount in (move.amount_total, move.amount_untaxed)
    ):
        return "wrong_amount"
    return False


def _is_credit_note(lookup):
    return lookup.move_id.move_type == "out_refund"


def _get_customer(lookup):
    # Not the invoice's own commercial partner: Odoo does not update it when a customer
    # with a parent stops being a company.
    return lookup.move_id.partner_id.commercial_partner_id


def _find_own(lookup, hit):
    """Return the hit of `lookup` that is the same invoice as `hit`."""
    ref = hit.connectwise_ref
    return lookup.hit_ids.filtered(lambda own: own.connectwise_ref == ref)[:1]


def _get_lookups_by_hit(lookups):
    refs = lookups.hit_ids.mapped("connectwise_ref")
    hits = lookups.env["connectwise.invoice"].search([("connectwise_ref", "in", refs)])
    found_by = {ref: lookups.browse() for ref in refs}
    for hit in hits:
        lookup = hit.lookup_id
        # For lookups that are judged now, the hits in memory count (below).
        is_judged = lookup.move_id in lookups.move_id
        if not is_judged and not lookup.is_from_another_tenant:
            found_by[hit.connectwise_ref] |= lookup
    for lookup in lookups:
        if not lookup.is_from_another_tenant:
            for hit in lookup.hit_ids:
                found_by[hit.connectwise_ref] |= lookup
    return found_by


def _get_customers(lookups):
    """Return the customers that are connected to the companies of the hits.

    What is said of a customer counts for the one that it is part of. By SQL: this runs
    whenever an invoice is printed, and needs one statement.

    :return: ({(connection, ConnectWise's id of a company): customers}, the same of the
        customers that were disconnected from it)
    """
    owners, former = {}, {}
    env, hits = lookups.env, lookups.hit_ids
    refs = {*hits.mapped("company_ref"), *hits.mapped("bill_to_ref")} - {0}
    if not refs:
        return owners, former
    Mapping, Company = env["connectwise.mapping"], env["connectwise.company"]
    Mapping.flush_model(
        ["connectwise_company_id", "disconnected_company_ids", "partner_id"]
    )
    Company.flush_model(["backend_id", "connectwise_ref", "is_confirmed"])
    env["res.partner"].flush_model(["commercial_partner_id"])
    rows = env.execute_query(
        SQL(
            """
            SELECT company.backend_id, company.connectwise_ref,
                   partner.commercial_partner_id, customer.is_owner
              FROM connectwise_company company
              JOIN LATERAL (
                    SELECT partner_id, TRUE AS is_owner
                      FROM connectwise_mapping
                     WHERE connectwise_company_id = company.id
                     UNION ALL
                    SELECT mapping.partner_id, FALSE
                      FROM connectwise_mapping_disconnected_rel former
                      JOIN connectwise_mapping mapping ON mapping.id = mapping_id
                     WHERE former.company_id = company.id
                   ) customer ON TRUE
              JOIN res_partner partner ON partner.id = customer.partner_id
             WHERE company.backend_id = ANY(%s) AND company.connectwise_ref = ANY(%s)
               AND company.is_confirmed
            """,
            lookups.backend_id.ids,
            list(refs),
        )
    )
    none = env["res.partner"]
    for backend_id, ref, customer_id, is_owner in rows:
        key = (env["connectwise.backend"].browse(backend_id), ref)
        customers = owners if is_owner else former
        customers[key] = customers.get(key, none) | none.browse(customer_id)
    return owners, former
