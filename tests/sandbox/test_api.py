"""Discovery, keys, lists, pages and fields behave as ConnectWise's do."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectwise_sandbox import Sandbox

from .conftest import API, Client

COMPANIES = "company/companies"
PATHS = [COMPANIES, "company/contacts", "finance/invoices"]


def discovery(sandbox: Sandbox, login_id: str = "acme") -> Any:
    return requests.get(f"{sandbox.url}/login/companyinfo/{login_id}", timeout=5).json()


def test_discovery_names_the_codebase_without_keys(sandbox: Sandbox) -> None:
    found = discovery(sandbox)
    assert (found["Codebase"], found["SiteUrl"]) == ("v2026_1/", sandbox.host)


def test_discovery_of_an_unknown_company_is_null(sandbox: Sandbox) -> None:
    assert discovery(sandbox, "nobody") is None


def test_moved_codebase_answers_404_at_its_old_place(client: Client) -> None:
    url = f"{client.sandbox.url}/v2026_1/apis/3.0/{COMPANIES}"
    before = client.session.get(url).status_code
    client.sandbox.move_codebase()
    assert (before, client.session.get(url).status_code) == (200, 404)


def test_moved_codebase_is_found_by_discovery(client: Client) -> None:
    client.sandbox.move_codebase("v2027_1")
    assert discovery(client.sandbox)["Codebase"] == "v2027_1/"


def test_doubled_path_cannot_be_routed(client: Client) -> None:
    response = client.get(f"{API}/{COMPANIES}")
    assert (response.status_code, response.text) == (
        400,
        "Cannot route. Codebase/company is invalid",
    )


def test_wrong_private_key_gets_401(client: Client) -> None:
    client.session.auth = (f"acme+{client.sandbox.public_key}", "wrong")
    response = client.get(COMPANIES)
    assert (response.status_code, response.json()["code"]) == (401, "Unauthorized")


def test_another_company_login_id_gets_401(client: Client) -> None:
    client.session.auth = (
        f"other+{client.sandbox.public_key}",
        client.sandbox.private_key,
    )
    assert client.get(COMPANIES).status_code == 401


def test_no_keys_get_401(client: Client) -> None:
    client.session.auth = None
    assert client.get(COMPANIES).json()["message"] == "UserNotAuthenticated"


def test_no_client_id_gets_403_that_names_it(client: Client) -> None:
    del client.session.headers["clientId"]
    response = client.get(COMPANIES)
    assert response.status_code == 403
    assert "clientId" in response.json()["message"]


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("full", [200, 200, 200]),
        ("pdf_only", [403, 403, 200]),
        ("no_contacts", [200, 403, 200]),
        ("no_companies", [403, 200, 200]),
        ("no_invoices", [200, 200, 403]),
        ("none", [403, 403, 403]),
    ],
)
def test_role_opens_what_it_names(
    client: Client, role: str, statuses: list[int]
) -> None:
    client.sandbox.change_role(client.sandbox.public_key, role)
    assert [client.get(path).status_code for path in PATHS] == statuses


def test_pdf_keys_open_pdfs_but_no_companies(client: Client) -> None:
    box = client.sandbox
    client.session.auth = (f"acme+{box.pdf_public_key}", box.pdf_private_key)
    assert client.get("finance/invoices/20001/pdf").status_code == 200
    assert client.get(COMPANIES).json() == {
        "code": "Security",
        "message": "You do not have security permission to perform this action.",
    }


def test_my_security_lists_the_rights_of_the_key(client: Client) -> None:
    client.sandbox.change_role(client.sandbox.public_key, "no_contacts")
    rights = {
        right["moduleFunctionName"]: right["inquireLevel"]
        for right in client.get("system/mySecurity").json()
    }
    assert rights == {
        "Invoicing": "All",
        "Company Maintenance": "All",
        "Contacts": "None",
    }


def test_system_info_needs_no_keys(client: Client) -> None:
    client.session.auth = None
    assert client.get("system/info").json()["version"] == "v2026.1"


def test_missing_record_gets_404_that_names_it(client: Client) -> None:
    response = client.get("company/contacts/57919")
    assert (response.status_code, response.json()) == (
        404,
        {"code": "NotFound", "message": "Contact 57919 not found"},
    )


@pytest.mark.parametrize("path", ["company/nothing", "company/companies/5/pdf"])
def test_endpoint_that_does_not_exist_says_so(client: Client, path: str) -> None:
    assert client.get(path).json() == {
        "code": "ConnectWiseApi",
        "message": "The endpoint does not exist.",
    }


def test_page_has_25_records_by_default(client: Client) -> None:
    assert len(client.get(COMPANIES).json()) == 25


def test_page_past_the_end_is_empty(client: Client) -> None:
    assert client.get(COMPANIES, page=99).json() == []


def test_url_that_is_too_long_is_refused(client: Client) -> None:
    conditions = f"id in ({','.join(['1'] * 800)})"
    assert client.get(COMPANIES, conditions=conditions).status_code == 414


def test_info_is_included_without_a_list_of_fields(client: Client) -> None:
    assert "lastUpdated" in client.get(COMPANIES).json()[0]["_info"]


def test_info_is_left_out_if_fields_do_not_name_it(client: Client) -> None:
    record = client.get(COMPANIES, fields="id,billToCompany").json()[0]
    assert sorted(record["billToCompany"]) == ["id", "identifier", "name"]
    assert sorted(record) == ["billToCompany", "id"]


def test_fields_pick_parts_of_references(client: Client) -> None:
    record = client.get(f"{COMPANIES}/501", fields="id,status/id,_info").json()
    assert record["status"] == {"id": 1}
    assert sorted(record) == ["_info", "id", "status"]


def test_unknown_fields_are_refused(client: Client) -> None:
    assert client.get(COMPANIES, fields="id,vatNumber").status_code == 400


def test_nulls_are_left_out(client: Client) -> None:
    assert "accountNumber" not in client.get(f"{COMPANIES}/505").json()


def test_records_come_in_the_order_asked_for(client: Client) -> None:
    records = client.get(COMPANIES, orderBy="name desc", fields="name").json()
    names = [record["name"].lower() for record in records]
    assert names == sorted(names, reverse=True)


def test_count_agrees_with_the_conditions(client: Client) -> None:
    count = client.get(f"{COMPANIES}/count", conditions="deletedFlag = true").json()
    assert count == {"count": 1}


def test_links_point_to_another_host(client: Client) -> None:
    link = client.get(COMPANIES, pageSize=5).headers["Link"]
    assert link.startswith("<https://na.connectwise.example/")
    assert 'rel="next"' in link


def test_link_of_next_page_keeps_the_conditions(client: Client) -> None:
    response = client.get(COMPANIES, pageSize=5, conditions="id > 501")
    assert "conditions=id" in response.links["next"]["url"]


def test_connections_are_kept(client: Client) -> None:
    connection = http.client.HTTPConnection(client.sandbox.host, timeout=5)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/login/companyinfo/acme")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1 and None not in sockets


# Paging through more records than three pages hold


@pytest.fixture(scope="module")
def large() -> Iterator[Client]:
    with Sandbox(seed=3, companies=3500, invoices=0) as sandbox:
        client = Client(sandbox)
        yield client
        client.session.close()


def test_page_is_capped_at_1000(large: Client) -> None:
    assert len(large.get(COMPANIES, pageSize=5000, fields="id").json()) == 1000


def test_numbered_pages_have_no_gaps_and_no_duplicates(large: Client) -> None:
    seen = [i for page in (1, 2, 3, 4, 5) for i in large.ids(COMPANIES, page=page)]
    assert len(seen) == len(set(seen)) == 3500


def test_keyset_pages_have_no_gaps_and_no_duplicates(large: Client) -> None:
    seen: list[int] = [0]
    while page := large.ids(COMPANIES, conditions=f"id > {seen[-1]}", orderBy="id asc"):
        seen += page
    assert len(seen[1:]) == len(set(seen[1:])) == 3500


def test_forward_only_pages_end_with_an_empty_link(large: Client) -> None:
    after, seen = 0, []
    while True:
        response = large.get(
            COMPANIES,
            {"pagination-type": "forward-only"},
            pageId=after,
            pageSize=1000,
            fields="name,id",
        )
        seen += [record["id"] for record in response.json()]
        if not response.headers["Link"]:
            break
        assert "pageId" in response.links["next"]["url"]
        after = seen[-1]
    assert len(seen) == len(set(seen)) == 3500


def test_forward_only_refuses_an_order(large: Client) -> None:
    headers = {"pagination-type": "forward-only"}
    assert large.get(COMPANIES, headers, orderBy="id").status_code == 400


def test_no_two_ordinary_companies_have_one_name(large: Client) -> None:
    names = [
        record["name"]
        for page in (1, 2, 3, 4)
        for record in large.get(
            COMPANIES,
            conditions="id > 1000",
            fields="name",
            page=page,
            pageSize=1000,
        ).json()
    ]
    assert len(names) == len(set(names)) > 3400
