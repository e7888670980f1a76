"""Invoice e-mails carry the chosen PDF."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

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
    def test_one_invoice(self):
        """Byte for byte, and nothing else."""
        move = self.invoice("CW1001")
        self.assertEqual(self.send(move), [[self.pdf]])
        self.assertTrue(move.is_move_sent)
        self.assertFalse(move.highlight_send_button)

    def test_nothing_is_rendered_or_embedded(self):
        """An electronic invoice is not made along the way."""
        move = self.invoice("CW1001")
        self.send(move)
        self.assertFalse(move.invoice_pdf_report_id)
        names = self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)]
        )
        self.assertNotIn("factur-x.xml", names.mapped("name"))

    def test_the_wizard_lists_the_file_itself(self):
        wizard = self.wizard(self.invoice("CW1001"))
        [data] = wizard.mail_attachments_widget
        self.assertEqual(data["name"], "CW1001.pdf")
        self.assertFalse(data["placeholder"])

    def test_the_wizard_says_where_the_pdf_comes_from(self):
        wizard = self.wizard(self.invoice("CW1001"))
        self.assertEqual(wizard.invoice_pdf_summary, "ConnectWise PSA")
        self.assertNotIn("benji_connectwise_pdf_source", wizard.alerts or {})

    def test_the_wizard_warns_when_it_is_not_the_first_choice(self):
        """With the reason."""
        wizard = self.wizard(self.invoice("NOT-THERE-1", amount=1))
        alert = wizard.alerts["benji_connectwise_pdf_source"]
        self.assertEqual(alert["level"], "warning")
        for part in ("NOT-THERE-1", "Odoo"):
            self.assertIn(part, alert["message"])

    def test_the_batch_dialog_counts(self):
        moves = self.invoice("CW1001") + self.invoice("NOT-THERE-1", amount=1)
        wizard = self.wizard(moves)
        self.assertEqual(
            wizard.invoice_pdf_summary, "1 from ConnectWise PSA, 1 from Odoo"
        )
        self.assertIn(
            "NOT-THERE-1", wizard.alerts["benji_connectwise_pdf_source"]["message"]
        )

    def test_the_batch_dialog_asks_once_for_many(self):
        """Look-ups only; the PDFs come in the background."""
        moves = self.env["account.move"]
        for number in range(1001, 1008):
            moves += self.invoice(f"CW{number}")
        self.sandbox.clear_requests()
        self.assertEqual(
            self.wizard(moves).invoice_pdf_summary, "7 from ConnectWise PSA"
        )
        self.assertEqual(len(self.requests("/finance/invoices")), 1)

    def test_the_wizard_does_not_promise_a_pdf_that_could_not_be_fetched(self):
        """The number is there, and the PDF is refused, or ConnectWise busy."""
        for number, fault in enumerate(("forbidden", "unavailable"), start=1001):
            with self.subTest(fault):
                self.sandbox.fault(fault, "invoice_pdf", times=0)
                wizard = self.wizard(self.invoice(f"CW{number}"))
                self.assertEqual(wizard.invoice_pdf_summary, "Odoo")
                self.assertIn("benji_connectwise_pdf_source", wizard.alerts)
                self.sandbox.clear_faults()
                self.backend.action_test_connection()

    def test_the_batch_dialog_does_not_promise_what_failed(self):
        """Until it is time to try again."""
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

    def test_the_batch_dialog_does_not_promise_while_connectwise_is_down(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.assertEqual(
            self.wizard(moves).invoice_pdf_summary, "2 from ConnectWise PSA"
        )
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(moves)
        self.assertEqual(wizard.invoice_pdf_summary, "2 from Odoo")
        self.assertIn("benji_connectwise_pdf_source", wizard.alerts)

    def test_a_batch_sends_each_invoice_its_own(self):
        """Through Odoo's scheduled action."""
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(self.mailed(move), [[self.sandbox_pdf(move.name)]])
            self.assertFalse(move.sending_data)

    def test_a_batch_is_sent_while_connectwise_is_down(self):
        """With Odoo's own PDF."""
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.sandbox.fault("unavailable", times=0)
        self.wizard(moves).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(len(self.mailed(move)), 1)
            self.assertTrue(move.invoice_pdf_report_id)

    def test_one_is_sent_while_connectwise_is_down(self):
        self.sandbox.fault("refused", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        self.assertEqual(len(self.mailed(move)), 1)

    def test_a_newer_pdf_is_fetched_before_sending(self):
        """What was not sent yet is kept up to date."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        self._change()
        [[sent]] = self.send(move)
        self.assertEqual(sent, self.sandbox_pdf("CW1001"))
        self.assertNotEqual(sent, self.pdf)

    def missed(self, number):
        """Return an invoice that was asked for in vain again and again."""
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

    def test_one_that_was_missing_for_long_is_looked_for_before_sending(self):
        """Made in ConnectWise at last, and sent."""
        move = self.missed("LATE-1")
        self.make_there("LATE-1")
        self.assertEqual(self.send(move), [[self.sandbox.invoice_pdf(99_001)]])

    def test_a_batch_looks_for_what_was_missing_when_its_dialog_opened(self):
        moves = self.missed("LATE-1") + self.invoice("CW1002")
        wizard = self.wizard(moves)
        self.make_there("LATE-1")
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(moves[0]), [[self.sandbox.invoice_pdf(99_001)]])

    def test_the_dialog_does_not_ask_again_each_time_it_is_computed(self):
        """What is missing is remembered for minutes."""
        move = self.missed("LATE-1")
        self.wizard(move)
        with self.no_requests():
            self.wizard(move)

    def test_a_file_replaced_while_the_dialog_is_open_is_not_sent_too(self):
        """Only the newer one goes out."""
        move = self.invoice("CW1001")
        wizard = self.wizard(move)
        self._change()
        move.action_refresh_pdf()
        wizard.action_send_and_print()
        self.assertEqual(self.mailed(move), [[self.sandbox_pdf("CW1001")]])

    def _change(self):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})

    def test_what_was_sent_is_pinned(self):
        """A change in ConnectWise is said, and replaces nothing."""
        move = self.invoice("CW1001")
        self.send(move)
        self._change()
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)

    def test_what_was_fetched_after_odoos_pdf_was_sent_is_not_pinned(self):
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

    def test_what_was_only_marked_as_sent_is_kept_up_to_date(self):
        """By a person, or by a payment before its invoice is really sent."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        move.is_move_sent = True
        self._change()
        self.assertEqual(self.send(move), [[self.sandbox_pdf("CW1001")]])

    def test_another_amount_there_does_not_withdraw_what_was_sent(self):
        """It is said, and *Refresh PDF* judges anew."""
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], {"total": 1})
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)
        move.action_refresh_pdf()
        self.assertChosen(move, "odoo")

    def test_an_invoice_made_anew_there_does_not_withdraw_what_was_sent(self):
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

    def test_refreshing_while_connectwise_is_down_keeps_what_was_sent(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.fault("unavailable", times=0)
        move.action_refresh_pdf()
        self.assertChosen(move, "connectwise", self.pdf)

    def test_a_change_between_the_batch_dialog_and_its_sending_is_seen(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        wizard = self.wizard(moves)
        self._change()
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(moves[0]), [[self.sandbox_pdf("CW1001")]])

    def test_refresh_replaces_what_was_sent_and_keeps_it(self):
        move = self.invoice("CW1001")
        self.send(move)
        sent = move._get_preferred_invoice_pdf()
        self._change()
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertFalse(move.connectwise_pdf_changed)
        self.assertEqual(sent.raw, self.pdf)
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_an_invoice_deleted_there_after_sending_stays_as_it_was_sent(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.delete_invoice(self.sandbox_invoice("CW1001")["id"])
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertChosen(move, "connectwise", self.pdf)

    def test_a_new_order_does_not_touch_what_was_received(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.set_priority("odoo")
        self.assertChosen(move, "odoo")
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_sent_before_by_odoo_and_now_by_connectwise(self):
        self.set_priority("odoo")
        move = self.invoice("CW1001")
        self.send(move)
        self.assertTrue(move.invoice_pdf_report_id)
        self.set_priority("connectwise", "odoo")
        self.assertEqual(self.send(move)[0], [self.pdf])

    def test_an_attached_pdf_is_sent(self):
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

    def test_why_this_pdf_says_what_was_sent_to_whom(self):
        """The tab on the invoice."""
        move = self.invoice("CW1001")
        self.send(move)
        text = str(move.invoice_pdf_explanation)
        self.assertIn("with this same file", text)
        self.assertIn(self.partner_a.name, text)

    def test_journal_subscribers_get_it(self):
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
        # What the format asks for.
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

    def test_connectwises_pdf_goes_along_as_a_second_file(self):
        move = self.invoice_with_tax()
        [files] = self.send(move)
        self.assertIn(self.pdf, files)
        self.assertIn(move.invoice_pdf_report_id.raw, files)
        names = move.message_ids.attachment_ids.mapped("name")
        self.assertEqual(len(names), len(set(names)))

    def test_the_second_file_is_pinned_too(self):
        move = self.invoice_with_tax()
        self.send(move)
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)

    def test_the_batch_dialog_does_not_take_it_for_the_document(self):
        moves = self.invoice("CW1001") + self.invoice("CW1002")
        self.assertEqual(self.wizard(moves).invoice_pdf_summary, "2 from Odoo")

    def test_or_it_does_not(self):
        """By a setting."""
        self.backend.e_invoice_pdf = "never"
        move = self.invoice_with_tax()
        [files] = self.send(move)
        self.assertNotIn(self.pdf, files)


@tagged("post_install", "-at_install")
class TestHold(SendingCommon):
    """An invoice waits for ConnectWise's PDF, where the connection says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.write({"missing_pdf": "hold", "hold_hours": 2})
        cls.prefetch = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"

    def test_it_is_not_sent_and_said_so(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        wizard = self.wizard(move)
        self.assertIn(
            "later", wizard.alerts["benji_connectwise_pdf_source"]["message"].lower()
        )
        wizard.action_send_and_print()
        self.assertFalse(self.mailed(move))
        self.assertFalse(move.is_move_sent)

    def test_it_is_sent_as_asked_once_the_pdf_is_there(self):
        """With the text that was typed."""
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

    def test_it_is_looked_for_however_old_it_is(self):
        """Though the background leaves old invoices alone otherwise."""
        self.sandbox.fault("unavailable", times=0)
        long_ago = fields.Date.today() - timedelta(days=200)
        move = self.invoice("CW1001", invoice_date=long_ago)
        self.send(move)
        self.sandbox.clear_faults()
        with self.later(minutes=30):
            self.run_cron(self.prefetch)
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_the_person_who_saw_it_can_send_now(self):
        """The dialog says that it would wait, and offers to send it."""
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

    def test_a_batch_can_be_sent_now(self):
        moves = self.invoice("NOT-THERE-1", amount=1)
        moves += self.invoice("NOT-THERE-2", amount=1)
        wizard = self.wizard(moves)
        self.assertTrue(wizard.is_held)
        wizard.send_now = True
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(len(self.mailed(move)), 1)

    def test_nothing_is_offered_where_nothing_waits(self):
        self.assertFalse(self.wizard(self.invoice("CW1001")).is_held)
        moves = self.invoice("CW1002") + self.invoice("CW1003")
        self.assertFalse(self.wizard(moves).is_held)

    def test_a_download_never_waits(self):
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

    def test_what_is_sent_by_hand_meanwhile_is_not_sent_again(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        self.sandbox.clear_faults()
        move.action_refresh_pdf()
        self.assertEqual(len(self.send(move)), 1)
        self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1)

    def test_what_happens_to_one_while_others_are_sent_stops_none(self):
        """Reset to draft, sent by hand: nothing is said about it."""
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

    def test_a_batch_goes_on_without_those_that_wait(self):
        waiting = self.invoice("NOT-THERE-1", amount=1)
        move = self.invoice("CW1001")
        self.wizard(waiting + move).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(move), [[self.pdf]])
        self.assertFalse(self.mailed(waiting))
        self.assertFalse(waiting.sending_data, "it would be tried for ever")

    def test_after_the_time_the_next_source_is_sent(self):
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1)
        self.assertTrue(move.invoice_pdf_report_id)

    def test_or_a_person_is_told(self):
        self.backend.hold_end = "activity"
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertFalse(self.mailed(move))
        self.assertEqual(len(move.activity_ids), 1)

    def test_whoever_was_told_can_send_it(self):
        """It does not wait anew, and nobody is told twice."""
        self.backend.hold_end = "activity"
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
            self.run_cron(self.prefetch)
            self.assertEqual(len(move.activity_ids), 1)
            self.assertEqual(len(self.send(move)), 1)

    def test_what_waits_is_sent_when_holding_is_switched_off(self):
        """Also where a person would have been told."""
        self.backend.hold_end = "activity"
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        self.backend.missing_pdf = "next"
        self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(move)), 1)
        self.assertFalse(move.activity_ids)

    def test_what_has_to_wait_longer_is_still_sent_as_asked(self):
        """Its PDF was there, and turned out to be another customer's."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        self.send(move)
        held = move.sudo().connectwise_held_ids
        asked = held.settings
        held._send()
        self.assertFalse(self.mailed(move))
        self.assertEqual(held.settings, asked)

    # What waits is sent by the superuser, who may read everything ------------------

    def secret(self):
        return self.env["ir.attachment"].create(
            {"name": "secret.txt", "raw": b"secret", "res_model": "ir.config_parameter"}
        )

    def send_with(self, move, *attachments):
        """Send as a browser may: with whatever it lists beside the invoice."""
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

    def test_a_file_that_the_person_may_not_read_is_not_held(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        with self.assertRaises(AccessError):
            self.send_with(move, {"id": self.secret().id})

    def test_a_file_that_is_not_there_yet_is_not_sent_later(self):
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

    def test_a_report_that_odoo_did_not_propose_is_not_sent_later(self):
        """Whoever renders it may read everything."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        report = "base.report_irmodulereference"
        self.send_with(move, {"id": "placeholder", "dynamic_report": report})
        self.release()
        self.assertEqual(self.mailed(move), [[self.pdf]])

    def test_a_file_of_the_persons_own_is_sent_later(self):
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1001")
        own = self.env["ir.attachment"].with_user(self.accountant)
        own = own.create({"name": "terms.txt", "raw": b"terms"})
        self.send_with(move, {"id": own.id})
        self.release()
        self.assertEqual({*self.mailed(move)[0]}, {self.pdf, b"terms"})

    def test_a_batch_takes_nothing_but_its_author_along(self):
        """As Odoo's own scheduled action does."""
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

    def test_the_reason_a_person_is_told_is_text(self):
        """It may name ConnectWise's customers, and a note is HTML."""
        move = self.invoice("<img/>-1", amount=1)
        self.send(move)
        move.sudo().connectwise_held_ids._give_up()
        self.assertIn("&lt;img", move.activity_ids.note)
