"""Conflicts, which a person is asked to look at."""

import pytest

from customer_matching import Company, Conflict, ConflictKind, Customer, match


def test_two_companies_of_one_account_id_are_a_conflict() -> None:
    companies = [Company(8, "Zeta", "A1"), Company(7, "Acme", "A1")]
    assert match([Customer(1, "Acme", "A1")], companies).conflicts == (
        Conflict(1, "several_companies_same_account_id", (7, 8)),
    )


def test_two_customers_of_one_account_id_are_a_conflict_of_both() -> None:
    customers = [Customer(2, "Acme", "A1"), Customer(1, "Zeta", "A1")]
    kind: ConflictKind = "several_customers_same_account_id"
    assert match(customers, [Company(7, "Acme", "A1")]).conflicts == (
        Conflict(1, kind, (7,), (1, 2)),
        Conflict(2, kind, (7,), (1, 2)),
    )


def test_two_companies_of_one_name_are_a_conflict() -> None:
    companies = [Company(8, "Acme Inc"), Company(7, "Acme"), Company(9, "Acme LLC")]
    assert match([Customer(1, "Acme Inc")], companies).conflicts == (
        Conflict(1, "several_companies_same_name", (7, 8)),
    )


def test_two_customers_of_one_name_are_a_conflict_of_both() -> None:
    customers = [Customer(2, "Acme LLC"), Customer(1, "Acme Inc")]
    kind: ConflictKind = "several_customers_same_name"
    assert match(customers, [Company(7, "Acme")]).conflicts == (
        Conflict(1, kind, (7,), (1, 2)),
        Conflict(2, kind, (7,), (1, 2)),
    )


def test_name_that_disagrees_with_the_account_id_is_a_conflict() -> None:
    companies = [Company(7, "Zeta", "A1"), Company(9, "Acme"), Company(8, "Acme Inc")]
    assert match([Customer(1, "Acme", "A1")], companies).conflicts == (
        Conflict(1, "name_disagrees", (8, 9)),
    )


@pytest.mark.parametrize("name", ["Acme", "Acme, Inc."])
def test_name_that_the_linked_company_has_too_does_not_disagree(name: str) -> None:
    companies = [Company(7, name, "A1"), Company(8, "Acme")]
    assert not match([Customer(1, "Acme", "A1")], companies).conflicts


def test_name_of_another_legal_form_than_the_linked_company_disagrees() -> None:
    companies = [Company(7, "Acme LLC", "A1"), Company(8, "Acme Inc")]
    assert match([Customer(1, "Acme Inc", "A1")], companies).conflicts == (
        Conflict(1, "name_disagrees", (8,)),
    )


def test_name_that_no_company_has_disagrees_with_nothing() -> None:
    result = match([Customer(1, "Acme Inc", "A1")], [Company(7, "Zeta", "A1")])
    assert not result.conflicts


def test_name_does_not_contradict_a_link_of_another_origin() -> None:
    """A person knew better than both keys."""
    companies = [Company(7, "Zeta", "A1"), Company(8, "Acme"), Company(9, "Eta")]
    result = match([Customer(1, "Acme", "A1")], companies, fixed={1: 9})
    assert not result.conflicts


def test_name_does_not_contradict_a_link_without_an_account_id() -> None:
    companies = [Company(8, "Acme"), Company(9, "Eta")]
    assert not match([Customer(1, "Acme")], companies, fixed={1: 9}).conflicts


def test_deleted_company_disagrees_with_nothing() -> None:
    companies = [Company(7, "Zeta", "A1"), Company(8, "Acme", is_deleted=True)]
    assert not match([Customer(1, "Acme", "A1")], companies).conflicts


def test_link_to_a_deleted_company_is_no_conflict_of_keys() -> None:
    """It is flagged in another way."""
    companies = [Company(7, "Zeta", "A1", is_deleted=True), Company(8, "Acme")]
    result = match([Customer(1, "Acme", "A1")], companies, fixed={1: 7})
    assert not result.conflicts


def test_company_that_belongs_to_others_by_account_id_disagrees_with_a_name() -> None:
    customers = [
        Customer(1, "Acme"),
        Customer(3, "Beta", "A1"),
        Customer(2, "Eta", "A1"),
    ]
    conflicts = match(customers, [Company(7, "Acme", "A1")]).conflicts
    assert conflicts[0] == Conflict(1, "name_disagrees", (7,), (2, 3))


def test_another_legal_form_is_a_conflict() -> None:
    companies = [
        Company(8, "Acme Corp"),
        Company(7, "Acme LLC"),
        Company(9, "Zeta Inc"),
    ]
    assert match([Customer(1, "Acme Inc")], companies).conflicts == (
        Conflict(1, "legal_form_differs", (7, 8)),
    )


def test_linked_company_of_another_legal_form_is_no_conflict() -> None:
    """An Acme LLC that is another customer's is not this Acme Inc."""
    customers = [Customer(1, "Acme Inc"), Customer(2, "Acme LLC")]
    assert not match(customers, [Company(7, "Acme LLC")]).conflicts


@pytest.mark.parametrize("company", [Company(7, "Acme", "A1"), Company(7, "Acme")])
def test_company_linked_already_is_a_conflict(company: Company) -> None:
    customers = [Customer(1, "Acme", "A1"), Customer(5, "Eta"), Customer(4, "Zeta")]
    assert match(customers, [company], fixed={5: 7, 4: 7}).conflicts == (
        Conflict(1, "company_taken", (7,), (4, 5)),
    )


def test_company_that_just_went_to_another_by_account_id_is_taken() -> None:
    customers = [Customer(1, "Acme"), Customer(2, "Zeta", "A1")]
    assert match(customers, [Company(7, "Acme", "A1")]).conflicts == (
        Conflict(1, "company_taken", (7,), (2,)),
    )


def test_different_account_ids_with_one_name_are_a_conflict() -> None:
    conflicts = match([Customer(1, "Acme", "A1")], [Company(7, "Acme", "B2")]).conflicts
    assert conflicts == (Conflict(1, "account_ids_differ", (7,)),)


@pytest.mark.parametrize(
    "company", [Company(7, "Acme", "A1"), Company(7, "Acme"), Company(7, "Acme LLC")]
)
def test_customer_who_wrote_a_name_that_leads_somewhere_is_a_conflict(
    company: Company,
) -> None:
    customer = Customer(1, "Acme Inc", "A1", is_self_written=True)
    assert match([customer], [company]).conflicts == (
        Conflict(1, "changed_by_customer", (7,)),
    )


def test_customer_who_wrote_a_name_that_leads_nowhere_is_no_conflict() -> None:
    """A web shop has thousands of customers who wrote their own names."""
    customer = Customer(1, "Acme", is_self_written=True)
    assert not match([customer], [Company(7, "Zeta")]).conflicts


def test_linked_customer_who_wrote_another_name_is_a_conflict() -> None:
    """The link is kept until a person has looked at it."""
    customer = Customer(1, "Acme", is_self_written=True)
    assert match([customer], [Company(7, "Zeta")], fixed={1: 7}).conflicts == (
        Conflict(1, "changed_by_customer", (7,)),
    )


def test_customer_without_any_company_is_no_conflict() -> None:
    assert not match([Customer(1, "Acme", "A1")], [Company(7, "Zeta", "B2")]).conflicts
