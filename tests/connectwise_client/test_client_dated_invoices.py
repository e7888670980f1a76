"""Reading the invoices of some days, which can be interrupted."""

from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import INVOICES_PATH, OCTOBER, Tenant, rows

from connectwise_client import ConnectWiseClient, IdRange
from connectwise_client.const import INVOICES


def dated(first: int, count: int, day: str = "2026-10-15") -> list[dict[str, Any]]:
    return rows(first, count, date=f"{day}T00:00:00Z")


def invoice_ids(pages: Any) -> list[int]:
    return [invoice.id for page in pages for invoice in page.invoices]


def test_invoices_are_asked_for_by_date(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 3))
    assert invoice_ids(client.invoices(*OCTOBER)) == [1, 2, 3]
    days = "date > [2026-09-30T23:59:59Z] and date < [2026-11-01T00:00:00Z]"
    assert dict(tenant.requests[0].args) == {
        "conditions": days,
        "fields": ",".join(INVOICES.fields),
        "orderBy": "id asc",
        "pageSize": "1000",
    }


def test_all_pages_of_invoices_are_read(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 2500))
    first, second, third = client.invoices(*OCTOBER)
    assert [len(page.invoices) for page in (first, second, third)] == [1000, 1000, 500]
    assert (first.rest, second.rest, third.rest) == (IdRange(1000), IdRange(2000), None)
    assert (first.ids, third.ids) == (IdRange(0, 1000), IdRange(2000))


def test_two_pages_of_a_range_of_invoices_are_read_ahead(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 3500))
    pages = client.invoices(*OCTOBER)
    next(pages)
    assert len(tenant.requests) == 2
    assert len(list(pages)) == 3


def test_reading_invoices_resumes_after_an_id(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 10))
    assert invoice_ids(client.invoices(*OCTOBER, [IdRange(7)])) == [8, 9, 10]
    assert (tenant.conditions[0] or "").endswith(") and id > 7")


def test_pages_of_invoices_come_in_the_order_of_their_ranges(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 30))
    ranges = [IdRange(20), IdRange(0, 10), IdRange(10, 20)]
    pages = list(client.invoices(*OCTOBER, ranges))
    assert [page.ids for page in pages] == ranges
    assert [page.invoices[0].id for page in pages] == [21, 1, 11]


def test_invoices_of_a_period_are_divided_between_its_first_and_last_id(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    """Most of the ids may be those of other years."""
    tenant.list_of("/finance/invoices", dated(50_001, 1900))
    tenant.answers(f"{INVOICES_PATH}/count", {"count": 1900})
    expected = [IdRange(0, 50_950), IdRange(50_950)]
    assert client.invoice_ranges(*OCTOBER) == (1900, expected)


def test_ids_that_were_read_before_are_not_divided_again(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 3000))
    tenant.answers(f"{INVOICES_PATH}/count", {"count": 1000})
    expected = [IdRange(2000, 2500), IdRange(2500)]
    assert client.invoice_ranges(*OCTOBER, after=2000) == (1000, expected)
    assert all(
        asked and asked.endswith(") and id > 2000") for asked in tenant.conditions
    )


def test_period_without_invoices_is_one_range(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", [])
    tenant.answers(f"{INVOICES_PATH}/count", {"count": 0})
    assert client.invoice_ranges(*OCTOBER, after=7) == (0, [IdRange(7)])


def test_changed_invoices_are_asked_for_by_time_alone(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 2))
    since = datetime(2026, 10, 5, 12, tzinfo=timezone.utc)
    [(invoices, _skipped)] = client.changed_invoices(since)
    assert [invoice.id for invoice in invoices] == [1, 2]
    assert tenant.conditions == ["lastUpdated > [2026-10-05T12:00:00Z]"]


def test_invoices_are_counted_by_date(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(f"{INVOICES_PATH}/count", lambda request: {"count": 17})
    assert client.count_invoices(*OCTOBER) == 17
    days = "date > [2026-09-30T23:59:59Z] and date < [2026-11-01T00:00:00Z]"
    assert dict(tenant.requests[0].args) == {"conditions": days}


@pytest.mark.parametrize("day", ["2026-09-30", "2026-11-01"])
def test_invoice_of_another_day_is_left_out(
    client: ConnectWiseClient, tenant: Tenant, day: str
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 1, day))
    assert invoice_ids(client.invoices(*OCTOBER)) == []


@pytest.mark.parametrize("day", ["2026-10-01", "2026-10-31"])
def test_first_and_last_day_belong_to_a_range(
    client: ConnectWiseClient, tenant: Tenant, day: str
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 1, day))
    assert invoice_ids(client.invoices(*OCTOBER)) == [1]


def test_invoice_without_a_date_is_left_out(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", rows(1, 1))
    assert invoice_ids(client.invoices(*OCTOBER)) == []


def test_unreadable_invoice_is_named_alone(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", [*dated(1, 1), {"id": 2, "total": "much"}])
    [page] = client.invoices(*OCTOBER)
    assert [invoice.id for invoice in page.invoices] == [1]
    assert [record.id for record in page.skipped] == [2]
