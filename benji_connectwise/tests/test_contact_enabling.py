"""Who receives the invoice e-mails, and who decides it."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tests.common import RecordCapturer

from ..tools.mapping.bill_to_import import find_rows_to_import
from ..tools.mapping.connecting import link
from ..tools.mapping.disconnecting import remove_contacts
from .contact_common import ContactCommon, MailedContactCommon, import_contact


@tagged("post_install", "-at_install")
class TestEnabling(ContactCommon):
    def test_contact_arrives_disabled_by_default(self):
        self.assertFalse(self.imported().connectwise_enabled)

    def test_contact_arrives_enabled_with_automatic_enabling(self):
        self.backend.auto_enable_contacts = True
        self.assertTrue(self.imported().connectwise_enabled)

    def test_synced_contact_can_be_enabled_by_hand(self):
        """Its data cannot be edited."""
        contact = self.imported()
        self.mapping.with_user(self.administrator).enable_contact()
        self.assertTrue(contact.connectwise_enabled)
        self.mapping.with_user(self.administrator).disable_contact()
        self.assertFalse(contact.connectwise_enabled)

    def test_customers_chatter_says_who_enabled_the_contact(self):
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

    def test_buttons_on_the_contact_enable_and_disable_it(self):
        contact = self.imported().with_user(self.administrator)
        contact.action_connectwise_enable()
        self.assertTrue(contact.connectwise_enabled)
        contact.action_connectwise_disable()
        self.assertFalse(contact.connectwise_enabled)

    def test_only_invoicing_administrator_enables(self):
        """The server checks it."""
        contact = self.imported()
        for user in (self.accountant, self.clerk):
            with self.assertRaises(AccessError):
                contact.with_user(user).action_connectwise_enable()
        with self.assertRaises(AccessError):
            self.mapping.with_user(self.accountant).enable_contact()
        self.assertFalse(contact.connectwise_enabled)

    def test_sync_keeps_the_decision_of_a_person(self):
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

    def test_switching_automatic_enabling_on_enables_undecided_contacts(self):
        """The next synchronization does it."""
        contact = self.imported()
        self.backend.auto_enable_contacts = True
        self.assertEqual(import_contact(self.mapping), "updated")
        self.assertTrue(contact.connectwise_enabled)

    def test_switching_automatic_enabling_off_disables_nobody(self):
        self.backend.auto_enable_contacts = True
        contact = self.imported()
        self.backend.auto_enable_contacts = False
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertTrue(contact.connectwise_enabled)

    def test_enabling_keeps_the_address_type(self):
        """It is “other” for an imported contact, and a converted one keeps its own."""
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

    def test_decision_does_not_carry_over_to_another_company(self):
        """The contact of another ConnectWise company arrives as a new one would."""
        self.imported()
        self.mapping.enable_contact()
        remove_contacts(self.mapping)
        boulder = self.new_company(2, "B", contact_email="b@boulder.example.com")
        link(self.mapping.env, [(self.mapping.id, boulder.id, "manual")])
        self.assertFalse(self.imported().connectwise_enabled)

    def test_row_without_contact_says_so(self):
        with self.assertRaisesRegex(UserError, "no contact"):
            self.mapping.enable_contact()


@tagged("post_install", "-at_install")
class TestNewDomain(ContactCommon):
    """Invoice fraud often starts with a new e-mail address."""

    def move_to(self, email, **values):
        self.acme.write({"contact_email": email, **values})
        import_contact(self.mapping)
        return self.mapping.contact_id

    def setUp(self):
        super().setUp()
        self.backend.auto_enable_contacts = True
        self.backend.responsible_id = self.administrator
        self.contact = self.imported()

    def test_contact_that_moves_to_another_domain_is_disabled(self):
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertEqual(contact.email, "emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)
        self.assertIn("acme.example.com", self.mapping.contact_message)

    def test_contact_says_that_its_domain_changed(self):
        """A person who opens it to enable it reads the warning."""
        contact = self.move_to("emma@acme-billing.example.net")
        message = contact.with_user(self.clerk).connectwise_contact_message
        self.assertIn("acme-billing.example.net", message)

    def test_responsible_person_gets_one_activity(self):
        """Reading the same address again adds none."""
        self.move_to("emma@acme-billing.example.net")
        import_contact(self.mapping)
        self.assertEqual(self.customer.activity_ids.user_id, self.administrator)
        self.assertEqual(len(self.customer.activity_ids), 1)

    def test_activity_ends_when_a_person_decides(self):
        for decide in ("enable_contact", "disable_contact"):
            with self.subTest(decide), self.cr.savepoint() as savepoint:
                self.move_to("emma@acme-billing.example.net")
                getattr(self.mapping.with_user(self.administrator), decide)()
                self.assertFalse(self.customer.activity_ids)
                savepoint.rollback()

    def test_activity_goes_with_the_contact(self):
        self.move_to("emma@acme-billing.example.net")
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(self.customer.activity_ids)

    def test_activity_ends_when_the_address_moves_back(self):
        before = self.contact.email
        self.move_to("emma@acme-billing.example.net")
        self.assertTrue(self.move_to(before).connectwise_enabled)
        self.assertFalse(self.customer.activity_ids)

    def test_second_new_domain_replaces_the_activity(self):
        self.move_to("emma@acme-billing.example.net")
        self.move_to("emma@acme-office.example.net")
        self.assertIn("acme-office", self.customer.activity_ids.note)

    def test_contact_is_disabled_even_if_nobody_can_get_the_activity(self):
        """The responsible person may not see this customer."""
        self.customer.company_id = self.company
        other = self.new_odoo_company()
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

    def test_queued_mail_does_not_go_to_the_new_address(self):
        mail = self.env["mail.mail"].create(
            {"model": "account.move", "recipient_ids": [(6, 0, self.contact.ids)]}
        )
        self.move_to("emma@acme-billing.example.net")
        self.assertEqual(mail.state, "cancel")

    def test_replaced_contact_at_another_domain_arrives_disabled(self):
        contact = self.move_to("joe@acme-billing.example.net", contact_ref=9)
        self.assertNotEqual(contact, self.contact)
        self.assertFalse(contact.connectwise_enabled)
        self.assertTrue(self.customer.activity_ids)

    def test_address_emptied_in_between_does_not_hide_the_new_domain(self):
        self.move_to(False)
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)

    def test_contact_stays_disabled_until_a_person_enables_it(self):
        """Automatic enabling does not overrule it. A person's decision is final."""
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertFalse(contact.connectwise_enabled)
        self.mapping.with_user(self.administrator).enable_contact()
        import_contact(self.mapping)
        self.assertTrue(contact.connectwise_enabled)
        self.assertFalse(self.mapping.contact_message)

    def test_earlier_enabling_does_not_cover_the_new_domain(self):
        """The person enabled the old address."""
        self.mapping.enable_contact()
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertFalse(contact.connectwise_enabled)

    def test_new_address_at_the_same_domain_stays_enabled(self):
        contact = self.move_to("accounts@ACME.example.com")
        self.assertTrue(contact.connectwise_enabled)
        self.assertFalse(self.customer.activity_ids)

    def test_new_domains_can_be_trusted_by_a_setting(self):
        self.backend.trust_new_domains = True
        contact = self.move_to("emma@acme-billing.example.net")
        self.assertTrue(contact.connectwise_enabled)
        self.assertFalse(self.customer.activity_ids)


