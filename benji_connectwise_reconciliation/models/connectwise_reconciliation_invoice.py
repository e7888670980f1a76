from odoo import fields, models


class ConnectwiseReconciliationInvoice(models.Model):
    """An invoice of ConnectWise, as last read by a comparison.

    It is kept so that comparing the same period again reads only changed invoices.
    """

    _name = "connectwise.reconciliation.invoice"
    _description = "ConnectWise Invoice as Read by a Reconciliation"
    _log_access = False
    _rec_name = "number"

    run_id = fields.Many2one(
        "connectwise.reconciliation.run", required=True, ondelete="cascade"
    )
    connectwise_ref = fields.Integer(required=True)
    number = fields.Char()
    company_ref = fields.Integer()
    company_name = fields.Char()
    bill_to_ref = fields.Integer()
    day = fields.Date()
    currency_code = fields.Char()
    is_credit = fields.Boolean(help="Empty if ConnectWise does not say.")
    # Not monetary: ConnectWise may know a currency that Odoo does not.
    last_updated = fields.Datetime()
    total = fields.Float(digits=(16, 6), help="Without a sign; empty if not known.")

    _run_ref_unique = models.UniqueIndex("(run_id, connectwise_ref)")
