from odoo import fields, models
from odoo.exceptions import UserError

from ..const import PREFER_AT_ONCE
from ..tools.invoice_pdf.order import list_sources


class InvoicePdfPreference(models.TransientModel):
    """*Prefer a PDF Source*: sets a preference for the selected invoices."""

    _name = "invoice.pdf.preference"
    _description = "Prefer a PDF Source"

    move_ids = fields.Many2many(
        "account.move",
        default=lambda self: self.env.context.get("active_ids"),
    )
    count = fields.Integer("Invoices", compute="_compute_count")
    source = fields.Selection(
        list_sources,
        "Invoice PDF",
        help="Goes first; the rest of the priority follows. Left empty, the invoices"
        " follow the priority of their customer, journal or company again.",
    )
    reason = fields.Char(help="Shown in the tab “Why this PDF?” of each invoice.")

    def _compute_count(self):
        for wizard in self:
            wizard.count = len(wizard._get_invoices())

    def _get_invoices(self):
        # Some may have been deleted while the dialog was open.
        moves = self.move_ids.exists()
        return moves.filtered(lambda move: move.is_sale_document(include_receipts=True))

    def action_apply(self):
        """Set the preferred source of the selected customer invoices.

        :raises UserError: if none is a customer invoice, or there are too many
        :raises AccessError: if the user may not change all of them
        """
        moves = self._get_invoices()
        if not moves:
            raise UserError(
                self.env._("None of the selected records is a customer invoice.")
            )
        if len(moves) > PREFER_AT_ONCE:
            raise UserError(
                self.env._(
                    "You selected %(count)s invoices. Prefer a source for at most"
                    " %(most)s at once. A preference of the customer or the journal"
                    " holds for all of theirs.",
                    count=len(moves),
                    most=PREFER_AT_ONCE,
                )
            )
        moves.write(
            {
                "invoice_pdf_preference": self.source,
                "invoice_pdf_preference_reason": bool(self.source) and self.reason,
            }
        )
        return {"type": "ir.actions.act_window_close"}
