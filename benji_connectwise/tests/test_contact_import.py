"""How the Bill-To contact is imported, converted and removed."""

from odoo.tests import new_test_user, tagged
from odoo.tests.common import RecordCapturer
from odoo.tools import mute_logger

from ..tools.mapping.bill_to_import import import_contacts
from .contact_common import ContactCommon, import_contact


@tagged("post_install", "-at_install")
class TestImport(ContactCommon):
    def test_bill_to_contact_arrives_as_child_of_the_customer(self):
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

    def test_second_import_brings_no_second_contact(self):
        contact = self.imported()
        import_contact(self.mapping)
        self.assertEqual(self.all_contacts(), contact)

    def test_unchanged_contact_writes_nothing(self):
        """The second import issues no UPDATE and leaves Last Updated alone."""
        contact = self.imported()
        self.mapping.last_updated = "2026-01-01 00:00:00"
        self.env.flush_all()
        with RecordCapturer(self.env["mail.message"]) as messages:
            self.assertEqual(import_contact(self.mapping), "unchanged")
            self.env.flush_all()
        self.assertFalse(messages.records)
        self.assertEqual(str(self.mapping.last_updated), "2026-01-01 00:00:00")
        self.assertEqual(self.mapping.contact_id, contact)

    def test_unchanged_rows_cost_a_fixed_number_of_queries(self):
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

    def test_changed_contact_is_updated_on_the_same_record(self):
        contact = self.imported()
        self.acme.contact_phone = "+1 512 555 0199"
        self.assertEqual(import_contact(self.mapping), "updated")
        self.assertEqual(contact.phone, "+1 512 555 0199")
        self.assertEqual(self.mapping.contact_id, contact)

    def test_company_without_contact_imports_nothing_and_says_so(self):
        self.acme.write({"contact_ref": 0, "contact_name": False})
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertFalse(self.all_contacts())
        self.assertIn("No Bill-To contact", self.mapping.contact_message)

    def test_inactive_contact_is_called_inactive(self):
        """It exists in ConnectWise, and is switched off there."""
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
        """A person gave it access to the portal after it was imported."""
        contact = self.imported()
        own = {"name": contact.name, "email": contact.email, "partner_id": contact.id}
        new_test_user(self.env, "emma", "base.group_portal", **own)
        self.acme.contact_email = "mallory@evil.example.com"
        import_contact(self.mapping)
        self.assertEqual(contact.email, "emma@acme.example.com")
        self.assertIn("can log in to Odoo", self.mapping.message)

    def test_contact_without_a_valid_email_is_not_imported(self):
        for email in (False, " ", "by phone only"):
            self.acme.contact_email = email
            self.assertEqual(import_contact(self.mapping), "none")
            self.assertIn("Emma Diaz", self.mapping.contact_message)
        self.assertFalse(self.all_contacts())

    def test_contact_that_loses_its_email_is_removed(self):
        contact = self.imported()
        self.acme.contact_email = False
        self.assertEqual(import_contact(self.mapping), "removed")
        self.assertFalse(contact.exists())
        self.assertTrue(self.mapping.contact_message)

    def test_new_bill_to_contact_replaces_the_old_one(self):
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

    def test_converted_contact_stays_if_its_successor_has_the_same_address(self):
        contact = self.new_contact(name="By hand")
        self.imported()
        self.acme.write({"contact_ref": 99, "contact_name": "Joe"})
        self.assertEqual(import_contact(self.mapping), "converted")
        self.assertEqual(self.all_contacts(), contact)
        self.assertEqual(contact.name, "Joe")
        self.assertEqual(self.mapping.bill_to_ids.before["name"], "By hand")

    def test_customers_that_share_a_company_have_one_contact_each(self):
        other = self.new_customer("Acme East")
        mapping = self.connect(other, self.acme)
        import_contacts(self.mapping | mapping)
        self.assertEqual(len(self.all_contacts()), 1)
        self.assertEqual(len(self.all_contacts(other)), 1)
        self.assertNotEqual(self.mapping.contact_id, mapping.contact_id)

    def test_contact_of_a_deleted_company_is_kept(self):
        """A person decides about it."""
        contact = self.imported()
        self.acme.write({"is_deleted": True, "contact_email": False})
        self.assertEqual(import_contact(self.mapping), "unchanged")
        self.assertEqual(contact.email, "emma@acme.example.com")

    def test_converted_contact_keeps_its_postal_address(self):
        """Odoo does not copy the customer's address to contacts of its type."""
        contact = self.new_contact(type="delivery", street="2 Dock Rd")
        self.imported()
        self.customer.street = "1 Main St"
        self.assertEqual(contact.street, "2 Dock Rd")

    def test_imported_contact_has_its_customers_address(self):
        """It never passes an address on to the customer."""
        self.customer.write({"street": "1 Main St", "city": "Austin"})
        contact = self.imported()
        self.assertEqual(contact.street, "1 Main St")
        self.customer.with_user(self.clerk).write({"street": "2 Main St"})
        self.assertEqual(contact.street, "2 Main St")

    def test_contact_follows_its_customer_into_another_odoo_company(self):
        """Odoo hands the company down from the parent."""
        contact = self.imported()
        self.customer.company_id = self.company
        self.assertEqual(contact.company_id, self.company)
        self.customer.company_id = False
        self.assertFalse(contact.company_id)

    def test_row_says_that_odoo_refused_its_contact(self):
        """The contacts of other rows are imported."""
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

    def test_importing_and_enabling_create_no_user(self):
        contact = self.imported()
        self.mapping.enable_contact()
        self.assertFalse(contact.user_ids)

    def test_default_values_in_the_context_do_not_change_the_contact(self):
        """Those of the list that a person came from would make it a customer."""
        mapping = self.mapping.with_context(
            default_is_company=True,
            default_customer_rank=1,
            res_partner_search_mode="customer",
        )
        import_contact(mapping)
        self.assertFalse(self.mapping.contact_id.is_company)
        self.assertFalse(self.mapping.contact_id.customer_rank)

    def test_shared_customer_has_one_contact_per_connection(self):
        other_company = self.new_odoo_company()
        backend = self.backend.copy(
            {"company_id": other_company.id, "server_url": self.sandbox.url}
        )
        company = self.new_company(5, "Acme elsewhere", backend=backend)
        mapping = self.connect(self.customer, company)
        self.imported()
        self.assertEqual(import_contact(mapping), "created")
        self.assertNotEqual(mapping.contact_id, self.mapping.contact_id)
