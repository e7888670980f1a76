from odoo import fields, models

from ..lib.connectwise_client import defuse


class ConnectwiseInvoice(models.Model):
    """An invoice of ConnectWise, as it was when Odoo last asked for its number."""

    _name = "connectwise.invoice"
    _description = "ConnectWise Invoice"
    _rec_name = "number"

    lookup_id = fields.Many2one(
        "connectwise.lookup", required=True, index=True, ondelete="cascade"
    )
    connectwise_ref = fields.Integer("ConnectWise ID", required=True, index=True)
    number = fields.Char()
    invoice_type = fields.Char("Type")
    company_ref = fields.Integer("Company ID", index=True)
    company_name = fields.Char()
    bill_to_ref = fields.Integer("Bill-To Company ID", index=True)
    bill_to_name = fields.Char("Bill-To Company Name")
    currency_code = fields.Char()
    # Not monetary: ConnectWise may know a currency that Odoo does not.
    has_total = fields.Boolean()
    total = fields.Float()
    status = fields.Char()
    is_open = fields.Boolean(
        "Still open in ConnectWise",
        help="Its status is not a closed one: it can change.",
    )
    last_updated = fields.Datetime("Changed in ConnectWise")
    is_gone = fields.Boolean(
        "Deleted in ConnectWise", help="Missing from ConnectWise's last answer."
    )

    _lookup_ref_unique = models.Constraint(
        "unique(lookup_id, connectwise_ref)", "ConnectWise named an invoice twice."
    )

    def _prepare_values(self, invoice):
        """Return the values of this model for an `Invoice` of the client."""
        company, bill_to = invoice.company, invoice.bill_to_company
        return {
            "connectwise_ref": invoice.id,
            "number": invoice.number and defuse(invoice.number),
            "invoice_type": invoice.type,
            "company_ref": company.id if company else 0,
            "company_name": company.name if company else False,
            "bill_to_ref": bill_to.id if bill_to else 0,
            "bill_to_name": bill_to.name if bill_to else False,
            "currency_code": invoice.currency_code or False,
            "has_total": invoice.total is not None,
            "total": invoice.total or 0.0,
            "status": invoice.status or False,
            # If ConnectWise does not say, it counts as closed.
            "is_open": invoice.is_closed is False,
            # Odoo stores UTC without a zone, to the second.
            "last_updated": invoice.last_updated
            and invoice.last_updated.replace(tzinfo=None, microsecond=0),
            "is_gone": False,
        }
