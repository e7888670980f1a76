import time
from dataclasses import replace

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import SECONDS_FOR_RUN, SECONDS_FOR_SYNC_STEPS
from ..lib.connectwise_client import BACKGROUND, ConnectWiseError
from ..tools.bill_to_import import import_contacts
from ..tools.bill_to_removal import remove_contacts
from ..tools.explain import explain, explain_facts
from .connectwise_sync import OPEN, MassLossError


class ConnectwiseBackend(models.Model):
    _inherit = "connectwise.backend"

    newest_change = fields.Datetime(
        copy=False,
        readonly=True,
        help="ConnectWise's own time of the newest change that was read and stored.",
    )
    newest_contact_change = fields.Datetime(
        copy=False, readonly=True, help="The same, of the Bill-To contacts."
    )
    trust_new_domains = fields.Boolean(
        "Trust new e-mail domains",
        help="Otherwise a Bill-To contact whose e-mail moves to another domain arrives"
        " disabled, with an activity to look at it: payment fraud starts that way.",
    )
    # While companies or contacts fail, and PDFs go on.
    sync_failure = fields.Json(copy=False, readonly=True)
    sync_failing_since = fields.Datetime(copy=False, readonly=True)
    sync_failures = fields.Integer(copy=False, readonly=True)
    sync_retry_at = fields.Datetime(copy=False, readonly=True)
    sync_notice_id = fields.Many2one(
        "mail.activity", copy=False, readonly=True, ondelete="set null"
    )
    sync_ids = fields.One2many("connectwise.sync", "backend_id")
    sync_state = fields.Selection(
        [("idle", "Idle"), ("queued", "Queued"), ("running", "Running")],
        compute="_compute_sync",
    )
    sync_read = fields.Integer(compute="_compute_sync")
    sync_total = fields.Integer(compute="_compute_sync")

    def _compute_sync(self):
        for backend in self:
            sync = backend._get_open_sync()
            if backend._is_sync_resting() or sync._is_outdated():
                # It goes on later, unless a person asks anew: what counts is why.
                sync = sync.browse()
            backend.sync_state = sync.state or "idle"
            backend.sync_read = sum(sync.range_ids.mapped("companies_read"))
            backend.sync_total = sync.companies_total

    def _is_sync_resting(self):
        """Whether no companies and contacts are asked for now."""
        resume_at = self.sync_retry_at
        return self._is_resting() or bool(
            resume_at and resume_at > fields.Datetime.now()
        )

    def _get_open_sync(self):
        return (
            self.env["connectwise.sync"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.id),
                    ("state", "in", OPEN),
                ],
                limit=1,
            )
        )

    # -------------------------------------------------------------------------
    # Asking for a synchronization
    # -------------------------------------------------------------------------

    def action_rescan(self):
        """Open the dialog *Rescan*; it runs nothing by itself."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Rescan"),
            "res_model": "connectwise.mapping.rescan",
            "view_mode": "form",
            "target": "new",
            "context": {"default_backend_id": self.id},
        }

    def sync(self, full=False, discard_disconnected=False):
        """Read ConnectWise's companies, match them, import contacts; now, in one go.

        :param full: read all entries, not only what changed
        :param discard_disconnected: forget which customers were disconnected
        :return: {what: how many}, as in the history
        :raises UserError: if it is switched off or running, or ConnectWise failed
        """
        self.ensure_one()
        self.check_access("write")
        backend = self.sudo()
        sync = backend._start_sync(full, discard_disconnected, self.env.user)
        limits = replace(BACKGROUND, total=SECONDS_FOR_RUN)
        try:
            with backend._asking(limits, explicit=True, of_sync=True) as client:
                for _step in sync._steps(client):
                    pass
                sync.requests = client.request_count
        except ConnectWiseError as error:
            raise UserError(explain(self.env, error)) from error
        except MassLossError as error:
            raise UserError(explain_facts(self.env, error.failure)) from error
        return sync.counts

    def _request_sync(self, full=False, discard_disconnected=False):
        """Have it run in the background.

        :raises UserError: if it is switched off or running already
        """
        self.ensure_one()
        self.check_access("write")
        sync = self.sudo()._start_sync(full, discard_disconnected, self.env.user)
        sync.state = "queued"
        self.sudo()._forget_failures()
        self._trigger_sync()

    @api.model
    def _trigger_sync(self, at=None):
        self.env.ref("benji_connectwise.ir_cron_connectwise_sync")._trigger(at)

    def action_cancel_sync(self):
        """Stop the background rescan at its next step."""
        self.ensure_one()
        self.check_access("write")
        # Only a mark: the running action holds the synchronization's row.
        self.sudo().env["ir.config_parameter"].set_param(
            f"benji_connectwise.cancel_{self.id}", self._get_open_sync().id
        )

    def count_disconnected(self):
        """Return how many disconnections *Discard…* would lift."""
        self.check_access("read")
        return (
            self.env["connectwise.mapping"]
            .sudo()
            .search_count([("backend_id", "in", self.ids), ("disconnected", "=", True)])
        )

    def _start_sync(self, full, discard_disconnected, user):
        self._check_active()
        if self.state == "draft":
            raise UserError(
                self.env._("The connection was not tested yet: use Test Connection.")
            )
        if not self.sync_contacts:
            raise UserError(
                self.env._(
                    "“Synchronize customers/contacts from ConnectWise” is off. Switch"
                    " it on under Integrations ▸ Configure."
                )
            )
        # Two at once must not wait for each other at the unique index.
        [[is_free]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)", "rescan", self.id)
        )
        open_sync = self._get_open_sync()
        if not is_free or (open_sync and not self._is_interrupted(open_sync)):
            raise UserError(self.env._("A rescan is already running."))
        if open_sync:
            # Whoever asks now does not wait until it would have gone on.
            open_sync.failure = self.failure or self.sync_failure
            open_sync._finish("failed")
            open_sync.flush_recordset()
        # Of one that was ended while Odoo was killed.
        left = [
            ("sync_id.backend_id", "=", self.id),
            ("sync_id.state", "not in", OPEN),
        ]
        self.env["connectwise.sync.range"].search(left).sync_id._clear_up()
        values = {
            "backend_id": self.id,
            "tenant": self._get_tenant(),
            "state": "running",
            "user_id": user.id,
            # Without a reading before there is nothing to add to.
            "is_full": full or not self.newest_change,
            "discard_disconnected": discard_disconnected,
            "started_at": fields.Datetime.now(),
        }
        try:
            with self.env.cr.savepoint():
                return self.env["connectwise.sync"].create(values)
        except UniqueViolation as error:
            # Another request was committed after this one began to read.
            raise UserError(self.env._("A rescan is already running.")) from error

    def _is_interrupted(self, sync):
        """Whether nobody is at this synchronization: ConnectWise or Odoo failed."""
        if self._is_sync_resting():
            return True
        return sync.state == "running" and not self._is_underway(sync)

    def _is_underway(self, sync):
        """Whether the scheduled action is at this synchronization, or about to be."""
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

    @api.model
    def _cron_sync(self):
        """Go on with what was asked for or interrupted; otherwise read what changed."""
        end = time.monotonic() + SECONDS_FOR_SYNC_STEPS
        for backend in self.search(
            [
                # Whatever the context says of archived ones.
                ("active", "=", True),
                ("sync_contacts", "=", True),
                ("state", "!=", "draft"),
            ]
        ):
            if backend._is_sync_resting():
                continue
            sync = backend._get_open_sync()
            if sync._is_outdated():
                sync._end_for_another_connectwise()
                sync = sync.browse()
            try:
                if not sync:
                    sync = backend._start_sync(False, False, self.env["res.users"])
            except UserError:
                # A person's begins at this moment.
                self.env.cr.rollback()
                continue
            sync._run(end)
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _preview(self, full=False, discard_disconnected=False):
        """Return what a rescan would do, as a list of dicts, with nothing written.

        Each has `kind`, `partner_id`, `company_name` and `reason`.
        :raises UserError: as sync()
        """
        self.ensure_one()
        changes = []
        backend = self.with_context(connectwise_changes=changes)
        with self.env.cr.savepoint() as savepoint:
            backend.sync(full, discard_disconnected)
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all()
        return changes

    # -------------------------------------------------------------------------
    # Rows and contacts
    # -------------------------------------------------------------------------

    def action_remove_imported_contacts(self):
        """Remove what the synchronization imported, after it was switched off.

        :raises UserError: while it is on, because the contacts would come back
        """
        self.ensure_one()
        self.check_access("write")
        if self.sync_contacts:
            raise UserError(
                self.env._("Switch the synchronization of contacts off first.")
            )
        rows = (
            self.env["connectwise.mapping"]
            .sudo()
            .search([("backend_id", "=", self.id), ("contact_id", "!=", False)])
        )
        remove_contacts(rows)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _update_contacts_for_person(self, mappings):
        """Read and import these rows' Bill-To contacts while a person waits."""
        limits = self._get_interactive_limits()
        if not self.sync_contacts or not limits or self._is_sync_resting():
            return
        Company = self.env["connectwise.company"]
        wanted = Company._get_contacts_wanted(self, mappings.connectwise_company_id)

        def read(client):
            Company._read_contacts(client, {row[0]: row[1] for row in wanted})
            import_contacts(mappings)

        self._ask(limits, read, of_sync=True)
