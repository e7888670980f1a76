from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _fetch_connectwise_pdfs(self, since):
        """Fetch ConnectWise's PDFs of these invoices, as a job does.

        :param since: what was asked after this time is not asked again, so that
            repeating a job that was killed asks for the rest
        """
        Lookup = self.env["connectwise.lookup"]
        moves = self.exists()
        Lookup._fetch_in_background(moves, fresh=fields.Datetime.now() - since)
        waited = [
            ("move_id", "in", moves.ids),
            ("held_sending_data", "!=", False),
            ("has_pdf", "=", True),
        ]
        if Lookup.search_count(waited, limit=1):
            Lookup._trigger_prefetch()