@tagged("post_install", "-at_install")
class TestRecipients(MailedContactCommon):
    def mailed(self, messages):
        return messages.records.filtered(lambda m: m.message_type != "notification")

    def test_enabled_contact_is_mailed_beside_the_customer(self):
        self.mapping.enable_contact()
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer | self.contact)

    def test_disabled_contact_is_not_mailed(self):
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer)
        addressed = self.new_invoice(number="CW1002", partner_id=self.contact.id)
        self.assertNotIn(self.contact, self.default_recipients(addressed))

    def test_contact_of_the_commercial_partner_is_mailed(self):
        self.mapping.enable_contact()
        branch = self.new_contact(email="branch@acme.example.com", type="other")
        move = self.new_invoice(partner_id=branch.id)
        self.assertEqual(self.default_recipients(move), branch | self.contact)

    def test_contact_is_mailed_if_the_customer_has_no_email(self):
        self.customer.email = False
        self.mapping.enable_contact()
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.contact)
        wizard = self.send_dialog(move)
        self.assertEqual(wizard.mail_partner_ids, self.contact)

    def test_nobody_gets_the_same_email_twice(self):
        self.mapping.enable_contact()
        self.customer.email = "Emma@acme.example.com"
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer)

    def test_invoice_of_another_company_is_not_mailed_to_the_contact(self):
        self.mapping.enable_contact()
        other = self.new_odoo_company()
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

    def test_send_dialog_shows_and_mails_the_contact(self):
        self.mapping.enable_contact()
        move = self.new_invoice()
        wizard = self.send_dialog(move)
        self.assertIn(self.contact, wizard.mail_partner_ids)
        with RecordCapturer(self.env["mail.message"]) as messages:
            wizard.action_send_and_print()
        self.assertIn(self.contact, self.mailed(messages).partner_ids)

    def test_batch_is_mailed_to_the_contact(self):
        """The scheduled action sends it."""
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

    def test_contact_disabled_after_the_dialog_is_not_mailed_by_the_batch(self):
        move = self.new_invoice()
        self.mapping.enable_contact()
        self.mapping.disable_contact()
        recipients = self.recipients_of_scheduled(move, self.customer, self.contact)
        self.assertEqual(recipients, self.customer)

    def test_contact_deleted_after_the_dialog_does_not_stop_the_batch(self):
        move = self.new_invoice()
        remove_contacts(self.mapping)
        recipients = self.recipients_of_scheduled(move, self.customer, self.contact)
        self.assertEqual(recipients, self.customer)

    def queued(self, *partners):
        ids = [partner.id for partner in partners]
        return self.waiting_mail(self.new_invoice(), recipient_ids=[(6, 0, ids)])

    def test_queued_mail_does_not_go_to_a_disabled_contact(self):
        self.mapping.enable_contact()
        mail = self.queued(self.customer, self.contact)
        self.mapping.disable_contact()
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.state, "outgoing")

    def test_queued_mail_to_a_disabled_contact_alone_is_cancelled(self):
        self.mapping.enable_contact()
        mail = self.queued(self.contact)
        remove_contacts(self.mapping)
        self.assertEqual(mail.state, "cancel")
