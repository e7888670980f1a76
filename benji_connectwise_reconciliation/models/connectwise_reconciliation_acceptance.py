from odoo import fields, models


class ConnectwiseReconciliationAcceptance(models.Model):
    """A difference that a person accepted, with a fingerprint of both invoices.

    When one of the invoices changes, the fingerprint no longer fits, and the difference
    is open again.
    """

    _name = "connectwise.reconciliation.acceptance"
    _description = "Accepted Difference of a Reconciliation"
    _order = "id desc"
    _rec_name = "reason"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", readonly=True
    )
    fingerprint = fields.Char(required=True, readonly=True)
    reason = fields.Char(required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Accepted by", readonly=True)

    _fingerprint_unique = models.UniqueIndex(
        "(backend_id, fingerprint)",
        "Somebody else accepted this difference at the same moment.",
    )
