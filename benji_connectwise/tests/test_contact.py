"""The one Bill-To contact: imported, protected, enabled and taken away (S101–S121)."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tests.common import RecordCapturer
from odoo.tools import mute_logger

from .common import ConnectwiseCommon


class ContactCommon(ConnectwiseCommon):
    """One customer, connected with a ConnectWise company that has a Bill-To contact."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.customer = cls.new_customer("Acme Dental")
        cls.acme = cls.new_company(4711, "Acme Dental LLC")
        cls.mapping = cls.connect(cls.customer, cls.acme)
        # Whoever may edit contacts, and nothing of Invoicing.
        cls.clerk = new_test_user(
            cls.env,
            "connectwise_clerk",
            groups="base.group_user,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    @classmethod
    def new_customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, "customer_rank": 1, **values}
        )

    @classmethod
    def new_company(cls, ref, name, backend=None, **values):
        return (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": (backend or cls.backend).id,
                    "connectwise_ref": ref,
                    "name": name,
                    "contact_ref": 100 + ref,
                    "contact_name": "Emma Diaz",
                    "contact_email": "emma@acme.example.com",
                    "contact_phone": "+1 512 555 0100",
                    "contact_function": "Controller",
                    **values,
                }
            )
        )

    @classmethod
    def connect(cls, customer, company):
        mapping = cls.new_row(customer, backend=company.backend_id)
        mapping._link([(mapping.id, company.id, "manual")])
        return mapping

    @classmethod
    def new_row(cls, customer, backend=None, **values):
        return (
            cls.env["connectwise.mapping"]
            .sudo()
            .create(
                {
                    "backend_id": (backend or cls.backend).id,
                    "partner_id": customer.id,
                    **values,
                }
            )
        )

    @classmethod
    def new_contact(cls, **values):
        return cls.env["res.partner"].create(
            {
                "name": "Emma",
                "email": "Emma@Acme.example.com ",
                "parent_id": cls.customer.id,
                **values,
            }
        )

    def imported(self):
        self.mapping._import_contact()
        return self.mapping.contact_id

    def all_contacts(self, customer=None):
        customer = customer or self.customer
        return customer.with_context(active_test=False).child_ids

    def default_recipients(self, move, user=None):
        user = user or self.accountant
        send = self.env["account.move.send"].with_user(user)
        template = move._get_mail_template()
        return send._get_default_mail_partner_ids(
            move.with_user(user), template.with_user(user), "en_US"
        )


