"""An Odoo server in a process of its own."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from .environment import (
    LOCAL,
    end,
    free_port,
    odoo_environment,
    wait_for,
    wait_until,
)
from .person import Person

MAIN = Path(__file__).with_name("odoo_main.py")


class OdooProcess:
    """An Odoo server on one database, that can be killed and started again.

    :param port: of the web server (default: a free one)
    :param workers: processes that answer requests; 0 is one process with threads
    :param crons: how many scheduled actions may run at once
    :param http: whether it has a web server
    :param smtp_port: of a mail server on this machine
    :param environment: variables besides those of `odoo_environment`
    :param log: Odoo's log file (default: named after the database)
    """

    def __init__(
        self,
        database: str,
        *options: str,
        port: int = 0,
        workers: int = 0,
        crons: int = 0,
        http: bool = True,
        smtp_port: int = 0,
        environment: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.database = database
        self.log = log or LOCAL / f"{database}.log"
        self.log.unlink(missing_ok=True)
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen | None = None
        self._http = http
        self._environment = environment or {}
        self._command = [
            *(sys.executable, str(MAIN), "--database", database),
            *("--db-filter", f"^{database}$", "--logfile", str(self.log)),
            *("--http-port", str(port), "--gevent-port", str(free_port())),
            *("--workers", str(workers), "--max-cron-threads", str(crons)),
            *([] if http else ["--no-http"]),
            *("--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)),
            *options,
        ]

    def __enter__(self) -> "OdooProcess":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self, seconds: float = 60) -> None:
        """Start it, and wait until it works.

        :raises RuntimeError: if it does not within so many seconds
        """
        self.process = subprocess.Popen(
            self._command,
            env=odoo_environment() | self._environment,
            start_new_session=True,
        )
        try:
            if self._http:
                wait_for(f"{self.url}/web/health", self.process, seconds)
            elif not wait_until(self.scheduled_workers, seconds):
                raise RuntimeError(f"Odoo did not start within {seconds:.0f} seconds")
        except RuntimeError:
            self.stop()
            raise

    def wait(self) -> int:
        """Wait until it has ended by itself; return its exit status."""
        return self.process.wait()

    def stop(self) -> None:
        """Stop it in an orderly way."""
        process, self.process = self.process, None
        if process is not None:
            end(process)

    def kill(self) -> None:
        """Kill all of its processes at once, and wait until it is gone."""
        process, self.process = self.process, None
        if process is not None:
            # Together, because the main process would replace killed workers.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def workers(self) -> list[psutil.Process]:
        """Return its processes without the main one; none if it is not running."""
        return self._children(recursive=True)

    def scheduled_workers(self) -> list[psutil.Process]:
        """Return the processes that run scheduled actions."""
        with suppress(psutil.NoSuchProcess):
            # Odoo gives them a higher nice value (service/server.py, WorkerCron).
            nice = psutil.Process().nice()
            return [child for child in self._children() if child.nice() > nice]
        return []

    def _children(self, *, recursive: bool = False) -> list[psutil.Process]:
        process = self.process
        with suppress(psutil.NoSuchProcess):
            if process is not None:
                return psutil.Process(process.pid).children(recursive)
        return []

    def person(self, login: str = "") -> Person:
        """Return a `Person` who has logged in, or an anonymous one."""
        return Person(self.url, login, self.database)
