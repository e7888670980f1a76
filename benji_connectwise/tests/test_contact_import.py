"""Importing, taking over and removing the Bill-To contact."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tests.common import RecordCapturer
from odoo.tools import mute_logger

from ..tools.bill_to_import import import_contacts
from ..tools.bill_to_removal import remove_contacts
from ..tools.connecting import link
from .contact_common import ContactCommon, import_contact


@tagged("post_install", "-at_install")
class TestImport(ContactCommon):
    def test_bill_to_contact_arrives_as_child(self):
        """A child of the customer with marker and ConnectWise's id."""
        self.assertEqual(import_contact(self.mapping), "created")
        contact = self.mapping.contact_id
        self.assertRecordValues(
            contact,
            [
                {
                    "name": "Emma Diaz",
                    "email": "emma@acme.example.com",
                    "phone": "+1 512 555 0100",
                    "function": "Controller",
                    "parent_id": self.customer.id,
                    "is_connectwise_contact": True,
                    "connectwise_contact_ref": self.acme.contact_ref,
                    "is_company": False,
                }
            ],
        )
        self.assertEqual(self.mapping.contact_origin, "created")

    def test_only_one_contact(self):
        """Importing again brings no second one."""
        contact = self.imported()
        import_contact(self.mapping)
        self.assertEqual(self.all_contacts(), contact)

    def test_unchanged_data_write_nothing(self):
        """The second import issues no UPDATE, and leaves Last Updated."""
        contact = self.imported()
        self.mapping.last_updated = "2026-01-01 00:00:00"
        self.env.flush_all()
        with RecordCapturer(self.env["mail.message"]) as messages:
            self.assertEqual(import_contact(self.mapping), "unchanged")
            self.env.flush_all()
        self.assertFalse(messages.records)
        self.assertEqual(str(self.mapping.last_updated), "2026-01-01 00:00:00")
        self.assertEqual(self.mapping.contact_id, contact)

    def test_unchanged_rows_cost_few_queries(self):
        """Hundreds of unchanged rows cost a fixed number of queries."""
        mappings = self.mapping
        for number in range(20):
            company = self.new_company(
                number, f"C{number}", contact_email=f"c{number}@example.com"
            )
            mappings |= self.connect(self.new_customer(f"C{number}"), company)
        import_contacts(mappings)
        self.env.flush_all()
        self.env.invalidate_all()
        few = mappings[:5]
        import_contacts(few)
        start = self.cr.sql_log_count
        self.env.invalidate_all()
        import_contacts(few)
        cost = self.cr.sql_log_count - start
        self.env.invalidate_all()
        with self.assertQueryCount(cost):
            import_contacts(mappings)

    def test_updated_data_arrive(self):
        """Changed data in ConnectWise change the contact, on the same record."""
        contact = self.imported()
        self.acme.contact_phone = "+1 512 555 0199"
        self.assertEqual(import_contact(self.mapping), "updated")
        self.assertEqual(contact.phone, "+1 512 555 0199")
        self.assertEqual(self.mapping.contact_id, contact)

    def test_nothing_without_contact(self):
        """No Bill-To contact, nothing imported, and the row says so."""
        self.acme.write({"contact_ref": 0, "contact_name": False})
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertFalse(self.all_contacts())
        self.assertIn("No Bill-To contact", self.mapping.contact_message)

    def test_inactive_contact_is_called_inactive(self):
        """In ConnectWise it is there, and switched off."""
        self.acme.write({"contact_ref": 0, "contact_asked_ref": 4811})
        import_contact(self.mapping)
        self.assertIn("Emma Diaz is inactive", self.mapping.message)

    def test_contact_with_any_login_is_left_alone(self):
        """ConnectWise must not decide where a password reset goes."""
        contact = self.new_contact()
        user = new_test_user(
            self.env, "emma", "base.group_portal", partner_id=contact.id
        )
        contact.email = "emma@acme.example.com"
        for is_active in (True, False):
            user.active = is_active
            with self.subTest(active=is_active):
                self.assertEqual(import_contact(self.mapping), "none")
                self.assertFalse(contact.is_connectwise_contact)
                self.assertIn("can log in to Odoo", self.mapping.message)

    def test_synced_contact_that_got_a_login_is_not_rewritten(self):
        """Not after a person gave it access to the portal either."""
        contact = self.imported()
        own = {"name": contact.name, "email": contact.email, "partner_id": contact.id}
        new_test_user(self.env, "emma", "base.group_portal", **own)
        self.acme.contact_email = "mallory@evil.example.com"
        import_contact(self.mapping)
        self.assertEqual(contact.email, "emma@acme.example.com")
        self.assertIn("can log in to Odoo", self.mapping.message)

    def test_nothing_without_email(self):
        """No e-mail, or one that is no address, counts as none."""
        for email in (False, " ", "by phone only"):
            self.acme.contact_email = email
            self.assertEqual(import_contact(self.mapping), "none")
            self.assertIn("Emma Diaz", self.mapping.contact_message)
        self.assertFalse(self.all_contacts())

    def test_lost_email_removes_contact(self):
        """A contact that lost its e-mail goes."""
        contact = self.imported()
        self.acme.contact_email = False
        self.assertEqual(import_contact(self.mapping), "removed")
        self.assertFalse(contact.exists())
        self.assertTrue(self.mapping.contact_message)

    def test_replaced_contact(self):
        """Another Bill-To contact: the old one goes, the new one comes."""
        old = self.imported()
        self.acme.write(
            {
                "contact_ref": 99,
                "contact_name": "Joe",
                "contact_email": "joe@acme.example.com",
            }
        )
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertFalse(old.exists())
        self.assertEqual(self.all_contacts(), self.mapping.contact_id)
        self.assertEqual(self.mapping.contact_id.connectwise_contact_ref, 99)

    def test_replaced_by_one_with_the_same_address(self):
        """A contact taken over stays the same record at its address."""
        contact = self.new_contact(name="By hand")
        self.imported()
        self.acme.write({"contact_ref": 99, "contact_name": "Joe"})
        self.assertEqual(import_contact(self.mapping), "converted")
        self.assertEqual(self.all_contacts(), contact)
        self.assertEqual(contact.name, "Joe")
        self.assertEqual(self.mapping.bill_to_ids.before["name"], "By hand")

    def test_two_customers_have_one_each(self):
        """Shared records: the same Bill-To contact, one synced contact per customer."""
        other = self.new_customer("Acme East")
        mapping = self.connect(other, self.acme)
        import_contacts(self.mapping | mapping)
        self.assertEqual(len(self.all_contacts()), 1)
        self.assertEqual(len(self.all_contacts(other)), 1)
        self.assertNotEqual(self.mapping.contact_id, mapping.contact_id)

    def test_gone_company_leaves_contact(self):
        """Gone there: the contact stays as it is until a person decides."""
        contact = self.imported()
        self.acme.write({"is_deleted": True, "contact_email": False})
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertEqual(contact.email, "emma@acme.example.com")

    def test_own_address_of_a_converted_contact_stays_its_own(self):
        """As long as Odoo leaves it alone, by its type."""
        contact = self.new_contact(type="delivery", street="2 Dock Rd")
        self.imported()
        self.customer.street = "1 Main St"
        self.assertEqual(contact.street, "2 Dock Rd")

    def test_address_is_the_customers(self):
        """The contact has its customer's address, and gives it nothing."""
        self.customer.write({"street": "1 Main St", "city": "Austin"})
        contact = self.imported()
        self.assertEqual(contact.street, "1 Main St")
        self.customer.with_user(self.clerk).write({"street": "2 Main St"})
        self.assertEqual(contact.street, "2 Main St")

    def test_contact_follows_customer_into_company(self):
        """What Odoo syncs from the parent keeps working: the company."""
        contact = self.imported()
        self.customer.company_id = self.company
        self.assertEqual(contact.company_id, self.company)
        self.customer.company_id = False
        self.assertFalse(contact.company_id)

    def test_what_odoo_refuses_is_said_on_the_row(self):
        """One contact that cannot be written stops nobody else's."""
        other = self.connect(self.new_customer("B"), self.new_company(2, "B"))
        self.env.cr.execute(
            "ALTER TABLE res_partner ADD CONSTRAINT no_emma"
            " CHECK (name != 'Nobody') NOT VALID"
        )
        self.acme.contact_name = "Nobody"
        with mute_logger("odoo.sql_db"):
            outcomes = import_contacts(self.mapping | other)
        self.assertEqual(outcomes[self.mapping], "none")
        self.assertEqual(outcomes[other], "created")
        self.assertIn("Could not be imported", self.mapping.contact_message)

    def test_no_portal_user(self):
        """Importing and enabling create no user."""
        contact = self.imported()
        self.mapping.enable_contact()
        self.assertFalse(contact.user_ids)

    def test_context_of_the_person_makes_no_customer(self):
        """Defaults of the list a person came from say nothing about the contact."""
        mapping = self.mapping.with_context(
            default_is_company=True,
            default_customer_rank=1,
            res_partner_search_mode="customer",
        )
        import_contact(mapping)
        self.assertFalse(self.mapping.contact_id.is_company)
        self.assertFalse(self.mapping.contact_id.customer_rank)

    def test_per_company(self):
        """A shared customer has one synced contact per connection."""
        other_company = self.setup_other_company(name="company_2")["company"]
        backend = self.backend.copy(
            {"company_id": other_company.id, "server_url": self.sandbox.url}
        )
        company = self.new_company(5, "Acme elsewhere", backend=backend)
        mapping = self.connect(self.customer, company)
        self.imported()
        self.assertEqual(import_contact(mapping), "created")
        self.assertNotEqual(mapping.contact_id, self.mapping.contact_id)


