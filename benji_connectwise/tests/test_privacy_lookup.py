"""Odoo's Privacy Lookup, which is installed with Discuss, finds people's data."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .contact_common import ContactCommon


@tagged("post_install", "-at_install")
class TestPrivacyLookup(ContactCommon):
    def look_up(self, person):
        """Return the lines that an administrator of Settings gets."""
        administrator = new_test_user(
            self.env,
            "connectwise_privacy_officer",
            groups="base.group_system",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        lookup = self.env["privacy.lookup.wizard"].with_user(administrator)
        lookup = lookup.create({"name": person.name, "email": person.email})
        lookup.action_lookup()
        return lookup.line_ids

    def test_data_of_an_imported_contact_are_found(self):
        lines = self.look_up(self.imported())
        self.assertIn("res.partner", lines.mapped("res_model"))

    def test_imported_contact_is_not_deleted_alone(self):
        """It would come again. The message says how to remove it."""
        lines = self.look_up(self.imported())
        contact = lines.filtered(lambda line: line.res_model == "res.partner")
        with self.assertRaisesRegex(UserError, "Disconnect its customer"):
            contact.action_unlink()

    def test_deleting_what_is_known_of_a_contact_removes_the_contact(self):
        """Nobody could change it or delete it afterwards."""
        contact = self.imported()
        lines = self.look_up(contact)
        known = lines.filtered(lambda line: line.res_model == "connectwise.bill.to")
        known.action_unlink()
        self.assertFalse(contact.exists())
