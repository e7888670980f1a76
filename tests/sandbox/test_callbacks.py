"""The sandbox calls when a record changes, as ConnectWise does."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectwise_sandbox import Sandbox
from connectwise_sandbox.callbacks import FAILURES

from .conftest import API, Client

BILLING = {"billToCompany": {"id": 1002}}


class Listener:
    """Somebody who is called, and answers with `status`."""

    def __init__(self, server: HTTPServer) -> None:
        self.status = 200
        self.requests: list[Request] = []
        self.url = server.url_for("/call?recordId=")
        server.expect_request("/call").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        request.get_data(cache=True)
        self.requests.append(request)
        return Response(status=self.status)

    @property
    def bodies(self) -> list[Any]:
        return [request.json for request in self.requests]


@pytest.fixture
def listener(httpserver: HTTPServer) -> Listener:
    return Listener(httpserver)


def register(client: Client, url: str, kind: str = "company") -> requests.Response:
    entry = {"id": 0, "url": url, "objectId": 1, "type": kind, "level": "owner"}
    path = f"{client.sandbox.url}/{API}/system/callbacks"
    return client.session.post(path, json=entry, timeout=5)


@pytest.fixture
def called(client: Client, listener: Listener) -> Sandbox:
    """A sandbox that calls the listener about companies, and never waits."""
    client.sandbox.callbacks.pauses = (0, 0)
    assert register(client, listener.url).status_code == 201
    return client.sandbox


def is_signed(request: Request) -> bool:
    answer = requests.get(request.json["Metadata"]["key_url"], timeout=5)
    key = hashlib.sha256(answer.json()["signing_key"].encode()).digest()
    digest = hmac.new(key, request.data, hashlib.sha256).digest()
    signature = request.headers.get("x-content-signature", "")
    return signature == base64.b64encode(digest).decode()


def test_registered_callback_is_listed(client: Client, listener: Listener) -> None:
    entry = register(client, listener.url).json()
    assert client.get("system/callbacks").json() == [entry]
    fields = client.get("system/callbacks", fields="id,url").json()
    assert fields == [{"id": entry["id"], "url": listener.url}]


def test_second_registration_of_a_callback_is_refused(
    client: Client, listener: Listener
) -> None:
    register(client, listener.url)
    again = register(client, listener.url)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (
        400,
        "ObjectExists",
    )


@pytest.mark.parametrize(
    ("url", "kind"), [("https://x.example", "nothing"), ("ftp://x.example", "company")]
)
def test_impossible_callback_is_refused(client: Client, url: str, kind: str) -> None:
    assert register(client, url, kind).status_code == 400


def test_callbacks_need_a_right(client: Client, listener: Listener) -> None:
    client.sandbox.change_role(client.sandbox.public_key, "no_callbacks")
    assert register(client, listener.url).status_code == 403


def test_removed_callback_is_not_called(called: Sandbox, client: Client) -> None:
    [entry] = called.callbacks.entries()
    path = f"{called.url}/{API}/system/callbacks/{entry['id']}"
    assert client.session.delete(path, timeout=5).status_code == 204
    assert client.session.delete(path, timeout=5).status_code == 404
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    assert called.calls() == []


def test_changed_record_causes_a_call(called: Sandbox, listener: Listener) -> None:
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    [request] = listener.requests
    assert request.args.to_dict() == {"recordId": "1001", "action": "updated"}
    assert {"Type": "company", "ID": 1001, "CompanyId": "acme"}.items() <= (
        request.json.items()
    )
    assert is_signed(request)


def test_change_of_another_kind_causes_no_call(
    called: Sandbox, listener: Listener
) -> None:
    called.patch_contact(10001, {"title": "CFO"})
    assert called.callbacks.wait()
    assert listener.requests == []


def test_action_says_what_happened(called: Sandbox, listener: Listener) -> None:
    number = called.create_company({"name": "New"})["id"]
    called.delete_company(number)
    assert called.callbacks.wait()
    assert [body["Action"] for body in listener.bodies] == ["added", "deleted"]


@pytest.mark.parametrize("manner", ["unsigned", "wrongly_signed"])
def test_call_may_lack_its_signature(
    called: Sandbox, listener: Listener, manner: str
) -> None:
    called.call_as(manner)
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    assert not is_signed(listener.requests[0])


def test_call_may_be_repeated(called: Sandbox, listener: Listener) -> None:
    called.call_as("repeated")
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    first, second = listener.bodies
    assert first == second


def test_calls_may_come_out_of_order(called: Sandbox, listener: Listener) -> None:
    called.call_as("out_of_order", 10)
    called.patch_company(1001, BILLING)
    called.patch_company(1002, BILLING)
    assert called.callbacks.wait()
    assert [body["ID"] for body in listener.bodies] == [1002, 1001]


def test_call_may_come_late(called: Sandbox, listener: Listener) -> None:
    called.call_as("late", 60)
    called.patch_company(1001, BILLING)
    assert not called.callbacks.wait(0.2)
    called.callbacks.end()
    assert listener.requests == []


def test_call_may_name_a_key_elsewhere(called: Sandbox, listener: Listener) -> None:
    called.call_as("foreign_key")
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    [body] = listener.bodies
    assert not body["Metadata"]["key_url"].startswith(called.url)


def test_unknown_manner_is_refused(called: Sandbox) -> None:
    with pytest.raises(ValueError, match="No manner"):
        called.call_as("politely")


def test_signing_key_can_change(called: Sandbox, listener: Listener) -> None:
    for _ in range(2):
        called.change_signing_key()
        called.patch_company(1001, BILLING)
        assert called.callbacks.wait()
    first, second = listener.requests
    assert is_signed(first)
    assert is_signed(second)
    assert first.json["Metadata"] != second.json["Metadata"]


def test_key_of_another_company_is_not_shown(called: Sandbox) -> None:
    page = f"{called.url}/v4_6_release/system/callbackkey/index.rails"
    for query in ("companyName=other&id=1", "companyName=acme&id=1"):
        assert requests.get(f"{page}?{query}", timeout=5).status_code == 404


def test_refused_call_is_repeated_twice(called: Sandbox, listener: Listener) -> None:
    listener.status = 404
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    assert len({body["MessageId"] for body in listener.bodies}) == 1
    assert [call["status"] for call in called.calls()] == [404] * 3


def test_failing_callback_is_switched_off(called: Sandbox, listener: Listener) -> None:
    listener.status = 500
    for _ in range(FAILURES):
        called.patch_company(1001, BILLING)
        assert called.callbacks.wait()
    assert called.callbacks.entries()[0]["inactiveFlag"]
    called.patch_company(1001, BILLING)
    assert called.callbacks.wait()
    assert len(listener.requests) == FAILURES


def test_callback_can_be_switched_off(called: Sandbox) -> None:
    [entry] = called.callbacks.entries()
    path = f"{called.url}/_sandbox/callbacks/{entry['id']}/off"
    assert requests.post(path, timeout=5).status_code == 200
    [shown] = requests.get(f"{called.url}/_sandbox/callbacks", timeout=5).json()[
        "callbacks"
    ]
    assert shown["inactiveFlag"]
