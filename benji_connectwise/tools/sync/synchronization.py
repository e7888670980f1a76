"""One synchronization, from top to bottom: read, apply, match, import contacts.

Its generators yield whenever their caller may commit.
"""

import json
from datetime import timezone

from odoo.fields import Command, Domain
from odoo.tools import SQL, split_every

from ...const import (
    CONTACTS_AT_ONCE,
    CONTACTS_EACH_HOUR,
    MOST_GONE,
    OVERLAP,
    ROWS_AT_ONCE,
)
from ...lib.connectwise_client import ALL_IDS, BadAnswerError, IdRange
from ..mapping.bill_to_import import find_rows_to_import, import_contacts
from ..mapping.connecting import set_aside
from ..mapping.matching import match_customers
from ..mapping.rows import IS_DISCONNECTED, add_rows
from .company_rows import get_newest_change
from .contact_reading import find_wanted_contacts, forget_contacts, read_contacts

CONTACT_COUNTS = {
    "created": "contacts_created",
    "converted": "contacts_converted",
    "updated": "contacts_updated",
    "removed": "contacts_removed",
}


class MassLossError(Exception):
    """Too many connected companies are missing; `failure` says how many."""

    def __init__(self, lost, count):
        super().__init__(f"{lost} of {count} connected companies are gone")
        self.failure = {"kind": "mass_loss", "lost": lost, "all": count}


