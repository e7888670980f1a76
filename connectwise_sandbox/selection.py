"""Turning the parameters ``fields`` and ``orderBy`` of a request into SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from . import errors
from .conditions import Condition, compile_conditions
from .schema import Entity, Field, Node, Reference

# The wanted branches of a record, {name: its wanted parts, or None for all}.
Selection = dict[str, set[str] | None]


def parse_fields(entity: Entity, text: str) -> Selection | None:
    """Read ``id,name,status/id``; an empty text means everything (None).

    :raises errors.ApiError: for a name that the record does not have
    """
    wanted: Selection = {}
    for path in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = path.partition("/")
        key = _schema_name(entity, name)
        part = _part_name(entity.tree.get(key), rest, path) if rest else None
        chosen = wanted.setdefault(key, set())
        if part is None:
            wanted[key] = None
        elif chosen is not None:
            chosen.add(part)
    return wanted or None


def record_sql(entity: Entity, selection: Selection | None) -> str:
    """Return the SQL that builds the JSON text of a row, without its nulls."""
    if selection is None:
        whole = _object_sql(
            {key: _node_sql(node, None) for key, node in entity.tree.items()}
        )
        record = (
            f"CASE WHEN t.extra IS NULL THEN {whole}"
            f" ELSE json_patch({whole}, t.extra) END"
        )
    else:
        record = _object_sql(
            {
                key: _node_sql(entity.tree.get(key) or _unmapped_json(key), parts or ())
                for key, parts in selection.items()
            }
        )
    # A merge patch on an empty object leaves nulls out (RFC 7396).
    return f"json_patch('{{}}', {record})"


def find_field(entity: Entity, path: str) -> Field:
    """Return the field at a path such as ``company/id``, for conditions and orders.

    :raises errors.ApiError: when there is none, or when it is a list or an object
    """
    if path.lower() == "lastupdated":
        # Public clients use the short name, although it is not at the top level.
        path = "_info/lastUpdated"
    name, _, rest = path.partition("/")
    key = _schema_name(entity, name)
    node = entity.tree.get(key)
    if isinstance(node, Reference):
        if not rest:
            raise errors.bad_enum()
        node = node.parts[_part_name(node, rest, path)]
    elif rest and node is not None:
        raise errors.unknown_name(path)
    if node is None:
        return _unmapped(f"{key}.{rest.replace('/', '.')}" if rest else key)
    if node.kind == "json":
        raise errors.unknown_name(path)
    return node


def compile_child_conditions(entity: Entity, text: str) -> Condition:
    """Turn conditions on the items of one list, such as ``types/id = 1``, into SQL."""
    lists: set[str] = set()

    def resolve(path: str) -> Field:
        name, _, rest = path.partition("/")
        key = _schema_name(entity, name)
        node = entity.tree.get(key)
        if not isinstance(node, Field) or node.kind != "json" or not rest:
            raise errors.unknown_name(path)
        lists.add(node.sql)
        return Field(f"json_extract(item.value, '$.{rest.replace('/', '.')}')", "any")

    inner = compile_conditions(text, resolve)
    if not lists:
        return inner
    if len(lists) > 1:
        raise errors.find_condition("childConditions must be about one list.")
    source = f"json_each({lists.pop()}) item"
    return Condition(f"EXISTS (SELECT 1 FROM {source} WHERE {inner.sql})", inner.values)


def order_sql(entity: Entity, text: str) -> str:
    """Return the ORDER BY for ``name desc, id``; by id if the text is empty."""
    parts = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([\w/]+)(?:\s+(asc|desc))?", item, re.IGNORECASE)
        if match is None:
            raise errors.find_condition(f"{item} is not a valid order.")
        field = find_field(entity, match[1])
        collate = " COLLATE NOCASE" if field.kind == "text" else ""
        parts.append(f"{field.sql}{collate} {match[2] or 'asc'}")
    return ", ".join([*parts, "t.id"] if parts != ["t.id asc"] else parts)


def _schema_name(entity: Entity, name: str) -> str:
    """Return `name` as the schema spells it, because ConnectWise ignores the case."""
    if name in entity.names:
        return name
    for known in entity.names:
        if known.lower() == name.lower():
            return known
    raise errors.unknown_name(name)


def _part_name(node: Node | None, rest: str, path: str) -> str:
    if isinstance(node, Reference):
        for known in node.parts:
            if known.lower() == rest.lower():
                return known
        raise errors.unknown_name(path)
    return rest


def _unmapped(path: str) -> Field:
    """Return a field of the schema that is empty unless a change stored it."""
    return Field(f"json_extract(t.extra, '$.{path}')", "any")


def _unmapped_json(key: str) -> Field:
    # The arrow keeps JSON as it is, where json_extract would turn true into 1.
    return Field(f"t.extra -> '$.{key}'", "json")


def _node_sql(node: Node, parts: Collection[str] | None) -> str:
    """Return the SQL of a branch: whole (None), or as `fields` asks (names, or all).

    ``_info`` is included only if all fields or ``_info`` itself are asked for, as users
    report.
    """
    if isinstance(node, Field):
        return _field_sql(node)
    if parts is None:
        names = list(node.parts)
    else:
        names = [name for name in parts or node.parts if parts or name != "_info"]
    built = _object_sql({name: _field_sql(node.parts[name]) for name in names})
    if not node.present:
        return built
    return f"json(CASE WHEN {node.present} THEN {built} END)"


def _object_sql(values: Mapping[str, str]) -> str:
    pairs = ", ".join(f"'{name}', {sql}" for name, sql in values.items())
    return f"json_object({pairs})"


def _field_sql(field: Field) -> str:
    if field.kind == "flag":
        return f"json(CASE {field.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
    return f"json({field.sql})" if field.kind == "json" else field.sql
