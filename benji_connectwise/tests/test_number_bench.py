"""Number rules are tried on the newest invoices before they are saved."""

import math
from unittest.mock import patch

from odoo.exceptions import (
    AccessError,
    RedirectWarning,
    UserError,
    ValidationError,
)
from odoo.fields import Command
from odoo.tests import tagged

from ..const import (
    INVOICES_ON_BENCH,
    MISSES_ON_BENCH,
    MOST_NUMBER_RULES,
    NUMBERS_AT_ONCE,
)
from ..tools.invoice_pdf import number_bench
from ..tools.invoice_pdf.number_bench import PROPOSALS, find_steps
from .test_number_rules import RulesCommon


class BenchCommon(RulesCommon):
    def bench(self, *rules):
        """Return the bench of the administrator, with these rules typed."""
        Bench = self.env["connectwise.number.bench"].with_user(self.administrator)
        bench = Bench.with_context(allowed_company_ids=self.company.ids).create(
            {"backend_id": self.backend.id}
        )
        lines = [Command.create({"field_name": "ref", **rule}) for rule in rules]
        bench.line_ids = [Command.clear(), *lines]
        return bench

    def found(self, bench, place):
        """Return {figure: numbers of the invoices}; those that are zero left out."""
        found = bench.result_ids[place].found
        Move = self.env["account.move"]
        return {
            figure: sorted(Move.browse(ids).mapped("name"))
            for figure, ids in found.items()
            if ids
        }


