"""Invoices that wait for ConnectWise's PDF."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .sending_common import SendingCommon


@tagged("post_install", "-at_install")
class TestHold(SendingCommon):
    """A connection may hold invoices until ConnectWise has their PDF."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.write({"missing_pdf": "hold", "hold_hours": 2})
        cls.prefetch = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
        cls.move = cls.invoice("CW1001")
        cls.missing = cls.invoice("NOT-THERE-1", amount=1)

    def test_held_invoice_is_not_sent_and_says_so(self):
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(self.move)
        self.assertIn(
            "later", wizard.alerts["benji_connectwise_pdf_source"]["message"].lower()
        )
        wizard.action_send_and_print()
        self.assertFalse(self.mailed(self.move))
        self.assertFalse(self.move.is_move_sent)

    def test_why_says_until_when_a_held_invoice_waits(self):
        self.send(self.missing)
        explanation = str(self.missing.invoice_pdf_explanation)
        self.assertIn("Not sent yet: it waits for", explanation)
        self.assertNotIn("Not sent by e-mail", explanation)

    def test_held_invoice_is_sent_as_typed_once_the_pdf_is_there(self):
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard(self.move)
        wizard.body = "<p>Typed by hand</p>"
        wizard.action_send_and_print()
        self.sandbox.clear_faults()
        with self.later(minutes=30):
            self.run_cron(self.prefetch)
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        self.assertIn("<p>Typed by hand</p>", str(self.move.message_ids.mapped("body")))

    def test_held_invoice_is_looked_up_despite_its_age(self):
        """The prefetch leaves other old invoices alone."""
        self.sandbox.fault("unavailable", times=0)
        long_ago = fields.Date.today() - timedelta(days=200)
        move = self.invoice("CW1002", invoice_date=long_ago)
        self.send(move)
        self.sandbox.clear_faults()
        with self.later(minutes=30):
            self.run_cron(self.prefetch)
        self.assertEqual(self.mailed(move), [[self.sandbox_pdf("CW1002")]])

    def test_dialog_offers_to_send_an_invoice_that_would_be_held(self):
        self.sandbox.fault("unavailable", times=0)
        self.send(self.move)
        wizard = self.wizard(self.move)
        self.assertTrue(wizard.is_held)
        wizard.send_now = True
        warning = wizard.alerts["benji_connectwise_pdf_source"]["message"]
        self.assertNotIn("later", warning)
        wizard.action_send_and_print()
        self.assertEqual(len(self.mailed(self.move)), 1)
        self.assertTrue(self.move.invoice_pdf_report_id)
        self.sandbox.clear_faults()
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(self.move)), 1, "it does not wait any more")

    def test_batch_dialog_offers_to_send_invoices_that_would_be_held(self):
        moves = self.missing + self.invoice("NOT-THERE-2", amount=1)
        wizard = self.wizard(moves)
        self.assertTrue(wizard.is_held)
        wizard.send_now = True
        wizard.action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        for move in moves:
            self.assertEqual(len(self.mailed(move)), 1)

    def test_dialog_warns_if_nothing_sends_held_invoices(self):
        self.assertFalse(self.is_warned())
        action = self.env.ref(self.prefetch)
        action.active = False
        self.assertTrue(self.is_warned())
        action.unlink()
        self.assertTrue(self.is_warned())

    def is_warned(self):
        alerts = self.wizard(self.missing).alerts
        return "benji_connectwise_not_scheduled" in alerts

    def test_dialog_offers_nothing_if_no_invoice_would_be_held(self):
        self.assertFalse(self.wizard(self.move).is_held)
        moves = self.invoice("CW1002") + self.invoice("CW1003")
        self.assertFalse(self.wizard(moves).is_held)

    def test_download_is_never_held(self):
        """The person gets the PDF that there is."""
        wizard = self.wizard(self.missing)
        wizard.sending_methods = ["manual"]
        self.assertFalse(wizard.is_held)
        warning = wizard.alerts["benji_connectwise_pdf_source"]["message"]
        self.assertNotIn("later", warning)
        action = wizard.action_send_and_print()
        self.assertEqual(action["type"], "ir.actions.act_url")
        self.assertTrue(self.missing.invoice_pdf_report_id)
        self.assertFalse(self.missing.sudo().connectwise_held_ids)

    def test_held_invoice_sent_by_hand_is_not_sent_again(self):
        self.sandbox.fault("unavailable", times=0)
        self.send(self.move)
        self.sandbox.clear_faults()
        self.move.action_refresh_pdf()
        self.assertEqual(len(self.send(self.move)), 1)
        self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(self.move)), 1)

    def test_change_to_one_held_invoice_does_not_stop_the_others(self):
        """It was reset to draft, or sent by hand; no message is needed."""
        self.sandbox.fault("unavailable", times=0)
        moves = self.move
        for number in range(1002, 1005):
            moves += self.invoice(f"CW{number}")
        for move in moves:
            self.send(move)
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

    def test_run_without_time_sends_one_held_invoice_and_asks_for_another_run(self):
        """Odoo kills a run after two minutes, perhaps in the middle of an e-mail."""
        self.sandbox.fault("unavailable", times=0)
        other = self.invoice("CW1002")
        self.send(self.move)
        self.send(other)
        self.sandbox.clear_faults()
        (self.move + other).action_refresh_pdf()
        triggers = self.env["ir.cron.trigger"].search([])
        with patch.object(type(self.env["ir.cron"]), "_commit_progress"):
            self.env["connectwise.held.invoice"].sudo()._send_due(end=0)
        self.assertEqual(
            [len(self.mailed(move)) for move in (self.move, other)], [1, 0]
        )
        self.assertTrue(self.env["ir.cron.trigger"].search([]) - triggers)

    def test_batch_goes_on_without_held_invoices(self):
        self.wizard(self.missing + self.move).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.assertEqual(self.mailed(self.move), [[self.pdf]])
        self.assertFalse(self.mailed(self.missing))
        self.assertFalse(self.missing.sending_data, "it would be tried for ever")

    def test_held_invoice_is_sent_with_the_next_source_after_the_time(self):
        self.send(self.missing)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(self.missing)), 1)
        self.assertTrue(self.missing.invoice_pdf_report_id)

    def test_wait_of_more_than_a_year_is_refused(self):
        """It could end after the year 9999, where dates end."""
        for hours in (8_761, 2_000_000_000):
            with self.assertRaises(ValidationError):
                self.backend.hold_hours = hours

    def test_person_is_told_of_a_held_invoice_after_the_time(self):
        self.backend.hold_end = "activity"
        self.send(self.missing)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertFalse(self.mailed(self.missing))
        self.assertEqual(len(self.missing.activity_ids), 1)

    def test_administrator_is_told_if_the_responsible_person_left(self):
        """Nobody sees the activities of a user who is archived."""
        self.backend.write(
            {"hold_end": "activity", "responsible_id": self.accountant.id}
        )
        self.send(self.missing)
        self.accountant.active = False
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        user = self.missing.activity_ids.user_id
        self.assertTrue(user.active)
        self.assertTrue(user.has_group("account.group_account_manager"))
        self.assertIn(self.company, user.company_ids)

    def test_person_who_was_told_can_send_the_held_invoice(self):
        """It is not held again, and nobody is told twice."""
        self.backend.hold_end = "activity"
        self.send(self.missing)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
            self.run_cron(self.prefetch)
            self.assertEqual(len(self.missing.activity_ids), 1)
            self.assertEqual(len(self.send(self.missing)), 1)

    def hold_for(self, person):
        """Hold the invoice to be mailed to this contact alone."""
        wizard = self.wizard(self.missing)
        wizard.mail_partner_ids = person
        wizard.action_send_and_print()

    def contacts(self, *names):
        return self.env["res.partner"].create(
            [
                {
                    "name": name,
                    "email": f"{name}@acme.example.com",
                    "parent_id": self.partner_a.id,
                }
                for name in names
            ]
        )

    def test_person_is_told_if_the_recipient_of_a_held_invoice_is_gone(self):
        person = self.contacts("anna")
        self.hold_for(person)
        person.unlink()
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertFalse(self.mailed(self.missing))
        self.assertIn("nobody has an address", self.missing.activity_ids.summary)

    def test_person_is_told_if_the_customer_of_a_held_batch_lost_the_address(self):
        """A batch goes to the address that the customer has when it is sent."""
        self.wizard(self.missing + self.move).action_send_and_print()
        self.run_cron("account.ir_cron_account_move_send")
        self.partner_a.email = False
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        self.assertFalse(self.mailed(self.missing))
        self.assertIn("nobody has an address", self.missing.activity_ids.summary)

    def test_person_who_is_told_of_a_failure_reads_nothing_about_connectwise(self):
        """Its PDF may have come, and something else failed."""
        self.send(self.missing)
        self.missing.sudo().connectwise_held_ids._give_up("failed")
        self.assertNotIn("ConnectWise", self.missing.activity_ids.summary)

    def test_held_invoice_follows_its_recipient_into_a_merge(self):
        source, destination = self.contacts("anna", "anne")
        self.hold_for(source)
        wizard = self.env["base.partner.merge.automatic.wizard"].sudo()
        wizard._merge((source + destination).ids, destination)
        with self.later(hours=3):
            self.run_cron(self.prefetch)
        message = self.missing.message_ids.filtered("partner_ids")
        self.assertEqual(message.partner_ids, destination)

    def test_held_invoice_is_sent_when_holding_is_switched_off(self):
        """It is, too, where a person would have been told."""
        self.backend.hold_end = "activity"
        self.send(self.missing)
        self.backend.missing_pdf = "next"
        self.run_cron(self.prefetch)
        self.assertEqual(len(self.mailed(self.missing)), 1)
        self.assertFalse(self.missing.activity_ids)

    def test_invoice_held_again_is_still_sent_as_typed(self):
        """Its PDF came, and turned out to be another customer's."""
        self.sandbox.fault("unavailable", times=0)
        self.send(self.move)
        held = self.move.sudo().connectwise_held_ids
        asked = held.settings
        held._send()
        self.assertFalse(self.mailed(self.move))
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
        with self.assertRaises(AccessError):
            self.send_with(self.move, {"id": self.secret().id})

    def test_file_that_does_not_exist_yet_is_not_held(self):
        """Its id can be guessed."""
        self.sandbox.fault("unavailable", times=0)
        taken, gone = self.secret(), self.secret()
        gone.unlink()
        self.send_with(self.move, {"id": str(taken.id + 1)})
        self.env.cr.execute(
            "UPDATE ir_attachment SET id = %s WHERE id = %s", (taken.id + 1, taken.id)
        )
        self.env.invalidate_all()
        self.release()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_report_that_odoo_did_not_propose_is_not_held(self):
        """It would be rendered with access to everything."""
        self.sandbox.fault("unavailable", times=0)
        report = "base.report_irmodulereference"
        self.send_with(self.move, {"id": "placeholder", "dynamic_report": report})
        self.release()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_own_file_of_the_person_is_sent_with_the_held_invoice(self):
        self.sandbox.fault("unavailable", times=0)
        own = self.env["ir.attachment"].with_user(self.accountant)
        own = own.create({"name": "terms.txt", "raw": b"terms"})
        self.send_with(self.move, {"id": own.id})
        self.release()
        self.assertEqual({*self.mailed(self.move)[0]}, {self.pdf, b"terms"})

    def test_held_batch_keeps_only_its_author(self):
        """Odoo's own scheduled action does the same."""
        self.sandbox.fault("unavailable", times=0)
        widget = [{"id": self.secret().id, "name": "more"}]
        person = self.accountant
        self.move.with_user(person).sending_data = {
            "author_user_id": person.id,
            "author_partner_id": person.partner_id.id,
            "mail_attachments_widget": widget,
        }
        self.run_cron("account.ir_cron_account_move_send")
        self.assertFalse(self.mailed(self.move))
        self.release()
        self.assertEqual(self.mailed(self.move), [[self.pdf]])

    def test_reason_told_to_a_person_names_no_other_customer(self):
        """The link to the invoice opens its activities, too."""
        self.add_rule()
        move = self.invoice("CW1003", ref="CW1002")
        move._get_preferred_invoice_pdf()
        lookup = move.sudo().connectwise_lookup_ids
        self.assertEqual(lookup.verdict, "ambiguous")
        self.env["connectwise.held.invoice"].sudo().create(
            {"move_id": move.id}
        )._give_up()
        for name in lookup.hit_ids.mapped("company_name"):
            self.assertIn(name, move.connectwise_message)
            self.assertNotIn(name, move.activity_ids.note)

    def test_reason_told_to_a_person_is_escaped(self):
        """It may name customers of ConnectWise, and a note is HTML."""
        move = self.invoice("<img/>-1", amount=1)
        self.send(move)
        move.sudo().connectwise_held_ids._give_up()
        self.assertIn("&lt;img", move.activity_ids.note)
