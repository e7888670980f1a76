from odoo import models

from .mail_mail import GENERATED


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    def _run_action_mail_post_multi(self, eval_context=None):
        generating = self.with_context(invoice_mail=GENERATED)
        return super(IrActionsServer, generating)._run_action_mail_post_multi(
            eval_context=eval_context
        )
