"""A disabled contact is never mailed an invoice, whichever way it is sent."""

from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from operator import methodcaller

from odoo import fields
from odoo.tests import tagged

from ..tools.mapping.disconnecting import remove_contacts
from .contact_common import MailedContactCommon, import_contact

WAYS = {
    "disabled": (False, methodcaller("disable_contact")),
    "deleted or archived": (False, remove_contacts),
    "converted, disabled": (True, methodcaller("disable_contact")),
    "converted back": (True, remove_contacts),
    "disconnected": (True, methodcaller("action_disconnect")),
}
"""How a contact stops being one: (whether it was entered by hand, what is done)."""


class MailedCommon(MailedContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.new_invoice()
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Invoice",
                "model_id": cls.env.ref("account.model_account_move").id,
                "subject": "Invoice",
                "body_html": "<p>Here it is.</p>",
                "use_default_to": False,
                "auto_delete": False,
            }
        )

    def post(self, **values):
        return self.move.with_user(self.accountant).message_post(
            body="Your invoice", subtype_xmlid="mail.mt_comment", **values
        )

    def notified(self, message):
        notifications = message.notification_ids.filtered(
            lambda notification: notification.notification_status != "canceled"
        )
        return notifications.res_partner_id

    def mail(self, **values):
        return self.waiting_mail(self.move, **values)


@tagged("post_install", "-at_install")
class TestDisabledContact(MailedCommon):
    def test_disabled_contact_is_not_mailed_as_follower(self):
        self.move.message_subscribe((self.contact + self.customer).ids)
        self.assertEqual(self.notified(self.post()), self.customer)

    def test_disabled_contact_is_not_mailed_by_the_composer(self):
        """The person names the contact, or only its address."""
        message = self.post(
            partner_ids=(self.contact + self.customer).ids,
            outgoing_email_to=self.contact.email,
        )
        self.assertEqual(self.notified(message), self.customer)
        self.assertFalse(self.env["mail.mail"].search([("email_to", "!=", False)]))

    def test_disabled_contact_is_not_mailed_by_a_template(self):
        """The template names the contact, or only its address."""
        self.template.write(
            {
                "partner_to": f"{self.contact.id},{self.customer.id}",
                "email_to": "Emma <EMMA@acme.example.com>, boss@example.com",
                "email_cc": self.contact.email,
            }
        )
        mail = self.env["mail.mail"].browse(self.template.send_mail(self.move.id))
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.email_to, "boss@example.com")
        self.assertFalse(mail.email_cc)

    def test_disabled_contact_is_not_mailed_by_the_send_dialog(self):
        wizard = self.send_dialog(self.move)
        wizard.mail_partner_ids = self.customer + self.contact
        wizard.action_send_and_print()
        messages = self.move.message_ids
        self.assertIn(self.customer, messages.notified_partner_ids)
        self.assertNotIn(self.contact, messages.notified_partner_ids)

    def test_disabled_contact_is_not_mailed_as_subscriber_of_the_journal(self):
        subscriber = self.env.ref("account.mail_template_invoice_subscriber")
        subscriber.auto_delete = False
        self.move.journal_id.incoming_einvoice_notification_email = (
            f"boss@example.com, {self.contact.email}"
        )
        self.move.journal_id._notify_invoice_subscribers(self.move)
        mails = self.env["mail.mail"].search([("res_id", "=", self.move.id)])
        going_out = mails.filtered(lambda mail: mail.state != "cancel")
        self.assertEqual(going_out.mapped("email_to"), ["boss@example.com"])

    def test_customer_with_the_disabled_contacts_address_is_mailed(self):
        self.customer.email = self.contact.email
        mail = self.mail(email_to=self.customer.email)
        self.assertEqual(mail.email_to, self.customer.email)

    def test_disabled_contact_is_mailed_other_documents(self):
        """Only invoices are held back."""
        message = self.customer.message_post(
            body="Welcome", partner_ids=self.contact.ids
        )
        self.assertEqual(self.notified(message), self.contact)

    def test_enabled_contact_is_mailed_as_follower(self):
        self.mapping.enable_contact()
        self.move.message_subscribe(self.contact.ids)
        self.assertEqual(self.notified(self.post()), self.contact)

    def test_contact_is_not_mailed_after_the_person_moved_to_another_customer(self):
        """The invoice is judged as the other customer's since, and the contact of the
        former one must not get it. Odoo does not change the invoice's customer."""
        self.mapping.with_user(self.administrator).enable_contact()
        person = self.new_contact(name="Paul", email="paul@acme.example.com")
        move = self.new_invoice(number="CW1002", partner_id=person.id)
        self.assertIn(self.contact, self.default_recipients(move))
        person.parent_id = self.new_customer("Other")
        self.assertEqual(move.commercial_partner_id, self.customer)
        self.assertEqual(self.default_recipients(move), person)

    def test_contact_of_an_unconfirmed_company_is_not_mailed(self):
        """Not by default, not as a follower, not by mail that waits."""
        self.mapping.enable_contact()
        mail = self.mail(recipient_ids=[(6, 0, self.contact.ids)])
        self.move.message_subscribe(self.contact.ids)
        self.acme.is_confirmed = False
        self.assertEqual(self.default_recipients(self.move), self.customer)
        self.assertFalse(self.notified(self.post()))
        mail.send()
        self.assertEqual(mail.state, "cancel")


