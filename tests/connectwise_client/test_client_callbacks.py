"""Calls from ConnectWise: what is believed, and asking for them."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import API, Connect, FakeTime, Tenant
from werkzeug import Response

from connectwise_client import (
    Callback,
    MissingRightError,
    Notice,
    RecordError,
    Runtime,
    ServerError,
    SigningKeys,
    UnprovenError,
    check_key_url,
    is_signed,
    read_notice,
)
from connectwise_client.const import KEYS_A_MINUTE, MAX_CALL_BYTES, SECONDS_OF_KEY

KEY = "key"
PAGE = "/v2025_1//system/callbackkey/index.rails"
NA = "https://na.myconnectwise.net"
QUERY = "companyName=Cobalt&id=e17e6674-42f6-4105-9cff-4cd6cb4e62e8"
KEY_URL = f"https://sandbox-na.myconnectwise.net{PAGE}?{QUERY}"

RECORDED = {
    "Action": "deleted",
    "CallbackObjectRecId": 26604,
    "CompanyId": "Cobalt",
    "Entity": None,
    "FromUrl": "sandbox-na.myconnectwise.net",
    "ID": 57962,
    "MemberId": "Aurasell",
    "MessageId": "824d99d2-33c0-4c56-9ded-d99d895a90e3",
    "Metadata": {"key_url": KEY_URL},
    "PartnerId": "61ddc2817bcddc0001c74208",
    "ProductInstanceId": "639c96cab2eb560001dd1324",
    "Type": "contact",
}
"""A recorded call (a public client's test suite)."""


def body(**changes: Any) -> bytes:
    return json.dumps({**RECORDED, **changes}).encode()


# -- Its body -------------------------------------------------------------------------


def test_recorded_call_is_read() -> None:
    assert read_notice(body(), " cobalt ") == Notice(
        "contact",
        57962,
        "824d99d2-33c0-4c56-9ded-d99d895a90e3",
        KEY_URL,
    )


def test_call_of_the_largest_size_is_read() -> None:
    padded = body().ljust(MAX_CALL_BYTES)
    assert read_notice(padded, "Cobalt").ref == 57962


@pytest.mark.parametrize(
    "refused",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"[" * 1000,
        b"[" * 100_000,
        b'{"a": ' * 50_000,
        body().ljust(MAX_CALL_BYTES + 1),
        body(Metadata=None),
        body(Metadata="x"),
        body(Metadata={}),
        body(Metadata={"key_url": None}),
        body(Type=None),
        body(Type="ticket"),
        body(ID=None),
        body(ID=True),
        body(ID="57962"),
        body(ID=0),
        body(ID=-1),
        body(ID=2**31),
        body(ID=57962.0),
        body(MessageId=None),
        body(MessageId=""),
        body(MessageId="a" * 101),
        body(MessageId="a\0"),
        body(MessageId="a b"),
        body(CompanyId=None),
        body(CompanyId="Cobalt2"),
    ],
)
def test_other_bodies_are_refused(refused: bytes) -> None:
    with pytest.raises(UnprovenError):
        read_notice(refused, "Cobalt")


def test_kind_is_read_without_regard_to_case() -> None:
    assert read_notice(body(Type="Invoice"), "Cobalt").kind == "invoice"


