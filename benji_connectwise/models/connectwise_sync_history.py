import time
from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from ..lib.connectwise_client import ALL_IDS, BadAnswerError
from .connectwise_company import get_newest_change

OVERLAP = timedelta(days=1)
"""Incremental reading starts this much before the newest change that was read: the
developer guide promises nothing about the precision of `lastUpdated` in conditions."""

MOST_GONE = 0.2
"""An answer in which more than this share of the connected companies is gone changes
nothing: a person has to look at it."""

CONTACTS_AT_ONCE = 3000
"""Bill-To contacts that are read before they are stored."""

CONTACTS_EACH_HOUR = 150
"""Bill-To contacts, one request, that the scheduled action reads again in turn: it is
not documented that a contact counts as changed when only its e-mail address changes."""

ROWS_AT_ONCE = 1000
"""Rows of the report that are connected, or get their contact, in one step."""

CONTACT_COUNTS = {
    "created": "contacts_created",
    "converted": "contacts_converted",
    "updated": "contacts_updated",
    "removed": "contacts_removed",
}


class MassLossError(Exception):
    """Too much of what is connected would be gone."""


class ConnectwiseSyncHistory(models.Model):
    """One synchronization: what was asked for, how far it is, and what came of it."""

    _name = "connectwise.sync.history"
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
    error = fields.Char(readonly=True)
    # How far it is: there only until it ends.
    range_ids = fields.One2many("connectwise.sync.range", "history_id")
    contacts_until_id = fields.Integer(
        readonly=True, help="The contacts of companies up to this id were read."
    )
    newest_contact_change = fields.Datetime(readonly=True)
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
        for history in self:
            history.summary = " · ".join(
                f"{label}: {history.counts[kind]}"
                for kind, label in labels.items()
                if (history.counts or {}).get(kind)
            )

    def _get_count_labels(self):
        _ = self.env._
        return {
            "companies_read": _("companies read"),
            "companies_changed": _("companies changed"),
            "companies_gone": _("companies gone"),
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

        Begun again after an interruption, it goes on with what is left to do.
        """
        yield from self._read_companies(client)
        self._apply_gone()
        self.backend_id._ensure_rows()
        if self.discard_disconnected:
            self._discard_disconnections()
        yield from self._match()
        yield from self._read_contacts(client)
        yield from self._import_contacts()
        self._finish("done")

    def _run_in_steps(self, end):
        """Run in the background, committing after each step; raises nothing.

        :param end: when to leave the rest to the next run, by `time.monotonic()`
        """
        backend = self.backend_id
        commit = self.env["ir.cron"]._commit_progress
        before = self.requests

        def run(client):
            look_up = 0
            for _step in self._steps(client):
                commit(1)
                now = time.monotonic()
                # Not after each page, of which there are twenty in a second.
                if now > look_up:
                    look_up = now + 0.5
                    if self._is_cancelled():
                        break
                if now > end:
                    backend._trigger_sync()
                    break
            self.requests = before + client.request_count

        try:
            backend._ask(backend._get_background_limits(), run, explicit=True)
        except MassLossError as error:
            self.env.cr.rollback()
            self._refuse(str(error))
        if self.state == "running" and self._is_cancelled():
            self._finish("cancelled")
        if self.state == "running" and backend.retry_at:
            backend._trigger_sync(backend.retry_at)
        commit()
        if self.state != "running" and self.user_id:
            self._tell_user()

    def _is_cancelled(self):
        key = f"benji_connectwise.cancel_{self.backend_id.id}"
        return self.env["ir.config_parameter"].sudo().get_param(key) == str(self.id)

    def _refuse(self, reason):
        self.write({"error": reason})
        self._finish("refused")
        # The scheduled action finds the same each hour: one notice is enough.
        self.backend_id._call_responsible(
            self.env._("ConnectWise's answer needs a decision"), reason
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
        self.write(
            {
                "state": state,
                "finished_at": now,
                "duration": (now - self.started_at).total_seconds(),
                "companies_read": self.counts["companies_read"],
                "skipped": "\n".join(
                    filter(None, [*ranges.mapped("skipped"), self.skipped])
                ),
            }
        )
        if state == "done":
            self.backend_id.write(
                {
                    "last_sync": now,
                    "newest_change": _get_newest(
                        self.backend_id.newest_change, *ranges.mapped("newest_change")
                    ),
                    "newest_contact_change": _get_newest(
                        self.backend_id.newest_contact_change,
                        self.newest_contact_change,
                    ),
                }
            )
        ranges.unlink()

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
        self.user_id._bus_send(
            "simple_notification",
            {
                "type": "success" if self.state == "done" else "warning",
                "title": self.env._("Rescan"),
                "message": self.error
                or self.summary
                or self.env._("Nothing has changed."),
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
                    "history_id": self.id,
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
            self.range_ids.unlink()
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

    def _apply_gone(self):
        """Mark the companies that are gone; refuse if these are too many (S88)."""
        refs = {ref for row in self.range_ids for ref in row.gone_refs or ()}
        read = sum(self.range_ids.mapped("companies_read"))
        if not refs and (read or not self.is_full):
            return
        gone = self.env["connectwise.company"].search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("connectwise_ref", "in", list(refs)),
                ("is_deleted", "=", False),
            ]
        )
        connected = Domain("backend_id", "=", self.backend_id.id) & Domain(
            "connectwise_company_id", "!=", False
        )
        Mapping = self.env["connectwise.mapping"]
        lost = Mapping.search(
            connected & Domain("connectwise_company_id", "in", gone.ids)
        )
        count = Mapping.search_count(connected)
        is_empty = self.is_full and not read
        # A single one is what a person did in ConnectWise, however few there are.
        if (is_empty and lost) or len(lost) > max(1, MOST_GONE * count):
            raise MassLossError(
                self.env._(
                    "%(lost)s of %(all)s connected companies are missing in"
                    " ConnectWise's answer. Nothing was changed. Please check"
                    " ConnectWise and the API member's rights.",
                    lost=len(lost),
                    all=count,
                )
            )
        gone.is_deleted = True
        for row in lost:
            row._log(self.env._("Gone in ConnectWise; the connection stays as it is."))
            self._note_change("changed", row, self.env._("Gone in ConnectWise"))
        self._count(companies_gone=len(gone))

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
        ids = Mapping._find_contacts_to_import(self.backend_id)
        for part in split_every(ROWS_AT_ONCE, ids, Mapping.browse):
            for mapping, done in part._import_contacts().items():
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
