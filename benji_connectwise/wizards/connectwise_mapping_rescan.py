from odoo import api, fields, models

from ..tools.mapping.report import describe_rescan
from ..tools.sync.runs import SyncError, preview, run_now
from .connectwise_mapping_rescan_line import KINDS


class ConnectwiseMappingRescan(models.TransientModel):
    """The dialog *Rescan*: its options and its preview."""

    _name = "connectwise.mapping.rescan"
    _description = "Rescan"

    backend_id = fields.Many2one(
        "connectwise.backend",
        required=True,
        readonly=True,
        ondelete="cascade",
        default=lambda self: self.env["connectwise.mapping"]._get_current_backend(),
    )
    environment = fields.Selection(related="backend_id.environment", related_sudo=False)
    get_all_entries = fields.Boolean("Get all entries")
    discard_disconnected = fields.Boolean(
        "Discard previously disconnected automatic matched information"
    )
    get_all_entries_help = fields.Char(compute="_compute_help")
    discard_disconnected_help = fields.Char(compute="_compute_help")
    obstacle = fields.Char(compute="_compute_help")
    is_running = fields.Boolean(compute="_compute_help")
    line_ids = fields.One2many("connectwise.mapping.rescan.line", "rescan_id")

    @api.constrains("backend_id")
    def _check_may_read(self):
        # Odoo shows the names of linked records without checking access.
        self.sudo(False).backend_id.check_access("read")

    @api.depends("backend_id")
    def _compute_help(self):
        for rescan in self:
            backend = rescan.backend_id
            texts = describe_rescan(backend)
            rescan.get_all_entries_help = texts["get_all_entries"]
            rescan.discard_disconnected_help = texts["discard_disconnected"]
            rescan.obstacle = texts["obstacle"]
            rescan.is_running = backend.sync_state != "idle"

    def action_rescan(self):
        """Start a rescan in the background, with the chosen options."""
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
        """Show the changes that a rescan would make, without making them."""
        self.ensure_one()
        try:
            changes = preview(
                self.backend_id, self.get_all_entries, self.discard_disconnected
            )
        except SyncError as error:
            # Nobody did anything wrong, and the dialog is needed to try again.
            return self._notify("danger", str(error))
        if changes:
            return self._show(changes)
        # The dialog stays open: other options may change something.
        return self._notify(
            "info",
            self.env._(
                "Nothing would change: a rescan with these options finds everything as"
                " it is."
            ),
        )

    def _show(self, changes):
        """Store these changes as lines of the preview; return the action to show it."""
        # People cannot create lines, because a line shows the name of any customer.
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
        environments = dict(
            self._fields["environment"]._description_selection(self.env)
        )
        names = [action["name"], environments.get(self.environment)]
        return {
            **action,
            "display_name": " · ".join(filter(None, names)),
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
        """Rescan, if it makes exactly the changes of the preview; else show the new."""
        self.ensure_one()
        shown = sorted(
            (line.kind, line.partner_id.id, line.company_name or "", line.reason or "")
            for line in self.line_ids
        )
        try:
            with self.env.cr.savepoint() as savepoint:
                sync, changes = run_now(
                    self.backend_id,
                    self.get_all_entries,
                    self.discard_disconnected,
                    with_changes=True,
                )
                self.env.flush_all()
                is_as_shown = not changes or self._as_lines(changes) == shown
                if not is_as_shown:
                    savepoint.rollback()
        except SyncError as error:
            return self._notify("danger", str(error))
        if not is_as_shown:
            self.env.invalidate_all()
            return self._notify(
                "warning",
                self.env._(
                    "Something changed since the preview, so nothing was applied. These"
                    " are the changes that a rescan would make now."
                ),
                self._show(changes),
            )
        return self._notify(
            "success",
            sync.summary or self.env._("Nothing had to be changed."),
            self._go_back_to_report(),
        )

    @api.model
    def _notify(self, level, message, following=None):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": level,
                "message": message,
                "sticky": level == "danger",
                "next": following,
            },
        }
