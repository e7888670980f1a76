"""Invoice e-mails carry the chosen PDF."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import Form, tagged

from ..const import FRESH_FOR_SEND
from .sending_common import SendingCommon


@tagged("post_install", "-at_install")
class TestSending(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.other = cls.invoice("CW1002")

    def test_invoice_is_mailed_with_the_chosen_pdf_alone(self):
        """It is mailed byte for byte."""
        self.assertEqual(self.send(self.move), [[self.pdf]])
        self.assertTrue(self.move.is_move_sent)
        self.assertFalse(self.move.highlight_send_button)

    def test_chosen_pdf_needs_no_rendering_and_no_embedding(self):
        """No electronic invoice is made along the way."""
        self.send(self.move)
        self.assertFalse(self.move.invoice_pdf_report_id)
        names = self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", self.move.id)]
        )
        self.assertNotIn("factur-x.xml", names.mapped("name"))

    def test_dialog_lists_the_file_itself(self):
        wizard = self.wizard(self.move)
        [data] = wizard.mail_attachments_widget
        self.assertEqual(data["name"], "CW1001.pdf")
        self.assertFalse(data["placeholder"])

    def test_dialog_says_where_the_pdf_comes_from(self):
        wizard = self.wizard(self.move)
        self.assertEqual(wizard.invoice_pdf_summary, "ConnectWise PSA")
        self.assertNotIn("benji_connectwise_pdf_source", wizard.alerts or {})

    def test_dialog_says_why_the_first_source_is_not_used(self):
        wizard = self.wizard(self.invoice("NOT-THERE-1", amount=1))
        alert = wizard.alerts["benji_connectwise_pdf_source"]
        self.assertEqual(alert["level"], "warning")
        for part in ("NOT-THERE-1", "Odoo"):
            self.assertIn(part, alert["message"])

    def test_batch_dialog_counts_the_sources(self):
        moves = self.move + self.invoice("NOT-THERE-1", amount=1)
        wizard = self.wizard(moves)
        self.assertEqual(
            self.counted(wizard), {"connectwise": moves[0], "odoo": moves[1]}
        )
        alert = wizard.alerts["benji_connectwise_from_connectwise"]
        self.assertEqual(alert["level"], "info")
        self.assertIn("ConnectWise PSA: 1", alert["message"])

    def test_batch_dialog_asks_once_for_many(self):
        """It only looks the numbers up. The PDFs come in the background."""
        moves = self.move + self.other
        for number in range(1003, 1008):
            moves += self.invoice(f"CW{number}")
        self.sandbox.clear_requests()
        self.assertEqual(self.counted(self.wizard(moves)), {"connectwise": moves})
        self.assertEqual(len(self.requests("/finance/invoices")), 1)

    def test_dialog_does_not_promise_a_pdf_that_could_not_be_fetched(self):
        """The number was found, but the PDF was refused or ConnectWise is busy."""
        for move, fault in ((self.move, "forbidden"), (self.other, "unavailable")):
            with self.subTest(fault):
                self.sandbox.fault(fault, "invoice_pdf", times=0)
                wizard = self.wizard(move)
                self.assertEqual(wizard.invoice_pdf_summary, "Odoo")
                self.assertIn("benji_connectwise_pdf_source", wizard.alerts)
                self.sandbox.clear_faults()
                self.backend.action_test_connection()

    def test_batch_dialog_does_not_promise_a_pdf_that_failed(self):
        """It may promise it again when the next try is due."""
        moves = self.move + self.other
        self.assertEqual(self.counted(self.wizard(moves)), {"connectwise": moves})
        lookup = moves[0].sudo().connectwise_lookup_ids
        lookup.error = {"kind": "DeadlineError"}
        lookup.retry_at = fields.Datetime.now() + timedelta(hours=1)
        wizard = self.wizard(moves)
        self.assertEqual(
            self.counted(wizard), {"odoo": moves[0], "connectwise": moves[1]}
        )
        self.assertIn("CW1001", wizard.alerts["benji_connectwise_unusable"]["message"])
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            self.assertEqual(self.counted(self.wizard(moves)), {"connectwise": moves})

    def test_batch_dialog_does_not_promise_while_connectwise_is_down(self):
        moves = self.move + self.other
        self.assertEqual(self.counted(self.wizard(moves)), {"connectwise": moves})
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(moves)
        self.assertEqual(self.counted(wizard), {"odoo": moves})
        self.assertIn("benji_connectwise_no_answer", wizard.alerts)

    def test_sales_receipt_is_mailed_with_connectwises_pdf(self):
        receipt = self.invoice("CW1003", move_type="out_receipt")
        self.assertEqual(self.send(receipt), [[self.sandbox_pdf("CW1003")]])

    def test_batch_mails_each_invoice_with_its_own_pdf(self):
        """Odoo's scheduled action sends it."""
        moves = self.move + self.other
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(self.mailed(move), [[self.sandbox_pdf(move.name)]])
            self.assertFalse(move.sending_data)

    def test_batch_is_sent_while_connectwise_is_down(self):
        """It has Odoo's own PDFs."""
        moves = self.move + self.other
        self.sandbox.fault("unavailable", times=0)
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(len(self.mailed(move)), 1)
            self.assertTrue(move.invoice_pdf_report_id)

    def test_invoice_is_sent_while_connectwise_is_down(self):
        self.sandbox.fault("refused", times=0)
        self.send(self.move)
        self.assertEqual(len(self.mailed(self.move)), 1)

    def test_newer_pdf_is_fetched_before_sending(self):
        """A PDF that was not sent yet is kept up to date."""
        self.move._get_preferred_invoice_pdf()
        self._change()
        [[sent]] = self.send(self.move)
        self.assertEqual(sent, self.sandbox_pdf("CW1001"))
        self.assertNotEqual(sent, self.pdf)

    def missed(self, number):
        """Return an invoice that ConnectWise did not have several times."""
        amount = abs(self.sandbox_invoice("CW1001")["total"])
        move = self.invoice(number, amount=amount)
        move._get_preferred_invoice_pdf()
        now = fields.Datetime.now()
        move.sudo().connectwise_lookup_ids.write(
            {
                "attempts": 7,
                "asked_at": now - timedelta(minutes=10),
                "retry_at": now + timedelta(hours=2),
            }
        )
        return move

    def make_there(self, number):
        record = self.sandbox.get_record(
            "invoices", self.sandbox_invoice("CW1001")["id"]
        )
        self.sandbox.create_invoice({**record, "id": 99_001, "invoiceNumber": number})

    def test_long_missing_invoice_is_looked_up_before_sending(self):
        """It was made in ConnectWise at last."""
        move = self.missed("LATE-1")
        self.make_there("LATE-1")
        self.assertEqual(self.send(move), [[self.sandbox.invoice_pdf(99_001)]])

    def test_batch_looks_up_invoices_that_its_dialog_missed(self):
        moves = self.missed("LATE-1") + self.other
        wizard = self.wizard(moves)
        self.make_there("LATE-1")
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(moves[0]), [[self.sandbox.invoice_pdf(99_001)]])

    def test_dialog_asks_about_a_missing_invoice_once(self):
        move = self.missed("LATE-1")
        self.wizard(move)
        with self.no_requests():
            self.wizard(move)

    def test_dialog_lists_the_chosen_pdf_before_it_is_saved(self):
        Wizard = self.env["account.move.send.wizard"].with_user(self.accountant)
        form = Form(
            Wizard.with_context(active_model="account.move", active_ids=self.move.ids)
        )
        listed = [values["id"] for values in form.mail_attachments_widget]
        self.assertEqual(listed, self.move.sudo().connectwise_pdf_id.ids)

    def shown_wizard(self, move):
        wizard = self.wizard(move)
        wizard.mapped("alerts")
        return wizard

    def test_send_does_not_ask_what_its_dialog_just_asked(self):
        wizard = self.shown_wizard(self.move)
        with self.no_requests():
            wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_send_asks_again_if_its_dialog_was_open_for_long(self):
        wizard = self.shown_wizard(self.move)
        self.move.sudo().connectwise_lookup_ids.asked_at -= FRESH_FOR_SEND
        self._change()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.sandbox_pdf("CW1001")]])
        self.assertNotEqual(self.mailed(self.move), [[self.pdf]])

    def test_send_downloads_a_pdf_that_was_lost_since_its_dialog(self):
        wizard = self.shown_wizard(self.move)
        self.move.sudo().connectwise_pdf_id.unlink()
        self.move.invalidate_recordset()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_file_replaced_while_the_dialog_is_open_is_not_mailed(self):
        """Only the newer one is mailed."""
        wizard = self.wizard(self.move)
        self._change()
        self.move.action_refresh_pdf()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(self.move), [[self.sandbox_pdf("CW1001")]])

    def _change(self):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})

    def test_sent_pdf_is_pinned(self):
        """A change in ConnectWise is reported and replaces nothing."""
        self.send(self.move)
        self._change()
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)

    def test_pdf_fetched_after_odoos_was_sent_is_not_pinned(self):
        """The customer never received it."""
        self.sandbox.fault("unavailable", times=0)
        self.send(self.move)
        self.sandbox.clear_faults()
        with freeze_time(fields.Datetime.now() + timedelta(hours=3)):
            self.run_cron("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
            self.assertChosen(self.move, "connectwise", self.pdf)
            self._change()
            self.look_at_changes()
        self.assertFalse(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_invoice_only_marked_as_sent_is_kept_up_to_date(self):
        """A person or a payment marked it before it was mailed."""
        self.move._get_preferred_invoice_pdf()
        self.move.is_move_sent = True
        self._change()
        self.assertEqual(self.send(self.move), [[self.sandbox_pdf("CW1001")]])

    def test_new_amount_in_connectwise_does_not_withdraw_a_sent_pdf(self):
        """The change is reported, and *Refresh PDF* judges the invoice again."""
        self.send(self.move)
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], {"total": 1})
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)
        self.move.action_refresh_pdf()
        self.assertChosen(self.move, "odoo")

    def test_invoice_recreated_in_connectwise_does_not_withdraw_a_sent_pdf(self):
        self.send(self.move)
        old = self.sandbox_invoice("CW1001")
        record = self.sandbox.get_record("invoices", old["id"])
        self.sandbox.delete_invoice(old["id"])
        self.sandbox.create_invoice({**record, "id": 99_001})
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)
        self.move.action_refresh_pdf()
        self.assertEqual(self.move.connectwise_invoice_ref, 99_001)
        self.assertChosen(self.move, "connectwise", self.sandbox.invoice_pdf(99_001))

    def test_refresh_during_an_outage_keeps_a_sent_pdf(self):
        self.send(self.move)
        self.sandbox.fault("unavailable", times=0)
        self.move.action_refresh_pdf()
        self.assertChosen(self.move, "connectwise", self.pdf)

    def test_batch_mails_a_pdf_changed_after_its_dialog_opened(self):
        moves = self.move + self.other
        wizard = self.wizard(moves)
        self._change()
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(moves[0]), [[self.sandbox_pdf("CW1001")]])

    def test_refresh_replaces_a_sent_pdf_and_keeps_the_old_file(self):
        self.send(self.move)
        sent = self.move._get_preferred_invoice_pdf()
        self._change()
        self.move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertFalse(self.move.connectwise_pdf_changed)
        self.assertEqual(sent.raw, self.pdf)
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_sent_pdf_is_kept_if_connectwise_deletes_the_invoice(self):
        self.send(self.move)
        self.sandbox.delete_invoice(self.sandbox_invoice("CW1001")["id"])
        self.look_at_changes()
        self.assertTrue(self.move.connectwise_pdf_changed)
        self.assertChosen(self.move, "connectwise", self.pdf)

    def test_new_priority_does_not_touch_received_files(self):
        self.send(self.move)
        self.set_priority("odoo")
        self.assertChosen(self.move, "odoo")
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_invoice_sent_with_odoos_pdf_can_be_sent_with_connectwises(self):
        self.set_priority("odoo")
        self.send(self.move)
        self.assertTrue(self.move.invoice_pdf_report_id)
        self.set_priority("connectwise", "odoo")
        self.assertEqual(self.send(self.move)[0], [self.pdf])

    def test_attached_pdf_is_mailed(self):
        self.set_priority("attachment", "odoo")
        self.move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "signed.pdf",
                "raw": self.pdf + b"\n",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.move.id,
            }
        )
        self.assertEqual(self.send(self.move), [[self.pdf + b"\n"]])

    def test_why_this_pdf_says_which_file_was_sent_to_whom(self):
        self.send(self.move)
        text = str(self.move.invoice_pdf_explanation)
        self.assertIn("with this same file", text)
        self.assertIn(self.partner_a.name, text)

    def test_journal_subscribers_are_mailed_the_chosen_pdf(self):
        self.env.ref("account.mail_template_invoice_subscriber").auto_delete = False
        self.move.journal_id.incoming_einvoice_notification_email = "boss@example.com"
        self.send(self.move)
        [mail] = self.env["mail.mail"].search([("email_to", "=", "boss@example.com")])
        self.assertEqual(mail.attachment_ids.mapped("raw"), [self.pdf])