# -- The address of its key -----------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("sandbox-na.myconnectwise.net", KEY_URL),
        ("na", f"{NA}{PAGE}?{QUERY}"),
        ("na", f"https://api-na.myconnectwise.net{PAGE}?{QUERY}"),
        ("https://na.myconnectwise.net/v4_6_release", f"{NA}{PAGE}?{QUERY}"),
        ("NA.myconnectwise.net", f"{NA}/system/callbackkey/index.rails?{QUERY}"),
        ("cw.example.com", f"https://cw.example.com{PAGE}?companyName=cobalt"),
    ],
)
def test_key_of_the_configured_connectwise_may_be_asked_for(
    address: str, url: str
) -> None:
    check_key_url(url, address, "Cobalt")


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"http://na.myconnectwise.net{PAGE}?{QUERY}",
        f"https://na.myconnectwise.net:8443{PAGE}?{QUERY}",
        f"https://na.myconnectwise.net:443@evil.example{PAGE}?{QUERY}",
        f"https://user:pass@na.myconnectwise.net{PAGE}?{QUERY}",
        f"https://evil.example{PAGE}?{QUERY}",
        f"https://eu.myconnectwise.net{PAGE}?{QUERY}",
        f"https://na.myconnectwise.net.evil.example{PAGE}?{QUERY}",
        f"https://evilna.myconnectwise.net{PAGE}?{QUERY}",
        f"https://127.0.0.1{PAGE}?{QUERY}",
        f"https://[::1]{PAGE}?{QUERY}",
        f"https://8.8.8.8{PAGE}?{QUERY}",
        f"https://na.myconnectwise.net\\@evil.example{PAGE}?{QUERY}",
        f"https://na.myconnectwise.net{PAGE}?{QUERY}#{PAGE}",
        f"https://evil.example/na.myconnectwise.net{PAGE}?{QUERY}",
        f"https://na.myconnectwise.net/x?{PAGE}&{QUERY}",
        f"{NA}{PAGE}/x?{QUERY}",
        f"{NA}/..{PAGE}?{QUERY}",
        f"{NA}/%2e%2e{PAGE}?{QUERY}",
        f"{NA}/system/callbackkey/index_rails?{QUERY}",
        f"{NA}{PAGE}",
        f"{NA}{PAGE}?id=1",
        f"{NA}{PAGE}?companyName=other",
        f"{NA}{PAGE}?companyName=Cobalt&companyName=other",
        f"{NA}{PAGE}?{QUERY}\n",
        f"{NA}{PAGE}?{QUERY}&x={'x' * 2000}",
        f"file://{PAGE}?{QUERY}",
    ],
)
def test_key_is_asked_for_nowhere_else(url: str) -> None:
    with pytest.raises(UnprovenError):
        check_key_url(url, "na", "Cobalt")


def test_own_server_at_another_port_is_asked_for_no_key() -> None:
    url = f"https://cw.example.com:8443{PAGE}?{QUERY}"
    with pytest.raises(UnprovenError):
        check_key_url(url, "cw.example.com:8443", "Cobalt")


def test_listed_host_may_serve_the_signing_key() -> None:
    url = f"http://127.0.0.1:8090{PAGE}?{QUERY}"
    hosts = ["127.0.0.1:8090", "127.0.0.1:8091"]
    check_key_url(url, "http://127.0.0.1:8090", "Cobalt", hosts)
    for address in ("http://127.0.0.1:8091", "cw.example.com", "ftp://x", ""):
        with pytest.raises(UnprovenError):
            check_key_url(url, address, "Cobalt", hosts)


# -- Its signature --------------------------------------------------------------------


def sign(data: bytes, key: str) -> str:
    """Sign as public clients do, whose code was written down here once more."""
    secret = hashlib.sha256(key.encode()).digest()
    return base64.b64encode(hmac.new(secret, data, "sha256").digest()).decode()


def test_signature_of_the_raw_body_is_accepted() -> None:
    assert is_signed(body(), sign(body(), KEY), KEY)


def test_known_signature_is_accepted() -> None:
    """Worked out by OpenSSL."""
    assert is_signed(b"{}", "2P5ugu8P+WJqFxImlwA/l6MOomxD1EiS06BC3IwNbbE=", KEY)


@pytest.mark.parametrize(
    "signature",
    ["", "x", sign(body(), "other"), sign(body() + b" ", KEY), "\udcff", "é"],
)
def test_other_signatures_are_not(signature: str) -> None:
    assert not is_signed(body(), signature, KEY)


# -- Asking for its key ---------------------------------------------------------------


@pytest.fixture
def keys(tenant: Tenant, fake_time: FakeTime) -> SigningKeys:
    return SigningKeys([tenant.place], Runtime(clock=fake_time.clock))


