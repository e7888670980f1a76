"""Contacts that were entered by hand before ConnectWise had them, and duplicates."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..tools.mapping.connecting import set_aside
from ..tools.mapping.disconnecting import remove_contacts
from .contact_common import ContactCommon, import_contact


@tagged("post_install", "-at_install")
class TestEnteredBefore(ContactCommon):
    """Contacts that Odoo had before come from accounting or were entered by hand."""

    def test_customers_own_email_is_not_imported_again(self):
        self.customer.email = " EMMA@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertFalse(self.all_contacts())
        self.assertIn("own e-mail", self.mapping.contact_message)

    def test_one_of_several_own_emails_is_not_imported_again(self):
        """Odoo mails to all of them."""
        self.customer.email = "office@acme.example.com, Emma@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertIn("own e-mail", self.mapping.contact_message)

    def test_invoice_address_is_neither_converted_nor_duplicated(self):
        contact = self.new_contact(type="invoice")
        before = contact.read()
        self.assertEqual(import_contact(self.mapping), "none")
        self.env.invalidate_all()
        self.assertEqual(contact.read(), before)
        self.assertEqual(self.all_contacts(), contact)
        self.assertIn("invoice address", self.mapping.contact_message)

    def test_contact_is_imported_beside_an_archived_invoice_address(self):
        """The archived address receives nothing."""
        archived = self.new_contact(type="invoice", active=False)
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertFalse(archived.active)

    def test_contact_entered_by_hand_is_converted(self):
        """It is the same record."""
        for kind in ("contact", "delivery", "other"):
            with self.subTest(kind), self.cr.savepoint() as savepoint:
                contact = self.new_contact(type=kind)
                self.assertEqual(import_contact(self.mapping), "converted")
                self.assertEqual(self.all_contacts(), contact)
                self.assertTrue(contact.is_connectwise_contact)
                self.assertEqual(contact.name, "Emma Diaz")
                self.assertEqual(contact.type, kind)
                savepoint.rollback()

    def test_converted_contact_cannot_be_edited(self):
        contact = self.new_contact()
        self.imported()
        with self.assertRaises(UserError):
            contact.with_user(self.clerk).phone = "1"

    def test_archived_contact_is_converted_and_archived_again(self):
        contact = self.new_contact(active=False)
        self.assertEqual(self.imported(), contact)
        self.assertTrue(contact.active)
        remove_contacts(self.mapping)
        self.assertFalse(contact.active)

    def test_contact_of_another_customer_is_not_converted(self):
        other = self.new_customer("Other")
        contact = self.new_contact(parent_id=other.id)
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertFalse(contact.is_connectwise_contact)

    def test_colleague_with_a_user_is_not_converted(self):
        self.clerk.partner_id.write(
            {"parent_id": self.customer.id, "email": "emma@acme.example.com"}
        )
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertFalse(self.clerk.partner_id.is_connectwise_contact)

    def test_contact_that_moves_to_an_address_of_accounting_is_removed(self):
        contact = self.imported()
        existing = self.new_contact(type="invoice", email="ap@acme.example.com")
        self.acme.contact_email = "AP@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "removed")
        self.assertFalse(contact.exists())
        self.assertEqual(self.all_contacts(), existing)
        self.assertIn("invoice address", self.mapping.contact_message)

    def test_contact_that_moves_to_an_address_entered_by_hand_converts_that_one(self):
        self.imported()
        by_hand = self.new_contact(email="ap@acme.example.com")
        self.acme.contact_email = "ap@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "converted")
        self.assertEqual(self.all_contacts(), by_hand)

    def test_converted_contact_keeps_a_phone_that_connectwise_lacks(self):
        contact = self.new_contact(phone="5")
        self.acme.contact_phone = False
        self.imported()
        self.assertEqual(contact.phone, "5")
        self.assertEqual(import_contact(self.mapping), "unchanged")

    def test_converted_contact_is_restored_exactly(self):
        self.customer.write({"street": "1 Main St", "city": "Austin"})
        for values in (
            {"type": "contact", "function": "Boss", "phone": False},
            {"type": "delivery", "street": "2 Dock Rd", "phone": "5"},
            {"type": "other", "name": False},
        ):
            with self.subTest(values), self.cr.savepoint() as savepoint:
                contact = self.new_contact(**values)
                names = ["name", "email", "phone", "function", "type", "active"]
                names += ["street", "city", "country_id", "parent_id", "lang"]
                before = contact.read(names)
                self.imported()
                self.mapping.enable_contact()
                import_contact(self.mapping)
                remove_contacts(self.mapping)
                self.env.invalidate_all()
                self.assertEqual(contact.read(names), before)
                self.assertFalse(contact.is_connectwise_contact)
                self.assertFalse(contact.connectwise_enabled)
                self.assertFalse(self.mapping.bill_to_ids.before)
                savepoint.rollback()

    def test_postal_address_of_a_converted_contact_is_restored(self):
        """The address differs from the customer's."""
        contact = self.new_contact(street="9 Own Way")
        self.customer.street = "1 Main St"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET street = '9 Own Way' WHERE id = %s", [contact.id]
        )
        self.env.invalidate_all()
        self.imported()
        remove_contacts(self.mapping)
        self.assertEqual(contact.street, "9 Own Way")
        self.assertEqual(self.customer.street, "1 Main St")


