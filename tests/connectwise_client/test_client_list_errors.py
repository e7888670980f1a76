"""Bad answers to a request for a list or a count, and bad records in a list."""

from typing import Any

import pytest
from conftest import API, COMPANIES_PATH, OCTOBER, Tenant, rows
from werkzeug import Response

from connectwise_client import (
    BadAnswerError,
    ConnectWiseClient,
    CredentialsError,
    IdRange,
    RecordError,
)
from connectwise_client.const import MAX_WAITING_ANSWERS, PAGE_SIZE

# -- Lists ----------------------------------------------------------------------


@pytest.mark.parametrize("answer", [{"no": "list"}, b"{", rows(1, 1) * 2])
@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/company/companies", lambda client: client.companies()),
        ("/company/contacts", lambda client: client.contacts([1])),
        ("/finance/invoices", lambda client: client.invoices(*OCTOBER)),
    ],
)
def test_bad_answer_names_the_request(
    client: ConnectWiseClient, tenant: Tenant, path: str, read: Any, answer: Any
) -> None:
    tenant.answers(f"{API}{path}", answer)
    with pytest.raises(BadAnswerError) as caught:
        list(read(client))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"<html>Sign in</html>", "html"),
        (b"[{", "malformed"),
        (b"", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'"\xff"', "malformed"),
        ({"code": "NotFound"}, "shape"),
        (None, "shape"),
    ],
)
def test_answer_that_is_no_list_is_bad(
    client: ConnectWiseClient, tenant: Tenant, answer: Any, reason: str
) -> None:
    tenant.answers(COMPANIES_PATH, answer)
    with pytest.raises(BadAnswerError) as caught:
        list(client.companies())
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "page",
    [
        rows(1, 2) + rows(2, 1),
        rows(3, 1) + rows(1, 1),
        [{"id": 1}] * PAGE_SIZE,
        [{"name": "A"}] * PAGE_SIZE,
        [None] * PAGE_SIZE,
    ],
)
def test_pages_that_do_not_advance_end_in_an_error(
    client: ConnectWiseClient, tenant: Tenant, page: Any
) -> None:
    tenant.answers(COMPANIES_PATH, page)
    with pytest.raises(BadAnswerError) as caught:
        list(client.companies())
    assert caught.value.reason == "paging"


def test_repeated_page_ends_the_reading(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COMPANIES_PATH, rows(1, PAGE_SIZE))
    with pytest.raises(BadAnswerError):
        list(client.companies())
    assert len(tenant.requests) == 2


def test_error_ends_the_reading(client: ConnectWiseClient, tenant: Tenant) -> None:
    """Only requests made ahead of it are still sent."""
    tenant.answers(COMPANIES_PATH, [], {"no": "list"})
    with pytest.raises(BadAnswerError):
        list(client.companies([IdRange(n, n + 1) for n in range(100)]))
    assert len(tenant.requests) <= 1 + MAX_WAITING_ANSWERS


def test_refused_keys_are_tried_once(client: ConnectWiseClient, tenant: Tenant) -> None:
    """They are not tried on each connection."""
    tenant.answers(COMPANIES_PATH, Response(status=401))
    with pytest.raises(CredentialsError):
        list(client.companies([IdRange(n, n + 1) for n in range(20)]))
    assert len(tenant.requests) == 1


# -- Records --------------------------------------------------------------------


def test_bad_record_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    bad = [{"id": 501, "name": 7}]
    tenant.answers(COMPANIES_PATH, rows(1, 500) + bad + rows(502, 499))
    records, skipped, _ids, _rest = next(client.companies())
    assert len(records) == 999
    [left_out] = skipped
    assert left_out.id == 501
    assert isinstance(left_out.error, RecordError)
    assert left_out.error.field == "name"


def test_record_without_an_id_affects_only_itself(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COMPANIES_PATH, [*rows(1, 1), {"name": "A"}, "x", *rows(2, 1)])
    [(records, skipped, _ids, _rest)] = client.companies()
    assert [record.id for record in records] == [1, 2]
    assert [left_out.id for left_out in skipped] == [None, None]


# -- Counts ---------------------------------------------------------------------


@pytest.mark.parametrize("answer", [{"no": "count"}, b"{"])
def test_bad_count_names_the_request(
    client: ConnectWiseClient, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", answer)
    with pytest.raises(BadAnswerError) as caught:
        client.count_companies()
    assert caught.value.path == "/company/companies/count"


@pytest.mark.parametrize(
    "answer", [{}, [], None, {"count": None}, {"count": "7"}, {"count": -1}]
)
def test_answer_that_is_no_count_is_bad(
    client: ConnectWiseClient, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(f"{COMPANIES_PATH}/count", answer)
    with pytest.raises(BadAnswerError):
        client.count_companies()
