"""Looking invoices up in ConnectWise, and downloading their PDFs.

To *look up* is to ask for the number, to *download* is to get the PDF, and to *fetch*
is to do both. The generators yield whenever their caller may commit.
"""

import logging
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from psycopg2 import IntegrityError, InternalError, OperationalError

from odoo import fields
from odoo.exceptions import ConcurrencyError
from odoo.tools import split_every

from ...const import (
    FRESH_FOR_BATCH,
    LOOKUP_FIRST_RETRY,
    NUMBERS_AT_ONCE,
    SECONDS_FOR_PERSON,
    SECONDS_FOR_RUN,
)
from ...lib.connectwise_client import (
    AmbiguousNumberError,
    ConnectWiseError,
    DeadlineError,
    number_key,
)
from ..connection.asking import asking, get_interactive_limits
from ..connection.explain import serialize_error
from .download import download_pdfs
from .explain_lookup import UNREADABLE
from .hits import store_hits
from .merge_check import LONG, SHORT
from .news import find_news, tell_news
from .order import is_used

_logger = logging.getLogger(__name__)


def fetch_for_person(moves, sending=False, download=True, fresh=timedelta(0)):
    """Fetch the PDFs that are missing while a person waits.

    An outage or an error raises nothing: then the PDFs are not fetched.

    :param sending: also ask whether a kept PDF is still ConnectWise's newest
    :param download: also download the PDFs, not only look the numbers up
    :param fresh: as for `find_due`
    """
    end = time.monotonic() + SECONDS_FOR_PERSON
    Lookup = moves.env["connectwise.lookup"].sudo()
    for company, moves_of_company in moves.grouped("company_id").items():
        backend = company._get_connectwise_backend()
        limits = backend and get_interactive_limits(backend)
        lookups = limits and find_due(Lookup._prepare(moves_of_company), sending, fresh)
        left = end - time.monotonic()
        if not lookups or left <= 0:
            continue
        limits = replace(limits, total=min(limits.total, left))
        with _surviving(lookups):
            with suppress(ConnectWiseError), asking(backend, limits) as client:
                for _step in fetch(client, lookups, sending, download):
                    pass
            # While the connection rests, nothing is asked anyway.
            if download and not backend._is_resting() and (slow := find_due(lookups)):
                slow.error = serialize_error(DeadlineError("Not fetched in time"))
                slow._pause()


@contextmanager
def _surviving(lookups):
    """Undo this block after an error in Odoo or in this addon, and log it.

    The person who prints then gets the next PDF. Not caught are the errors after which
    Odoo runs a request again.
    """
    try:
        with lookups.env.cr.savepoint():
            yield
    except (OperationalError, InternalError, ConcurrencyError):
        raise
    except Exception:
        _logger.exception("The PDFs of lookups %s could not be fetched", lookups.ids)


def get_end_of_run():
    """Return when a scheduled action that starts now stops waiting for ConnectWise.

    :return: seconds, of `time.monotonic()`
    """
    return time.monotonic() + SECONDS_FOR_RUN


def fetch_before_sending(moves, download=True, fresh=timedelta(0)):
    """Ask for missing and for newer PDFs, within the time a person waits.

    :param download: also download the PDFs, not only look the numbers up
    :param fresh: as for `find_due`
    """
    asked = moves.filtered(lambda move: is_used("connectwise", move))
    if asked:
        fetch_for_person(asked, True, download, fresh)
        moves.invalidate_recordset(
            ["invoice_pdf_source", "invoice_pdf_is_first_choice"]
        )


