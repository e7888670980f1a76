"""Matching Odoo's customers with ConnectWise's companies."""

from odoo.modules.module import get_manifest
from odoo.tools import SQL, split_every

from ...const import MOST_NAMED, ROWS_AT_ONCE
from ...lib.customer_matching import (
    Company,
    Customer,
    match,
    normalise_account_id,
    normalise_name,
)
from ..sync.company_rows import NORMALISED, normalise
from ..sync.sql import as_key, as_table
from .connecting import link


def match_customers(run):
    """Connect certain matches, and store conflicts.

    Yields after some rows were connected. The result depends only on what is compared
    here, so nothing is done if that has not changed since last time.

    :param run: the `Synchronization` that this belongs to
    """
    sync, backend, env = run.sync, run.backend, run.env
    env.flush_all()
    sync._count(connected=0)
    sync.fingerprint = get_fingerprint(backend)
    before = sync._get_last_done().fingerprint
    if sync.fingerprint == before:
        return
    if before and before.split()[0] != sync.fingerprint.split()[0]:
        # Another version may compare differently.
        _normalise_again(backend)
    rows = env.execute_query(
        SQL(
            """
            SELECT mapping.id, partner.name, partner.ref,
                   partner.connectwise_self_written IS TRUE,
                   mapping.connectwise_company_id, mapping.disconnected,
                   mapping.has_conflict, mapping.conflict,
                   mapping.is_set_aside, mapping.connection = 'manual',
                   partner.commercial_partner_id != partner.id
              FROM connectwise_mapping mapping
              JOIN res_partner partner ON partner.id = mapping.partner_id
             WHERE mapping.backend_id = %s
            """,
            backend.id,
        )
    )
    customers = [
        Customer(row, name, ref or None, is_self_written)
        for row, name, ref, is_self_written, *_state, is_part in rows
        # A customer that is part of another gets no invoices of its own.
        if not is_part
    ]
    result = match(
        customers,
        _find_candidates(backend, customers),
        excluded_customers={row[0] for row in rows if row[5] or row[8]},
        fixed={row[0]: row[4] for row in rows if row[4]},
    )
    # Customers that were set aside, or are part of another one, stay conflicts until a
    # person decides.
    shown = {row[0]: row[7] for row in rows if row[6] and not (row[8] or row[10])}
    # A person who connected a customer has seen its name.
    by_hand = {row[0] for row in rows if row[9]}
    conflicts = [
        conflict
        for conflict in result.conflicts
        if conflict.kind != "name_disagrees" or conflict.customer_id not in by_hand
    ]
    del rows, customers
    for links in split_every(ROWS_AT_ONCE, result.links):
        _store_links(run, links)
        yield
    differs = _store_conflicts(run, shown, conflicts)
    if result.links or differs:
        env.flush_all()
        sync.fingerprint = get_fingerprint(backend)


def get_fingerprint(backend):
    """Return a fingerprint of everything that matching depends on."""
    [[fingerprint]] = backend.env.execute_query(
        SQL(
            """
            SELECT concat_ws(' ', %(version)s, (
                SELECT concat_ws(' ', count(*), sum(hashtextextended(ROW(
                           mapping.id, partner.name, partner.ref,
                           partner.connectwise_self_written,
                           mapping.connectwise_company_id, mapping.disconnected,
                           mapping.has_conflict, mapping.is_set_aside,
                           partner.commercial_partner_id
                       )::text, 0)))
                  FROM connectwise_mapping mapping
                  JOIN res_partner partner ON partner.id = mapping.partner_id
                 WHERE mapping.backend_id = %(backend)s
            ), (
                SELECT concat_ws(' ', count(*), sum(hashtextextended(ROW(
                           id, name, account_number, is_deleted, is_confirmed
                       )::text, 0)))
                  FROM connectwise_company
                 WHERE backend_id = %(backend)s
            ))
            """,
            version=get_manifest("benji_connectwise")["version"],
            backend=backend.id,
        )
    )
    return fingerprint


def _find_candidates(backend, customers):
    """Return the companies that share a name or an Account ID with one of these
    customers, or are connected: no others matter for matching."""
    rows = backend.env.execute_query(
        SQL(
            """
            SELECT id, name, account_number, is_deleted FROM connectwise_company
             WHERE backend_id = %(backend)s AND is_confirmed
               AND (normalised_name IS NULL
                    OR normalised_name IN (SELECT name FROM (%(names)s) names)
                    OR normalised_account_id IN (SELECT id FROM (%(ids)s) ids)
                    OR id IN (
                        SELECT connectwise_company_id FROM connectwise_mapping
                         WHERE backend_id = %(backend)s))
            """,
            backend=backend.id,
            names=as_table(
                [(as_key(normalise_name(c.name).core),) for c in customers],
                {"name": "text"},
            ),
            ids=as_table(
                [(as_key(normalise_account_id(c.account_id)),) for c in customers],
                {"id": "text"},
            ),
        )
    )
    return [
        Company(company, name or None, account_number or None, is_deleted)
        for company, name, account_number, is_deleted in rows
    ]


def _normalise_again(backend):
    """Store again the keys by which the companies are compared."""
    companies = backend.env.execute_query(
        SQL(
            "SELECT id, name, account_number FROM connectwise_company"
            " WHERE backend_id = %s",
            backend.id,
        )
    )
    backend.env.cr.execute(
        SQL(
            """
            UPDATE connectwise_company company
               SET normalised_name = new.normalised_name,
                   normalised_account_id = new.normalised_account_id
              FROM (%s) new
             WHERE company.id = new.id
            """,
            as_table(
                [
                    (company_id, *normalise(name, account_number))
                    for company_id, name, account_number in companies
                ],
                {"id": "int", **NORMALISED},
            ),
        )
    )
    backend.env["connectwise.company"].invalidate_model()


def _store_links(run, links):
    Mapping = run.env["connectwise.mapping"]
    reasons = dict(Mapping._fields["connection"]._description_selection(run.env))
    rows = link(
        run.env,
        [(found.customer_id, found.company_id, found.reason) for found in links],
    )
    rows._message_log_batch(
        bodies={
            row.id: run.env._(
                "Connected to %(company)s by %(reason)s.",
                company=row.connectwise_company_id.display_name,
                reason=reasons[row.connection],
            )
            for row in rows
        }
    )
    for row in rows:
        run.note_change("connected", row, reasons[row.connection])
    run.sync._count(connected=len(rows))


def _store_conflicts(run, shown, conflicts):
    """Make these the conflicts that the report shows.

    :param shown: {row: its conflict} of those it shows now
    :return: whether that changed
    """
    Mapping = run.env["connectwise.mapping"]
    found = {
        conflict.customer_id: {
            "kind": conflict.kind,
            "companies": list(conflict.company_ids[:MOST_NAMED]),
            "rows": list(conflict.customer_ids[:MOST_NAMED]),
        }
        for conflict in conflicts
    }
    settled = Mapping.browse(shown.keys() - found.keys())
    settled.write({"has_conflict": False, "conflict": False})
    new = {row: values for row, values in found.items() if shown.get(row) != values}
    for row in Mapping.browse(new):
        row.write({"has_conflict": True, "conflict": new[row.id]})
        run.note_change("conflict", row, row.message)
    return bool(settled or new)
