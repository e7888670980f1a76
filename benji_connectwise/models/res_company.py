from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # At most one; a field of the company is read once for many invoices.
    connectwise_backend_ids = fields.One2many("connectwise.backend", "company_id")

    def _get_connectwise_backend(self):
        """Return the ConnectWise connection this company uses, sudo; or an empty one.

        It is its own, or that of its nearest parent company that has one. An archived
        connection is used by nobody, whatever the context says.
        """
        return self._find_connectwise_backend().filtered("active")

    def _find_connectwise_backend(self):
        """Return the connection this company uses or, if it is archived, would use."""
        companies = self.sudo().with_context(active_test=False)
        for company in reversed(companies.parent_ids):
            if company.connectwise_backend_ids:
                return company.connectwise_backend_ids[:1].with_env(self.sudo().env)
        return self.env["connectwise.backend"].sudo()

    def _find_connectwise_relatives(self):
        """Return the connections of this company, its parents and branches, sudo."""
        backends = self.env["connectwise.backend"].sudo()
        return backends.with_context(active_test=False).search(
            [
                "|",
                ("company_id", "parent_of", self.id),
                ("company_id", "child_of", self.id),
            ]
        )

    def _get_company_of_priority(self):
        """Return the company whose Invoice PDF Priority holds here: the one whose
        connection is used, because a branch uses its parent company's."""
        return self._get_connectwise_backend().company_id or self