def fetch_in_background(moves, fresh=timedelta(0), end=None):
    """Bring the PDFs of `moves` up to date; commits.

    An outage or an error raises nothing: then the PDFs are not brought up to date.

    :param fresh: an answer younger than this is not asked for again
    :param end: when to stop waiting, of `get_end_of_run`: one run has one end, for all
        its companies together
    """
    end = end or get_end_of_run()
    env = moves.env
    commit = env["ir.cron"]._commit_progress
    moves = moves.exists().filtered(lambda move: is_used("connectwise", move))
    for company, moves_of_company in moves.grouped("company_id").items():
        backend = company._get_connectwise_backend()
        if not backend._is_pdf_source() or backend._is_resting():
            continue
        # A person may do the same at this moment. Missing PDFs are asked for once
        # more, because a batch is about to be sent with them.
        for _attempt in range(2):
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                lookups = env["connectwise.lookup"]._prepare(moves_of_company.exists())
                lookups = find_due(lookups, sending=True, fresh=fresh)
                if lookups:
                    # No lock is held while the network is waited for: a person who
                    # opens one of these invoices must not wait too.
                    commit()
                    limits = backend._get_background_limits(left)
                    with suppress(ConnectWiseError), asking(backend, limits) as client:
                        lookups = lookups.exists()
                        for _step in fetch(client, lookups, True, patience=LONG):
                            commit()
                    commit()
                break
            except (OperationalError, IntegrityError):
                _logger.info("Lookups gave way to a person's request")
                env.cr.rollback()
            except Exception:
                # The batch that is about to be sent must not wait for a correction.
                _logger.exception("PDFs of %s could not be fetched", backend.name)
                env.cr.rollback()
                break


def fetch_before_batch(Move, job_count):
    """Bring PDFs up to date before the scheduled action sends them; commits.

    :param Move: `account.move`
    :param job_count: how many invoices are sent now; more of them are fetched at once
    """
    pending = Move.search(
        [("sending_data", "!=", False), ("state", "=", "posted")],
        order="date asc, invoice_date asc, sequence_number asc, id asc",
        limit=NUMBERS_AT_ONCE,
    )
    if is_due_before_sending(pending[:job_count], FRESH_FOR_BATCH):
        fetch_in_background(pending, FRESH_FOR_BATCH)


def fetch_anew(moves):
    """Fetch at once, whatever was remembered; raises nothing.

    A person asked for it, so a PDF that was sent is replaced too.
    """
    lookups = moves.env["connectwise.lookup"].sudo()._prepare(moves)
    for company, lookups_of_company in lookups.grouped("company_id").items():
        backend = company._get_connectwise_backend()
        if not backend:
            continue
        limits = get_interactive_limits(backend)
        if not limits:
            continue
        before = {
            lookup: (lookup.pdf_checksum, lookup.asked_at, lookup.tenant)
            for lookup in lookups_of_company
        }
        # Without a PDF that counts as sent, the answer is judged like a first one.
        lookups_of_company.write(
            {
                "retry_at": False,
                "attempts": 0,
                "error": False,
                "pdf_checksum": False,
                "asked_at": False,
            }
        )
        with suppress(ConnectWiseError), asking(backend, limits) as client:
            for _step in _look_up(client, lookups_of_company):
                pass
            for _step in download_pdfs(
                client, lookups_of_company.filtered("accepted_id")
            ):
                pass
        for lookup, (checksum, asked_at, tenant) in before.items():
            _keep_previous(lookup, checksum, asked_at, tenant)


def _keep_previous(lookup, checksum, asked_at, tenant):
    """Go back to the previous PDF if asking brought nothing better."""
    if not lookup.asked_at:
        lookup.write({"pdf_checksum": checksum, "asked_at": asked_at})
    elif not lookup.pdf_checksum and lookup.has_pdf and lookup.tenant == tenant:
        lookup.pdf_checksum = checksum


def is_due_before_sending(moves, fresh):
    """Whether it is time to ask about any of `moves` before it is sent.

    :param fresh: an answer younger than this is good enough
    """
    moves = moves.filtered(
        lambda move: (
            is_used("connectwise", move) and move._is_looked_up_in_connectwise()
        )
    )
    lookups = moves.sudo().connectwise_lookup_ids
    return len(lookups) < len(moves) or bool(find_due(lookups, True, fresh))


