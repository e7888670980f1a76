"""Which customers are linked, and which are not."""

import gc

import pytest

from customer_matching import Company, Customer, Link, MatchResult, match


def pairs(result: MatchResult) -> list[tuple[int, int]]:
    return [(link.customer_id, link.company_id) for link in result.links]


def test_equal_account_ids_make_a_link() -> None:
    result = match([Customer(1, "Acme", "c-01")], [Company(7, "Zeta", " C-01 ")])
    assert result == MatchResult((Link(1, 7, "account_id"),))


def test_equal_names_make_a_link() -> None:
    result = match([Customer(1, "Müller & Söhne")], [Company(7, "MULLER AND SOHNE")])
    assert result == MatchResult((Link(1, 7, "company_name"),))


def test_account_id_wins_over_the_name() -> None:
    companies = [Company(7, "Zeta", "A1"), Company(8, "Acme")]
    assert match([Customer(1, "Acme", "A1")], companies).links == (
        Link(1, 7, "account_id"),
    )


@pytest.mark.parametrize("account_id", [None, "", "0", "-", "N/A", "none", "TBD"])
def test_name_links_where_one_side_has_no_account_id(account_id: str | None) -> None:
    """A meaningless Account ID counts as none."""
    result = match([Customer(1, "Acme", account_id)], [Company(7, "Acme", "B2")])
    assert result.links == (Link(1, 7, "company_name"),)
    result = match([Customer(1, "Acme", "A1")], [Company(7, "Acme", account_id)])
    assert result.links == (Link(1, 7, "company_name"),)


def test_equal_meaningless_account_ids_make_no_link() -> None:
    assert not match([Customer(1, "Acme", "N/A")], [Company(7, "Zeta", "n/a")]).links


def test_name_does_not_link_two_with_different_account_ids() -> None:
    """They are two customers, even with one name."""
    result = match(
        [Customer(1, "Delta Clinic", "D-100")], [Company(7, "Delta Clinic", "D-200")]
    )
    assert not result.links


def test_customer_who_wrote_the_name_is_not_linked() -> None:
    customer = Customer(1, "Acme", "A1", is_self_written=True)
    companies = [Company(7, "Acme", "A1"), Company(8, "Acme")]
    assert not match([customer], companies[:1]).links
    assert not match([customer], companies[1:]).links


def test_customer_who_wrote_the_name_does_not_block_the_genuine_one() -> None:
    customers = [Customer(1, "Acme"), Customer(2, "Acme", is_self_written=True)]
    assert pairs(match(customers, [Company(7, "Acme")])) == [(1, 7)]


@pytest.mark.parametrize(
    ("customer", "company"),
    [("Acme", "Acme Inc."), ("Acme Inc.", "Acme"), ("Acme Ltd", "Acme Limited")],
)
def test_missing_or_differently_spelled_legal_form_does_not_matter(
    customer: str, company: str
) -> None:
    assert pairs(match([Customer(1, customer)], [Company(7, company)])) == [(1, 7)]


@pytest.mark.parametrize(
    ("customer", "company"),
    [("Acme LLC", "Acme Inc."), ("Acme Inc.", "Acme Corp."), ("Acme Ltd", "Acme Plc")],
)
def test_different_legal_forms_make_no_link(customer: str, company: str) -> None:
    assert not match([Customer(1, customer)], [Company(7, company)]).links


def test_legal_form_tells_namesakes_apart() -> None:
    customers = [Customer(1, "Acme LLC"), Customer(2, "Acme Inc")]
    companies = [Company(7, "Acme, Incorporated"), Company(8, "ACME L.L.C.")]
    assert pairs(match(customers, companies)) == [(1, 8), (2, 7)]


@pytest.mark.parametrize(
    "names", [("Acme", "Acme"), ("Acme Inc", "Acme"), ("Acme", "The Acme")]
)
def test_name_of_two_companies_makes_no_link(names: tuple[str, str]) -> None:
    companies = [Company(7, names[0]), Company(8, names[1])]
    assert not match([Customer(1, "Acme Inc")], companies).links


@pytest.mark.parametrize(
    "names", [("Acme", "Acme"), ("Acme Inc", "Acme"), ("Acme Inc", "Acme LLC")]
)
def test_name_of_two_customers_makes_no_link(names: tuple[str, str]) -> None:
    customers = [Customer(1, names[0]), Customer(2, names[1])]
    assert not match(customers, [Company(7, "Acme")]).links


def test_account_id_of_two_companies_makes_no_link() -> None:
    """The name does not decide between the two."""
    companies = [Company(7, "Acme", "A1"), Company(8, "Zeta", "a1")]
    assert not match([Customer(1, "Acme", "A1")], companies).links


def test_account_id_of_two_customers_makes_no_link() -> None:
    """The name does not decide between the two."""
    customers = [Customer(1, "Acme", "A1"), Customer(2, "Zeta", "a1")]
    assert not match(customers, [Company(7, "Acme", "A1")]).links


def test_company_that_an_account_id_gives_to_others_is_not_linked_by_name() -> None:
    customers = [
        Customer(1, "Acme"),
        Customer(2, "Beta", "A1"),
        Customer(3, "Zeta", "A1"),
    ]
    assert not match(customers, [Company(7, "Acme", "A1")]).links


@pytest.mark.parametrize(
    "company", [Company(7), Company(7, "", ""), Company(7, "-", "-")]
)
def test_missing_values_make_no_link(company: Company) -> None:
    customers = [Customer(1), Customer(2, "!", "/")]
    assert match(customers, [company]) == MatchResult()


def test_deleted_company_is_never_newly_linked() -> None:
    companies = [Company(7, "Acme", "A1", is_deleted=True)]
    assert match([Customer(1, "Acme", "A1")], companies) == MatchResult()


def test_deleted_namesake_does_not_prevent_a_link() -> None:
    """The company was created again after it was deleted."""
    companies = [Company(7, "Acme", "A1", is_deleted=True), Company(8, "Acme", "A1")]
    assert pairs(match([Customer(1, "Acme", "A1")], companies)) == [(1, 8)]


def test_linked_customer_gets_no_other_link() -> None:
    result = match(
        [Customer(1, "Acme", "A1")], [Company(7, "Acme", "A1")], fixed={1: 9}
    )
    assert result == MatchResult()


@pytest.mark.parametrize("fixed", [{2: 7}, {2: 7, 3: 7}])
def test_linked_company_gets_no_other_link(fixed: dict[int, int]) -> None:
    """Its customers may not be among these."""
    result = match([Customer(1, "Acme", "A1")], [Company(7, "Acme", "A1")], fixed=fixed)
    assert not result.links


def test_link_in_place_is_not_found_again() -> None:
    result = match(
        [Customer(1, "Acme", "A1")], [Company(7, "Acme", "A1")], fixed={1: 7}
    )
    assert result == MatchResult()


@pytest.mark.parametrize("customer", [Customer(1, "Acme", "A1"), Customer(1, "Acme")])
def test_excluded_customer_is_left_alone(customer: Customer) -> None:
    companies = [Company(7, "Acme", "A1"), Company(8, "Acme")]
    assert match([customer], companies, excluded_customers=[1]) == MatchResult()


def test_lifted_exclusion_lets_the_link_come_back() -> None:
    assert pairs(match([Customer(1, "Acme")], [Company(7, "Acme")])) == [(1, 7)]


def test_garbage_collection_is_restored() -> None:
    assert gc.isenabled()
    match([], [])
    assert gc.isenabled()
    gc.disable()
    try:
        match([], [])
        assert not gc.isenabled()
    finally:
        gc.enable()
