"""Each fault does what its name says."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
import zlib
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from connectwise_sandbox import Sandbox
from connectwise_sandbox.fault_list import DESCRIPTIONS

from .conftest import API, Client

COMPANIES = "company/companies"
PDF = "finance/invoices/20001/pdf"


def raw_answer(client: Client, path: str = COMPANIES) -> tuple[bytes, str]:
    """Return all bytes of an answer, and whether it ended by close or reset."""
    request = requests.Request(
        "GET",
        f"{client.sandbox.url}/{API}/{path}",
        auth=client.session.auth,  # type: ignore[arg-type]
        headers={"clientId": client.sandbox.client_id},
    ).prepare()
    head = "".join(f"{key}: {value}\r\n" for key, value in request.headers.items())
    host, port = client.sandbox.host.split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        line = f"GET {request.path_url} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n"
        connection.sendall(line.encode())
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            return received, "reset"
    return received, "closed"


def status_of(client: Client, fault: str) -> tuple[int, requests.Response]:
    client.sandbox.fault(fault, "companies")
    response = client.get(COMPANIES)
    return response.status_code, response


def test_refused_resets_the_connection_before_a_byte(client: Client) -> None:
    client.sandbox.fault("refused", "companies")
    assert raw_answer(client) == (b"", "reset")


def test_stall_before_headers_sends_nothing_in_time(client: Client) -> None:
    client.sandbox.fault("stall_before_headers", "companies")
    with pytest.raises(requests.ReadTimeout):
        client.get(COMPANIES, timeout=0.3)


def test_stall_in_body_sends_half_and_stops(client: Client) -> None:
    client.sandbox.fault("stall_in_body", "companies")
    with pytest.raises(requests.ConnectionError, match="timed out"):
        client.get(COMPANIES, timeout=0.3)


def test_stall_ends_after_its_seconds(client: Client) -> None:
    client.sandbox.fault("stall_before_headers", "companies", seconds=0.2)
    assert raw_answer(client) == (b"", "closed")


def test_stall_ends_when_faults_are_cleared(client: Client) -> None:
    client.sandbox.fault("stall_before_headers", "companies")
    threading.Timer(0.2, client.sandbox.clear_faults).start()
    assert raw_answer(client) == (b"", "closed")


def test_stall_does_not_hold_up_stopping() -> None:
    with Sandbox() as sandbox:
        sandbox.fault("stall_before_headers")
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{sandbox.url}/login/companyinfo/acme", timeout=0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 5


def test_drip_comes_byte_by_byte(client: Client) -> None:
    client.sandbox.fault("drip", "companies", seconds=1)
    received, _ = raw_answer(client)
    assert received == b"HTTP/"


def test_reset_in_headers_leaves_half_a_head(client: Client) -> None:
    client.sandbox.fault("reset_in_headers", "companies")
    received, ending = raw_answer(client)
    assert received.startswith(b"HTTP/1.1 200")
    assert (b"\r\n\r\n" in received, ending) == (False, "reset")


def test_reset_in_body_leaves_half_a_body(client: Client) -> None:
    client.sandbox.fault("reset_in_body", "companies")
    received, ending = raw_answer(client)
    head, _, body = received.partition(b"\r\n\r\n")
    announced = int(re.findall(rb"Content-Length: (\d+)", head)[0])
    assert (len(body), ending) == (announced // 2, "reset")


def test_short_body_closes_the_connection_normally(client: Client) -> None:
    client.sandbox.fault("short_body", "companies")
    received, ending = raw_answer(client)
    head, _, body = received.partition(b"\r\n\r\n")
    announced = int(re.findall(rb"Content-Length: (\d+)", head)[0])
    assert (len(body), ending) == (announced // 2, "closed")


def test_cut_chunk_has_no_last_chunk(client: Client) -> None:
    client.sandbox.fault("cut_chunk", "companies")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(COMPANIES)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("rate_limit", 429),
        ("rate_limit_html", 429),
        ("server_timeout", 500),
        ("server_error", 500),
        ("bad_gateway", 502),
        ("unavailable", 503),
        ("gateway_timeout", 504),
        ("unauthorized", 401),
        ("forbidden", 403),
        ("moved_codebase", 404),
        ("redirect_other_host", 302),
    ],
)
def test_fault_has_its_status(client: Client, fault: str, status: int) -> None:
    assert status_of(client, fault)[0] == status


def test_rate_limit_has_the_key_error_and_seconds(client: Client) -> None:
    _, response = status_of(client, "rate_limit")
    assert response.json()["error"] == "ConnectWiseAPI"
    assert response.headers["Retry-After"] == "30"


def test_rate_limit_asks_for_the_given_pause(client: Client) -> None:
    client.sandbox.fault("rate_limit", "companies", seconds=2)
    assert client.get(COMPANIES).headers["Retry-After"] == "2"


def test_rate_limit_date_is_a_date_ahead(client: Client) -> None:
    _, response = status_of(client, "rate_limit_date")
    moment = parsedate_to_datetime(response.headers["Retry-After"])
    assert 0 < moment.timestamp() - time.time() <= 31


def test_rate_limit_no_header_has_none(client: Client) -> None:
    assert "Retry-After" not in status_of(client, "rate_limit_no_header")[1].headers


def test_rate_limit_day_asks_for_a_day(client: Client) -> None:
    response = status_of(client, "rate_limit_day")[1]
    assert response.headers["Retry-After"] == "86400"


def test_rate_limit_html_is_html(client: Client) -> None:
    assert status_of(client, "rate_limit_html")[1].text.startswith("<html>")


def test_server_timeout_is_worded_as_recorded(client: Client) -> None:
    message = status_of(client, "server_timeout")[1].json()["message"]
    assert message == "A timeout has occured. Please try again."


def test_server_error_is_about_a_value(client: Client) -> None:
    message = status_of(client, "server_error")[1].json()["message"]
    assert message.startswith("Error converting value")


def test_moved_codebase_moves_it(client: Client) -> None:
    status_of(client, "moved_codebase")
    assert client.sandbox.codebase == "v2026_2/"


def test_redirect_names_another_host_of_this_server(client: Client) -> None:
    location = status_of(client, "redirect_other_host")[1].headers["Location"]
    assert location.startswith("http://localhost:")
    assert requests.get(location, timeout=5).status_code == 404
    assert client.sandbox.requests()[-1]["path"].startswith("/elsewhere/")


def test_html_200_is_html(client: Client) -> None:
    status, response = status_of(client, "html_200")
    assert (status, response.headers["Content-Type"].split(";")[0]) == (
        200,
        "text/html",
    )


def test_malformed_json_cannot_be_read(client: Client) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(status_of(client, "malformed_json")[1].text)


@pytest.mark.parametrize(
    ("fault", "data"),
    [
        ("shape_object", {"unexpected": "object"}),
        ("shape_list", [[{"id": 1}]]),
        ("shape_strings", ["one", "two"]),
        ("shape_null", None),
    ],
)
def test_wrong_shape_is_valid_json_of_another_type(
    client: Client, fault: str, data: object
) -> None:
    assert status_of(client, fault)[1].json() == data


def test_null_fields_empties_the_first_record_alone(client: Client) -> None:
    genuine = client.get(COMPANIES).json()
    bad = status_of(client, "null_fields")[1].json()
    assert bad[0] == {**dict.fromkeys(genuine[0]), "id": 501}
    assert bad[1:] == genuine[1:]


def test_no_id_takes_the_first_id_alone(client: Client) -> None:
    bad = status_of(client, "no_id")[1].json()
    assert [record["id"] for record in bad[:2]] == [None, 502]


def test_mistyped_fields_leave_no_value_of_its_type(client: Client) -> None:
    genuine = client.get(COMPANIES).json()
    bad = status_of(client, "mistyped_fields")[1].json()
    assert all(type(bad[0][k]) is not type(v) for k, v in genuine[0].items())
    assert bad[1:] == genuine[1:]


def _size_of(response: requests.Response) -> int:
    return sum(len(piece) for piece in response.iter_content(1 << 20))


def _stream(client: Client, path: str) -> requests.Response:
    return client.session.get(
        f"{client.sandbox.url}/{API}/{path}", stream=True, timeout=10
    )


def test_oversized_body_is_larger_than_anything_genuine(client: Client) -> None:
    client.sandbox.fault("oversized_body", "companies")
    response = _stream(client, COMPANIES)
    assert "Content-Length" not in response.headers
    assert _size_of(response) == 256 * (1 << 20) + 2


def test_gzip_bomb_is_small_and_unpacks_to_a_gibibyte(client: Client) -> None:
    client.sandbox.fault("gzip_bomb", "companies")
    packed = _stream(client, COMPANIES).raw.read(decode_content=False)
    members = packed.count(b"\x1f\x8b\x08")
    assert len(packed) < 2_000_000
    assert members >= 64 and gzip.decompress(packed[: packed.find(b"\x1f\x8b", 2)])


def _pdf(client: Client, fault: str) -> requests.Response:
    client.sandbox.fault(fault, "invoice_pdf")
    return client.get(PDF)


def test_pdf_html_calls_itself_a_pdf(client: Client) -> None:
    response = _pdf(client, "pdf_html")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"<!DOCTYPE html>")


def test_pdf_empty_has_no_bytes(client: Client) -> None:
    assert _pdf(client, "pdf_empty").content == b""


def test_pdf_truncated_lacks_its_end(client: Client) -> None:
    content = _pdf(client, "pdf_truncated").content
    assert content.startswith(b"%PDF-") and b"%%EOF" not in content


def test_pdf_encrypted_says_so(client: Client) -> None:
    assert b"/Encrypt" in _pdf(client, "pdf_encrypted").content


def test_pdf_bomb_is_small_and_unpacks_twice(client: Client) -> None:
    content = _pdf(client, "pdf_bomb").content
    assert len(content) < 20_000
    assert content.startswith(b"%PDF-") and content.endswith(b"%%EOF\n")
    stream = content.partition(b"stream\n")[2].rpartition(b"\nendstream")[0]
    inner = zlib.decompress(stream)
    opened = zlib.decompressobj().decompress(inner, 64 << 20)
    assert len(opened) == 64 << 20 and len(inner) > 1_000_000


def test_pdf_oversized_is_a_pdf_of_the_announced_size(client: Client) -> None:
    client.sandbox.fault("pdf_oversized", "invoice_pdf")
    response = _stream(client, PDF)
    announced = int(response.headers["Content-Length"])
    assert announced == _size_of(response) == 256 << 20


# When faults strike


def _statuses(client: Client, calls: int) -> list[int]:
    return [client.get(COMPANIES).status_code for _ in range(calls)]


def test_fault_strikes_once_from_its_nth_call(client: Client) -> None:
    client.sandbox.fault("unavailable", "companies", nth=2)
    assert _statuses(client, 3) == [200, 503, 200]


def test_fault_strikes_as_often_as_told(client: Client) -> None:
    client.sandbox.fault("unavailable", "companies", times=2)
    assert _statuses(client, 3) == [503, 503, 200]


def test_fault_may_strike_until_cleared(client: Client) -> None:
    client.sandbox.fault("unavailable", "companies", times=0)
    before = _statuses(client, 3)
    client.sandbox.clear_faults()
    assert (before, _statuses(client, 1)) == ([503] * 3, [200])


def test_fault_leaves_other_endpoints_alone(client: Client) -> None:
    client.sandbox.fault("unavailable", "contacts")
    assert _statuses(client, 1) == [200]


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("companies", "company/companies/501"),
        ("contacts", "company/contacts"),
        ("invoices", "finance/invoices/count"),
        ("invoice_pdf", PDF),
        ("system", "system/info"),
        ("any", "company/contacts"),
    ],
)
def test_endpoints_are_told_apart(client: Client, endpoint: str, path: str) -> None:
    client.sandbox.fault("unavailable", endpoint)
    assert client.get(path).status_code == 503


def test_faults_strike_discovery(sandbox: Sandbox) -> None:
    sandbox.fault("unavailable", "discovery")
    url = f"{sandbox.url}/login/companyinfo/acme"
    assert requests.get(url, timeout=5).status_code == 503


def test_control_api_has_no_faults(sandbox: Sandbox) -> None:
    sandbox.fault("unavailable", "any", times=0)
    assert requests.get(f"{sandbox.url}/_sandbox/", timeout=5).status_code == 200


def test_unknown_fault_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="No fault"):
        sandbox.fault("earthquake")


def test_every_fault_is_described(sandbox: Sandbox) -> None:
    listed: Any = requests.get(f"{sandbox.url}/_sandbox/faults", timeout=5).json()
    assert listed["faults"] == DESCRIPTIONS
    assert all(DESCRIPTIONS.values())


def test_connection_serves_on_after_a_fault(client: Client) -> None:
    client.sandbox.fault("short_body", "companies")
    with pytest.raises(requests.RequestException):
        client.get(COMPANIES)
    assert _statuses(client, 1) == [200]