@tagged("post_install", "-at_install")
class TestBench(BenchCommon):
    def test_bench_starts_with_the_rules_in_force(self):
        self.add_rule(cut_prefix="X-")
        Bench = self.env["connectwise.number.bench"].with_user(self.administrator)
        Bench = Bench.with_context(default_backend_id=self.backend.id)
        values = Bench.default_get(["backend_id", "line_ids"])
        self.assertEqual(values["line_ids"][0][2]["cut_prefix"], "X-")

    def test_bench_adds_the_rule_that_it_was_opened_for(self):
        self.add_rule(cut_prefix="X-")
        Bench = self.env["connectwise.number.bench"].with_user(self.administrator)
        Bench = Bench.with_context(
            default_backend_id=self.backend.id,
            default_line_ids=[Command.create({"field_name": "name", "pad_to": 5})],
        )
        bench = Bench.create(Bench.default_get(["backend_id", "line_ids"]))
        self.assertEqual(bench.line_ids.mapped("cut_prefix"), ["X-", False])
        self.assertEqual(bench.line_ids.mapped("pad_to"), [0, 5])

    def test_hits_and_misses_are_counted(self):
        self.invoice("CW1001")
        self.invoice("A-1", amount=1)
        bench = self.bench()
        bench.action_try()
        self.assertEqual(self.found(bench, 0), {"hits": ["CW1001"], "misses": ["A-1"]})

    def test_each_rule_has_its_figures(self):
        self.invoice("A-1", amount=self.amount("CW1001"), ref="X-CW1001")
        self.invoice("A-2", amount=1, ref="X-CW1002")
        self.invoice("A-3", amount=1)
        bench = self.bench({"cut_prefix": "X-"})
        bench.action_try()
        self.assertEqual(self.found(bench, 1), {"hits": ["A-1"], "refused": ["A-2"]})

    def test_another_kind_is_a_collision(self):
        self.invoice("A-1", amount=1, ref="CM1001")
        bench = self.bench({})
        bench.action_try()
        self.assertEqual(self.found(bench, 1), {"collisions": ["A-1"]})

    def test_rules_that_contradict_each_other_are_ambiguous(self):
        self.invoice("CW1001", ref="CW1002")
        bench = self.bench({})
        bench.action_try()
        self.assertEqual(self.found(bench, 2), {"ambiguous": ["CW1001"]})

    def test_typed_rules_are_compared_with_those_in_force(self):
        self.invoice("A-1", amount=self.amount("CW1001"), ref="CW1001")
        bench = self.bench({})
        bench.action_try()
        self.assertEqual(self.found(bench, 2), {"hits": ["A-1"]})
        self.assertEqual(self.found(bench, 3), {"misses": ["A-1"]})
        self.assertIn("1 of the 1 newest", bench.summary)

    def test_reference_of_an_order_is_refused(self):
        """As it would be when it is looked up."""
        amount = self.amount("CW1001")
        self.invoice("A-1", amount=amount, ref="CW1001", invoice_origin="S00001")
        bench = self.bench({})
        bench.action_try()
        self.assertEqual(self.found(bench, 1), {"refused": ["A-1"]})

    def test_two_customers_with_one_number_are_ambiguous(self):
        amount = self.amount("CW1001")
        self.invoice("A-1", amount=amount, ref="CW1001")
        self.invoice("A-2", amount=amount, ref="CW1001", partner_id=self.partner_b.id)
        bench = self.bench({})
        bench.action_try()
        self.assertEqual(self.found(bench, 1), {"ambiguous": ["A-1", "A-2"]})

    def test_trying_stores_no_lookup_and_no_rule(self):
        move = self.invoice("CW1001")
        self.bench({}).action_try()
        self.env.flush_all()
        self.assertFalse(move.connectwise_lookup_ids)
        self.assertFalse(self.backend.number_rule_ids)
        self.assertFalse(self.env["connectwise.invoice"].search([]))

    def test_known_answers_are_not_asked_for_again(self):
        self.invoice("CW1001")
        bench = self.bench({})
        bench.action_try()
        with self.no_requests():
            bench.action_try()

    def test_answers_of_another_connectwise_are_forgotten(self):
        """The page may stay open while another ConnectWise is connected."""
        self.invoice("CW1001")
        bench = self.bench()
        bench.action_try()
        self.assertTrue(bench.sudo().answers)
        self.backend.sudo().company_login_id = "another"
        self.assertFalse(bench.sudo().answers)

    def test_answers_of_lookups_are_not_asked_for_again(self):
        self.invoice("CW1001")._get_preferred_invoice_pdf()
        bench = self.bench()
        with self.no_requests():
            bench.action_try()
        self.assertEqual(self.found(bench, 0), {"hits": ["CW1001"]})

    def test_only_the_newest_invoices_are_tried(self):
        self.copies(self.invoice("A-1", amount=1), INVOICES_ON_BENCH)
        bench = self.bench()
        bench.action_try()
        self.assertEqual(bench.result_ids[0].misses, INVOICES_ON_BENCH)

    def test_only_the_newest_of_ten_thousand_are_tried(self):
        self.copies(self.invoice("CW1001"), 10_000)
        bench = self.bench({"field_name": "name", "pad_to": 5})
        self.sandbox.clear_requests()
        bench.action_try()
        self.assertIn(f"0 of the {INVOICES_ON_BENCH} newest", bench.summary)
        numbers = 2 * INVOICES_ON_BENCH + len(PROPOSALS) * MISSES_ON_BENCH
        self.assertLessEqual(len(self.requests("/invoices")), numbers / 50)

    def test_outage_in_the_middle_keeps_what_was_answered(self):
        self.copies(self.invoice("CW1001"), INVOICES_ON_BENCH)
        bench = self.bench({"field_name": "name", "cut_prefix": "C"})
        # After the first two hundred numbers.
        self.sandbox.fault("unavailable", "invoices", nth=5, times=0)
        bench.action_try()
        self.assertTrue(bench.obstacle)
        answered = len(bench.sudo().answers)
        self.assertGreaterEqual(answered, NUMBERS_AT_ONCE)
        self.sandbox.clear_faults()
        self.sandbox.clear_requests()
        self.backend._forget_failures()
        with patch.object(number_bench, "propose", return_value=None):
            bench.action_try()
        self.assertFalse(bench.obstacle)
        self.assertEqual(bench.result_ids[0].misses, INVOICES_ON_BENCH)
        left = 2 * INVOICES_ON_BENCH - answered
        self.assertEqual(len(self.requests("/invoices")), math.ceil(left / 50))

    def test_long_numbers_are_pointed_out(self):
        self.invoice("INV/2026/10/00001", amount=1)
        bench = self.bench()
        bench.action_try()
        self.assertEqual(self.found(bench, 0), {"too_long": ["INV/2026/10/00001"]})
        self.assertIn("longer than the 15 characters", bench.too_long)

    def test_rule_that_makes_only_empty_numbers_is_named(self):
        self.invoice("CW1001")
        bench = self.bench(
            {"field_name": "name", "cut_prefix": "CW1001"}, {"field_name": "name"}
        )
        bench.action_try()
        self.assertIn("make no number of any of these invoices", bench.idle)
        self.assertIn("cut prefix “CW1001”", bench.idle)
        self.assertNotIn("as it is", bench.idle)

    def test_rule_that_makes_a_number_of_one_invoice_is_not_named(self):
        self.invoice("CW1001")
        bench = self.bench({"field_name": "name", "digits_only": True})
        bench.action_try()
        self.assertFalse(bench.idle)

    def test_bench_without_invoices_says_so(self):
        bench = self.bench({})
        bench.action_try()
        self.assertIn("no posted customer invoice", bench.summary)
        self.assertFalse(bench.idle)

    def test_outage_is_explained_and_the_next_try_goes_on(self):
        self.invoice("CW1001")
        bench = self.bench()
        self.sandbox.fault("unavailable", times=0)
        bench.action_try()
        self.assertTrue(bench.obstacle)
        self.assertEqual(self.found(bench, 0), {"open": ["CW1001"]})
        self.sandbox.reset()
        self.backend._forget_failures()
        bench.action_try()
        self.assertFalse(bench.obstacle)
        self.assertEqual(self.found(bench, 0), {"hits": ["CW1001"]})

    def test_figure_opens_its_invoices(self):
        move = self.invoice("CW1001")
        self.invoice("A-1", amount=1)
        bench = self.bench()
        bench.action_try()
        action = bench.result_ids[0].action_open("hits")
        self.assertEqual(self.env["account.move"].search(action["domain"]), move)

    def test_figure_leaves_out_a_deleted_invoice(self):
        move = self.invoice("A-1", amount=1)
        bench = self.bench()
        bench.action_try()
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        action = bench.result_ids[0].action_open("misses")
        self.assertFalse(self.env["account.move"].search(action["domain"]))


