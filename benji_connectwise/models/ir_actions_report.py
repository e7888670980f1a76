import io
import logging
import time
from collections import OrderedDict

from odoo import models

from ..const import SECONDS_TO_MEND, SECONDS_TO_MEND_ONE
from ..lib.connectwise_client import InvalidPdfError
from ..odoo_internals import _wkhtml
from ..tools.invoice_pdf.merge_check import MergeCheck
from ..tools.invoice_pdf.origin import filter_odoos_own
from ..tools.names import name_some

_logger = logging.getLogger(__name__)

OWN_REPORT = "benji_connectwise.report_odoo_invoice"
"""The Print menu entry that always shows Odoo's own rendering."""


class ChosenPdf(io.BytesIO):
    """A PDF that Odoo did not render. `mended` is its version for merging, bytes."""

    def __init__(self, content, mended=None):
        super().__init__(content)
        self.mended = mended


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _is_invoice_report(self, report_ref):
        return (
            super()._is_invoice_report(report_ref)
            or self._get_report(report_ref).report_name == OWN_REPORT
        )

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Return the chosen PDFs instead of rendering, byte for byte.

        Printing, the portal, mail templates, Snailmail and Point of Sale all call this.
        It is the last place where no other module changes the bytes; in
        `_render_qweb_pdf_prepare_streams`, some would.
        """
        if isinstance(res_ids, int):
            res_ids = [res_ids]
        pdfs = self._get_preferred_invoice_pdfs(report_ref, res_ids)
        mended = {}
        if pdfs and len(res_ids) > 1:
            mended = self._mend_pdfs(pdfs)
            pdfs = {res_id: pdfs[res_id] for res_id in mended}
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
                stream = ChosenPdf(pdfs[res_id]._get_content(), mended.get(res_id))
                streams[res_id] = {"stream": stream, "attachment": None}
            elif res_id in rendered:
                streams[res_id] = rendered.pop(res_id)
        streams.update(rendered)  # Pages that could not be assigned to an invoice.
        return streams, "pdf"

    def _mend_pdfs(self, pdfs):
        """Return {invoice id: chosen PDF, bytes, repaired for merging}.

        PDFs that cannot be merged are left out, and Odoo's take their place. One bad
        PDF must not stop the printing of the others. The person is told which.
        """
        mended = {}
        seconds = SECONDS_TO_MEND + SECONDS_TO_MEND_ONE * len(pdfs)
        end = time.monotonic() + seconds
        with MergeCheck() as check:
            for res_id, attachment in pdfs.items():
                try:
                    left = end - time.monotonic()
                    mended[res_id] = check.mend(attachment._get_content(), left)
                except InvalidPdfError as error:
                    _logger.warning("Invoice %s is printed by Odoo: %s", res_id, error)
        self._tell_replaced([res_id for res_id in pdfs if res_id not in mended])
        return mended

    def _tell_replaced(self, move_ids):
        """Notify the person of the invoices that are printed with Odoo's PDF."""
        user = self.env.user
        if not move_ids or not user._is_internal():
            return
        moves = self.env["account.move"].browse(move_ids)
        user._bus_send(
            "simple_notification",
            {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Printed with Odoo's PDF"),
                "message": self.env._(
                    "Another PDF of these invoices could not be printed together with"
                    " the others: %s. Print them one by one.",
                    name_some(self.env, moves.mapped("display_name")),
                ),
            },
        )

    def _prepare_pdf_report_attachment_vals_list(self, report, streams):
        # A chosen PDF must not be saved as Odoo's own report.
        rendered = {
            res_id: data
            for res_id, data in streams.items()
            if not isinstance(data["stream"], ChosenPdf)
        }
        return super()._prepare_pdf_report_attachment_vals_list(report, rendered)

    def retrieve_attachment(self, record):
        """Return Odoo's saved report, never a file from elsewhere.

        Odoo finds its saved report by the name alone, which other files may have too.
        """
        saved = super().retrieve_attachment(record)
        if not saved or not self._is_invoice_report(self.report_name):
            return saved
        same_name = [
            (name, "=", saved[name]) for name in ("name", "res_model", "res_id")
        ]
        return filter_odoos_own(record, saved.search(same_name))[:1]

    def _merge_pdfs(self, streams, *args, **options):
        for stream in streams:
            if isinstance(stream, ChosenPdf) and stream.mended:
                stream.seek(0)
                stream.truncate()
                stream.write(stream.mended)
        return super()._merge_pdfs(streams, *args, **options)

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Render several invoices one by one if wkhtmltopdf is not patched.

        The wkhtmltopdf of Debian and Ubuntu renders only one document at a time. A
        batch must go out with it too, for example while ConnectWise is down.
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
        report = self._get_report(report_ref)
        is_own = report.report_name == OWN_REPORT
        if not res_ids or is_own or not self._is_invoice_report(report):
            return {}
        pdfs = self.env["account.move"].browse(res_ids)._get_preferred_invoice_pdfs()
        return {res_id: attachment for res_id, attachment in pdfs.items() if attachment}
