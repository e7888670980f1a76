"""Starting comparisons, and running them in the background.

The scheduled action commits after each page, so that an interrupted comparison
continues where it stopped. The previous lines stay until the new ones are stored.
"""

import logging
import time
from datetime import timezone

from psycopg2 import IntegrityError
from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.benji_connectwise.const import (
    MOST_CONFLICTS,
    OVERLAP,
    SECONDS_FOR_SYNC_STEPS,
)
from odoo.addons.benji_connectwise.lib.connectwise_client import ConnectWiseError
from odoo.addons.benji_connectwise.lib.connectwise_client.const import MAX_ID
from odoo.addons.benji_connectwise.odoo_internals import (
    PG_CONCURRENCY_EXCEPTIONS_TO_RETRY,
)
from odoo.addons.benji_connectwise.tools.connection.asking import asking
from odoo.addons.benji_connectwise.tools.connection.checking import check_active
from odoo.addons.benji_connectwise.tools.connection.explain import serialize_error

from ..const import EDGE, MOST_INVOICES
from .lines import compare_and_store
from .sides import count_moves, find_newest_change, keep_days, store_invoices

OPEN = ("queued", "running")
"""States of a comparison that has not ended."""

_logger = logging.getLogger(__name__)


def start(backend, date_from, date_to, user):
    """Have the invoices of a period compared in the background.

    :param user: who asked for it
    :return: the comparison, sudo
    :raises UserError: if the connection is not set up, or another one is running
    :raises ValidationError: if the period makes no sense
    """
    backend = backend.sudo()
    env = backend.env
    check_active(backend)
    if backend.state == "draft":
        raise UserError(
            env._("The connection was not tested yet: use Test Connection.")
        )
    # Without this lock, a second start would wait for the first at the unique index.
    [[is_free]] = env.execute_query(
        SQL("SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)", "compare", backend.id)
    )
    runs = env["connectwise.reconciliation.run"]
    mine = [("backend_id", "=", backend.id)]
    other = runs.search([*mine, ("state", "in", OPEN)], limit=1)
    if not is_free or (other and not backend._is_resting()):
        raise UserError(_describe_running(env, other))
    period = {"date_from": date_from, "date_to": date_to}
    run = runs.search([*mine, *((name, "=", day) for name, day in period.items())])
    backend._forget_failures()
    if other and other == run:
        # It only waited for ConnectWise, so it continues where it stopped.
        other.user_id = user
        _trigger(env)
        return other
    if other:
        other._end("cancelled")
        other.flush_recordset()
    # If the last comparison of this period was complete, only changes are read.
    is_done = run.state == "done" and run.tenant == backend.tenant
    is_kept = is_done and not run.skipped
    values = {
        "state": "queued",
        "changed_since": is_kept and _find_last_reading(run) - OVERLAP,
        "user_id": user.id,
        "tenant": backend.tenant,
        "started_at": fields.Datetime.now(),
        **dict.fromkeys(("read_after", "invoices_read", "invoices_expected"), 0),
        **dict.fromkeys(("failure", "skipped", "conflicts", "is_cancelled"), False),
    }
    try:
        with env.cr.savepoint():
            if run:
                run.write(values)
            else:
                run = runs.create({"backend_id": backend.id, **period, **values})
            if not is_kept:
                run._forget_invoices()
            env.flush_all()
    except UniqueViolation as error:
        # Another request was committed after this transaction began.
        raise UserError(_describe_running(env, run.browse())) from error
    _trigger(env)
    return run


def _find_last_reading(run):
    """Return a time before which every change was read.

    The clocks of Odoo and ConnectWise may differ, so the earlier time counts.
    """
    times = (run.started_at, find_newest_change(run))
    return min(filter(None, times))


def _describe_running(env, run):
    if run:
        return env._("A comparison is already running: %s.", run.display_name)
    return env._("A comparison is already running.")


def run_scheduled(env):
    """Continue the comparisons that have not ended."""
    end = time.monotonic() + SECONDS_FOR_SYNC_STEPS
    for run in env["connectwise.reconciliation.run"].search([("state", "in", OPEN)]):
        backend = run.backend_id
        if _is_over(run):
            continue
        if backend._is_resting():
            _trigger(env, backend.retry_at)
        elif backend.active and backend.state != "draft":
            _run(run, end)
    env["ir.cron"]._commit_progress(remaining=0)


