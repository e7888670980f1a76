"""Sending invoices in tests."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields

from .common import ConnectwiseCommon


class SendingCommon(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_a.invoice_sending_method = "email"
        cls.pdf = cls.sandbox_pdf("CW1001")

    def wizard(self, moves):
        model = (
            "account.move.send.wizard"
            if len(moves) == 1
            else "account.move.send.batch.wizard"
        )
        return (
            self.env[model]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({})
        )

    def counted(self, wizard):
        """Return {source: the invoices that the batch dialog counts and opens}."""
        prefix = "benji_connectwise_from_"
        return {
            key.removeprefix(prefix): self.opened(alert)
            for key, alert in (wizard.alerts or {}).items()
            if key.startswith(prefix)
        }

    def opened(self, alert):
        """Return the invoices that the link of an alert opens for the accountant."""
        action = alert["action"]
        domain = action.get("domain") or [("id", "=", action["res_id"])]
        return self.env["account.move"].with_user(self.accountant).search(domain)

    def send(self, move):
        self.wizard(move).action_send_and_print()
        return self.mailed(move)

    def mailed(self, move):
        """Return the files that were mailed with this invoice, last message first."""
        messages = move.message_ids.filtered(
            lambda message: message.message_type == "comment"
        )
        return [message.attachment_ids.mapped("raw") for message in messages]

    def later(self, **delta):
        return freeze_time(fields.Datetime.now() + timedelta(**delta))

    def look_at_changes(self):
        with self.later(hours=12, minutes=1):
            self.run_cron("benji_connectwise.ir_cron_connectwise_pdf_prefetch")

    def run_cron(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(name).sudo().method_direct_trigger()
