from odoo import models

from ..tools.invoice_pdf.choice import choose_before_mailing


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    def _run_action_mail_post_multi(self, eval_context=None):
        action = self
        # Odoo mails the records one by one. ConnectWise is asked about all at once.
        if self.template_id._has_invoice_report():
            active_id = self.env.context.get("active_id")
            ids = self.env.context.get("active_ids") or [active_id]
            moves = self.env["account.move"].browse(filter(None, ids))
            action = choose_before_mailing(moves, self)
        return super(IrActionsServer, action)._run_action_mail_post_multi(
            eval_context=eval_context
        )
