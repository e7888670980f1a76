"""Calls from ConnectWise: which of them are believed."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from recorded_call import KEY, KEY_URL, PAGE, QUERY, RECORDED

from connectwise_client import (
    Notice,
    UnprovenError,
    check_key_url,
    is_signed,
    read_notice,
)
from connectwise_client.const import MAX_CALL_BYTES

NA = "https://na.myconnectwise.net"


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
