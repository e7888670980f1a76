"""Asking ConnectWise, and storing successes and failures.

The connection keeps a failure in four fields: those of the connection, and, with the
prefix `sync_`, those of companies and contacts alone, while PDFs continue.
"""

import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from markupsafe import escape

from odoo import fields
from odoo.exceptions import LockError
from odoo.http import request

from ...const import CONNECTION_FIRST_RETRY, CONNECTION_LAST_RETRY, SECONDS_FOR_PERSON
from ...lib.connectwise_client import (
    INTERACTIVE,
    AddressError,
    ConnectWiseClient,
    ConnectWiseError,
    DeadlineError,
    MissingRightError,
    NetworkError,
    RateLimitError,
    SettingsError,
    normalise_address,
)
from .explain import explain_stored, serialize_error
from .private_key import get_credentials
from .server_settings import get_local_hosts

SYNC_RIGHTS = ("Company Maintenance", "Contacts")
"""What an API member needs for customers and contacts, and not for PDFs."""

SPENT = "connectwise_seconds"

FAILURE = ("failure", "failing_since", "failures", "retry_at")


@contextmanager
def asking(backend, limits, explicit=False, of_sync=False):
    """Yield a client of this ConnectWise, and store its success or failure.

    :param limits: the client's
    :param explicit: whether a success is worth a note of its own
    :param of_sync: whether companies and contacts are asked for: PDFs continue,
        whatever is wrong with these
    :raises ConnectWiseError: after it was noted
    """
    start = time.monotonic()
    tenant, hosts = backend.tenant, get_local_hosts()
    paused = {prefix: backend[f"{prefix}retry_at"] for prefix in ("", "sync_")}
    try:
        # An error in the address is reported first.
        normalise_address(backend.server_url, hosts)
        with ConnectWiseClient(
            backend.server_url,
            get_credentials(backend),
            limits,
            local_hosts=hosts,
            codebase=backend.codebase or None,
        ) as client:
            yield client
    except ConnectWiseError as error:
        if backend.tenant == tenant and not _may_be_for_want_of_time(error, limits):
            left = limits.total + start - time.monotonic()
            is_alone = of_sync and _is_about_companies_alone(backend, error, left)
            prefix = "sync_" if is_alone else ""
            # Others who asked at the same time may have noted the same outage.
            noted = backend[f"{prefix}retry_at"]
            if not noted or noted == paused[prefix]:
                note_failure(backend, error, is_alone)
        raise
    else:
        if backend.tenant == tenant:
            note_success(backend, client.codebase, explicit, of_sync)
    finally:
        meter = _get_meter(backend.env.cr)
        meter[SPENT] = meter.get(SPENT, 0) + time.monotonic() - start


def get_interactive_limits(backend):
    """Return the client's limits while a person waits, or None not to ask at all.

    Nothing is asked while the connection is archived, not configured, or pauses after a
    failure, nor once a request of a person, or a transaction without one, has spent its
    time on ConnectWise.
    """
    if not backend.active or backend.state == "draft" or backend._is_resting():
        return None
    left = SECONDS_FOR_PERSON - _get_meter(backend.env.cr).get(SPENT, 0)
    return replace(INTERACTIVE, total=left) if left > 0.1 else None


def _get_meter(cr):
    """Return the dict that counts, as SPENT, how long ConnectWise was asked.

    It is that of a person's request. Elsewhere it is that of the transaction, because
    a scheduled action, such as Sale's, may send many invoices in one of them.
    """
    return vars(request) if request else cr.postcommit.data


def _may_be_for_want_of_time(error, limits):
    """Whether ConnectWise may just be slow: others, who have more time, are to ask it.

    What is left of the time of a person or of a run may be a fraction of a second.
    """
    is_late = isinstance(error, NetworkError | DeadlineError)
    return is_late and limits.total < SECONDS_FOR_PERSON / 2


def _is_about_connection(error):
    """Whether an error with companies would certainly occur with invoices too."""
    if isinstance(error, NetworkError):
        return error.reason in ("dns", "connect")
    if isinstance(error, AddressError):
        return error.status is None
    return isinstance(error, SettingsError) and not isinstance(error, MissingRightError)


def _is_about_companies_alone(backend, error, seconds):
    """Whether invoices still work; asks for some if that is uncertain.

    :param seconds: how long that may take; without time they count as working
    """
    if _is_about_connection(error):
        return False
    is_told = isinstance(error, MissingRightError | RateLimitError | DeadlineError)
    if is_told or seconds < 0.1:
        return True
    try:
        # A new client, which does not remember the failure.
        with ConnectWiseClient(
            backend.server_url,
            get_credentials(backend),
            replace(INTERACTIVE, total=min(seconds, SECONDS_FOR_PERSON)),
            local_hosts=get_local_hosts(),
        ) as client:
            [invoices] = client.check_access().checks
    except ConnectWiseError:
        return False
    return not invoices.error


# -----------------------------------------------------------------------------
# Failures
# -----------------------------------------------------------------------------


