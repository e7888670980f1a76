from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import NO_ACCESS


class ResCompany(models.Model):
    _inherit = "res.company"

    connectwise_backend_ids = fields.One2many(
        "connectwise.backend", "company_id", help="One at most."
    )
    # A field, so that it is cached for all invoices of a company.
    connectwise_backend_id = fields.Many2one(
        "connectwise.backend",
        "Used ConnectWise Connection",
        compute="_compute_connectwise_backend_id",
        recursive=True,
        compute_sudo=True,
        groups=NO_ACCESS,
        help="The connection of this company, or of its nearest parent company that"
        " has one. It may be archived.",
    )

    @api.depends("connectwise_backend_ids", "parent_id.connectwise_backend_id")
    def _compute_connectwise_backend_id(self):
        Backend = self.env["connectwise.backend"].with_context(active_test=False)
        # With their fields, which are needed next: in one statement.
        own = Backend.search_fetch([("company_id", "in", self._origin.ids)])
        own = own.grouped("company_id")
        for company in self:
            company.connectwise_backend_id = (
                own.get(company._origin) or company.parent_id.connectwise_backend_id
            )

    def _get_connectwise_backend(self):
        """Return the ConnectWise connection that this company uses, sudo, or none.

        It is the company's own, or that of its nearest parent company that has one. An
        archived connection is never returned, even if the context shows archived ones.
        """
        return self.sudo().connectwise_backend_id.filtered("active")

    def _get_connectwise_responsible(self):
        """Return the user who is told what needs attention.

        If the responsible person has left, it is an Invoicing administrator: nobody
        sees what is assigned to a user who is archived.
        """
        responsible = self.sudo().connectwise_backend_id.responsible_id
        if responsible.active:
            return responsible
        administrators = [
            ("active", "=", True),
            ("company_ids", "in", self.ids),
            ("all_group_ids", "in", self.env.ref("account.group_account_manager").ids),
        ]
        Users = self.env["res.users"].sudo()
        return Users.search(administrators, order="id", limit=1) or self.env.user

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
        """Return the company whose Invoice PDF Priority applies to this company.

        A branch that uses its parent company's connection uses its priority too.
        """
        return self._get_connectwise_backend().company_id or self
