"""Which errors are retried, and how pauses are kept."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import API, Connect, FakeTime, Tenant, busy
from werkzeug import Response

from connectwise_client import (
    BACKGROUND,
    AddressError,
    BadAnswerError,
    ConnectWiseClient,
    ConnectWiseError,
    CredentialsError,
    MissingRightError,
    RateLimitError,
    RefusedRequestError,
    ServerError,
)

Case = Callable[[str], Any]

COUNT = f"{API}/company/companies/count"


@pytest.mark.parametrize(
    "answer",
    [
        Response("", 502),
        Response("", 503),
        Response("", 504),
        Response('{"message":"A timeout has occured."}', 500),
        busy(1),
    ],
)
def test_temporary_error_is_retried(
    client: ConnectWiseClient, tenant: Tenant, answer: Response
) -> None:
    tenant.answers(COUNT, answer, {"count": 7})
    assert client.count_companies() == 7
    assert client.request_count == 2


def test_refused_requests_are_counted(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COUNT, busy(1), Response("", 502), {"count": 7})
    client.count_companies()
    assert (client.throttled_count, client.request_count) == (1, 3)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RefusedRequestError),
        (401, CredentialsError),
        (403, MissingRightError),
        (409, RefusedRequestError),
        (500, ServerError),
        (501, ServerError),
        (302, AddressError),
        (204, BadAnswerError),
    ],
)
def test_permanent_error_is_not_retried(
    client: ConnectWiseClient,
    tenant: Tenant,
    status: int,
    error: type[ConnectWiseError],
) -> None:
    tenant.answers(COUNT, Response('{"message":"x"}' * (status != 204), status))
    with pytest.raises(error):
        client.count_companies()
    assert client.request_count == 1


def test_retries_end(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, Response("", 503))
    with pytest.raises(ServerError) as caught:
        client.count_companies()
    assert caught.value.status == 503
    assert (client.request_count, fake_time.sleeps) == (3, [0.5, 1.0])


def test_call_is_refused_more_often_than_it_fails(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime
) -> None:
    """Of several requests at once, the same one may be refused again and again."""
    tenant.answers(COUNT, *[busy(1)] * 4, {"count": 7})
    assert client.count_companies() == 7
    assert fake_time.sleeps == [1.0] * 4


def test_refusals_end(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, busy(0))
    with pytest.raises(RateLimitError):
        client.count_companies()
    assert sum(fake_time.sleeps) == BACKGROUND.longest_sleep


def test_redirect_is_not_followed(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(COUNT, Response("", 302, {"Location": f"http://{tenant.place}/x"}))
    with pytest.raises(AddressError) as caught:
        client.count_companies()
    assert caught.value.reason == "redirect"


@pytest.mark.parametrize("asked", ["4", "Mon, 01 Jun 2026 12:00:04 GMT"])
def test_requested_pause_is_kept(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime, asked: str
) -> None:
    tenant.answers(COUNT, busy(asked), {"count": 7})
    client.count_companies()
    assert fake_time.sleeps == [4.0]


@pytest.mark.parametrize(("asked", "wait"), [(None, 30), ("x", 30), (86400, 86400)])
def test_long_pause_is_left_to_the_caller(
    client: ConnectWiseClient,
    tenant: Tenant,
    fake_time: FakeTime,
    asked: object,
    wait: float,
) -> None:
    tenant.answers(COUNT, busy(asked))
    with pytest.raises(RateLimitError) as caught:
        client.count_companies()
    assert (caught.value.retry_after, fake_time.sleeps) == (wait, [])


def test_during_a_long_pause_nothing_is_asked(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, busy(30))
    for expected in (30, 20):
        with pytest.raises(RateLimitError) as caught:
            client.count_companies()
        assert caught.value.retry_after == expected
        fake_time.seconds += 10
    assert client.request_count == 1
    path = "/company/companies/count"
    assert caught.value.path == path
    assert str(caught.value) == f"{path}: not sent, ConnectWise asked for a pause"


@pytest.mark.parametrize("left", [0.5, 5.0, BACKGROUND.longest_sleep])
def test_rest_of_a_pause_is_waited_for(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime, left: float
) -> None:
    tenant.answers(COUNT, busy(30), {"count": 7})
    with pytest.raises(RateLimitError):
        client.count_companies()
    fake_time.seconds += 30 - left
    assert client.count_companies() == 7
    assert fake_time.sleeps == [left]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(busy(30), RateLimitError), (Response("", 401), CredentialsError)],
)
def test_pause_told_to_another_thread_applies(
    connect: Connect,
    tenant: Tenant,
    fake_time: FakeTime,
    answer: Response,
    error: type[ConnectWiseError],
) -> None:
    tenant.answers(COUNT, busy(30), {"count": 7})
    tenant.answers(f"{API}/finance/invoices/1/pdf", answer)

    def sleep(seconds: float) -> None:
        fake_time.sleep(seconds)
        with pytest.raises(error):
            client.download_invoice_pdf(1)

    client = connect(tenant.place, sleep=sleep)
    with pytest.raises(RateLimitError):
        client.count_companies()
    fake_time.seconds += 25
    with pytest.raises(error):
        client.count_companies()
    assert client.request_count == 2


def test_requests_go_on_after_a_pause(
    client: ConnectWiseClient, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, busy(30), {"count": 7})
    with pytest.raises(RateLimitError):
        client.count_companies()
    fake_time.seconds += 31
    assert client.count_companies() == 7


def test_refused_keys_are_not_tried_again(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    refusal = '{"code":"Unauthorized","message":"Provide valid keys."}'
    tenant.answers(COUNT, Response(refusal, 401))
    for _ in range(3):
        with pytest.raises(CredentialsError) as caught:
            client.count_companies()
        assert (caught.value.status, caught.value.code) == (401, "Unauthorized")
        assert caught.value.detail == "Provide valid keys."
    assert client.request_count == 1
    assert caught.value.path == "/company/companies/count"
    assert str(caught.value) == "The keys were refused before"
