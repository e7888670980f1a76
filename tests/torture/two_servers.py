"""Several Odoo servers with one database, behind a load balancer, as in production."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

from connectwise_sandbox import Sandbox
from testbed.databases import prepare_bridge_template
from testbed.environment import LOCAL, free_port, run_module, wait_until
from testbed.odoo_process import OdooProcess
from testbed.person import Person
from testbed.postgresql import Database, copied_database

JOBS_AT_ONCE = 4
WORKERS = 2
"""Of each server."""


class Balancer:
    """Hands each connection to the next server that accepts it."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Only closing does not end an accept() that waits.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._socket.accept()
                threading.Thread(
                    target=self._connect, args=(client,), daemon=True
                ).start()

    def _connect(self, client: socket.socket) -> None:
        for _attempt in self._ports:
            self._turn += 1
            port = self._ports[self._turn % len(self._ports)]
            with suppress(OSError):
                server = socket.create_connection(("127.0.0.1", port))
                back = threading.Thread(
                    target=self._copy, args=(server, client), daemon=True
                )
                back.start()
                self._copy(client, server)
                back.join()
                server.close()
                break
        client.close()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


class Server(OdooProcess):
    """One Odoo, and all of its workers so far."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pids: set[int] = set()

    def look(self) -> None:
        self.pids |= {worker.pid for worker in self.workers()}


class System:
    """A view from outside: the servers, the database and ConnectWise."""

    def __init__(
        self, sandbox: Sandbox, servers: list[Server], database: Database, url: str
    ) -> None:
        self.sandbox = sandbox
        self.servers = servers
        self.admin = Person(url, "admin", database.name)
        self.workers: dict[str, set[int]] = {}
        """{job: the processes that were seen working on it}"""
        self.query, self.value = database.query, database.value

    def get_runner(self) -> Server:
        """Return the server that hands out the jobs, once there is one."""
        pids: list[int] = []

        def has_runner() -> bool:
            pids[:] = [
                int(name.removeprefix("odoo-"))
                for (name,) in self.query(
                    "SELECT application_name FROM pg_stat_activity"
                    " JOIN pg_locks USING (pid) WHERE datname = current_database()"
                    " AND locktype = 'advisory' AND objsubid = 1 AND granted"
                )
            ]
            return bool(pids)

        self.wait_until(has_runner, 30)
        [runner] = [server for server in self.servers if server.pids & set(pids)]
        return runner

    def wait_until(self, happened: Callable[[], bool], seconds: float) -> None:
        """Wait until `happened` is true, and note which server works on which job."""

        def look_and_ask() -> bool:
            self.look()
            return happened()

        assert wait_until(look_and_ask, seconds), self.query(
            "SELECT state, count(*) FROM queue_job GROUP BY state"
        )
        self.look()

    def look(self) -> None:
        for job, pid in self.query(
            "SELECT uuid, worker_pid FROM queue_job WHERE worker_pid > 0"
        ):
            self.workers.setdefault(job, set()).add(pid)
        for server in self.servers:
            server.look()

    def worked(self, server: Server) -> set[str]:
        """Return the jobs that this server was seen working on."""
        return {job for job, pids in self.workers.items() if pids & server.pids}


@contextmanager
def system(sandbox: Sandbox, servers: int, invoices: int) -> Iterator[System]:
    """Run Odoo servers on a new database that has the bridge; PostgreSQL runs already.

    Scheduled actions run when a test wants them to.

    :param invoices: how many are posted
    """
    with ExitStack() as stack:
        name = stack.enter_context(
            copied_database(prepare_bridge_template(), "benji_two_servers")
        )
        run_module(
            *("testbed.furnishing", name, sandbox.url, invoices),
            local_hosts=sandbox.host,
        )
        database = stack.enter_context(closing(Database(name)))
        ports = [free_port() for _server in range(servers)]
        balancer = stack.enter_context(closing(Balancer(ports)))
        environment = {
            "BENJI_CONNECTWISE_LOCAL_HOSTS": sandbox.host,
            "ODOO_QUEUE_JOB_CHANNELS": f"root:8,root.connectwise:{JOBS_AT_ONCE}",
            "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
            "ODOO_QUEUE_JOB_PORT": str(balancer.port),
        }
        started = [
            stack.enter_context(
                Server(
                    *(name, "--load", "base,rpc,web,queue_job"),
                    port=port,
                    workers=WORKERS,
                    environment=environment,
                    log=LOCAL / f"two_servers_{number}.log",
                )
            )
            for number, port in enumerate(ports, start=1)
        ]
        running = System(
            sandbox, started, database, f"http://127.0.0.1:{balancer.port}"
        )
        stack.callback(running.admin.close)
        yield running
