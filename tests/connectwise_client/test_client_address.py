"""Which addresses may be typed, and where a connection may lead."""

import json
import socket
from typing import Any

import pytest
from conftest import API, Connect, Tenant, read_request
from hypothesis import example, given
from hypothesis import strategies as st
from raw_servers import COUNT, Start
from requests import Request
from werkzeug import Response

from connectwise_client import (
    REGIONS,
    AddressError,
    get_tenant_origin,
    identify_tenant,
    normalise_address,
)
from connectwise_client.address import is_cloud, is_kept_private, is_public


@pytest.mark.parametrize("code", REGIONS)
def test_region_code_stands_for_its_api_host(code: str) -> None:
    assert normalise_address(f" {code.upper()}\n") == f"https://{REGIONS[code]}"


@pytest.mark.parametrize(
    ("pasted", "origin"),
    [
        ("na.myconnectwise.net", "https://api-na.myconnectwise.net"),
        ("eu.myconnectwise.net", "https://api-eu.myconnectwise.net"),
        ("au.myconnectwise.net", "https://api-au.myconnectwise.net"),
        ("aus.myconnectwise.net", "https://api-aus.myconnectwise.net"),
        ("za.myconnectwise.net", "https://api-za.myconnectwise.net"),
        ("staging.connectwisedev.com", "https://api-staging.connectwisedev.com"),
        ("sandbox-na.myconnectwise.net", "https://sandbox-na.myconnectwise.net"),
        ("API-NA.MyConnectWise.net.", "https://api-na.myconnectwise.net"),
    ],
)
def test_host_of_the_cloud_becomes_its_api_host(pasted: str, origin: str) -> None:
    assert normalise_address(pasted) == origin
    assert is_cloud(origin)


@pytest.mark.parametrize(
    ("pasted", "origin"),
    [
        ("psa.example.com", "https://psa.example.com"),
        ("psa.example.com:8443", "https://psa.example.com:8443"),
        ("https://psa.example.com:443/", "https://psa.example.com"),
        (
            "https://PSA.example.com/v4_6_release/apis/3.0/?a=b#c",
            "https://psa.example.com",
        ),
        ("psa.example.com/v4_6_release/services", "https://psa.example.com"),
        ("8.8.8.8", "https://8.8.8.8"),
        ("[2001:4860:4860::8888]:444", "https://[2001:4860:4860::8888]:444"),
    ],
)
def test_own_host_is_kept_without_its_path(pasted: str, origin: str) -> None:
    assert normalise_address(pasted) == origin
    assert not is_cloud(origin)


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "empty"),
        ("  \t", "empty"),
        ("https://", "malformed"),
        ("two words.example.com", "malformed"),
        ("psa.example.com\\@evil.example.com", "malformed"),
        ("psa.example.com:port", "malformed"),
        ("psa.example.com:0", "malformed"),
        ("psa.example.com:99999", "malformed"),
        ("ps\u00e4.example.com", "malformed"),
        (f"{'a' * 64}.example.com", "malformed"),
        ("a." * 130 + "com", "malformed"),
        ("-psa.example.com", "malformed"),
        ("https://[fe80::1%25eth0]", "malformed"),
        ("https://[::1", "malformed"),
        ("javascript:alert(1)", "malformed"),
        ("ftp://psa.example.com", "scheme"),
        ("https://name:word@psa.example.com", "userinfo"),
        ("name:word@psa.example.com:port", "userinfo"),
        ("http://psa.example.com", "plain_http"),
        ("http://na.myconnectwise.net", "plain_http"),
        ("127.0.0.1", "private"),
        ("https://10.0.0.1/", "private"),
        ("[::1]:8443", "private"),
    ],
)
def test_unusable_address_is_refused(pasted: str, reason: str) -> None:
    with pytest.raises(AddressError) as caught:
        normalise_address(pasted)
    assert caught.value.reason == reason


def test_refusal_does_not_repeat_a_pasted_password() -> None:
    with pytest.raises(AddressError) as caught:
        normalise_address("https://name:hunter2@psa.example.com:port")
    assert "hunter2" not in f"{caught.value!r}{caught.value.__dict__}"


@pytest.mark.parametrize(
    ("pasted", "host"),
    [("http://psa.example.com/login", "psa.example.com"), ("10.0.0.1:1", "10.0.0.1")],
)
def test_refusal_names_the_host(pasted: str, host: str) -> None:
    with pytest.raises(AddressError) as caught:
        normalise_address(pasted)
    assert caught.value.host == host


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        ("", "The address is empty"),
        ("a b", "This is not an address"),
        ("https://[", "This is not an address"),
        ("a@b", "The address must not contain a name or password"),
        ("ftp://a", "Only https is allowed"),
        ("http://a:8080", "a:8080: only https is allowed"),
        ("10.0.0.1", "10.0.0.1 is not at a public address"),
    ],
)
def test_log_says_why_an_address_was_refused(pasted: str, text: str) -> None:
    with pytest.raises(AddressError) as caught:
        normalise_address(pasted)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("pasted", "listed", "origin"),
    [
        ("http://localhost:8069", "localhost:8069", "http://localhost:8069"),
        ("http://LOCALHOST:8069/x", " LocalHost:8069 ", "http://localhost:8069"),
        ("http://proxy", "proxy:80", "http://proxy"),
        ("https://10.0.0.1", "10.0.0.1:443", "https://10.0.0.1"),
        ("http://[::1]:80", "[::1]:80", "http://[::1]"),
    ],
)
def test_listed_host_may_be_local(pasted: str, listed: str, origin: str) -> None:
    assert normalise_address(pasted, [listed]) == origin


