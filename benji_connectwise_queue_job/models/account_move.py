from odoo import fields, models

from odoo.addons.benji_connectwise.tools.invoice_pdf.fetching import fetch_in_background


class AccountMove(models.Model):
    _inherit = "account.move"

    def _fetch_connectwise_pdfs(self, since):
        """Fetch ConnectWise's PDFs of these invoices; a job calls this.

        :param since: when the job was created. Invoices that were looked up later are
            skipped, so that a job that is repeated after being killed does the rest.
        """
        moves = self.exists()
        fetch_in_background(moves, fresh=fields.Datetime.now() - since)
        waited = [
            ("move_id", "in", moves.ids),
            ("settings", "!=", False),
            ("move_id.connectwise_lookup_ids.has_pdf", "=", True),
        ]
        if self.env["connectwise.held.invoice"].search_count(waited, limit=1):
            self.env["connectwise.lookup"]._trigger_prefetch()
