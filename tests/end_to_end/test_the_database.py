"""Odoo's database, as the owner of a dump sees it."""

from contextlib import closing

from odoo_with_demo import Odoo
from psycopg2 import sql

from testbed.postgresql import Database


def test_private_key_in_the_database_is_encrypted(odoo: Odoo) -> None:
    """It was stored in clear before there was an encryption key, and is saved again."""
    odoo.end_pause()
    [backend] = odoo.accountant.call(
        "connectwise.backend", "search_read", [], ["state"]
    )
    assert backend["state"] == "connected"
    values = {"private_key": odoo.sandbox.private_key}
    odoo.accountant.call("connectwise.backend", "write", [backend["id"]], values)
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    holding = sql.SQL("SELECT 1 FROM {table} WHERE {table}::text LIKE {text}")
    text = sql.Literal(f"%{odoo.sandbox.private_key}%")
    with closing(Database(odoo.database)) as database:
        stored = database.value("SELECT stored_private_key FROM connectwise_backend")
        assert stored.startswith("fernet:")
        for (table,) in database.query(tables):
            query = holding.format(table=sql.Identifier(table), text=text)
            assert not database.query(query), table
