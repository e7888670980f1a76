"""Starting synchronizations, and running them: for a person, or in the background.

A scheduled action commits after each step. A person's call commits nothing.
"""

import logging
import time
from dataclasses import replace

from psycopg2 import IntegrityError
from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...const import MOST_CONFLICTS, SECONDS_FOR_RUN, SECONDS_FOR_SYNC_STEPS
from ...lib.connectwise_client import BACKGROUND, ConnectWiseError
from ...odoo_internals import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from ..connection.asking import asking
from ..connection.checking import check_active
from ..connection.explain import explain, explain_stored, serialize_error
from .synchronization import MassLossError, Synchronization

OPEN = ("queued", "running")
"""States of a synchronization that has not ended."""

_logger = logging.getLogger(__name__)


class SyncError(UserError):
    """ConnectWise did not answer, or its answer was not plausible."""


def start(backend, full, discard_disconnected, user):
    """Return a new open synchronization of this connection, sudo.

    :param full: read all entries, not only what changed
    :param discard_disconnected: forget which customers were disconnected
    :param user: who asked for it; empty for the scheduled action
    :raises UserError: if it is switched off or running
    """
    backend = backend.sudo()
    env = backend.env
    check_active(backend)
    if backend.state == "draft":
        raise UserError(
            env._("The connection was not tested yet: use Test Connection.")
        )
    if not backend.sync_contacts:
        raise UserError(
            env._(
                "“Synchronize customers/contacts from ConnectWise” is off. Switch it on"
                " under Integrations ▸ Configure."
            )
        )
    # Two simultaneous starts must not wait for each other at the unique index.
    [[is_free]] = env.execute_query(
        SQL("SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)", "rescan", backend.id)
    )
    open_sync = backend._get_open_sync()
    if not is_free or (open_sync and not open_sync._is_interrupted()):
        raise UserError(env._("A rescan is already running."))
    if open_sync:
        # A person who asks now does not wait for the interrupted one to resume.
        open_sync.failure = backend.failure or backend.sync_failure
        open_sync._finish("failed")
        open_sync.flush_recordset()
    env["connectwise.sync"]._clear_up_ended(backend)
    values = {
        "backend_id": backend.id,
        "tenant": backend.tenant,
        "state": "running",
        "user_id": user.id,
        # The first synchronization has to read everything.
        "is_full": full or not backend.newest_change,
        "discard_disconnected": discard_disconnected,
        "started_at": fields.Datetime.now(),
    }
    try:
        with env.cr.savepoint():
            return env["connectwise.sync"].create(values)
    except UniqueViolation as error:
        # Another request was committed after this one began.
        raise UserError(env._("A rescan is already running.")) from error


def run_now(backend, full=False, discard_disconnected=False, with_changes=False):
    """Synchronize in the current transaction, in one go.

    :param backend: as the user who asks for it
    :param with_changes: whether the changes are returned
    :return: (the synchronization, its changes or None) as of `Synchronization`
    :raises AccessError: unless the user may change the connection
    :raises UserError: if it is switched off or running
    :raises SyncError: if ConnectWise failed
    """
    backend.ensure_one()
    backend.check_access("write")
    sync = start(backend, full, discard_disconnected, backend.env.user)
    limits = replace(BACKGROUND, total=SECONDS_FOR_RUN)
    try:
        with asking(sync.backend_id, limits, explicit=True, of_sync=True) as client:
            run = Synchronization(sync, client, with_changes)
            for _step in run.steps():
                pass
            _count_requests(sync, client)
    except ConnectWiseError as error:
        raise SyncError(explain(backend.env, error)) from error
    except MassLossError as error:
        raise SyncError(explain_stored(backend.env, error.failure)) from error
    return sync, run.changes


def preview(backend, full=False, discard_disconnected=False):
    """Return what a synchronization would change, without writing anything.

    :raises AccessError, UserError, SyncError: as of `run_now`
    """
    env = backend.env
    with env.cr.savepoint() as savepoint:
        _sync, changes = run_now(backend, full, discard_disconnected, with_changes=True)
        env.flush_all()
        savepoint.rollback()
    env.invalidate_all()
    return changes


