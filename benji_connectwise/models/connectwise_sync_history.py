from datetime import timedelta, timezone

from odoo import api, fields, models

from ..lib.connectwise_client import BadAnswerError
from ..lib.customer_matching import Company, Customer, match

OVERLAP = timedelta(days=1)
"""Incremental reading starts this much before the newest change that was read: the
developer guide promises nothing about the precision of `lastUpdated` in conditions."""

MOST_GONE = 0.2
"""An answer in which more than this share of the connected companies is gone changes
nothing: a person has to look at it."""

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
    # Where an interrupted reading goes on.
    after_ref = fields.Integer(readonly=True)
    newest_change = fields.Datetime(readonly=True)
    gone_refs = fields.Json(readonly=True)

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

    def _run_in_steps(self):
        """Run in the background, committing after each page; raises nothing."""
        backend = self.backend_id
        commit = self.env["ir.cron"]._commit_progress

        def read_and_apply(client):
            for page in self._read_pages(client):
                commit(page, remaining=1)
                if self._is_cancelled():
                    return
            self._apply(client)

        try:
            backend._ask(
                backend._get_background_limits(), read_and_apply, explicit=True
            )
        except MassLossError as error:
            self.env.cr.rollback()
            self._refuse(str(error))
        if self.state == "running" and self._is_cancelled():
            self._finish("cancelled")
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
        self.write(
            {
                "state": state,
                "finished_at": now,
                "duration": (now - self.started_at).total_seconds(),
            }
        )

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
        for _page in self._read_pages(client):
            pass

    def _read_pages(self, client):
        """Store ConnectWise's companies page by page; yield each page's size.

        An interrupted reading goes on after the last page that was stored.
        """
        backend = self.backend_id
        since = None
        if not self.is_full:
            since = (backend.newest_change - OVERLAP).replace(tzinfo=timezone.utc)
        if self.is_full and not self.companies_total:
            self.companies_total = client.count_companies()
        for companies, skipped in client.companies(since, self.after_ref):
            self._store_page(companies, skipped)
            yield len(companies)
        if self.is_full:
            if (
                self.companies_read < self.companies_total
                # Some may have been deleted while the pages were read.
                and self.companies_read < client.count_companies()
            ):
                # Going on after the last page would find the same gap for ever.
                self.write(
                    {
                        "after_ref": 0,
                        "companies_read": 0,
                        "companies_total": 0,
                        "gone_refs": False,
                    }
                )
                raise BadAnswerError("Not all companies were listed", reason="paging")
            self._note_missing(self.after_ref, None, [])
        self.requests += client.request_count

    def _store_page(self, companies, skipped):
        refs = [company.id for company in companies]
        bad = [record.id for record in skipped if record.id]
        last = max([*refs, *bad], default=self.after_ref)
        if self.is_full:
            self._note_missing(self.after_ref, last, [*refs, *bad])
        gone = [company.id for company in companies if company.is_deleted]
        self._note_gone(gone)
        changed = self.env["connectwise.company"]._upsert(self.backend_id, companies)
        newest = max(
            (company.last_updated for company in companies if company.last_updated),
            default=None,
        )
        newest = newest and newest.replace(tzinfo=None, microsecond=0)
        counts = self.counts or {}
        self.write(
            {
                "after_ref": last,
                "companies_read": self.companies_read + len(companies) + len(skipped),
                "newest_change": max(
                    filter(None, [self.newest_change, newest]), default=False
                ),
                "counts": {
                    **counts,
                    "companies_changed": counts.get("companies_changed", 0) + changed,
                    "skipped": counts.get("skipped", 0) + len(skipped),
                },
                "skipped": "\n".join(
                    filter(None, [self.skipped, *(r.reason for r in skipped)])
                ),
            }
        )

    def _note_missing(self, after, until, present):
        """Note the companies between two ids that a full reading did not bring."""
        domain = [
            ("backend_id", "=", self.backend_id.id),
            ("is_deleted", "=", False),
            ("connectwise_ref", ">", after),
            ("connectwise_ref", "not in", present),
        ]
        if until is not None:
            domain.append(("connectwise_ref", "<=", until))
        missing = self.env["connectwise.company"].search(domain)
        self._add_gone(missing)

    def _note_gone(self, refs):
        self._add_gone(
            self.env["connectwise.company"].search(
                [
                    ("backend_id", "=", self.backend_id.id),
                    ("is_deleted", "=", False),
                    ("connectwise_ref", "in", refs),
                ]
            )
            if refs
            else self.env["connectwise.company"]
        )

    def _add_gone(self, companies):
        if companies:
            refs = set(self.gone_refs or []).union(companies.mapped("connectwise_ref"))
            self.gone_refs = sorted(refs)

    # -------------------------------------------------------------------------
    # Applying
    # -------------------------------------------------------------------------

    def _apply(self, client):
        """Match, read the contacts and import them; ends this synchronization."""
        start = client.request_count
        backend = self.backend_id
        self._mark_gone()
        backend._ensure_rows()
        if self.discard_disconnected:
            self._discard_disconnections()
        counts = dict(self.counts or {})
        counts["companies_read"] = self.companies_read
        counts.update(self._match())
        connected = self.env["connectwise.mapping"].search(
            [
                ("backend_id", "=", backend.id),
                ("connectwise_company_id", "!=", False),
                ("connectwise_company_id.is_deleted", "=", False),
            ]
        )
        connected.connectwise_company_id._read_contacts(client)
        for mapping, done in connected._import_contacts().items():
            if done in CONTACT_COUNTS:
                kind = CONTACT_COUNTS[done]
                counts[kind] = counts.get(kind, 0) + 1
                self._note_change(
                    f"contact_{done}",
                    mapping,
                    mapping.contact_message
                    or mapping.connectwise_company_id.contact_email
                    or "",
                )
        self.counts = counts
        self.requests += client.request_count - start
        self._finish("done")
        backend.write(
            {
                "last_sync": fields.Datetime.now(),
                "newest_change": max(
                    filter(None, [backend.newest_change, self.newest_change]),
                    default=False,
                ),
            }
        )

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

    def _mark_gone(self):
        Company = self.env["connectwise.company"]
        gone = Company.search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("connectwise_ref", "in", self.gone_refs or []),
                ("is_deleted", "=", False),
            ]
        )
        connected = self.env["connectwise.mapping"].search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("connectwise_company_id", "!=", False),
            ]
        )
        lost = connected.filtered(lambda row: row.connectwise_company_id in gone)
        is_empty = self.is_full and not self.companies_read
        # A single one is what a person did in ConnectWise, however few there are.
        if (is_empty and lost) or len(lost) > max(1, MOST_GONE * len(connected)):
            raise MassLossError(
                self.env._(
                    "%(lost)s of %(all)s connected companies are missing in"
                    " ConnectWise's answer. Nothing was changed. Please check"
                    " ConnectWise and the API member's rights.",
                    lost=len(lost),
                    all=len(connected),
                )
            )
        gone.is_deleted = True
        for row in lost:
            row._log(self.env._("Gone in ConnectWise; the connection stays as it is."))
            self._note_change("changed", row, self.env._("Gone in ConnectWise"))
        self.counts = {**(self.counts or {}), "companies_gone": len(gone)}

    def _discard_disconnections(self):
        rows = self.env["connectwise.mapping"].search(
            [("backend_id", "=", self.backend_id.id), ("disconnected", "=", True)]
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

    def _match(self):
        """Connect what belongs together for sure, note what is ambiguous (D4, D5)."""
        Mapping = self.env["connectwise.mapping"]
        ConnectwiseCompany = self.env["connectwise.company"]
        rows = Mapping.search_fetch(
            [("backend_id", "=", self.backend_id.id)],
            [
                "partner_id",
                "connectwise_company_id",
                "disconnected",
                "has_conflict",
                "message",
            ],
        )
        partners = rows.partner_id.sudo()
        partners.fetch(["name", "ref"])
        companies = ConnectwiseCompany.search_fetch(
            [("backend_id", "=", self.backend_id.id)],
            ["name", "account_number", "is_deleted"],
        )
        result = match(
            [
                Customer(row.id, row.partner_id.name, row.partner_id.ref or None)
                for row in rows
            ],
            [
                Company(
                    company.id,
                    company.name or None,
                    company.account_number or None,
                    company.is_deleted,
                )
                for company in companies
            ],
            excluded_customers=rows.filtered("disconnected").ids,
            fixed={
                row.id: row.connectwise_company_id.id
                for row in rows
                if row.connectwise_company_id
            },
        )
        self._store_links(result.links)
        self._store_conflicts(rows, result.conflicts)
        return {"connected": len(result.links), "conflicts": len(result.conflicts)}

    def _store_links(self, links):
        Mapping = self.env["connectwise.mapping"]
        reasons = dict(Mapping._fields["connection"]._description_selection(self.env))
        bodies = {}
        for link in links:
            row = Mapping.browse(link.customer_id)
            company = self.env["connectwise.company"].browse(link.company_id)
            row._link(company, link.reason)
            self._note_change("connected", row, reasons[link.reason])
            bodies[row.id] = self.env._(
                "Connected with %(company)s, by %(reason)s.",
                company=company.display_name,
                reason=reasons[link.reason],
            )
        Mapping.browse(bodies)._message_log_batch(bodies=bodies)

    def _store_conflicts(self, rows, conflicts):
        by_row = {conflict.customer_id: conflict for conflict in conflicts}
        for row in rows:
            conflict = by_row.get(row.id)
            message = self._explain_conflict(conflict) if conflict else False
            if row.has_conflict != bool(conflict) or (row.message or False) != message:
                row.write({"has_conflict": bool(conflict), "message": message})
                if conflict:
                    self._note_change("conflict", row, message)

    def _explain_conflict(self, conflict):
        _ = self.env._
        companies = self.env["connectwise.company"].browse(conflict.company_ids)
        customers = self.env["connectwise.mapping"].browse(conflict.customer_ids)
        names = {
            "companies": ", ".join(companies[:3].mapped("display_name")),
            "customers": ", ".join(customers[:3].mapped("partner_id.display_name")),
        }
        sentences = {
            "several_companies_same_account_id": _(
                "Several companies have this Account ID: %(companies)s", **names
            ),
            "several_companies_same_name": _(
                "Several companies have this name: %(companies)s", **names
            ),
            "several_customers_same_account_id": _(
                "Several customers have this reference: %(customers)s", **names
            ),
            "several_customers_same_name": _(
                "Several customers have this name: %(customers)s", **names
            ),
            "company_taken": _(
                "%(companies)s is connected with %(customers)s", **names
            ),
            "legal_form_differs": _("The legal form differs: %(companies)s", **names),
            "name_disagrees": _(
                "The name is that of %(companies)s, the Account ID is not", **names
            ),
        }
        return sentences[conflict.kind]
