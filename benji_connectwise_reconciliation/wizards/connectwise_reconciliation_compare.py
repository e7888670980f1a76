from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from odoo.addons.benji_connectwise.tools.mapping.report import check_connected


class ConnectwiseReconciliationCompare(models.TransientModel):
    """The dialog *Compare*: asks for the period."""

    _name = "connectwise.reconciliation.compare"
    _description = "Compare Invoices with ConnectWise"

    period = fields.Selection(
        [
            ("this_month", "This month"),
            ("last_month", "Last month"),
            ("this_quarter", "This quarter"),
            ("last_quarter", "Last quarter"),
            ("this_year", "This year"),
            ("last_year", "Last year"),
            ("other", "Other"),
        ],
        required=True,
        default="this_quarter",
    )
    date_from = fields.Date(
        "From",
        compute="_compute_dates",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    date_to = fields.Date(
        "To",
        compute="_compute_dates",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )

    @api.depends("period")
    def _compute_dates(self):
        for dialog in self:
            which, _sep, unit = (dialog.period or "other").partition("_")
            if not unit:
                continue
            day = fields.Date.context_today(dialog)
            if which == "last":
                months = {"month": 1, "quarter": 3, "year": 12}[unit]
                day = fields.Date.start_of(day, unit) - relativedelta(months=months)
            dialog.date_from = fields.Date.start_of(day, unit)
            dialog.date_to = fields.Date.end_of(day, unit)

    def action_compare(self):
        """Have the period compared in the background.

        :raises UserError: if it cannot be started
        """
        self.ensure_one()
        backend = self.env.company._get_connectwise_backend().with_env(self.env)
        check_connected(backend)
        runs = self.env["connectwise.reconciliation.run"]
        runs._start(backend, self.date_from, self.date_to)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "The comparison runs in the background. You will be told when it is"
                    " finished."
                ),
                "next": self.env["ir.actions.act_window"]._for_xml_id(
                    "benji_connectwise_reconciliation"
                    ".connectwise_reconciliation_run_action"
                ),
            },
        }
