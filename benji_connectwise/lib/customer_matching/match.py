"""Matching customers with companies: deterministic record linkage.

An exact join on normalised keys, one-to-one in both directions, in linear time. It
prefers a missing link, which a person adds in a minute, to a wrong one, which sends one
customer's invoices to another. Hence

- the Account ID decides wherever there is one, even if it is ambiguous; the name
  decides only between two for which no Account ID matches anybody,
- a name does not link two whose Account IDs differ,
- a key that several customers or several companies share decides nothing, even if some
  of them are linked or excluded already,
- a name or an Account ID that the customer wrote decides nothing, not even for others,
- the decisions of a person (``fixed`` and excluded) only ever prevent links.

So a match depends on the records alone, and a second run on the result of the first
adds nothing.
"""

import gc
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from .normalise import NormalisedName, normalise_account_id, normalise_name
from .records import (
    Company,
    Conflict,
    ConflictKind,
    Customer,
    Evidence,
    Link,
    MatchResult,
)


def match(
    customers: Iterable[Customer],
    companies: Iterable[Company],
    *,
    fixed: Mapping[int, int] | None = None,
    excluded_customers: Collection[int] = (),
) -> MatchResult:
    """Return new links, and the conflicts that a person has to decide.

    ``fixed``: existing links, {customer: company}. They stay, and their companies are
    taken. ``excluded_customers`` are left alone: neither linked nor in conflict.
    Ids are unique among ``customers`` and among ``companies``.

    >>> match([Customer(1, "Acme Inc.")], [Company(7, "ACME, Incorporated")]).links
    (Link(customer_id=1, company_id=7, reason='company_name'),)
    """
    with _no_garbage_collection():
        candidates = _Candidates(_Keys(customers), _Keys(_live(companies)))
        excluded = frozenset(excluded_customers)
        matchable = [c for c in candidates.customers.names if c not in excluded]
        company_of = dict(fixed or {})
        unlinked = {c: candidates.find(c) for c in matchable if c not in company_of}
        links = tuple(_links(unlinked, frozenset(company_of.values())))
        for link in links:
            company_of[link.customer_id] = link.company_id
            del unlinked[link.customer_id]
        review = _Review(candidates, company_of)
        return MatchResult(links, tuple(review.conflicts(matchable, unlinked)))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Switch Python's search for reference cycles off for a while.

    Matching makes millions of objects and no cycles. Searching them again and again
    takes a third of the time, and grows faster than their number.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _live(companies: Iterable[Company]) -> Iterator[Company]:
    return (company for company in companies if not company.is_deleted)


class _Keys:
    """The records of one side, indexed by the keys that are compared."""

    def __init__(self, records: Iterable[Customer | Company]) -> None:
        self.names: dict[int, NormalisedName] = {}
        self.account_ids: dict[int, str] = {}
        self.self_written: set[int] = set()
        by_core: defaultdict[str, list[int]] = defaultdict(list)
        by_account_id: defaultdict[str, list[int]] = defaultdict(list)
        for record in sorted(records, key=lambda record: record.id):
            name = self.names[record.id] = normalise_name(record.name)
            account_id = normalise_account_id(record.account_id)
            self.account_ids[record.id] = account_id
            if isinstance(record, Customer) and record.is_self_written:
                self.self_written.add(record.id)
                continue
            by_core[name.core].append(record.id)
            by_account_id[account_id].append(record.id)
        # Two empty keys do not match.
        by_core.pop("", None)
        by_account_id.pop("", None)
        self._by_core = {key: tuple(ids) for key, ids in by_core.items()}
        self._by_account_id = {key: tuple(ids) for key, ids in by_account_id.items()}
        self._fitting: dict[NormalisedName, tuple[int, ...]] = {}

    def with_account_id(self, account_id: str) -> tuple[int, ...]:
        return self._by_account_id.get(account_id, ())

    def with_core(self, core: str) -> tuple[int, ...]:
        """Return the records with this name, whatever their legal form."""
        return self._by_core.get(core, ())

    def with_name(self, name: NormalisedName) -> tuple[int, ...]:
        """Return the records with this name and form; a missing form matches any."""
        if not name.legal_form:
            return self.with_core(name.core)
        if name not in self._fitting:
            self._fitting[name] = tuple(
                record_id
                for record_id in self.with_core(name.core)
                if self.names[record_id].legal_form in ("", name.legal_form)
            )
        return self._fitting[name]


class _Found(NamedTuple):
    """The companies that match a customer, and the customers that match the company.

    ``claimants``: customers with the Account ID of a company that was found by name.
    ``obstacle``: a reason against a link, whatever other candidates there are.
    """

    reason: Evidence
    company_ids: tuple[int, ...]
    customer_ids: tuple[int, ...] = ()
    claimants: tuple[int, ...] = ()
    obstacle: ConflictKind | None = None

    def link(self, customer_id: int) -> Link | None:
        """Return the link if they match one to one and nothing is against it."""
        if len(self.company_ids) != 1 or len(self.customer_ids) != 1:
            return None
        if self.claimants or self.obstacle:
            return None
        return Link(customer_id, self.company_ids[0], self.reason)


