"""The HTTP server: HTTP/1.1 with connections kept alive, cut off on demand."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

Headers = list[tuple[str, str]]

_LINGER_NOT = struct.pack("ii", 1, 0)


class DropConnection(ConnectionError):
    """Raised by the application to end a connection instead of answering.

    :param reset: end it with a TCP reset; otherwise it is closed normally
    """

    def __init__(self, *, reset: bool) -> None:
        super().__init__("connection dropped on purpose")
        self.reset = reset


class Handler(WSGIRequestHandler):
    """Serves the requests of one connection, one after the other.

    Werkzeug's own handler closes the connection after each request, because an
    application may leave a request's body unread. This one reads every body, so
    connections can be kept.
    """

    protocol_version = "HTTP/1.1"
    # Head and body are written separately; without this, the body may be delayed.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer the request whose head was just read."""
        try:
            self._answer()
        except DropConnection as drop:
            self.close_connection = True
            if drop.reset:
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT
                )
        except OSError:  # The client has disconnected.
            self.close_connection = True

    def _answer(self) -> None:
        head: list[Any] = []

        def start_response(
            status: str, headers: Headers, error: Any = None, /
        ) -> Callable[[bytes], object]:
            head[:] = [status, headers]
            return self.wfile.write

        pieces = self.server.app(self.make_environ(), start_response)
        status, headers = head
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        chunked = "content-length" not in {name.lower() for name, _ in headers}
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in filter(None, pieces):
            if chunked:
                piece = b"%x\r\n%b\r\n" % (len(piece), piece)
            self.wfile.write(piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: the control API has a log of the requests."""


class Server(ThreadedWSGIServer):
    """A server that can be stopped with connections open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, application: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(host, port, application, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in a thread of its own."""
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection. To reset it, it must not be shut down first."""
        with self._guard:
            self._connections.discard(request)
        try:
            linger = request.getsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, len(_LINGER_NOT)
            )
        except OSError:
            linger = b""
        if linger == _LINGER_NOT:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_all(self) -> None:
        """Stop listening and cut the connections that clients keep open."""
        self.server_close()
        with self._guard:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
