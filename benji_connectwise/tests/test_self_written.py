"""A name or reference that a customer wrote connects nobody."""

from odoo import SUPERUSER_ID, http
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ..tools.mapping.connecting import link
from ..tools.mapping.matching import match_customers
from ..tools.sync.synchronization import Synchronization
from .contact_common import ContactCommon


class SelfWrittenCommon(ContactCommon):
    """A portal customer who takes the name of a ConnectWise company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal_user = new_test_user(
            cls.env, "connectwise_portal", "base.group_portal", name="Mallory"
        )
        cls.mallory = cls.portal_user.partner_id
        cls.mallory.write({"customer_rank": 1, "email": "mallory@evil.example.com"})
        cls.victim = cls.new_company(9200, "Vandelay Imports")
        cls.other = cls.new_company(9201, "Mallory")
        cls.row = cls.new_row(cls.mallory)

    def match(self):
        sync = self.env["connectwise.sync"].sudo()
        sync = sync.create({"backend_id": self.backend.id, "state": "running"})
        for _step in match_customers(Synchronization(sync, None)):
            pass
        sync.state = "done"
        sync.flush_recordset()
        self.row.invalidate_recordset()

    def rename_himself(self):
        self.mallory.with_user(self.portal_user).sudo().name = "Vandelay Imports"


@tagged("post_install", "-at_install")
class TestMatching(SelfWrittenCommon):
    def test_customer_who_renamed_himself_is_not_connected(self):
        self.rename_himself()
        self.match()
        self.assertFalse(self.row.connectwise_company_id)

    def test_customer_who_renamed_himself_is_a_conflict(self):
        self.rename_himself()
        self.match()
        self.assertTrue(self.row.has_conflict)
        self.assertIn("changed by the customer", self.row.message)

    def test_row_says_that_a_name_without_a_match_waits_for_confirmation(self):
        """It is no conflict: there is no company to decide about."""
        self.mallory.with_user(self.portal_user).sudo().name = "Nobody Known"
        self.match()
        row = self.row.with_user(self.accountant)
        self.assertFalse(row.has_conflict)
        self.assertIn("changed by the customer", row.message)
        row.with_user(self.administrator).action_confirm()
        self.assertFalse(row.message)

    def test_customer_who_renamed_himself_does_not_block_the_genuine_one(self):
        genuine = self.new_row(self.new_customer("Vandelay Imports"))
        self.rename_himself()
        self.match()
        self.assertEqual(genuine.connectwise_company_id, self.victim)

    def test_correcting_the_name_does_not_confirm_it(self):
        """An employee may correct a letter without asking whose name it is."""
        self.rename_himself()
        clerk = self.mallory.with_user(self.clerk)
        clerk.name = "Vandelay Imports."
        self.match()
        self.assertFalse(self.row.connectwise_company_id)
        self.assertTrue(self.row.has_conflict)

    def test_customer_who_renamed_himself_is_no_exact_match(self):
        """Not even before the next synchronization."""
        self.rename_himself()
        self.connect_exact_matches()
        self.assertFalse(self.row.connectwise_company_id)

    def test_connected_customer_who_renames_himself_is_a_conflict(self):
        link(self.row.env, [(self.row.id, self.other.id, "company_name")])
        self.rename_himself()
        self.match()
        self.assertEqual(self.row.connectwise_company_id, self.other)
        self.assertTrue(self.row.has_conflict)

    def test_confirming_the_connection_ends_the_conflict(self):
        link(self.row.env, [(self.row.id, self.other.id, "company_name")])
        self.rename_himself()
        self.match()
        self.row.with_user(self.administrator).action_confirm()
        self.match()
        self.assertFalse(self.row.has_conflict)

    def test_confirmed_name_counts_again(self):
        """The customer is not connected."""
        self.rename_himself()
        self.match()
        self.row.with_user(self.administrator).action_confirm()
        self.assertFalse(self.row.has_conflict)
        self.match()
        self.assertEqual(self.row.connectwise_company_id, self.victim)

    def test_only_invoicing_administrator_confirms_the_name(self):
        self.rename_himself()
        with self.assertRaises(AccessError):
            self.row.with_user(self.accountant).action_confirm()

    def test_customer_who_signs_up_as_superuser_is_marked(self):
        """Signing up with an account elsewhere runs as the superuser."""
        self.env["ir.config_parameter"].set_param("auth_signup.invitation_scope", "b2c")
        values = {"name": "Vandelay Imports", "login": "new", "password": "new-1234567"}
        self.env["res.users"].with_user(SUPERUSER_ID).signup(values)
        user = self.env["res.users"].sudo().search([("login", "=", "new")])
        self.assertTrue(user.partner_id.connectwise_self_written)

    def test_company_created_from_the_customers_entry_is_marked(self):
        """*Create company* is an employee's click, and does not confirm the name."""
        partner = self.mallory.with_user(self.portal_user).sudo()
        partner.company_name = "Vandelay Imports"
        self.mallory.with_user(self.clerk).create_company()
        self.assertEqual(self.mallory.parent_id.name, "Vandelay Imports")
        self.assertTrue(self.mallory.parent_id.connectwise_self_written)

    def test_writing_other_values_does_not_mark_the_customer(self):
        partner = self.mallory.with_user(self.portal_user).sudo()
        partner.write({"name": "Mallory", "city": "Austin"})
        self.assertFalse(self.mallory.connectwise_self_written)

    def test_mark_cannot_be_removed_over_rpc(self):
        self.rename_himself()
        with self.assertRaises(UserError):
            self.mallory.with_user(self.clerk).connectwise_self_written = False

    def test_visitor_who_signs_up_is_marked(self):
        """Sign-up runs with higher rights, in the name of the public user."""
        public = self.env.ref("base.public_user")
        values = {"name": "Vandelay Imports", "login": "new", "password": "new-1234567"}
        users = self.env["res.users"].with_user(public).sudo()
        user = users._create_user_from_template(values)
        self.assertTrue(user.partner_id.connectwise_self_written)


@tagged("post_install", "-at_install")
class TestOverHttp(SelfWrittenCommon, HttpCase):
    def test_new_name_in_the_portal_connects_nobody(self):
        self.authenticate("connectwise_portal", "connectwise_portal")
        answer = self.url_open(
            "/my/address/submit",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "partner_id": self.mallory.id,
                "name": "Vandelay Imports",
                "email": "mallory@evil.example.com",
                "phone": "+1 512 555 0100",
                "street": "1 Main Street",
                "city": "Austin",
                "zip": "73301",
                "country_id": self.env.ref("base.us").id,
                "state_id": self.env.ref("base.state_us_14").id,
                "address_type": "billing",
                "use_delivery_as_billing": "",
                "required_fields": "name,email",
            },
        )
        self.assertEqual(answer.status_code, 200)
        self.mallory.invalidate_recordset()
        self.assertEqual(self.mallory.name, "Vandelay Imports", answer.text)
        self.match()
        self.assertFalse(self.row.connectwise_company_id)
        self.assertTrue(self.row.has_conflict)
