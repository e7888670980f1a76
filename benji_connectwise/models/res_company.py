from odoo import fields, models
from odoo.exceptions import ValidationError


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

    def _check_connectwise_branches(self, backend):
        """Keep one connection for a company and its branches.

        :param backend: this company's connection, sudo
        :raises ValidationError: if a parent company or a branch has another one
        """
        family = [
            ("id", "!=", backend.id),
            "|",
            ("company_id", "parent_of", self.id),
            ("company_id", "child_of", self.id),
        ]
        backends = backend.with_context(active_test=False)
        other = backends.search(family, limit=1).company_id
        if other in self.parent_ids:
            raise ValidationError(
                self.env._(
                    "%(branch)s uses the ConnectWise connection of %(company)s, its"
                    " parent company.",
                    branch=self.name,
                    company=other.name,
                )
            )
        if other:
            raise ValidationError(
                self.env._(
                    "%(branch)s, a branch of %(company)s, has a ConnectWise"
                    " connection of its own. Delete that one first.",
                    branch=other.name,
                    company=self.name,
                )
            )

    def _get_company_of_priority(self):
        """Return the company whose Invoice PDF Priority holds here: the one whose
        connection is used, because a branch uses its parent company's."""
        return self._get_connectwise_backend().company_id or self