@tagged("post_install", "-at_install")
class TestImport(ContactCommon):
    def test_bill_to_contact_arrives_as_child(self):
        """S105: a child of the customer with marker and ConnectWise's id."""
        self.assertEqual(self.mapping._import_contact(), "created")
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
        """S101: importing again brings no second one."""
        contact = self.imported()
        self.mapping._import_contact()
        self.assertEqual(self.all_contacts(), contact)

    def test_unchanged_data_write_nothing(self):
        """S87: the second import issues no UPDATE, and leaves Last Updated."""
        contact = self.imported()
        self.mapping.last_updated = "2026-01-01 00:00:00"
        self.env.flush_all()
        with RecordCapturer(self.env["mail.message"]) as messages:
            self.assertEqual(self.mapping._import_contact(), "unchanged")
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
        mappings._import_contacts()
        self.env.flush_all()
        self.env.invalidate_all()
        few = mappings[:5]
        few._import_contacts()
        start = self.cr.sql_log_count
        self.env.invalidate_all()
        few._import_contacts()
        cost = self.cr.sql_log_count - start
        self.env.invalidate_all()
        with self.assertQueryCount(cost):
            mappings._import_contacts()

    def test_updated_data_arrive(self):
        """S72: changed data in ConnectWise change the contact, on the same record."""
        contact = self.imported()
        self.acme.contact_phone = "+1 512 555 0199"
        self.assertEqual(self.mapping._import_contact(), "updated")
        self.assertEqual(contact.phone, "+1 512 555 0199")
        self.assertEqual(self.mapping.contact_id, contact)

    def test_nothing_without_contact(self):
        """S103: no Bill-To contact, nothing imported, and the row says so."""
        self.acme.write({"contact_ref": 0, "contact_email": False})
        self.assertEqual(self.mapping._import_contact(), "none")
        self.assertFalse(self.all_contacts())
        self.assertIn("No Bill-To contact", self.mapping.contact_message)

    def test_nothing_without_email(self):
        """S103: no e-mail, or one that is no address, counts as none."""
        for email in (False, " ", "by phone only"):
            self.acme.contact_email = email
            self.assertEqual(self.mapping._import_contact(), "none")
            self.assertIn("Emma Diaz", self.mapping.contact_message)
        self.assertFalse(self.all_contacts())

    def test_lost_email_removes_contact(self):
        """S103: a contact that lost its e-mail goes."""
        contact = self.imported()
        self.acme.contact_email = False
        self.assertEqual(self.mapping._import_contact(), "removed")
        self.assertFalse(contact.exists())
        self.assertTrue(self.mapping.contact_message)

    def test_replaced_contact(self):
        """S104: another Bill-To contact: the old one goes, the new one comes."""
        old = self.imported()
        self.acme.write(
            {
                "contact_ref": 99,
                "contact_name": "Joe",
                "contact_email": "joe@acme.example.com",
            }
        )
        self.assertEqual(self.mapping._import_contact(), "created")
        self.assertFalse(old.exists())
        self.assertEqual(self.all_contacts(), self.mapping.contact_id)
        self.assertEqual(self.mapping.contact_id.connectwise_contact_ref, 99)

    def test_replaced_by_one_with_the_same_address(self):
        """S104, S120: a contact taken over stays the same record at its address."""
        contact = self.new_contact(name="By hand")
        self.imported()
        self.acme.write({"contact_ref": 99, "contact_name": "Joe"})
        self.assertEqual(self.mapping._import_contact(), "converted")
        self.assertEqual(self.all_contacts(), contact)
        self.assertEqual(contact.name, "Joe")
        self.assertEqual(self.mapping.contact_before["name"], "By hand")

    def test_two_customers_have_one_each(self):
        """Shared records: the same Bill-To contact, one synced contact per customer."""
        other = self.new_customer("Acme East")
        mapping = self.connect(other, self.acme)
        (self.mapping | mapping)._import_contacts()
        self.assertEqual(len(self.all_contacts()), 1)
        self.assertEqual(len(self.all_contacts(other)), 1)
        self.assertNotEqual(self.mapping.contact_id, mapping.contact_id)

    def test_gone_company_leaves_contact(self):
        """Gone there: the contact stays as it is until a person decides."""
        contact = self.imported()
        self.acme.write({"is_deleted": True, "contact_email": False})
        self.assertEqual(self.mapping._import_contact(), "unchanged")
        self.assertEqual(contact.email, "emma@acme.example.com")

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
            outcomes = (self.mapping | other)._import_contacts()
        self.assertEqual(outcomes[self.mapping], "none")
        self.assertEqual(outcomes[other], "created")
        self.assertIn("Could not be imported", self.mapping.contact_message)

    def test_no_portal_user(self):
        """D12: importing and enabling create no user."""
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
        mapping._import_contact()
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
        self.assertEqual(mapping._import_contact(), "created")
        self.assertNotEqual(mapping.contact_id, self.mapping.contact_id)


