from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..tools.sync_runs import preview, run_now

KINDS = [
    ("connected", "Will be connected"),
    ("changed", "Changed"),
    ("contact_created", "Contact imported"),
    ("contact_converted", "Contact converted"),
    ("contact_updated", "Contact updated"),
    ("contact_removed", "Contact removed"),
    ("conflict", "Conflicts"),
    ("skipped", "Skipped"),
]


class ConnectwiseMappingRescan(models.TransientModel):
    """The dialog *Rescan*: how thorough, and what it would do."""

    _name = "connectwise.mapping.rescan"
    _description = "Rescan"

    backend_id = fields.Many2one(
        "connectwise.backend",
        required=True,
        readonly=True,
        ondelete="cascade",
        default=lambda self: self.env["connectwise.mapping"]._get_current_backend(),
    )
    get_all_entries = fields.Boolean("Get all entries")
    discard_disconnected = fields.Boolean(
        "Discard previously disconnected automatic matched information"
    )
    get_all_entries_help = fields.Char(compute="_compute_help")
    discard_disconnected_help = fields.Char(compute="_compute_help")
    obstacle = fields.Char(compute="_compute_help")
    line_ids = fields.One2many("connectwise.mapping.rescan.line", "rescan_id")

    @api.constrains("backend_id")
    def _check_may_read(self):
        # Odoo shows the name of what a record refers to without asking.
        self.sudo(False).backend_id.check_access("read")

    @api.depends("backend_id")
    def _compute_help(self):
        for rescan in self:
            backend = rescan.backend_id
            rescan.get_all_entries_help = rescan._describe_get_all_entries()
            count = backend.count_disconnected()
            rescan.discard_disconnected_help = (
                self.env._("No customer is disconnected at the moment.")
                if not count
                else self.env._("Lifts the disconnection of 1 customer.")
                if count == 1
                else self.env._("Lifts the disconnections of %s customers.", count)
            )
            rescan.obstacle = rescan._find_obstacle()

    def _describe_get_all_entries(self):
        last = self.backend_id.last_sync
        if not last:
            return self.env._(
                "Refresh everything. This is the first time, so it happens anyway."
            )
        return self.env._(
            "Refresh everything; otherwise only what changed since %s.",
            format_datetime(self.env, last, dt_format="short"),
        )

    def _find_obstacle(self):
        """Return why nothing can run now, and what to do, or False."""
        if not self.backend_id.sync_contacts:
            return self.env._(
                "“Synchronize customers/contacts from ConnectWise” is off, so nothing"
                " is read. Switch it on under Integrations ▸ Configure."
            )
        if self.backend_id.sync_state != "idle":
            return self.env._(
                "A rescan is already running. Wait for its end, or cancel it above the"
                " report."
            )
        return False

    def action_rescan(self):
        """Run it in the background with the chosen options."""
        self.ensure_one()
        self.backend_id._request_sync(self.get_all_entries, self.discard_disconnected)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "The rescan runs in the background. You will be told when it is"
                    " finished."
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_preview(self):
        """Show what it would do; nothing is changed."""
        self.ensure_one()
        changes = preview(
            self.backend_id, self.get_all_entries, self.discard_disconnected
        )
        return self._show(changes)

    def _show(self, changes):
        """Make these changes the preview's lines; return the action to see them."""
        # Nobody may write lines: they show the name of any customer.
        lines = self.sudo().line_ids
        lines.unlink()
        lines.create(
            [
                {
                    "rescan_id": self.id,
                    "kind": kind,
                    "partner_id": partner_id,
                    "company_name": company_name,
                    "reason": reason,
                }
                for kind, partner_id, company_name, reason in self._as_lines(changes)
            ]
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "benji_connectwise.connectwise_mapping_rescan_line_action"
        )
        return {
            **action,
            "domain": [("rescan_id", "=", self.id)],
            "context": {"search_default_group_kind": 1, "rescan_id": self.id},
        }

    @api.model
    def _as_lines(self, changes):
        known = dict(KINDS)
        return sorted(
            (
                change["kind"] if change["kind"] in known else "changed",
                change["partner_id"],
                change["company_name"] or "",
                change["reason"] or "",
            )
            for change in changes
        )

    @api.model
    def _go_back_to_report(self):
        action = self.env["connectwise.mapping"].action_open_report()
        return {**action, "target": "main", "path": "customer-mapping"}

    def action_apply(self):
        """Do exactly what the preview says, or show what it would be by now."""
        self.ensure_one()
        shown = sorted(
            (line.kind, line.partner_id.id, line.company_name or "", line.reason or "")
            for line in self.line_ids
        )
        with self.env.cr.savepoint() as savepoint:
            sync, changes = run_now(
                self.backend_id,
                self.get_all_entries,
                self.discard_disconnected,
                with_changes=True,
            )
            self.env.flush_all()
            is_as_shown = self._as_lines(changes) == shown
            if not is_as_shown:
                savepoint.rollback()
        if not is_as_shown:
            self.env.invalidate_all()
            return self._notify(
                "warning",
                self.env._(
                    "Something changed since the preview, so nothing was applied. This"
                    " is what a rescan would do now."
                ),
                self._show(changes),
            )
        return self._notify(
            "success",
            sync.summary or self.env._("Nothing had to be changed."),
            self._go_back_to_report(),
        )

    @api.model
    def _notify(self, level, message, following):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": level, "message": message, "next": following},
        }


class ConnectwiseMappingRescanLine(models.TransientModel):
    """One thing that a rescan would do, and why."""

    _name = "connectwise.mapping.rescan.line"
    _description = "Preview of a Rescan"
    _order = "kind, partner_name, id"

    rescan_id = fields.Many2one(
        "connectwise.mapping.rescan", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, "What", required=True, group_expand="_expand_kinds")
    partner_id = fields.Many2one(
        "res.partner", "Accounting Customer", ondelete="cascade"
    )
    partner_name = fields.Char(related="partner_id.name", store=True)
    company_name = fields.Char("ConnectWise Customer")
    reason = fields.Char()

    @api.model
    def _expand_kinds(self, kinds, domain):
        """Put the groups in the order of the selection; no empty ones."""
        return [kind for kind, _label in KINDS if kind in kinds]

    def _get_rescan(self):
        # The buttons stand above the list: no line needs to be there, or selected.
        rescan = self.env["connectwise.mapping.rescan"].browse(
            self.env.context.get("rescan_id") or self.rescan_id.ids
        )
        if not rescan.exists():
            raise UserError(self.env._("This preview is too old. Please start anew."))
        return rescan

    def action_apply(self):
        """Do what this list says."""
        return self._get_rescan().action_apply()

    def action_close(self):
        """Leave the list; nothing was changed."""
        return self.env["connectwise.mapping.rescan"]._go_back_to_report()
