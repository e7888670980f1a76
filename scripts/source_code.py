"""Our addons and Odoo, read without running them: models, methods, XML, manifests."""

import ast
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
ADDONS = sorted(file.parent for file in ROOT.glob("*/__manifest__.py"))
MAIN = ROOT / "benji_connectwise"
BRIDGE = ROOT / "benji_connectwise_queue_job"


# Manifests and data files -------------------------------------------------------------


def read_manifest(addon: Path) -> dict[str, Any]:
    return ast.literal_eval((addon / "__manifest__.py").read_text())


def find_records(model: str) -> Iterator[ET.Element]:
    return (part for part in find_elements("record") if part.get("model") == model)


def find_elements(tag: str) -> Iterator[ET.Element]:
    for addon in ADDONS:
        for file in read_manifest(addon).get("data", []):
            if file.endswith(".xml"):
                # Our own files.
                yield from ET.parse(addon / file).getroot().iter(tag)  # nosec B314


# Our classes --------------------------------------------------------------------------


class Model(NamedTuple):
    """A class of an addon that defines or extends a model, or extends a controller."""

    addon: Path
    file: Path
    node: ast.ClassDef
    name: str
    """Of the model, or of Odoo's controller."""
    is_own: bool
    kind: str
    """Model, AbstractModel, TransientModel or Controller."""

    @property
    def methods(self) -> list[ast.FunctionDef]:
        return [part for part in self.node.body if isinstance(part, ast.FunctionDef)]


@cache
def find_models() -> tuple[Model, ...]:
    """Return the classes of all addons, sorted by addon and file."""
    found = []
    for addon in ADDONS:
        for part in ("controllers", "models", "wizards"):
            for file in sorted((addon / part).glob("*.py")):
                found += _find_models(addon, file)
    return tuple(found)


def _find_models(addon: Path, file: Path) -> Iterator[Model]:
    tree = ast.parse(file.read_text())
    from_odoo = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("odoo.addons.")
        for alias in node.names
    }
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or not node.bases:
            continue
        base = ast.unparse(node.bases[0])
        values = read_values(node)
        if base.startswith("models."):
            name = values.get("_name") or values["_inherit"]
            kind = base.removeprefix("models.")
            yield Model(addon, file, node, name, "_name" in values, kind)
        elif base in from_odoo:
            yield Model(addon, file, node, base, False, "Controller")


def read_values(node: ast.ClassDef) -> dict[str, Any]:
    """Return the class attributes _name, _inherit and _description that are texts."""
    values = {}
    for part in node.body:
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
            try:
                values[part.targets[0].id] = ast.literal_eval(part.value)
            except ValueError:
                continue
    return values


def find_own_names() -> set[str]:
    return {model.name for model in find_models() if model.is_own}


def find_overrides() -> list[tuple[Model, ast.FunctionDef]]:
    """Return the methods of Odoo that are overridden: those that call super()."""
    own = find_own_names()
    return [
        (model, method)
        for model in find_models()
        if model.name not in own
        for method in model.methods
        if calls_super(method)
    ]


def calls_super(method: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "super"
        for node in ast.walk(method)
    )


def find_columns(node: ast.ClassDef) -> Iterator[str]:
    """Yield the fields of a class that are columns of its table."""
    for part in node.body:
        call = part.value if isinstance(part, ast.Assign) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if ast.unparse(call.func.value) != "fields":
            continue
        options = {word.arg: ast.unparse(word.value) for word in call.keywords}
        is_derived = options.keys() & {"compute", "related"}
        is_elsewhere = call.func.attr in ("One2many", "Many2many")
        is_file = call.func.attr == "Binary" and options.get("attachment") != "False"
        if is_elsewhere or is_file or (is_derived and options.get("store") != "True"):
            continue
        yield part.targets[0].id


# What the bridge takes from the main addon --------------------------------------------


