"""After a change to another ConnectWise, nothing that was learned before counts.

Both ConnectWises have the same ids and at first the same Account IDs. Each test says
what differs."""

from functools import partial

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.lib.connectwise_client import identify_tenant

from .another_common import ACME, BOULDER, CARTER, AnotherCommon


@tagged("post_install", "-at_install")
class TestTenant(AnotherCommon):
    def test_same_tenant_however_its_address_is_typed(self):
        for address, login in (
            ("na.myconnectwise.net", "acme"),
            ("https://na.myconnectwise.net/", " Acme "),
            ("https://api-na.myconnectwise.net/v4_6_release", "ACME"),
            ("na", "acme"),
        ):
            self.assertEqual(
                identify_tenant(address, login),
                identify_tenant("na.myconnectwise.net", "acme"),
            )

    def test_another_login_or_address_is_another_tenant(self):
        here = identify_tenant("na.myconnectwise.net", "acme")
        self.assertNotEqual(identify_tenant("eu.myconnectwise.net", "acme"), here)
        self.assertNotEqual(identify_tenant("na.myconnectwise.net", "acme2"), here)

    def test_typing_the_same_address_differently_changes_nothing(self):
        row = self.connected(ACME)
        newest = self.backend.newest_change
        self.backend.sudo().write(
            {
                "server_url": f" {self.sandbox.url}/v4_6_release/ ",
                "company_login_id": self.sandbox.company_login_id.upper(),
            }
        )
        self.assertEqual(self.backend.newest_change, newest)
        self.assertTrue(row._get_trusted_company())

    def test_connection_cannot_move_to_another_odoo_company(self):
        """It would take along what was learned for the first company."""
        other = self.new_odoo_company()
        with self.assertRaisesRegex(UserError, "stays with its company"):
            self.backend.company_id = other