@tagged("post_install", "-at_install")
class TestWaitingMail(MailedCommon):
    """Mail that waits does not go to a contact that was removed or disabled."""

    @contextmanager
    def case(self, name):
        """Yield the contact and one way to remove or disable it, and undo both."""
        converted, how = WAYS[name]
        with self.subTest(name), self.cr.savepoint() as savepoint:
            if converted:
                remove_contacts(self.mapping)
                self.new_contact(name="By hand")
                import_contact(self.mapping)
            self.mapping.enable_contact()
            mapping = self.mapping.with_user(self.administrator)
            yield self.mapping.contact_id, partial(how, mapping)
            savepoint.rollback()

    def test_queued_mail_does_not_go_to_a_removed_contact(self):
        """Mail that failed could be sent again by a person, and does not go either."""
        for state in ("outgoing", "exception"):
            for way in WAYS:
                with self.case(way) as (contact, take_away):
                    both = (contact + self.customer).ids
                    mail = self.mail(recipient_ids=[(6, 0, both)], state=state)
                    alone = self.mail(email_to=contact.email, state=state)
                    take_away()
                    self.assertEqual(mail.recipient_ids, self.customer)
                    self.assertEqual(mail.state, state)
                    self.assertEqual(alone.state, "cancel")

    def test_held_invoice_does_not_go_to_a_removed_contact(self):
        held = (
            self.env["connectwise.held.invoice"]
            .sudo()
            .create({"move_id": self.move.id})
        )
        for way in WAYS:
            with self.case(way) as (contact, take_away):
                held.settings = {
                    "mail_subject": "Invoice",
                    "mail_partner_ids": (self.customer + contact).ids,
                }
                take_away()
                self.assertEqual(
                    held.settings,
                    {"mail_subject": "Invoice", "mail_partner_ids": self.customer.ids},
                )

    def test_scheduled_message_does_not_go_to_a_removed_contact(self):
        """It was scheduled in the composer, or when it was posted."""
        later = fields.Datetime.now() + timedelta(days=1)
        for way in WAYS:
            with self.case(way) as (contact, take_away):
                partners = contact + self.customer
                posted = self.post(partner_ids=partners.ids, scheduled_date=later)
                self.assertFalse(self.notified(posted))
                scheduled = self.env["mail.scheduled.message"].create(
                    {
                        "model": "account.move",
                        "res_id": self.move.id,
                        "author_id": self.accountant.partner_id.id,
                        "body": "Your invoice",
                        "scheduled_date": later,
                        "partner_ids": [(6, 0, partners.ids)],
                    }
                )
                take_away()
                self.assertEqual(posted.partner_ids, self.customer)
                self.assertEqual(scheduled.partner_ids, self.customer)

    def test_batch_does_not_go_to_a_removed_contact(self):
        """The contact was removed after the batch was started."""
        for way in WAYS:
            with self.case(way) as (contact, take_away):
                self.move.sending_data = {
                    "author_user_id": self.accountant.id,
                    "author_partner_id": self.accountant.partner_id.id,
                    "mail_partner_ids": (self.customer + contact).ids,
                }
                take_away()
                with self.enter_registry_test_mode():
                    self.env.ref(
                        "account.ir_cron_account_move_send"
                    ).sudo().method_direct_trigger()
                mailed = self.move.message_ids.notified_partner_ids
                self.assertEqual(mailed, self.customer)

    def test_batch_holds_no_data_of_a_removed_contact(self):
        for way in WAYS:
            with self.case(way) as (contact, take_away):
                settings = {"author_user_id": self.accountant.id}
                both = (self.customer + contact).ids
                self.move.sending_data = {**settings, "mail_partner_ids": both}
                take_away()
                left = self.customer.ids
                self.assertEqual(
                    self.move.sending_data, {**settings, "mail_partner_ids": left}
                )

    def test_sent_messages_are_kept(self):
        self.mapping.enable_contact()
        mail = self.mail(recipient_ids=[(6, 0, self.contact.ids)], state="sent")
        self.mapping.disable_contact()
        self.assertEqual(mail.recipient_ids, self.contact)
