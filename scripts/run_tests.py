"""Run one suite of tests, or the checkers and all suites; scripts/test lists them.

Each suite runs in a process of its own, several at once. The output of a suite is shown
when it has ended; pytest's closing lines are shown last.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from testbed.databases import (
    ADDON,
    BRIDGE,
    DASHBOARD,
    RECONCILIATION,
    drop_templates,
    prepare_bridge_template,
    prepare_reconciliation_template,
    prepare_shop_template,
    prepare_template,
)
from testbed.environment import LOCAL, ROOT, free_port, odoo_config, say
from testbed.postgresql import copy_database, drop_database, postgresql

CHECKLOG = LOCAL / "checkers" / "bin" / "checklog-odoo"
END_TO_END = ROOT / "tests" / "end_to_end"
TORTURE = ROOT / "tests" / "torture"
KNOWN_WARNING = "ignore:'crypt' is deprecated"  # From passlib, which Odoo imports.
CLOSING_LINE = re.compile(r"=+ (\d+ \w+|no tests ran).* in [\d.]+s.* =+\n")


def pytest(*arguments: str) -> bool:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def checkers() -> bool:
    return subprocess.run([ROOT / "scripts" / "check"], check=False).returncode == 0


def lib(*arguments: str) -> bool:
    """Without arguments, fail unless every line and branch of the addon's lib/ runs."""
    others = [f"--ignore={folder}" for folder in (END_TO_END, TORTURE)]
    return pytest("tests", *others, *(arguments or ["--cov"]))


def addon(*arguments: str) -> bool:
    return odoo_tests("addon", [ROOT / ADDON / "tests"], arguments)


def addon_a_to_m(*arguments: str) -> bool:
    """Run one half of the addon's tests. Both halves take about equally long."""
    paths = sorted((ROOT / ADDON / "tests").glob("test_[a-m]*.py"))
    return odoo_tests("addon-a-to-m", paths, arguments)


def addon_n_to_z(*arguments: str) -> bool:
    paths = sorted((ROOT / ADDON / "tests").glob("test_[n-z]*.py"))
    return odoo_tests("addon-n-to-z", paths, arguments)


def queue(*arguments: str) -> bool:
    # No job runner: the tests run the jobs themselves.
    os.environ["ODOO_QUEUE_JOB_CHANNELS"] = "root:0"
    paths = [ROOT / BRIDGE / "tests"]
    return odoo_tests("queue", paths, arguments, prepare_bridge_template)


def dash(*arguments: str) -> bool:
    return odoo_tests("dash", [ROOT / DASHBOARD / "tests"], arguments)


def recon(*arguments: str) -> bool:
    paths = [ROOT / RECONCILIATION / "tests"]
    return odoo_tests("recon", paths, arguments, prepare_reconciliation_template)


def shop(*arguments: str) -> bool:
    names = ["test_contact_addresses", "test_point_of_sale"]
    paths = [ROOT / ADDON / "tests" / f"{name}.py" for name in names]
    return odoo_tests("shop", paths, arguments, prepare_shop_template)


def odoos_own(*arguments: str) -> bool:
    from odoo import release

    import odoo.addons

    source = Path(release.__file__).parent.parent
    roots = [*odoo.addons.__path__, source / "addons"]
    account = next(filter(Path.is_dir, (Path(root, "account/tests") for root in roots)))
    names = ["test_account_move_send", "test_portal_invoice", "test_download_docs"]
    return odoo_tests("odoo", [account / f"{name}.py" for name in names], arguments)