@pytest.mark.parametrize("listed", ["localhost:8070", "localhost", "ocalhost:8069", ""])
def test_host_is_local_only_with_its_exact_port(listed: str) -> None:
    with pytest.raises(AddressError):
        normalise_address("http://localhost:8069", [listed])


def test_listed_host_pasted_without_scheme_means_https() -> None:
    assert normalise_address("localhost:99", ["localhost:99"]) == "https://localhost:99"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
    ],
)
def test_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@given(st.text())
@example("https://a@b")
@example("http://[")
def test_any_text_is_an_https_origin_or_refused(text: str) -> None:
    try:
        origin = normalise_address(text)
    except AddressError:
        return
    assert origin.startswith("https://")
    assert normalise_address(origin) == origin
    assert Request("GET", f"{origin}/x").prepare().url == f"{origin}/x"


@pytest.mark.parametrize(
    "origin",
    [
        "https://psa.example.com",
        "https://8.8.8.8",
        "http://10.1.2.3:8080",
        "http://[fd00::1]:8080",
        "http://localhost:8080",
        "http://proxy",
    ],
)
def test_https_and_the_own_network_are_confidential(origin: str) -> None:
    assert is_kept_private(origin)


@pytest.mark.parametrize(
    "origin",
    ["http://psa.example.com:443", "http://8.8.8.8:443", "http://[2606:4700::1]:443"],
)
def test_public_plain_http_is_not_confidential(origin: str) -> None:
    assert not is_kept_private(origin)


@given(
    st.from_regex(
        r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,8}){1,2}", fullmatch=True
    ),
    st.sampled_from(["", "/", "/v4_6_release/apis/3.0", "?x=1", "#y"]),
    st.sampled_from(["", "https://", "HTTPS://"]),
)
def test_path_after_the_host_makes_no_difference(
    host: str, rest: str, scheme: str
) -> None:
    assert normalise_address(f" {scheme}{host}{rest} ") == normalise_address(host)


@pytest.mark.parametrize(
    ("address", "login"),
    [
        ("na.myconnectwise.net", "acme"),
        ("https://api-na.myconnectwise.net/v4_6_release", " ACME "),
    ],
)
def test_tenant_is_the_same_however_it_is_typed(address: str, login: str) -> None:
    assert identify_tenant(address, login) == "acme@https://api-na.myconnectwise.net"


def test_tenant_tells_its_origin() -> None:
    tenant = identify_tenant("na.myconnectwise.net", "bob@acme")
    assert get_tenant_origin(tenant) == "https://api-na.myconnectwise.net"


def test_unusable_address_is_a_tenant_of_its_own() -> None:
    assert identify_tenant(" no address! ", "acme") == "acme@no address!"


# -- Connections ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "place"),
    [
        (socket.AF_INET, ("127.0.0.1", 443)),
        (socket.AF_INET, ("169.254.169.254", 443)),
        (socket.AF_INET6, ("::1", 443, 0, 0)),
        (socket.AF_INET6, ("fe80::1%lo", 443, 0, 1)),
    ],
)
def test_public_name_of_a_private_address_is_refused(
    connect: Connect, family: int, place: Any
) -> None:
    info = (family, socket.SOCK_STREAM, 6, "", place)
    client = connect(
        "psa.example.com:443",
        address="psa.example.com",
        local_hosts=[],
        runtime={"resolve": lambda *args: [info]},
    )
    with pytest.raises(AddressError) as caught:
        client.count_companies()
    assert (caught.value.reason, client.request_count) == ("private", 1)
    assert "psa.example.com" in str(caught.value)


def test_address_in_an_answer_is_never_asked(
    raw_server: Start, connect: Connect, tenant: Tenant
) -> None:
    elsewhere = raw_server(read_request)
    url = f"http://{elsewhere.place}/x"
    links = {"Link": f'<{url}>; rel="next"', "Refresh": f"0; url={url}"}
    row = {"id": 1, "invoiceNumber": "CW1", "_info": {"invoice_href": url, "href": url}}
    page = Response(json.dumps([row]), headers=links, content_type="application/json")
    tenant.answers(f"{API}/finance/invoices", page)
    client = connect(tenant.place, local_hosts=[tenant.place, elsewhere.place])
    [(invoices, _)] = client.find_invoices(["CW1"])
    assert [invoice.id for invoice in invoices] == [1]
    assert elsewhere.connections == 0


def test_proxies_of_the_environment_are_ignored(
    connect: Connect, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    tenant.answers(COUNT, {"count": 7})
    assert connect(tenant.place).count_companies() == 7
