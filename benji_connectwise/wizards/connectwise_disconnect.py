from odoo import api, fields, models

from ..tools.connection.disconnecting import disconnect, find_consequences

FIGURES = ("deleted_contacts", "restored_contacts", "deleted_pdfs", "kept_pdfs")


class ConnectwiseDisconnect(models.TransientModel):
    """*Disconnect ConnectWise*: asks before a connection is deleted.

    Without a connection, it shows what uninstalling the addon does to all of them.
    """

    _name = "connectwise.disconnect"
    _description = "Disconnect ConnectWise"

    backend_id = fields.Many2one("connectwise.backend", readonly=True)
    title = fields.Char(compute="_compute_title")
    deleted_contacts = fields.Integer(compute="_compute_figures")
    restored_contacts = fields.Integer(compute="_compute_figures")
    deleted_pdfs = fields.Integer(compute="_compute_figures")
    kept_pdfs = fields.Integer(compute="_compute_figures")
    companies = fields.Integer(compute="_compute_figures")

    @api.constrains("backend_id")
    def _check_may_read(self):
        # Odoo shows the names of linked records without checking access.
        self.sudo(False).backend_id.check_access("read")

    def _compute_display_name(self):
        self.display_name = self.env._("Disconnect ConnectWise")

    @api.depends("backend_id")
    def _compute_title(self):
        for dialog in self:
            dialog.title = self.env._("What uninstalling does")
            if backend := dialog.backend_id:
                dialog.title = self.env._("Disconnect %s?", backend.display_name)

    @api.depends("backend_id")
    def _compute_figures(self):
        for dialog in self:
            found = find_consequences(dialog._get_backends())
            dialog.companies = found["companies"]
            for name in FIGURES:
                dialog[name] = len(found[name])

    def _get_backends(self):
        backends = self.backend_id or self.env["connectwise.backend"].with_context(
            active_test=False
        ).search([])
        # A person can create the dialog for any connection over RPC.
        backends.check_access("read")
        return backends

    def action_open_deleted_contacts(self):
        """List the imported contacts that are deleted."""
        return self._open("deleted_contacts", self.env._("Imported contacts"))

    def action_open_restored_contacts(self):
        """List the contacts that get their former data back."""
        return self._open("restored_contacts", self.env._("Contacts taken over"))

    def action_open_deleted_pdfs(self):
        """List the invoices whose PDF nobody received."""
        return self._open("deleted_pdfs", self.env._("PDFs that nobody received"))

    def action_open_kept_pdfs(self):
        """List the invoices whose PDF customers received."""
        return self._open("kept_pdfs", self.env._("PDFs that customers received"))

    def _open(self, name, title):
        self.check_access("read")
        records = find_consequences(self._get_backends())[name]
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": records._name,
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": [("id", "in", records.ids)],
            "context": {"create": False},
        }

    def action_export_mapping(self):
        """Open the report, where rows can be selected and exported."""
        self.check_access("read")
        return self.env["connectwise.mapping"].action_open_report()

    def action_disconnect(self):
        """Delete the connection, and go back to *Integrations*."""
        self.ensure_one()
        self.check_access("write")
        disconnect(self.backend_id)
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "benji_connectwise.connectwise_integrations_action"
            ),
            "target": "main",
        }