@tagged("post_install", "-at_install")
class TestSaving(BenchCommon):
    def test_rules_are_saved_in_their_order(self):
        self.add_rule("payment_reference")
        bench = self.bench({"cut_prefix": "X-"}, {"field_name": "name", "pad_to": 5})
        bench.action_save()
        rules = self.backend.number_rule_ids
        self.assertEqual(rules.mapped("cut_prefix"), ["X-", False])
        self.assertEqual(rules.mapped("field_name"), ["ref", "name"])

    def test_first_rule_is_saved(self):
        self.bench({"cut_prefix": "X-"}).action_save()
        self.assertEqual(self.backend.number_rule_ids.cut_prefix, "X-")

    def test_rules_changed_by_somebody_else_are_not_overwritten(self):
        bench = self.bench({})
        self.add_rule("payment_reference")
        with self.assertRaisesRegex(UserError, "Somebody else changed"):
            bench.action_save()

    def test_second_of_two_people_at_once_keeps_the_typed_rules(self):
        first, second = self.bench({"cut_prefix": "X-"}), self.bench({"pad_to": 5})
        first.action_try()
        second.action_try()
        first.action_save()
        with self.assertRaisesRegex(UserError, "Somebody else changed"):
            second.action_save()
        self.assertEqual(second.line_ids.pad_to, 5)
        self.assertEqual(self.backend.number_rule_ids.cut_prefix, "X-")

    def test_rule_with_reversed_dates_is_refused_before_it_is_tried(self):
        dates = {"valid_from": "2026-07-01", "valid_until": "2026-06-30"}
        with self.assertRaisesRegex(ValidationError, "would end before it begins"):
            self.bench(dates)

    def test_too_many_rules_are_refused_before_they_are_tried(self):
        rules = [{"pad_to": 5}] * MOST_NUMBER_RULES
        bench = self.bench(*rules)
        with self.assertRaisesRegex(ValidationError, "at most 10 number rules"):
            self.bench(*rules, {"cut_prefix": "X-"})
        with self.assertRaisesRegex(ValidationError, "at most 10 number rules"):
            bench.line_ids = [Command.create({"cut_prefix": "X-"})]

    def test_bench_of_another_companys_connection_is_refused(self):
        elsewhere = self.new_odoo_company()
        other = self.backend.sudo().copy({"company_id": elsewhere.id})
        Bench = self.env["connectwise.number.bench"].with_user(self.administrator)
        with self.assertRaises(AccessError):
            Bench.create({"backend_id": other.id})
        with self.assertRaises(AccessError):
            Bench.with_context(default_backend_id=other.id).default_get(
                ["backend_id", "line_ids"]
            )

    def test_company_without_a_connection_has_no_bench(self):
        company = self.new_odoo_company()
        Bench = self.env["connectwise.number.bench"].with_company(company)
        with self.assertRaisesRegex(RedirectWarning, "is not connected"):
            Bench.default_get(["backend_id", "line_ids"])
        with self.assertRaisesRegex(RedirectWarning, "is not connected"):
            Bench.create({})


