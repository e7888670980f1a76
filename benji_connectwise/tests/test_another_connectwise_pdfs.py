"""What another ConnectWise means for PDFs, for running jobs and in the dialog."""

from odoo.tests import tagged

from odoo.addons.benji_connectwise.tools.connection.asking import asking
from odoo.addons.benji_connectwise.tools.sync.runs import start
from odoo.addons.benji_connectwise.tools.sync.synchronization import Synchronization

from ..tools.invoice_pdf.due_invoices import find_due_invoices
from ..tools.invoice_pdf.fetching import fetch, fetch_before_sending
from .another_common import ACME, AnotherCommon
from .common import SANDBOX_TODAY


@tagged("post_install", "-at_install")
class TestPdfs(AnotherCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_pdf_that_nobody_received_is_forgotten(self):
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))
        self.move_to_other()
        lookup = self.move.sudo().connectwise_lookup_ids
        self.assertFalse(lookup.hit_ids or lookup.has_pdf)
        self.assertFalse(self.env["connectwise.lookup"]._get_pdfs(self.move))

    def test_received_pdf_is_still_shown(self):
        """ConnectWise is not asked about it."""
        self.send(self.move)
        self.move_to_other()
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))
        fetch_before_sending(self.move)
        self.assertFalse(self.other.requests())
        self.assertFalse(self.move.connectwise_pdf_changed)
        self.assertIn("connected before", self.move.connectwise_message)

    def test_received_pdf_is_not_prefetched_again(self):
        move = self.invoice("CW1002", invoice_date=SANDBOX_TODAY)
        self.send(move).asked_at = "2026-01-01"
        self.move_to_other()
        found = find_due_invoices(self.backend)
        self.assertNotIn(move, found)

    def test_received_pdf_is_compared_with_no_company(self):
        """The old ids mean nothing in the new tenant."""
        lookup = self.send(self.move)
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
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_new_tenant_is_asked_about_a_received_pdf_only_by_refresh(self):
        lookup = self.send(self.move)
        self.move_to_other()
        self.other.patch_invoice(
            self.sandbox_invoice("CW1001")["id"],
            {"invoiceNumber": "CW1001", "total": self.move.amount_total},
        )
        self.move.with_user(self.accountant).action_refresh_pdf()
        self.assertTrue(self.other.requests())
        self.assertFalse(lookup.is_from_another_tenant)

    def test_failed_refresh_keeps_the_received_pdf(self):
        self.send(self.move)
        self.move_to_other()
        self.other.fault("server_error", "any", times=0)
        self.move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_deleting_the_connection_forgets_unsent_pdfs(self):
        """The next connection may lead to another ConnectWise."""
        sent, unsent = self.move, self.invoice("CW1002")
        self.send(sent)
        self.assertChosen(unsent, "connectwise")
        self.backend.with_user(self.administrator).unlink()
        self.assertChosen(unsent, "odoo")
        self.assertChosen(sent, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertFalse(unsent.sudo().connectwise_lookup_ids.hit_ids)

    def test_new_tenant_is_asked_about_unsent_invoices(self):
        self.assertChosen(self.move, "connectwise")
        self.move_to_other()
        self.move._get_preferred_invoice_pdf()
        self.assertTrue(self.other.requests())


@tagged("post_install", "-at_install")
class TestMeanwhile(AnotherCommon):
    """The connection changes to another ConnectWise while the first is being read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

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

    def test_answer_of_the_former_tenant_is_not_stored(self):
        """The change comes between the network and the database."""
        lookup = self.env["connectwise.lookup"].sudo()._prepare(self.move)
        steps = []

        def step():
            steps.append(1)
            if len(steps) == 1:
                self.move_to_other()

        with asking(self.backend, self.backend._get_background_limits()) as client:
            for _step in fetch(client, lookup, sending=True):
                step()
        self.assertFalse(lookup.hit_ids or lookup.has_pdf)

    def test_pdf_of_the_former_tenant_is_not_stored(self):
        """The new tenant may have an invoice with that id."""
        lookup = self.env["connectwise.lookup"].sudo()._prepare(self.move)
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
        self.assertChosen(self.move, "connectwise")
        lookup = self.move.sudo().connectwise_lookup_ids
        before = self.backend.tenant
        self.backend.sudo().server_url = self.other.url
        self.backend.sudo().server_url = self.sandbox.url
        self.assertChosen(self.move, "connectwise")
        lookup.tenant = f"not-{before}"
        with_pdf = self.env["connectwise.lookup"]._get_pdfs(self.move)
        self.assertFalse(with_pdf)
        self.assertChosen(self.move, "connectwise")
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
