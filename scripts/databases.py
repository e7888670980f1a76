"""Databases made once and copied afterwards: installing `account` takes a minute."""

import fcntl
import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from environment import (
    LOCAL,
    ROOT,
    copy_database,
    database_exists,
    databases_like,
    drop_database,
    rename_database,
    run_odoo,
    say,
)

ADDON = "benji_connectwise"
ACCOUNT = "benji_account"
TEMPLATE = "benji_template_"
"""A template's name ends in the state of the addon that is installed in it."""

UNFINISHED = "_unfinished"


def prepare_account() -> str:
    """Return the name of a database with `account` and nothing else of ours.

    It does not depend on the addon, so it is made once for all.
    """
    with _one_at_a_time():
        if not database_exists(ACCOUNT):
            say("installing Odoo's Invoicing into a new database (about 1 minute)")
            # Odoo complains of things in there that are not ours and do no harm.
            log = LOCAL / "account-install.log"
            with unfinished(ACCOUNT) as name, log.open("w") as file:
                try:
                    install(name, "account", stderr=file)
                except subprocess.CalledProcessError:
                    say(log.read_text())
                    raise
    return ACCOUNT


def prepare_template(**options) -> str:
    """Return the name of a database with the addon, as it is now, installed.

    The options are run_odoo's, for the installation. PostgreSQL copies the database
    (environment.copy_database) only while nobody is connected.
    """
    source = prepare_account()
    template = f"{TEMPLATE}{addon_state()}"
    with _one_at_a_time():
        if not database_exists(template):
            say(f"installing {ADDON} into a copy of that database (about 10 seconds)")
            for old in databases_like(f"{TEMPLATE}%"):
                drop_database(old)
            with unfinished(template) as name:
                copy_database(source, name)
                install(name, ADDON, **options)
    return template


def install(database: str, addon: str, **options) -> None:
    """Install `addon` into `database`, which is made if it is missing."""
    run_odoo(
        *("--database", database, "--init", addon, "--stop-after-init"),
        *("--log-level", "warn", "--max-cron-threads", "0"),
        **options,
    )


def addon_state() -> str:
    """Return some letters that change with the files of the addon, its tests apart."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / ADDON).rglob("*")):
        name = file.relative_to(ROOT)
        if file.is_file() and not {"__pycache__", "tests"}.intersection(name.parts):
            digest.update(f"{name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def unfinished(name: str) -> Iterator[str]:
    """Yield the name to work under; the database gets its own when the block ends well.

    An interrupted one therefore never passes for a finished one.
    """
    temporary = name + UNFINISHED
    drop_database(temporary)
    yield temporary
    rename_database(temporary, name)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (LOCAL / "databases.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