@pytest.fixture
def url(tenant: Tenant) -> str:
    return f"http://{tenant.place}{PAGE}?{QUERY}"


def test_key_is_asked_for_without_credentials(
    keys: SigningKeys, tenant: Tenant, url: str
) -> None:
    tenant.answers(PAGE, {"signing_key": KEY})
    assert keys.find(url) == KEY
    [request] = tenant.requests
    assert not {"Authorization", "Clientid", "Cookie"} & set(request.headers.keys())


def test_key_is_asked_for_once_in_minutes(
    keys: SigningKeys, tenant: Tenant, url: str, fake_time: FakeTime
) -> None:
    tenant.answers(PAGE, {"signing_key": KEY}, {"signing_key": "next"})
    assert [keys.find(url), keys.find(url)] == [KEY, KEY]
    fake_time.seconds += SECONDS_OF_KEY
    assert keys.find(url) == "next"


def test_keys_are_told_apart_by_their_whole_address(
    keys: SigningKeys, tenant: Tenant, url: str
) -> None:
    tenant.answers(PAGE, {"signing_key": KEY}, {"signing_key": "next"})
    assert [keys.find(url), keys.find(f"{url}0")] == [KEY, "next"]


def test_few_keys_are_asked_for_in_a_minute(
    keys: SigningKeys, tenant: Tenant, url: str, fake_time: FakeTime
) -> None:
    tenant.answers(PAGE, Response(status=500), {"signing_key": KEY})
    for _ in range(2):
        for number in range(KEYS_A_MINUTE + 3):
            try:
                keys.find(f"{url}{number}")
            except UnprovenError:
                continue
        fake_time.seconds += 60.1
    assert len(tenant.requests) == 2 * KEYS_A_MINUTE


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=404),
        Response(status=302, headers={"Location": "/elsewhere"}),
        b"<html>",
        b"[" * 15_000,
        b" " * 20_000 + b'{"signing_key": "key"}',
        [],
        {},
        {"signing_key": None},
        {"signing_key": ["key"]},
    ],
)
def test_answer_that_is_no_key_proves_nothing(
    keys: SigningKeys, tenant: Tenant, url: str, answer: Any
) -> None:
    tenant.answers(PAGE, answer)
    with pytest.raises(UnprovenError):
        keys.find(url)
    assert len(tenant.requests) == 1


def test_empty_key_proves_nothing(keys: SigningKeys, tenant: Tenant, url: str) -> None:
    """Anybody could sign with it."""
    tenant.answers(PAGE, {"signing_key": ""})
    with pytest.raises(UnprovenError):
        keys.find(url)


def test_name_of_a_private_address_is_asked_for_no_key() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))
    keys = SigningKeys((), Runtime(resolve=lambda *_args: [info]))
    with pytest.raises(UnprovenError, match="not at a public address"):
        keys.find(f"https://na.myconnectwise.net{PAGE}?{QUERY}")


def test_two_callers_fetch_a_key_at_the_same_time(
    keys: SigningKeys, tenant: Tenant, url: str
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def answer(_request: Any) -> Any:
        asked.set()
        answered.wait(10)
        return {"signing_key": KEY}

    tenant.answers(PAGE, answer)
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(keys.find(url)))
    thread.start()
    assert asked.wait(10)
    with pytest.raises(UnprovenError, match="being fetched"):
        keys.find(url)
    answered.set()
    thread.join(10)
    assert (found, keys.find(url)) == ([KEY], KEY)


# -- Registering ----------------------------------------------------------------------

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


# -- The version of the API -----------------------------------------------------------


def test_version_of_the_server_is_known_from_its_answers(
    connect: Connect, tenant: Tenant
) -> None:
    headers = {"api-current-version": "2026.4"}
    body = json.dumps({"count": 1})
    answer = Response(body, headers=headers, content_type="application/json")
    tenant.answers(f"{API}/company/companies/count", answer)
    client = connect(tenant.place)
    assert client.server_version == ""
    client.count_companies()
    assert client.server_version == "2026.4"
