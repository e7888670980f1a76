"""Using Python's rows as a table in an SQL query."""

import hashlib

from odoo.tools import SQL

from ...const import LONGEST_KEY


def as_table(rows, columns):
    """Return an SQL query of these rows, to be used in another one.

    :param rows: tuples
    :param columns: {name: PostgreSQL's type}, in the order of the tuples
    """
    values = zip(*rows, strict=True) if rows else ([] for _column in columns)
    return SQL(
        "SELECT * FROM unnest(%s) AS page (%s)",
        SQL(", ").join(
            SQL(f"%s::{kind}[]", _as_array(column))
            for kind, column in zip(columns.values(), values, strict=True)
        ),
        SQL(", ").join(map(SQL.identifier, columns)),
    )


def as_key(text):
    """Return a normalised text as it is stored and compared; None if it is empty."""
    text = text or ""
    if len(text) <= LONGEST_KEY:
        return text or None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:LONGEST_KEY]} {digest}"


def _as_array(values):
    """Write values as PostgreSQL's text of an array (its manual, 8.15.2).

    A list given to psycopg2 becomes an expression of a thousand elements, which takes
    PostgreSQL four times as long.
    """
    return "{" + ",".join(map(_as_element, values)) + "}"


def _as_element(value):
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
