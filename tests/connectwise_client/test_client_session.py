"""Codebase, credentials, retries, pauses and the log of a client."""

import base64
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import API, Connect, FakeTime, Tenant
from werkzeug import Response

from connectwise_client import (
    BACKGROUND,
    INTERACTIVE,
    AddressError,
    BadAnswerError,
    ClientIdError,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
    CredentialsError,
    DeadlineError,
    MissingRightError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    RefusedRequestError,
    Runtime,
    ServerError,
    UnknownCompanyError,
)

Case = Callable[[str], Any]

INFO = "/login/companyinfo/acme"
COUNT = f"{API}/company/companies/count"
COUNT_2025 = "/v2025_1/apis/3.0/company/companies/count"
GONE = Response(
    '{"code":"ConnectWiseApi","message":"The endpoint does not exist."}', 404
)
CANNOT_ROUTE = Response("Cannot route. Codebase/company is invalid", 400)


def busy(retry_after: object = None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response('{"error":"ConnectWiseAPI","message":"Too many"}', 429, headers)


# -- The codebase ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codebase"), [("guide", "v2017_3/"), ("cloud", "v2020_4/")]
)
def test_codebase_is_looked_up(
    connect: Connect, tenant: Tenant, case: Case, name: str, codebase: str
) -> None:
    tenant.answers(INFO, case(f"companyinfo/{name}"))
    tenant.answers(f"/{codebase}apis/3.0/company/companies/count", {"count": 7})
    client = connect(tenant.place, codebase=None)
    assert client.count_companies() == 7
    assert client.codebase == codebase


def test_codebase_is_looked_up_once(connect: Connect, tenant: Tenant) -> None:
    tenant.answers(INFO, {"Codebase": "v4_6_release/"})
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place, codebase=None)
    client.count_companies()
    client.count_companies()
    assert client.request_count == 3


def test_codebase_can_be_looked_up_alone(connect: Connect, tenant: Tenant) -> None:
    tenant.answers(INFO, {"Codebase": "v2025_1/"})
    client = connect(tenant.place, codebase=None)
    assert client.discover() == client.codebase == "v2025_1/"
    assert client.request_count == 1


def test_known_codebase_is_not_looked_up(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COUNT, {"count": 7})
    client.count_companies()
    assert client.request_count == 1


def test_looking_the_codebase_up_shows_no_credentials(
    connect: Connect, tenant: Tenant
) -> None:
    tenant.answers(INFO, {"Codebase": "v4_6_release/"})
    tenant.answers(COUNT, {"count": 7})
    connect(tenant.place, codebase=None).count_companies()
    assert not {"Authorization", "Clientid"} & set(tenant.requests[0].headers.keys())


def test_looking_the_codebase_up_asks_for_json(
    connect: Connect, tenant: Tenant
) -> None:
    tenant.answers(INFO, {"Codebase": "v4_6_release/"})
    connect(tenant.place, codebase=None).discover()
    assert tenant.requests[0].headers["Accept"] == "application/json"


