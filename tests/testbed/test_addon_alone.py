"""The addon's folder can be installed, and its tests run, without the repository."""

import ast
from pathlib import Path

from testbed.environment import ROOT

BESIDE = {folder.name for folder in ROOT.iterdir() if folder.is_dir()}
GUARDED = "benji_connectwise/tests/common.py"
"""Skips the tests where the sandbox is missing."""


def imported(file: Path) -> set[str]:
    """Return the names of the packages that a file imports, except its own."""
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_only_the_sandbox_is_imported_from_outside_the_addon():
    """Only where its absence is handled."""
    found = {
        str(file.relative_to(ROOT)): sorted(imported(file) & BESIDE)
        for file in ROOT.glob("benji_connectwise*/**/*.py")
    }
    beside = {file: names for file, names in found.items() if names}
    assert beside == {GUARDED: ["connectwise_sandbox"]}
