"""An Odoo server that can be killed, and the services around it that go on."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psutil
import psycopg2
from running import Mailbox, Person, odoo_command

from connectwise_sandbox import Sandbox
from environment import LOCAL, free_port, odoo_environment, wait_for

SYNC = "benji_connectwise.ir_cron_connectwise_sync"
PREFETCH = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
SEND = "account.ir_cron_account_move_send"
MAIL = "mail.ir_cron_mail_scheduler_action"

E_MAILS = 20_250
"""An advisory lock that tells commits of new e-mails from others."""

NOW = "date_trunc('second', now() AT TIME ZONE 'UTC')"
"""Whole seconds, as Odoo itself writes them: it compares no smaller ones."""


class WatchedSandbox(Sandbox):
    """A sandbox that tells of each question when it comes and when it is answered."""

    def __init__(self, *sizes: int, **options: Any) -> None:
        self.tell: Callable[[str], None] = lambda event: None
        super().__init__(*sizes, **options)

    def due_fault(self, endpoint: str):
        self.tell("request")
        self.tell(endpoint)
        return super().due_fault(endpoint)

    def log_request(self, entry: dict[str, Any]) -> None:
        super().log_request(entry)
        self.tell("answer")


class WatchedMailbox(Mailbox):
    """A mailbox that tells of each e-mail once it has it, and Odoo does not know."""

    def __init__(self) -> None:
        self.tell: Callable[[str], None] = lambda event: None
        super().__init__()

    async def handle_DATA(self, server, session, envelope):
        answer = await super().handle_DATA(server, session, envelope)
        self.tell("mail")
        return answer


class Machine:
    """Odoo with workers on a database, and its PostgreSQL session for looking on."""

    def __init__(
        self,
        database: str,
        sandbox: WatchedSandbox,
        mailbox: WatchedMailbox,
        smtp_port: int,
        *,
        workers: int = 0,
        crons: int = 0,
    ) -> None:
        self.database = database
        self.sandbox = sandbox
        self.mailbox = mailbox
        self.log = LOCAL / f"{database}.log"
        self.log.unlink(missing_ok=True)
        self.workers = workers
        self.kills: list[int] = []
        """How many e-mails had been received at each kill."""
        self._options = ["--workers", str(workers or 1)]
        self._options += ["--max-cron-threads", str(crons)]
        self._options += ["--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)]
        self._process: subprocess.Popen | None = None
        self.url = ""
        self._connection = psycopg2.connect(dbname=database)
        self._connection.autocommit = True
        self._lock = threading.Lock()

    # -- The server ---------------------------------------------------------------

    def start(self) -> None:
        port, gevent_port = free_port(), free_port()
        options = [*self._options, "--http-port", str(port)]
        options += ["--gevent-port", str(gevent_port)]
        if not self.workers:
            options.append("--no-http")
        environment = odoo_environment() | {
            "BENJI_CONNECTWISE_LOCAL_HOSTS": self.sandbox.host
        }
        self._process = subprocess.Popen(
            odoo_command(self.database, self.log, *options),
            env=environment,
            start_new_session=True,
        )
        self.url = f"http://127.0.0.1:{port}"
        if self.workers:
            wait_for(f"{self.url}/web/health", self._process)
        else:
            self.wait_until(self._scheduled_workers, 60)

    def kill(self) -> None:
        """Kill all of the server at once; return when it is gone."""
        self.kills.append(len(self.mailbox.messages))
        process, self._process = self._process, None
        if process is not None:
            # The workers first: the master would start others.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill_scheduled_workers(self) -> None:
        """Kill the processes that run scheduled actions; the server starts new ones."""
        self.kills.append(len(self.mailbox.messages))
        for worker in self._scheduled_workers():
            with suppress(psutil.NoSuchProcess):
                worker.kill()

    def _scheduled_workers(self) -> list[psutil.Process]:
        master = psutil.Process(self._process.pid)
        with suppress(psutil.NoSuchProcess):
            # Odoo is nicer in them than elsewhere (service/server.py, WorkerCron).
            nice = master.nice()
            return [child for child in master.children() if child.nice() > nice]
        return []

    def close(self) -> None:
        self.kill()
        self._connection.close()

    def people(self, login: str, count: int) -> list[Person]:
        return [Person(self.url, login, self.database) for _ in range(count)]

    # -- The database -------------------------------------------------------------

    def query(self, statement: str, *values: Any) -> list[tuple]:
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: Any) -> Any:
        [(value,)] = self.query(statement, *values)
        return value

    def switch_on(self, *actions: str) -> None:
        """Have these scheduled actions run, and no others."""
        self.query("UPDATE ir_cron SET active = false")
        self.query(
            f"""UPDATE ir_cron SET active = true, nextcall = {NOW}
                WHERE id IN (SELECT res_id FROM ir_model_data
                              WHERE module || '.' || name = ANY(%s))""",
            list(actions),
        )

    def let_time_pass(self) -> None:
        """Make it the time of all scheduled actions, as it would be some hours later.

        An action that runs at the moment is left alone.
        """
        self.query(
            f"""UPDATE ir_cron SET nextcall = {NOW}
                WHERE id IN (SELECT id FROM ir_cron WHERE active
                                FOR NO KEY UPDATE SKIP LOCKED)"""
        )
        self.wake()

    def wake(self) -> None:
        """Wake up the workers, as Odoo itself does after a trigger."""
        with closing(psycopg2.connect(dbname="postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.database])

    def run_what_is_due(self, seconds: float = 300) -> None:
        """Let hours pass and all scheduled actions run to their end."""

        def is_over() -> bool:
            self.wake()
            return not self.is_busy()

        self.let_time_pass()
        if not self.wait_until(is_over, seconds, step=0.3):
            raise TimeoutError(f"scheduled actions ran for over {seconds:.0f} s")

    def run_hours_later(self) -> None:
        """The same, after all pauses that a failure of ConnectWise has begun."""
        self.query(
            "UPDATE connectwise_backend SET retry_at = NULL, sync_retry_at = NULL"
        )
        self.query("UPDATE connectwise_lookup SET retry_at = NULL")
        self.run_what_is_due()

    def is_busy(self) -> bool:
        """Whether a scheduled action runs, or has to run now."""
        return self.value(
            """SELECT count(*) > (SELECT count(*) FROM (
                        SELECT id FROM ir_cron WHERE active
                           FOR NO KEY UPDATE SKIP LOCKED) AS free)
                   OR bool_or(nextcall <= now() AT TIME ZONE 'UTC')
                 FROM ir_cron WHERE active"""
        )

    def wait_until(
        self, condition: Callable[[], Any], seconds: float, *, step: float = 0.1
    ) -> bool:
        """Return whether `condition` was true before time was over."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(step)
        return True


