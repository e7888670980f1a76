"""What a benchmark starts: databases, the sandbox, Odoo, a mail server, the others."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from databases import prepare_template
from environment import (
    LOCAL,
    ROOT,
    background,
    copy_database,
    drop_database,
    free_port,
    odoo_environment,
    rename_database,
    say,
    wait_for,
)

BASE = "benji_bench_base"
"""A company with a chart of accounts and the addon; nothing measured changes it."""

RUN = "benji_bench_run"

LOG = LOCAL / "bench.log"
OTHERS_PYTHON = LOCAL / "bench" / "bin" / "python"


class Failure(Exception):
    """A measured program failed; its log says more."""


class Sandbox:
    """A ConnectWise in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(
            method, f"{self.url}/_sandbox/{path}", json=body, timeout=60
        )
        answer.raise_for_status()
        return answer.json()

    def forget_requests(self) -> None:
        self.tell("DELETE", "requests")

    def count_requests(self) -> dict[str, int]:
        """Return how many requests came in, by endpoint and in all."""
        log = self.tell("GET", "requests")
        counts = {"requests": len(log)}
        for entry in log:
            counts[entry["endpoint"]] = counts.get(entry["endpoint"], 0) + 1
        return counts

    def rename_companies(self, first: int, count: int, name: str) -> None:
        for number in range(first, first + count):
            self.tell("PATCH", f"companies/{number}", name=f"{name} {number}")


class Odoo:
    """A running odoo_worker."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process

    def call(self, name: str, **arguments: Any) -> Any:
        """Call a method of the worker and return its result.

        :raises Failure: with the error it raised
        """
        question = json.dumps({"call": name, "with": arguments})
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
def sandbox(companies: int, invoices: int, latency: int) -> Iterator[Sandbox]:
    port = free_port()
    command = [sys.executable, "-m", "connectwise_sandbox"]
    command += [f"--port={port}", f"--latency-ms={latency}"]
    command += [f"--companies={companies}", f"--invoices={invoices}"]
    with background(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process)
        yield Sandbox(url)


@contextmanager
def mail_server() -> Iterator[int]:
    """Run a mail server that accepts everything and keeps nothing."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}"]
    command += ["-c", "aiosmtpd.handlers.Sink"]
    with background(command):
        yield port


@contextmanager
def odoo(
    source: str, smtp_port: int, url: str = "", keep_as: str = ""
) -> Iterator[Odoo]:
    """Run Odoo on a fresh copy of the database `source`.

    :param url: of the sandbox, which Odoo may ask then
    :param keep_as: a name for the database; without one it is removed in the end
    """
    copy_database(source, RUN)
    command = [sys.executable, "-m", "benchmarks.odoo_worker", RUN, str(smtp_port)]
    environment = environment_of_worker(url)
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


def environment_of_worker(url: str) -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "scripts")])
    return {
        **odoo_environment(),
        "PYTHONPATH": paths,
        "BENJI_CONNECTWISE_LOCAL_HOSTS": url.partition("//")[2],
    }


@contextmanager
def base_database() -> Iterator[str]:
    """Make the database that the runs are copied from, and remove it afterwards."""
    template = prepare_template(stderr=subprocess.DEVNULL)
    say("making a company with a chart of accounts")
    try:
        with odoo(template, 0, keep_as=BASE) as worker:
            worker.call("set_up")
        yield BASE
    finally:
        drop_database(BASE)


@contextmanager
def empty_database(name: str) -> Iterator[str]:
    drop_database(name)
    copy_database("template1", name)
    try:
        yield name
    finally:
        drop_database(name)


def run_floor(url: str, database: str, contacts: int = 0) -> dict[str, Any]:
    """Run the floor; with an empty `database` first, it loads everything."""
    command = [sys.executable, "-m", "benchmarks.floor", url, database, str(contacts)]
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
