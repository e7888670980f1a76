"""Finding the part of the address that a tenant has of its own."""

from typing import Any

import pytest
from conftest import API, Case, Connect, Tenant
from werkzeug import Response

from connectwise_client import (
    AddressError,
    BadAnswerError,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
    MissingRightError,
    NotFoundError,
    UnknownCompanyError,
)

INFO = "/login/companyinfo/acme"
COUNT = f"{API}/company/companies/count"
COUNT_2025 = "/v2025_1/apis/3.0/company/companies/count"
GONE = Response(
    '{"code":"ConnectWiseApi","message":"The endpoint does not exist."}', 404
)
CANNOT_ROUTE = Response("Cannot route. Codebase/company is invalid", 400)


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


@pytest.mark.parametrize("answer", [Response("", 400), b"{", Response("{}", 302)])
def test_failed_lookup_of_the_codebase_names_the_request(
    connect: Connect, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(INFO, answer)
    with pytest.raises(ConnectWiseError) as caught:
        connect(tenant.place, codebase=None).discover()
    assert caught.value.path == "/login/companyinfo/"


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


@pytest.mark.parametrize(
    "answer", [Response("", 404), Response("{}", 403), b"<html>Sign in</html>", GONE]
)
def test_own_server_without_discovery_has_the_usual_codebase(
    connect: Connect, tenant: Tenant, answer: Any
) -> None:
    tenant.answers(INFO, answer)
    tenant.answers(COUNT, {"count": 7})
    client = connect(tenant.place, codebase=None)
    assert client.count_companies() == 7
    assert client.codebase == "v4_6_release/"


@pytest.mark.parametrize(
    "answer", [Response("", 404), Response("{}", 403), b"<html>Sign in</html>"]
)
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
