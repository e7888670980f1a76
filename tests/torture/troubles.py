"""Faults beside those of the sandbox.

On the client's side: names, addresses and certificates. In between: a database that
refuses or ends, and records that change while they are read.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import trustme
from werkzeug.wrappers import Response
from world import World

from connectwise_sandbox.fault_list import EFFECTS
from connectwise_sandbox.faults import Call

Hook = Callable[[], None]

_hooks: dict[str, Hook] = {}


def meanwhile(call: Call) -> Response:
    """Give the genuine answer after something else has happened."""
    _hooks["meanwhile"]()
    return call.genuine()


def during(world: World, hook: Hook, endpoint: str, nth: int = 1) -> None:
    """Call `hook` while ConnectWise answers the nth request."""
    EFFECTS["meanwhile"] = meanwhile
    _hooks["meanwhile"] = hook
    world.sandbox.fault("meanwhile", endpoint, nth=nth)


def end_transactions(world: World) -> None:
    """Cut the connections with an open transaction, as if the process was killed."""
    with world.registry.cursor() as cr:
        cr.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state LIKE 'idle in transaction%'"
        )


@contextmanager
def refused_commits(world: World, table: str) -> Iterator[None]:
    """Make the database refuse every commit of a change of `table`."""
    with world.registry.cursor() as cr:
        cr.execute(
            """
            CREATE OR REPLACE FUNCTION torture.refuse() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'disk full' USING ERRCODE = 'disk_full';
            END $$
            """
        )
        cr.execute(
            f"CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON {table}"
            " DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION torture.refuse()"
        )
    try:
        yield
    finally:
        with world.registry.cursor() as cr:
            cr.execute(f"DROP TRIGGER refuse ON {table}")


# ----------------------------------------------------------------------------
# On the client's side
# ----------------------------------------------------------------------------


@contextmanager
def moved_to(world: World, url: str) -> Iterator[None]:
    """Make the connection's address lead to `url`, without changing it."""
    _set_address(world, url)
    try:
        yield
    finally:
        _set_address(world, world.sandbox.url)


def _set_address(world: World, url: str) -> None:
    # Not by write(): to the product another address is another ConnectWise. And without
    # triggers, because what is refused to the product is not refused to the test.
    with world.registry.cursor() as cr:
        cr.execute("SET LOCAL session_replication_role = replica")
        cr.execute("UPDATE connectwise_backend SET server_url = %s", [url])


@contextmanager
def nobody_listens(world: World) -> Iterator[None]:
    """Connections are refused."""
    world.sandbox.stop()
    try:
        yield
    finally:
        world.sandbox.start()


@contextmanager
def unknown_name(world: World) -> Iterator[None]:
    """The name cannot be resolved."""
    with moved_to(world, "https://connectwise.invalid"):
        yield


@contextmanager
def connect_timeout(world: World) -> Iterator[None]:
    """Nothing answers an attempt to connect."""
    with ExitStack() as stack:
        # A queue that is full: further attempts get no answer.
        server = stack.enter_context(closing(socket.socket()))
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        host = f"127.0.0.1:{server.getsockname()[1]}"
        stack.enter_context(_allowed(host))
        stack.enter_context(moved_to(world, f"http://{host}"))
        yield


@contextmanager
def untrusted_certificate(world: World) -> Iterator[None]:
    """Make the server show a certificate that nobody vouches for."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=_shake_hands, args=(server, context))
        thread.start()
        host = f"127.0.0.1:{server.getsockname()[1]}"
        try:
            with _allowed(host), moved_to(world, f"https://{host}"):
                yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _shake_hands(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _address = server.accept()
        except OSError:
            return
        with closing(connection):
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                continue


@contextmanager
def _allowed(host: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENJI_CONNECTWISE_LOCAL_HOSTS", host)
        yield


CLIENT_SIDE = (nobody_listens, unknown_name, connect_timeout, untrusted_certificate)