class Hook(NamedTuple):
    """A method or function of the main addon that the bridge overrides or calls."""

    name: str
    file: Path
    text: str
    """The first sentence of its docstring."""
    is_overridden: bool


def find_hooks() -> list[Hook]:
    """Return all hooks, sorted by file and name."""
    overridden, called, imported = set(), set(), set()
    for file in BRIDGE.rglob("*.py"):
        if "tests" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and calls_super(node):
                overridden.add(node.name)
            elif isinstance(node, ast.Attribute):
                called.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and node.module:
                place, of_main, module = node.module.partition(f"{MAIN.name}.")
                if of_main and place == "odoo.addons.":
                    source = MAIN / f"{module.replace('.', '/')}.py"
                    imported |= {(source, alias.name) for alias in node.names}
    hooks = [
        _describe(f"{model.name}.{method.name}()", model.file, method, overridden)
        for model in find_models()
        if model.addon == MAIN and model.is_own
        for method in model.methods
        if method.name in overridden
        or (method.name in called and method.name.startswith("_"))
    ]
    for file, name in imported:
        tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
        hooks += [
            _describe(f"{name}()", file, node, set())
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == name
        ]
    return sorted(hooks, key=lambda hook: (not hook.is_overridden, hook.name))


def _describe(
    name: str, file: Path, node: ast.FunctionDef, overridden: set[str]
) -> Hook:
    text = (ast.get_docstring(node) or "").partition("\n")[0]
    return Hook(name, file, text, node.name in overridden)


# Odoo's source ------------------------------------------------------------------------


class OdooSource:
    """Finds where Odoo defines a method of a model, without running it."""

    def __init__(self) -> None:
        places = map(Path, find_spec("odoo").submodule_search_locations)
        self.root = next(path for path in places if (path / "release.py").exists())
        self.addons = [self.root / "addons", self.root.parent / "addons"]
        self.modules = self._order_modules("account", [])
        self.classes = [item for name in self.modules for item in self._read(name)]

    def find_method(self, model: str, method: str) -> str:
        """Return file:line of the definition that an override calls by super()."""
        return self._find(model, method) or self._find_in_orm(method) or "?"

    def _find(self, model: str, method: str) -> str | None:
        mine = [item for item in self.classes if model in item[0]]
        # The class that defines the model comes before those that extend it.
        for _names, file, node in sorted(mine, key=lambda item: not item[0][0]):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name == method:
                    return f"{file}:{part.lineno}"
        for names, _file, node in mine:
            inherited = read_values(node).get("_inherit", [])
            for parent in [inherited] if isinstance(inherited, str) else inherited:
                if parent not in names and (place := self._find(parent, method)):
                    return place
        return None

    def _find_in_orm(self, method: str) -> str | None:
        file = self.root / "orm" / "models.py"
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == method:
                return f"odoo/orm/models.py:{node.lineno}"
        return None

    def _order_modules(self, name: str, found: list[str]) -> list[str]:
        """Return an addon and its dependencies, dependencies first."""
        needs = read_manifest(self._locate(name)).get("depends") or ["base"]
        for needed in needs:
            if needed not in (*found, name):
                self._order_modules(needed, found)
        if name not in found:
            found.append(name)
        return found

    def _locate(self, module: str) -> Path:
        paths = (path / module for path in self.addons)
        return next(path for path in paths if path.is_dir())

    def _read(self, module: str) -> Iterator[tuple[tuple[str, ...], str, ast.ClassDef]]:
        """Yield ((its own name or "", the names it extends), file, class)."""
        folder = self._locate(module)
        for file in sorted(folder.rglob("*.py")):
            if "tests" in file.parts:
                continue
            short = f"{module}/{file.relative_to(folder)}"
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    yield self._name(node), short, node

    def _name(self, node: ast.ClassDef) -> tuple[str, ...]:
        values = read_values(node)
        if "_name" in values:
            return (values["_name"],)
        inherited = values.get("_inherit", node.name)
        return ("", inherited if isinstance(inherited, str) else inherited[0])
