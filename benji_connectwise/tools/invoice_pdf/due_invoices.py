"""Finding the invoices that the scheduled action asks about, in one statement."""

from odoo import fields
from odoo.tools import SQL

from ...const import CHECK_EVERY, LOOK_BACK
from .searching import search_used

DUE = """
    SELECT move.id
      FROM account_move move
      -- By its index: old invoices must not make each run slower.
      LEFT JOIN LATERAL (
          SELECT * FROM connectwise_lookup WHERE move_id = move.id LIMIT 1
      ) lookup ON TRUE
     WHERE (
           move.date >= %(oldest_date)s
           OR move.connectwise_posted_at >= %(oldest)s
           OR move.connectwise_sent_at >= %(oldest)s
           OR move.id = ANY(ARRAY(
               SELECT move_id FROM connectwise_held_invoice
                WHERE settings IS NOT NULL)))
       AND move.state = 'posted'
       AND move.move_type = ANY(%(types)s)
       AND move.company_id = ANY(%(companies)s)
       AND COALESCE(move.name, '') != ''
       AND %(is_wanted)s
       -- The answer of another ConnectWise stays as it was sent.
       AND COALESCE(lookup.tenant, %(tenant)s) = %(tenant)s
       AND (lookup.id IS NULL OR (
               (lookup.retry_at IS NULL OR lookup.retry_at <= %(now)s
                -- Accepted since it was refused.
                OR (lookup.accepted_id IS NOT NULL AND lookup.error IS NULL))
               AND (lookup.has_pdf IS NOT TRUE OR lookup.asked_at IS NULL
                    OR (move.connectwise_sent_at >= %(oldest)s
                        AND lookup.asked_at < %(checked)s))))
     ORDER BY lookup.asked_at NULLS FIRST, move.date DESC, move.id DESC
"""
"""Of the invoices that were dated, posted or sent lately, or are held."""


def find_due_invoices(backend):
    """Return the invoices to ask about in the background, new ones first.

    Sent invoices are checked twice a day, because nobody else looks at them. Those
    that have their PDF and were not sent are checked when they are sent.
    """
    Move = backend.env["account.move"]
    used = search_used(backend._get_companies(), "connectwise")
    if used.is_false():
        return Move
    is_wanted = SQL("TRUE")
    if not used.is_true():
        is_wanted = SQL("move.id IN %s", Move.sudo()._search(used).subselect())
    Move.flush_model()
    backend.env["connectwise.lookup"].flush_model()
    backend.env["connectwise.held.invoice"].flush_model()
    now = fields.Datetime.now()
    rows = backend.env.execute_query(
        SQL(
            DUE,
            companies=backend._get_companies().ids,
            types=Move.get_sale_types(include_receipts=True),
            is_wanted=is_wanted,
            oldest=now - LOOK_BACK,
            oldest_date=fields.Date.today() - LOOK_BACK,
            tenant=backend.tenant,
            checked=now - CHECK_EVERY,
            now=now,
        )
    )
    return Move.browse(move_id for [move_id] in rows)
