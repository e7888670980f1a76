"""Databases made once and copied afterwards: installing `account` takes a minute."""

import fcntl
import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .environment import LOCAL, ROOT, run_odoo, say
from .postgresql import (
    copy_database,
    database_exists,
    databases_like,
    drop_database,
    rename_database,
)

ADDON = "benji_connectwise"
BRIDGE = "benji_connectwise_queue_job"
RECONCILIATION = "benji_connectwise_reconciliation"
DASHBOARD = "benji_connectwise_dashboard"
"""It installs itself with the addon, where Odoo has its dashboard of accounting."""

DEMO_ADDONS = (ADDON, RECONCILIATION)
ACCOUNT = "benji_account"
SHOP = "benji_shop"
TEMPLATE = "benji_template_"
SHOP_TEMPLATE = "benji_shoptemplate_"
BRIDGE_TEMPLATE = "benji_bridge_"
RECONCILIATION_TEMPLATE = "benji_recon_"
"""A template's name ends in the state of the addons that are installed in it."""

UNFINISHED = "_unfinished"


def prepare_account() -> str:
    """Return the name of a database with `account` and nothing else of ours.

    It does not depend on the addon, so it is made once for all.
    """
    _prepare_once(ACCOUNT, "account", "about 1 minute")
    return ACCOUNT


def prepare_shop() -> str:
    """Return the name of a database with Sales and Point of Sale, and nothing of ours.

    It does not depend on the addon either.
    """
    source = prepare_account()
    _prepare_once(SHOP, "sale,point_of_sale", "about 1 minute", source)
    return SHOP


def _prepare_once(database: str, addons: str, time: str, source: str = "") -> None:
    with _one_at_a_time():
        if database_exists(database):
            return
        say(f"installing {addons} into a new database ({time})")
        # Odoo complains of things in there that are not ours and do no harm.
        log = LOCAL / f"{database.removeprefix('benji_')}-install.log"
        with unfinished(database) as name, log.open("w") as file:
            if source:
                copy_database(source, name)
            try:
                install(name, addons, stderr=file)
            except subprocess.CalledProcessError:
                say(log.read_text())
                raise


def prepare_template(**options) -> str:
    """Return the name of a database with the addon, as it is now, installed.

    The options are run_odoo's, for the installation. PostgreSQL copies the database
    (postgresql.copy_database) only while nobody is connected.
    """
    return _prepare(prepare_account(), f"{TEMPLATE}{addon_state()}", ADDON, options)


def prepare_shop_template(**options) -> str:
    """Return one with Sales and Point of Sale too."""
    name = f"{SHOP_TEMPLATE}{addon_state()}"
    return _prepare(prepare_shop(), name, ADDON, options)


def prepare_bridge_template(**options) -> str:
    """Return one with OCA's `queue_job` too: the bridge to it installs itself."""
    name = f"{BRIDGE_TEMPLATE}{addon_state(ADDON, BRIDGE)}"
    return _prepare(prepare_template(**options), name, "queue_job", options)


def prepare_reconciliation_template(**options) -> str:
    """Return one with the reconciliation too."""
    name = f"{RECONCILIATION_TEMPLATE}{addon_state(ADDON, RECONCILIATION)}"
    return _prepare(prepare_template(**options), name, RECONCILIATION, options)


def drop_templates() -> None:
    """Have all of them made anew, but for the one with `account`."""
    kinds = (TEMPLATE, SHOP_TEMPLATE, BRIDGE_TEMPLATE, RECONCILIATION_TEMPLATE)
    for kind in kinds:
        for name in databases_like(f"{kind}%"):
            drop_database(name)


def _prepare(source: str, template: str, addon: str, options) -> str:
    with _one_at_a_time():
        if not database_exists(template):
            say(f"installing {addon} into a copy of {source} (about 10 seconds)")
            for old in databases_like(f"{template.rpartition('_')[0]}_%"):
                drop_database(old)
            with unfinished(template) as name:
                copy_database(source, name)
                install(name, addon, **options)
    return template


def install(database: str, addon: str, **options) -> None:
    """Install `addon` into `database`, which is made if it is missing."""
    run_odoo(
        *("--database", database, "--init", addon, "--stop-after-init"),
        *("--log-level", "warn", "--max-cron-threads", "0"),
        **options,
    )


def addon_state(*addons: str) -> str:
    """Return some letters that change with the files of the addons, their tests apart.

    Those of the main one and of the dashboard are in every database.
    """
    digest = hashlib.sha256()
    for addon in sorted({ADDON, DASHBOARD, *addons}):
        for file in sorted((ROOT / addon).rglob("*")):
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
