"""Reading the invoices of some days, which can be interrupted."""

import time
from datetime import date, datetime, timezone
from typing import Any

import pytest
from conftest import INVOICES_PATH, OCTOBER, Tenant, rows, wait_until
from werkzeug import Request

from connectwise_client import (
    ConnectWiseClient,
    DateRange,
)
from connectwise_client.const import (
    INVOICES,
)


def dated(first: int, count: int, day: str = "2026-10-15") -> list[dict[str, Any]]:
    return rows(first, count, date=f"{day}T00:00:00Z")


def invoice_ids(pages: Any) -> list[int]:
    return [invoice.id for page in pages for invoice in page.invoices]


def test_invoices_are_asked_for_by_date(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 3))
    assert invoice_ids(client.invoices([OCTOBER])) == [1, 2, 3]
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
    first, second, third = client.invoices([OCTOBER])
    assert [len(page.invoices) for page in (first, second, third)] == [1000, 1000, 500]
    assert (first.rest, second.rest, third.rest) == (
        OCTOBER._replace(after=1000),
        OCTOBER._replace(after=2000),
        None,
    )


def test_next_page_of_invoices_is_read_while_one_is_used(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 2500))
    pages = client.invoices([OCTOBER])
    next(pages)
    wait_until(lambda: len(tenant.requests) == 2)
    time.sleep(0.05)
    assert len(tenant.requests) == 2
    assert len(list(pages)) == 2


def test_reading_invoices_resumes_after_an_id(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 10))
    assert invoice_ids(client.invoices([OCTOBER._replace(after=7)])) == [8, 9, 10]
    assert (tenant.conditions[0] or "").endswith(") and id > 7")


def test_pages_of_invoices_come_in_the_order_of_their_ranges(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    def answer(request: Request) -> Any:
        day = 2 if "[2026-10-01T23:59:59Z]" in request.args["conditions"] else 1
        return dated(day, 1, f"2026-10-0{day}")

    tenant.answers(INVOICES_PATH, answer)
    days = [DateRange(date(2026, 10, day), date(2026, 10, day)) for day in (2, 1)]
    assert invoice_ids(client.invoices(days)) == [2, 1]


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
    assert client.count_invoices(OCTOBER.first, OCTOBER.last) == 17
    days = "date > [2026-09-30T23:59:59Z] and date < [2026-11-01T00:00:00Z]"
    assert dict(tenant.requests[0].args) == {"conditions": days}


@pytest.mark.parametrize("day", ["2026-09-30", "2026-11-01"])
def test_invoice_of_another_day_is_left_out(
    client: ConnectWiseClient, tenant: Tenant, day: str
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 1, day))
    assert invoice_ids(client.invoices([OCTOBER])) == []


@pytest.mark.parametrize("day", ["2026-10-01", "2026-10-31"])
def test_first_and_last_day_belong_to_a_range(
    client: ConnectWiseClient, tenant: Tenant, day: str
) -> None:
    tenant.list_of("/finance/invoices", dated(1, 1, day))
    assert invoice_ids(client.invoices([OCTOBER])) == [1]


def test_invoice_without_a_date_is_left_out(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", rows(1, 1))
    assert invoice_ids(client.invoices([OCTOBER])) == []


def test_unreadable_invoice_is_named_alone(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.list_of("/finance/invoices", [*dated(1, 1), {"id": 2, "total": "much"}])
    [page] = client.invoices([OCTOBER])
    assert [invoice.id for invoice in page.invoices] == [1]
    assert [record.id for record in page.skipped] == [2]