@tagged("post_install", "-at_install")
class TestMerge(ContactCommon):
    def merge(self, *partners, into):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        ids = [partner.id for partner in partners]
        wizard._merge([*ids, into.id], into, extra_checks=False)

    def test_synced_contact_cannot_be_merged(self):
        """Whichever is the destination, the message says to disconnect first."""
        contact = self.imported()
        other = self.new_contact(email="x@example.com")
        with self.assertRaisesRegex(UserError, "Disconnect"):
            self.merge(contact, into=other)
        with self.assertRaisesRegex(UserError, "Disconnect"):
            self.merge(other, into=contact)

    def merge_automatically(self):
        """Merge all contacts with the same e-mail, as *Deduplicate Contacts* does."""
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {"group_by_email": True, "exclude_contact": True}
        )
        # Odoo commits after each group.
        with patch.object(self.env.cr, "commit", self.env.flush_all):
            wizard.action_start_automatic_process()
        return wizard

    def test_automatic_merge_goes_on_after_a_synced_contact(self):
        contact = self.imported()
        twin = self.new_contact(name="Emma D.", email=contact.email)
        pair = self.new_contact(email="zoe@x.com") + self.new_contact(email="zoe@x.com")
        wizard = self.merge_automatically()
        self.assertEqual(wizard.state, "finished")
        self.assertTrue(contact.exists() and twin.exists())
        self.assertEqual(len(pair.exists()), 1)

    def test_automatic_merge_leaves_out_only_the_synced_contact(self):
        """Two other contacts with the same address become one."""
        contact = self.imported()
        twins = self.new_contact(email=contact.email)
        twins |= self.new_contact(email=contact.email)
        wizard = self.merge_automatically()
        self.assertTrue(contact.exists())
        self.assertEqual(len(twins.exists()), 1)
        self.assertEqual(wizard.connectwise_skipped, 1)

    def test_merged_customer_takes_over_a_row_that_was_set_aside(self):
        """A person still has to decide about it, and its contact stays until then."""
        contact = self.imported()
        set_aside(self.mapping.env, {self.acme.id: None})
        other = self.new_customer("Boulder Law")
        self.new_row(other)
        self.merge(self.customer, into=other)
        self.assertEqual(other.connectwise_mapping_ids, self.mapping)
        self.assertEqual(self.mapping.contact_id, contact)

    def test_merged_customer_keeps_its_mapping(self):
        """It also keeps one contact."""
        contact = self.imported()
        other = self.new_customer("Boulder Law")
        boulder = self.new_company(
            2, "Boulder Law", contact_email="b@boulder.example.com"
        )
        source = self.connect(other, boulder)
        import_contact(source)
        gone = source.contact_id
        self.merge(other, into=self.customer)
        self.assertFalse(source.exists())
        self.assertFalse(gone.exists())
        self.assertEqual(self.customer.connectwise_mapping_ids, self.mapping)
        self.assertEqual(self.mapping.connectwise_company_id, self.acme)
        self.assertEqual(self.all_contacts(), contact)

    def test_unconnected_destination_of_a_merge_gets_the_mapping(self):
        contact = self.imported()
        other = self.new_customer("Aardvark")
        empty = self.new_row(other)
        self.merge(self.customer, into=other)
        self.env.invalidate_all()
        self.assertFalse(empty.exists())
        self.assertEqual(self.mapping.partner_id, other)
        self.assertEqual(self.mapping.partner_name, "Aardvark")
        self.assertEqual(contact.parent_id, other)
        self.assertTrue(contact.is_connectwise_contact)

    def test_disconnected_destination_of_a_merge_stays_disconnected(self):
        """A merge does not undo the decision of a person."""
        other = self.new_customer("Other")
        excluded = self.new_row(other, disconnected=True)
        contact = self.imported()
        self.merge(self.customer, into=other)
        self.assertEqual(other.connectwise_mapping_ids, excluded)
        self.assertFalse(contact.exists())

    def test_merge_keeps_the_companies_that_either_customer_was_disconnected_from(self):
        other = self.new_customer("Other")
        boulder = self.new_company(4712, "Boulder Law")
        row = self.connect(other, boulder)
        row.action_disconnect()
        self.mapping.action_disconnect()
        self.merge(self.customer, into=other)
        self.assertEqual(row.disconnected_company_ids, self.acme + boulder)

    def test_merging_a_customer_away_restores_its_converted_contact(self):
        """A record that a person made is not deleted."""
        by_hand = self.new_contact(name="By hand")
        self.imported()
        other = self.new_customer("Other")
        boulder = self.new_company(2, "B", contact_email="b@boulder.example.com")
        self.connect(other, boulder)
        self.merge(self.customer, into=other)
        self.assertEqual(by_hand.name, "By hand")
        self.assertEqual(by_hand.parent_id, other)
        self.assertFalse(by_hand.is_connectwise_contact)

    def test_merged_invoices_are_judged_by_the_destination(self):
        """For a connected customer, an equal amount is no evidence."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.merge(self.partner_a, into=self.customer)
        self.assertEqual(move.commercial_partner_id, self.customer)
        self.assertEqual(move.connectwise_lookup_ids.verdict, "wrong_company")

    def test_ordinary_contacts_can_be_merged(self):
        one = self.new_contact(email="x@example.com")
        two = self.new_contact(email="y@example.com")
        self.merge(one, into=two)
        self.assertFalse(one.exists())

    def sign_up(self, **values):
        """Return a customer who wrote these values himself."""
        visitor = self.env.ref("base.public_user")
        partners = self.env["res.partner"].with_user(visitor).sudo()
        partner = partners.create({"name": "Acme", **values}).with_env(self.env)
        self.assertTrue(partner.connectwise_self_written)
        return partner

    def test_customer_who_signed_up_can_be_merged_into_a_genuine_one(self):
        """The genuine one keeps its own name, so nothing about it is in doubt."""
        self.merge(self.sign_up(), into=self.customer)
        self.assertEqual(self.customer.name, "Acme Dental")
        self.assertFalse(self.customer.connectwise_self_written)

    def test_reference_that_comes_from_a_customer_who_signed_up_is_in_doubt(self):
        self.merge(self.sign_up(ref="F-100"), into=self.customer)
        self.assertEqual(self.customer.ref, "F-100")
        self.assertTrue(self.customer.connectwise_self_written)

    def test_customer_who_signed_up_stays_in_doubt_as_the_destination_of_a_merge(self):
        customer = self.sign_up()
        self.merge(self.new_customer("Acme Dental"), into=customer)
        self.assertTrue(customer.connectwise_self_written)
