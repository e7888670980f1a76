"""A synced contact is never the address of an order or an invoice."""

import unittest
from contextlib import contextmanager

from odoo.tests import new_test_user, tagged

from ..tools.mapping.disconnecting import remove_contacts
from .contact_common import ContactCommon

KINDS = ("created", "contact", "other")


class AddressCommon(ContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_priority("odoo")

    @contextmanager
    def contact_of(self, kind):
        """Return an enabled contact, either imported or converted from this type."""
        with self.subTest(kind), self.cr.savepoint() as savepoint:
            if kind != "created":
                self.new_contact(type=kind)
            self.imported()
            self.mapping.enable_contact()
            yield self.mapping.contact_id
            savepoint.rollback()


@tagged("post_install", "-at_install")
class TestAddresses(AddressCommon):
    def test_contact_is_never_chosen_as_an_address(self):
        """Neither for the customer nor for a colleague."""
        for kind in KINDS:
            with self.contact_of(kind) as contact:
                colleague = self.new_contact(name="Bo", email="bo@acme.example.com")
                for partner in (self.customer, colleague):
                    chosen = partner.address_get(["invoice", "delivery"])
                    self.assertNotIn(contact.id, chosen.values())

    def test_contact_is_not_its_own_invoice_address(self):
        """A contact that was entered by hand is, and stays so."""
        contact = self.imported()
        chosen = contact.address_get(["invoice", "delivery"])
        self.assertNotIn(contact.id, chosen.values())

    def test_contact_is_not_chosen_for_an_invoice(self):
        for kind in KINDS:
            with self.contact_of(kind) as contact:
                move = self.invoice(partner_id=self.customer.id)
                self.assertNotEqual(move.partner_shipping_id, contact)

    def test_draft_is_readdressed_to_the_customer(self):
        """A posted invoice is not changed."""
        contact = self.imported()
        own = self.invoice(partner_id=contact.id, post=False)
        delivered = self.invoice(
            "CW1002",
            partner_id=self.customer.id,
            partner_shipping_id=contact.id,
            post=False,
        )
        self.mapping.with_user(self.administrator).action_disconnect()
        for move in own + delivered:
            self.assertEqual(move.partner_id, self.customer)
            self.assertEqual(move.partner_shipping_id, self.customer)
        self.assertFalse(contact.exists())

    def test_other_addresses_of_a_draft_are_kept(self):
        """A person may have chosen one beside the contact."""
        contact = self.imported()
        dock = self.new_contact(email="dock@acme.example.com", type="other")
        move = self.invoice(
            partner_id=contact.id, partner_shipping_id=dock.id, post=False
        )
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(move.partner_shipping_id, dock)

    def test_draft_addressed_to_a_converted_contact_is_kept(self):
        """A person chose that contact, and it becomes what it was."""
        contact = self.new_contact()
        self.imported()
        move = self.invoice(partner_id=contact.id, post=False)
        remove_contacts(self.mapping)
        self.assertEqual(move.partner_id, contact)


@tagged("post_install", "-at_install")
class TestOrders(AddressCommon):
    """These tests need Sales."""

    def setUp(self):
        super().setUp()
        if "sale.order" not in self.env:
            raise unittest.SkipTest("Sales is not installed")
        self.seller = new_test_user(
            self.env,
            "connectwise_seller",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def order(self, **values):
        orders = self.env["sale.order"].with_user(self.seller)
        return orders.create({"partner_id": self.customer.id, **values})

    def test_contact_is_not_chosen_for_an_order(self):
        for kind in KINDS:
            with self.contact_of(kind):
                order = self.order()
                self.assertEqual(order.partner_invoice_id, self.customer)
                self.assertEqual(order.partner_shipping_id, self.customer)

    def test_orders_are_readdressed_to_the_customer(self):
        """Quotations and confirmed orders will be invoiced later."""
        contact = self.imported()
        orders = self.order(partner_id=contact.id)
        orders += self.order(partner_invoice_id=contact.id)
        orders += self.order(partner_shipping_id=contact.id)
        orders[1].action_confirm()
        self.mapping.with_user(self.administrator).action_disconnect()
        for order in orders:
            self.assertEqual(order.partner_id, self.customer)
            self.assertEqual(order.partner_invoice_id, self.customer)
            self.assertEqual(order.partner_shipping_id, self.customer)
        self.assertFalse(contact.exists())