@tagged("post_install", "-at_install")
class TestEnteredBefore(ContactCommon):
    """What Odoo had before is from accounting, or entered by hand."""

    def test_customers_own_email(self):
        """The customer's own address is not imported again."""
        self.customer.email = " EMMA@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertFalse(self.all_contacts())
        self.assertIn("own e-mail", self.mapping.contact_message)

    def test_invoice_address(self):
        """An invoice address stays what it was, and is the only one."""
        contact = self.new_contact(type="invoice")
        before = contact.read()
        self.assertEqual(import_contact(self.mapping), "none")
        self.env.invalidate_all()
        self.assertEqual(contact.read(), before)
        self.assertEqual(self.all_contacts(), contact)
        self.assertIn("invoice address", self.mapping.contact_message)

    def test_archived_invoice_address_is_not_in_use(self):
        """An archived invoice address reaches nobody, so the contact comes."""
        archived = self.new_contact(type="invoice", active=False)
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertFalse(archived.active)

    def test_entered_by_hand_is_converted(self):
        """The same record becomes the synced one."""
        for kind in ("contact", "delivery", "other"):
            with self.subTest(kind), self.cr.savepoint() as savepoint:
                contact = self.new_contact(type=kind)
                self.assertEqual(import_contact(self.mapping), "converted")
                self.assertEqual(self.all_contacts(), contact)
                self.assertTrue(contact.is_connectwise_contact)
                self.assertEqual(contact.name, "Emma Diaz")
                self.assertEqual(contact.type, kind)
                savepoint.rollback()

    def test_converted_is_not_editable(self):
        """From then on it is ConnectWise's."""
        contact = self.new_contact()
        self.imported()
        with self.assertRaises(UserError):
            contact.with_user(self.clerk).phone = "1"

    def test_archived_one_is_converted(self):
        """An archived one of that address comes back, and goes back."""
        contact = self.new_contact(active=False)
        self.assertEqual(self.imported(), contact)
        self.assertTrue(contact.active)
        remove_contacts(self.mapping)
        self.assertFalse(contact.active)

    def test_contact_of_another_customer(self):
        """Looks at this customer's contacts alone."""
        other = self.new_customer("Other")
        contact = self.new_contact(parent_id=other.id)
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertFalse(contact.is_connectwise_contact)

    def test_user_of_odoo_is_left_alone(self):
        """A colleague's own contact is nobody's Bill-To contact."""
        self.clerk.partner_id.write(
            {"parent_id": self.customer.id, "email": "emma@acme.example.com"}
        )
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertFalse(self.clerk.partner_id.is_connectwise_contact)

    def test_moves_to_an_address_that_accounting_has(self):
        """Also when its e-mail becomes one that Odoo has already."""
        contact = self.imported()
        existing = self.new_contact(type="invoice", email="ap@acme.example.com")
        self.acme.contact_email = "AP@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "removed")
        self.assertFalse(contact.exists())
        self.assertEqual(self.all_contacts(), existing)
        self.assertIn("invoice address", self.mapping.contact_message)

    def test_moves_to_an_address_entered_by_hand(self):
        """Also when its e-mail becomes that of a contact entered by hand."""
        self.imported()
        by_hand = self.new_contact(email="ap@acme.example.com")
        self.acme.contact_email = "ap@acme.example.com"
        self.assertEqual(import_contact(self.mapping), "converted")
        self.assertEqual(self.all_contacts(), by_hand)

    def test_what_connectwise_lacks_is_not_emptied(self):
        """A phone that a person entered stays where ConnectWise has none."""
        contact = self.new_contact(phone="5")
        self.acme.contact_phone = False
        self.imported()
        self.assertEqual(contact.phone, "5")
        self.assertEqual(import_contact(self.mapping), "unchanged")

    def test_restored_exactly(self):
        """A converted contact gets back what it had."""
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

    def test_own_address_of_a_contact_is_restored(self):
        """Even an address that differs from the customer's."""
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

    def test_synced_contact_is_not_merged_away(self):
        """The message says to disconnect first; in either direction."""
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

    def test_merging_automatically_goes_on_after_a_synced_contact(self):
        contact = self.imported()
        twin = self.new_contact(name="Emma D.", email=contact.email)
        pair = self.new_contact(email="zoe@x.com") + self.new_contact(email="zoe@x.com")
        wizard = self.merge_automatically()
        self.assertEqual(wizard.state, "finished")
        self.assertTrue(contact.exists() and twin.exists())
        self.assertEqual(len(pair.exists()), 1)

    def test_merging_automatically_leaves_out_the_synced_contact_alone(self):
        """Two others of the same address are one thereafter."""
        contact = self.imported()
        twins = self.new_contact(email=contact.email)
        twins |= self.new_contact(email=contact.email)
        wizard = self.merge_automatically()
        self.assertTrue(contact.exists())
        self.assertEqual(len(twins.exists()), 1)
        self.assertEqual(wizard.connectwise_skipped, 1)

    def test_destination_keeps_its_mapping(self):
        """Merging two customers keeps the destination's mapping, and one contact."""
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

    def test_unconnected_destination_gets_the_mapping(self):
        """What the source was connected with is not lost."""
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

    def test_disconnected_destination_stays_disconnected(self):
        """Merging does not undo what a person decided."""
        other = self.new_customer("Other")
        excluded = self.new_row(other, disconnected=True)
        contact = self.imported()
        self.merge(self.customer, into=other)
        self.assertEqual(other.connectwise_mapping_ids, excluded)
        self.assertFalse(contact.exists())

    def test_taken_over_contact_of_the_source_is_given_back(self):
        """Merging its customer away deletes no record of a person."""
        by_hand = self.new_contact(name="By hand")
        self.imported()
        other = self.new_customer("Other")
        boulder = self.new_company(2, "B", contact_email="b@boulder.example.com")
        self.connect(other, boulder)
        self.merge(self.customer, into=other)
        self.assertEqual(by_hand.name, "By hand")
        self.assertEqual(by_hand.parent_id, other)
        self.assertFalse(by_hand.is_connectwise_contact)

    def test_invoices_are_judged_by_the_customer_they_come_to(self):
        """An amount that agrees is no evidence for a connected customer."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.merge(self.partner_a, into=self.customer)
        self.assertEqual(move.commercial_partner_id, self.customer)
        self.assertEqual(move.connectwise_lookup_ids.verdict, "wrong_company")

    def test_ordinary_contacts_merge(self):
        """Merging is otherwise as before."""
        one = self.new_contact(email="x@example.com")
        two = self.new_contact(email="y@example.com")
        self.merge(one, into=two)
        self.assertFalse(one.exists())


@tagged("post_install", "-at_install")
class TestRemoval(ContactCommon):
    def test_disconnecting_removes(self):
        """Contact and address vanish from the customer."""
        contact = self.imported()
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(contact.exists())
        self.assertFalse(self.all_contacts())
        self.assertFalse(self.mapping.contact_id)
        self.assertFalse(self.mapping.contact_origin)

    def test_history_is_kept(self):
        """A contact that a message went to is archived, without address."""
        contact = self.imported()
        message = self.customer.message_post(
            body="Your invoice", partner_ids=contact.ids
        )
        remove_contacts(self.mapping)
        self.assertRecordValues(
            contact,
            [
                {
                    "name": "Emma Diaz",
                    "email": False,
                    "phone": False,
                    "active": False,
                    "is_connectwise_contact": False,
                    "connectwise_enabled": False,
                }
            ],
        )
        partners = message.with_context(active_test=False).partner_ids
        self.assertEqual(partners, contact)
        self.assertFalse(self.customer.child_ids)

    def test_invoice_is_kept(self):
        """So is one that an invoice is addressed to."""
        contact = self.imported()
        move = self.invoice(partner_id=contact.id)
        remove_contacts(self.mapping)
        self.assertEqual(move.partner_id, contact)
        self.assertFalse(contact.active)

    def test_note_on_the_contact_is_kept(self):
        """A note in its own chatter is history too."""
        contact = self.imported()
        note = contact.message_post(body="Called her")
        remove_contacts(self.mapping)
        self.assertTrue(note.exists())
        self.assertFalse(contact.active)

    def test_archived_one_is_no_longer_guarded(self):
        """What is left belongs to the people here."""
        contact = self.imported()
        contact.message_post(body="Called her")
        remove_contacts(self.mapping)
        contact.with_user(self.clerk).write({"active": True, "email": "new@b.co"})
        self.assertEqual(contact.email, "new@b.co")

    def test_contact_of_a_user(self):
        """Somebody gave it access to the portal: removing does not fail."""
        contact = self.imported()
        self.env["res.users"].create(
            {
                "login": "emma",
                "partner_id": contact.id,
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
            }
        )
        remove_contacts(self.mapping)
        self.assertFalse(contact.email)
        self.assertFalse(contact.is_connectwise_contact)

    def test_others_are_untouched(self):
        """Accounting's and people's contacts stay."""
        others = self.new_contact(email="x@example.com")
        others |= self.new_contact(email="y@example.com", type="invoice")
        before = others.read(["name", "email", "type", "active"])
        self.imported()
        remove_contacts(self.mapping)
        self.env.invalidate_all()
        self.assertEqual(others.read(["name", "email", "type", "active"]), before)

    def test_mapped_again(self):
        """Connecting later imports it cleanly."""
        contact = self.imported()
        contact.message_post(body="Called her")
        self.mapping.with_user(self.administrator).action_disconnect()
        link(self.mapping.env, [(self.mapping.id, self.acme.id, "manual")])
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertEqual(self.customer.child_ids, self.mapping.contact_id)

    def test_deleting_the_row_removes(self):
        """A row that goes takes its contact along."""
        contact = self.imported()
        self.mapping.unlink()
        self.assertFalse(contact.exists())

    def test_deleting_the_connection_removes(self):
        """No contact stays behind that nobody can edit."""
        contact = self.imported()
        other = self.new_customer("Other")
        by_hand = self.new_contact(parent_id=other.id, name="By hand")
        import_contact(self.connect(other, self.acme))
        self.assertTrue(by_hand.is_connectwise_contact)
        self.backend.with_user(self.administrator).unlink()
        self.assertFalse(contact.exists())
        self.assertEqual(by_hand.name, "By hand")
        self.assertFalse(by_hand.is_connectwise_contact)

    def test_paused_keeps(self):
        """Switched off, contacts stay and say that they are paused."""
        contact = self.imported()
        self.backend.sync_contacts = False
        self.assertTrue(self.mapping.sync_paused)
        self.assertTrue(contact.is_connectwise_contact)
        self.mapping.with_user(self.administrator).enable_contact()
        self.assertTrue(contact.connectwise_enabled)

    def test_paused_is_said_on_the_contact(self):
        """To whoever opens it."""
        contact = self.imported()
        self.backend.sync_contacts = False
        message = contact.with_user(self.clerk).connectwise_contact_message
        self.assertIn("Sync paused", message)

    def test_not_paused_says_nothing_on_the_contact(self):
        self.assertFalse(self.imported().connectwise_contact_message)

    def test_removing_imported_contacts_removes_them(self):
        contact = self.imported()
        self.backend.sync_contacts = False
        self.backend.with_user(self.administrator).action_remove_imported_contacts()
        self.assertFalse(contact.exists())
        self.assertFalse(self.mapping.contact_id)

    def test_removing_imported_contacts_gives_converted_ones_back(self):
        contact = self.new_contact()
        self.imported()
        self.backend.sync_contacts = False
        self.backend.with_user(self.administrator).action_remove_imported_contacts()
        self.assertFalse(contact.is_connectwise_contact)
        self.assertEqual(contact.name, "Emma")

    def test_row_tells_what_happened(self):
        """Every change is in the row's chatter, with who did it."""
        self.imported()
        self.mapping.with_user(self.administrator).enable_contact()
        message = self.mapping.message_ids[0]
        self.assertIn("Enabled", message.body)
        self.assertEqual(message.author_id, self.administrator.partner_id)
