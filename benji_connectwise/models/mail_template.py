from odoo import models

from .mail_mail import INVOICE_MAIL


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(
        self,
        res_ids,
        force_send=False,
        raise_exception=False,
        email_values=None,
        email_layout_xmlid=False,
    ):
        template = self
        # Whoever calls this from outside can add any file with `email_values`.
        if self.env.su or not email_values:
            template = self.with_context(invoice_mail=INVOICE_MAIL)
        return super(MailTemplate, template).send_mail_batch(
            res_ids,
            force_send=force_send,
            raise_exception=raise_exception,
            email_values=email_values,
            email_layout_xmlid=email_layout_xmlid,
        )

    def _generate_template_attachments(
        self, res_ids, render_fields, render_results=None
    ):
        """Look for newer PDFs before the invoices are mailed, as *Send* does (D3)."""
        template = self
        if "report_template_ids" in render_fields and self._has_invoice_report():
            moves = self.env["account.move"].browse(res_ids)
            template = moves._look_before_mailing(self)
        return super(MailTemplate, template)._generate_template_attachments(
            res_ids, render_fields, render_results=render_results
        )

    def _has_invoice_report(self):
        return self.model == "account.move" and any(
            report._is_invoice_report(report.report_name)
            for report in self.report_template_ids
        )
