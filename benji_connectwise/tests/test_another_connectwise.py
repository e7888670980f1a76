"""After a change to another ConnectWise, nothing that was learned before counts.

Both ConnectWises have the same ids and at first the same Account IDs. Each test says
what differs.
"""

from functools import partial

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.lib.connectwise_client import identify_tenant
from odoo.addons.benji_connectwise.tools.connection.asking import asking
from odoo.addons.benji_connectwise.tools.sync.runs import start
from odoo.addons.benji_connectwise.tools.sync.synchronization import Synchronization

from ..tools.invoice_pdf.fetching import fetch, fetch_before_sending, find_due_invoices
from .common import SANDBOX_TODAY, Sandbox
from .test_sync import SyncCommon

ACME, BOULDER, CARTER = 1005, 1006, 1007


class AnotherCommon(SyncCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.enterClassContext(
            Sandbox(seed=2, companies=40, invoices=120, today=SANDBOX_TODAY)
        )
        cls._allow_local_host(f"{cls.sandbox.host},{cls.other.host}")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.other.reset)
        for number in (ACME, BOULDER, CARTER):
            self.other.patch_company(
                number,
                {
                    "name": f"Stranger {number}",
                    "identifier": f"Stranger{number}",
                    "accountNumber": f"S-{number}",
                },
            )

    def connected(self, number):
        """Return the row of a customer that is connected to this company."""
        name = self.sandbox_company(number)["name"]
        customer = self.customer(name)
        self.sync()
        self.assertConnected(customer, number, "company_name")
        return self.row(customer)

    def move_to_other(self):
        self.backend.sudo().server_url = self.other.url
        self.other.clear_requests()

    def identifier(self, number):
        return self.sandbox.get_record("companies", number)["identifier"]

    def send(self, move):
        """Send this invoice to a customer with ConnectWise's PDF."""
        self.assertChosen(move, "connectwise")
        move.sudo().connectwise_sent_checksum = move.connectwise_pdf_id.checksum
        self.env.flush_all()
        return move.sudo().connectwise_lookup_ids


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
        row.with_user(self.administrator).action_connect_exact_matches()
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
        self.assertEqual(row.disconnected_company_id.connectwise_ref, ACME)
        self.move_to_other()
        self.sync()
        self.assertTrue(row.disconnected)
        self.assertFalse(row.disconnected_company_id)

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


