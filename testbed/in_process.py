"""Odoo in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .environment import odoo_config


@contextmanager
def odoo_in_process(database: str, smtp_port: int = 0) -> Iterator[Any]:
    """Load Odoo into this process, and yield the registry of the database."""
    from odoo import sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    options = ["--config", str(odoo_config()), "--database", database]
    options += ["--max-cron-threads", "0"]
    options += ["--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)]
    config.parse_config(options, setup_logging=False)
    try:
        yield Registry(database)
    finally:
        Registry.delete(database)
        sql_db.close_all()


@contextmanager
def transaction(registry: Any, login: str = "") -> Iterator[Any]:
    """Yield an environment of this user, or of the superuser; commit at the end."""
    from odoo import SUPERUSER_ID, api

    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if login:
            env = env(user=env["res.users"].search([("login", "=", login)]))
        yield env