@pytest.mark.parametrize("answer", [Response("", 400), b"{", Response("{}", 403)])
def test_failed_lookup_of_the_codebase_names_the_request(
    connect: Connect, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(INFO, answer)
    with pytest.raises(ConnectWiseError) as caught:
        connect(tenant.place, codebase=None).discover()
    assert caught.value.path == "/login/companyinfo/"
    assert not isinstance(caught.value, MissingRightError)


def test_error_names_the_request(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(COUNT, Response("{}", 403))
    with pytest.raises(MissingRightError) as caught:
        client.count_companies()
    assert caught.value.path == "/company/companies/count"
    assert str(caught.value) == "/company/companies/count: HTTP 403"


def test_company_login_id_is_one_part_of_the_path(
    connect: Connect, tenant: Tenant
) -> None:
    tenant.answers("/login/companyinfo/a/../b?c", {"Codebase": "v4_6_release/"})
    tenant.answers(COUNT, {"count": 7})
    client = connect(
        tenant.place,
        codebase=None,
        credentials=Credentials(" a/../b?c", "x", "y", "z"),
    )
    assert client.count_companies() == 7


def test_unknown_company_is_reported(
    connect: Connect, tenant: Tenant, case: Case
) -> None:
    tenant.answers(INFO, case("companyinfo/unknown"))
    with pytest.raises(UnknownCompanyError) as caught:
        connect(tenant.place, codebase=None).count_companies()
    assert caught.value.company_login_id == "acme"


@pytest.mark.parametrize("answer", [Response("", 404), b"<html>Sign in</html>", GONE])
def test_own_server_without_discovery_has_the_usual_codebase(
    connect: Connect, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(INFO, answer)
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place, codebase=None)
    assert client.count_companies() == 7
    assert client.codebase == "v4_6_release/"


@pytest.mark.parametrize("answer", [Response("", 404), b"<html>Sign in</html>"])
def test_cloud_without_discovery_is_an_error(
    connect: Connect, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(INFO, answer)
    port = tenant.server.port
    host = f"sandbox-na.myconnectwise.net:{port}"
    client = connect(
        host,
        codebase=None,
        runtime={"resolve": lambda *a: [(2, 1, 6, "", ("127.0.0.1", port))]},
    )
    with pytest.raises((AddressError, BadAnswerError)):
        client.count_companies()


@pytest.mark.parametrize(
    "codebase",
    [
        None,
        7,
        "",
        "../../evil/",
        "v2025_1/../x/",
        "v2025_1//",
        "//evil.example/",
        "v1\n",
    ],
)
def test_malformed_codebase_is_never_used(
    connect: Connect, tenant: Tenant, codebase: object
) -> None:
    tenant.answers(INFO, {"Codebase": codebase})
    with pytest.raises(BadAnswerError):
        connect(tenant.place, codebase=None).count_companies()
    assert len(tenant.requests) == 1


def test_malformed_stored_codebase_is_looked_up_again(
    connect: Connect, tenant: Tenant
) -> None:
    tenant.answers(INFO, {"Codebase": "v4_6_release/"})
    tenant.answers(COUNT, {"count": 7})
    assert connect(tenant.place, codebase="../x").count_companies() == 7


@pytest.mark.parametrize("first", [GONE, CANNOT_ROUTE, Response("<html>", 404)])
def test_codebase_that_moved_is_followed(
    client: ConnectWiseClient, tenant: Tenant, first: Response
) -> None:
    tenant.answers(COUNT, first)
    tenant.answers(INFO, {"Codebase": "v2025_1/"})
    tenant.answers(COUNT_2025, {"count": 7})
    assert client.count_companies() == 7
    assert client.codebase == "v2025_1/"


def test_codebase_that_did_not_move_is_not_tried_again(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COUNT, GONE)
    tenant.answers(INFO, {"Codebase": "v4_6_release/"})
    for _ in range(2):
        with pytest.raises(AddressError) as caught:
            client.count_companies()
        assert caught.value.reason == "no_api"
    assert [request.path for request in tenant.requests] == [COUNT, INFO, COUNT]


def test_record_that_is_gone_is_not_looked_for_elsewhere(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    answer = Response('{"code":"NotFound","message":"Invoice 1 not found"}', 404)
    tenant.answers(f"{API}/finance/invoices/1/pdf", answer)
    with pytest.raises(NotFoundError):
        client.download_invoice_pdf(1)
    assert len(tenant.requests) == 1


# -- Requests -------------------------------------------------------------------


def test_request_is_signed_in_utf8(connect: Connect, tenant: Tenant) -> None:
    tenant.answers(COUNT, {"count": 7})
    client = connect(
        tenant.place,
        credentials=Credentials("ac\u00e9 ", " p\u00fcb", "pr\u0456v\n", "c"),
    )
    client.count_companies()
    scheme, _, token = tenant.requests[0].headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(token).decode() == "ac\u00e9+p\u00fcb:pr\u0456v"


def test_request_names_client_and_version(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(COUNT, {"count": 7})
    client.count_companies()
    headers = tenant.requests[0].headers
    assert headers["clientId"] == "client-id"
    assert headers["Accept"] == "application/vnd.connectwise.com+json; version=2026.1"


@pytest.mark.parametrize("client_id", ["a\nb: c", "caf\u00e9"])
def test_client_id_that_cannot_be_sent_is_refused(
    connect: Connect, tenant: Tenant, client_id: str
) -> None:
    client = connect(tenant.place, credentials=Credentials("a", "b", "c", client_id))
    with pytest.raises(ClientIdError):
        client.count_companies()


# -- Retries --------------------------------------------------------------------


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


# -- Time -----------------------------------------------------------------------


def test_nothing_is_asked_after_the_deadline(
    connect: Connect, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place, INTERACTIVE)
    client.count_companies()
    fake_time.seconds += 8
    with pytest.raises(DeadlineError) as caught:
        client.count_companies()
    assert client.request_count == 1
    error = caught.value
    assert (error.transient, error.path) == (False, "/company/companies/count")
    assert error.reason == ""
    assert str(error) == "/company/companies/count: no time left"


def test_last_second_is_used(
    connect: Connect, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place, INTERACTIVE)
    client.count_companies()
    fake_time.seconds += 7.5
    assert client.count_companies() == 7


def test_time_runs_from_the_first_request(
    connect: Connect, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place, INTERACTIVE)
    fake_time.seconds += 100
    assert client.count_companies() == 7


def test_nobody_sleeps_beyond_the_deadline(
    connect: Connect, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, busy(9))
    client = connect(tenant.place, replace(BACKGROUND, total=9))
    with pytest.raises(RateLimitError):
        client.count_companies()
    assert fake_time.sleeps == []


def test_pause_beyond_the_deadline_is_left_to_the_caller(
    connect: Connect, tenant: Tenant, fake_time: FakeTime
) -> None:
    tenant.answers(COUNT, busy(9))
    client = connect(tenant.place, replace(BACKGROUND, total=9))
    for _ in range(2):
        with pytest.raises(RateLimitError):
            client.count_companies()
    assert client.request_count == 1


# -- Rights ---------------------------------------------------------------------

INVOICES = f"{API}/finance/invoices"
COMPANIES = f"{API}/company/companies"
CONTACTS = f"{API}/company/contacts"
NO_RIGHT = Response('{"code":"Security","message":"You do not have permission"}', 403)


def test_for_pdfs_only_invoices_are_asked_for(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    tenant.answers(INVOICES, [{"id": 1}])
    [check] = client.check_access().checks
    assert (check.right, check.state) == ("Invoicing", "granted")
    assert tenant.requests[0].full_path == "/v4_6_release/apis/3.0/finance/invoices" + (
        "?fields=id&pageSize=1"
    )


def test_with_contacts_each_right_is_asked_for(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    for path in (INVOICES, COMPANIES, CONTACTS):
        tenant.answers(path, [])
    report = client.check_access(include_contacts=True)
    assert [(check.right, check.state) for check in report.checks] == [
        ("Invoicing", "granted"),
        ("Company Maintenance", "granted"),
        ("Contacts", "granted"),
    ]


def test_missing_right_is_named(client: ConnectWiseClient, tenant: Tenant) -> None:
    tenant.answers(INVOICES, [])
    tenant.answers(COMPANIES, NO_RIGHT)
    tenant.answers(CONTACTS, NO_RIGHT)
    report = client.check_access(include_contacts=True)
    assert report.missing == ("Company Maintenance", "Contacts")
    assert report.errors == ()


@pytest.mark.parametrize("answer", [Response("", 503), {"a": 1}, b"<html>"])
def test_right_that_cannot_be_found_out_is_unknown(
    client: ConnectWiseClient, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(INVOICES, answer)
    report = client.check_access()
    assert [(c.right, c.state) for c in report.checks] == [("Invoicing", "unknown")]
    assert report.missing == ()
    assert isinstance(report.errors[0], ConnectWiseError)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response("{}", 401), CredentialsError),
        (Response('{"message":"clientId is missing"}', 400), ClientIdError),
        (Response("", 301), AddressError),
    ],
)
def test_wrong_settings_are_an_error_not_a_report(
    client: ConnectWiseClient,
    tenant: Tenant,
    answer: Response,
    error: type[ConnectWiseError],
) -> None:
    tenant.answers(INVOICES, answer)
    with pytest.raises(error):
        client.check_access(include_contacts=True)
    assert client.request_count == 1


# -- Messages -------------------------------------------------------------------

TOKEN = base64.b64encode(b"acme+PUBLIC-KEY:PRIVATE-KEY").decode()


@pytest.mark.parametrize(
    "answer",
    [
        {"count": 7},
        Response('{"message":"PRIVATE-KEY of acme+PUBLIC-KEY"}', 401),
        Response(f"You sent: Authorization: Basic {TOKEN}, clientId: client-id", 400),
        Response("PRIVATE-KEY", 503),
        b"<PRIVATE-KEY>",
    ],
)
def test_no_secret_is_logged_or_in_an_error(
    client: ConnectWiseClient,
    tenant: Tenant,
    caplog: pytest.LogCaptureFixture,
    answer: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    tenant.answers(COUNT, answer)
    told = [repr(client), repr(client.__dict__)]
    try:
        client.count_companies()
    except ConnectWiseError as error:
        told.append(f"{error!r} {error.__dict__} {error.__context__}")
    for secret in ("PRIVATE-KEY", "PUBLIC-KEY", TOKEN, "client-id"):
        assert secret not in caplog.text + "".join(told)


def test_http_date_is_compared_with_the_time_of_the_day(
    credentials: Credentials, tenant: Tenant
) -> None:
    tenant.answers(COUNT, busy("Thu, 01 Jan 2015 12:00:00 GMT"))
    client = ConnectWiseClient(
        f"http://{tenant.place}",
        credentials,
        replace(BACKGROUND, attempts=1),
        [tenant.place],
        "v4_6_release/",
        runtime=Runtime(),
    )
    with client, pytest.raises(RateLimitError) as caught:
        client.count_companies()
    assert caught.value.retry_after == 0


def test_credentials_do_not_show_their_keys(credentials: Credentials) -> None:
    assert repr(credentials) == "Credentials(company_login_id='acme')"


def test_request_is_logged_without_its_query(
    client: ConnectWiseClient, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "connectwise_client")
    tenant.answers(INVOICES, [])
    list(client.find_invoices(["CW1129"]))
    [record] = [r for r in caplog.records if r.name.startswith("connectwise_client")]
    assert record.getMessage() == "GET /finance/invoices: 200 in 0.000 s"
    assert record.levelno == logging.DEBUG


def test_failure_is_logged_as_information(
    client: ConnectWiseClient, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "connectwise_client")
    tenant.answers(COUNT, Response("{}", 401))
    with pytest.raises(CredentialsError):
        client.count_companies()
    [record] = [r for r in caplog.records if r.name.startswith("connectwise_client")]
    assert record.getMessage() == "GET /company/companies/count: 401 in 0.000 s"


def test_failure_without_an_answer_is_logged_by_what_it_is(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "connectwise_client")
    with pytest.raises(NetworkError):
        connect("127.0.0.1:1", replace(BACKGROUND, attempts=1)).count_companies()
    [record] = [r for r in caplog.records if r.name.startswith("connectwise_client")]
    path = "/company/companies/count"
    assert record.getMessage() == f"GET {path}: NetworkError connect in 0.000 s"
