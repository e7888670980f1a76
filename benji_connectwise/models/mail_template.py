import base64

from odoo import models

from ..tools.invoice_pdf.choice import choose_before_mailing
from .mail_mail import INVOICE_MAIL, without_copies


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
        # A remote caller could add any file with `email_values`.
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
        """Look for newer PDFs before the invoices are mailed, as *Send* does.

        Each PDF is in the e-mail once, even if several reports of the template give it.
        """
        if "report_template_ids" not in render_fields or not self._has_invoice_report():
            return super()._generate_template_attachments(
                res_ids, render_fields, render_results=render_results
            )
        moves = self.env["account.move"].browse(res_ids)
        template = choose_before_mailing(moves, self)
        results = super(MailTemplate, template)._generate_template_attachments(
            res_ids, render_fields, render_results=render_results
        )
        pdfs = moves.with_env(template.env)._get_preferred_invoice_pdfs()
        for res_id, pdf in pdfs.items():
            if pdf:
                results[res_id]["attachments"] = without_copies(
                    results[res_id].get("attachments", []),
                    base64.b64encode(pdf._get_content()),
                )
        return results

    def _has_invoice_report(self):
        return self.model == "account.move" and any(
            report._is_invoice_report(report.report_name)
            for report in self.report_template_ids
        )
