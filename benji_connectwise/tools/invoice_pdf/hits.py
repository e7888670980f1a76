"""Storing the invoices that ConnectWise found."""

from odoo import fields
from odoo.tools import SQL

from ...lib.connectwise_client.const import MAX_HITS


def store_hits(lookups, found, tenant, crowded=()):
    """Replace `hit_ids` by ConnectWise's answer. A hit whose PDF was sent stays.

    :param found: {number_key: the client's invoices}, for all of these lookups
    :param tenant: the ConnectWise that answered
    :param crowded: the number_keys that have more invoices than could be read
    """
    if not lookups:
        return
    # Two people may open the same invoice at once. The second request waits here, and
    # Odoo then runs it again; without the lock it would fail at a unique index. The
    # order of the ids prevents deadlocks.
    lookups.flush_recordset()
    lookups.env.execute_query(
        SQL(
            """
            SELECT id FROM connectwise_lookup WHERE id IN %s ORDER BY id FOR UPDATE
            """,
            tuple(lookups.ids),
        )
    )
    answered = lookups.filtered(lambda lookup: lookup._get_asked_keys() & found.keys())
    before = {lookup: lookup.accepted_id for lookup in lookups}
    lookups.tenant = tenant
    _replace_hits(lookups, found, crowded)
    now = fields.Datetime.now()
    answered.write({"state": "found", "asked_at": now})
    (lookups - answered).write({"state": "not_found", "asked_at": now})
    # What others found is judged too: two customers may have found the same invoice.
    # The mapping may have changed in a transaction that did not see these hits.
    (lookups | _find_lookups_of(lookups.hit_ids))._judge_anew()
    accepted = lookups.filtered("accepted_id")
    # Finding the number again does not repair an unusable PDF.
    accepted.filtered(lambda lookup: lookup.accepted_id != before[lookup]).write(
        {"attempts": 0, "retry_at": False, "error": False}
    )
    (lookups - accepted)._pause()


def _find_lookups_of(hits):
    """Return all lookups that found one of these invoices."""
    refs = hits.mapped("connectwise_ref")
    return hits.lookup_id.search([("hit_ids.connectwise_ref", "in", refs)])


def _replace_hits(lookups, found, crowded):
    Hit = lookups.env["connectwise.invoice"]
    new, gone = [], Hit
    for lookup in lookups:
        known = {hit.connectwise_ref: hit for hit in lookup.hit_ids}
        keys = lookup._get_asked_keys()
        by_number = [found[key] for key in keys & found.keys()]
        # It may have been renumbered between two answers.
        invoices = {invoice.id: invoice for some in by_number for invoice in some}
        lookup.has_too_many_hits = any(len(some) > MAX_HITS for some in by_number) or (
            # Besides the invoices that were read, there are others.
            bool(invoices) and not keys.isdisjoint(crowded)
        )
        for invoice in () if lookup.has_too_many_hits else invoices.values():
            values = Hit._prepare_values(invoice)
            hit = known.pop(invoice.id, Hit)
            changes = {k: v for k, v in values.items() if hit and hit[k] != v}
            if changes:
                _forget_former_owners_pdf(lookup, hit, changes)
                hit.write(changes)
            elif not hit:
                new.append({"lookup_id": lookup.id, **values})
        for ref, hit in known.items():
            if lookup._is_pdf_sent() and ref == lookup.pdf_ref:
                # With too many hits, it may still be among those that were not read.
                hit.is_gone |= not lookup.has_too_many_hits
            else:
                gone += hit
    gone.unlink()
    Hit.create(new)


def _forget_former_owners_pdf(lookup, hit, changes):
    """Do not use the kept PDF of a hit that ConnectWise gave to another company.

    It names the former company. One that was sent stays until a person refreshes it.
    """
    has_moved = any(
        hit[name] for name in ("company_ref", "bill_to_ref") if name in changes
    )
    is_kept = hit.connectwise_ref == lookup.pdf_ref
    if has_moved and is_kept and not lookup._is_pdf_sent():
        lookup.pdf_ref = 0
