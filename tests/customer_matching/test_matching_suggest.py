"""Which companies are suggested, and why."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_matching import Company, CompanyIndex, Customer, Reason, suggest

INDEX = CompanyIndex.build(
    [
        Company(1, "Northwind Traders Ltd", "N-1"),
        Company(2, "Northwind Trading"),
        Company(3, "Contoso Pharmaceuticals", "C-9"),
        Company(4, "Fabrikam", "F-4"),
        Company(5),
    ]
)


def ids(customer: Customer, **options: object) -> list[int]:
    return [s.company_id for s in suggest(customer, INDEX, **options)]  # type: ignore[arg-type]


def test_more_similar_names_come_first() -> None:
    assert ids(Customer(1, "Northwind Traders")) == [1, 2]


@pytest.mark.parametrize(
    "name",
    [
        "Northwnd Traders",
        "Traders Northwind",
        "NORTHWIND TRADERS INC",
        "Nörthwind-Traders",
    ],
)
def test_typos_order_and_legal_form_are_tolerated(name: str) -> None:
    assert ids(Customer(1, name))[0] == 1


@pytest.mark.parametrize("name", ["Adventure Works", "Trader", "Ltd", "-", None])
def test_name_similar_to_none_suggests_none(name: str | None) -> None:
    assert not ids(Customer(1, name))


def test_similarity_of_names_is_the_reason() -> None:
    (suggestion,) = suggest(Customer(1, "Contoso Pharmaceutical"), INDEX)
    assert suggestion.reasons == (Reason("name", 97),)


def test_order_of_words_does_not_change_the_similarity() -> None:
    index = CompanyIndex.build([Company(1, "Acme Winds Wind")])
    (suggestion,) = suggest(Customer(1, "Acme Widgets Wind"), index)
    assert suggestion.reasons == (Reason("name", 87),)


def test_only_equal_names_have_similarity_100() -> None:
    long = "Contoso Pharmaceuticals " * 20
    index = CompanyIndex.build([Company(1, long + "X")])
    assert suggest(Customer(1, long + "Y"), index)[0].reasons == (Reason("name", 99),)


def test_names_are_suggested_from_similarity_75() -> None:
    near, far = "a" * 20 + "b" * 7, "a" * 20 + "c" * 7
    index = CompanyIndex.build([Company(1, "Bell"), Company(2, far)])
    assert suggest(Customer(1, "Dell"), index)[0].reasons == (Reason("name", 75),)
    assert not suggest(Customer(1, near), index)


def test_reason_without_points_counts_nothing() -> None:
    assert Reason("account_id") == Reason("account_id", 0, 0)


def test_equal_account_id_outranks_an_equal_name() -> None:
    first, second = suggest(Customer(1, "Fabrikam", "c-9"), INDEX)
    assert (first.company_id, first.reasons) == (3, (Reason("account_id"),))
    assert (second.company_id, second.reasons) == (4, (Reason("name", 100),))


def test_invoice_in_common_outranks_an_equal_name() -> None:
    first, second = suggest(Customer(1, "Fabrikam"), INDEX, invoice_counts={3: (1, 6)})
    assert (first.company_id, first.reasons) == (3, (Reason("invoices", 1, 6),))
    assert second.company_id == 4


def test_more_invoices_in_common_outrank_fewer() -> None:
    assert ids(Customer(1), invoice_counts={2: (1, 6), 3: (5, 6)}) == [3, 2]


def test_equal_account_id_outranks_invoices_and_name_together() -> None:
    assert ids(Customer(1, "Fabrikam", "c-9"), invoice_counts={4: (6, 6)}) == [3, 4]


def test_all_reasons_are_given_strongest_first() -> None:
    customer = Customer(1, "Fabrikam GmbH", "F-4")
    (suggestion,) = suggest(customer, INDEX, invoice_counts={4: (6, 6)})
    assert suggestion.reasons == (
        Reason("account_id"),
        Reason("invoices", 6, 6),
        Reason("name", 100),
    )
    assert suggestion.score == 700


@pytest.mark.parametrize("counts", [{}, {4: (0, 6)}, {4: (0, 0)}, {99: (6, 6)}])
def test_no_invoice_in_common_is_no_reason(counts: dict[int, tuple[int, int]]) -> None:
    assert not ids(Customer(1), invoice_counts=counts)


def test_no_more_than_the_limit_are_offered() -> None:
    index = CompanyIndex.build(Company(i, "Acme") for i in range(20, 0, -1))
    offered = suggest(Customer(1, "Acme"), index, limit=3)
    assert [suggestion.company_id for suggestion in offered] == [1, 2, 3]


def test_by_default_eight_are_offered() -> None:
    index = CompanyIndex.build(Company(i, "Acme") for i in range(20))
    assert len(suggest(Customer(1, "Acme"), index)) == 8


def test_deleted_company_is_not_in_the_index() -> None:
    assert CompanyIndex.build([Company(1, "Acme", is_deleted=True)]) == ([], [], [])


def test_index_is_made_of_stored_normalised_names() -> None:
    stored = CompanyIndex(ids=[7], cores=["acme widgets"], account_ids=["a-1"])
    assert stored == CompanyIndex.build([Company(7, "ACME Widgets Inc.", " A-1")])


@given(
    st.lists(st.sampled_from(["Acme", "Acme Inc", "Acmee", "Zeta", None]), max_size=12),
    st.randoms(use_true_random=False),
)
def test_order_of_the_companies_does_not_matter(
    names: list[str | None], order: random.Random
) -> None:
    companies = [Company(i, name) for i, name in enumerate(names)]
    expected = suggest(Customer(1, "Acme"), CompanyIndex.build(companies), limit=3)
    order.shuffle(companies)
    assert (
        suggest(Customer(1, "Acme"), CompanyIndex.build(companies), limit=3) == expected
    )


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_name_can_be_suggested_for(name: str, names: list[str]) -> None:
    index = CompanyIndex.build(Company(i, other) for i, other in enumerate(names))
    for suggestion in suggest(Customer(1, name, name), index):
        assert 75 <= suggestion.score <= 700