@tagged("post_install", "-at_install")
class TestPdfs(AnotherCommon):
    def test_pdf_that_nobody_received_is_forgotten(self):
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))
        self.move_to_other()
        lookup = move.sudo().connectwise_lookup_ids
        self.assertFalse(lookup.hit_ids or lookup.has_pdf)
        self.assertFalse(self.env["connectwise.lookup"]._get_pdfs(move))

    def test_received_pdf_is_still_shown(self):
        """ConnectWise is not asked about it."""
        move = self.invoice("CW1001")
        self.send(move)
        self.move_to_other()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))
        fetch_before_sending(move)
        self.assertFalse(self.other.requests())
        self.assertFalse(move.connectwise_pdf_changed)
        self.assertIn("connected before", move.connectwise_message)

    def test_received_pdf_is_not_prefetched_again(self):
        move = self.invoice("CW1001", invoice_date=SANDBOX_TODAY)
        self.send(move).asked_at = "2026-01-01"
        self.move_to_other()
        found = find_due_invoices(self.backend)
        self.assertNotIn(move, found)

    def test_received_pdf_is_compared_with_no_company(self):
        """The old ids mean nothing in the new tenant."""
        move = self.invoice("CW1001")
        lookup = self.send(move)
        there = self.sandbox_invoice("CW1001")["company_id"]
        self.move_to_other()
        self.sync()
        company = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", there)]
        )
        stranger = self.customer("Stranger")
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        self.row(stranger).with_user(self.administrator).connect(company)
        lookup._judge_anew()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_new_tenant_is_asked_about_a_received_pdf_only_by_refresh(self):
        move = self.invoice("CW1001")
        lookup = self.send(move)
        self.move_to_other()
        self.other.patch_invoice(
            self.sandbox_invoice("CW1001")["id"],
            {"invoiceNumber": "CW1001", "total": move.amount_total},
        )
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertTrue(self.other.requests())
        self.assertFalse(lookup.is_from_another_tenant)

    def test_failed_refresh_keeps_the_received_pdf(self):
        move = self.invoice("CW1001")
        self.send(move)
        self.move_to_other()
        self.other.fault("server_error", "any", times=0)
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_deleting_the_connection_forgets_unsent_pdfs(self):
        """The next connection may lead to another ConnectWise."""
        sent, unsent = self.invoice("CW1001"), self.invoice("CW1002")
        self.send(sent)
        self.assertChosen(unsent, "connectwise")
        self.backend.with_user(self.administrator).unlink()
        self.assertChosen(unsent, "odoo")
        self.assertChosen(sent, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertFalse(unsent.sudo().connectwise_lookup_ids.hit_ids)

    def test_new_tenant_is_asked_about_unsent_invoices(self):
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.move_to_other()
        move._get_preferred_invoice_pdf()
        self.assertTrue(self.other.requests())


@tagged("post_install", "-at_install")
class TestMeanwhile(AnotherCommon):
    """The connection changes to another ConnectWise while the first is being read."""

    def open_sync(self):
        return start(self.backend, True, False, self.administrator)

    def interrupted(self, moment):
        """Run a synchronization and change the connection in the middle of it.

        :param moment: after how many steps
        """
        sync = self.open_sync()
        limits = self.backend._get_background_limits()
        with asking(self.backend, limits, of_sync=True) as client:
            steps = Synchronization(sync, client).steps()
            for number, _step in enumerate(steps, start=1):
                if number == moment:
                    self.move_to_other()
        return sync

    def test_data_read_from_the_old_tenant_are_not_applied(self):
        sync = self.interrupted(1)
        self.assertFalse(self.env["connectwise.company"].search([]))
        self.assertFalse(self.backend.newest_change)
        self.assertEqual(sync.state, "cancelled")
        self.assertIn("Another ConnectWise", sync.error)

    def test_sync_stops_at_any_moment_of_the_change(self):
        """After the change no company counts and no contact arrives."""
        customer = self.customer(self.sandbox_company(ACME)["name"])
        self.sync()
        steps = 0
        for moment in range(1, 10):
            self.backend.sudo().server_url = self.sandbox.url
            self.sync(full=True)
            sync = self.interrupted(moment)
            if sync.state == "done":
                break
            steps += 1
            counting = self.env["connectwise.company"].search(
                [("is_confirmed", "=", True)]
            )
            self.assertFalse(counting)
            self.assertFalse(self.backend.last_sync or self.backend.newest_change)
        self.assertGreater(steps, 1)
        self.assertTrue(self.row(customer))

    def test_open_sync_ends_with_a_sentence(self):
        """One that waits to begin does, too."""
        self.backend.with_user(self.administrator)._request_sync()
        self.move_to_other()
        sync = self.backend.sync_ids[:1]
        self.assertEqual(sync.state, "cancelled")
        self.assertIn("Another ConnectWise", sync.error)
        self.assertEqual(self.backend.sync_state, "idle")

    def test_sync_begun_during_the_change_is_not_resumed(self):
        """It began at the same time as the address was changed."""
        sync = self.open_sync()
        self.move_to_other()
        sync.sudo().write({"state": "running", "failure": False})
        with self.enter_registry_test_mode():
            self.env.ref(
                "benji_connectwise.ir_cron_connectwise_sync"
            ).method_direct_trigger()
        self.assertEqual(sync.state, "cancelled")
        self.assertEqual(self.backend.sync_ids[:1].state, "done")
        self.assertTrue(self.other.requests())

    def test_answer_on_its_way_is_not_stored(self):
        """The change comes between the network and the database."""
        move = self.invoice("CW1001")
        lookup = self.env["connectwise.lookup"].sudo()._prepare(move)
        steps = []

        def step():
            steps.append(1)
            if len(steps) == 1:
                self.move_to_other()

        with asking(self.backend, self.backend._get_background_limits()) as client:
            for _step in fetch(client, lookup, sending=True):
                step()
        self.assertFalse(lookup.hit_ids or lookup.has_pdf)

    def test_pdf_on_its_way_is_not_stored(self):
        """The new tenant may have an invoice with that id."""
        move = self.invoice("CW1001")
        lookup = self.env["connectwise.lookup"].sudo()._prepare(move)
        hit = self.sandbox_invoice("CW1001")
        steps = []

        def step():
            steps.append(1)
            if len(steps) == 3:
                self.move_to_other()
                found = {
                    "lookup_id": lookup.id,
                    "connectwise_ref": hit["id"],
                    "number": "CW1001",
                }
                self.env["connectwise.invoice"].sudo().create(found)
                lookup.write({"state": "found", "tenant": self.backend.tenant})

        with asking(self.backend, self.backend._get_background_limits()) as client:
            for _step in fetch(client, lookup, sending=True):
                step()
        self.assertGreaterEqual(len(steps), 3)
        self.assertFalse(lookup.has_pdf or lookup.pdf_ref)

    def test_answer_stored_during_the_change_is_not_used(self):
        """The transaction of the change did not see it."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        lookup = move.sudo().connectwise_lookup_ids
        before = self.backend.tenant
        self.backend.sudo().server_url = self.other.url
        self.backend.sudo().server_url = self.sandbox.url
        self.assertChosen(move, "connectwise")
        lookup.tenant = f"not-{before}"
        with_pdf = self.env["connectwise.lookup"]._get_pdfs(move)
        self.assertFalse(with_pdf)
        self.assertChosen(move, "connectwise")
        self.assertEqual(lookup.tenant, before)


@tagged("post_install", "-at_install")
class TestWizard(AnotherCommon):
    def wizard(self, **values):
        return (
            self.env["connectwise.backend.configure"]
            .with_user(self.administrator)
            .create(
                {
                    "server_url": self.other.url,
                    "private_key": self.other.private_key,
                    "step": "contacts",
                    **values,
                }
            )
        )

    def test_wizard_counts_what_would_be_lost_before_it_saves(self):
        self.connected(ACME)
        sent, unsent = self.invoice("CW1001"), self.invoice("CW1002")
        self.send(sent)
        self.assertChosen(unsent, "connectwise")
        wizard = self.wizard()
        wizard.action_save()
        self.assertEqual(wizard.step, "another")
        self.assertEqual(self.backend.server_url, self.sandbox.url)
        explanation = wizard.another_explanation
        self.assertIn(f"{self.other.url} is another ConnectWise than", explanation)
        self.assertIn("1 connections will be checked", explanation)
        self.assertIn("1 PDFs that nobody received yet", explanation)
        self.assertIn("1 PDFs that customers received", explanation)

    def test_back_button_stores_nothing(self):
        self.connected(ACME)
        wizard = self.wizard()
        wizard.action_save()
        wizard.action_back()
        self.assertEqual(wizard.step, "contacts")
        self.assertEqual(self.backend.server_url, self.sandbox.url)

    def test_confirming_saves_the_new_tenant(self):
        row = self.connected(ACME)
        wizard = self.wizard()
        wizard.action_save()
        wizard.action_save()
        self.assertEqual(self.backend.server_url, self.other.url)
        self.assertFalse(row._get_trusted_company())

    def test_wizard_does_not_warn_if_nothing_was_learned(self):
        self.wizard().action_save()
        self.assertEqual(self.backend.server_url, self.other.url)

    def test_wizard_does_not_warn_about_the_same_tenant(self):
        self.connected(ACME)
        self.wizard(server_url=f"{self.sandbox.url}/").action_save()
        self.assertEqual(self.backend.server_url, f"{self.sandbox.url}/")
