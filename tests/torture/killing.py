"""Killing an Odoo server at a chosen moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from odoo_server import OdooServer

from testbed.postgresql import Database

E_MAILS = 20_250
"""An advisory lock that tells commits of new e-mails from others."""


class Fuse:
    """Kills an Odoo server after a number of events of one kind, and a delay.

    Events are "request" or the endpoint's name, "answer", "mail", "commit" and "commit
    of e-mails". "time" is no event, only a delay.
    """

    def __init__(self, odoo: OdooServer) -> None:
        self._odoo = odoo
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
                self._odoo.kill()
            else:
                self._odoo.kill_scheduled_workers()
        self.blown.set()


@contextmanager
def slow_commits(odoo: OdooServer, tell: Callable[[str], None]) -> Iterator[None]:
    """Slow down the commits of scheduled actions, so that they can be hit.

    Tells "commit", or "commit of e-mails", while PostgreSQL is committing. PostgreSQL
    finishes even after the process that asked for it was killed.
    """
    odoo.query(
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
        with closing(Database(odoo.database)) as database:
            while not over.wait(0.005):
                rows = database.query(
                    """SELECT pid, query_start, EXISTS (
                              SELECT 1 FROM pg_locks WHERE pg_locks.pid = activity.pid
                                 AND locktype = 'advisory' AND objid = %s)
                         FROM pg_stat_activity activity
                        WHERE datname = current_database() AND state = 'active'
                          AND query = 'COMMIT'""",
                    E_MAILS,
                )
                now = rows[0] if rows else None
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