def odoo_tests(
    name: str, paths: list[Path], arguments, prepare=prepare_template
) -> bool:
    """Run tests inside Odoo, in a new copy of the database that `prepare` makes.

    An unknown warning in Odoo's log is a failure too.
    """
    database = f"benji_test_{name}".replace("-", "_")
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        template = install(prepare, LOCAL / f"test-{name}-install.log")
        if not template:
            return False
        copy_database(template, database)
        stack.callback(drop_database, database)
        log = LOCAL / f"test-{name}.log"
        log.unlink(missing_ok=True)
        os.environ["BENJI_CONNECTWISE_DISPOSABLE_DATABASE"] = "1"
        passed = pytest(
            *("-p", "pytest_odoo"),
            *("-o", "pythonpath=.", "-o", f"filterwarnings={KNOWN_WARNING}"),
            f"--rootdir={ROOT}",
            *(f"--odoo-config={odoo_config()}", f"--odoo-database={database}"),
            *("--odoo-http", "--odoo-log-level=info", f"--odoo-extra=logfile={log}"),
            # Two clones may run their tests at the same time.
            f"--odoo-extra=http-port={free_port()}",
            *map(str, paths),
            *arguments,
        )
        return quiet(log) and passed


def install(prepare: Callable[..., str], log: Path) -> str | None:
    """Return the database to copy, or None if Odoo failed or logged a warning."""
    try:
        with log.open("w") as file:
            template = prepare(stderr=file)
    except subprocess.CalledProcessError:
        print(log.read_text(), flush=True)
        return None
    if quiet(log, "--no-err-if-empty"):
        return template
    drop_templates()
    return None


def quiet(log: Path, *options: str) -> bool:
    """Whether Odoo's log has no warnings except those in checklog-odoo.cfg."""
    subprocess.run([ROOT / "scripts" / "setup", "check"], check=True)
    result = subprocess.run(
        [CHECKLOG, "--config", ROOT / "checklog-odoo.cfg", *options, log],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        print(f"{result.stdout}The whole log: {log.relative_to(ROOT)}", flush=True)
    return result.returncode == 0


def e2e(*arguments: str) -> bool:
    return pytest(str(END_TO_END), *arguments)


def torture(*arguments: str) -> bool:
    """Run the torture tests with fewer cases than scripts/torture."""
    return pytest(str(TORTURE), *arguments)


PROGRAMS: dict[str, Callable[..., bool]] = {
    "checkers": checkers,
    "lib": lib,
    "addon-n-to-z": addon_n_to_z,
    "addon-a-to-m": addon_a_to_m,
    "torture": torture,
    "odoo": odoos_own,
    "shop": shop,
    "e2e": e2e,
    "queue": queue,
    "recon": recon,
    "dash": dash,
}
"""The suites, the longest first, after those that need no database."""

SUITES = {**PROGRAMS, "addon": addon}


class Everything:
    """All suites, several at once."""

    def __init__(self) -> None:
        # One more than the processors, because some suites wait most of the time.
        self.count = (os.cpu_count() or 1) + 1
        self.closing_lines: dict[str, list[str]] = {}
        self.failed: list[str] = []

    def run(self) -> bool:
        with postgresql(), ThreadPoolExecutor(self.count) as executor:
            installed = executor.submit(
                install, prepare_bridge_template, LOCAL / "test-install.log"
            )
            for running in [
                executor.submit(self._run_suite, title, installed) for title in PROGRAMS
            ]:
                running.result()
        failed = ", ".join(title for title in PROGRAMS if title in self.failed)
        print(f"\nfailed: {failed}\n" if failed else "", end="")
        for title in PROGRAMS:
            print(*self.closing_lines[title], sep="", end="", flush=True)
        return not failed

    def _run_suite(self, title: str, installed: Future[str | None]) -> None:
        started = time.monotonic()
        if title in ("checkers", "lib") or installed.result():
            say(f"==== {title} …")
            result = subprocess.run(
                [sys.executable, "-m", "scripts.run_tests", title],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            output, passed = result.stdout, result.returncode == 0
        else:
            output, passed = "its database could not be made\n", False
        lines = output.splitlines(keepends=True)
        closing = [line for line in lines if CLOSING_LINE.fullmatch(line)]
        self.closing_lines[title] = closing
        if not passed:
            self.failed.append(title)
        text = "".join(line for line in lines if line not in closing)
        seconds = time.monotonic() - started
        print(f"\n==== {title}: {seconds:.0f} s\n{text}", end="", flush=True)


def main(arguments: list[str]) -> int:
    if not arguments:
        return not Everything().run()
    title, *others = arguments
    return not SUITES[title](*others)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
