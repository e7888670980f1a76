"""Several Odoo servers over one database, behind a load balancer, as in production."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg2
from running import Person, odoo_command

from connectwise_sandbox import Sandbox
from databases import prepare_bridge_template
from environment import (
    LOCAL,
    background,
    copy_database,
    drop_database,
    free_port,
    odoo_environment,
    wait_for,
)

DATABASE = "benji_two_servers"
JOBS_AT_ONCE = 4
WORKERS = 2
"""Of each server."""


class Balancer:
    """Hands each connection to the next server that takes it."""

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


@dataclass
class Server:
    """One Odoo: its main process, and the workers it ever had."""

    process: Any
    pids: set[int] = field(default_factory=set)

    def look(self) -> None:
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children(recursive=True)
            self.pids |= {child.pid for child in children}

    def kill(self) -> None:
        """End it at once, with all its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class System:
    """What runs, seen from outside: the servers, the database, ConnectWise."""

    def __init__(self, sandbox: Sandbox, servers: list[Server], url: str) -> None:
        self.sandbox = sandbox
        self.servers = servers
        self.admin = Person(url, "admin", DATABASE)
        self.workers: dict[str, set[int]] = {}
        """{job: the processes that were seen working on it}"""

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return self.admin.call(model, method, *args, **kwargs)

    def query(self, statement: str, *values: Any) -> list[tuple]:
        with (
            closing(psycopg2.connect(dbname=DATABASE)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def run_scheduled_action(self, name: str) -> None:
        [[action]] = self.query(
            "SELECT res_id FROM ir_model_data"
            " WHERE module = 'benji_connectwise' AND name = %s",
            name,
        )
        self.call("ir.cron", "method_direct_trigger", [action])

    def get_runner(self) -> Server:
        """Return the server that hands out the jobs, once there is one."""
        pids: list[int] = []

        def has_runner() -> bool:
            pids[:] = [
                int(name.removeprefix("odoo-"))
                for (name,) in self.query(
                    "SELECT application_name FROM pg_stat_activity"
                    " JOIN pg_locks USING (pid) WHERE datname = %s"
                    " AND locktype = 'advisory' AND objsubid = 1 AND granted",
                    DATABASE,
                )
            ]
            return bool(pids)

        self.wait_until(has_runner, 30)
        [runner] = [server for server in self.servers if server.pids & set(pids)]
        return runner

    def wait_until(self, happened: Callable[[], bool], seconds: float) -> None:
        """Return when `happened` says so; meanwhile note who works on what."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, self.query(
                "SELECT state, count(*) FROM queue_job GROUP BY state"
            )
            self.look()
            time.sleep(0.1)
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
def system(sandbox: Sandbox, servers: int) -> Iterator[System]:
    """Run Odoo servers on a new database that has the bridge; PostgreSQL runs already.

    Scheduled actions run when a test wants them to.
    """
    with ExitStack() as stack:
        copy_database(prepare_bridge_template(), DATABASE)
        stack.callback(drop_database, DATABASE)
        ports = [free_port() for _server in range(servers)]
        balancer = Balancer(ports)
        stack.callback(balancer.close)
        environment = odoo_environment() | {
            "BENJI_CONNECTWISE_LOCAL_HOSTS": sandbox.host,
            "ODOO_QUEUE_JOB_CHANNELS": f"root:8,root.connectwise:{JOBS_AT_ONCE}",
            "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
            "ODOO_QUEUE_JOB_PORT": str(balancer.port),
        }
        started = []
        for number, port in enumerate(ports, start=1):
            log = LOCAL / f"two_servers_{number}.log"
            log.unlink(missing_ok=True)
            command = odoo_command(
                *(DATABASE, log, "--load", "base,rpc,web,queue_job"),
                *("--workers", str(WORKERS), "--max-cron-threads", "0"),
                *("--http-port", str(port), "--gevent-port", str(free_port())),
            )
            process = stack.enter_context(background(command, env=environment))
            started.append(Server(process))
        for server, port in zip(started, ports, strict=True):
            wait_for(f"http://127.0.0.1:{port}/web/health", server.process)
        url = f"http://127.0.0.1:{balancer.port}"
        running = System(sandbox, started, url)
        stack.callback(running.admin.session.close)
        yield running


def connect(system: System, **values: Any) -> int:
    """Make the connection with the sandbox; return its id."""
    call = system.call
    sandbox = system.sandbox
    [manager] = system.query(
        "SELECT res_id FROM ir_model_data"
        " WHERE module = 'account' AND name = 'group_account_manager'"
    )
    [user] = call("res.users", "search", [["login", "=", "admin"]])
    call("res.users", "write", [user], {"group_ids": [(4, manager[0])]})
    call("account.chart.template", "try_loading", [], "generic_coa", 1)
    [backend] = call(
        "connectwise.backend",
        "create",
        [
            {
                "server_url": sandbox.url,
                "company_login_id": sandbox.company_login_id,
                "public_key": sandbox.public_key,
                "private_key": sandbox.private_key,
                "client_id": sandbox.client_id,
                "amount_tolerance": 1e9,
                **values,
            }
        ],
    )
    call("connectwise.backend", "action_test_connection", [backend])
    call(
        "invoice.pdf.source",
        "create",
        [
            {"source": source, "sequence": sequence}
            for sequence, source in enumerate(("connectwise", "odoo"), start=1)
        ],
    )
    return backend


def post_invoices(system: System, numbers: list[str]) -> None:
    """Post invoices with these numbers: one as a person does, the others like it."""
    call = system.call
    [customer] = call("res.partner", "create", [{"name": "Customer"}])
    [move] = call(
        "account.move",
        "create",
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer,
                "invoice_date": time.strftime("%Y-%m-%d"),
                "name": numbers[0],
                "invoice_line_ids": [(0, 0, {"name": "Services", "price_unit": 100})],
            }
        ],
    )
    call("account.move", "action_post", [move])
    [[columns]] = system.query(
        "SELECT string_agg(quote_ident(column_name), ', ')"
        " FROM information_schema.columns WHERE table_name = 'account_move'"
        " AND column_name NOT IN ('id', 'name', 'access_token')"
    )
    system.query(
        f"INSERT INTO account_move ({columns}, name) SELECT {columns}, new.name"
        " FROM account_move, unnest(%s::text[]) AS new (name) WHERE id = %s",
        numbers[1:],
        move,
    )