def note_failure(backend, error, of_sync=False):
    """Pause, longer each time, and store why; call a person if settings are wrong.

    :param of_sync: whether that is about companies or contacts alone, so that only
        the synchronization pauses
    """
    backend = backend.sudo()
    try:
        # Another request is storing the same failure: once is enough.
        backend.lock_for_update()
    except LockError:
        return
    prefix = "sync_" if of_sync else ""
    asked_for = getattr(error, "retry_after", None)
    _pause(backend, prefix, serialize_error(error), asked_for)
    if not prefix:
        is_reached = isinstance(error, MissingRightError)
        backend.state = "connected" if is_reached else "error"
        backend.env["connectwise.lookup"]._trigger_prefetch(at=backend.retry_at)
    if isinstance(error, SettingsError):
        _tell_responsible(backend, prefix)


def note_sync_error(backend, failure):
    """Pause the synchronization after an error that is not ConnectWise's.

    :param failure: dict for `explain_stored`
    """
    backend = backend.sudo()
    _pause(backend, "sync_", failure)
    _tell_responsible(backend, "sync_")


def _pause(backend, prefix, failure, asked_for=None):
    """Do not ask for a while, longer each time.

    :param prefix: "sync_" for companies and contacts, else ""
    :param asked_for: for how many seconds at least, if ConnectWise said so
    """
    now = fields.Datetime.now()
    failures = backend[f"{prefix}failures"]
    pause = min(CONNECTION_FIRST_RETRY * 2 ** min(failures, 10), CONNECTION_LAST_RETRY)
    if asked_for:
        # However long a pause it asks for, an outage must end without a click.
        pause = min(max(pause, timedelta(seconds=asked_for)), CONNECTION_LAST_RETRY)
    backend.write(
        {
            f"{prefix}failure": failure,
            f"{prefix}failing_since": backend[f"{prefix}failing_since"] or now,
            f"{prefix}failures": failures + 1,
            f"{prefix}retry_at": now + pause,
        }
    )


def _tell_responsible(backend, prefix):
    env = get_env_of_responsible(backend)
    call_responsible(
        backend,
        env._("ConnectWise needs attention"),
        explain_stored(env, backend[f"{prefix}failure"]),
        f"{prefix}notice_id",
    )


def get_env_of_responsible(backend):
    """Return the environment in the language of the responsible person."""
    user = backend.company_id._get_connectwise_responsible()
    lang = user.lang or backend.env.lang
    return backend.with_context(lang=lang).env


def call_responsible(backend, summary, note, notice="notice_id"):
    """Raise an activity for the responsible person: one until it works again.

    :param notice: the field that remembers it
    """
    if not backend[notice]:
        backend = backend.with_env(get_env_of_responsible(backend))
        backend[notice] = backend.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=backend.company_id._get_connectwise_responsible().id,
            summary=summary,
            # It may quote ConnectWise, and a note is HTML.
            note=escape(note),
        )


# -----------------------------------------------------------------------------
# Success
# -----------------------------------------------------------------------------


def note_success(backend, codebase, explicit, of_sync=False):
    """Note that ConnectWise answered.

    Written only where something changes, so that requests that run at the same time do
    not wait for each other's row. Who holds it, such as the preview of a rescan, may
    wait for ConnectWise itself: then a later success is noted.
    """
    backend = backend.sudo()
    is_news = (
        (codebase and codebase != backend.codebase)
        or backend.state != "connected"
        or any(backend[name] for name in FAILURE)
        or backend.notice_id
    )
    if is_news and not explicit:
        try:
            backend.lock_for_update()
        except LockError:
            return
    if codebase and codebase != backend.codebase:
        backend.codebase = codebase
    if of_sync and (backend.failure or {}).get("kind") == "MissingRightError":
        # Reading companies does not prove the right to invoices.
        return
    if explicit or backend.state != "connected" or backend.failure:
        backend.write({"state": "connected", "last_success": fields.Datetime.now()})
    _end_failures(backend, "")


def note_sync_done(backend, were_contacts_read):
    """Note that companies, and perhaps contacts, were read to the end."""
    failure = backend.sync_failure or {}
    _end_failures(backend, "sync_")
    if not were_contacts_read and "Contacts" in failure.get("right", ""):
        # That right was not needed this time.
        backend.sync_failure = serialize_missing_rights(["Contacts"])


def note_rights(backend, missing):
    """Store which rights are missing, as ConnectWise just reported.

    :param missing: names of rights; all others are granted
    """
    backend = backend.sudo()
    of_sync = [right for right in missing if right in SYNC_RIGHTS]
    others = [right for right in missing if right not in SYNC_RIGHTS]
    backend.failure = serialize_missing_rights(others)
    if backend.sync_contacts:
        if not of_sync:
            # Otherwise the notice stays: it is the only one about these rights.
            _end_failures(backend, "sync_")
        backend.sync_failure = serialize_missing_rights(of_sync)


def serialize_missing_rights(rights):
    """Return missing rights as a failure field stores them."""
    return bool(rights) and serialize_error(
        MissingRightError("Missing rights", right=", ".join(rights))
    )


def _end_failures(backend, prefix):
    """Note that asking works again.

    :param prefix: "sync_" for companies and contacts, else ""
    """
    names = [f"{prefix}{name}" for name in FAILURE]
    if any(backend[name] for name in names):
        backend.write(dict.fromkeys(names, False))
    if notice := backend[f"{prefix}notice_id"]:
        backend[f"{prefix}notice_id"] = False
        if notice.active:
            text = get_env_of_responsible(backend)._("ConnectWise works again.")
            notice.action_feedback(feedback=text)