@tagged("post_install", "-at_install")
class TestLinks(AnotherCommon):
    def test_no_link_counts_until_it_is_confirmed(self):
        row = self.connected(ACME)
        self.move_to_other()
        self.assertFalse(row.connectwise_company_id.is_confirmed)
        self.assertFalse(row.partner_id.connectwise_company_id)
        found = row.partner_id.search([("connectwise_company_id", "!=", False)])
        self.assertNotIn(row.partner_id, found)
        self.assertIn("not confirmed", row.connection_text)

    def test_link_is_in_doubt_however_the_tenant_was_changed(self):
        """The fields may be written, imported, or changed one at a time."""
        row = self.connected(ACME)
        as_manager = self.backend.with_user(self.administrator)
        for change in (
            partial(as_manager.write, {"company_login_id": "another"}),
            partial(as_manager.load, ["id", "server_url"], [[self.xml_id(), "eu"]]),
        ):
            row.connectwise_company_id.sudo().is_confirmed = True
            change()
            self.assertFalse(row.connectwise_company_id.is_confirmed)

    def xml_id(self):
        data = self.env["ir.model.data"].create(
            {
                "module": "__test__",
                "name": "backend",
                "model": self.backend._name,
                "res_id": self.backend.id,
            }
        )
        return data.complete_name

    def test_first_sync_of_another_tenant_reads_everything(self):
        """The point up to which was read is the other tenant's."""
        self.connected(ACME)
        self.move_to_other()
        self.assertFalse(self.backend.newest_change or self.backend.last_sync)
        counts = self.sync()
        self.assertEqual(counts["companies_read"], len(self.other.export_companies()))

    def test_link_with_the_same_company_id_is_kept(self):
        """The case and the name do not matter."""
        row = self.connected(ACME)
        identifier = self.identifier(ACME)
        self.other.patch_company(ACME, {"identifier": identifier.upper()})
        self.move_to_other()
        self.sync()
        self.assertConnected(row.partner_id, ACME, "company_name")
        self.assertTrue(row._get_trusted_company())
        self.assertFalse(row.is_set_aside)

    def test_link_with_the_same_account_id_is_kept(self):
        row = self.connected(ACME)
        account_id = self.sandbox_company(ACME)["account_number"]
        self.other.patch_company(ACME, {"accountNumber": f" {account_id.lower()} "})
        self.move_to_other()
        self.sync()
        self.assertConnected(row.partner_id, ACME, "company_name")

    def test_meaningless_account_id_does_not_confirm_a_link(self):
        for sandbox in self.sandbox, self.other:
            sandbox.patch_company(ACME, {"accountNumber": "-"})
        row = self.connected(ACME)
        self.move_to_other()
        self.sync()
        self.assertTrue(row.is_set_aside)

    def test_another_company_with_the_same_id_is_set_aside(self):
        """The conflict names both companies."""
        row = self.connected(ACME)
        name = row.connectwise_company_id.name
        self.move_to_other()
        self.sync()
        self.assertFalse(row.connectwise_company_id or row.connection)
        self.assertTrue(row.has_conflict and row.is_set_aside)
        self.assertIn(name, row.message)
        self.assertIn(f"#{ACME} is Stranger {ACME}", row.message)

    def test_company_without_identity_is_set_aside(self):
        """That nothing differs proves nothing."""
        for sandbox in self.sandbox, self.other:
            sandbox.patch_company(
                ACME, {"name": "Same", "identifier": "", "accountNumber": ""}
            )
        customer = self.customer("Same")
        self.sync()
        self.assertConnected(customer, ACME, "company_name")
        self.move_to_other()
        self.sync()
        self.assertTrue(self.row(customer).is_set_aside)

    def test_company_missing_in_the_new_tenant_is_set_aside(self):
        """It is forgotten, too."""
        row = self.connected(ACME)
        company = row.connectwise_company_id
        self.other.delete_company(ACME)
        self.move_to_other()
        self.sync()
        self.assertTrue(row.is_set_aside)
        self.assertIn("is not in the ConnectWise that is connected now", row.message)
        self.assertFalse(company.exists())

    def test_setting_every_link_aside_is_no_mass_loss(self):
        rows = self.connected(ACME) + self.connected(BOULDER) + self.connected(CARTER)
        for number in (ACME, BOULDER):
            self.other.delete_company(number)
        self.move_to_other()
        self.sync()
        self.assertEqual(rows.mapped("is_set_aside"), [True, True, True])

    def test_empty_answer_of_the_new_tenant_changes_nothing(self):
        row = self.connected(ACME)
        for company in self.other.export_companies():
            self.other.delete_company(company["id"])
        self.move_to_other()
        with self.assertRaises(UserError):
            self.sync()
        self.assertConnected(row.partner_id, ACME, "company_name")

    def test_automatic_matching_skips_a_customer_set_aside(self):
        """It is skipped even if a company has its name."""
        row = self.connected(ACME)
        self.other.patch_company(BOULDER, {"name": row.partner_id.name})
        self.move_to_other()
        self.sync()
        self.sync(full=True)
        self.assertTrue(row.is_set_aside)
        self.assertFalse(row.connectwise_company_id)
        self.assertIn("Was connected to", row.message)

    def test_connecting_exact_matches_skips_a_customer_set_aside(self):
        row = self.connected(ACME)
        self.other.patch_company(BOULDER, {"name": row.partner_id.name})
        self.move_to_other()
        self.sync()
        self.connect_exact_matches()
        self.assertTrue(row.is_set_aside)

    def test_connecting_by_hand_ends_the_doubt(self):
        row = self.connected(ACME)
        self.move_to_other()
        self.sync()
        company = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", BOULDER)]
        )
        row.with_user(self.administrator).connect(company)
        self.assertConnected(row.partner_id, BOULDER, "manual")
        self.assertFalse(row.is_set_aside or row.has_conflict or row.message)

    def test_disconnecting_ends_the_doubt(self):
        row = self.connected(ACME)
        contact = row.contact_id
        self.assertTrue(contact)
        self.move_to_other()
        self.sync()
        row.with_user(self.administrator).action_disconnect()
        self.assertTrue(row.disconnected)
        self.assertFalse(row.is_set_aside or row.has_conflict or row.message)
        self.assertFalse(row.contact_id or contact.exists())

    def test_unconfirmed_company_cannot_be_connected(self):
        """“+” offers no company until those of the new tenant were read."""
        row = self.connected(ACME)
        company = row.connectwise_company_id
        self.move_to_other()
        with self.assertRaisesRegex(UserError, "not been read yet"):
            row.with_user(self.administrator).connect(company)
        wizard = self.env["connectwise.mapping.connect"].create({"mapping_id": row.id})
        self.assertFalse(wizard.company_ids or wizard.suggestion_ids)

    def test_exclusion_of_another_company_is_dropped(self):
        """That of the customer is kept."""
        row = self.connected(ACME)
        row.with_user(self.administrator).action_disconnect()
        self.assertEqual(row.disconnected_company_ids.connectwise_ref, ACME)
        self.move_to_other()
        self.sync()
        self.assertTrue(row.disconnected)
        self.assertFalse(row.disconnected_company_ids)

    def test_unreadable_company_stays_in_doubt(self):
        row = self.connected(501)
        self.other.fault("mistyped_fields", "companies", nth=3)
        self.move_to_other()
        self.sync()
        self.assertFalse(row.connectwise_company_id.is_confirmed)
        self.assertFalse(row.is_set_aside)

    def test_unconnected_customer_is_matched_with_the_new_companies(self):
        customer = self.customer(f"Stranger {ACME}")
        self.sync()
        self.assertNotConnected(customer)
        self.move_to_other()
        self.sync()
        self.assertConnected(customer, ACME, "company_name")