def _run(run, end):
    """Run a comparison in the background; report every end, and raise nothing.

    :param end: when to leave the rest to the next run, by `time.monotonic()`
    """
    env = run.env
    try:
        run.state = "running"
        env["ir.cron"]._commit_progress()
        if not _is_over(run) and _read(run, end):
            _compare(run)
    except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, IntegrityError) as error:
        env.cr.rollback()
        _give_way(run, error)
    except ConnectWiseError as error:
        is_news = not run.failure
        run.failure = serialize_error(error)
        if is_news:
            run._tell_user()
        _trigger(env, run.backend_id.retry_at or None)
    except Exception:
        _logger.exception("Comparison %s stopped", run.id)
        env.cr.rollback()
        if run.exists():
            run._end("failed", {"kind": "unexpected"})
    env["ir.cron"]._commit_progress()


def _is_over(run):
    """Return whether to stop, and end the comparison if there is a reason to."""
    if not run.exists() or run.state not in OPEN:
        return True
    if run._is_outdated():
        run._end("failed", {"kind": "another_connectwise"})
    elif run.is_cancelled:
        run._end("cancelled")
    elif run.invoices_read > MOST_INVOICES:
        run._end("failed", {"kind": "too_many", "most": MOST_INVOICES})
    return run.state not in OPEN


def _read(run, end):
    """Read the rest of the period; return whether everything was read.

    :raises ConnectWiseError: if ConnectWise failed; the pages read before are stored
    """
    backend, env = run.backend_id, run.env
    with asking(backend, backend._get_background_limits(), explicit=True) as client:
        if run.changed_since:
            if _read_changes(run, client, end):
                return not _is_over(run)
            run.changed_since = False
            run._forget_invoices()
        first, last = run.date_from - EDGE, run.date_to + EDGE
        left, ranges = client.invoice_ranges(first, last, run.read_after)
        run.invoices_expected = run.invoices_read + left
        for page in client.invoices(first, last, ranges):
            store_invoices(run, page.invoices)
            _note_page(run, page)
            env["ir.cron"]._commit_progress(1)
            if _is_over(run):
                return False
            if time.monotonic() > end and page.ids.until:
                _trigger(env)
                return False
    return True


def _read_changes(run, client, end):
    """Read the invoices that changed; return whether all is up to date then.

    ConnectWise does not say which invoices were deleted. So if it has another number of
    invoices than Odoo stored, everything has to be read.
    """
    first, last = run.date_from - EDGE, run.date_to + EDGE
    since = run.changed_since.replace(tzinfo=timezone.utc)
    for invoices, _skipped in client.changed_invoices(since):
        store_invoices(run, [invoice for invoice in invoices if invoice.date])
        run.invoices_read += len(invoices)
        if time.monotonic() > end:
            # Reading everything instead can be interrupted and continued.
            return False
    return keep_days(run, first, last) == client.count_invoices(first, last)


def _note_page(run, page):
    """Store the progress after a page."""
    reasons = [run.skipped, *(record.reason for record in page.skipped)]
    run.write(
        {
            "read_after": page.ids.until or MAX_ID,
            "invoices_read": run.invoices_read + len(page.invoices),
            "skipped": "\n".join(filter(None, reasons)),
            "failure": False,
        }
    )


def _compare(run):
    if count_moves(run, MOST_INVOICES) > MOST_INVOICES:
        run._end("failed", {"kind": "too_many", "most": MOST_INVOICES})
        return
    compare_and_store(run)
    run.compared_at = fields.Datetime.now()
    run._end("done")


def _give_way(run, error):
    """Continue at once after a person changed something at the same moment."""
    if not run.exists():
        return
    run.conflicts += 1
    if run.conflicts > MOST_CONFLICTS:
        _logger.error("Comparison %s stopped: %s", run.id, error)
        run._end("failed", {"kind": "unexpected"})
        return
    _logger.info("Comparison %s gave way to another change", run.id)
    _trigger(run.env)


def _trigger(env, at=None):
    name = "benji_connectwise_reconciliation.ir_cron_connectwise_reconciliation"
    env.ref(name).sudo()._trigger(at)
