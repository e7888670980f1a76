from odoo import api, fields, models

from ..tools.connection.disconnecting import find_consequences


class BaseModuleUninstall(models.TransientModel):
    _inherit = "base.module.uninstall"

    connectwise_consequences = fields.Text(compute="_compute_connectwise_consequences")

    @api.depends("module_ids")
    def _compute_connectwise_consequences(self):
        backends = self.env["connectwise.backend"].sudo()
        for dialog in self:
            is_ours = "benji_connectwise" in dialog._get_modules().mapped("name")
            dialog.connectwise_consequences = is_ours and dialog._describe_connectwise(
                find_consequences(backends.with_context(active_test=False).search([]))
            )

    def _describe_connectwise(self, found):
        _ = self.env._
        return "\n".join(
            [
                _(
                    "Deleted: %(contacts)s imported contacts, %(pdfs)s PDFs that"
                    " nobody received, and the customer mapping.",
                    contacts=len(found["deleted_contacts"]),
                    pdfs=len(found["deleted_pdfs"]),
                ),
                _(
                    "Restored: %s contacts that were entered by hand get their former"
                    " data back.",
                    len(found["restored_contacts"]),
                ),
                _(
                    "Kept: %s PDFs that customers received, on their invoices, and the"
                    " history in the chatter.",
                    len(found["kept_pdfs"]),
                ),
            ]
        )
