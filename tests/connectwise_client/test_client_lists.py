"""Lists: keyset paging, changes alone, and counts."""

from datetime import datetime, timezone

from conftest import COMPANIES_PATH, CONTACTS_PATH, Tenant, company_ids, ids, rows

from connectwise_client import ConnectWiseClient, IdRange
from connectwise_client.const import COMPANIES, PAGE_SIZE

# -- Paging ---------------------------------------------------------------------


def test_every_page_of_a_list_is_read(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(5, 2500, name="A"))
    assert company_ids(client.companies()) == list(range(5, 2505))


def test_page_is_asked_for_by_the_last_id(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(5, 1500))
    list(client.companies())
    assert tenant.conditions == [None, "id > 1004"]


def test_list_is_asked_for_in_order_of_ids(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", [])
    assert company_ids(client.companies()) == []
    assert dict(tenant.requests[0].args) == {
        "fields": ",".join(COMPANIES.fields),
        "orderBy": "id asc",
        "pageSize": "1000",
    }


def test_short_page_is_the_last(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.list_of("/company/companies", rows(1, 999))
    list(client.companies())
    assert len(tenant.requests) == 1


def test_full_last_page_is_followed_by_an_empty_one(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, PAGE_SIZE))
    assert [len(page.companies) for page in client.companies()] == [PAGE_SIZE, 0]
    assert len(tenant.requests) == 2


def test_pages_are_asked_for_only_when_wanted(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 3000))
    next(client.companies())
    assert len(tenant.requests) == 1


def test_reading_resumes_where_it_stopped(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 10))
    assert company_ids(client.companies([IdRange(7)])) == [8, 9, 10]


# -- Changes --------------------------------------------------------------------


def test_changed_contacts_are_asked_for_by_time(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(CONTACTS_PATH, rows(1, 3))
    since = datetime(2026, 6, 1, tzinfo=timezone.utc)
    assert ids(client.changed_contacts(since)) == [1, 2, 3]
    assert tenant.conditions == ["lastUpdated > [2026-06-01T00:00:00Z]"]


def test_every_page_of_changed_contacts_is_read(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/contacts", rows(1, PAGE_SIZE))
    since = datetime(2026, 6, 1, tzinfo=timezone.utc)
    assert len(ids(client.changed_contacts(since))) == PAGE_SIZE
    assert len(tenant.requests) == 2


def test_every_page_asks_only_for_changes(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/company/companies", rows(1, 1001))
    list(client.companies(changed_since=datetime(2026, 6, 1, tzinfo=timezone.utc)))
    changed = "lastUpdated > [2026-06-01T00:00:00Z]"
    assert tenant.conditions == [changed, f"({changed}) and id > 1000"]


# -- Counts ---------------------------------------------------------------------


def test_companies_are_counted(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", {"count": 7})
    assert client.count_companies() == 7
