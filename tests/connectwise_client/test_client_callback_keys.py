"""Asking ConnectWise for the key that signs its calls."""

import socket
import threading
from typing import Any

import pytest
from conftest import FakeTime, Tenant
from recorded_call import KEY, PAGE, QUERY
from werkzeug import Response

from connectwise_client import Runtime, SigningKeys, UnprovenError
from connectwise_client.const import KEYS_A_MINUTE, SECONDS_OF_KEY


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