@tagged("post_install", "-at_install")
class TestEnteredBefore(ContactCommon):
    """S114 D6: what Odoo had before is from accounting, or entered by hand."""

    def test_customers_own_email(self):
        """S109, D6: the customer's own address is not imported again."""
        self.customer.email = " EMMA@acme.example.com"
        self.assertEqual(self.mapping._import_contact(), "none")
        self.assertFalse(self.all_contacts())
        self.assertIn("own e-mail", self.mapping.contact_message)

    def test_invoice_address(self):
        """S109, S110, D6: an invoice address stays what it was, and is the only one."""
        contact = self.new_contact(type="invoice")
        before = contact.read()
        self.assertEqual(self.mapping._import_contact(), "none")
        self.env.invalidate_all()
        self.assertEqual(contact.read(), before)
        self.assertEqual(self.all_contacts(), contact)
        self.assertIn("invoice address", self.mapping.contact_message)

    def test_archived_invoice_address_is_not_in_use(self):
        """S109: an archived invoice address reaches nobody, so the contact comes."""
        archived = self.new_contact(type="invoice", active=False)
        self.assertEqual(self.mapping._import_contact(), "created")
        self.assertFalse(archived.active)

    def test_entered_by_hand_is_converted(self):
        """S111, S113: the same record becomes the synced one."""
        for kind in ("contact", "delivery", "other"):
            with self.subTest(kind), self.cr.savepoint() as savepoint:
                contact = self.new_contact(type=kind)
                self.assertEqual(self.mapping._import_contact(), "converted")
                self.assertEqual(self.all_contacts(), contact)
                self.assertTrue(contact.is_connectwise_contact)
                self.assertEqual(contact.name, "Emma Diaz")
                self.assertEqual(contact.type, "other")
                savepoint.rollback()

    def test_converted_is_not_editable(self):
        """S112: from then on it is ConnectWise's."""
        contact = self.new_contact()
        self.imported()
        with self.assertRaises(UserError):
            contact.with_user(self.clerk).phone = "1"

    def test_archived_one_is_converted(self):
        """S111: an archived one of that address comes back, and goes back (D7)."""
        contact = self.new_contact(active=False)
        self.assertEqual(self.imported(), contact)
        self.assertTrue(contact.active)
        self.mapping._remove_contact()
        self.assertFalse(contact.active)

    def test_contact_of_another_customer(self):
        """D6 looks at this customer's contacts alone."""
        other = self.new_customer("Other")
        contact = self.new_contact(parent_id=other.id)
        self.assertEqual(self.mapping._import_contact(), "created")
        self.assertFalse(contact.is_connectwise_contact)

    def test_user_of_odoo_is_left_alone(self):
        """A colleague's own contact is nobody's Bill-To contact."""
        self.clerk.partner_id.write(
            {"parent_id": self.customer.id, "email": "emma@acme.example.com"}
        )
        self.assertEqual(self.mapping._import_contact(), "none")
        self.assertFalse(self.clerk.partner_id.is_connectwise_contact)

    def test_moves_to_an_address_that_accounting_has(self):
        """S109: also when its e-mail becomes one that Odoo has already."""
        contact = self.imported()
        existing = self.new_contact(type="invoice", email="ap@acme.example.com")
        self.acme.contact_email = "AP@acme.example.com"
        self.assertEqual(self.mapping._import_contact(), "removed")
        self.assertFalse(contact.exists())
        self.assertEqual(self.all_contacts(), existing)
        self.assertIn("invoice address", self.mapping.contact_message)

    def test_moves_to_an_address_entered_by_hand(self):
        """S111: also when its e-mail becomes that of a contact entered by hand."""
        self.imported()
        by_hand = self.new_contact(email="ap@acme.example.com")
        self.acme.contact_email = "ap@acme.example.com"
        self.assertEqual(self.mapping._import_contact(), "converted")
        self.assertEqual(self.all_contacts(), by_hand)

    def test_what_connectwise_lacks_is_not_emptied(self):
        """A phone that a person entered stays where ConnectWise has none."""
        contact = self.new_contact(phone="5")
        self.acme.contact_phone = False
        self.imported()
        self.assertEqual(contact.phone, "5")
        self.assertEqual(self.mapping._import_contact(), "unchanged")

    def test_restored_exactly(self):
        """S120, D7: a converted contact gets back what it had."""
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
                self.mapping._import_contact()
                self.mapping._remove_contact()
                self.env.invalidate_all()
                self.assertEqual(contact.read(names), before)
                self.assertFalse(contact.is_connectwise_contact)
                self.assertFalse(contact.connectwise_enabled)
                self.assertFalse(self.mapping.contact_before)
                savepoint.rollback()

    def test_own_address_of_a_contact_is_restored(self):
        """D7: even an address that differs from the customer's."""
        contact = self.new_contact(street="9 Own Way")
        self.customer.street = "1 Main St"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET street = '9 Own Way' WHERE id = %s", [contact.id]
        )
        self.env.invalidate_all()
        self.imported()
        self.mapping._remove_contact()
        self.assertEqual(contact.street, "9 Own Way")
        self.assertEqual(self.customer.street, "1 Main St")


