"""Faults below HTTP: connections that stall, break, drip or lie about their length."""

from __future__ import annotations

import socket
from typing import cast

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from .faults import Call
from .server import DropConnection

LONGEST_STALL = 60.0
DRIP_PAUSE = 0.2


def _socket(call: Call) -> socket.socket:
    return cast(socket.socket, call.request.environ["werkzeug.socket"])


def _head(response: Response, length: int | None) -> bytes:
    """Return the head of an answer; `length` None means chunked."""
    status = response.status_code
    framing = (
        "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    )
    return (
        f"HTTP/1.1 {status} {HTTP_STATUS_CODES.get(status, 'Unknown')}\r\n"
        f"Content-Type: {response.content_type}\r\n{framing}\r\n\r\n"
    ).encode("latin-1")


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _stall(call: Call) -> DropConnection:
    longest = LONGEST_STALL if call.fault.seconds is None else call.fault.seconds
    call.wait(min(longest, LONGEST_STALL))
    return DropConnection(reset=False)


def refused(call: Call) -> Response:
    """Reset before a byte is sent; stop the sandbox for a true refusal."""
    raise DropConnection(reset=True)


def stall_before_headers(call: Call) -> Response:
    """Nothing comes for 60 s (or `seconds`), then the connection closes."""
    raise _stall(call)


def stall_in_body(call: Call) -> Response:
    """Head and half of the body come, then nothing for 60 s (or `seconds`)."""
    response = call.genuine()
    body = response.get_data()
    _socket(call).sendall(_head(response, len(body)) + _half(body))
    raise _stall(call)


def drip(call: Call) -> Response:
    """The answer comes byte by byte, five a second, for 60 s (or `seconds`)."""
    response = call.genuine()
    body = response.get_data()
    longest = LONGEST_STALL if call.fault.seconds is None else call.fault.seconds
    data = _head(response, len(body)) + body
    for position in range(
        min(len(data), int(min(longest, LONGEST_STALL) / DRIP_PAUSE))
    ):
        _socket(call).sendall(data[position : position + 1])
        if call.wait(DRIP_PAUSE):
            break
    raise DropConnection(reset=False)


def reset_in_headers(call: Call) -> Response:
    """Half of the head comes, then a TCP reset."""
    response = call.genuine()
    _socket(call).sendall(_half(_head(response, len(response.get_data()))))
    raise _reset_soon(call)


def reset_in_body(call: Call) -> Response:
    """Head and half of the body come, then a TCP reset."""
    response = call.genuine()
    body = response.get_data()
    _socket(call).sendall(_head(response, len(body)) + _half(body))
    raise _reset_soon(call)


def short_body(call: Call) -> Response:
    """Half of the announced body comes, then the connection closes in good order."""
    response = call.genuine()
    body = response.get_data()
    _socket(call).sendall(_head(response, len(body)) + _half(body))
    raise DropConnection(reset=False)


def cut_chunk(call: Call) -> Response:
    """A chunked answer that ends within its second chunk."""
    response = call.genuine()
    body = response.get_data()
    first, second = _half(body), body[len(body) // 2 :]
    _socket(call).sendall(
        _head(response, None)
        + b"%x\r\n%b\r\n" % (len(first), first)
        + b"%x\r\n%b" % (len(second), _half(second))
    )
    raise DropConnection(reset=False)


def _reset_soon(call: Call) -> DropConnection:
    # A reset discards data that the client has not read yet, so let it arrive first.
    call.wait(0.05)
    return DropConnection(reset=True)
