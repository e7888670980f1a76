from odoo import models

from .mail_mail import GENERATED


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, res_ids, *args, email_values=None, **options):
        template = self
        # What else the caller wants in it is nothing that Odoo made.
        if self.model == "account.move" and not email_values:
            template = self.with_context(invoice_mail=GENERATED)
        return super(MailTemplate, template).send_mail_batch(
            res_ids, *args, email_values=email_values, **options
        )

    def _generate_template_attachments(
        self, res_ids, render_fields, render_results=None
    ):
        """Look for newer PDFs before they are mailed, as Send does (D3)."""
        reports = self.report_template_ids
        if (
            "report_template_ids" in render_fields
            and self.model == "account.move"
            and any(reports._is_invoice_report(report) for report in reports)
        ):
            invoices = self.env["account.move"].browse(res_ids)
            self.env["account.move.send"]._fetch_before_sending(invoices)
        return super()._generate_template_attachments(
            res_ids, render_fields, render_results=render_results
        )
