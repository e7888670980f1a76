from odoo import api, fields, models
from odoo.tools import split_every

from odoo.addons.benji_connectwise.tools.invoice_pdf.due_invoices import (
    find_due_invoices,
)

INVOICES_PER_JOB = 50
"""The invoices that one request to ConnectWise can look up."""


class ConnectwiseLookup(models.Model):
    _inherit = "connectwise.lookup"

    @api.model
    def _prefetch(self, backend, end):
        """Enqueue a job for each batch. Without a job runner, do the work here."""
        Job = self.env["queue.job"].sudo()
        if backend._is_resting() or not Job._has_runner():
            super()._prefetch(backend, end)
            return
        moves = find_due_invoices(backend)
        moves -= Job._get_unfinished("account.move", "_fetch_connectwise_pdfs")
        for batch in split_every(INVOICES_PER_JOB, moves.ids, moves.browse):
            key = ",".join(map(str, sorted(batch.ids)))
            batch.with_delay(
                # Higher than a synchronization: people wait for PDFs.
                priority=5,
                identity_key=f"connectwise_pdfs:{key}",
            )._fetch_connectwise_pdfs(fields.Datetime.now())
            self.env["ir.cron"]._commit_progress(len(batch))
