"""Who receives the invoice e-mails."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tests.common import RecordCapturer

from ..tools.bill_to_import import find_rows_to_import
from ..tools.bill_to_removal import remove_contacts
from ..tools.connecting import link
from .contact_common import ContactCommon, import_contact


@tagged("post_install", "-at_install")
class TestEnabling(ContactCommon):
    def test_arrives_disabled(self):
        """With automatic enabling off it is not enabled."""
        self.assertFalse(self.imported().connectwise_enabled)

    def test_arrives_enabled(self):
        """With it on it is enabled."""
        self.backend.auto_enable_contacts = True
        self.assertTrue(self.imported().connectwise_enabled)

    def test_enabled_by_hand(self):
        """Enabling is allowed though the data are not editable."""
        contact = self.imported()
        self.mapping.with_user(self.administrator).enable_contact()
        self.assertTrue(contact.connectwise_enabled)
        self.mapping.with_user(self.administrator).disable_contact()
        self.assertFalse(contact.connectwise_enabled)

    def test_enabling_and_disabling_are_in_the_customers_chatter(self):
        """By whom."""
        self.imported()
        mapping = self.mapping.with_user(self.administrator)
        mapping.enable_contact()
        mapping.disable_contact()
        bodies = "".join(self.customer.message_ids[:2].mapped("body"))
        self.assertIn("Enabled", bodies)
        self.assertIn("Disabled", bodies)
        self.assertEqual(
            self.customer.message_ids[:2].author_id, self.administrator.partner_id
        )

    def test_enabled_from_the_contact(self):
        """The buttons on the contact's own form do the same."""
        contact = self.imported().with_user(self.administrator)
        contact.action_connectwise_enable()
        self.assertTrue(contact.connectwise_enabled)
        contact.action_connectwise_disable()
        self.assertFalse(contact.connectwise_enabled)

    def test_only_administrators(self):
        """Enabling is the Invoicing administrator's, checked on the server."""
        contact = self.imported()
        for user in (self.accountant, self.clerk):
            with self.assertRaises(AccessError):
                contact.with_user(user).action_connectwise_enable()
        with self.assertRaises(AccessError):
            self.mapping.with_user(self.accountant).enable_contact()
        self.assertFalse(contact.connectwise_enabled)

    def test_decision_stays(self):
        """Enabling: what a person decided by hand stays."""
        contact = self.imported()
        self.mapping.enable_contact()
        self.mapping.disable_contact()
        self.backend.auto_enable_contacts = True
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertFalse(contact.connectwise_enabled)
        self.mapping.enable_contact()
        self.backend.auto_enable_contacts = False
        import_contact(self.mapping)
        self.assertTrue(contact.connectwise_enabled)

    def test_switched_on_later(self):
        """Enabling: the next sync enables those nobody decided about."""
        contact = self.imported()
        self.backend.auto_enable_contacts = True
        self.assertEqual(import_contact(self.mapping), "updated")
        self.assertTrue(contact.connectwise_enabled)

    def test_switched_off_disables_nobody(self):
        """Switching automatic enabling off takes nobody's invoices away."""
        self.backend.auto_enable_contacts = True
        contact = self.imported()
        self.backend.auto_enable_contacts = False
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertTrue(contact.connectwise_enabled)

    def test_enabling_changes_no_type(self):
        """It is an other address, and a converted one what it was."""
        for kind in (None, "contact", "delivery", "other"):
            with self.subTest(kind), self.cr.savepoint() as savepoint:
                if kind:
                    self.new_contact(type=kind)
                contact = self.imported()
                for change in ("enable_contact", "disable_contact"):
                    getattr(self.mapping, change)()
                    self.assertEqual(contact.type, kind or "other")
                    self.assertEqual(import_contact(self.mapping), "unchanged")
                    self.assertFalse(find_rows_to_import(self.backend))
                savepoint.rollback()

    def test_decision_is_about_this_company(self):
        """Another company's contact arrives as if nobody had decided."""
        self.imported()
        self.mapping.enable_contact()
        remove_contacts(self.mapping)
        boulder = self.new_company(2, "B", contact_email="b@boulder.example.com")
        link(self.mapping.env, [(self.mapping.id, boulder.id, "manual")])
        self.assertFalse(self.imported().connectwise_enabled)

    def test_nothing_to_enable(self):
        """A row without contact says that there is none."""
        with self.assertRaisesRegex(UserError, "no contact"):
            self.mapping.enable_contact()


