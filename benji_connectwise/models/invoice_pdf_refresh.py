import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command

from ..const import REFRESH_KEPT_FOR, REFRESH_PER_STEP
from ..odoo_internals import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from ..tools.invoice_pdf.refresh import refresh_some

_logger = logging.getLogger(__name__)


class InvoicePdfRefresh(models.Model):
    """The progress of *Refresh PDF* for more invoices than a person can wait for.

    The scheduled action that fetches PDFs does the work.
    """

    _name = "invoice.pdf.refresh"
    _description = "Refresh PDF"

    move_ids = fields.Many2many("account.move", "invoice_pdf_refresh_rel")
    left_ids = fields.Many2many("account.move", "invoice_pdf_refresh_left_rel")
    total = fields.Integer("Invoices", compute="_compute_progress")
    done = fields.Integer("Refreshed", compute="_compute_progress")
    is_finished = fields.Boolean(compute="_compute_progress")
    summary = fields.Char(compute="_compute_summary")

    @api.depends("move_ids", "left_ids")
    def _compute_progress(self):
        for refresh in self:
            refresh.total = len(refresh.move_ids)
            refresh.done = refresh.total - len(refresh.left_ids)
            refresh.is_finished = not refresh.left_ids

    @api.depends("move_ids", "left_ids")
    @api.depends_context("lang")
    def _compute_summary(self):
        Move = self.env["account.move"]
        labels = dict(
            Move._fields["connectwise_status"]._description_selection(self.env)
        )
        others = self.env._("not from ConnectWise")
        for refresh in self:
            done = refresh.move_ids - refresh.left_ids
            groups = Move._read_group(
                [("id", "in", done.ids)], ["connectwise_status"], ["__count"]
            )
            refresh.summary = " · ".join(
                f"{count} {labels.get(status) or others}" for status, count in groups
            )

    @api.model
    def _start(self, moves):
        """Have `moves` refreshed; return the dialog that shows the progress."""
        refresh = self.sudo().create(
            {"move_ids": [Command.set(moves.ids)], "left_ids": [Command.set(moves.ids)]}
        )
        self.env["connectwise.lookup"].sudo()._trigger_prefetch()
        return {
            **refresh._get_records_action(name=self.env._("Refresh PDF")),
            "target": "new",
        }

    @api.model
    def _work_off(self, end):
        """Refresh the invoices that are left, and commit after each step.

        :param end: when to leave the rest to the next run, as `get_end_of_run` returns
            it
        """
        Lookup = self.env["connectwise.lookup"]
        for refresh in self.search([("left_ids", "!=", False)], order="id"):
            busy = self.env["account.move"]
            while left := refresh.left_ids - busy:
                if time.monotonic() > end:
                    Lookup._trigger_prefetch()
                    return
                busy |= refresh._refresh_some(left[:REFRESH_PER_STEP])
                self.env["ir.cron"]._commit_progress(1)
            if busy:
                Lookup._trigger_prefetch()
            else:
                refresh._tell()

    def _refresh_some(self, moves):
        """Refresh these invoices; return them if somebody is working on one of them."""
        user = self.create_uid
        try:
            refresh_some(moves.with_context(lang=user.lang), user.partner_id)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            return moves
        except Exception:
            # These invoices must not stop the others.
            _logger.exception("Invoices %s cannot be refreshed", moves.ids)
            self.env.cr.rollback()
        self.left_ids = [Command.unlink(move.id) for move in moves]
        return moves.browse()

    def _tell(self):
        user = self.create_uid
        refresh = self.with_user(user).with_context(
            lang=user.lang, allowed_company_ids=user.company_ids.ids
        )
        user._bus_send(
            "simple_notification",
            {
                "type": "success",
                "sticky": True,
                "title": refresh.env._("Refresh PDF"),
                "message": refresh.sudo().summary,
            },
        )

    @api.autovacuum
    def _delete_old(self):
        """Delete finished ones."""
        old = fields.Datetime.now() - timedelta(days=REFRESH_KEPT_FOR)
        self.search([("left_ids", "=", False), ("write_date", "<", old)]).unlink()

    def action_open(self):
        """Open the invoices, grouped by what ConnectWise answered."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        action["domain"] = [("id", "in", self.move_ids.ids)]
        action["context"] = {
            "default_move_type": "out_invoice",
            "search_default_group_by_connectwise_status": 1,
        }
        return action
