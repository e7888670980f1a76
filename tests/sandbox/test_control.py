"""The sandbox can be changed while it runs, by the control API and by Python."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests

from connectwise_sandbox import Sandbox

from .conftest import Client


def control(sandbox: Sandbox, method: str, path: str, **body: Any) -> Any:
    response = requests.request(
        method, f"{sandbox.url}/_sandbox/{path}", json=body or None, timeout=5
    )
    assert response.status_code == 200, response.text
    return response.json()


def test_patched_company_shows_the_change_and_a_later_time(client: Client) -> None:
    before = client.get("company/companies/1001").json()
    control(client.sandbox, "PATCH", "companies/1001", name="Renamed LLC")
    after = client.get("company/companies/1001").json()
    assert after["name"] == "Renamed LLC"
    assert after["_info"]["lastUpdated"] > before["_info"]["lastUpdated"]


def test_each_change_is_later_than_the_one_before(sandbox: Sandbox) -> None:
    first = sandbox.patch_company(1001, {})["_info"]["lastUpdated"]
    assert sandbox.patch_company(1002, {})["_info"]["lastUpdated"] > first


def test_last_updated_may_be_set(sandbox: Sandbox) -> None:
    changes = {"_info": {"lastUpdated": "2020-01-01T00:00:00Z"}}
    changed = sandbox.patch_contact(10001, changes)
    assert changed["_info"]["lastUpdated"] == "2020-01-01T00:00:00Z"


def test_reference_can_be_changed_and_is_found(client: Client) -> None:
    client.sandbox.patch_company(1001, {"billingContact": {"id": 5014}})
    found = client.ids("company/companies", conditions="billingContact/id = 5014")
    assert found == [514, 1001]


def test_reference_can_be_removed(sandbox: Sandbox) -> None:
    changed = sandbox.patch_company(1001, {"billingContact": None})
    assert "billingContact" not in changed


def test_field_without_meaning_to_the_sandbox_is_kept_and_found(client: Client) -> None:
    client.sandbox.patch_company(1001, {"facebookUrl": "https://social.example/a"})
    found = client.ids("company/companies", conditions="facebookUrl = '*example/a'")
    assert found == [1001]


def test_unknown_field_cannot_be_patched(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/companies/1001"
    assert requests.patch(url, json={"vatNumber": "1"}, timeout=5).status_code == 400


def test_communication_items_can_be_changed(sandbox: Sandbox) -> None:
    items = [{"id": 1, "value": "n@b.example", "communicationType": "Email"}]
    changed = sandbox.patch_contact(10001, {"communicationItems": items})
    assert changed["communicationItems"] == items


@pytest.mark.parametrize("table", ["companies", "contacts", "invoices"])
def test_created_record_can_be_read_and_deleted(sandbox: Sandbox, table: str) -> None:
    number = control(sandbox, "POST", table, id=77)["id"]
    assert control(sandbox, "GET", f"{table}/{number}")["id"] == 77
    control(sandbox, "DELETE", f"{table}/77")
    url = f"{sandbox.url}/_sandbox/{table}/77"
    assert requests.get(url, timeout=5).status_code == 404


@pytest.mark.parametrize("table", ["companies", "contacts", "invoices"])
def test_deleted_records_id_is_not_used_again(sandbox: Sandbox, table: str) -> None:
    last = control(sandbox, "POST", table)["id"]
    control(sandbox, "DELETE", f"{table}/{last}")
    assert control(sandbox, "POST", table)["id"] == last + 1


def test_recycled_company_stays_listed(client: Client) -> None:
    control(client.sandbox, "POST", "companies/1001/recycle")
    found = client.ids("company/companies", conditions="deletedFlag = true")
    assert found == [504, 1001]


def test_merged_company_is_gone_and_its_invoices_moved(client: Client) -> None:
    theirs = client.ids("finance/invoices", conditions="company/id = 1002")
    control(client.sandbox, "POST", "companies/1002/merge", into=1001)
    moved = client.ids("finance/invoices", conditions="company/id = 1001")
    assert client.get("company/companies/1002").status_code == 404
    assert theirs and set(theirs) <= set(moved)


def test_new_key_works_and_a_revoked_one_does_not(client: Client) -> None:
    box = client.sandbox
    control(box, "POST", "keys", public_key="a", private_key="b", role="full")
    client.session.auth = ("acme+a", "b")
    before = client.get("company/companies").status_code
    control(box, "DELETE", "keys/a")
    assert (before, client.get("company/companies").status_code) == (200, 401)


def test_role_can_be_changed(client: Client) -> None:
    box = client.sandbox
    control(box, "PATCH", f"keys/{box.public_key}", role="pdf_only")
    assert client.get("company/companies").status_code == 403


def test_keys_are_listed_without_private_ones(sandbox: Sandbox) -> None:
    assert sandbox.private_key not in str(control(sandbox, "GET", "keys"))


def test_codebase_moves(sandbox: Sandbox) -> None:
    assert control(sandbox, "POST", "codebase") == {"codebase": "v2026_2/"}


def test_latency_delays_answers(client: Client) -> None:
    control(client.sandbox, "POST", "latency", milliseconds=120)
    assert client.get("company/companies").elapsed.total_seconds() >= 0.12


def test_pdf_can_be_set(client: Client) -> None:
    url = f"{client.sandbox.url}/_sandbox/invoices/20001/pdf"
    requests.put(url, data=b"%PDF-mine", timeout=5)
    assert client.get("finance/invoices/20001/pdf").content == b"%PDF-mine"


def test_fault_can_be_set_listed_and_cleared(client: Client) -> None:
    box = client.sandbox
    control(box, "POST", "faults", name="unavailable", endpoint="companies", times=0)
    client.get("company/companies")
    assert control(box, "GET", "faults")["active"][0]["struck"] == 1
    control(box, "DELETE", "faults")
    assert client.get("company/companies").status_code == 200


def test_reset_goes_back_to_the_start(client: Client) -> None:
    box = client.sandbox
    box.patch_company(1001, {"name": "X"})
    box.revoke_key(box.public_key)
    box.fault("unavailable", times=0)
    control(box, "POST", "reset")
    assert client.get("company/companies/1001").json()["name"] != "X"


def test_requests_are_logged_without_secrets(client: Client) -> None:
    client.get("company/companies", conditions="id = 1")
    (entry,) = control(client.sandbox, "GET", "requests")
    assert (entry["method"], entry["endpoint"], entry["status"]) == (
        "GET",
        "companies",
        200,
    )
    assert "conditions=id" in entry["query"]
    assert client.sandbox.private_key not in str(entry)


def test_log_can_be_cleared(client: Client) -> None:
    client.get("company/companies")
    control(client.sandbox, "DELETE", "requests")
    assert client.sandbox.requests() == []


def test_export_goes_on_after_an_id(sandbox: Sandbox) -> None:
    first = control(sandbox, "GET", "export/invoices?limit=100")
    rest = control(sandbox, "GET", f"export/invoices?after={first[-1]['id']}")
    assert len({invoice["id"] for invoice in first + rest}) == 120


def test_exported_companies_have_their_bill_to_contact(sandbox: Sandbox) -> None:
    company = control(sandbox, "GET", "export/companies?after=1000&limit=1")[0]
    assert company["contact_email"].endswith(".example")


def test_every_control_endpoint_is_listed(sandbox: Sandbox) -> None:
    assert len(control(sandbox, "GET", "")["endpoints"]) > 20


def test_body_that_is_no_json_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    assert requests.post(url, data=b"{", timeout=5).status_code == 400


def test_start_page_shows_the_values_to_type(sandbox: Sandbox) -> None:
    page = requests.get(f"{sandbox.url}/", timeout=5).text
    assert sandbox.private_key in page and sandbox.url in page


def test_stopped_sandbox_refuses_connections() -> None:
    sandbox = Sandbox(companies=1, invoices=0)
    sandbox.start()
    host, port = sandbox.host.split(":")
    sandbox.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)


def test_stopped_sandbox_starts_again_at_the_same_place() -> None:
    sandbox = Sandbox(companies=1, invoices=0)
    sandbox.start()
    sandbox.stop()
    before = sandbox.url
    with sandbox:
        assert sandbox.url == before
        assert requests.get(sandbox.url, timeout=5).status_code == 200
