"""New settings of a connection hold for lookups that were answered before."""

from unittest.mock import patch

from odoo.tests import tagged

from ..tools.invoice_pdf import judging
from .test_prefetch import PrefetchCommon


@tagged("post_install", "-at_install")
class TestJudging(PrefetchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        numbers = ("CW1001", "CW1002")
        cls.moves = cls.env["account.move"].union(
            *(
                cls.invoice(number, abs(cls.sandbox_invoice(number)["total"]) + 0.9)
                for number in numbers
            )
        )
        cls.backend.amount_tolerance = 1
        cls.moves._get_preferred_invoice_pdfs()
        # As if there were hundreds of thousands.
        cls.enterClassContext(patch.object(judging, "LOOKUPS_JUDGED_AT_ONCE", 1))

    def assertVerdicts(self, *verdicts):
        lookups = self.moves.sudo().connectwise_lookup_ids.sorted("id")
        self.assertEqual(lookups.mapped("verdict"), list(verdicts))

    def test_newest_lookup_is_judged_at_once_and_the_others_soon(self):
        self.assertVerdicts("accepted", "accepted")
        self.backend.amount_tolerance = 0
        self.assertVerdicts("accepted", "wrong_amount")
        self.prefetch()
        self.assertVerdicts("wrong_amount", "wrong_amount")
        self.assertFalse(self.backend.judged_from_id)

    def test_pdf_is_not_used_before_its_lookup_was_judged(self):
        self.backend.amount_tolerance = 0
        older = self.moves.sorted("id")[0]
        self.assertTrue(older.sudo().connectwise_lookup_ids.has_pdf)
        self.assertFalse(older._get_preferred_invoice_pdf())

    def test_answers_of_the_previous_connectwise_are_forgotten_soon(self):
        self.backend.sudo().company_login_id = "another"
        self.prefetch()
        states = self.moves.sudo().connectwise_lookup_ids.mapped("state")
        self.assertEqual(states, ["new", "new"])

    def test_many_invoices_of_a_company_that_changed_hands_are_judged_soon(self):
        hits = self.moves.sudo().connectwise_lookup_ids.sorted("id").hit_ids
        hits.company_ref = hits[-1].company_ref
        self.env.flush_all()
        self.connect_by_hand(self.partner_b, "CW1002")
        self.assertVerdicts("accepted", "wrong_company")
        self.prefetch()
        self.assertVerdicts("wrong_company", "wrong_company")

    def test_archived_connections_lookups_are_judged_too(self):
        self.backend.amount_tolerance = 0
        self.backend.active = False
        self.prefetch()
        self.assertFalse(self.backend.judged_from_id)
