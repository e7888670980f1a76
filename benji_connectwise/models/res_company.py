from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # At most one; a field of the company is read once for many invoices.
    connectwise_backend_ids = fields.One2many("connectwise.backend", "company_id")

    def _get_connectwise_backend(self):
        """Return this company's ConnectWise connection, sudo; empty if it has none."""
        return self.sudo().connectwise_backend_ids[:1]
