from odoo import fields, models
from odoo.exceptions import AccessError


class DigestDigest(models.Model):
    _inherit = "digest.digest"

    kpi_connectwise_sent = fields.Boolean("Invoices Sent with ConnectWise's PDF")
    kpi_connectwise_sent_value = fields.Integer(compute="_compute_kpi_connectwise_sent")
    kpi_connectwise_other = fields.Boolean("Invoices Sent with Another PDF")
    kpi_connectwise_other_value = fields.Integer(
        compute="_compute_kpi_connectwise_other"
    )

    def _compute_kpi_connectwise_sent(self):
        self._count_connectwise_sent("kpi_connectwise_sent_value", "!=")

    def _compute_kpi_connectwise_other(self):
        self._count_connectwise_sent("kpi_connectwise_other_value", "=")

    def _count_connectwise_sent(self, name, operator):
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("These figures are for people in Invoicing."))
        # People in Invoicing may see the count, but not read `connectwise_sent_at`.
        self.sudo()._calculate_company_based_kpi(
            "account.move",
            name,
            date_field="connectwise_sent_at",
            additional_domain=[
                (
                    "move_type",
                    "in",
                    self.env["account.move"].get_sale_types(include_receipts=True),
                ),
                ("connectwise_sent_checksum", operator, False),
            ],
        )

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("account.menu_finance").id
        invoices = f"account.action_move_out_invoice_type?menu_id={menu}"
        figures = ("kpi_connectwise_sent", "kpi_connectwise_other")
        return {**actions, **dict.fromkeys(figures, invoices)}
