"""The network and nothing else: one call, within a time, to an allowed address.

The only module that imports ``requests``. It uses the library's adapter, not its
session, so there are no redirects, cookies, proxies, ``.netrc`` or environment
variables to switch off.

Each exchange runs in a thread of its own, so that its deadline always holds: a resolver
that hangs cannot be interrupted, and a server that sends one byte a second never
exceeds a time-out between two bytes. At the deadline the caller goes on, and the
connection is shut down, which ends the thread.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from . import const
from .address import is_public, private_address
from .body import Body
from .errors import AddressError, ConnectWiseError, NetworkError
from .protocol import Answer

Resolve = Callable[..., list[Any]]
"""``socket.getaddrinfo``, or something like it."""

_CHUNK = 64 * 1024
_USER_AGENT = "benji-connectwise"
_TLS_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)

_here = threading.local()  # .exchange: the one that runs in this thread


@dataclass(frozen=True)
class Call:
    """One call. ``connect`` limits the time to connect, ``seconds`` the time for all of
    it, ``max_bytes`` the size of the decompressed answer. ``body`` is sent."""

    url: str
    connect: float
    seconds: float
    max_bytes: int
    method: str = "GET"
    body: bytes = b""


class Transport:
    """Sends calls to one host over at most ``MAX_CONNECTIONS`` connections.

    ``allow_private``: whether the host may be at an address that is not public.
    ``ca_bundle``: as in :class:`.session.Runtime`; certificates are always verified.
    """

    def __init__(
        self, allow_private: bool, resolve: Resolve, ca_bundle: str | None
    ) -> None:
        self.allow_private = allow_private
        self.resolve = resolve
        self.verify = ca_bundle or True
        self.adapter = _Adapter(
            pool_connections=1, pool_maxsize=const.MAX_CONNECTIONS, pool_block=True
        )
        self._running: set[_Exchange] = set()
        self._closed = False

    def send(self, call: Call, headers: Mapping[str, str]) -> Answer:
        """Return the complete answer. The headers, which have the keys, are not kept.

        Raises :class:`NetworkError`, :class:`AddressError` (``private``, ``tls``),
        :class:`BadAnswerError` (``too_large``, ``encoding``), and ``RuntimeError``
        after :meth:`close`.
        """
        if self._closed:
            raise RuntimeError("This client is closed")
        exchange = _Exchange(call, self)
        self._running.add(exchange)
        try:
            return exchange.wait(headers)
        finally:
            self._running.discard(exchange)

    def close(self) -> None:
        """Close all connections, including those in use."""
        self._closed = True
        for exchange in tuple(self._running):
            exchange.abort()
        self.adapter.close()


class _Exchange:
    """A call in progress: its thread, its sockets and its outcome."""

    def __init__(self, call: Call, transport: Transport) -> None:
        self._call = call
        self._transport = transport
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._aborted = False
        self._done = threading.Event()
        self._outcome: Answer | BaseException

    def wait(self, headers: Mapping[str, str]) -> Answer:
        threading.Thread(target=self._run, args=[headers], daemon=True).start()
        if not self._done.wait(self._call.seconds):
            self.abort()
            raise NetworkError("The answer took too long", reason="timeout")
        # Raised here, outside any handler, so that the library's exception, which holds
        # the request with its headers, does not become its context.
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

    def abort(self) -> None:
        """Shut the connection down, whatever its thread is doing."""
        with self._lock:
            self._aborted = True
            for handle in self._handles:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)

    def watch(self, sock: socket.socket) -> None:
        """Remember a connection, to shut it down. TLS takes over the socket object, so
        a second handle of the connection is kept."""
        with self._lock:
            if self._aborted:
                raise OSError("Too late")
            handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
            self._handles.append(handle)

    def _run(self, headers: Mapping[str, str]) -> None:
        _here.exchange = self
        try:
            self._outcome = self._talk(headers)
        except (requests.RequestException, HTTPError, OSError) as error:
            self._outcome = _translate(error)
        except BaseException as error:
            self._outcome = error
        finally:
            with self._lock:
                for handle in self._handles:
                    handle.close()
                self._handles.clear()
            self._done.set()

    def _talk(self, headers: Mapping[str, str]) -> Answer:
        call = self._call
        headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip", **headers}
        request = requests.Request(
            call.method, call.url, headers=headers, data=call.body
        )
        response = self._transport.adapter.send(
            request.prepare(),
            timeout=(call.connect, call.seconds),
            verify=self._transport.verify,
        )
        try:
            received = {name.lower(): text for name, text in response.headers.items()}
            body = Body(received, call.max_bytes)
            # Not stream(), which does not limit the lines between chunks.
            while chunk := response.raw.read(_CHUNK, decode_content=False):
                body.feed(chunk)
            return Answer(response.status_code, received, body.finish())
        finally:
            response.close()

    def connect(self, host: str, port: int) -> socket.socket:
        """Open a connection to a host, at an address that may be reached.

        The address is checked and used in one step, so nothing is gained by a name that
        resolves differently the second time.
        """
        end = time.monotonic() + self._call.connect
        try:
            found = self._transport.resolve(host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NetworkError(f"{host} was not found", reason="dns") from None
        allowed = [
            info
            for info in found
            if self._transport.allow_private or is_public(info[4][0])
        ]
        if not allowed:
            raise private_address(host)
        for number, info in enumerate(allowed):
            share = (end - time.monotonic()) / (len(allowed) - number)
            with contextlib.suppress(OSError):
                return self._open(info, max(share, 0.1))
        raise NetworkError(f"{host} does not accept connections", reason="connect")

    def _open(self, info: Any, seconds: float) -> socket.socket:
        family, kind, protocol, _name, address = info
        sock = socket.socket(family, kind, protocol)
        try:
            self.watch(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(seconds)
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock


class _Watched:
    """A connection whose sockets are opened by, and known to, its exchange."""

    _dns_host: str
    port: int
    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        exchange: _Exchange = _here.exchange
        return exchange.connect(self._dns_host, self.port)

    def putrequest(self, *args: Any, **options: Any) -> None:
        # A reused connection: this exchange does not know its socket yet.
        if self.sock is not None:
            _here.exchange.watch(self.sock)
        super().putrequest(*args, **options)  # type: ignore[misc]


class _WatchedHTTPConnection(_Watched, HTTPConnection):
    pass


class _WatchedHTTPSConnection(_Watched, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _HTTPPool,
            "https": _HTTPSPool,
        }

    def close(self) -> None:
        # urllib3 2 leaves its idle connections to the garbage collector.
        pools = self.poolmanager.pools
        for key in list(pools.keys()):
            pools[key].close()
        super().close()


def _translate(error: Exception) -> ConnectWiseError:
    """Return our error for an error of the libraries.

    ``requests`` wraps errors up to the headers; the body is read from urllib3.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, (TimeoutError, PoolTimeoutError)) for cause in causes):
        return NetworkError("The answer took too long", reason="timeout")
    if not isinstance(error, requests.RequestException):
        return NetworkError("The answer ended early", reason="short_body")
    hung_up = any(isinstance(cause, _TLS_ENDS) for cause in causes)
    if isinstance(error, requests.exceptions.SSLError) and not hung_up:
        return AddressError("No valid certificate, or no TLS", reason="tls")
    return NetworkError("The connection broke", reason="connection")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
