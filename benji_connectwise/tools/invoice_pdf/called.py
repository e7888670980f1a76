"""Looking up invoices again after ConnectWise called about them."""

import time
from contextlib import suppress

from odoo.tools import SQL, split_every

from ...const import INVOICES_AT_ONCE
from ...lib.connectwise_client import ConnectWiseError, number_key
from ..connection.asking import asking


def prepare_called_invoices(backend, end):
    """Make the lookups due that a changed invoice of ConnectWise may answer.

    Commits after each batch. Changes that are not read, because ConnectWise fails or
    the time is over, wait for the next run.

    :param end: when to stop, as `get_end_of_run` returns it
    """
    env = backend.env
    called = env["connectwise.callback.change"]._find(backend, "invoice")
    for some in split_every(INVOICES_AT_ONCE, called.ids, called.browse):
        left = end - time.monotonic()
        if backend._is_resting() or left <= 0:
            env["connectwise.lookup"]._trigger_prefetch(at=backend.retry_at or None)
            return
        refs, numbers = some.mapped("ref"), []
        limits = backend._get_background_limits(left)
        with suppress(ConnectWiseError), asking(backend, limits) as client:
            for invoices, _skipped in client.get_invoices(refs):
                numbers += [invoice.number for invoice in invoices if invoice.number]
            _make_due(backend, client.tenant, refs, numbers)
            some.exists().unlink()
        env["ir.cron"]._commit_progress()


def _make_due(backend, tenant, refs, numbers):
    """Have the lookups asked again that found these invoices or may find them.

    :param refs: ConnectWise's ids of the invoices
    :param numbers: the numbers of those that still exist
    """
    lookups = backend.env["connectwise.lookup"]
    lookups.flush_model()
    backend.env["connectwise.invoice"].flush_model()
    rows = backend.env.execute_query(
        SQL(
            """
            SELECT lookup.id
              FROM connectwise_lookup lookup
              JOIN account_move move ON move.id = lookup.move_id
             WHERE move.company_id = ANY(%(companies)s)
               AND COALESCE(lookup.tenant, %(tenant)s) = %(tenant)s
               AND (lookup.id IN (
                        SELECT lookup_id FROM connectwise_invoice
                         WHERE connectwise_ref = ANY(%(refs)s))
                    OR (lookup.accepted_id IS NULL AND EXISTS (
                        SELECT FROM jsonb_array_elements_text(
                            CASE jsonb_typeof(lookup.numbers) WHEN 'array'
                            THEN lookup.numbers ELSE '[]' END) number
                         WHERE lower(trim(number)) = ANY(%(numbers)s))))
            """,
            companies=backend._get_companies().ids,
            tenant=tenant,
            refs=refs,
            numbers=[number_key(number) for number in numbers],
        )
    )
    lookups = lookups.browse(lookup_id for [lookup_id] in rows)
    lookups.write({"asked_at": False, "retry_at": False})
