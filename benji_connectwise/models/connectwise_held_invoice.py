import logging
import time
from datetime import timedelta

from markupsafe import Markup, escape
from psycopg2 import OperationalError

from odoo import api, fields, models

from ..tools.invoice_pdf.choice import with_chosen_pdfs
from ..tools.invoice_pdf.order import get_order
from ..tools.invoice_pdf.verdict import REFUSALS

_logger = logging.getLogger(__name__)


class ConnectwiseHeldInvoice(models.Model):
    """An invoice that was to be sent and waits for ConnectWise's PDF.

    When the wait is given up, the record stays, without settings. If a person then
    sends the invoice, it does not wait again.
    """

    _name = "connectwise.held.invoice"
    _description = "Invoice Held for ConnectWise's PDF"
    _rec_name = "move_id"

    move_id = fields.Many2one("account.move", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="move_id.company_id")
    since = fields.Datetime(required=True, default=fields.Datetime.now)
    settings = fields.Json(help="How to send it, as it was asked for.")

    _move_unique = models.UniqueIndex(
        "(move_id)",
        "This invoice was sent at the same moment, and waits for ConnectWise's PDF.",
    )
    _waiting_index = models.Index("(id) WHERE settings IS NOT NULL")

    @api.model
    def _must_wait(self, move):
        """Whether `move` has to wait for ConnectWise's PDF before it is sent."""
        move = move.sudo()
        backend = move.company_id._get_connectwise_backend()
        if (
            backend.missing_pdf != "hold"
            or move.invoice_pdf_is_first_choice
            or not move._is_looked_up_in_connectwise()
        ):
            return False
        order = get_order(move)
        if "connectwise" not in order[: order.index(move.invoice_pdf_source)]:
            return False
        held = move.connectwise_held_ids
        return not held or fields.Datetime.now() < held._find_end()

    def _find_end(self):
        """Return until when the invoice waits."""
        backend = self.company_id._get_connectwise_backend()
        return self.since + timedelta(hours=backend.hold_hours)

    @api.model
    def _hold(self, move, settings):
        """Keep the settings with which `move` is to be sent later.

        :param settings: as for `account.move.send`'s `_generate_and_send_invoices`
        """
        settings = {
            key: value.id if isinstance(value, models.BaseModel) else value
            for key, value in settings.items()
        }
        held = move.sudo().connectwise_held_ids
        if held:
            held.settings = settings
        else:
            self.sudo().create({"move_id": move.id, "settings": settings})
        move.sudo().sending_data = False
        move._message_log(
            body=self.env._(
                "Not sent yet: it waits for ConnectWise's PDF. %s",
                # The sender may have no rights in Invoicing, at a till for example.
                move.sudo().connectwise_message or "",
            )
        )

    @api.model
    def _send_due(self, end):
        """Send the invoices whose PDF has come or whose time is over; commits.

        :param end: when to leave the rest to the next run, as `get_end_of_run` returns
            it; one invoice is sent in any case
        """
        for held in self.search([("settings", "!=", False)]):
            # It may have been reset to draft or sent by hand while others were sent.
            held = held.exists()
            move = held.move_id
            if move.state == "posted" and self._must_wait(move):
                continue
            try:
                if not held.try_lock_for_update().settings:
                    continue
                held._send_or_give_up()
            except OperationalError:
                # Somebody is working on this invoice: it is sent in the next run.
                self.env.cr.rollback()
            except Exception:
                # One invoice that cannot be sent must not stop the others.
                _logger.exception("Invoice %s was held and cannot be sent", move.id)
                self.env.cr.rollback()
                held._give_up("failed")
            self.env["ir.cron"]._commit_progress(1)
            if time.monotonic() > end:
                self.env["connectwise.lookup"]._trigger_prefetch()
                return

    def _send_or_give_up(self):
        backend = self.company_id._get_connectwise_backend()
        is_next_sent = backend.missing_pdf != "hold" or backend.hold_end == "next"
        if not (self.move_id.invoice_pdf_is_first_choice or is_next_sent):
            self._give_up("no_pdf")
        elif self._reaches_nobody():
            self._give_up("no_address")
        else:
            self._send()

    def _reaches_nobody(self):
        """Whether its recipients were deleted or lost their addresses meanwhile."""
        # All that ConnectWise can give has been asked for.
        send = with_chosen_pdfs(self.move_id, self.env["account.move.send"])
        move = self.move_id.with_env(send.env)
        settings = send._get_default_sending_settings(move, **self._get_settings())
        return not send._find_ways(move, settings)

    def _send(self):
        """Send the invoice with the settings that were kept."""
        self.env["account.move.send"]._generate_and_send_invoices(
            self.move_id, from_cron=True, **self._get_settings()
        )

    def _get_settings(self):
        """Return how to send it, as `_generate_and_send_invoices` takes it."""
        settings = dict(self.settings or {})
        for key, model in (
            ("mail_template", "mail.template"),
            ("pdf_report", "ir.actions.report"),
        ):
            if settings.get(key):
                settings[key] = self.env[model].browse(settings[key]).exists()
        if settings.get("mail_body"):
            # It was Markup when the person pressed Send; JSON keeps only its text.
            settings["mail_body"] = Markup(settings["mail_body"])  # nosec B704
        return settings

    def _give_up(self, why="no_pdf"):
        """Do not send the invoice, and tell the responsible person.

        :param why: "no_pdf", "no_address" or "failed"
        """
        user = self.company_id._get_connectwise_responsible()
        move = self.move_id.with_context(lang=user.lang)
        summaries = {
            "no_pdf": move.env._("Not sent: ConnectWise has no PDF"),
            "no_address": move.env._("Not sent: nobody has an address to send it to."),
            "failed": move.env._("It could not be sent."),
        }
        reason = move.connectwise_message if why == "no_pdf" else ""
        if reason and move.connectwise_lookup_ids.verdict in dict(REFUSALS):
            # The customer's link to the invoice opens its activities, too, and the
            # invoice that was refused may be another customer's.
            reason = move.env._("The reason is in the tab “Why this PDF?”.")
        move.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=user.id,
            summary=summaries[why],
            # The reason may quote ConnectWise, and a note is HTML.
            note=escape(reason or ""),
        )
        self.settings = False