def find_due(lookups, sending=False, fresh=timedelta(0)):
    """Return those of `lookups` that it is time to ask about.

    :param sending: also those whose PDF is kept, because it may have changed, and
        those that found nothing usable more than minutes ago
    :param fresh: except where the answer is younger than this
    """
    now = fields.Datetime.now()
    kept = lookups.env["invoice.pdf.source"]._pass_over_broken_pdfs(
        lookups._get_pdfs(lookups.move_id)
    )

    def is_due(lookup):
        if lookup.is_from_another_tenant:
            return False
        age = now - (lookup.asked_at or datetime.min)
        if lookup._is_paused():
            # An invoice that is made in ConnectWise and then sent does not wait for
            # hours. An unusable PDF costs more to ask about.
            is_missed = sending and not lookup.accepted_id
            return is_missed and age >= max(fresh, LOOKUP_FIRST_RETRY)
        return lookup.move_id.id not in kept or (sending and age >= fresh)

    return lookups.filtered(is_due)


def fetch(client, lookups, sending, download=True, patience=SHORT):
    """Fetch for these lookups as far as the client's time goes; yields between steps.

    Whenever it yields, other people may delete these lookups.

    :param sending: as for `find_due`
    :param patience: how long a downloaded PDF may be examined
    :raises ConnectWiseError: if ConnectWise failed, or its time passed with nothing
        achieved; earlier answers are stored
    """
    missing = find_due(lookups)
    asked = {lookup: lookup.asked_at for lookup in lookups}
    try:
        yield from _look_up(client, lookups)
        if download:
            yield from download_pdfs(client, _find_outdated(lookups.exists()), patience)
    except DeadlineError:
        # Slow is not down: the rest is fetched in the background.
        there = lookups.exists()
        if find_due(there) == missing & there and (
            missing or all(lookup.asked_at == asked[lookup] for lookup in there)
        ):
            raise


def _look_up(client, lookups):
    """Ask for the numbers, many at a time, and store each answer.

    :raises ConnectWiseError: if ConnectWise failed; earlier answers are stored
    """
    for some in split_every(NUMBERS_AT_ONCE, lookups.ids, lookups.browse):
        some = some.exists()
        numbers = {
            number_key(number): number
            for lookup in some
            for number in lookup.numbers or ()
        }
        found, skipped = {}, []
        for invoices, skipped_rows in client.find_invoices(numbers.values()):
            for invoice in invoices:
                found.setdefault(number_key(invoice.number), []).append(invoice)
            skipped += skipped_rows
        yield
        # An invoice may have been reset to draft in the meantime, its number changed,
        # or another ConnectWise connected: then this answers another question.
        some = some.exists().filtered(
            lambda lookup, asked=numbers: (
                lookup._get_asked_keys() <= asked.keys()
                and lookup.backend_id.tenant == client.tenant
            )
        )
        crowded = {
            number_key(record.error.value)
            for record in skipped
            if isinstance(record.error, AmbiguousNumberError)
        }
        before = find_news(some)
        store_hits(some, found, client.tenant, crowded)
        tell_news(some, before)
        for lookup in some.filtered(lambda lookup: lookup.state == "not_found"):
            lookup.error = _find_problem(lookup, skipped)
        yield


def _find_problem(lookup, skipped):
    """Return why nothing may have been found: skipped records, or False."""
    for record in skipped:
        if getattr(record.error, "value", None) in lookup.numbers:
            return serialize_error(record.error)
    return {"kind": UNREADABLE} if any(record.id for record in skipped) else False


def _find_outdated(lookups):
    """Return the lookups whose PDF is missing or was changed in ConnectWise.

    A PDF that was sent is pinned: only a person's *Refresh PDF* replaces it.
    """
    kept = lookups._get_pdfs(lookups.move_id)
    return lookups.filtered(
        lambda lookup: (
            lookup.accepted_id
            and not (
                lookup.move_id.id in kept
                and (lookup._is_pdf_current() or lookup.pdf_changed)
            )
        )
    )
