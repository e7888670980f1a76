"""Odoo's database, as whoever has a dump of it sees it."""

from contextlib import closing

import psycopg2
from psycopg2 import sql
from running import DATABASE, Odoo


def test_the_private_key_is_in_it_encrypted_alone(odoo: Odoo) -> None:
    """S35: it was stored in clear before the server was started with a key for that."""
    odoo.end_pause()
    [backend] = odoo.accountant.call(
        "connectwise.backend", "search_read", [], ["state"]
    )
    assert backend["state"] == "connected"
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    holding = sql.SQL("SELECT 1 FROM {table} WHERE {table}::text LIKE {text}")
    with (
        closing(psycopg2.connect(dbname=DATABASE)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT stored_private_key FROM connectwise_backend")
        [[stored]] = cursor.fetchall()
        assert stored.startswith("fernet:")
        cursor.execute(tables)
        for (table,) in cursor.fetchall():
            query = holding.format(
                table=sql.Identifier(table),
                text=sql.Literal(f"%{odoo.sandbox.private_key}%"),
            )
            cursor.execute(query)
            assert not cursor.fetchall(), table
