"""Calls to a running Odoo, their cost, and that of Odoo's cheapest route: P18.

The cost is the processor time of Odoo's processes. Elapsed time would include the
caller's, which runs on the same machine.
"""

import http.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from connectwise_sandbox import Sandbox
from testbed.environment import free_port
from testbed.odoo_process import OdooProcess

from .bench import Bench, Sizes
from .goals import Goal, Runs, show
from .running import RUN, odoo
from .worker import connect

WORKERS = 2
CALLERS = 4
OVERSIZED = 300_000
"""Bytes of a body, more than the addon accepts."""

HEALTH = "Odoo's /web/health"


class Call(NamedTuple):
    """A request, and the status of the expected answer."""

    url: str
    status: int
    body: bytes | None = None
    signature: str = ""


class Storm:
    """An Odoo that ConnectWise calls, and an attacker who calls it too."""

    def __init__(self, process: OdooProcess, sandbox: Sandbox) -> None:
        self._process = process
        self._callbacks = sandbox.callbacks
        [self._entry] = [
            entry for entry in sandbox.callbacks.entries() if entry["type"] == "company"
        ]
        self._url = f"{self._entry['url']}1001&action=updated"
        before, _slash, after = self._url.rpartition("/")
        token, _mark, query = after.partition("?")
        wrong = f"{before}/{'x' * len(token)}?{query}"
        seen = self._new_body()
        self._sign = sandbox.callbacks.sign
        self.calls: dict[str, Callable[[], Call]] = {
            HEALTH: lambda: Call(f"{process.url}/web/health", 200),
            "wrong token": lambda: Call(wrong, 404, seen, self._sign(seen)),
            "wrong token, oversized": lambda: Call(wrong, 404, seen.ljust(OVERSIZED)),
            "oversized": lambda: Call(self._url, 404, seen.ljust(OVERSIZED)),
            "malformed": lambda: Call(self._url, 404, b"<html>" * 100),
            "repeated": lambda: Call(self._url, 404, seen, self._sign(seen)),
            "new": self._new_call,
        }
        """The kinds of calls by name. The others are compared with the first one."""
        self._post(Call(self._url, 204, seen, self._sign(seen)))

    def _new_body(self) -> bytes:
        return self._callbacks.body(self._entry, {"id": 1001}, "updated")

    def _new_call(self) -> Call:
        body = self._new_body()
        return Call(self._url, 204, body, self._sign(body))

    def measure(self, name: str, count: int) -> float:
        """Return Odoo's processor time per call, in seconds.

        :raises RuntimeError: if an answer has another status than expected
        """
        calls = [self.calls[name]() for _ in range(count)]
        before = self._processor_time()
        with ThreadPoolExecutor(CALLERS) as executor:
            for _ in executor.map(self._post, calls):
                pass
        return (self._processor_time() - before) / count

    def _post(self, call: Call) -> None:
        url = urlsplit(call.url)
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        method = "GET" if call.body is None else "POST"
        headers = {"x-content-signature": call.signature}
        try:
            connection.request(method, f"{url.path}?{url.query}", call.body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != call.status:
            raise RuntimeError(f"{call.url} was answered with {status}")

    def _processor_time(self) -> float:
        first = psutil.Process(self._process.process.pid)
        times = [process.cpu_times() for process in (first, *self._process.workers())]
        return sum(time.user + time.system for time in times)


@contextmanager
def storm(base: str) -> Iterator[Storm]:
    """Run an Odoo with a few workers, and a sandbox that calls it.

    :param base: the database to copy
    """
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(companies=50, invoices=30))
        port = free_port()
        hosts = f"{sandbox.host},127.0.0.1:{port}"
        worker = stack.enter_context(odoo(base, 0, sandbox.url))
        worker.call(connect, url=sandbox.url)
        process = OdooProcess(
            RUN,
            port=port,
            workers=WORKERS,
            environment={"BENJI_CONNECTWISE_LOCAL_HOSTS": hosts},
        )
        admin = stack.enter_context(process).person("admin")
        stack.callback(admin.close)
        admin.call("ir.config_parameter", "set_param", "web.base.url", process.url)
        [backend] = admin.call("connectwise.backend", "search", [])
        settings = "connectwise.callback.settings"
        dialog = admin.call(settings, "create", {"backend_id": backend})
        admin.call(settings, "action_switch_on", [dialog])
        yield Storm(process, sandbox)


# The measurement ---------------------------------------------------------------------


def calls(bench: Bench) -> None:
    """Call Odoo with each kind of refused and trusted calls."""
    size = bench.sizes.calls
    with storm(bench.base) as source:
        for name in source.calls:
            # The first calls fill the caches of Odoo's processes.
            source.measure(name, size // 5)
        for turn in range(bench.sizes.runs):
            for name in source.calls:
                seconds = source.measure(name, size)
                bench.add(
                    what="call", who=name, turn=turn, size=size, processor=seconds
                )


# The lines of the table --------------------------------------------------------------


def goals_of_calls(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    about = {"what": "call", "size": sizes.calls}
    cheapest = runs.middle("processor", who=HEALTH, **about)
    for who, most in (
        ("wrong token", 1.5),
        ("wrong token, oversized", 1.5),
        ("oversized", 2),
        ("malformed", 2),
        ("repeated", 2),
        ("new", None),
    ):
        text = f"a call from ConnectWise, {who}: processor time, compared with {HEALTH}"
        if cheapest:
            text += f" ({show(cheapest * 1000, 'ms')})"
        values = runs.ratios({"who": who}, {"who": HEALTH}, "processor", **about)
        yield Goal("P18" if most else "", text, values, most=most)
