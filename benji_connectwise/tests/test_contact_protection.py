"""A synced contact can be changed only by the synchronization."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.mapping.disconnecting import remove_contacts
from .contact_common import ContactCommon, import_contact


@tagged("post_install", "-at_install")
class TestProtection(ContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import_contact(cls.mapping)
        cls.contact = cls.mapping.contact_id

    def test_synced_data_cannot_be_written(self):
        """Neither a clerk, nor an administrator, nor the superuser can write them."""
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
            "complete_name": "Thief",
            "commercial_partner_id": self.clerk.partner_id.id,
            "commercial_company_name": "Thief",
            "is_connectwise_contact": False,
            "connectwise_contact_ref": 1,
            "connectwise_enabled": True,
        }
        for user in (self.clerk, self.administrator, self.env.ref("base.user_root")):
            contact = self.contact.with_user(user)
            for name, value in changes.items():
                with self.subTest(name, user=user.login), self.assertRaises(UserError):
                    contact.write({name: value})

    def test_writing_the_same_value_is_allowed(self):
        """Forms send back the values that they were given."""
        self.contact.with_user(self.clerk).write(
            {"name": "Emma Diaz", "email": "emma@acme.example.com", "comment": "Hi"}
        )
        self.assertIn("Hi", self.contact.comment)

    def test_context_from_outside_does_not_open_the_contact(self):
        contact = self.contact.with_user(self.clerk)
        for value in (True, 1, "SYNC", "<object object>", {"a": 1}, [1]):
            forged = contact.with_context(connectwise_sync=value, tracking_disable=True)
            with self.subTest(value):
                with self.assertRaises(UserError):
                    forged.write({"email": "thief@example.net"})
                with self.assertRaises(UserError):
                    forged.unlink()

    def test_contact_cannot_be_changed_through_its_customer(self):
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

    def test_synced_contact_cannot_be_archived(self):
        with self.assertRaises(UserError):
            self.contact.with_user(self.clerk).action_archive()
        self.assertTrue(self.contact.active)

    def test_synced_contact_cannot_be_deleted(self):
        """Not even the superuser can delete it."""
        with self.assertRaises(UserError):
            self.contact.with_user(self.clerk).unlink()
        with self.assertRaises(UserError):
            self.contact.sudo().unlink()
        self.assertTrue(self.contact.exists())

    def test_mass_edit_with_a_synced_contact_is_refused(self):
        with self.assertRaises(UserError):
            (self.contact | self.customer).with_user(self.clerk).write({"phone": "1"})

    def test_list_import_says_what_it_refuses(self):
        result = (
            self.env["res.partner"]
            .with_user(self.clerk)
            .load([".id", "email"], [[str(self.contact.id), "thief@example.net"]])
        )
        self.assertFalse(result["ids"])
        self.assertIn("ConnectWise", result["messages"][0]["message"])
        self.assertEqual(self.contact.email, "emma@acme.example.com")

    def test_list_import_of_unchanged_data_is_accepted(self):
        result = (
            self.env["res.partner"]
            .with_user(self.clerk)
            .load([".id", "email"], [[str(self.contact.id), self.contact.email]])
        )
        self.assertTrue(result["ids"])

    def test_synced_marker_cannot_be_set(self):
        """No contact can be made to look like one from ConnectWise."""
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

    def test_copy_of_a_synced_contact_is_an_ordinary_contact(self):
        copy = self.contact.with_user(self.clerk).copy()
        self.assertFalse(copy.is_connectwise_contact)
        self.assertFalse(copy.connectwise_contact_ref)
        copy.phone = "1"

    def test_values_that_odoo_hands_down_from_the_customer_are_accepted(self):
        terms = self.env.ref("account.account_payment_term_30days")
        self.customer.with_user(self.clerk).write({"vat": "US123456789"})
        self.customer.property_payment_term_id = terms
        self.assertEqual(self.contact.vat, "US123456789")
        self.assertEqual(
            self.contact.with_company(self.company).property_payment_term_id, terms
        )

    def test_customer_of_a_synced_contact_can_be_edited(self):
        self.customer.with_user(self.clerk).write({"name": "Acme", "email": "a@b.co"})
        self.assertEqual(self.customer.name, "Acme")

    def test_portal_user_cannot_edit_or_archive_the_contact(self):
        portal = new_test_user(
            self.env, "connectwise_portal", groups="base.group_portal"
        )
        portal.partner_id.parent_id = self.customer
        address = self.new_contact(email="x@example.com", type="other")
        can = "_can_be_edited_by_current_customer"
        self.assertTrue(getattr(address.with_user(portal).sudo(), can)())
        self.assertFalse(getattr(self.contact.with_user(portal).sudo(), can)())

    def test_contact_is_deleted_with_its_customer(self):
        self.customer.with_user(self.administrator).sudo().unlink()
        self.assertFalse(self.contact.exists())
        self.assertFalse(self.mapping.exists())

    def test_customer_and_contact_can_be_deleted_together(self):
        (self.customer | self.contact).unlink()
        self.assertFalse((self.customer | self.contact).exists())

    def test_deleting_the_customer_restores_a_converted_contact(self):
        """A record that a person made is not deleted."""
        remove_contacts(self.mapping)
        contact = self.new_contact(name="By hand")
        self.imported()
        self.customer.unlink()
        self.assertTrue(contact.exists())
        self.assertEqual(contact.name, "By hand")
        self.assertFalse(contact.is_connectwise_contact)

    def test_refused_deletion_of_the_customer_keeps_the_contact(self):
        with self.assertRaises(AccessError):
            self.customer.with_user(self.accountant).unlink()
        self.assertTrue(self.contact.exists())

    def test_archiving_the_customer_keeps_the_contact(self):
        self.customer.with_user(self.clerk).action_archive()
        self.assertTrue(self.contact.is_connectwise_contact)


@tagged("post_install", "-at_install")
class TestPartnerViews(ContactCommon):
    def test_customers_form_shows_the_company_it_is_connected_to(self):
        customer = self.customer.with_user(self.accountant)
        self.assertEqual(
            customer.connectwise_connection,
            "Connected to Acme Dental LLC #4711 by Manual",
        )
        self.assertEqual(customer.connectwise_company_id, self.acme)

    def test_icon_disappears_after_disconnecting(self):
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(self.customer.connectwise_connection)
        self.assertFalse(self.customer.connectwise_company_id)

    def test_customers_form_says_that_it_is_not_connected(self):
        customer = self.customer.with_user(self.accountant)
        self.assertFalse(customer.connectwise_not_connected)
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertRegex(
            customer.connectwise_not_connected,
            "^Not connected to ConnectWise · Disconnected by ",
        )
        # A customer without invoices is in no report.
        self.assertFalse(self.partner_b.connectwise_not_connected)

    def test_connected_customers_can_be_searched_for(self):
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

    def test_customer_is_not_connected_in_another_company(self):
        other = self.new_odoo_company()
        self.assertFalse(self.customer.with_company(other).connectwise_connection)

    def test_lists_and_cards_show_the_connection_and_the_origin(self):
        contact = self.imported()
        for partner in (self.customer, contact):
            badges = partner.with_user(self.clerk).application_statistics
            self.assertIn("ConnectWise", [badge["value"] for badge in badges])
        remove_contacts(self.mapping)
        other = self.new_contact(email="x@example.com")
        self.assertFalse(other.with_user(self.clerk).application_statistics)

    def test_synced_contact_is_read_only_without_invoicing_rights(self):
        """A person who has only Contacts can open the form."""
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

    def test_ordinary_contact_can_be_edited_in_the_form(self):
        with Form(self.customer.with_user(self.clerk)) as form:
            form.email = "x@example.com"
            form.street = "1 Main St"
        self.assertEqual(self.customer.email, "x@example.com")

    def test_contacts_form_inside_its_customers_is_read_only(self):
        self.imported()
        form = Form(self.customer.with_user(self.clerk))
        with (
            form.child_ids.edit(0) as child,
            self.assertRaisesRegex(AssertionError, "readonly"),
        ):
            child.email = "x@example.com"

    def test_every_contact_view_loads_without_invoicing_rights(self):
        views = [(False, kind) for kind in ("form", "list", "kanban", "search")]
        for user in (self.clerk, self.accountant, self.administrator):
            arches = self.env["res.partner"].with_user(user).get_views(views)["views"]
            self.assertIn("is_connectwise_contact", arches["form"]["arch"])
            has_button = "action_connectwise_enable" in arches["form"]["arch"]
            self.assertEqual(has_button, user == self.administrator)

    def test_every_visible_field_of_a_contact_can_be_read(self):
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
    """Requests that programs and portal users can send to the server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import_contact(cls.mapping)
        cls.contact = cls.mapping.contact_id

    def call(self, model, method, *args, **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.json("/web/dataset/call_kw", params)

    def json(self, path, params):
        with mute_logger("odoo.http"):
            return self.url_open(path, json={"params": params}).json()

    def test_context_over_rpc_does_not_open_the_contact(self):
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

    def test_removal_cannot_be_called_over_rpc(self):
        """The checks of the row cannot be avoided."""
        bill_to = self.mapping.bill_to_ids
        self.authenticate(self.administrator.login, self.administrator.login)
        for method, *args in (
            ("_decide", "enabled"),
            ("_log_change", False, "Removed"),
            ("write", {"contact_id": False}),
            ("unlink",),
        ):
            answer = self.call("connectwise.bill.to", method, bill_to.ids, *args)
            with self.subTest(method):
                self.assertIn("error", answer)
        self.env.invalidate_all()
        self.assertEqual(bill_to.contact_id, self.contact)
        self.assertFalse(self.contact.connectwise_enabled)

    def test_only_invoicing_administrator_enables_over_rpc(self):
        call = ("connectwise.mapping", "enable_contact", self.mapping.ids)
        self.authenticate(self.accountant.login, self.accountant.login)
        self.assertIn("AccessError", self.call(*call)["error"]["data"]["name"])
        self.authenticate(self.administrator.login, self.administrator.login)
        self.assertTrue(self.call(*call)["result"])

    def test_portal_does_not_offer_the_contact_as_an_address(self):
        """The web shop offers the same addresses."""
        user = new_test_user(self.env, "connectwise_portal", groups="base.group_portal")
        user.partner_id.parent_id = self.customer
        by_hand = self.new_contact(name="Zoe Lee", email="zoe@x.com", type="other")
        self.authenticate(user.login, user.login)
        page = self.url_open("/my/addresses").text
        self.assertIn(by_hand.name, page)
        self.assertNotIn(self.contact.name, page)

    def test_portal_user_cannot_open_change_or_archive_the_contact(self):
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
