"""Invoice e-mails carry the chosen PDF."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..const import FRESH_FOR_SEND
from .common import ConnectwiseCommon


class SendingCommon(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_a.invoice_sending_method = "email"

    def setUp(self):
        super().setUp()
        self.pdf = self.sandbox_pdf("CW1001")

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


@tagged("post_install", "-at_install")
class TestSending(SendingCommon):
    def test_invoice_is_mailed_with_the_chosen_pdf_alone(self):
        """It is mailed byte for byte."""
        move = self.invoice("CW1001")
        self.assertEqual(self.send(move), [[self.pdf]])
        self.assertTrue(move.is_move_sent)
        self.assertFalse(move.highlight_send_button)

    def test_chosen_pdf_needs_no_rendering_and_no_embedding(self):
        """No electronic invoice is made along the way."""
        move = self.invoice("CW1001")
        self.send(move)
        self.assertFalse(move.invoice_pdf_report_id)
        names = self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)]
        )
        self.assertNotIn("factur-x.xml", names.mapped("name"))

    def test_dialog_lists_the_file_itself(self):
        wizard = self.wizard(self.invoice("CW1001"))
        [data] = wizard.mail_attachments_widget
        self.assertEqual(data["name"], "CW1001.pdf")
        self.assertFalse(data["placeholder"])

    def test_dialog_says_where_the_pdf_comes_from(self):
        wizard = self.wizard(self.invoice("CW1001"))
        self.assertEqual(wizard.invoice_pdf_summary, "ConnectWise PSA")
        self.assertNotIn("benji_connectwise_pdf_source", wizard.alerts or {})

    def test_dialog_says_why_the_first_source_is_not_used(self):
        wizard = self.wizard(self.invoice("NOT-THERE-1", amount=1))
        alert = wizard.alerts["benji_connectwise_pdf_source"]
        self.assertEqual(alert["level"], "warning")
        for part in ("NOT-THERE-1", "Odoo"):
            self.assertIn(part, alert["message"])

    def test_batch_dialog_counts_the_sources(self):
        moves = self.invoice("CW1001") + self.invoice("NOT-THERE-1", amount=1)
        wizard = self.wizard(moves)
        self.assertEqual(
            wizard.invoice_pdf_summary, "1 from ConnectWise PSA, 1 from Odoo"
        )
        self.assertIn(
            "NOT-THERE-1", wizard.alerts["benji_connectwise_pdf_source"]["message"]
        )

    def test_batch_dialog_asks_once_for_many(self):
        """It only looks the numbers up. The PDFs come in the background."""
        moves = self.env["account.move"]
        for number in range(1001, 1008):
            moves += self.invoice(f"CW{number}")
        self.sandbox.clear_requests()
        self.assertEqual(
            self.wizard(moves).invoice_pdf_summary, "7 from ConnectWise PSA"
        )
        self.assertEqual(len(self.requests("/finance/invoices")), 1)

    def test_dialog_does_not_promise_a_pdf_that_could_not_be_fetched(self):
        """The number was found, but the PDF was refused or ConnectWise is busy."""
        for number, fault in enumerate(("forbidden", "unavailable"), start=1001):
            with self.subTest(fault):
                self.sandbox.fault(fault, "invoice_pdf", times=0)
                wizard = self.wizard(self.invoice(f"CW{number}"))
                self.assertEqual(wizard.invoice_pdf_summary, "Odoo")
                self.assertIn("benji_connectwise_pdf_source", wizard.alerts)
                self.sandbox.clear_faults()
                self.backend.action_test_connection()

    def test_batch_dialog_does_not_promise_a_pdf_that_failed(self):
        """It may promise it again when the next try is due."""
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.assertEqual(
            self.wizard(moves).invoice_pdf_summary, "2 from ConnectWise PSA"
        )
        lookup = moves[0].sudo().connectwise_lookup_ids
        lookup.error = {"kind": "DeadlineError"}
        lookup.retry_at = fields.Datetime.now() + timedelta(hours=1)
        wizard = self.wizard(moves)
        self.assertEqual(
            wizard.invoice_pdf_summary, "1 from Odoo, 1 from ConnectWise PSA"
        )
        self.assertIn(
            "CW1001", wizard.alerts["benji_connectwise_pdf_source"]["message"]
        )
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            wizard = self.wizard(moves)
            self.assertEqual(wizard.invoice_pdf_summary, "2 from ConnectWise PSA")

    def test_batch_dialog_does_not_promise_while_connectwise_is_down(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.assertEqual(
            self.wizard(moves).invoice_pdf_summary, "2 from ConnectWise PSA"
        )
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(moves)
        self.assertEqual(wizard.invoice_pdf_summary, "2 from Odoo")
        self.assertIn("benji_connectwise_pdf_source", wizard.alerts)

    def test_batch_mails_each_invoice_with_its_own_pdf(self):
        """Odoo's scheduled action sends it."""
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(self.mailed(move), [[self.sandbox_pdf(move.name)]])
            self.assertFalse(move.sending_data)

    def test_batch_is_sent_while_connectwise_is_down(self):
        """It has Odoo's own PDFs."""
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.sandbox.fault("unavailable", times=0)
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(len(self.mailed(move)), 1)
            self.assertTrue(move.invoice_pdf_report_id)

    def test_invoice_is_sent_while_connectwise_is_down(self):
        self.sandbox.fault("refused", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        self.assertEqual(len(self.mailed(move)), 1)

    def test_newer_pdf_is_fetched_before_sending(self):
        """A PDF that was not sent yet is kept up to date."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        self._change()
        [[sent]] = self.send(move)
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
        moves = self.missed("LATE-1") + self.invoice("CW1002")
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
        move = self.invoice("CW1001")
        Wizard = self.env["account.move.send.wizard"].with_user(self.accountant)
        form = Form(
            Wizard.with_context(active_model="account.move", active_ids=move.ids)
        )
        listed = [values["id"] for values in form.mail_attachments_widget]
        self.assertEqual(listed, move.sudo().connectwise_pdf_id.ids)

    def shown_wizard(self, move):
        wizard = self.wizard(move)
        wizard.mapped("alerts")
        return wizard

    def test_send_does_not_ask_what_its_dialog_just_asked(self):
        move = self.invoice("CW1001")
        wizard = self.shown_wizard(move)
        with self.no_requests():
            wizard.action_send_and_print()
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_send_asks_again_if_its_dialog_was_open_for_long(self):
        move = self.invoice("CW1001")
        wizard = self.shown_wizard(move)
        move.sudo().connectwise_lookup_ids.asked_at -= FRESH_FOR_SEND
        self._change()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(move), [[self.sandbox_pdf("CW1001")]])
        self.assertNotEqual(self.mailed(move), [[self.pdf]])

    def test_send_downloads_a_pdf_that_was_lost_since_its_dialog(self):
        move = self.invoice("CW1001")
        wizard = self.shown_wizard(move)
        move.sudo().connectwise_pdf_id.unlink()
        move.invalidate_recordset()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_file_replaced_while_the_dialog_is_open_is_not_mailed(self):
        """Only the newer one is mailed."""
        move = self.invoice("CW1001")
        wizard = self.wizard(move)
        self._change()
        move.action_refresh_pdf()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(move), [[self.sandbox_pdf("CW1001")]])

    def _change(self):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})

    def test_sent_pdf_is_pinned(self):
        """A change in ConnectWise is reported and replaces nothing."""
        move = self.invoice("CW1001")
        self.send(move)
        self._change()
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)

    def test_pdf_fetched_after_odoos_was_sent_is_not_pinned(self):
        """The customer never received it."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.clear_faults()
        with freeze_time(fields.Datetime.now() + timedelta(hours=3)):
            self.run_cron("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
            self.assertChosen(move, "connectwise", self.pdf)
            self._change()
            self.look_at_changes()
        self.assertFalse(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_invoice_only_marked_as_sent_is_kept_up_to_date(self):
        """A person or a payment marked it before it was mailed."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        move.is_move_sent = True
        self._change()
        self.assertEqual(self.send(move), [[self.sandbox_pdf("CW1001")]])

    def test_new_amount_in_connectwise_does_not_withdraw_a_sent_pdf(self):
        """The change is reported, and *Refresh PDF* judges the invoice again."""
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], {"total": 1})
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)
        move.action_refresh_pdf()
        self.assertChosen(move, "odoo")

    def test_invoice_recreated_in_connectwise_does_not_withdraw_a_sent_pdf(self):
        move = self.invoice("CW1001")
        self.send(move)
        old = self.sandbox_invoice("CW1001")
        record = self.sandbox.get_record("invoices", old["id"])
        self.sandbox.delete_invoice(old["id"])
        self.sandbox.create_invoice({**record, "id": 99_001})
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)
        move.action_refresh_pdf()
        self.assertEqual(move.connectwise_invoice_ref, 99_001)
        self.assertChosen(move, "connectwise", self.sandbox.invoice_pdf(99_001))

    def test_refresh_during_an_outage_keeps_a_sent_pdf(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.fault("unavailable", times=0)
        move.action_refresh_pdf()
        self.assertChosen(move, "connectwise", self.pdf)

    def test_batch_mails_a_pdf_changed_after_its_dialog_opened(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        wizard = self.wizard(moves)
        self._change()
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(moves[0]), [[self.sandbox_pdf("CW1001")]])

    def test_refresh_replaces_a_sent_pdf_and_keeps_the_old_file(self):
        move = self.invoice("CW1001")
        self.send(move)
        sent = move._get_preferred_invoice_pdf()
        self._change()
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertFalse(move.connectwise_pdf_changed)
        self.assertEqual(sent.raw, self.pdf)
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_sent_pdf_is_kept_if_connectwise_deletes_the_invoice(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.delete_invoice(self.sandbox_invoice("CW1001")["id"])
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)

    def test_new_priority_does_not_touch_received_files(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.set_priority("odoo")
        self.assertChosen(move, "odoo")
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_invoice_sent_with_odoos_pdf_can_be_sent_with_connectwises(self):
        self.set_priority("odoo")
        move = self.invoice("CW1001")
        self.send(move)
        self.assertTrue(move.invoice_pdf_report_id)
        self.set_priority("connectwise", "odoo")
        self.assertEqual(self.send(move)[0], [self.pdf])

    def test_attached_pdf_is_mailed(self):
        self.set_priority("attachment", "odoo")
        move = self.invoice("CW1001")
        move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "signed.pdf",
                "raw": self.pdf + b"\n",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )
        self.assertEqual(self.send(move), [[self.pdf + b"\n"]])

    def test_why_this_pdf_says_which_file_was_sent_to_whom(self):
        move = self.invoice("CW1001")
        self.send(move)
        text = str(move.invoice_pdf_explanation)
        self.assertIn("with this same file", text)
        self.assertIn(self.partner_a.name, text)

    def test_journal_subscribers_are_mailed_the_chosen_pdf(self):
        self.env.ref("account.mail_template_invoice_subscriber").auto_delete = False
        move = self.invoice("CW1001")
        move.journal_id.incoming_einvoice_notification_email = "boss@example.com"
        self.send(move)
        [mail] = self.env["mail.mail"].search([("email_to", "=", "boss@example.com")])
        self.assertEqual(mail.attachment_ids.mapped("raw"), [self.pdf])


@tagged("post_install", "-at_install")
class TestEInvoicing(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_a.invoice_edi_format = "facturx"
        # The format requires it.
        cls.company.write(
            {"vat": "US12345678", "email": "us@example.com", "phone": "+1 555 0100"}
        )
        bank = cls.env["res.partner.bank"].create(
            {"acc_number": "US-1", "partner_id": cls.company.partner_id.id}
        )
        tax = cls.env["account.tax"].create({"name": "None", "amount": 0})
        cls.e_invoice = {"partner_bank_id": bank.id, "tax": tax}

    def invoice_with_tax(self):
        move = self.invoice(
            "CW1001", post=False, partner_bank_id=self.e_invoice["partner_bank_id"]
        )
        move.invoice_line_ids.tax_ids = self.e_invoice["tax"]
        move.action_post()
        return move

    def test_e_invoice_carries_connectwises_pdf_as_a_second_file(self):
        move = self.invoice_with_tax()
        [files] = self.send(move)
        self.assertIn(self.pdf, files)
        self.assertIn(move.invoice_pdf_report_id.raw, files)
        names = move.message_ids.attachment_ids.mapped("name")
        self.assertEqual(len(names), len(set(names)))

    def test_second_file_of_an_e_invoice_is_pinned(self):
        move = self.invoice_with_tax()
        self.send(move)
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)

    def test_batch_dialog_does_not_count_the_second_file_as_the_document(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.assertEqual(self.wizard(moves).invoice_pdf_summary, "2 from Odoo")

    def test_setting_leaves_out_the_second_file_of_an_e_invoice(self):
        self.backend.e_invoice_pdf = "never"
        move = self.invoice_with_tax()
        [files] = self.send(move)
        self.assertNotIn(self.pdf, files)


@tagged("post_install", "-at_install")
class TestHold(SendingCommon):
    """A connection may hold invoices until ConnectWise has their PDF."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.write({"missing_pdf": "hold", "hold_hours": 2})
        cls.prefetch = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"

    def test_held_invoice_is_not_sent_and_says_so(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        wizard = self.wizard(move)
        self.assertIn(
            "later", wizard.alerts["benji_connectwise_pdf_source"]["message"].lower()
        )
        wizard.action_send_and_print()
        self.assertFalse(self.mailed(move))
        self.assertFalse(move.is_move_sent)

    def test_held_invoice_is_sent_as_typed_once_the_pdf_is_there(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        wizard = self.wizard(move)
        wizard.body = "<p>Typed by hand</p>"
        wizard.action_send_and_print()
        self.sandbox.clear_faults()
        with self.later(minutes=30):
            self.run_cron(self.prefetch)
        self.assertEqual(self.mailed(move), [[self.pdf]])
        self.assertIn("<p>Typed by hand</p>", str(move.message_ids.mapped("body")))

    def test_held_invoice_is_looked_up_despite_its_age(self):
        """The prefetch leaves other old invoices alone."""
        self.sandbox.fault("unavailable", times=0)
        long_ago = fields.Date.today() - timedelta(days=200)
        move = self.invoice("CW1001", invoice_date=long_ago)
        self.send(move)
        self.sandbox.clear_faults()
        with self.later(minutes=30):
            self.run_cron(self.prefetch)
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_dialog_offers_to_send_an_invoice_that_would_be_held(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        wizard = self.wizard(move)
        self.assertTrue(wizard.is_held)
        wizard.send_now = True
        warning = wizard.alerts["benji_connectwise_pdf_source"]["message"]
        self.assertNotIn("later", warning)
        wizard.action_send_and_print()
        self.assertEqual(len(self.mailed(move)), 1)
        self.assertTrue(move.invoice_pdf_report_id)
        self.sandbox.clear_faults()
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1, "it does not wait any more")

    def test_batch_dialog_offers_to_send_invoices_that_would_be_held(self):
        moves = self.invoice("NOT-THERE-1", amount=1)
        moves += self.invoice("NOT-THERE-2", amount=1)
        wizard = self.wizard(moves)
        self.assertTrue(wizard.is_held)
        wizard.send_now = True
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(len(self.mailed(move)), 1)

    def test_dialog_offers_nothing_if_no_invoice_would_be_held(self):
        self.assertFalse(self.wizard(self.invoice("CW1001")).is_held)
        moves = self.invoice("CW1002") + self.invoice("CW1003")
        self.assertFalse(self.wizard(moves).is_held)

    def test_download_is_never_held(self):
        """The person gets the PDF that there is."""
        move = self.invoice("NOT-THERE-1", amount=1)
        wizard = self.wizard(move)
        wizard.sending_methods = ["manual"]
        self.assertFalse(wizard.is_held)
        warning = wizard.alerts["benji_connectwise_pdf_source"]["message"]
        self.assertNotIn("later", warning)
        action = wizard.action_send_and_print()
        self.assertEqual(action["type"], "ir.actions.act_url")
        self.assertTrue(move.invoice_pdf_report_id)
        self.assertFalse(move.sudo().connectwise_held_ids)

    def test_held_invoice_sent_by_hand_is_not_sent_again(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.clear_faults()
        move.action_refresh_pdf()
        self.assertEqual(len(self.send(move)), 1)
        self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1)

    def test_change_to_one_held_invoice_does_not_stop_the_others(self):
        """It was reset to draft, or sent by hand; no message is needed."""
        self.sandbox.fault("unavailable", times=0)
        moves = self.env["account.move"]
        for number in range(1001, 1005):
            moves += self.invoice(f"CW{number}")
            self.send(moves[-1])
        self.sandbox.clear_faults()
        held_class = self.registry["connectwise.held.invoice"]
        send_or_give_up = held_class._send_or_give_up

        def send_and_disturb(held):
            is_first = held.move_id.id == moves[0].id
            Held = held.browse()
            send_or_give_up(held)
            other = Held.search([], limit=1)
            if is_first:
                other.move_id.button_draft()
            else:
                other.unlink()

        with (
            self.later(minutes=30),
            patch.object(held_class, "_send_or_give_up", send_and_disturb),
        ):
            self.run_cron(self.prefetch)
        self.assertEqual([len(self.mailed(move)) for move in moves], [1, 0, 1, 0])
        self.assertFalse(moves.activity_ids)

    def test_batch_goes_on_without_held_invoices(self):
        waiting = self.invoice("NOT-THERE-1", amount=1)
        move = self.invoice("CW1001")
        self.wizard(waiting + move).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(move), [[self.pdf]])
        self.assertFalse(self.mailed(waiting))
        self.assertFalse(waiting.sending_data, "it would be tried for ever")

    def test_held_invoice_is_sent_with_the_next_source_after_the_time(self):
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1)
        self.assertTrue(move.invoice_pdf_report_id)

    def test_person_is_told_of_a_held_invoice_after_the_time(self):
        self.backend.hold_end = "activity"
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertFalse(self.mailed(move))
        self.assertEqual(len(move.activity_ids), 1)

    def test_person_who_was_told_can_send_the_held_invoice(self):
        """It is not held again, and nobody is told twice."""
        self.backend.hold_end = "activity"
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
            self.run_cron(self.prefetch)
            self.assertEqual(len(move.activity_ids), 1)
            self.assertEqual(len(self.send(move)), 1)

    def test_held_invoice_is_sent_when_holding_is_switched_off(self):
        """It is, too, where a person would have been told."""
        self.backend.hold_end = "activity"
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        self.backend.missing_pdf = "next"
        self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1)
        self.assertFalse(move.activity_ids)

    def test_invoice_held_again_is_still_sent_as_typed(self):
        """Its PDF came, and turned out to be another customer's."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        held = move.sudo().connectwise_held_ids
        asked = held.settings
        held._send()
        self.assertFalse(self.mailed(move))
        self.assertEqual(held.settings, asked)

    # The superuser, who may read everything, sends held invoices --------------------

    def secret(self):
        return self.env["ir.attachment"].create(
            {"name": "secret.txt", "raw": b"secret", "res_model": "ir.config_parameter"}
        )

    def send_with(self, move, *attachments):
        """Send as a browser may, with these files listed beside the invoice."""
        wizard = self.wizard(move)
        wizard.write(
            {
                "mail_attachments_widget": [
                    {"name": "more", "placeholder": False, "manual": True, **values}
                    for values in attachments
                ]
            }
        )
        wizard.action_send_and_print()

    def release(self):
        self.sandbox.clear_faults()
        with self.later(minutes=30):
            self.run_cron(self.prefetch)

    def test_unreadable_file_is_not_held_with_the_invoice(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        with self.assertRaises(AccessError):
            self.send_with(move, {"id": self.secret().id})

    def test_file_that_does_not_exist_yet_is_not_held(self):
        """Its id can be guessed."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        taken, gone = self.secret(), self.secret()
        gone.unlink()
        self.send_with(move, {"id": str(taken.id + 1)})
        self.env.cr.execute(
            "UPDATE ir_attachment SET id = %s WHERE id = %s", (taken.id + 1, taken.id)
        )
        self.env.invalidate_all()
        self.release()
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_report_that_odoo_did_not_propose_is_not_held(self):
        """It would be rendered with access to everything."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        report = "base.report_irmodulereference"
        self.send_with(move, {"id": "placeholder", "dynamic_report": report})
        self.release()
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_own_file_of_the_person_is_sent_with_the_held_invoice(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        own = self.env["ir.attachment"].with_user(self.accountant)
        own = own.create({"name": "terms.txt", "raw": b"terms"})
        self.send_with(move, {"id": own.id})
        self.release()
        self.assertEqual({*self.mailed(move)[0]}, {self.pdf, b"terms"})

    def test_held_batch_keeps_only_its_author(self):
        """Odoo's own scheduled action does the same."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        widget = [{"id": self.secret().id, "name": "more"}]
        person = self.accountant
        move.with_user(person).sending_data = {
            "author_user_id": person.id,
            "author_partner_id": person.partner_id.id,
            "mail_attachments_widget": widget,
        }
        self.run_cron("account.ir_cron_account_move_send")
        self.assertFalse(self.mailed(move))
        self.release()
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_reason_told_to_a_person_is_escaped(self):
        """It may name customers of ConnectWise, and a note is HTML."""
        move = self.invoice("<img/>-1", amount=1)
        self.send(move)
        move.sudo().connectwise_held_ids._give_up()
        self.assertIn("&lt;img", move.activity_ids.note)
