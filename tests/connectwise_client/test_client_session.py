"""Credentials, deadlines, rights and the log of a client."""

import base64
import json
import logging
import socket
from dataclasses import replace
from typing import Any

import pytest
from conftest import API, Connect, FakeTime, Tenant, busy, read_request
from raw_servers import BODY, OK, Start
from werkzeug import Response

from connectwise_client import (
    BACKGROUND,
    INTERACTIVE,
    AddressError,
    ClientIdError,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
    CredentialsError,
    DeadlineError,
    NetworkError,
    RateLimitError,
    Runtime,
)

INFO = "/login/companyinfo/acme"
COUNT = f"{API}/company/companies/count"


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


def test_request_names_the_client_and_its_compressions(
    raw_server: Start, connect: Connect
) -> None:
    asked = []

    def behave(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(OK + b"Content-Length: 12\r\n\r\n" + BODY)

    connect(raw_server(behave).place).count_companies()
    [request] = asked
    assert request.startswith(b"GET ")
    lines = request.split(b"\r\n")
    assert b"User-Agent: benji-connectwise" in lines
    assert b"Accept-Encoding: gzip" in lines


def test_version_of_the_server_is_known_from_its_answers(
    connect: Connect, tenant: Tenant
) -> None:
    headers = {"api-current-version": "2026.4"}
    body = json.dumps({"count": 1})
    answer = Response(body, headers=headers, content_type="application/json")
    tenant.answers(COUNT, answer)
    client = connect(tenant.place)
    assert client.server_version == ""
    client.count_companies()
    assert client.server_version == "2026.4"


@pytest.mark.parametrize("client_id", ["a\nb: c", "caf\u00e9"])
def test_client_id_that_cannot_be_sent_is_refused(
    connect: Connect, tenant: Tenant, client_id: str
) -> None:
    client = connect(tenant.place, credentials=Credentials("a", "b", "c", client_id))
    with pytest.raises(ClientIdError):
        client.count_companies()


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
        replace(BACKGROUND, longest_sleep=0),
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


def test_failure_without_an_answer_is_logged_by_its_kind(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "connectwise_client")
    with pytest.raises(NetworkError):
        connect("127.0.0.1:1", replace(BACKGROUND, attempts=1)).count_companies()
    [record] = [r for r in caplog.records if r.name.startswith("connectwise_client")]
    path = "/company/companies/count"
    assert record.getMessage() == f"GET {path}: NetworkError connect in 0.000 s"
