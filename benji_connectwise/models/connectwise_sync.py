import logging
import time
from datetime import timezone

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ..const import (
    CONTACTS_AT_ONCE,
    CONTACTS_EACH_HOUR,
    MOST_CONFLICTS,
    MOST_GONE,
    OVERLAP,
    ROWS_AT_ONCE,
)
from ..lib.connectwise_client import ALL_IDS, BadAnswerError, ConnectWiseError
from ..odoo_internals import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from ..tools.bill_to_import import find_rows_to_import, import_contacts
from ..tools.connecting import set_aside
from ..tools.explain import error_to_facts, explain_facts
from .connectwise_company import get_newest_change

CONTACT_COUNTS = {
    "created": "contacts_created",
    "converted": "contacts_converted",
    "updated": "contacts_updated",
    "removed": "contacts_removed",
}


OPEN = ("queued", "running")
"""States of a synchronization that did not end."""

_logger = logging.getLogger(__name__)


class MassLossError(Exception):
    """Too much of what is connected would be gone; `failure` says how much."""

    def __init__(self, lost, count):
        super().__init__(f"{lost} of {count} connected companies are gone")
        self.failure = {"kind": "mass_loss", "lost": lost, "all": count}


class ConnectwiseSync(models.Model):
    """One synchronization: what was asked for, how far it is, and what came of it."""

    _name = "connectwise.sync"
    _description = "ConnectWise Synchronization"
    _order = "id desc"
    _rec_name = "create_date"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
            ("refused", "Needs a decision"),
            ("failed", "Failed"),
        ],
        required=True,
        default="queued",
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users",
        "Asked by",
        default=lambda self: self.env.user,
        readonly=True,
        help="Empty for the scheduled action.",
    )
    is_full = fields.Boolean("All entries", readonly=True)
    discard_disconnected = fields.Boolean("Disconnections discarded", readonly=True)
    started_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    duration = fields.Float("Seconds", readonly=True)
    requests = fields.Integer(readonly=True)
    companies_read = fields.Integer(readonly=True)
    companies_total = fields.Integer(readonly=True)
    counts = fields.Json(readonly=True)
    summary = fields.Char(compute="_compute_summary")
    skipped = fields.Text(
        readonly=True, help="Records of ConnectWise that could not be read, and why."
    )
    failure = fields.Json(readonly=True)
    error = fields.Char(compute="_compute_error", help="Why it ended, or waits.")
    # How far it is: there only until it ends.
    range_ids = fields.One2many("connectwise.sync.range", "sync_id")
    contacts_until_id = fields.Integer(
        readonly=True, help="The contacts of companies up to this id were read."
    )
    newest_contact_change = fields.Datetime(readonly=True)
    conflicts = fields.Integer(
        readonly=True, help="How often it made way for what a person did."
    )
    tenant = fields.Char(
        readonly=True, help="Which ConnectWise is read; companies mean nothing else."
    )
    # What the next one goes by.
    facts = fields.Char(readonly=True, help="Fingerprint of what was matched.")
    contact_turn = fields.Integer(
        readonly=True, help="Contacts of companies up to this id had their turn."
    )

    _one_open = models.UniqueIndex(
        "(backend_id) WHERE state IN ('queued', 'running')",
        "A synchronization is already running.",
    )

    @api.depends("counts")
    def _compute_summary(self):
        labels = self._get_count_labels()
        for sync in self:
            sync.summary = " · ".join(
                f"{label}: {sync.counts[kind]}"
                for kind, label in labels.items()
                if (sync.counts or {}).get(kind)
            )

    @api.depends("failure")
    @api.depends_context("lang")
    def _compute_error(self):
        for sync in self:
            sync.error = explain_facts(self.env, sync.failure)

    def _get_count_labels(self):
        _ = self.env._
        return {
            "companies_read": _("companies read"),
            "companies_changed": _("companies changed"),
            "companies_gone": _("companies gone"),
            "set_aside": _("connections set aside"),
            "connected": _("connected"),
            "conflicts": _("conflicts"),
            "contacts_created": _("contacts imported"),
            "contacts_converted": _("contacts converted"),
            "contacts_updated": _("contacts updated"),
            "contacts_removed": _("contacts removed"),
            "skipped": _("skipped"),
        }

    # -------------------------------------------------------------------------
    # Running
    # -------------------------------------------------------------------------

    def _steps(self, client):
        """Do this synchronization; yields whenever what was done may be committed.

        Begun again after an interruption, it goes on with what is left to do. It stops
        where another ConnectWise is connected meanwhile.
        """
        yield from self._read_companies(client)
        if self._is_over():
            return
        self._apply_companies()
        self.env["connectwise.mapping"]._ensure_rows(self.backend_id)
        if self.discard_disconnected:
            self._discard_disconnections()
        for steps in (
            self._match(),
            self._read_contacts(client),
            self._import_contacts(),
        ):
            for _step in steps:
                yield
                if self._is_over():
                    return
        self._finish("done")

    def _run(self, end):
        """Run in the background; however it ends is said, and nothing is raised.

        :param end: when to leave the rest to the next run, by `time.monotonic()`
        """
        try:
            self.write(
                {
                    "state": "running",
                    "started_at": self.started_at or fields.Datetime.now(),
                }
            )
            self.env["ir.cron"]._commit_progress()
            self._run_in_steps(end)
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, IntegrityError) as error:
            self.env.cr.rollback()
            self._make_way(error)
        except Exception:
            _logger.exception("Synchronization %s stopped", self.id)
            self.env.cr.rollback()
            self._fail()

    def _run_in_steps(self, end):
        """Run, committing after each step.

        :param end: as for `_run`
        """
        backend = self.backend_id
        limits = backend._get_background_limits()
        try:
            with backend._asking(limits, explicit=True, of_sync=True) as client:
                self._go_on(client, end)
        except ConnectWiseError as error:
            self._put_off(error)
        except MassLossError as error:
            self.env.cr.rollback()
            self._refuse(error.failure)
        if self.state in OPEN and self._is_cancelled():
            self._finish("cancelled")
        if self.state not in OPEN:
            # Also where another request ended it.
            self._clear_up()
        self.env["ir.cron"]._commit_progress()
        if self.state not in OPEN:
            self._tell_user()

    def _go_on(self, client, end):
        before, look_up = self.requests, 0
        for _step in self._steps(client):
            self.env["ir.cron"]._commit_progress(1)
            now = time.monotonic()
            # Not after each page, of which there are twenty in a second.
            if now > look_up:
                look_up = now + 0.5
                if self._is_cancelled():
                    break
            if now > end:
                self.backend_id._trigger_sync()
                break
        self.requests = before + client.request_count

    def _is_cancelled(self):
        """Whether to stop: a person said so, or it reads another ConnectWise."""
        key = f"benji_connectwise.cancel_{self.backend_id.id}"
        cancelled = self.env["ir.config_parameter"].sudo().get_param(key)
        return cancelled == str(self.id) or self._is_over()

    def _is_over(self):
        return self.state not in OPEN or self._is_outdated()

    def _is_outdated(self):
        """Whether this is about a ConnectWise that is not connected any more."""
        return bool(self.tenant) and self.tenant != self.backend_id._get_tenant()

    def _end_for_another_connectwise(self):
        """End it where another ConnectWise was connected.

        Whoever is at it at this moment notices, and clears up.
        """
        self.write(
            {
                "state": "cancelled",
                "finished_at": fields.Datetime.now(),
                "failure": {"kind": "another_connectwise"},
            }
        )
        self._tell_user()

    def _put_off(self, error):
        """Go on when the rest after a failure ends; say so once to who asked for it."""
        is_news = not self.failure
        self.failure = error_to_facts(error)
        if is_news:
            self._tell_user()
        backend = self.backend_id
        times = [backend.retry_at, backend.sync_retry_at]
        if any(times):
            backend._trigger_sync(max(filter(None, times)))

    def _make_way(self, error):
        """Go on at once: a person changed the same row meanwhile."""
        if not self.exists():
            return
        self.conflicts += 1
        if self.conflicts > MOST_CONFLICTS:
            _logger.error("Synchronization %s stopped: %s", self.id, error)
            self._fail()
            return
        _logger.info("Synchronization %s made way for a person", self.id)
        self.backend_id._trigger_sync()
        self.env["ir.cron"]._commit_progress()

    def _fail(self):
        """End it because of an error that nobody expected."""
        if not self.exists():
            return
        self.failure = {"kind": "unexpected"}
        self._finish("failed")
        self.backend_id._note_sync_error(self.failure)
        self.env["ir.cron"]._commit_progress()
        self._tell_user()

    def _refuse(self, failure):
        self.failure = failure
        self._finish("refused")
        # The scheduled action finds the same each hour: one notice is enough.
        backend = self.backend_id._for_responsible()
        backend._call_responsible(
            backend.env._("ConnectWise's answer needs a decision"),
            explain_facts(backend.env, failure),
            "sync_notice_id",
        )

    def _finish(self, state):
        now = fields.Datetime.now()
        ranges = self.range_ids
        conflicts = [
            ("backend_id", "=", self.backend_id.id),
            ("has_conflict", "=", True),
        ]
        self._count(
            conflicts=self.env["connectwise.mapping"].search_count(conflicts),
            companies_read=sum(ranges.mapped("companies_read")),
            companies_changed=sum(ranges.mapped("companies_changed")),
            skipped=sum(ranges.mapped("skipped_count")),
        )
        if state == "cancelled" and self._is_outdated():
            self.failure = {"kind": "another_connectwise"}
        elif state in ("done", "cancelled"):
            self.failure = False
        self.write(
            {
                "state": state,
                "finished_at": now,
                "duration": (now - (self.started_at or now)).total_seconds(),
                "companies_read": self.counts["companies_read"],
                "skipped": "\n".join(
                    filter(None, [*ranges.mapped("skipped"), self.skipped])
                ),
            }
        )
        if state == "done":
            self.backend_id._note_sync_done(bool(self.contacts_until_id))
            self.backend_id.write(
                {
                    "last_sync": now,
                    "newest_contact_change": _get_newest(
                        self.backend_id.newest_contact_change,
                        self.newest_contact_change,
                    ),
                }
            )
        self._clear_up()

    def _clear_up(self):
        """Delete what was there only until it ended."""
        self.range_ids.unlink()
        self.env["connectwise.sync.company"]._forget(self)

    def _note_skipped(self, records):
        if records:
            reasons = [self.skipped, *(record.reason for record in records)]
            self.skipped = "\n".join(filter(None, reasons))
            self._count(skipped=len(records))

    def _count(self, **more):
        counts = dict(self.counts or {})
        for kind, number in more.items():
            counts[kind] = counts.get(kind, 0) + number
        self.counts = counts

    def _tell_user(self):
        """Tell the person who asked for it, if it was one, how it goes."""
        user = self.user_id
        if not user:
            return
        sync = self.with_context(lang=user.lang)
        user._bus_send(
            "simple_notification",
            {
                "type": "success" if self.state == "done" else "warning",
                "title": sync.env._("Rescan"),
                "message": sync.error
                or sync.summary
                or sync.env._("Nothing has changed."),
            },
        )

    # -------------------------------------------------------------------------
    # Reading companies
    # -------------------------------------------------------------------------

    def _read_companies(self, client):
        """Store ConnectWise's companies page by page, yielding after each."""
        backend, is_full = self.backend_id, self.is_full
        if not self.range_ids:
            self._plan_ranges(client)
        since = None
        if not is_full:
            since = _overlap(backend.newest_change)
        yield from self.range_ids._read(client, since)
        if is_full:
            self._check_all_were_read(client)

    def _plan_ranges(self, client):
        ranges = [ALL_IDS]
        if self.is_full:
            self.companies_total, ranges = client.company_ranges()
        self.env["connectwise.sync.range"].create(
            [
                {
                    "sync_id": self.id,
                    "after_ref": ids.after,
                    "until_ref": ids.until or 0,
                }
                for ids in ranges
            ]
        )

    def _check_all_were_read(self, client):
        read = sum(self.range_ids.mapped("companies_read"))
        # Some may have been deleted while the pages were read.
        if read < self.companies_total and read < client.count_companies():
            # Going on with what is left would find the same gap for ever.
            self._clear_up()
            raise BadAnswerError("Not all companies were listed", reason="paging")

    # -------------------------------------------------------------------------
    # Applying what was read
    # -------------------------------------------------------------------------

    def _note_change(self, kind, mapping, reason):
        """Add to the preview's list, where one is wanted."""
        changes = self.env.context.get("connectwise_changes")
        if isinstance(changes, list):
            changes.append(
                {
                    "kind": kind,
                    "partner_id": mapping.partner_id.id,
                    "company_name": mapping.connectwise_company_id.display_name or "",
                    "reason": reason or "",
                }
            )

    def _apply_companies(self):
        """Make ConnectWise's companies what was read, if that is plausible."""
        Company = self.env["connectwise.company"]
        staged = self.env["connectwise.sync.company"]
        backend = self.backend_id
        refs = {ref for row in self.range_ids for ref in row.gone_refs or ()}
        gone = Company.search(
            [("backend_id", "=", backend.id), ("connectwise_ref", "in", list(refs))]
        )
        left_behind = staged._find_left_behind(self, gone)
        gone = (gone - left_behind).filtered(lambda company: not company.is_deleted)
        lost = self._check_loss(gone, left_behind)
        newest = _get_newest(
            backend.newest_change, *self.range_ids.mapped("newest_change")
        )
        # Whoever connects another ConnectWise at this moment waits, and begins anew.
        self.env.execute_query(
            SQL(
                "UPDATE connectwise_backend SET newest_change = %s WHERE id = %s"
                " RETURNING id",
                newest or None,
                backend.id,
            )
        )
        backend.invalidate_recordset(["newest_change"])
        others = staged._find_others(self)
        Company._forget_contacts(backend, Company.browse(others))
        rows = set_aside(self.env, {**others, **dict.fromkeys(left_behind.ids)})
        for row in rows:
            self._note_change("conflict", row, row.message)
        staged._apply(self, left_behind)
        gone.is_deleted = True
        for row in lost:
            row._log(self.env._("Gone in ConnectWise; the connection stays as it is."))
            self._note_change("changed", row, self.env._("Gone in ConnectWise"))
        self._count(companies_gone=len(gone), set_aside=len(rows))

    def _check_loss(self, gone, left_behind):
        """Return the rows whose companies are gone.

        :param left_behind: those that another ConnectWise had, which are no loss
        :raises MassLossError: if too much is gone, or nothing was read at all
        """
        Mapping = self.env["connectwise.mapping"]
        if not gone and not left_behind:
            return Mapping
        connected = Domain("backend_id", "=", self.backend_id.id) & Domain(
            "connectwise_company_id", "!=", False
        )
        with_these = connected & Domain(
            "connectwise_company_id", "in", (gone | left_behind).ids
        )
        rows = Mapping.search(with_these)
        lost = rows.filtered(lambda row: row.connectwise_company_id in gone)
        count = Mapping.search_count(connected)
        if rows and not sum(self.range_ids.mapped("companies_read")):
            raise MassLossError(len(rows), count)
        # A single one is what a person did in ConnectWise, however few there are.
        if len(lost) > max(1, MOST_GONE * count):
            raise MassLossError(len(lost), count)
        return lost

    def _discard_disconnections(self):
        rows = self.env["connectwise.mapping"].search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("disconnected", "=", True),
                # Going on after an interruption must not undo what came meanwhile.
                ("disconnected_at", "<=", self.started_at),
            ]
        )
        rows.write(
            {
                "disconnected": False,
                "disconnected_at": False,
                "disconnected_by_id": False,
                "disconnected_company_id": False,
            }
        )
        rows._message_log_batch(
            bodies={
                row.id: self.env._("The disconnection was discarded by a rescan.")
                for row in rows
            }
        )

    # -------------------------------------------------------------------------
    # Contacts
    # -------------------------------------------------------------------------

    def _read_contacts(self, client):
        """Read the Bill-To contacts of the connected companies, yielding now and then.

        All of them if a person asked; otherwise those that are new or changed, and some
        of the others in turn.
        """
        Company = self.env["connectwise.company"]
        wanted = Company._get_contacts_wanted(self.backend_id)
        if not self.is_full and not self.user_id:
            wanted = self._choose_contacts(client, wanted)
        left = {
            company: contact
            for company, contact, _asked in wanted
            if company > self.contacts_until_id
        }
        for part in split_every(CONTACTS_AT_ONCE, left):
            newest, skipped = Company._read_contacts(
                client, {company: left[company] for company in part}
            )
            self._note_skipped(skipped)
            if self.is_full or self.user_id:
                self._note_contact_change(newest)
            self.contacts_until_id = part[-1]
            yield

    def _choose_contacts(self, client, wanted):
        """Return those of `wanted` that may have changed, or whose turn it is."""
        if len(wanted) <= CONTACTS_EACH_HOUR:
            return wanted
        changed = set()
        newest = self.backend_id.newest_contact_change
        if newest:
            for page, _skipped in client.changed_contacts(_overlap(newest)):
                changed.update(contact.id for contact in page)
                self._note_contact_change(get_newest_change(page))
        chosen, others = [], []
        for row in wanted:
            _company, contact, asked = row
            is_due = contact != asked or contact in changed
            (chosen if is_due else others).append(row)
        # What is left of the last request is for those whose turn it is.
        free = CONTACTS_EACH_HOUR - len(chosen) % CONTACTS_EACH_HOUR
        before = self._get_last_done().contact_turn
        turn = sorted(others, key=lambda row: (row[0] <= before, row[0]))[:free]
        if turn:
            self.contact_turn = turn[-1][0]
        return sorted(chosen + turn)

    def _get_last_done(self):
        return self.search(
            [("backend_id", "=", self.backend_id.id), ("state", "=", "done")], limit=1
        )

    def _note_contact_change(self, newest):
        self.newest_contact_change = _get_newest(self.newest_contact_change, newest)

    def _import_contacts(self):
        """Bring the contacts in Odoo in line, yielding after some rows."""
        Mapping = self.env["connectwise.mapping"]
        ids = find_rows_to_import(self.backend_id)
        for part in split_every(ROWS_AT_ONCE, ids, Mapping.browse):
            for mapping, done in import_contacts(part).items():
                if done in CONTACT_COUNTS:
                    self._count(**{CONTACT_COUNTS[done]: 1})
                    self._note_change(
                        f"contact_{done}",
                        mapping,
                        mapping.contact_message
                        or mapping.connectwise_company_id.contact_email
                        or "",
                    )
            yield


def _get_newest(*times):
    return max(filter(None, times), default=False)


def _overlap(newest_change):
    return (newest_change - OVERLAP).replace(tzinfo=timezone.utc)