@tagged("post_install", "-at_install")
class TestSteps(BenchCommon):
    def assertSteps(self, name, number, steps):
        move = self.invoice(name, amount=1, post=False)
        found = find_steps(move, number)
        self.assertEqual(found, steps and {"field_name": "name", **steps})

    def test_leading_zeros_are_taken_away_or_added(self):
        self.assertSteps("CW001", "cw1", {"trim_zeros": True})
        self.assertSteps("CW1", "CW001", {"pad_to": 3})

    def test_prefix_and_suffix_are_cut(self):
        self.assertSteps("INV-CW1", "CW1", {"cut_prefix": "INV-"})
        self.assertSteps("CW1-B", "CW1", {"cut_suffix": "-B"})

    def test_prefix_is_cut_and_zeros_are_changed(self):
        steps = {"cut_prefix": "INV/2026/", "trim_zeros": True}
        self.assertSteps("INV/2026/00017", "17", steps)
        steps = {"cut_prefix": "INV/2026/", "pad_to": 6}
        self.assertSteps("INV/2026/00017", "000017", steps)

    def test_digits_are_kept_alone(self):
        self.assertSteps("A1-B2", "12", {"digits_only": True})

    def test_number_in_another_field_is_found(self):
        move = self.invoice("A-1", amount=1, post=False, ref="CW17")
        self.assertEqual(find_steps(move, "CW17"), {"field_name": "ref"})

    def test_numbers_that_no_rule_joins_have_no_steps(self):
        self.assertSteps("A-1", "CW17", None)
        self.assertSteps("17", "CW17", None)
        self.assertSteps("A-1", "ABC", None)


@tagged("post_install", "-at_install")
class TestProposals(BenchCommon):
    def test_rule_that_finds_missing_invoices_is_proposed(self):
        for number in ("CW1001", "CW1002"):
            zeros = number.replace("CW", "CW00")
            self.invoice(zeros, amount=self.amount(number))
        bench = self.bench()
        bench.action_try()
        self.assertIn("2 of the 2 invoices", bench.proposal)
        self.assertIn("no leading zeros", bench.proposal)
        bench.action_add_proposal()
        self.assertEqual(bench.result_ids[1].hits, 2)
        self.assertFalse(bench.proposal)

    def test_nobody_writes_a_proposal(self):
        bench = self.bench()
        with self.assertRaises(AccessError):
            bench.write({"proposed_steps": {"field_name": "name"}})

    def test_rule_that_finds_invoices_of_another_amount_is_not_proposed(self):
        self.invoice("CW001001", amount=1)
        bench = self.bench()
        bench.action_try()
        self.assertFalse(bench.proposal)
