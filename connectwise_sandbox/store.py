"""The records, in an SQLite database in memory."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import errors
from .conditions import Condition, fold, pattern_matches
from .schema import Entity, Field, Node, Reference
from .selection import Selection, record_sql

# NOCASE, so that comparisons without case, as ConnectWise's, can use the indexes.
_TABLES = """
CREATE TABLE companies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identifier TEXT COLLATE NOCASE, name TEXT COLLATE NOCASE,
    status_id INTEGER, address1 TEXT, address2 TEXT, city TEXT, state TEXT, zip TEXT,
    phone TEXT, website TEXT, account_number TEXT COLLATE NOCASE,
    default_contact_id INTEGER, bill_to_company_id INTEGER, billing_contact_id INTEGER,
    invoice_email TEXT, invoice_cc TEXT, tax_identifier TEXT, currency TEXT,
    deleted INTEGER, date_deleted TEXT, deleted_by TEXT, types TEXT, updated TEXT,
    extra TEXT);
CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, first_name TEXT, last_name TEXT,
    company_id INTEGER, title TEXT, inactive INTEGER, default_contact INTEGER,
    default_billing INTEGER, items TEXT, updated TEXT, extra TEXT);
CREATE TABLE invoices (
    id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT COLLATE NOCASE,
    type TEXT, status_id INTEGER, company_id INTEGER, bill_to_company_id INTEGER,
    attention TEXT, reference TEXT,
    customer_po TEXT, top_comment TEXT, date TEXT, due_date TEXT, currency TEXT,
    agreement_amount REAL, service_total REAL, product_total REAL, subtotal REAL,
    sales_tax REAL, total REAL, payments REAL, credits REAL, updated TEXT, extra TEXT);
"""
_INDEXES = """
CREATE INDEX companies_name ON companies (name);
CREATE INDEX companies_identifier ON companies (identifier);
CREATE INDEX companies_account ON companies (account_number);
CREATE INDEX companies_updated ON companies (updated);
CREATE INDEX contacts_company ON contacts (company_id);
CREATE INDEX contacts_updated ON contacts (updated);
CREATE INDEX invoices_number ON invoices (number);
CREATE INDEX invoices_company ON invoices (company_id);
CREATE INDEX invoices_updated ON invoices (updated);
"""


class Store:
    """All companies, contacts and invoices; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.isolation_level = None
        self._db.create_function("alike", 2, pattern_matches, deterministic=True)
        self._db.create_function("fold", 1, fold, deterministic=True)
        self._db.executescript(_TABLES)

    def __del__(self) -> None:
        """Close the database when no request uses it any more."""
        self._db.close()

    def insert(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows given as column names and values."""
        for row in rows:
            marks = ", ".join("?" * len(row))
            sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
            with self._lock:
                self._db.execute(sql, tuple(row.values()))

    def insert_many(
        self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Add many rows with the same columns."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        with self._lock:
            self._db.execute("BEGIN")
            self._db.executemany(sql, rows)
            self._db.execute("COMMIT")

    def create_indexes(self) -> None:
        """Create the indexes, after the first rows were inserted."""
        with self._lock:
            self._db.executescript(_INDEXES)

    def select(
        self,
        entity: Entity,
        where: Condition,
        *,
        selection: Selection | None = None,
        order: str = "t.id",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[str]:
        """Return the JSON texts of the records that meet `where`."""
        sql = (
            f"SELECT {record_sql(entity, selection)} FROM {entity.table} t"
            f" WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?"
        )
        rows = self._fetch(sql, [*where.values, limit, offset])
        return [row[0] for row in rows]

    def count(self, entity: Entity, where: Condition) -> int:
        """Return how many records meet `where`."""
        sql = f"SELECT count(*) FROM {entity.table} t WHERE {where.sql}"
        return int(self._fetch(sql, where.values)[0][0])

    def read(self, entity: Entity, number: int) -> dict[str, Any]:
        """Return one whole record.

        :raises errors.ApiError: 404 when there is none
        """
        return dict(json.loads(self.read_text(entity, number)))

    def read_text(
        self, entity: Entity, number: int, selection: Selection | None = None
    ) -> str:
        """Return the JSON text of one record, or raise 404."""
        where = Condition("t.id = ?", [number])
        found = self.select(entity, where, selection=selection, limit=1)
        if not found:
            raise errors.not_found(entity.title, number)
        return found[0]

    def next_id(self, entity: Entity) -> int:
        """Return a new id. Ids of deleted records are not used again."""
        sql = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = ?"
        return int(self._fetch(sql, [entity.table])[0][0])

    def change(self, entity: Entity, number: int, changes: Mapping[str, Any]) -> None:
        """Change a record; `changes` have the structure of the API's records.

        :raises errors.ApiError: 404 for no such record, 400 for no such field
        """
        sql = f"SELECT extra FROM {entity.table} WHERE id = ?"
        rows = self._fetch(sql, [number])
        if not rows:
            raise errors.not_found(entity.title, number)
        columns, extra = _split(entity, changes)
        columns["extra"] = _merged(rows[0][0], changes, extra)
        sets = ", ".join(f"{column} = ?" for column in columns)
        sql = f"UPDATE {entity.table} SET {sets} WHERE id = ?"
        self._fetch(sql, [*columns.values(), number])

    def replace_everywhere(self, table: str, column: str, old: int, new: int) -> None:
        """Replace `old` by `new` in this column of all rows of `table`."""
        sql = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"
        self._fetch(sql, [new, old])

    def delete(self, entity: Entity, number: int) -> None:
        """Delete a record.

        :raises errors.ApiError: 404 for no such record
        """
        self.read_text(entity, number)
        self._fetch(f"DELETE FROM {entity.table} WHERE id = ?", [number])

    def _fetch(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def _split(
    entity: Entity, changes: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide changes into columns of the table, and the rest, which is kept as JSON."""
    columns: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in entity.names:
            raise errors.unknown_name(key)
        node = entity.tree.get(key)
        if isinstance(node, Reference):
            rest = _split_reference(node, value, columns)
            if rest:
                extra[key] = rest
        elif node is not None and node.column:
            columns[node.column] = _stored(node, value)
        else:
            extra[key] = value
    return columns, extra


def _split_reference(
    node: Reference, value: Mapping[str, Any] | None, columns: dict[str, Any]
) -> dict[str, Any]:
    """Add the parts that have a column to `columns`; return the others."""
    if value is None:
        columns |= {part.column: None for part in node.parts.values() if part.column}
        return {}
    rest = {}
    for name, item in value.items():
        part: Node | None = node.parts.get(name)
        if isinstance(part, Field) and part.column:
            columns[part.column] = _stored(part, item)
        else:
            rest[name] = item
    return rest


def _stored(field: Field, value: object) -> object:
    if field.kind == "json" and value is not None:
        return json.dumps(value, ensure_ascii=False)
    return value


def _merged(
    stored: str | None, changes: Mapping[str, Any], extra: Mapping[str, Any]
) -> str | None:
    """Return the JSON that is kept besides the columns, after a change."""
    kept = {k: v for k, v in json.loads(stored or "{}").items() if k not in changes}
    kept |= extra
    return json.dumps(kept, ensure_ascii=False) if kept else None
