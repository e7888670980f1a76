"""Judging lookups again, after the settings of a connection or the mapping changed.

There may be hundreds of thousands. The newest are judged at once, the others by the
scheduled action. Until then the list of invoices may show the old verdict; each lookup
is judged again before its PDF is used.
"""

import time

from odoo.fields import Domain

from ...const import LOOKUPS_JUDGED_AT_ONCE
from ...odoo_internals import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY


def find_lookups(backends, domain=(), **options):
    """Return the lookups of these connections' invoices, sudo.

    :param domain: of the lookups among them
    :param options: as for `search`
    """
    of_companies = [("company_id", "in", backends._get_companies().ids)]
    lookups = backends.env["connectwise.lookup"].sudo()
    return lookups.search([*of_companies, *domain], **options)


def find_waiting(lookups):
    """Return those of `lookups` that the scheduled action is still to judge again."""
    return lookups.filtered(lambda lookup: lookup.id < lookup.backend_id.judged_from_id)


def judge_lookups(backends):
    """Judge all lookups of these connections again: the newest now, the others soon."""
    for backend in backends.sudo():
        backend.judged_from_id = find_lookups(backend, order="id desc", limit=1).id + 1
        _judge_next(backend)
        if backend.judged_from_id:
            backend.env["connectwise.lookup"]._trigger_prefetch()


def judge_found(companies):
    """Judge again the lookups that found an invoice of these ConnectWise companies.

    Whose a company is decides about everybody's invoices, while the dependencies of the
    verdict only know the connection of the invoice's own customer. If there are many
    such invoices, all lookups are judged, most of them soon.

    :param companies: those whose owner changed, or that count again or no longer
    """
    if not companies:
        return
    env = companies.sudo().env
    refs = companies.sudo().mapped("connectwise_ref")
    hits = env["connectwise.invoice"].search(
        Domain("company_ref", "in", refs) | Domain("bill_to_ref", "in", refs),
        limit=LOOKUPS_JUDGED_AT_ONCE + 1,
    )
    if len(hits) <= LOOKUPS_JUDGED_AT_ONCE:
        hits.lookup_id._judge_anew()
        return
    judge_lookups(env["connectwise.backend"].with_context(active_test=False).search([]))


def judge_others(env, end):
    """Go on judging where `judge_lookups` stopped, and commit after each step.

    :param end: when to leave the rest to the next run, as `get_end_of_run` returns it
    """
    backends = env["connectwise.backend"].with_context(active_test=False)
    for backend in backends.search([("judged_from_id", ">", 0)]):
        while backend.judged_from_id:
            if time.monotonic() > end:
                env["connectwise.lookup"]._trigger_prefetch()
                return
            try:
                _judge_next(backend)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # A person changed one of them at the same time.
                env.cr.rollback()
                env["connectwise.lookup"]._trigger_prefetch()
                break
            env["ir.cron"]._commit_progress()


def _judge_next(backend):
    """Judge the newest lookups that were not judged yet."""
    lookups = find_lookups(
        backend,
        [("id", "<", backend.judged_from_id)],
        order="id desc",
        limit=LOOKUPS_JUDGED_AT_ONCE,
    )
    # Answered by the ConnectWise that was connected before.
    lookups.filtered("is_from_another_tenant")._leave_connectwise()
    lookups._judge_anew()
    is_last = len(lookups) < LOOKUPS_JUDGED_AT_ONCE
    backend.judged_from_id = 0 if is_last else lookups[-1].id
    backend.env.flush_all()