class Fuse:
    """Kills a machine at one moment: after so many events of a kind, and a delay.

    Events are "request" or the endpoint's name, "answer", "mail", "commit" and "commit
    of e-mails"; "time" is none, only a delay.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._kind, self._left, self._delay = "", 0, 0.0
        self._whole = False
        self.blown = threading.Event()

    def arm(self, kind: str, nth: int, delay: float, *, whole: bool) -> None:
        """Set the moment; `whole` kills the master process too."""
        with self._lock:
            self._kind, self._left, self._delay = kind, nth, delay
            self._whole = whole
            self.blown.clear()
        if kind == "time":
            threading.Timer(delay, self._blow).start()

    def disarm(self) -> None:
        with self._lock:
            self._kind = ""

    def tell(self, event: str) -> None:
        with self._lock:
            if event != self._kind:
                return
            self._left -= 1
            if self._left:
                return
            delay = self._delay
        if delay:
            threading.Timer(delay, self._blow).start()
        else:
            self._blow()

    def _blow(self) -> None:
        with self._lock:
            if not self._kind:
                return
            self._kind = ""
            if self._whole:
                self._machine.kill()
            else:
                self._machine.kill_scheduled_workers()
        self.blown.set()


@contextmanager
def slow_commits(machine: Machine, tell: Callable[[str], None]) -> Iterator[None]:
    """Make commits of scheduled actions take long enough to be hit.

    Tells "commit", or "commit of e-mails", while PostgreSQL is committing, which it
    goes on with after the process that asked for it was killed.
    """
    machine.query(
        f"""CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END';
           CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT OR UPDATE
               ON ir_cron_progress DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION slow_commit();
           CREATE FUNCTION slow_commit_of_mail() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN PERFORM pg_advisory_xact_lock({E_MAILS});
                      PERFORM pg_sleep(0.02); RETURN NULL; END';
           CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT
               ON mail_mail DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION slow_commit_of_mail()"""
    )
    over = threading.Event()

    def watch() -> None:
        seen = None
        with closing(psycopg2.connect(dbname=machine.database)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            while not over.wait(0.005):
                cursor.execute(
                    """SELECT pid, query_start, EXISTS (
                              SELECT 1 FROM pg_locks WHERE pg_locks.pid = activity.pid
                                 AND locktype = 'advisory' AND objid = %s)
                         FROM pg_stat_activity activity
                        WHERE datname = current_database() AND state = 'active'
                          AND query = 'COMMIT'""",
                    [E_MAILS],
                )
                now = cursor.fetchone()
                if now and now != seen:
                    seen = now
                    tell("commit of e-mails" if now[2] else "commit")

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
