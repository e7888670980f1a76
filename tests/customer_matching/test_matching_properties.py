"""Properties that hold for any records."""

import doctest
import importlib
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_matching import (
    Company,
    Customer,
    MatchResult,
    match,
    normalise_account_id,
    normalise_name,
)

# Few values of each, so that collisions occur.
NAMES = st.sampled_from(
    [
        None,
        "-",
        "Acme",
        "ACME Inc",
        "Acme, Incorporated",
        "Acme LLC",
        "Zeta",
        "Zeta Ltd",
    ]
)
ACCOUNT_IDS = st.sampled_from([None, "", "A1", "a1 ", "A2", "A3"])
CUSTOMER_IDS = st.integers(1, 6)
COMPANY_IDS = st.integers(11, 16)


@dataclass
class Case:
    customers: list[Customer]
    companies: list[Company]
    fixed: dict[int, int]
    excluded_customers: set[int] = field(default_factory=set)

    def run(self, **changes: Any) -> MatchResult:
        return match(**{**vars(self), **changes})


CASES = st.builds(
    Case,
    st.lists(
        st.builds(Customer, CUSTOMER_IDS, NAMES, ACCOUNT_IDS, st.booleans()),
        unique_by=lambda c: c.id,
    ),
    st.lists(
        st.builds(Company, COMPANY_IDS, NAMES, ACCOUNT_IDS, st.booleans()),
        unique_by=lambda c: c.id,
    ),
    st.dictionaries(CUSTOMER_IDS, COMPANY_IDS, max_size=2),
    st.sets(CUSTOMER_IDS, max_size=2),
)


@given(CASES, st.randoms(use_true_random=False))
def test_order_of_the_records_does_not_matter(case: Case, order: random.Random) -> None:
    customers, companies = list(case.customers), list(case.companies)
    order.shuffle(customers)
    order.shuffle(companies)
    assert case.run(customers=customers, companies=companies) == case.run()


@given(CASES)
def test_customer_gets_one_company_and_a_company_one_customer(case: Case) -> None:
    links = case.run().links
    assert len({link.customer_id for link in links}) == len(links)
    assert len({link.company_id for link in links}) == len(links)


@given(CASES)
def test_existing_links_are_left_alone(case: Case) -> None:
    links = case.run().links
    assert not {link.customer_id for link in links} & case.fixed.keys()
    assert not {link.company_id for link in links} & set(case.fixed.values())


@given(CASES)
def test_second_run_finds_nothing_new_and_the_same_conflicts(case: Case) -> None:
    first = case.run()
    links = {link.customer_id: link.company_id for link in first.links}
    again = case.run(fixed={**case.fixed, **links})
    assert again == MatchResult((), first.conflicts)


@given(CASES)
def test_exclusion_takes_its_own_links_away_and_adds_none(case: Case) -> None:
    free = case.run(excluded_customers=())
    assert case.run().links == tuple(
        link for link in free.links if link.customer_id not in case.excluded_customers
    )


@given(CASES)
def test_every_link_is_between_two_that_agree(case: Case) -> None:
    customers = {customer.id: customer for customer in case.customers}
    companies = {company.id: company for company in case.companies}
    for link in case.run().links:
        customer, company = customers[link.customer_id], companies[link.company_id]
        assert not company.is_deleted
        if link.reason == "account_id":
            key = normalise_account_id(customer.account_id)
            assert key and key == normalise_account_id(company.account_id)
        else:
            names = normalise_name(customer.name), normalise_name(company.name)
            assert names[0].core and names[0].core == names[1].core
            assert len({name.legal_form for name in names} - {""}) < 2
            ids = {normalise_account_id(r.account_id) for r in (customer, company)}
            assert len(ids - {""}) < 2


@given(CASES)
def test_every_conflict_is_of_other_companies_than_the_linked_one(case: Case) -> None:
    result = case.run()
    links = {
        **case.fixed,
        **{link.customer_id: link.company_id for link in result.links},
    }
    for conflict in result.conflicts:
        assert conflict.company_ids
        if conflict.kind != "changed_by_customer":
            assert links.get(conflict.customer_id) not in conflict.company_ids


@given(CASES)
def test_customers_who_wrote_their_own_name_change_nothing_for_others(
    case: Case,
) -> None:
    own = {customer.id for customer in case.customers if customer.is_self_written}
    others = [customer for customer in case.customers if customer.id not in own]
    result, without = case.run(), case.run(customers=others)
    assert not {link.customer_id for link in result.links} & own
    assert result.links == without.links


@given(CASES)
def test_customer_has_one_conflict_at_most(case: Case) -> None:
    ids = [conflict.customer_id for conflict in case.run().conflicts]
    assert ids == sorted(set(ids))


@given(CASES)
def test_only_the_account_id_makes_links_that_are_conflicts(case: Case) -> None:
    result = case.run()
    conflicts = {conflict.customer_id: conflict.kind for conflict in result.conflicts}
    for link in result.links:
        if link.customer_id in conflicts:
            assert link.reason == "account_id"
            assert conflicts[link.customer_id] == "name_disagrees"


def test_thousands_of_namesakes_take_no_longer_than_others() -> None:
    """Quadratic time would be minutes."""
    customers = [Customer(i, "Cash Inc", f"A{i}") for i in range(10_000)]
    companies = [Company(i, "Zeta", f"A{i}") for i in range(10_000)]
    companies += [Company(i, "Cash") for i in range(10_000, 20_000)]
    result = match(customers, companies)
    assert len(result.links) == len(result.conflicts) == 10_000


@pytest.mark.parametrize("name", ["normalise", "match", "suggest"])
def test_examples_in_the_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(f"customer_matching.{name}")
    examples = {"Company": Company, "Customer": Customer}
    result = doctest.testmod(module, extraglobs=examples)
    assert result.attempted and not result.failed
