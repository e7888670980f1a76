"""An Odoo server that can be killed, and the services around it that survive."""

from contextlib import suppress

import psutil

from testbed.environment import wait_until
from testbed.mailbox import Mailbox
from testbed.odoo_process import OdooProcess
from testbed.person import Person
from testbed.postgresql import Database, wake_scheduled_actions
from testbed.sandbox import WatchedSandbox

SYNC = "benji_connectwise.ir_cron_connectwise_sync"
PREFETCH = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
SEND = "account.ir_cron_account_move_send"
MAIL = "mail.ir_cron_mail_scheduler_action"

NOW = "date_trunc('second', now() AT TIME ZONE 'UTC')"
"""Whole seconds, as Odoo itself writes them: it compares no smaller ones."""


class OdooServer(OdooProcess):
    """Odoo on a database, with the services around it.

    :param workers: processes that answer requests; 0 for scheduled actions alone
    :param crons: processes that run scheduled actions
    """

    def __init__(
        self,
        database: str,
        sandbox: WatchedSandbox,
        mailbox: Mailbox,
        *,
        workers: int = 0,
        crons: int = 0,
    ) -> None:
        super().__init__(
            database,
            workers=workers or 1,
            crons=crons,
            http=bool(workers),
            smtp_port=mailbox.port,
            environment={"BENJI_CONNECTWISE_LOCAL_HOSTS": sandbox.host},
        )
        self.sandbox = sandbox
        self.mailbox = mailbox
        self.kills: list[int] = []
        """How many e-mails had been received at each kill."""
        self._database = Database(database)
        self.query, self.value = self._database.query, self._database.value

    def kill(self) -> None:
        self.kills.append(len(self.mailbox.messages))
        super().kill()

    def kill_scheduled_workers(self) -> None:
        """Kill the processes that run scheduled actions; the server starts new ones."""
        self.kills.append(len(self.mailbox.messages))
        for worker in self.scheduled_workers():
            with suppress(psutil.NoSuchProcess):
                worker.kill()

    def close(self) -> None:
        self.kill()
        self._database.close()

    def people(self, login: str, count: int) -> list[Person]:
        return [self.person(login) for _ in range(count)]

    # -- Scheduled actions --------------------------------------------------------

    def switch_on(self, *actions: str) -> None:
        """Run these scheduled actions, and no others."""
        self.query("UPDATE ir_cron SET active = false")
        self.query(
            f"""UPDATE ir_cron SET active = true, nextcall = {NOW}
                WHERE id IN (SELECT res_id FROM ir_model_data
                              WHERE module || '.' || name = ANY(%s))""",
            list(actions),
        )

    def let_time_pass(self) -> None:
        """Make all scheduled actions due, as they would be some hours later.

        An action that is running is left alone.
        """
        self.query(
            f"""UPDATE ir_cron SET nextcall = {NOW}
                WHERE id IN (SELECT id FROM ir_cron WHERE active
                                FOR NO KEY UPDATE SKIP LOCKED)"""
        )
        self.wake()

    def wake(self) -> None:
        wake_scheduled_actions(self.database)

    def run_due_actions(self, seconds: float = 300) -> None:
        """Let hours pass, and let all scheduled actions run to their end."""

        def is_over() -> bool:
            self.wake()
            return not self.is_busy()

        self.let_time_pass()
        if not wait_until(is_over, seconds, step=0.3):
            raise TimeoutError(f"scheduled actions ran for over {seconds:.0f} s")

    def run_hours_later(self) -> None:
        """Do the same after all back-offs caused by failures of ConnectWise."""
        self.query(
            "UPDATE connectwise_backend SET retry_at = NULL, sync_retry_at = NULL"
        )
        self.query("UPDATE connectwise_lookup SET retry_at = NULL")
        self.run_due_actions()

    def is_busy(self) -> bool:
        """Return whether a scheduled action is running or due."""
        return self.value(
            """SELECT count(*) > (SELECT count(*) FROM (
                        SELECT id FROM ir_cron WHERE active
                           FOR NO KEY UPDATE SKIP LOCKED) AS free)
                   OR bool_or(nextcall <= now() AT TIME ZONE 'UTC')
                 FROM ir_cron WHERE active"""
        )