@tagged("post_install", "-at_install")
class TestProtection(ContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mapping._import_contact()
        cls.contact = cls.mapping.contact_id

    def test_data_cannot_be_written(self):
        """S106: not by a clerk, not by an administrator, not by the system."""
        other = self.new_customer("Other")
        changes = {
            "name": "X",
            "email": "thief@example.net",
            "email_normalized": "thief@example.net",
            "phone": "1",
            "function": "X",
            "type": "delivery",
            "parent_id": other.id,
            "company_id": self.company.id,
            "is_company": True,
            "company_type": "company",
            "active": False,
            "street": "X",
            "is_connectwise_contact": False,
            "connectwise_contact_ref": 1,
            "connectwise_enabled": True,
        }
        for user in (self.clerk, self.administrator, self.env.ref("base.user_root")):
            contact = self.contact.with_user(user)
            for name, value in changes.items():
                with self.subTest(name, user=user.login), self.assertRaises(UserError):
                    contact.write({name: value})

    def test_the_same_value_is_no_change(self):
        """A form that sends back what it was given is not refused."""
        self.contact.with_user(self.clerk).write(
            {"name": "Emma Diaz", "email": "emma@acme.example.com", "comment": "Hi"}
        )
        self.assertIn("Hi", self.contact.comment)

    def test_forged_context(self):
        """S106: no context that can come from outside opens it."""
        contact = self.contact.with_user(self.clerk)
        for value in (True, 1, "SYNC", "<object object>", {"a": 1}, [1]):
            forged = contact.with_context(connectwise_sync=value, tracking_disable=True)
            with self.subTest(value):
                with self.assertRaises(UserError):
                    forged.write({"email": "thief@example.net"})
                with self.assertRaises(UserError):
                    forged.unlink()

    def test_through_the_parent(self):
        """S106, S107: commands on the customer's contacts are refused too."""
        customer = self.customer.with_user(self.clerk)
        for command in (
            (1, self.contact.id, {"email": "thief@example.net"}),
            (2, self.contact.id),
            (3, self.contact.id),
            (5,),
            (6, 0, []),
        ):
            with self.subTest(command), self.assertRaises(UserError):
                customer.write({"child_ids": [command]})

    def test_not_archived(self):
        """S107: neither by the action, nor by the field."""
        with self.assertRaises(UserError):
            self.contact.with_user(self.clerk).action_archive()
        self.assertTrue(self.contact.active)

    def test_not_deleted(self):
        """S107: not even by the system."""
        with self.assertRaises(UserError):
            self.contact.with_user(self.clerk).unlink()
        with self.assertRaises(UserError):
            self.contact.sudo().unlink()
        self.assertTrue(self.contact.exists())

    def test_mass_edit(self):
        """S106: several at once, a synced one among them."""
        with self.assertRaises(UserError):
            (self.contact | self.customer).with_user(self.clerk).write({"phone": "1"})

    def test_list_import(self):
        """S106: Odoo's own import says what it refuses."""
        result = (
            self.env["res.partner"]
            .with_user(self.clerk)
            .load([".id", "email"], [[str(self.contact.id), "thief@example.net"]])
        )
        self.assertFalse(result["ids"])
        self.assertIn("ConnectWise", result["messages"][0]["message"])
        self.assertEqual(self.contact.email, "emma@acme.example.com")

    def test_list_import_of_unchanged_data(self):
        """S106: an export that is imported again passes."""
        result = (
            self.env["res.partner"]
            .with_user(self.clerk)
            .load([".id", "email"], [[str(self.contact.id), self.contact.email]])
        )
        self.assertTrue(result["ids"])

    def test_markers_are_nobodys(self):
        """S105: a contact cannot be made to look like one from ConnectWise."""
        Partner = self.env["res.partner"].with_user(self.clerk)
        markers = {
            "is_connectwise_contact": True,
            "connectwise_contact_ref": 7,
            "connectwise_enabled": True,
        }
        defaults = {f"default_{name}": value for name, value in markers.items()}
        made = Partner.create({"name": "X", **markers})
        made |= Partner.with_context(**defaults).create({"name": "Y"})
        self.assertFalse(any(made.mapped("is_connectwise_contact")))
        self.assertFalse(any(made.mapped("connectwise_contact_ref")))
        self.assertFalse(any(made.mapped("connectwise_enabled")))
        for name, value in markers.items():
            with self.subTest(name), self.assertRaises(UserError):
                made.write({name: value})

    def test_copy_is_ordinary(self):
        """Shared records: a copy of a synced contact is an ordinary contact."""
        copy = self.contact.with_user(self.clerk).copy()
        self.assertFalse(copy.is_connectwise_contact)
        self.assertFalse(copy.connectwise_contact_ref)
        copy.phone = "1"

    def test_what_odoo_syncs_keeps_working(self):
        """S106 stops nothing that Odoo itself hands down from the customer."""
        terms = self.env.ref("account.account_payment_term_30days")
        self.customer.with_user(self.clerk).write({"vat": "US123456789"})
        self.customer.property_payment_term_id = terms
        self.assertEqual(self.contact.vat, "US123456789")
        self.assertEqual(
            self.contact.with_company(self.company).property_payment_term_id, terms
        )

    def test_customer_can_be_edited(self):
        """The customer itself is Odoo's."""
        self.customer.with_user(self.clerk).write({"name": "Acme", "email": "a@b.co"})
        self.assertEqual(self.customer.name, "Acme")

    def test_portal(self):
        """S106: a portal user of the customer cannot edit or archive it."""
        portal = new_test_user(
            self.env, "connectwise_portal", groups="base.group_portal"
        )
        portal.partner_id.parent_id = self.customer
        address = self.new_contact(email="x@example.com", type="other")
        can = "_can_be_edited_by_current_customer"
        self.assertTrue(getattr(address.with_user(portal).sudo(), can)())
        self.assertFalse(getattr(self.contact.with_user(portal).sudo(), can)())

    def test_customer_takes_it_along(self):
        """Bill-To contact: it goes when its customer is deleted."""
        self.customer.with_user(self.administrator).sudo().unlink()
        self.assertFalse(self.contact.exists())
        self.assertFalse(self.mapping.exists())

    def test_customer_and_contact_deleted_at_once(self):
        """S107: both in one go is deleting the customer."""
        (self.customer | self.contact).unlink()
        self.assertFalse((self.customer | self.contact).exists())

    def test_deleting_the_customer_gives_back(self):
        """D7: a record made by a person is never deleted."""
        self.mapping._remove_contact()
        contact = self.new_contact(name="By hand")
        self.imported()
        self.customer.unlink()
        self.assertTrue(contact.exists())
        self.assertEqual(contact.name, "By hand")
        self.assertFalse(contact.is_connectwise_contact)

    def test_refused_deletion_leaves_all(self):
        """Who may not delete the customer does not remove its contact either."""
        with self.assertRaises(AccessError):
            self.customer.with_user(self.accountant).unlink()
        self.assertTrue(self.contact.exists())

    def test_archived_customer_keeps_it(self):
        """Archiving a customer is Odoo's affair; its contact stays as it is."""
        self.customer.with_user(self.clerk).action_archive()
        self.assertTrue(self.contact.is_connectwise_contact)


@tagged("post_install", "-at_install")
class TestMerge(ContactCommon):
    def merge(self, *partners, into):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        ids = [partner.id for partner in partners]
        wizard._merge([*ids, into.id], into, extra_checks=False)

    def test_synced_contact_is_not_merged_away(self):
        """S107: the message says to disconnect first; in either direction."""
        contact = self.imported()
        other = self.new_contact(email="x@example.com")
        with self.assertRaisesRegex(UserError, "Disconnect"):
            self.merge(contact, into=other)
        with self.assertRaisesRegex(UserError, "Disconnect"):
            self.merge(other, into=contact)

    def test_destination_keeps_its_mapping(self):
        """Merging two customers keeps the destination's mapping, and one contact."""
        contact = self.imported()
        other = self.new_customer("Boulder Law")
        boulder = self.new_company(
            2, "Boulder Law", contact_email="b@boulder.example.com"
        )
        source = self.connect(other, boulder)
        source._import_contact()
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
        """S96: merging does not undo what a person decided."""
        other = self.new_customer("Other")
        excluded = self.new_row(other, disconnected=True)
        contact = self.imported()
        self.merge(self.customer, into=other)
        self.assertEqual(other.connectwise_mapping_ids, excluded)
        self.assertFalse(contact.exists())

    def test_taken_over_contact_of_the_source_is_given_back(self):
        """D7: merging its customer away deletes no record of a person."""
        by_hand = self.new_contact(name="By hand")
        self.imported()
        other = self.new_customer("Other")
        boulder = self.new_company(2, "B", contact_email="b@boulder.example.com")
        self.connect(other, boulder)
        self.merge(self.customer, into=other)
        self.assertEqual(by_hand.name, "By hand")
        self.assertEqual(by_hand.parent_id, other)
        self.assertFalse(by_hand.is_connectwise_contact)

    def test_ordinary_contacts_merge(self):
        """Merging is otherwise as before."""
        one = self.new_contact(email="x@example.com")
        two = self.new_contact(email="y@example.com")
        self.merge(one, into=two)
        self.assertFalse(one.exists())


@tagged("post_install", "-at_install")
class TestEnabling(ContactCommon):
    def test_arrives_disabled(self):
        """S41: with automatic enabling off it is an other address, not enabled."""
        contact = self.imported()
        self.assertFalse(contact.connectwise_enabled)
        self.assertEqual(contact.type, "other")

    def test_arrives_enabled(self):
        """S40: with it on it is an invoice address, enabled."""
        self.backend.auto_enable_contacts = True
        contact = self.imported()
        self.assertTrue(contact.connectwise_enabled)
        self.assertEqual(contact.type, "invoice")

    def test_enabled_by_hand(self):
        """S43: enabling is allowed though the data are not editable."""
        contact = self.imported()
        self.mapping.with_user(self.administrator).enable_contact()
        self.assertTrue(contact.connectwise_enabled)
        self.assertEqual(contact.type, "invoice")
        self.mapping.with_user(self.administrator).disable_contact()
        self.assertFalse(contact.connectwise_enabled)
        self.assertEqual(contact.type, "other")

    def test_enabled_from_the_contact(self):
        """S43: the buttons on the contact's own form do the same."""
        contact = self.imported().with_user(self.administrator)
        contact.action_connectwise_enable()
        self.assertTrue(contact.connectwise_enabled)
        contact.action_connectwise_disable()
        self.assertFalse(contact.connectwise_enabled)

    def test_only_administrators(self):
        """S43: enabling is the Invoicing administrator's, checked on the server."""
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
        self.assertEqual(self.mapping._import_contact(), "unchanged")
        self.assertFalse(contact.connectwise_enabled)
        self.mapping.enable_contact()
        self.backend.auto_enable_contacts = False
        self.mapping._import_contact()
        self.assertTrue(contact.connectwise_enabled)

    def test_switched_on_later(self):
        """Enabling: the next sync enables those nobody decided about."""
        contact = self.imported()
        self.backend.auto_enable_contacts = True
        self.assertEqual(self.mapping._import_contact(), "updated")
        self.assertTrue(contact.connectwise_enabled)

    def test_switched_off_disables_nobody(self):
        """Switching automatic enabling off takes nobody's invoices away."""
        self.backend.auto_enable_contacts = True
        contact = self.imported()
        self.backend.auto_enable_contacts = False
        self.assertEqual(self.mapping._import_contact(), "unchanged")
        self.assertTrue(contact.connectwise_enabled)

    def test_converted_types(self):
        """Types: converted contacts too are invoice or other addresses."""
        contact = self.new_contact()
        self.imported()
        self.assertEqual(contact.type, "other")
        self.mapping.enable_contact()
        self.assertEqual(contact.type, "invoice")

    def test_decision_is_about_this_company(self):
        """Another company's contact arrives as if nobody had decided."""
        self.imported()
        self.mapping.enable_contact()
        self.mapping._remove_contact()
        boulder = self.new_company(2, "B", contact_email="b@boulder.example.com")
        self.mapping._link([(self.mapping.id, boulder.id, "manual")])
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
        self.mapping._import_contact()
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
        self.mapping._import_contact()
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
        self.assertEqual(self.mapping._import_contact(), "unchanged")
        self.assertFalse(contact.connectwise_enabled)
        self.mapping.with_user(self.administrator).enable_contact()
        self.mapping._import_contact()
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
class TestRemoval(ContactCommon):
    def test_disconnecting_removes(self):
        """S115, S116, S117: contact and address vanish from the customer."""
        contact = self.imported()
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(contact.exists())
        self.assertFalse(self.all_contacts())
        self.assertFalse(self.mapping.contact_id)
        self.assertFalse(self.mapping.contact_origin)

    def test_history_is_kept(self):
        """S119, D7: a contact that a message went to is archived, without address."""
        contact = self.imported()
        message = self.customer.message_post(
            body="Your invoice", partner_ids=contact.ids
        )
        self.mapping._remove_contact()
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
        """S119, D7: so is one that an invoice is addressed to."""
        contact = self.imported()
        move = self.invoice(partner_id=contact.id)
        self.mapping._remove_contact()
        self.assertEqual(move.partner_id, contact)
        self.assertFalse(contact.active)

    def test_note_on_the_contact_is_kept(self):
        """S119: a note in its own chatter is history too."""
        contact = self.imported()
        note = contact.message_post(body="Called her")
        self.mapping._remove_contact()
        self.assertTrue(note.exists())
        self.assertFalse(contact.active)

    def test_archived_one_is_no_longer_guarded(self):
        """D7: what is left belongs to the people here."""
        contact = self.imported()
        contact.message_post(body="Called her")
        self.mapping._remove_contact()
        contact.with_user(self.clerk).write({"active": True, "email": "new@b.co"})
        self.assertEqual(contact.email, "new@b.co")

    def test_contact_of_a_user(self):
        """D7: somebody gave it access to the portal: removing does not fail."""
        contact = self.imported()
        self.env["res.users"].create(
            {
                "login": "emma",
                "partner_id": contact.id,
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
            }
        )
        self.mapping._remove_contact()
        self.assertFalse(contact.email)
        self.assertFalse(contact.is_connectwise_contact)

    def test_others_are_untouched(self):
        """S120: accounting's and people's contacts stay."""
        others = self.new_contact(email="x@example.com")
        others |= self.new_contact(email="y@example.com", type="invoice")
        before = others.read(["name", "email", "type", "active"])
        self.imported()
        self.mapping._remove_contact()
        self.env.invalidate_all()
        self.assertEqual(others.read(["name", "email", "type", "active"]), before)

    def test_mapped_again(self):
        """S121: connecting later imports it cleanly."""
        contact = self.imported()
        contact.message_post(body="Called her")
        self.mapping.with_user(self.administrator).action_disconnect()
        self.mapping._link([(self.mapping.id, self.acme.id, "manual")])
        self.assertEqual(self.mapping._import_contact(), "created")
        self.assertEqual(self.customer.child_ids, self.mapping.contact_id)

    def test_deleting_the_row_removes(self):
        """A row that goes takes its contact along."""
        contact = self.imported()
        self.mapping.unlink()
        self.assertFalse(contact.exists())

    def test_deleting_the_connection_removes(self):
        """S2, D7: no contact stays behind that nobody can edit."""
        contact = self.imported()
        other = self.new_customer("Other")
        by_hand = self.new_contact(parent_id=other.id, name="By hand")
        self.connect(other, self.acme)._import_contact()
        self.assertTrue(by_hand.is_connectwise_contact)
        self.backend.with_user(self.administrator).unlink()
        self.assertFalse(contact.exists())
        self.assertEqual(by_hand.name, "By hand")
        self.assertFalse(by_hand.is_connectwise_contact)

    def test_paused_keeps(self):
        """S39, D2: switched off, contacts stay and say that they are paused."""
        contact = self.imported()
        self.backend.sync_contacts = False
        self.assertTrue(self.mapping.sync_paused)
        self.assertTrue(contact.is_connectwise_contact)
        self.mapping.with_user(self.administrator).enable_contact()
        self.assertTrue(contact.connectwise_enabled)

    def test_row_tells_what_happened(self):
        """Every change is in the row's chatter, with who did it."""
        self.imported()
        self.mapping.with_user(self.administrator).enable_contact()
        message = self.mapping.message_ids[0]
        self.assertIn("Enabled", message.body)
        self.assertEqual(message.author_id, self.administrator.partner_id)


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
        cls.mapping._import_contact()
        cls.contact = cls.mapping.contact_id
        cls.set_priority("odoo")

    def new_invoice(self, **values):
        return self.invoice(**{"partner_id": self.customer.id, **values})

    def mailed(self, messages):
        return messages.records.filtered(lambda m: m.message_type != "notification")

    def test_enabled_receives(self):
        """D12: it is added to the recipients, beside the customer."""
        self.mapping.enable_contact()
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer | self.contact)

    def test_disabled_never(self):
        """D12, S118: one that is not enabled is never mailed."""
        move = self.new_invoice()
        self.assertEqual(self.default_recipients(move), self.customer)
        addressed = self.new_invoice(number="CW1002", partner_id=self.contact.id)
        self.assertNotIn(self.contact, self.default_recipients(addressed))

    def test_invoice_of_a_branch(self):
        """D12: the customer is the invoice's commercial partner."""
        self.mapping.enable_contact()
        branch = self.new_contact(email="branch@acme.example.com", type="other")
        move = self.new_invoice(partner_id=branch.id)
        self.assertEqual(self.default_recipients(move), branch | self.contact)

    def test_customer_without_email(self):
        """D12: it suffices that the Bill-To contact has an address."""
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
        """D12: sent with the dialog, which shows it."""
        self.mapping.enable_contact()
        move = self.new_invoice()
        wizard = self._wizard(move)
        self.assertIn(self.contact, wizard.mail_partner_ids)
        with RecordCapturer(self.env["mail.message"]) as messages:
            wizard.action_send_and_print()
        self.assertIn(self.contact, self.mailed(messages).partner_ids)

    def test_batch(self):
        """D12: several at once, sent by the scheduled action."""
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
        """S118: chosen when it was enabled, left out when it is sent."""
        move = self.new_invoice()
        self.mapping.enable_contact()
        self.mapping.disable_contact()
        recipients = self.recipients_of_scheduled(move, self.customer, self.contact)
        self.assertEqual(recipients, self.customer)

    def test_removed_before_the_scheduled_action(self):
        """S118: neither does a deleted one stop the sending."""
        move = self.new_invoice()
        self.mapping._remove_contact()
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
        """S118: an e-mail in the queue does not go to a disabled contact."""
        self.mapping.enable_contact()
        mail = self.queued(self.customer, self.contact)
        self.mapping.disable_contact()
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.state, "outgoing")

    def test_queued_mail_to_nobody_else(self):
        """S118: one that went to it alone is cancelled."""
        self.mapping.enable_contact()
        mail = self.queued(self.contact)
        self.mapping._remove_contact()
        self.assertEqual(mail.state, "cancel")


