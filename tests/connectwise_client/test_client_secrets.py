"""A client's attributes do not lead to its keys.

A template's expression can read attributes and call them, but not names that begin with
two underscores.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from conftest import Connect, Tenant

from connectwise_client import ConnectWiseClient, Credentials
from connectwise_client.session import _Question
from connectwise_client.transport import Call


def reachable(thing: Any) -> Iterator[Any]:
    """Yield all that an expression can reach from an object by attributes."""
    seen: set[int] = set()
    left = [thing]
    kept = []  # so that no id is used twice
    while left:
        thing = left.pop()
        if id(thing) in seen or isinstance(thing, (ModuleType, type)):
            continue
        seen.add(id(thing))
        kept.append(thing)
        yield thing
        if isinstance(thing, dict):
            left += [*thing, *thing.values()]
        elif isinstance(thing, (list, tuple, set, frozenset)):
            left += thing
        elif not isinstance(thing, (str, bytes, int, float)):
            for name in dir(thing):
                if "__" not in name:
                    left.append(getattr(thing, name, None))


def assert_no_secret(client: ConnectWiseClient, credentials: Credentials) -> None:
    secrets = {credentials.private_key, credentials.token}
    for thing in reachable(client):
        assert not isinstance(thing, Credentials)
        if isinstance(thing, (str, bytes)):
            text = thing if isinstance(thing, str) else thing.decode("latin-1")
            assert not any(secret in text for secret in secrets)


def test_no_attribute_of_a_client_leads_to_the_keys(
    client: ConnectWiseClient, tenant: Tenant, credentials: Credentials
) -> None:
    tenant.list_of("/company/companies", [{"id": 1}])
    assert_no_secret(client, credentials)
    list(client.companies())
    assert_no_secret(client, credentials)


def test_no_attribute_leads_to_the_keys_during_a_request(
    connect: Connect,
    credentials: Credentials,
    raw_server: Callable[..., Any],
    reading: Callable[[socket.socket], bytes],
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def behave(connection: socket.socket) -> None:
        reading(connection)
        asked.set()
        go_on.wait(5)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    client = connect(raw_server(behave).place)
    thread = threading.Thread(target=lambda: list(client.companies()))
    thread.start()
    assert asked.wait(5)
    assert_no_secret(client, credentials)
    go_on.set()
    thread.join()


def test_keys_are_sent_to_no_other_server(client: ConnectWiseClient) -> None:
    url = "http://127.0.0.1:1/x"
    question = _Question(url, "/x", "Invoicing", "*/*", 1, 1)
    with pytest.raises(ValueError, match="another server"):
        client._session._send(Call(url, 1, 1, 1), question)
