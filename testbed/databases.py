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
"""It installs itself with the addon if Odoo's accounting dashboard is installed."""

DEMO_ADDONS = (ADDON, RECONCILIATION)
ACCOUNT = "benji_account"
SHOP = "benji_shop"
TEMPLATE = "benji_template_"
SHOP_TEMPLATE = "benji_shoptemplate_"
BRIDGE_TEMPLATE = "benji_bridge_"
RECONCILIATION_TEMPLATE = "benji_recon_"
"""Names of templates begin like this, and end in the `addon_state` of their addons."""

UNFINISHED = "_unfinished"


def prepare_account() -> str:
    """Return the name of a database with `account`, and without our addons.

    It does not depend on our addons, so it is made only once.
    """
    _prepare_once(ACCOUNT, "account", "about 1 minute")
    return ACCOUNT


def prepare_shop() -> str:
    """Return the name of a database with Sales and Point of Sale, without our addons.

    It is made only once too.
    """
    source = prepare_account()
    _prepare_once(SHOP, "sale,point_of_sale", "about 1 minute", source)
    return SHOP


def _prepare_once(database: str, addons: str, time: str, source: str = "") -> None:
    with _one_at_a_time():
        if database_exists(database):
            return
        say(f"installing {addons} into a new database ({time})")
        # The log has Odoo's own warnings, which are harmless.
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
    """Return the name of a database with the present version of the addon.

    PostgreSQL copies the database (postgresql.copy_database) only while nobody is
    connected to it.

    :param options: as for `run_odoo`, for the installation
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
    """Delete the databases with the addon, so that they are made again."""
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
    """Return a short digest of the files of the addons, without their tests.

    The main addon and the dashboard are always included: every database has them.
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
    """Yield a temporary name; rename the database when the block ends without an error.

    An interrupted database therefore never looks like a finished one.
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