class Synchronization:
    """Runs one `connectwise.sync`.

    `changes` lists what was changed, as dicts with `kind`, `partner_id`,
    `company_name` and `reason`, if `with_changes` asks for it.
    """

    def __init__(self, sync, client, with_changes=False):
        self.sync = sync
        self.client = client
        self.env = sync.env
        self.backend = sync.backend_id
        self.changes = [] if with_changes else None

    def steps(self):
        """Do this synchronization, yielding after each step.

        Resumed after an interruption, it continues with the rest. It stops if another
        ConnectWise is connected in the meantime.

        :raises ConnectWiseError: of the client
        :raises MassLossError: before anything was changed
        """
        sync = self.sync
        yield from self._read_companies()
        if sync._is_over():
            return
        self._apply_companies()
        add_rows(self.backend)
        if sync.discard_disconnected:
            self._discard_disconnections()
        for steps in (
            match_customers(self),
            self._read_contacts(),
            self._import_contacts(),
        ):
            for _step in steps:
                yield
                if sync._is_over():
                    return
        sync._finish("done")
        for reason in (sync.skipped or "").splitlines():
            self.note_change("skipped", self.env["connectwise.mapping"], reason)

    def note_change(self, kind, mapping, reason):
        if self.changes is not None:
            self.changes.append(
                {
                    "kind": kind,
                    "partner_id": mapping.partner_id.id,
                    "company_name": mapping.connectwise_company_id.display_name or "",
                    "reason": reason or "",
                }
            )

    # -------------------------------------------------------------------------
    # Companies
    # -------------------------------------------------------------------------

    def _read_companies(self):
        sync, is_full = self.sync, self.sync.is_full
        if not sync.range_ids:
            plan_ranges(sync, self.client)
        since = None if is_full else _overlap(self.backend.newest_change)
        yield from read_ranges(sync.range_ids, self.client, since)
        if is_full:
            self._check_all_were_read()

    def _check_all_were_read(self):
        sync = self.sync
        read = sum(sync.range_ids.mapped("companies_read"))
        # Some may have been deleted while the pages were read.
        if read < sync.companies_total and read < self.client.count_companies():
            # A resumed synchronization would find the same gap again and again.
            sync._clear_up()
            raise BadAnswerError("Not all companies were listed", reason="paging")

    def _apply_companies(self):
        """Apply the companies that were read, if they are plausible."""
        env, sync, backend = self.env, self.sync, self.backend
        staged = env["connectwise.sync.company"]
        refs = {ref for row in sync.range_ids for ref in row.gone_refs or ()}
        gone = env["connectwise.company"].search(
            [("backend_id", "=", backend.id), ("connectwise_ref", "in", list(refs))]
        )
        left_behind = staged._find_left_behind(sync, gone)
        gone = (gone - left_behind).filtered(lambda company: not company.is_deleted)
        lost = self._check_loss(gone, left_behind)
        newest = _get_newest(
            backend.newest_change, *sync.range_ids.mapped("newest_change")
        )
        # A person who connects another ConnectWise at this moment waits for the commit,
        # and what is applied here is in doubt again.
        env.cr.execute(
            SQL(
                "UPDATE connectwise_backend SET newest_change = %s WHERE id = %s",
                newest or None,
                backend.id,
            )
        )
        backend.invalidate_recordset(["newest_change"])
        others = staged._find_others(sync)
        forget_contacts(backend, others)
        rows = set_aside(env, {**others, **dict.fromkeys(left_behind.ids)})
        for row in rows:
            self.note_change("conflict", row, row.message)
        staged._apply(sync, left_behind)
        gone.is_deleted = True
        for row in lost:
            row._log(env._("Deleted in ConnectWise. The connection stays as it is."))
            self.note_change("changed", row, env._("Deleted in ConnectWise"))
        sync._count(companies_gone=len(gone), set_aside=len(rows))

    def _check_loss(self, gone, left_behind):
        """Return the rows whose companies are gone.

        :param left_behind: those that another ConnectWise had, which are no loss
        :raises MassLossError: if too much is gone, or nothing was read at all
        """
        Mapping = self.env["connectwise.mapping"]
        if not gone and not left_behind:
            return Mapping
        connected = Domain("backend_id", "=", self.backend.id) & Domain(
            "connectwise_company_id", "!=", False
        )
        with_these = connected & Domain(
            "connectwise_company_id", "in", (gone | left_behind).ids
        )
        rows = Mapping.search(with_these)
        lost = rows.filtered(lambda row: row.connectwise_company_id in gone)
        count = Mapping.search_count(connected)
        if rows and not sum(self.sync.range_ids.mapped("companies_read")):
            raise MassLossError(len(rows), count)
        # A single one was deleted by a person in ConnectWise, however few there are.
        if len(lost) > max(1, MOST_GONE * count):
            raise MassLossError(len(lost), count)
        return lost

    def _discard_disconnections(self):
        # Resumed after an interruption, it must not undo later ones.
        started = self.sync.started_at
        rows = self.env["connectwise.mapping"].search(
            Domain("backend_id", "=", self.backend.id)
            & IS_DISCONNECTED
            # A customer that is connected to another company since has no such time.
            & (
                Domain("disconnected_at", "<=", started)
                | Domain("disconnected", "=", False)
                & Domain("last_updated", "<=", started)
            )
        )
        rows.write(
            {
                "disconnected": False,
                "disconnected_at": False,
                "disconnected_by_id": False,
                "disconnected_company_ids": [Command.clear()],
            }
        )
        text = self.env._("The disconnection was discarded by a rescan.")
        rows._message_log_batch(bodies=dict.fromkeys(rows.ids, text))

    # -------------------------------------------------------------------------
    # Contacts
    # -------------------------------------------------------------------------

    def _read_contacts(self):
        """Read the Bill-To contacts of the connected companies.

        All of them if a person asked; otherwise those that are new or changed, and some
        of the others in turn.
        """
        sync = self.sync
        wanted = find_wanted_contacts(self.backend)
        is_all = sync.is_full or sync.user_id
        if not is_all:
            wanted = self._choose_contacts(wanted)
        left = [row for row in wanted if row[0] > sync.contacts_until_id]
        for part in split_every(CONTACTS_AT_ONCE, left):
            contacts, skipped = read_contacts(self.env, self.client, part)
            sync._note_skipped(skipped)
            if is_all:
                self._note_contact_changes(contacts)
            sync.contacts_until_id = part[-1][0]
            yield

    def _choose_contacts(self, wanted):
        """Return those of `wanted` that may have changed, and some of the others."""
        if len(wanted) <= CONTACTS_EACH_HOUR:
            return wanted
        called = self.env["connectwise.callback.change"]._find(self.backend, "contact")
        changed = set(called.mapped("ref"))
        newest = self.backend.newest_contact_change
        if newest:
            pages = self.client.changed_contacts(_overlap(newest))
            for count, (page, _skipped) in enumerate(pages):
                if count == len(wanted) // CONTACTS_EACH_HOUR:
                    # Reading all of them takes fewer requests than the other pages.
                    return wanted
                changed.update(contact.id for contact in page)
                self._note_contact_changes(page)
        chosen, others = [], []
        for row in wanted:
            _company, contact, asked, _known = row
            is_due = contact != asked or contact in changed
            (chosen if is_due else others).append(row)
        # The last request is filled up with those that were checked longest ago.
        free = CONTACTS_EACH_HOUR - len(chosen) % CONTACTS_EACH_HOUR
        before = self.sync._get_last_done().rechecked_until_id
        rechecked = sorted(others, key=lambda row: (row[0] <= before, row[0]))[:free]
        if rechecked:
            self.sync.rechecked_until_id = rechecked[-1][0]
        return sorted(chosen + rechecked)

    def _note_contact_changes(self, contacts):
        sync = self.sync
        sync.newest_contact_change = _get_newest(
            sync.newest_contact_change, get_newest_change(contacts)
        )

    def _import_contacts(self):
        """Update the contacts in Odoo."""
        Mapping = self.env["connectwise.mapping"]
        ids = find_rows_to_import(self.backend)
        for part in split_every(ROWS_AT_ONCE, ids, Mapping.browse):
            outcomes = import_contacts(part)
            # Read together, as records of this part are.
            for mapping in part:
                done = outcomes.get(mapping)
                if done in CONTACT_COUNTS:
                    self.sync._count(**{CONTACT_COUNTS[done]: 1})
                    self.note_change(
                        f"contact_{done}",
                        mapping,
                        mapping.contact_message
                        or mapping.connectwise_company_id.contact_email
                        or "",
                    )
            yield


