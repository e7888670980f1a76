"""Make the README.rst of each addon, and the tables in docs/.

python -m scripts.make_documents            write them; needs Odoo's source
python -m scripts.make_documents --check    list the outdated ones
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from .source_code import (
    ADDONS,
    ROOT,
    OdooSource,
    find_columns,
    find_elements,
    find_hooks,
    find_models,
    find_overrides,
    find_own_names,
    find_records,
    read_manifest,
    read_values,
)

SHEET = ROOT / "docs" / "integrators.md"
EXTENDING = ROOT / "docs" / "extending.md"

SECTIONS = {
    "INSTALL": "Install",
    "CONFIGURE": "Configure",
    "USAGE": "Use",
    "ROADMAP": "Known limits",
    "HISTORY": "History",
}
"""The OCA's names of the fragments in readme/ after DESCRIPTION, and our titles."""


def main() -> None:
    if "--check" in sys.argv:
        stale = [file for file, text in prepare_documents() if not is_same(file, text)]
        for file in stale:
            print(f"{file.relative_to(ROOT)}: run scripts/documents")
        sys.exit(bool(stale))
    for file, text in prepare_documents():
        file.write_text(text)
    # The lines move with each version of Odoo, so they are not checked.
    SHEET.write_text(fill(SHEET.read_text(), "overrides", render_overrides()))


def prepare_documents() -> Iterator[tuple[Path, str]]:
    """Yield each file with the text that it should have.

    Line numbers of Odoo's source are left as they are in the file.
    """
    for addon in ADDONS:
        yield addon / "README.rst", render_readme(addon)
    sheet = SHEET.read_text()
    for name, table in (
        ("columns", render_columns()),
        ("tables", render_tables()),
        ("actions", render_actions()),
        ("views", render_views()),
    ):
        sheet = fill(sheet, name, table)
    yield SHEET, sheet
    yield EXTENDING, fill(EXTENDING.read_text(), "hooks", render_hooks())


def is_same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def fill(text: str, name: str, table: str) -> str:
    """Replace the text between the two marks of this name by `table`."""
    mark = f"<!-- {name} -->\n"
    start, _old, end = text.split(mark)
    return f"{start}{mark}\n{table}\n{mark}{end}"


# README.rst --------------------------------------------------------------------------


def render_readme(addon: Path) -> str:
    """Return the README.rst of an addon."""
    manifest = read_manifest(addon)
    parts = [
        ".. Made by scripts/documents from readme/ and __manifest__.py.",
        title(manifest["name"], "=", above=True),
        read_fragment(addon, "DESCRIPTION"),
    ]
    for name, heading in SECTIONS.items():
        if fragment := read_fragment(addon, name):
            parts += [title(heading, "="), fragment]
    parts += [
        title("Help", "="),
        f"Documentation: {manifest['website']}/tree/main/docs\n\n"
        f"Questions and faults: {manifest['support']}\n\n"
        f"Licence: {manifest['license']}. ConnectWise is a trademark of its owner; this"
        " project is not\naffiliated with it.",
    ]
    return "\n\n".join(parts) + "\n"


def title(text: str, line: str, above: bool = False) -> str:
    underline = line * len(text)
    return "\n".join([underline] * above + [text, underline])


def read_fragment(addon: Path, name: str) -> str:
    file = addon / "readme" / f"{name}.rst"
    return file.read_text().strip() if file.exists() else ""


# The tables in docs/ -----------------------------------------------------------------


def render_overrides() -> str:
    source = OdooSource()
    rows = []
    for model, method in find_overrides():
        place = source.find_method(model.name, method.name)
        ours = model.file.relative_to(ROOT)
        rows.append(
            f"| `{model.name}` | `{method.name}` |"
            f" [{ours.stem}](../{ours}) | `{place}` |"
        )
    return table("model | method | overridden in | of Odoo", rows)


def read_overrides(sheet: str) -> set[tuple[str, str]]:
    """Return (model, method) of each row that `render_overrides` made."""
    rows = sheet.split("<!-- overrides -->\n")[1]
    return set(re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|", rows, re.MULTILINE))


def render_columns() -> str:
    own, columns = find_own_names(), {}
    for model in find_models():
        if model.is_own or model.name in own or model.kind != "Model":
            continue
        names = columns.setdefault(model.name, [])
        names += [f"`{name}`" for name in find_columns(model.node)]
    rows = [f"| `{name}` | {', '.join(names)} |" for name, names in columns.items()]
    return table("table of Odoo | columns", [row for row in rows if "| `" in row[3:]])


def render_tables() -> str:
    rows, dialogs = [], []
    for model in find_models():
        name = f"`{model.name.replace('.', '_')}`"
        if model.is_own and model.kind == "Model":
            rows.append(f"| {name} | {read_values(model.node)['_description']} |")
        elif model.is_own and model.kind == "TransientModel":
            dialogs.append(name)
    kept = table("table | what", sorted(rows))
    names = ", ".join(sorted(dialogs))
    return f"{kept}\n\nOf dialogs, emptied by Odoo's daily clean-up: {names}."


def render_actions() -> str:
    rows = []
    for record in find_records("ir.cron"):
        fields = {field.get("name"): field for field in record.iter("field")}
        number = fields["interval_number"].get("eval")
        unit = fields["interval_type"].text or ""
        every = unit.removesuffix("s") if number == "1" else f"{number} {unit}"
        rows.append(f"| {fields['name'].text} | every {every} |")
    return table("scheduled action | when, beside when it is woken", rows)


def render_views() -> str:
    rows = []
    for record in find_records("ir.ui.view"):
        for field in record.iter("field"):
            if field.get("name") == "inherit_id":
                rows.append(f"`{field.get('ref')}`")
    for template in find_elements("template"):
        if template.get("inherit_id"):
            rows.append(f"`{template.get('inherit_id')}`")
    own = tuple(f"`{addon.name}." for addon in ADDONS)
    others = sorted({row for row in rows if not row.startswith(own)})
    return f"Views that are extended: {', '.join(others)}."


def render_hooks() -> str:
    rows = [
        f"| {'overrides' if hook.is_overridden else 'calls'} | `{hook.name}` |"
        f" [{hook.file.stem}](../{hook.file.relative_to(ROOT)}) | {hook.text} |"
        for hook in find_hooks()
    ]
    return table("the bridge | hook | in | what it does", rows)


def table(head: str, rows: list[str]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|---" * columns + "|", *rows])


if __name__ == "__main__":
    main()
