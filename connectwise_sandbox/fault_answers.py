"""Faults that are complete HTTP answers: statuses, wrong bodies, wrong PDFs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from werkzeug.wrappers import Response

from . import bad_pdfs
from .errors import JSON_TYPE, ApiError, json_response, no_permission, wrong_key
from .faults import Call

_MEGABYTE = 1 << 20
OVERSIZE = 256 * _MEGABYTE
GZIP_BOMB_SIZE = 1 << 30

_LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head>"
    "<body><h1>Sign in to continue</h1></body></html>"
)


def _html(status: int, title: str) -> Response:
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body>"
    return Response(f"{page}</html>", status, content_type="text/html")


def _too_many(retry_after: str | None) -> Response:
    # ConnectWise developer guide: the key is `error` here, not `code`.
    text = "Too many requests. Please try again in 30 seconds."
    response = json_response({"error": "ConnectWiseAPI", "message": text}, 429)
    if retry_after is not None:
        response.headers["Retry-After"] = retry_after
    return response


def _seconds(call: Call, default: float) -> float:
    return default if call.fault.seconds is None else call.fault.seconds


def rate_limit(call: Call) -> Response:
    """429 with Retry-After in seconds (30, or `seconds`)."""
    return _too_many(f"{_seconds(call, 30):.0f}")


def rate_limit_date(call: Call) -> Response:
    """429 with Retry-After as an HTTP date, 30 (or `seconds`) from now."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=_seconds(call, 30))
    return _too_many(format_datetime(moment, usegmt=True))


def rate_limit_no_header(call: Call) -> Response:
    """429 without Retry-After."""
    return _too_many(None)


def rate_limit_day(call: Call) -> Response:
    """429 with Retry-After: 86400."""
    return _too_many("86400")


def rate_limit_html(call: Call) -> Response:
    """429 as an HTML page, as a gateway in front answers."""
    return _html(429, "Error 1015: You are being rate limited")


def server_timeout(call: Call) -> Response:
    """500 that passes: A timeout has occured (spelled so)."""
    text = "A timeout has occured. Please try again."
    return ApiError(500, "ConnectWiseApi", text).response()


def server_error(call: Call) -> Response:
    """500 that does not pass: Error converting value."""
    text = "Error converting value \"abc\" to type 'System.Int32'."
    return ApiError(500, "ConnectWiseApi", text).response()


def bad_gateway(call: Call) -> Response:
    """502 as an HTML page."""
    return _html(502, "502 Bad Gateway")


def unavailable(call: Call) -> Response:
    """503 as an HTML page."""
    return _html(503, "503 Service Unavailable")


def gateway_timeout(call: Call) -> Response:
    """504 as an HTML page."""
    return _html(504, "504 Gateway Time-out")


def unauthorized(call: Call) -> Response:
    """401, as for a key that was revoked."""
    return wrong_key().response()


def forbidden(call: Call) -> Response:
    """403, as for a right that was taken away."""
    return no_permission().response()


def moved_codebase(call: Call) -> Response:
    """404 because ConnectWise was upgraded: discovery names a new codebase."""
    call.operations.move_codebase()
    return _html(404, "404 - File or directory not found.")


def redirect_other_host(call: Call) -> Response:
    """302 to another host name of this server; the log shows who follows."""
    port = call.request.host.rpartition(":")[2]
    other = "localhost" if call.request.host.startswith("127.") else "127.0.0.1"
    location = f"http://{other}:{port}/elsewhere{call.request.full_path}"
    return Response("", 302, headers={"Location": location})


def html_200(call: Call) -> Response:
    """200 with an HTML page to sign in."""
    return Response(_LOGIN_PAGE, content_type="text/html")


def malformed_json(call: Call) -> Response:
    """200 with JSON that breaks off."""
    return Response('[{"id": 1, "name": "Acme', content_type=JSON_TYPE)


def shape_object(call: Call) -> Response:
    """200 with an object that is no record."""
    return json_response({"unexpected": "object"})


def shape_list(call: Call) -> Response:
    """200 with a list that holds a list."""
    return json_response([[{"id": 1}]])


def shape_strings(call: Call) -> Response:
    """200 with a list of strings."""
    return json_response(["one", "two"])


def shape_null(call: Call) -> Response:
    """200 with JSON null."""
    return json_response(None)


def null_fields(call: Call) -> Response:
    """The genuine answer; in its first record all but the id is null."""
    return _first_record(call, lambda key, value: value if key == "id" else None)


def no_id(call: Call) -> Response:
    """The genuine answer; its first record has a null id."""
    return _first_record(call, lambda key, value: None if key == "id" else value)


def mistyped_fields(call: Call) -> Response:
    """The genuine answer; in its first record every value has a wrong type."""
    return _first_record(call, _mistyped)


def _mistyped(key: str, value: Any) -> Any:
    if isinstance(value, bool):
        return "maybe"
    if isinstance(value, (int, float)):
        return "not a number"
    if isinstance(value, str):
        return {"text": value}
    return "neither list nor object"


def _first_record(call: Call, change: Any) -> Response:
    response = call.genuine()
    if response.status_code != 200 or "json" not in (response.content_type or ""):
        return response
    data = json.loads(response.get_data())
    record = data[0] if isinstance(data, list) and data else data
    if isinstance(record, dict):
        record |= {key: change(key, value) for key, value in record.items()}
    response.set_data(json.dumps(data))
    return response


def oversized_body(call: Call) -> Response:
    """200 with 256 MiB of valid JSON, its length not announced."""
    return Response(_much_json(), content_type=JSON_TYPE)


def _much_json() -> Iterator[bytes]:
    yield b"["
    for _ in range(OVERSIZE // _MEGABYTE):
        yield b" " * _MEGABYTE
    yield b"]"


def gzip_bomb(call: Call) -> Response:
    """200 with 1 MB of gzip that unpacks to 1 GiB of valid JSON."""
    # A gzip stream may consist of several members, so one is compressed and repeated.
    blank = _gzip(b" " * (16 * _MEGABYTE))
    body = _gzip(b"[") + blank * (GZIP_BOMB_SIZE // (16 * _MEGABYTE)) + _gzip(b"]")
    return Response(body, content_type=JSON_TYPE, headers={"Content-Encoding": "gzip"})


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _pdf(body: bytes) -> Response:
    return Response(body, content_type="application/pdf")


def pdf_html(call: Call) -> Response:
    """An HTML page that calls itself application/pdf."""
    return _pdf(_LOGIN_PAGE.encode())


def pdf_empty(call: Call) -> Response:
    """A PDF of no bytes."""
    return _pdf(b"")


def pdf_truncated(call: Call) -> Response:
    """The first half of the PDF, its length announced correctly."""
    response = call.genuine()
    if response.content_type != "application/pdf":
        return response
    return _pdf(bad_pdfs.truncated(response.get_data()))


def pdf_bomb(call: Call) -> Response:
    """A PDF of a few kilobytes that takes 2 GiB of memory to open."""
    return _pdf(bad_pdfs.bomb())


def pdf_encrypted(call: Call) -> Response:
    """A PDF that asks for a password."""
    return _pdf(bad_pdfs.encrypted())


def pdf_oversized(call: Call) -> Response:
    """A PDF of 256 MiB, its length announced."""
    genuine = call.genuine()
    if genuine.content_type != "application/pdf":
        return genuine
    response = Response(
        bad_pdfs.oversized(genuine.get_data()), content_type="application/pdf"
    )
    response.content_length = bad_pdfs.OVERSIZE
    return response