def plan_ranges(sync, client):
    """Divide the companies that are to be read into ranges."""
    ranges = [ALL_IDS]
    if sync.is_full:
        sync.companies_total, ranges = client.company_ranges()
    sync.env["connectwise.sync.range"].create(
        [
            {"sync_id": sync.id, "after_ref": ids.after, "until_ref": ids.until or 0}
            for ids in ranges
        ]
    )


def read_ranges(ranges, client, since=None):
    """Read and store the rest of these ranges, yielding after each page.

    :param ranges: of one synchronization
    :param since: only what changed after this time (with a zone)
    """
    # Read once: each commit forgets what was read from the database.
    sync = ranges.sync_id
    backend, is_full = sync.backend_id, sync.is_full
    left = {row.after_ref: row for row in ranges if not row.is_done}
    wanted = [IdRange(row.after_ref, row.until_ref or None) for row in left.values()]
    for page in client.companies(wanted, since):
        unreadable = [record.id for record in page.skipped]
        # A record without an id may be any of those that are missing.
        is_whole = is_full and None not in unreadable
        changed, gone, refused = sync.env["connectwise.sync.company"]._stage(
            sync,
            backend,
            page.companies,
            whole=page.ids if is_whole else None,
            unreadable=unreadable,
        )
        row = left.pop(page.ids.after)
        _store_progress(row, page, changed, gone, refused)
        if page.rest:
            left[page.rest.after] = row
        yield


def _store_progress(row, page, changed, gone, refused):
    """Store how far a range was read, with one statement.

    :param changed: how many companies differ
    :param gone: ids of companies that are gone
    :param refused: ids of companies that the database refuses
    """
    reasons = [
        *(record.reason for record in page.skipped),
        *(f"Company {ref}: cannot be stored" for ref in refused),
    ]
    row.flush_recordset()
    row.env.cr.execute(
        SQL(
            """
            UPDATE connectwise_sync_range
               SET companies_read = COALESCE(companies_read, 0) + %(read)s,
                   companies_changed = COALESCE(companies_changed, 0) + %(changed)s,
                   skipped_count = COALESCE(skipped_count, 0) + %(skipped_count)s,
                   skipped = NULLIF(concat_ws(%(newline)s, skipped, %(skipped)s), ''),
                   newest_change = GREATEST(newest_change, %(newest)s),
                   gone_refs = COALESCE(gone_refs, '[]') || %(gone)s::jsonb,
                   after_ref = COALESCE(%(rest)s, after_ref),
                   is_done = %(is_done)s
             WHERE id = %(id)s
            """,
            read=len(page.companies) + len(page.skipped),
            changed=changed,
            skipped_count=len(page.skipped) + len(refused),
            newline="\n",
            skipped="\n".join(reasons) or None,
            newest=get_newest_change(page.companies),
            gone=json.dumps(gone),
            rest=page.rest.after if page.rest else None,
            is_done=not page.rest,
            id=row.id,
        )
    )
    row.invalidate_recordset(flush=False)


def _get_newest(*times):
    return max(filter(None, times), default=False)


def _overlap(newest_change):
    return (newest_change - OVERLAP).replace(tzinfo=timezone.utc)
