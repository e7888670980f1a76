from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ..tools.connection.asking import (
    call_responsible,
    get_env_of_responsible,
    note_sync_done,
    note_sync_error,
)
from ..tools.connection.explain import explain_stored
from ..tools.sync.runs import OPEN, run_in_steps, run_scheduled


class ConnectwiseSync(models.Model):
    """One synchronization: what was asked for, how far it is, and its result."""

    _name = "connectwise.sync"
    _description = "ConnectWise Synchronization"
    _order = "id desc"
    _rec_name = "create_date"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    environment = fields.Selection(related="backend_id.environment")
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
    throttled = fields.Integer(
        "Refused as too many",
        readonly=True,
        help="Requests that ConnectWise refused because there were too many.",
    )
    companies_read = fields.Integer(readonly=True)
    companies_total = fields.Integer(readonly=True)
    counts = fields.Json(readonly=True)
    summary = fields.Char(compute="_compute_summary")
    skipped = fields.Text(
        readonly=True, help="Records of ConnectWise that could not be read, and why."
    )
    failure = fields.Json(readonly=True)
    error = fields.Char(compute="_compute_error", help="Why it ended, or waits.")
    # The progress. The ranges are deleted when it ends.
    range_ids = fields.One2many("connectwise.sync.range", "sync_id")
    contacts_until_id = fields.Integer(
        readonly=True, help="The contacts of companies up to this id were read."
    )
    newest_contact_change = fields.Datetime(readonly=True)
    conflicts = fields.Integer(
        readonly=True, help="How often it gave way to a person's change."
    )
    tenant = fields.Char(
        readonly=True, help="The ConnectWise that is read: ids mean nothing elsewhere."
    )
    # The next synchronization reads these.
    fingerprint = fields.Char(
        readonly=True, help="Of everything that matching depended on."
    )
    rechecked_until_id = fields.Integer(
        readonly=True,
        help="Unchanged contacts of companies up to this id were read again.",
    )

    _one_open = models.UniqueIndex(
        "(backend_id) WHERE state IN ('queued', 'running')",
        "A synchronization is already running.",
    )

    @api.depends("create_date")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for sync in self:
            sync.display_name = format_datetime(
                self.env, sync.create_date, dt_format="short"
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
            sync.error = explain_stored(self.env, sync.failure)

    def _get_count_labels(self):
        _ = self.env._
        return {
            "companies_read": _("companies read"),
            "companies_changed": _("companies changed"),
            "companies_gone": _("companies deleted in ConnectWise"),
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

    @api.model
    def _cron_sync(self):
        run_scheduled(self.env)

    def _run_in_steps(self, end):
        """Run in the background. Other modules override it to use several servers.

        :param end: when to leave the rest to the next run, by `time.monotonic()`
        """
        run_in_steps(self, end)

    def _is_interrupted(self):
        """Whether it has stopped for the moment, because ConnectWise or Odoo failed."""
        if self.backend_id._is_sync_resting():
            return True
        return self.state == "running" and not self._is_underway()

    def _is_underway(self):
        """Whether the scheduled action runs this synchronization, or is about to."""
        action = self.env.ref("benji_connectwise.ir_cron_connectwise_sync").sudo()
        due = [("cron_id", "=", action.id), ("call_at", "<=", fields.Datetime.now())]
        if self.env["ir.cron.trigger"].sudo().search_count(due, limit=1):
            return True
        # Odoo locks a scheduled action's row while it runs.
        free = self.env.execute_query(
            SQL(
                "SELECT id FROM ir_cron WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED",
                action.id,
            )
        )
        return not free

    def _is_cancelled(self):
        """Whether to stop: it was cancelled, or another ConnectWise is connected."""
        marks = self.env["connectwise.sync.cancel"].sudo()
        return self._is_over() or bool(
            marks.search_count([("sync_id", "in", self.ids)], limit=1)
        )

    def _is_over(self):
        return self.state not in OPEN or self._is_outdated()

    def _is_outdated(self):
        """Whether it reads a ConnectWise that is not connected any more."""
        return bool(self.tenant) and self.tenant != self.backend_id.tenant

    # -------------------------------------------------------------------------
    # Ending
    # -------------------------------------------------------------------------

    def _end_at_once(self, failure=False):
        """End it because a person changed the connection.

        A process that is running it notices and deletes its data.
        """
        self.write(
            {
                "state": "cancelled",
                "finished_at": fields.Datetime.now(),
                "failure": failure,
            }
        )

    def _end_for_another_connectwise(self):
        """End it because another ConnectWise was connected."""
        self._end_at_once({"kind": "another_connectwise"})
        self._tell_user()

    def _fail(self):
        """End it because of an unexpected error."""
        if not self.exists():
            return
        self.failure = {"kind": "unexpected"}
        self._finish("failed")
        note_sync_error(self.backend_id, self.failure)
        self.env["ir.cron"]._commit_progress()
        self._tell_user()

    def _refuse(self, failure):
        self.failure = failure
        self._finish("refused")
        # The scheduled action finds the same every hour: one notice is enough.
        env = get_env_of_responsible(self.backend_id)
        call_responsible(
            self.backend_id,
            env._("ConnectWise's answer needs a decision"),
            explain_stored(env, failure),
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
            backend = self.backend_id
            note_sync_done(backend, bool(self.contacts_until_id))
            backend.last_sync = now
            self.env["connectwise.callback.change"]._forget_synced(self)
            newest, before = self.newest_contact_change, backend.newest_contact_change
            if newest and (not before or newest > before):
                backend.newest_contact_change = newest
        self._clear_up()

    def _clear_up(self):
        """Delete the data that only a running synchronization needs."""
        marks = self.env["connectwise.sync.cancel"]
        marks.search([("sync_id", "in", self.ids)]).unlink()
        self.range_ids.unlink()
        self.env["connectwise.sync.company"]._forget(self)

    @api.model
    def _clear_up_ended(self, backend):
        """Delete data that ended synchronizations left behind when Odoo was killed."""
        left = [
            ("sync_id.backend_id", "=", backend.id),
            ("sync_id.state", "not in", OPEN),
        ]
        ranges = self.env["connectwise.sync.range"].search(left)
        marks = self.env["connectwise.sync.cancel"].search(left)
        (ranges.sync_id | marks.sync_id)._clear_up()

    @api.autovacuum
    def _forget_old(self):
        """Delete scheduled ones after a month: calls may start hundreds in a day."""
        a_month_ago = fields.Datetime.now() - timedelta(days=30)
        ended = [("user_id", "=", False), ("finished_at", "<", a_month_ago)]
        # The next one continues from the last one that is done.
        done = [("state", "=", "done")]
        last = [
            ref for _backend, ref in self._read_group(done, ["backend_id"], ["id:max"])
        ]
        self.search([*ended, ("id", "not in", last)]).unlink()

    def _get_last_done(self):
        return self.search(
            [("backend_id", "=", self.backend_id.id), ("state", "=", "done")], limit=1
        )

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
        """Notify the person who asked for it, if any, of the result."""
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
