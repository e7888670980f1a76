"""Tours through the browser."""

from odoo.tests import tagged

from odoo.addons.benji_connectwise.tests.browser_common import BrowserCommon

from .common import CRON, ReconciliationCommon


@tagged("post_install", "-at_install")
class TestTours(ReconciliationCommon, BrowserCommon):
    def run_cron(self):
        # A browser's test has such a registry from the start.
        self.env.ref(CRON).sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_administrator_accepts_a_difference_in_the_browser(self):
        self.here("R1", 120.0)
        self.there("R1")
        run = self.compare()
        self.start_tour(
            "/odoo/connectwise-reconciliation",
            "benji_connectwise_reconciliation_accept",
            login=self.administrator.login,
        )
        line = self.line(run, "R1")
        self.assertEqual(line.acceptance_id.reason, "Rounded in ConnectWise")
        self.assertEqual(line.accepted_by_id, self.administrator)

    def test_administrator_makes_a_rule_for_a_pair_in_the_browser(self):
        self.connect(self.partner_a, 1005)
        self.here("X-R1", 104.0)
        self.there("R1", 104.0)
        self.compare()
        self.start_tour(
            "/odoo/connectwise-reconciliation",
            "benji_connectwise_reconciliation_make_rule",
            login=self.administrator.login,
        )
        self.assertEqual(self.backend.number_rule_ids.cut_prefix, "X-")

    def test_accountant_compares_in_the_browser(self):
        self.start_tour(
            "/odoo/connectwise-reconciliation",
            "benji_connectwise_reconciliation_compare",
            login=self.accountant.login,
        )
        run = self.env["connectwise.reconciliation.run"].search([])
        self.assertEqual(run.state, "queued")
        self.assertEqual(run.user_id, self.accountant)
