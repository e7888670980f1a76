"""Starting databases, the sandbox, Odoo, and the programs to compare with."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from testbed.databases import prepare_template
from testbed.environment import LOCAL, ROOT, background, odoo_environment, say
from testbed.postgresql import (
    copied_database,
    copy_database,
    drop_database,
    rename_database,
)
from testbed.sandbox import SandboxClient, sandbox_process

from .worker import set_up

BASE = "benji_bench_base"
"""A database with a company, a chart of accounts and the addon, to be copied."""

RUN = "benji_bench_run"

LOG = LOCAL / "bench.log"
OTHERS_PYTHON = LOCAL / "bench" / "bin" / "python"


class Failure(Exception):
    """A measured program failed; its log says more."""


class Odoo:
    """A running odoo_worker."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process

    def call(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Call this function in Odoo's process and return its result.

        Its first argument is the worker there.

        :raises Failure: with the error that the function raised
        """
        name = function.__name__
        about = {"module": function.__module__, "call": name, "with": arguments}
        question = json.dumps(about)
        try:
            print(question, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise Failure(f"Odoo ended before {name}") from None
        line = self._process.stdout.readline()
        if not line:
            raise Failure(f"Odoo ended in {name}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(f"{name}: {answer['error']}")
        return answer["result"]


@contextmanager
def sandbox(companies: int, invoices: int, latency: int) -> Iterator[SandboxClient]:
    sizes = {"companies": companies, "invoices": invoices}
    with sandbox_process(latency_ms=latency, **sizes) as client:
        yield client


def count_requests(source: SandboxClient) -> dict[str, int]:
    """Return how many requests the sandbox received, by endpoint and in all."""
    endpoints = [request["endpoint"] for request in source.requests()]
    return {"requests": len(endpoints), **Counter(endpoints)}


@contextmanager
def odoo(
    source: str, smtp_port: int, url: str = "", keep_as: str = ""
) -> Iterator[Odoo]:
    """Run Odoo on a fresh copy of the database `source`.

    :param url: the sandbox that Odoo may ask
    :param keep_as: a name under which the database is kept; without one it is removed
    """
    copy_database(source, RUN)
    command = [sys.executable, "-m", "benchmarks.odoo_worker", RUN, str(smtp_port)]
    environment = odoo_environment(url.partition("//")[2])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    try:
        with (
            LOG.open("a") as log,
            background(
                command, cwd=ROOT, env=environment, stderr=log, **pipes
            ) as process,
            process.stdin,
            process.stdout,
        ):
            yield Odoo(process)
        if keep_as:
            rename_database(RUN, keep_as)
    finally:
        drop_database(RUN)


@contextmanager
def base_database() -> Iterator[str]:
    """Make the database `BASE`, and remove it afterwards."""
    template = prepare_template(stderr=subprocess.DEVNULL)
    say("making a company with a chart of accounts")
    try:
        with odoo(template, 0, keep_as=BASE) as worker:
            worker.call(set_up)
        yield BASE
    finally:
        drop_database(BASE)


def empty_database(name: str) -> AbstractContextManager[str]:
    return copied_database("template1", name)


def run_baseline(url: str, database: str, contacts: int = 0) -> dict[str, Any]:
    """Run the baseline. If `database` is empty, it loads everything."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.baseline",
        url,
        database,
        str(contacts),
    ]
    return run_json(command)


def run_django_connectwise(url: str, database: str) -> dict[str, Any]:
    if not OTHERS_PYTHON.exists():
        raise Failure("django-connectwise could not be installed")
    program = str(ROOT / "benchmarks" / "django_connectwise.py")
    return run_json([str(OTHERS_PYTHON), program, url, database])


def run_json(command: list[str]) -> Any:
    with LOG.open("a") as log:
        result = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
        )
    if result.returncode:
        raise Failure(f"{command[1]} ended with {result.returncode}")
    return json.loads(result.stdout)