def _links(unlinked: Mapping[int, _Found], taken: Collection[int]) -> Iterator[Link]:
    """Yield the links to companies that are not taken. No two of them contradict."""
    for customer_id, found in unlinked.items():
        link = found.link(customer_id)
        if link and link.company_id not in taken:
            yield link


class _Candidates:
    """Possible matches, judged by the records alone."""

    def __init__(self, customers: _Keys, companies: _Keys) -> None:
        self.customers = customers
        self.companies = companies

    def find(self, customer_id: int) -> _Found:
        found = self._find(customer_id)
        if customer_id in self.customers.self_written:
            return found._replace(obstacle="changed_by_customer")
        return found

    def _find(self, customer_id: int) -> _Found:
        account_id = self.customers.account_ids[customer_id]
        company_ids = self.companies.with_account_id(account_id)
        if company_ids:
            customer_ids = self.customers.with_account_id(account_id)
            return _Found("account_id", company_ids, customer_ids)
        company_ids = self.companies.with_name(self.customers.names[customer_id])
        if len(company_ids) != 1:
            return _Found("company_name", company_ids)
        company_id = company_ids[0]
        other_account_id = self.companies.account_ids[company_id]
        return _Found(
            "company_name",
            company_ids,
            self.customers.with_name(self.companies.names[company_id]),
            self.customers.with_account_id(other_account_id),
            # No company has this customer's Account ID, so this company's differs.
            "account_ids_differ" if account_id and other_account_id else None,
        )


class _Review:
    """The conflicts that remain once the links are made."""

    def __init__(
        self,
        candidates: _Candidates,
        company_of: Mapping[int, int],
    ) -> None:
        self._candidates = candidates
        self._company_of = company_of
        holders: defaultdict[int, list[int]] = defaultdict(list)
        for customer_id in sorted(company_of):
            holders[company_of[customer_id]].append(customer_id)
        self._holders = {key: tuple(ids) for key, ids in holders.items()}
        self._free: dict[str, tuple[int, ...]] = {}

    def conflicts(
        self, customer_ids: Iterable[int], unlinked: Mapping[int, _Found]
    ) -> Iterator[Conflict]:
        for customer_id in customer_ids:
            conflict = (
                self._of_unlinked(customer_id, unlinked[customer_id])
                if customer_id in unlinked
                else self._of_linked(customer_id)
            )
            # Without a company there is nothing to decide.
            if conflict and conflict.company_ids:
                yield conflict

    def _of_linked(self, customer_id: int) -> Conflict | None:
        """Check the name of a customer who is linked by Account ID. If the customer
        wrote its name or reference itself, that alone is a conflict."""
        customers, companies = self._candidates.customers, self._candidates.companies
        company_id = self._company_of[customer_id]
        if customer_id in customers.self_written:
            return Conflict(customer_id, "changed_by_customer", (company_id,))
        account_id = customers.account_ids[customer_id]
        if not account_id or companies.account_ids.get(company_id) != account_id:
            return None
        name = customers.names[customer_id]
        if _agree(name, companies.names[company_id]):
            return None
        return Conflict(customer_id, "name_disagrees", companies.with_name(name))

    def _of_unlinked(self, customer_id: int, found: _Found) -> Conflict:
        """Say why there is no link."""
        if not found.company_ids:
            name = self._candidates.customers.names[customer_id]
            free = self._free_with_core(name.core)
            return Conflict(customer_id, found.obstacle or "legal_form_differs", free)
        kind, customer_ids = self._why_not(found)
        return Conflict(customer_id, kind, found.company_ids, customer_ids)

    def _why_not(self, found: _Found) -> tuple[ConflictKind, tuple[int, ...]]:
        if found.obstacle == "changed_by_customer":
            return found.obstacle, ()
        by_name = found.reason == "company_name"
        if len(found.company_ids) > 1:
            if by_name:
                return "several_companies_same_name", ()
            return "several_companies_same_account_id", ()
        holders = self._holders.get(found.company_ids[0])
        if holders:
            return "company_taken", holders
        if found.claimants:
            return "name_disagrees", found.claimants
        if found.obstacle:
            return found.obstacle, ()
        if by_name:
            return "several_customers_same_name", found.customer_ids
        return "several_customers_same_account_id", found.customer_ids

    def _free_with_core(self, core: str) -> tuple[int, ...]:
        if core not in self._free:
            self._free[core] = tuple(
                company_id
                for company_id in self._candidates.companies.with_core(core)
                if company_id not in self._holders
            )
        return self._free[core]


def _agree(name: NormalisedName, other: NormalisedName) -> bool:
    if name.core != other.core:
        return False
    return len({name.legal_form, other.legal_form} - {""}) < 2
