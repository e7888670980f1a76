"""Accepting a difference, and when it comes back."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import ReconciliationCommon


@tagged("post_install", "-at_install")
class TestAccepting(ReconciliationCommon):
    def accept(self, lines, reason="Rounded there", user=None):
        lines = lines.with_user(user or self.administrator)
        action = lines.action_accept()
        Dialog = lines.env["connectwise.reconciliation.accept"]
        Dialog = Dialog.with_context(**action["context"])
        Dialog.create({"reason": reason}).action_accept()

    def test_accepted_difference_is_not_open(self):
        self.here("R1", 120.0)
        self.there("R1")
        run = self.compare()
        before = run.open_count
        self.accept(self.line(run, "R1"))
        line = self.line(run, "R1")
        self.assertEqual(line.acceptance_id.reason, "Rounded there")
        self.assertEqual(line.accepted_by_id, self.administrator)
        self.assertEqual(run.open_count, before - 1)
        self.assertEqual(run.accepted_count, 1)

    def test_acceptance_is_remembered(self):
        self.here("R1", 120.0)
        self.there("R1")
        self.accept(self.line(self.compare(), "R1"))
        self.assertTrue(self.line(self.compare(), "R1").acceptance_id)

    def test_acceptance_holds_in_another_period(self):
        self.here("R1", 120.0)
        self.there("R1")
        self.accept(self.line(self.compare(), "R1"))
        other = self.compare("2026-10-02", "2026-10-30")
        self.assertTrue(self.line(other, "R1").acceptance_id)

    def test_accepted_difference_comes_back_when_connectwise_changes(self):
        self.here("R1", 120.0)
        invoice = self.there("R1")
        self.accept(self.line(self.compare(), "R1"))
        self.sandbox.patch_invoice(invoice["id"], {"total": 99.0})
        self.assertFalse(self.line(self.compare(), "R1").acceptance_id)

    def test_accepted_difference_comes_back_when_odoo_changes(self):
        move = self.here("R1", 120.0)
        self.there("R1")
        self.accept(self.line(self.compare(), "R1"))
        move.button_draft()
        move.invoice_line_ids.price_unit = 121.0
        move.action_post()
        self.assertFalse(self.line(self.compare(), "R1").acceptance_id)

    def test_renamed_company_does_not_reopen_an_accepted_difference(self):
        self.here("R1", 120.0)
        self.there("R1")
        run = self.compare()
        self.accept(self.line(run, "R1"))
        self.sandbox.patch_company(1005, {"name": "Renamed"})
        # Read anew: ConnectWise did not change the invoice.
        run.unlink()
        line = self.line(self.compare(), "R1")
        self.assertEqual(line.connectwise_company, "Renamed")
        self.assertTrue(line.acceptance_id)

    def test_many_differences_are_accepted_at_once(self):
        run = self.compare()
        lines = run.line_ids.filtered("fingerprint")
        self.assertGreater(len(lines), 5)
        self.accept(lines)
        self.assertEqual(run.open_count, 0)

    def test_acceptance_can_be_withdrawn(self):
        self.here("R1", 120.0)
        self.there("R1")
        line = self.line(self.compare(), "R1")
        self.accept(line)
        line.with_user(self.administrator).action_withdraw_acceptance()
        self.assertFalse(line.acceptance_id)

    def test_new_reason_replaces_the_old_one(self):
        self.here("R1", 120.0)
        self.there("R1")
        line = self.line(self.compare(), "R1")
        self.accept(line)
        self.accept(line, "Agreed with Acme")
        self.assertEqual(line.acceptance_id.reason, "Agreed with Acme")

    def test_reason_is_needed(self):
        self.here("R1", 120.0)
        self.there("R1")
        line = self.line(self.compare(), "R1")
        with self.assertRaisesRegex(UserError, "reason"):
            self.accept(line, "  ")

    def test_agreement_is_not_accepted(self):
        self.here("R1")
        self.there("R1")
        with self.assertRaisesRegex(UserError, "no difference"):
            self.accept(self.line(self.compare(), "R1"))

    def test_line_that_is_gone_is_not_accepted(self):
        """The invoices were compared anew while the dialog was open."""
        self.here("R1", 120.0)
        self.there("R1")
        line = self.line(self.compare(), "R1").with_user(self.administrator)
        Dialog = line.env["connectwise.reconciliation.accept"]
        dialog = Dialog.create({"line_ids": line.ids, "reason": "Rounded"})
        self.compare()
        with self.assertRaisesRegex(UserError, "compared anew"):
            dialog.action_accept()

    # On screen ----------------------------------------------------------------------