@tagged("post_install", "-at_install")
class TestSameConnectWise(AnotherCommon):
    """An id may come to mean another company in the same ConnectWise."""

    def test_new_company_id_and_name_are_another_company(self):
        row = self.connected(ACME)
        self.sandbox.patch_company(
            ACME, {"identifier": "Zeta", "name": "Zeta Ltd", "accountNumber": "Z"}
        )
        self.sync()
        self.assertTrue(row.is_set_aside)
        self.assertIn("Zeta Ltd", row.message)

    def test_new_name_alone_is_the_same_company(self):
        row = self.connected(ACME)
        self.sandbox.patch_company(ACME, {"name": "Zeta Ltd"})
        self.sync()
        self.assertConnected(row.partner_id, ACME, "company_name")

    def test_new_company_id_alone_is_the_same_company(self):
        row = self.connected(ACME)
        self.sandbox.patch_company(ACME, {"identifier": "Zeta"})
        self.sync()
        self.assertConnected(row.partner_id, ACME, "company_name")

    def test_implausible_answer_is_not_applied(self):
        """Neither deletions nor changes are."""
        rows = self.connected(ACME) + self.connected(BOULDER) + self.connected(CARTER)
        name = rows[0].connectwise_company_id.name
        self.sandbox.patch_company(ACME, {"name": "Renamed"})
        for number in (BOULDER, CARTER):
            self.sandbox.delete_company(number)
        self.backend.with_user(self.administrator)._request_sync(full=True)
        with self.enter_registry_test_mode():
            self.env.ref(
                "benji_connectwise.ir_cron_connectwise_sync"
            ).method_direct_trigger()
        self.assertEqual(self.backend.sync_ids[:1].state, "refused")
        self.assertEqual(rows[0].connectwise_company_id.name, name)
        self.assertFalse(self.env["connectwise.sync.company"].sudo().search([]))


@tagged("post_install", "-at_install")
class TestContacts(AnotherCommon):
    def test_contact_of_a_link_set_aside_is_left_alone(self):
        """It is neither written nor removed, whatever ids the new tenant has."""
        row = self.connected(ACME)
        contact = row.contact_id
        before = contact.read(["name", "email", "phone", "active"])
        self.move_to_other()
        self.sync()
        self.sync(full=True)
        self.assertEqual(row.contact_id, contact)
        self.assertEqual(contact.read(["name", "email", "phone", "active"]), before)

    def test_kept_link_gets_the_contact_of_the_new_tenant(self):
        """The old tenant's data are forgotten."""
        row = self.connected(ACME)
        identifier = self.identifier(ACME)
        self.other.patch_company(ACME, {"identifier": identifier})
        self.move_to_other()
        self.sync()
        there = next(c for c in self.other.export_companies() if c["id"] == ACME)
        self.assertEqual(
            row.connectwise_company_id.contact_email or False,
            there["contact_email"] or False,
        )

    def test_contact_of_the_old_tenant_is_not_used(self):
        """The new one could not be read yet, so nothing is done."""
        row = self.connected(ACME)
        contact, email = row.contact_id, row.contact_id.email
        identifier = self.identifier(ACME)
        self.other.patch_company(ACME, {"identifier": identifier})
        self.move_to_other()
        self.other.fault("mistyped_fields", "contacts", times=0)
        self.sync()
        self.assertFalse(row.connectwise_company_id.contact_email)
        self.assertEqual((row.contact_id, contact.email), (contact, email))