# -----------------------------------------------------------------------------
# In the background
# -----------------------------------------------------------------------------


def run_scheduled(env):
    """Resume open synchronizations; otherwise read what changed."""
    end = time.monotonic() + SECONDS_FOR_SYNC_STEPS
    for backend in env["connectwise.backend"].search(
        [
            # Even if the context includes archived ones.
            ("active", "=", True),
            ("sync_contacts", "=", True),
            ("state", "!=", "draft"),
        ]
    ):
        sync = backend._get_open_sync()
        if backend._is_sync_resting():
            if sync:
                # Something else may have failed since, so that the pause is longer.
                _wake_after_pause(backend)
            continue
        if sync._is_outdated():
            sync._end_for_another_connectwise()
            sync = sync.browse()
        try:
            if not sync:
                sync = start(backend, False, False, env["res.users"])
        except UserError:
            # A person is starting one at this moment.
            env.cr.rollback()
            continue
        _run(sync, end)
    env["ir.cron"]._commit_progress(remaining=0)


def _run(sync, end):
    """Run in the background. The end is always reported; nothing is raised.

    :param end: when to leave the rest to the next run, by `time.monotonic()`
    """
    env = sync.env
    try:
        sync.write(
            {
                "state": "running",
                "started_at": sync.started_at or fields.Datetime.now(),
            }
        )
        env["ir.cron"]._commit_progress()
        sync._run_in_steps(end)
    except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, IntegrityError) as error:
        env.cr.rollback()
        give_way(sync, error)
    except Exception:
        _logger.exception("Synchronization %s stopped", sync.id)
        env.cr.rollback()
        sync._fail()


def run_in_steps(sync, end):
    """Run, committing after each step.

    :param end: as for `_run`
    """
    backend, env = sync.backend_id, sync.env
    limits = backend._get_background_limits()
    client = None
    try:
        with asking(backend, limits, explicit=True, of_sync=True) as client:
            _take_steps(sync, Synchronization(sync, client).steps(), end)
    except ConnectWiseError as error:
        put_off(sync, error)
    except MassLossError as error:
        env.cr.rollback()
        sync._refuse(error.failure)
    if client:
        _count_requests(sync, client)
    if sync.state in OPEN and sync._is_cancelled():
        sync._finish("cancelled")
    if sync.state not in OPEN:
        # Even if another request ended it.
        sync._clear_up()
    env["ir.cron"]._commit_progress()
    if sync.state not in OPEN:
        sync._tell_user()


def _count_requests(sync, client):
    sync.requests += client.request_count
    sync.throttled += client.throttled_count


def _take_steps(sync, steps, end):
    """Commit after each step, until the time is over or a person cancels."""
    look_up = 0
    for _step in steps:
        sync.env["ir.cron"]._commit_progress(1)
        now = time.monotonic()
        # Not after each page: twenty are read in a second.
        if now > look_up:
            look_up = now + 0.5
            if sync._is_cancelled():
                return
        if now > end:
            sync.backend_id._trigger_sync()
            return


def put_off(sync, error):
    """Continue after the pause for a failure; tell the person who asked, once."""
    is_news = not sync.failure
    sync.failure = serialize_error(error)
    if is_news:
        sync._tell_user()
    _wake_after_pause(sync.backend_id)


def _wake_after_pause(backend):
    times = [backend.retry_at, backend.sync_retry_at]
    if any(times):
        backend._trigger_sync(max(filter(None, times)))


def give_way(sync, error):
    """Continue at once: a person changed the same row at the same time."""
    if not sync.exists():
        return
    sync.conflicts += 1
    if sync.conflicts > MOST_CONFLICTS:
        _logger.error("Synchronization %s stopped: %s", sync.id, error)
        sync._fail()
        return
    _logger.info("Synchronization %s gave way to a person's change", sync.id)
    sync.backend_id._trigger_sync()
    sync.env["ir.cron"]._commit_progress()
