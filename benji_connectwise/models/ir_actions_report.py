import io
from collections import OrderedDict

from odoo import models
from odoo.tools.pdf import merge_pdf

from odoo.addons.base.models.ir_actions_report import _wkhtml

OWN_REPORT = "benji_connectwise.report_odoo_invoice"
"""The Print menu entry that always shows Odoo's own rendering."""


RENDER_OWN = object()
"""In the context as `invoice_pdf`: render Odoo's own PDF, whatever the priority."""


class ChosenPdf(io.BytesIO):
    """A PDF that was not made here."""


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _is_invoice_report(self, report_ref):
        return (
            super()._is_invoice_report(report_ref)
            or self._get_report(report_ref).report_name == OWN_REPORT
        )

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Put the chosen PDFs in the place of the rendering, byte for byte.

        Printing, the portal, mail templates, Snailmail and Point of Sale all come
        through here. A level deeper (`_render_qweb_pdf_prepare_streams`) other modules
        would still change the bytes.
        """
        if isinstance(res_ids, int):
            res_ids = [res_ids]
        pdfs = self._get_preferred_invoice_pdfs(report_ref, res_ids)
        if not pdfs:
            return super()._pre_render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        rendered = {}
        rest = [res_id for res_id in res_ids if res_id not in pdfs]
        if rest:
            content, report_type = super()._pre_render_qweb_pdf(
                report_ref, res_ids=rest, data=data
            )
            if report_type == "pdf":
                rendered = content
            else:  # Odoo renders HTML in tests.
                rendered = {
                    res_id: {"stream": io.BytesIO(html), "attachment": None}
                    for res_id, html in self._get_splitted_report(
                        report_ref, content, report_type
                    ).items()
                }
        streams = OrderedDict()
        for res_id in res_ids:
            if res_id in pdfs:
                stream = ChosenPdf(pdfs[res_id].raw)
                streams[res_id] = {"stream": stream, "attachment": None}
            elif res_id in rendered:
                streams[res_id] = rendered.pop(res_id)
        streams.update(rendered)  # what could not be split by invoice
        return streams, "pdf"

    def _prepare_pdf_report_attachment_vals_list(self, report, streams):
        # Odoo saves what it made; a chosen PDF would be taken for Odoo's own later.
        own = {
            res_id: values
            for res_id, values in streams.items()
            if not isinstance(values["stream"], ChosenPdf)
        }
        return super()._prepare_pdf_report_attachment_vals_list(report, own)

    def retrieve_attachment(self, record):
        """Reload none but what Odoo saved: a chosen PDF may have the same name."""
        attachment = super().retrieve_attachment(record)
        if not attachment or record._name != "account.move":
            return attachment
        invoice = record.sudo()
        # As it was mailed, or as a person attached it.
        chosen = invoice.message_ids.attachment_ids | invoice.invoice_pdf_attachment_id
        if attachment not in chosen:
            return attachment
        return attachment.search(
            [
                ("name", "=", attachment.name),
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
                ("res_field", "=", False),
                ("id", "not in", chosen.ids),
            ],
            limit=1,
        )

    def _merge_pdfs(self, streams, *args, **options):
        # Odoo stops at flaws that every reader forgives, so they are mended before. It
        # is safe to open them: this was tried in a process of its own.
        for stream in streams:
            if isinstance(stream, ChosenPdf):
                content = merge_pdf([stream.getvalue()])
                stream.seek(0)
                stream.truncate()
                stream.write(content)
        return super()._merge_pdfs(streams, *args, **options)

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Render one by one what wkhtmltopdf cannot render at once.

        Debian's and Ubuntu's takes one document at a time. A batch has to go out with
        it too, when ConnectWise is down.
        """
        is_distinct = res_ids and len(res_ids) == len(set(res_ids))
        if (
            not is_distinct
            or len(res_ids) == 1
            or _wkhtml().is_patched_qt
            or not self._is_invoice_report(report_ref)
        ):
            return super()._render_qweb_pdf_prepare_streams(
                report_ref, data, res_ids=res_ids
            )
        streams = OrderedDict()
        for res_id in res_ids:
            streams.update(
                super()._render_qweb_pdf_prepare_streams(
                    report_ref, data, res_ids=[res_id]
                )
            )
        return streams

    def _get_preferred_invoice_pdfs(self, report_ref, res_ids):
        if (
            not res_ids
            or not self._is_invoice_report(report_ref)
            or self._get_report(report_ref).report_name == OWN_REPORT
            or self.env.context.get("invoice_pdf") is RENDER_OWN
        ):
            return {}
        pdfs = self.env["account.move"].browse(res_ids)._get_preferred_invoice_pdfs()
        return {res_id: attachment for res_id, attachment in pdfs.items() if attachment}
