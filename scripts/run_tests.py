"""Run one suite of tests, or the checkers and every suite; scripts/test explains which.

Everything runs to its end; pytest's closing lines come last.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from testbed.databases import (
    ADDON,
    BRIDGE,
    prepare_bridge_template,
    prepare_shop_template,
    prepare_template,
)
from testbed.environment import LOCAL, ROOT, free_port, odoo_config, say
from testbed.postgresql import copy_database, drop_database, postgresql

CHECKLOG = LOCAL / "checkers" / "bin" / "checklog-odoo"
END_TO_END = ROOT / "tests" / "end_to_end"
TORTURE = ROOT / "tests" / "torture"
KNOWN_WARNING = "ignore:'crypt' is deprecated"  # passlib's, which Odoo imports
CLOSING_LINE = re.compile(r"=+ (\d+ \w+|no tests ran).* in [\d.]+s.* =+\n")


class Report:
    """What ran, and how it ended."""

    def __init__(self, hold_back: bool) -> None:
        self.hold_back = hold_back
        self.closing_lines: list[str] = []
        self.failed: list[str] = []

    def run(self, title: str, suite: Callable[..., bool], *arguments) -> None:
        say(f"\n==== {title}")
        started = time.monotonic()
        if not suite(self, *arguments):
            self.failed.append(title)
        say(f"==== {title}: {time.monotonic() - started:.0f} s")

    def pytest(self, *arguments: str) -> bool:
        command = [sys.executable, "-m", "pytest", *arguments]
        if not self.hold_back:
            return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout:
                if CLOSING_LINE.fullmatch(line):
                    self.closing_lines.append(line)
                else:
                    print(line, end="", flush=True)
        return process.returncode == 0


def checkers(report: Report) -> bool:
    return subprocess.run([ROOT / "scripts" / "check"], check=False).returncode == 0


def lib(report: Report, *arguments: str) -> bool:
    """Without arguments, every line and branch of the addon's lib/ has to be run."""
    others = [f"--ignore={folder}" for folder in (END_TO_END, TORTURE)]
    return report.pytest("tests", *others, *(arguments or ["--cov"]))


def addon(report: Report, *arguments: str) -> bool:
    return odoo_tests(report, "addon", [ROOT / ADDON / "tests"], arguments)


def queue(report: Report, *arguments: str) -> bool:
    # The tests run the jobs themselves: no job runner beside them.
    os.environ["ODOO_QUEUE_JOB_CHANNELS"] = "root:0"
    paths = [ROOT / BRIDGE / "tests"]
    return odoo_tests(report, "queue", paths, arguments, prepare_bridge_template)


def shop(report: Report, *arguments: str) -> bool:
    names = ["test_contact_addresses", "test_point_of_sale"]
    paths = [ROOT / ADDON / "tests" / f"{name}.py" for name in names]
    return odoo_tests(report, "shop", paths, arguments, prepare_shop_template)


def odoos_own(report: Report, *arguments: str) -> bool:
    from odoo import release

    import odoo.addons

    source = Path(release.__file__).parent.parent
    roots = [*odoo.addons.__path__, source / "addons"]
    account = next(filter(Path.is_dir, (Path(root, "account/tests") for root in roots)))
    names = ["test_account_move_send", "test_portal_invoice", "test_download_docs"]
    return odoo_tests(
        report, "odoo", [account / f"{name}.py" for name in names], arguments
    )


def odoo_tests(
    report: Report, name: str, paths: list[Path], arguments, prepare=prepare_template
) -> bool:
    """Run tests inside Odoo, in a new copy of the database that `prepare` makes.

    Beside a failing test, an unknown warning in Odoo's log is a failure.
    """
    database = f"benji_test_{name}"
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        template = install(prepare)
        if not template:
            return False
        copy_database(template, database)
        stack.callback(drop_database, database)
        log = LOCAL / f"test-{name}.log"
        log.unlink(missing_ok=True)
        passed = report.pytest(
            *("-p", "odoo"),
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


def install(prepare: Callable[..., str]) -> str | None:
    """Return the database to copy, or None if Odoo failed or warned."""
    log = LOCAL / "test-install.log"
    try:
        with log.open("w") as file:
            template = prepare(stderr=file)
    except subprocess.CalledProcessError:
        print(log.read_text(), flush=True)
        return None
    if quiet(log, "--no-err-if-empty"):
        return template
    drop_database(template)
    return None


def quiet(log: Path, *options: str) -> bool:
    """Whether Odoo's log holds no warning beside those in checklog-odoo.cfg."""
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


def e2e(report: Report, *arguments: str) -> bool:
    return report.pytest(str(END_TO_END), *arguments)


def torture(report: Report, *arguments: str) -> bool:
    """A slice of what scripts/torture does for long."""
    return report.pytest(str(TORTURE), *arguments)


def main(arguments: list[str]) -> int:
    suites = {
        "lib": lib,
        "addon": addon,
        "queue": queue,
        "shop": shop,
        "odoo": odoos_own,
        "e2e": e2e,
        "torture": torture,
    }
    report = Report(hold_back=not arguments)
    if arguments:
        report.run(arguments[0], suites[arguments[0]], *arguments[1:])
    else:
        report.run("checkers", checkers)
        for title, suite in suites.items():
            report.run(title, suite)
    failed = ", ".join(report.failed)
    print(f"\nfailed: {failed}\n" if failed else "", end="")
    print(*report.closing_lines, sep="", end="", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
