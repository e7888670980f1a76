"""What becomes of an imported contact that is no longer wanted."""

from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.tests import tagged

from ..tools.mapping.connecting import link
from ..tools.mapping.disconnecting import remove_contacts
from .contact_common import ContactCommon, import_contact, import_contacts


@tagged("post_install", "-at_install")
class TestRemoval(ContactCommon):
    def test_disconnecting_removes_the_imported_contact(self):
        contact = self.imported()
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(contact.exists())
        self.assertFalse(self.all_contacts())
        self.assertFalse(self.mapping.contact_id)
        self.assertFalse(self.mapping.contact_origin)

    def test_many_contacts_are_not_removed_one_by_one(self):
        """A request that deletes a connection removes all of them."""
        mappings = self.mapping.union(
            *(
                self.connect(
                    self.new_customer(f"Customer {ref}"),
                    self.new_company(ref, f"Customer {ref}"),
                )
                for ref in range(5000, 5020)
            )
        )
        import_contacts(mappings)
        contacts = mappings.contact_id
        used = contacts[0]
        used.message_post(body="Called her")
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        remove_contacts(mappings)
        self.assertLess(self.env.cr.sql_log_count - before, 10 * len(contacts))
        self.assertEqual(contacts.exists(), used)
        self.assertFalse(used.active)

    def test_contact_that_odoo_refuses_to_delete_does_not_keep_the_others(self):
        other = self.connect(
            self.new_customer("Boulder Law"), self.new_company(4712, "Boulder Law")
        )
        import_contacts(self.mapping + other)
        kept, deleted = self.mapping.contact_id, other.contact_id
        unlink = type(kept).unlink

        def refuse(partners):
            if kept in partners:
                raise IntegrityError("Another addon refuses")
            return unlink(partners)

        with patch.object(type(kept), "unlink", refuse):
            remove_contacts(self.mapping + other)
        self.assertFalse(deleted.exists())
        self.assertRecordValues(kept, [{"active": False, "email": False}])

    def test_contact_with_messages_is_archived_without_address(self):
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

    def test_contact_with_an_invoice_is_archived(self):
        contact = self.imported()
        move = self.invoice(partner_id=contact.id)
        remove_contacts(self.mapping)
        self.assertEqual(move.partner_id, contact)
        self.assertFalse(contact.active)

    def test_contact_with_a_note_is_archived(self):
        contact = self.imported()
        note = contact.message_post(body="Called her")
        remove_contacts(self.mapping)
        self.assertTrue(note.exists())
        self.assertFalse(contact.active)

    def test_archived_contact_can_be_edited_again(self):
        contact = self.imported()
        contact.message_post(body="Called her")
        remove_contacts(self.mapping)
        contact.with_user(self.clerk).write({"active": True, "email": "new@b.co"})
        self.assertEqual(contact.email, "new@b.co")

    def test_contact_with_a_login_can_be_removed(self):
        """Somebody gave it access to the portal."""
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

    def test_other_contacts_are_not_removed(self):
        others = self.new_contact(email="x@example.com")
        others |= self.new_contact(email="y@example.com", type="invoice")
        before = others.read(["name", "email", "type", "active"])
        self.imported()
        remove_contacts(self.mapping)
        self.env.invalidate_all()
        self.assertEqual(others.read(["name", "email", "type", "active"]), before)

    def test_connecting_again_imports_the_contact_again(self):
        contact = self.imported()
        contact.message_post(body="Called her")
        self.mapping.with_user(self.administrator).action_disconnect()
        link(self.mapping.env, [(self.mapping.id, self.acme.id, "manual")])
        self.assertEqual(import_contact(self.mapping), "created")
        self.assertEqual(self.customer.child_ids, self.mapping.contact_id)

    def test_deleting_the_row_removes_the_contact(self):
        contact = self.imported()
        self.mapping.unlink()
        self.assertFalse(contact.exists())

    def test_deleting_the_connection_removes_the_contact(self):
        """Otherwise nobody could edit it."""
        contact = self.imported()
        other = self.new_customer("Other")
        by_hand = self.new_contact(parent_id=other.id, name="By hand")
        import_contact(self.connect(other, self.acme))
        self.assertTrue(by_hand.is_connectwise_contact)
        self.backend.with_user(self.administrator).unlink()
        self.assertFalse(contact.exists())
        self.assertEqual(by_hand.name, "By hand")
        self.assertFalse(by_hand.is_connectwise_contact)

    def test_switching_contacts_off_keeps_them_marked_as_paused(self):
        contact = self.imported()
        self.backend.sync_contacts = False
        self.assertTrue(self.mapping.sync_paused)
        self.assertTrue(contact.is_connectwise_contact)
        self.mapping.with_user(self.administrator).enable_contact()
        self.assertTrue(contact.connectwise_enabled)

    def test_paused_contact_says_so(self):
        contact = self.imported()
        self.backend.sync_contacts = False
        message = contact.with_user(self.clerk).connectwise_contact_message
        self.assertIn("Sync paused", message)

    def test_contact_that_is_not_paused_says_nothing(self):
        self.assertFalse(self.imported().connectwise_contact_message)

    def test_removing_imported_contacts_removes_them(self):
        contact = self.imported()
        self.backend.sync_contacts = False
        self.backend.with_user(self.administrator).action_remove_imported_contacts()
        self.assertFalse(contact.exists())
        self.assertFalse(self.mapping.contact_id)

    def test_removing_imported_contacts_restores_converted_ones(self):
        contact = self.new_contact()
        self.imported()
        self.backend.sync_contacts = False
        self.backend.with_user(self.administrator).action_remove_imported_contacts()
        self.assertFalse(contact.is_connectwise_contact)
        self.assertEqual(contact.name, "Emma")

    def test_chatter_of_the_row_says_who_changed_the_contact(self):
        self.imported()
        self.mapping.with_user(self.administrator).enable_contact()
        message = self.mapping.message_ids[0]
        self.assertIn("Enabled", message.body)
        self.assertEqual(message.author_id, self.administrator.partner_id)
