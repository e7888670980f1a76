"""Run mutmut over lib/ and say how many of its mutants the tests kill.

mutmut changes the bodies of functions and methods. It leaves out properties and code
that runs at import (tables, regular expressions, defaults). A mutant is killed by the
first test that fails, or if its tests take many times as long as usual.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT / "benji_connectwise" / "lib"
WORK = ROOT / ".local" / "mutate"
SURVIVED = WORK / "survived"
GOAL = 90  # percent, of each package
ROW = "{:32}{:>8}{:>8}{:>10}{:>10}{:>8}"


def prepare() -> None:
    """Copy the folders into the layout that mutmut needs, with packages in ``src``."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name, target in {
        "src": LIB,
        "tests": ROOT / "tests",
        "pyproject.toml": ROOT / "pyproject.toml",
        "mutation_profile.py": ROOT / "scripts" / "mutation_profile.py",
    }.items():
        (WORK / name).symlink_to(target)


def mutate(modules: list[str]) -> int:
    names = [f"{module.removesuffix('.py').replace('/', '.')}.*" for module in modules]
    mutmut = Path(sys.executable).with_name("mutmut")
    # Two for each processor, because the tests wait more than they compute.
    children = f"--max-children={2 * (os.cpu_count() or 1)}"
    command = [mutmut, "run", children, *names]
    return subprocess.run(command, cwd=WORK, check=False).returncode


def report() -> bool:
    """Print the table, write the survivors' diffs; return whether the goal is met."""
    # mutmut reads the settings in the current folder.
    os.chdir(WORK)
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code

    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for meta in sorted(Path("mutants/src").rglob("*.meta")):
        module = meta.relative_to("mutants/src").with_suffix("")
        for mutant, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            if code is None:
                continue
            status = status_by_exit_code[code]
            if status not in ("killed", "timeout"):
                status = "survived"
                diff = SURVIVED / module.with_suffix(".diff")
                diff.parent.mkdir(parents=True, exist_ok=True)
                with diff.open("a") as file:
                    text = get_diff_for_mutant(mutant, path=Path("src") / module)
                    file.write(f"# {mutant}\n{text}\n")
            counts[str(module)][status] += 1
            counts[module.parts[0]][status] += 1
    print(ROW.format("module", "mutants", "killed", "timed out", "survived", "score"))
    met = bool(counts)
    for name, count in sorted(counts.items()):
        score = 100 - 100 * count["survived"] / count.total()
        row = (count.total(), count["killed"], count["timeout"], count["survived"])
        print(ROW.format(name, *row, f"{score:.1f}%"))
        met = met and ("/" in name or score >= GOAL)
    return met


def main(modules: list[str]) -> int:
    unknown = [module for module in modules if not (LIB / module).is_file()]
    if unknown:
        print(f"No such module in {LIB.relative_to(ROOT)}: {', '.join(unknown)}")
        return 2
    prepare()
    return mutate(modules) or not report()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
