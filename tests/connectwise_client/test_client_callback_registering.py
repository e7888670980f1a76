"""Asking ConnectWise for calls: callbacks are listed, added and removed."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import API, Connect, Tenant
from werkzeug import Response

from connectwise_client import Callback, MissingRightError, RecordError, ServerError

ENTRY = {
    "id": 26559,
    "url": "https://odoo.example.com/x?recordId=",
    "objectId": 1,
    "type": "contact",
    "level": "owner",
    "memberId": 243,
    "payloadVersion": "3.0.0",
}
REFUSAL = {"code": "Security", "message": "You do not have security permission."}

Handle = Callable[..., None]


@pytest.fixture
def handle(tenant: Tenant) -> Handle:
    """Answer a request that changes something."""

    def answer(method: str, path: str, response: Response) -> None:
        def respond(request: Any) -> Response:
            tenant.requests.append(request)
            return response

        tenant.server.expect_request(path, method=method).respond_with_handler(respond)

    return answer


def test_callbacks_are_listed(connect: Connect, tenant: Tenant) -> None:
    tenant.list_of("/system/callbacks", [{**ENTRY, "inactiveFlag": True}])
    [callback] = connect(tenant.place).callbacks()
    assert callback == Callback(26559, ENTRY["url"], "contact", "owner", 1, True)


def test_callback_of_another_shape_is_refused() -> None:
    with pytest.raises(RecordError):
        Callback.from_json({**ENTRY, "objectId": "1"})


def test_callback_is_added_about_all_records(
    connect: Connect, tenant: Tenant, handle: Handle
) -> None:
    handle("POST", f"{API}/system/callbacks", Response(json.dumps(ENTRY), 201))
    connect(tenant.place).add_callback(
        "https://odoo.example.com/x?recordId=", "contact"
    )
    [request] = tenant.requests
    assert request.mimetype == "application/json"
    assert {
        name: request.json[name] for name in ("url", "type", "level", "objectId")
    } == {
        "url": "https://odoo.example.com/x?recordId=",
        "type": "contact",
        "level": "owner",
        "objectId": 1,
    }


def test_missing_right_to_callbacks_is_named(
    connect: Connect, tenant: Tenant, handle: Handle
) -> None:
    response = Response(json.dumps(REFUSAL), 403, content_type="application/json")
    handle("POST", f"{API}/system/callbacks", response)
    with pytest.raises(MissingRightError) as caught:
        connect(tenant.place).add_callback("https://odoo.example.com/x", "contact")
    assert caught.value.right == "/system/callbacks"


def test_failed_addition_is_not_repeated(
    connect: Connect, tenant: Tenant, handle: Handle
) -> None:
    """It may have been done."""
    handle("POST", f"{API}/system/callbacks", Response(status=503))
    with pytest.raises(ServerError):
        connect(tenant.place).add_callback("https://odoo.example.com/x", "contact")
    assert len(tenant.requests) == 1


@pytest.mark.parametrize(
    "response",
    [
        Response(status=204),
        Response(
            json.dumps({"code": "NotFound", "message": "Callback 7 not found"}), 404
        ),
    ],
)
def test_callback_is_removed_even_if_it_is_gone(
    connect: Connect, tenant: Tenant, handle: Handle, response: Response
) -> None:
    handle("DELETE", f"{API}/system/callbacks/7", response)
    connect(tenant.place).remove_callback(7)
    [request] = tenant.requests
    assert request.method == "DELETE"
