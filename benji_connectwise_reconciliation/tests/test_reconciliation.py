"""Comparing a period: what is read, listed and shown."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import ReconciliationCommon


@tagged("post_install", "-at_install")
class TestReconciliation(ReconciliationCommon):
    def test_comparison_with_a_sandbox_says_so(self):
        self.here("R1")
        run = self.compare()
        self.assertEqual(run.environment, "sandbox")
        self.assertEqual(self.line(run, "R1").environment, "sandbox")
        self.assertEqual(run.get_lines_status()["environment"], "sandbox")

    def test_comparison_with_a_sandbox_says_so_after_it_was_left(self):
        run = self.compare()
        self.backend.server_url = "na.myconnectwise.net"
        self.assertEqual(run.environment, "sandbox")
        run.sudo().tenant = self.backend.tenant
        self.assertFalse(run.environment)

    def test_line_above_the_differences_says_what_was_compared(self):
        self.here("R1")
        self.here("R2")
        run = self.compare()
        counts = f"2 invoices in Odoo, {run.connectwise_count} in ConnectWise"
        self.assertIn(counts, run.get_lines_status()["text"])

    def test_equal_invoices_agree(self):
        self.here("R1")
        self.there("R1")
        self.assertStatus(self.compare(), "R1", "agrees")

    def test_other_amount_is_listed_with_its_difference(self):
        move = self.here("R1", 120.0)
        invoice = self.there("R1")
        line = self.line(self.compare(), "R1")
        self.assertEqual(line.status, "other_amount")
        self.assertEqual(line.move_id, move)
        self.assertEqual(line.connectwise_ref, invoice["id"])
        self.assertEqual(line.odoo_total, 120.0)
        self.assertEqual(line.connectwise_total, 100.0)
        self.assertEqual(line.difference, 20.0)
        self.assertEqual(line.currency_id, self.currency)

    def test_single_invoices_are_listed(self):
        self.here("R1", 101.0)
        self.there("R2", 102.0)
        run = self.compare()
        self.assertStatus(run, "R1", "odoo_only")
        self.assertStatus(run, "R2", "connectwise_only")

    def test_invoice_without_a_number_in_connectwise_is_listed(self):
        invoice = self.there("", 103.0)
        lines = self.compare().line_ids
        line = lines.filtered(lambda line: line.connectwise_ref == invoice["id"])
        self.assertEqual(line.status, "no_number")
        self.assertEqual(line.display_name, "No number")

    def test_invoice_of_another_customer_is_listed(self):
        self.connect(self.partner_b, 1005)
        self.here("R1")
        self.there("R1")
        self.assertStatus(self.compare(), "R1", "other_customer")

    def test_row_of_a_part_does_not_decide_about_its_customer(self):
        """Nor does it for the PDF."""
        part = self.env["res.partner"].create({"name": "zz", "is_company": True})
        self.connect(self.partner_a, 1005)
        self.connect(part, 1006)
        part.write({"parent_id": self.partner_a.id, "is_company": False})
        self.here("R1")
        self.there("R1")
        self.assertStatus(self.compare(), "R1", "agrees")

    def test_customer_and_its_part_were_each_disconnected_from_a_company(self):
        part = self.env["res.partner"].create({"name": "zz", "is_company": True})
        for partner, ref in ((self.partner_a, 1005), (part, 1006)):
            mapping = self.connect(partner, ref)
            mapping.with_user(self.administrator).action_disconnect()
        part.write({"parent_id": self.partner_a.id, "is_company": False})
        self.here("R1")
        self.there("R1")
        self.assertStatus(self.compare(), "R1", "other_customer")

    def test_credit_memo_for_an_invoice_is_listed(self):
        self.here("R1")
        self.there("R1", -100.0, type="CreditMemo")
        line = self.line(self.compare(), "R1")
        self.assertEqual(line.status, "other_kind")
        self.assertEqual(line.difference, 200.0)

    def test_invoice_of_another_day_is_one_pair_across_the_edge(self):
        """The two systems dated it in two months."""
        self.here("R1", day="2026-11-01")
        self.there("R1", day="2026-10-31")
        self.assertStatus(self.compare(), "R1", "other_date")

    def test_invoices_outside_the_period_are_not_listed(self):
        self.here("R1", day="2026-11-01")
        self.there("R1", day="2026-11-01")
        numbers = self.compare().line_ids.mapped("odoo_number")
        self.assertNotIn("R1", numbers)

    def test_other_number_is_probably_the_same_and_says_why(self):
        self.connect(self.partner_a, 1005)
        self.here("CW-R117", 104.0)
        self.there("R117", 104.0)
        line = self.line(self.compare(), "R117")
        self.assertEqual(line.status, "probable")
        self.assertIn("CW-", line.join_hint)

    def test_drafts_and_vendor_bills_are_not_listed(self):
        self.here("R1", post=False)
        self.here("R2", move_type="in_invoice")
        numbers = self.compare().line_ids.mapped("odoo_number")
        self.assertFalse({"R1", "R2"} & set(numbers))

    def test_counts_are_those_of_the_period(self):
        run = self.compare()
        days = [i["date"] for i in self.sandbox.export_invoices(limit=10**6)]
        wanted = sum("2026-10-01" <= day[:10] <= "2026-10-31" for day in days)
        self.assertEqual(run.connectwise_count, wanted)
        self.here("R1")
        self.assertEqual(self.compare().odoo_count, run.odoo_count)
        self.assertEqual(run.odoo_count, 1)

    def test_right_to_invoices_is_enough(self):
        """The role for PDFs alone, and no other endpoint."""
        self.sandbox.change_role(self.sandbox.public_key, "pdf_only")
        self.addCleanup(self.sandbox.change_role, self.sandbox.public_key, "full")
        self.sandbox.clear_requests()
        self.compare()
        self.compare()
        paths = {path.partition("/apis/3.0")[2] for path in self.requests("/apis/")}
        self.assertEqual(paths, {"/finance/invoices", "/finance/invoices/count"})

    def test_comparing_again_replaces_the_lines(self):
        self.here("R1", 120.0)
        invoice = self.there("R1")
        run = self.compare()
        self.sandbox.patch_invoice(invoice["id"], {"total": 120.0})
        self.assertEqual(self.compare(), run)
        self.assertStatus(run, "R1", "agrees")

    def compare_again(self, requests):
        """Compare October again; ConnectWise has to be asked that often."""
        self.sandbox.clear_requests()
        run = self.compare()
        self.assertEqual(len(self.requests("/finance/invoices")), requests)
        return run

    def test_comparing_again_reads_only_what_changed(self):
        self.there("R1", 105.0)
        first = self.compare()
        before = first.connectwise_count
        self.there("R2", 106.0)
        run = self.compare_again(requests=2)
        self.assertStatus(run, "R1", "connectwise_only")
        self.assertStatus(run, "R2", "connectwise_only")
        self.assertEqual(run.connectwise_count, before + 1)

    def test_invoice_that_got_another_date_leaves_the_period(self):
        invoice = self.there("R1", 105.0)
        self.compare()
        self.sandbox.patch_invoice(invoice["id"], {"date": "2026-01-05T00:00:00Z"})
        run = self.compare_again(requests=2)
        self.assertNotIn("R1", run.line_ids.mapped("connectwise_number"))

    def test_deletion_in_connectwise_has_everything_read_again(self):
        """ConnectWise does not tell what was deleted, only how many there are."""
        invoice = self.there("R1", 105.0)
        self.compare()
        self.sandbox.delete_invoice(invoice["id"])
        run = self.compare_again(requests=6)
        self.assertNotIn("R1", run.line_ids.mapped("connectwise_number"))

    def test_comparison_after_a_cancelled_one_reads_everything(self):
        self.compare()
        run = self.ask()
        run.with_user(self.accountant).action_cancel()
        self.run_cron()
        self.compare_again(requests=4)

    def test_comparison_after_unreadable_invoices_reads_everything(self):
        """Otherwise a deleted invoice could be taken for one of them."""
        run = self.compare()
        run.sudo().skipped = "Invoice 7: total is not a plausible number"
        self.compare_again(requests=4)

    def test_invoice_of_unknown_amount_is_not_one_of_zero(self):
        self.there("R1", None)
        self.assertFalse(self.line(self.compare(), "R1").is_zero)

    def test_invoices_of_zero_are_set_apart(self):
        self.there("R1", 0.0)
        run = self.compare()
        before = run.open_count
        self.assertTrue(self.line(run, "R1").is_zero)
        self.there("R2", 10.0)
        self.assertEqual(self.compare().open_count, before + 1)

    # Accepting ----------------------------------------------------------------------

    def test_menu_opens_the_newest_comparison(self):
        self.compare("2026-09-01", "2026-09-30")
        run = self.compare()
        runs = run.with_user(self.accountant).browse()
        action = runs.action_open_report()
        self.assertEqual(action["domain"], [("run_id", "=", run.id)])
        self.assertEqual(action["name"], run.display_name)

    def test_menu_offers_to_compare_before_the_first_time(self):
        runs = self.env["connectwise.reconciliation.run"].with_user(self.accountant)
        action = runs.action_open_report()
        self.assertEqual(action["res_model"], "connectwise.reconciliation.run")

    def test_menu_offers_to_connect_first(self):
        self.backend.sudo().active = False
        runs = self.env["connectwise.reconciliation.run"].with_user(self.administrator)
        self.assertIn("Configure", runs.action_open_report()["help"])

    def test_tile_says_nothing_before_the_first_comparison(self):
        page = self.env["connectwise.integrations"].with_user(self.administrator)
        self.assertFalse(page.create({}).reconciliation_statistics)

    def test_tile_shows_the_counts(self):
        run = self.compare()
        pages = self.env["connectwise.integrations"].with_user(self.administrator)
        page = pages.create({})
        self.assertIn(str(run.open_count), page.reconciliation_statistics)
        action = page.action_open_reconciliation()
        self.assertEqual(action["domain"], [("run_id", "=", run.id)])

    def test_mapping_report_shows_the_counts(self):
        self.backend.sudo().write(
            {"sync_contacts": True, "last_sync": "2026-10-30 12:00:00"}
        )
        run = self.compare()
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        text = rows.with_company(self.company).get_report_status()["text"]
        self.assertIn(f"{run.open_count} differences", text)

    def test_mapping_report_says_first_what_is_wrong(self):
        self.compare()
        self.backend.sudo().sync_contacts = False
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        text = rows.with_company(self.company).get_report_status()["text"]
        self.assertNotIn("differences", text)

    def test_line_opens_the_rule_that_would_join_it(self):
        self.connect(self.partner_a, 1005)
        self.here("CW-R117", 104.0)
        self.there("R117", 104.0)
        line = self.line(self.compare(), "R117").with_user(self.administrator)
        action = line.action_make_rule()
        Bench = line.env[action["res_model"]].with_context(**action["context"])
        bench = Bench.create(Bench.default_get(["backend_id", "line_ids"]))
        self.assertEqual(bench.line_ids.cut_prefix, "CW-")
        self.assertEqual(bench.line_ids.field_name, "name")
        self.assertFalse(self.backend.number_rule_ids)

    def test_line_leads_to_its_company_in_connectwise(self):
        self.there("R1")
        line = self.line(self.compare(), "R1").with_user(self.accountant)
        action = line.action_open_in_connectwise()
        self.assertIn("recordType=CompanyFV&recid=1005", action["url"])

    def test_line_of_another_connectwise_leads_nowhere(self):
        """Its id means another company there."""
        self.there("R1")
        line = self.line(self.compare(), "R1")
        self.backend.company_login_id = "another"
        with self.assertRaisesRegex(UserError, "no company"):
            line.action_open_in_connectwise()

    def test_line_opens_its_invoice(self):
        move = self.here("R1")
        line = self.line(self.compare(), "R1")
        self.assertEqual(line.action_open_invoice()["res_id"], move.id)

    def test_person_who_asked_is_notified(self):
        self.compare()
        self.env.cr.precommit.run()
        channel = f'"res.partner",{self.accountant.partner_id.id}]'
        messages = self.env["bus.bus"].sudo().search([("channel", "like", channel)])
        told = " ".join(messages.mapped("message"))
        self.assertIn("ConnectWise Reconciliation", told)

    def test_uninstalling_deletes_saved_searches_and_export_templates(self):
        model = "connectwise.reconciliation.line"
        saved = self.env["ir.filters"].create({"name": "Mine", "model_id": model})
        export = self.env["ir.exports"].create({"name": "Mine", "resource": model})
        uninstall_hook(self.env(su=True))
        self.assertFalse(saved.exists())
        self.assertFalse(export.exists())