@tagged("post_install", "-at_install")
class TestPartnerViews(ContactCommon):
    def test_connected_customer(self):
        """S99, S100: the customer's form says with whom it is connected."""
        customer = self.customer.with_user(self.accountant)
        self.assertEqual(
            customer.connectwise_connection,
            "Connected with Acme Dental LLC #4711, by Manual",
        )
        self.assertEqual(customer.connectwise_company_id, self.acme)

    def test_icon_disappears(self):
        """S100: gone when it is not connected any more."""
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(self.customer.connectwise_connection)
        self.assertFalse(self.customer.connectwise_company_id)

    def test_search(self):
        """S99: connected customers can be searched for."""
        Partner = self.env["res.partner"].with_user(self.accountant)
        connected = Partner.search([("connectwise_company_id", "=", self.acme.id)])
        self.assertEqual(connected, self.customer)
        self.assertIn(
            self.customer, Partner.search([("connectwise_company_id", "!=", False)])
        )
        others = Partner.search([("connectwise_company_id", "=", False)])
        self.assertNotIn(self.customer, others)
        self.assertIn(self.partner_a, others)
        found = Partner.search([("connectwise_company_id", "ilike", "acme")])
        self.assertEqual(found, self.customer)

    def test_current_company(self):
        """S99 per company: elsewhere the customer is not connected."""
        other = self.setup_other_company(name="company_2")["company"]
        self.assertFalse(self.customer.with_company(other).connectwise_connection)

    def test_badges(self):
        """S99, S108: lists and cards show who is connected, and where it is from."""
        contact = self.imported()
        for partner in (self.customer, contact):
            badges = partner.with_user(self.clerk).application_statistics
            self.assertIn("ConnectWise", [badge["value"] for badge in badges])
        self.mapping._remove_contact()
        other = self.new_contact(email="x@example.com")
        self.assertFalse(other.with_user(self.clerk).application_statistics)

    def test_form_without_invoicing_rights(self):
        """S106: whoever only has Contacts opens the form; protected is read-only."""
        contact = self.imported()
        with Form(contact.with_user(self.clerk), "base.view_partner_form") as form:
            for name in ("email", "phone", "function", "street"):
                with (
                    self.subTest(name),
                    self.assertRaisesRegex(AssertionError, "readonly"),
                ):
                    form[name] = "x"
            form.website = "https://example.com"
        self.assertEqual(contact.website, "https://example.com")

    def test_ordinary_form_is_as_before(self):
        """S110: other contacts are edited as ever."""
        with Form(self.customer.with_user(self.clerk)) as form:
            form.email = "x@example.com"
            form.street = "1 Main St"
        self.assertEqual(self.customer.email, "x@example.com")

    def test_inline_form(self):
        """S106: the contact's form inside its customer's is read-only too."""
        self.imported()
        form = Form(self.customer.with_user(self.clerk))
        with (
            form.child_ids.edit(0) as child,
            self.assertRaisesRegex(AssertionError, "readonly"),
        ):
            child.email = "x@example.com"

    def test_every_view_of_contacts_loads(self):
        """Nothing in the views needs Invoicing rights."""
        views = [(False, kind) for kind in ("form", "list", "kanban", "search")]
        for user in (self.clerk, self.accountant, self.administrator):
            arches = self.env["res.partner"].with_user(user).get_views(views)["views"]
            self.assertIn("is_connectwise_contact", arches["form"]["arch"])
            has_button = "action_connectwise_enable" in arches["form"]["arch"]
            self.assertEqual(has_button, user == self.administrator)

    def test_reading_fields(self):
        """Whoever reads all fields that are there for him is not refused."""
        contact = self.imported()
        portal = new_test_user(self.env, "cw_portal", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        for user in (self.clerk, self.accountant, portal):
            partners = (self.customer | contact).with_user(user)
            fields = [name for name in partners.fields_get() if "connectwise" in name]
            self.assertTrue(fields)
            partners.read(fields)


@tagged("post_install", "-at_install")
class TestFromOutside(ContactCommon, HttpCase):
    """What programs and portal users can ask the server for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mapping._import_contact()
        cls.contact = cls.mapping.contact_id

    def call(self, model, method, *args, **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.json("/web/dataset/call_kw", params)

    def json(self, path, params):
        with mute_logger("odoo.http"):
            return self.url_open(path, json={"params": params}).json()

    def test_forged_context_over_rpc(self):
        """S106: any context may come along."""
        self.authenticate(self.clerk.login, self.clerk.login)
        for context in ({}, {"connectwise_sync": True}, {"connectwise_sync": "SYNC"}):
            for method, *args in (
                ("write", self.contact.ids, {"email": "thief@example.net"}),
                ("web_save", self.contact.ids, {"email": "thief@example.net"}),
                ("unlink", self.contact.ids),
                ("action_archive", self.contact.ids),
            ):
                options = {"specification": {}} if method == "web_save" else {}
                answer = self.call(
                    "res.partner", method, *args, context=context, **options
                )
                with self.subTest(method, context=context):
                    message = answer["error"]["data"]["message"]
                    self.assertIn("comes from ConnectWise", message)
        self.env.invalidate_all()
        self.assertEqual(self.contact.email, "emma@acme.example.com")

    def test_private_methods_over_rpc(self):
        """S107: the removal is nobody's to call from outside."""
        self.authenticate(self.administrator.login, self.administrator.login)
        for method in ("_remove_contact", "_import_contact", "_take_contact_away"):
            answer = self.call("connectwise.mapping", method, self.mapping.ids)
            with self.subTest(method):
                self.assertIn("error", answer)
        self.assertTrue(self.contact.exists())

    def test_enabling_over_rpc(self):
        """S43: only for the Invoicing administrator."""
        call = ("connectwise.mapping", "enable_contact", self.mapping.ids)
        self.authenticate(self.accountant.login, self.accountant.login)
        self.assertIn("AccessError", self.call(*call)["error"]["data"]["name"])
        self.authenticate(self.administrator.login, self.administrator.login)
        self.assertTrue(self.call(*call)["result"])

    def test_portal_user(self):
        """S106: the customer's portal user can neither open, change nor archive it."""
        user = new_test_user(self.env, "connectwise_portal", groups="base.group_portal")
        user.partner_id.parent_id = self.customer
        self.authenticate(user.login, user.login)
        with mute_logger("odoo.http"):
            page = self.url_open(f"/my/address?partner_id={self.contact.id}")
        self.assertEqual(page.status_code, 403)
        params = {"partner_id": self.contact.id}
        self.assertIn("error", self.json("/my/address/archive", params))
        self.env.invalidate_all()
        self.assertTrue(self.contact.active)