@tagged("post_install", "-at_install")
class TestNewDomain(ContactCommon):
    """Payment fraud starts with invoices that go to another address."""

    def move_to(self, email, **values):
        self.acme.write({"contact_email": email, **values})
        import_contact(self.mapping)
        return self.mapping.contact_id

    def setUp(self):
        super().setUp()
        self.backend.auto_enable_contacts = True
        self.backend.responsible_id = self.administrator
        self.contact = self.imported()

    def test_new_domain_arrives_disabled(self):
        """An enabled contact that moves to another domain is disabled."""
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertEqual(contact.email, "emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)
        self.assertIn("acme.example.com", self.mapping.contact_message)

    def test_contact_itself_says_so(self):
        """Whoever opens the contact to enable it is told as well."""
        contact = self.move_to("emma@acme-billing.example.net")
        message = contact.with_user(self.clerk).connectwise_contact_message
        self.assertIn("acme-billing.example.net", message)

    def test_activity(self):
        """The responsible person gets one activity, however often it is read."""
        self.move_to("emma@acme-billing.example.net")
        import_contact(self.mapping)
        self.assertEqual(self.customer.activity_ids.user_id, self.administrator)
        self.assertEqual(len(self.customer.activity_ids), 1)

    def test_responsible_who_cannot_see_the_customer(self):
        """The contact is disabled even if nobody can be given the activity."""
        self.customer.company_id = self.company
        other = self.setup_other_company(name="company_2")["company"]
        self.backend.responsible_id = new_test_user(
            self.env,
            "connectwise_elsewhere",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertEqual(contact.email, "emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)
        self.assertTrue(self.customer.activity_ids)

    def test_queued_mail_does_not_follow(self):
        """An e-mail in the queue does not go out to the new address."""
        mail = self.env["mail.mail"].create(
            {"model": "account.move", "recipient_ids": [(6, 0, self.contact.ids)]}
        )
        self.move_to("emma@acme-billing.example.net")
        self.assertEqual(mail.state, "cancel")

    def test_replaced_contact_at_new_domain(self):
        """Another person at another domain is looked at too."""
        contact = self.move_to("joe@acme-billing.example.net", contact_ref=9)
        self.assertNotEqual(contact, self.contact)
        self.assertFalse(contact.connectwise_enabled)
        self.assertTrue(self.customer.activity_ids)

    def test_by_way_of_no_email(self):
        """Neither does it help to empty the address in between."""
        self.move_to(False)
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)

    def test_stays_disabled_until_a_person_enables(self):
        """Automatic enabling does not overrule it, a person does, for good."""
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertFalse(contact.connectwise_enabled)
        self.mapping.with_user(self.administrator).enable_contact()
        import_contact(self.mapping)
        self.assertTrue(contact.connectwise_enabled)
        self.assertFalse(self.mapping.contact_message)

    def test_enabled_by_hand_before(self):
        """What a person enabled was the old address."""
        self.mapping.enable_contact()
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)

    def test_same_domain_stays_enabled(self):
        """Another address at the same domain is no reason to look."""
        contact = self.move_to("accounts@ACME.example.com")
        self.assertTrue(contact.connectwise_enabled)
        self.assertFalse(self.customer.activity_ids)

    def test_setting_turns_it_off(self):
        """With new domains trusted the contact stays enabled."""
        self.backend.trust_new_domains = True
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertTrue(contact.connectwise_enabled)
        self.assertFalse(self.customer.activity_ids)


@tagged("post_install", "-at_install")
class TestRecipients(ContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write(
            {
                "email": "office@acme.example.com",
                "invoice_edi_format": False,
                "invoice_sending_method": "email",
            }
        )
        import_contact(cls.mapping)
        cls.contact = cls.mapping.contact_id
        cls.set_priority("odoo")

    def new_invoice(self, **values):
        return self.invoice(**{"partner_id": self.customer.id, **values})

    def mailed(self, messages):
        return messages.records.filtered(lambda m: m.message_type != "notification")

    def test_enabled_receives(self):
        """It is added to the recipients, beside the customer."""
        self.mapping.enable_contact()
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer | self.contact)

    def test_disabled_never(self):
        """One that is not enabled is never mailed."""
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer)
        addressed = self.new_invoice(number="CW1002", partner_id=self.contact.id)
        self.assertNotIn(self.contact, self.default_recipients(addressed))

    def test_invoice_of_a_branch(self):
        """The customer is the invoice's commercial partner."""
        self.mapping.enable_contact()
        branch = self.new_contact(email="branch@acme.example.com", type="other")
        move = self.new_invoice(partner_id=branch.id)
        self.assertEqual(self.default_recipients(move), branch | self.contact)

    def test_customer_without_email(self):
        """It suffices that the Bill-To contact has an address."""
        self.customer.email = False
        self.mapping.enable_contact()
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.contact)
        wizard = self._wizard(move)
        self.assertEqual(wizard.mail_partner_ids, self.contact)

    def _wizard(self, move):
        return (
            self.env["account.move.send.wizard"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )

    def test_nobody_twice(self):
        """Nobody gets the same e-mail twice."""
        self.mapping.enable_contact()
        self.customer.email = "Emma@acme.example.com"
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer)

    def test_other_company(self):
        """Per company: another company's invoices do not go there."""
        self.mapping.enable_contact()
        other = self.setup_other_company(name="company_2")["company"]
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "company_id": other.id,
                "invoice_line_ids": [
                    (0, 0, {"name": "S", "price_unit": 1, "tax_ids": []})
                ],
            }
        )
        recipients = self.default_recipients(move, user=self.env.user)
        self.assertEqual(recipients, self.customer)

    def test_single(self):
        """Sent with the dialog, which shows it."""
        self.mapping.enable_contact()
        move = self.new_invoice()
        wizard = self._wizard(move)
        self.assertIn(self.contact, wizard.mail_partner_ids)
        with RecordCapturer(self.env["mail.message"]) as messages:
            wizard.action_send_and_print()
        self.assertIn(self.contact, self.mailed(messages).partner_ids)

    def test_batch(self):
        """Several at once, sent by the scheduled action."""
        self.mapping.enable_contact()
        moves = self.new_invoice() | self.new_invoice(number="CW1002")
        wizard = (
            self.env["account.move.send.batch.wizard"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({})
        )
        wizard.action_send_and_print()
        cron = self.env.ref("account.ir_cron_account_move_send")
        with (
            RecordCapturer(self.env["mail.message"]) as messages,
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        mailed = self.mailed(messages)
        self.assertEqual(len(mailed), 2)
        for message in mailed:
            self.assertIn(self.contact, message.partner_ids)

    def recipients_of_scheduled(self, move, *chosen):
        move.sudo().sending_data = {
            "sending_methods": ["email"],
            "author_user_id": self.accountant.id,
            "mail_partner_ids": [partner.id for partner in chosen],
        }
        settings = self.env["account.move.send"]._get_default_sending_settings(
            move, from_cron=True, **move.sending_data
        )
        return self.env["res.partner"].browse(settings["mail_partner_ids"])

    def test_disabled_before_the_scheduled_action(self):
        """Chosen when it was enabled, left out when it is sent."""
        move = self.new_invoice()
        self.mapping.enable_contact()
        self.mapping.disable_contact()
        recipients = self.recipients_of_scheduled(move, self.customer, self.contact)
        self.assertEqual(recipients, self.customer)

    def test_removed_before_the_scheduled_action(self):
        """Neither does a deleted one stop the sending."""
        move = self.new_invoice()
        remove_contacts(self.mapping)
        recipients = self.recipients_of_scheduled(move, self.customer, self.contact)
        self.assertEqual(recipients, self.customer)

    def queued(self, *partners):
        move = self.new_invoice()
        return self.env["mail.mail"].create(
            {
                "model": "account.move",
                "res_id": move.id,
                "body_html": "Your invoice",
                "recipient_ids": [(6, 0, [partner.id for partner in partners])],
            }
        )

    def test_queued_mail(self):
        """An e-mail in the queue does not go to a disabled contact."""
        self.mapping.enable_contact()
        mail = self.queued(self.customer, self.contact)
        self.mapping.disable_contact()
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.state, "outgoing")

    def test_queued_mail_to_nobody_else(self):
        """One that went to it alone is cancelled."""
        self.mapping.enable_contact()
        mail = self.queued(self.contact)
        remove_contacts(self.mapping)
        self.assertEqual(mail.state, "cancel")
