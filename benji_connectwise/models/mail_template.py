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
        is_of_invoices = (
            "report_template_ids" in render_fields
            and self.model == "account.move"
            and any(reports._is_invoice_report(report) for report in reports)
        )
        if is_of_invoices:
            invoices = self.env["account.move"].browse(res_ids)
            self.env["account.move.send"]._fetch_before_sending(invoices)
        results = super()._generate_template_attachments(
            res_ids, render_fields, render_results=render_results
        )
        if is_of_invoices:
            for res_id in res_ids:
                # Each invoice report is the chosen PDF, which goes out once (D23).
                once = {}
                for name, content in results[res_id].get("attachments", []):
                    once.setdefault(content, name)
                results[res_id]["attachments"] = [
                    (name, content) for content, name in once.items()
                ]
        return results
