from odoo import models
from odoo.exceptions import UserError


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, *args, **options):
        if self.model == "account.move":
            files = self.attachment_ids.sudo().filtered("store_fname")
            for file in files.filtered(lambda file: file.mimetype == "application/pdf"):
                # It may have been lost since the mail was queued.
                if not file._is_whole():
                    raise UserError(
                        self.env._(
                            "Not sent: the file “%s” is lost or damaged on the server.",
                            file.name,
                        )
                    )
        return super()._prepare_outgoing_list(*args, **options)
