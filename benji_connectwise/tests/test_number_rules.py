"""Rules say under which further numbers ConnectWise may have an invoice."""

from datetime import date

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..const import LONGEST_TEXT_FOR_NUMBER, MOST_NUMBER_RULES
from ..lib.connectwise_client import Invoice
from ..tools.invoice_pdf.fetching import fetch_for_person
from ..tools.invoice_pdf.hits import store_hits
from ..tools.invoice_pdf.numbers import find_numbers, get_number_fields
from .common import ConnectwiseCommon


class RulesCommon(ConnectwiseCommon):
    def amount(self, number):
        return self.sandbox_invoice(number)["total"]

    def numbers(self, move):
        return [each.number for each in find_numbers(move).values()]


@tagged("post_install", "-at_install")
class TestSteps(RulesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("B-1", amount=1)

    def number(self, text, **steps):
        """Return the numbers that one rule makes of a reference."""
        self.add_rule(**steps)
        self.move.ref = text
        return self.numbers(self.move)[1:]

    def test_number_as_it_is_is_always_asked_for(self):
        self.add_rule()
        self.assertEqual(self.numbers(self.invoice("CW1001")), ["CW1001"])

    def test_prefix_is_cut(self):
        self.assertEqual(self.number("inv-17", cut_prefix="INV-"), ["17"])

    def test_text_without_the_prefix_makes_no_number(self):
        """It is something else, such as the customer's own order number."""
        self.assertEqual(self.number("17", cut_prefix="INV-"), [])

    def test_suffix_is_cut(self):
        self.assertEqual(self.number("17/US", cut_suffix="/us"), ["17"])

    def test_text_without_the_suffix_makes_no_number(self):
        self.assertEqual(self.number("17", cut_suffix="/us"), [])

    def test_text_is_replaced(self):
        steps = {"replace_text": "/", "replace_with": "-"}
        self.assertEqual(self.number("CW/17/1", **steps), ["CW-17-1"])

    def test_digits_are_kept(self):
        self.assertEqual(self.number("CW-2026/17", digits_only=True), ["202617"])

    def test_leading_zeros_of_the_last_digits_are_trimmed(self):
        self.assertEqual(self.number("CW01-00017", trim_zeros=True), ["CW01-17"])

    def test_zero_stays_one_digit(self):
        self.assertEqual(self.number("CW-000", trim_zeros=True), ["CW-0"])

    def test_last_digits_are_padded(self):
        self.assertEqual(self.number("CW-17", pad_to=5), ["CW-00017"])

    def test_empty_number_is_not_asked_for(self):
        self.assertEqual(self.number("CW-", digits_only=True), [])

    def test_number_longer_than_connectwises_is_not_asked_for(self):
        self.assertEqual(self.number("1" * 16), [])

    def test_very_long_text_makes_no_number(self):
        self.assertEqual(self.number("1" * 100_000 + "x", trim_zeros=True), [])

    def test_equal_numbers_are_asked_for_once(self):
        self.add_rule()
        move = self.invoice("CW1001", ref=" cw1001 ")
        self.assertEqual(self.numbers(move), ["CW1001"])

    def test_rule_applies_between_its_dates(self):
        self.add_rule(valid_from="2026-10-01", valid_until="2026-10-02")
        asked = {
            day: len(
                self.numbers(
                    self.invoice(
                        f"A-{day}", amount=1, ref="17", invoice_date=date(2026, 10, day)
                    )
                )
            )
            for day in (1, 2, 3)
        }
        self.assertEqual(asked, {1: 2, 2: 2, 3: 1})

    def test_removed_field_makes_no_number(self):
        rule = self.add_rule()
        self.env.cr.execute(
            "UPDATE connectwise_number_rule SET field_name = 'x_gone' WHERE id = %s",
            [rule.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.numbers(self.invoice("CW1001", ref="17")), ["CW1001"])
        self.assertIn("a field that was removed", rule.display_name)

    def test_secret_fields_cannot_be_picked(self):
        names = dict(get_number_fields(self.env))
        self.assertIn("invoice_origin", names)
        self.assertFalse({"access_token", "connectwise_sent_checksum"} & names.keys())
        with self.assertRaisesRegex(ValidationError, "cannot contain its number"):
            self.add_rule("access_token")


@tagged("post_install", "-at_install")
class TestBadRules(RulesCommon):
    def test_reversed_dates_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "would end before it begins"):
            self.add_rule(valid_from="2026-07-01", valid_until="2026-06-30")

    def test_too_many_zeros_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "up to 15 digits"):
            self.add_rule(pad_to=16)

    def test_steps_are_no_longer_than_the_text_of_a_field(self):
        rule = self.add_rule(cut_prefix="X" * 10_000, replace_with="Y" * 10_000)
        self.assertEqual(len(rule.cut_prefix), LONGEST_TEXT_FOR_NUMBER)
        self.assertLess(len(rule.display_name), 3 * LONGEST_TEXT_FOR_NUMBER)

    def test_too_many_rules_are_refused(self):
        for _number in range(MOST_NUMBER_RULES):
            self.add_rule()
        with self.assertRaisesRegex(ValidationError, "at most"):
            self.add_rule()

    def test_administrator_of_another_company_changes_no_rule(self):
        rule = self.add_rule()
        elsewhere = self.new_odoo_company()
        stranger = new_test_user(
            self.env,
            "connectwise_stranger",
            groups="account.group_account_manager",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        with self.assertRaises(AccessError):
            rule.with_user(stranger).cut_prefix = "X"
        with self.assertRaises(AccessError):
            rule.with_user(stranger).create({"backend_id": self.backend.id})


@tagged("post_install", "-at_install")
class TestLookingUp(RulesCommon):
    def test_invoice_is_found_by_a_rule(self):
        self.add_rule(cut_prefix="X-")
        move = self.invoice("A-1", amount=self.amount("CW1001"), ref="X-CW1001")
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_explanation_names_the_rule_that_hit(self):
        self.add_rule(cut_prefix="X-")
        move = self.invoice("A-1", amount=self.amount("CW1001"), ref="X-CW1001")
        move._get_preferred_invoice_pdf()
        self.assertIn("“Reference, cut prefix “X-””", move.connectwise_message)

    def test_explanation_names_no_rule_for_the_number_as_it_is(self):
        self.add_rule()
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        self.assertNotIn("rule", move.connectwise_message)

    def test_explanation_names_all_numbers_that_were_not_found(self):
        self.add_rule()
        move = self.invoice("A-1", amount=1, ref="B-1")
        move._get_preferred_invoice_pdf()
        self.assertIn("A-1 or B-1", move.connectwise_message)

    def test_explanation_says_that_a_number_is_too_long(self):
        move = self.invoice("INV/2026/10/00001", amount=1)
        move._get_preferred_invoice_pdf()
        self.assertIn("longer than 15", move.connectwise_message)

    def test_rules_that_find_two_invoices_are_ambiguous(self):
        """Even if the amount speaks for one of them."""
        self.add_rule()
        move = self.invoice("CW1001", ref="CW1002")
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, "ambiguous")
        self.assertIn("CW1001", move.connectwise_message)
        self.assertIn("CW1002 (found by the rule “Reference", move.connectwise_message)

    def test_invoice_renumbered_between_two_answers_is_stored_once(self):
        self.add_rule()
        move = self.invoice("A-1", amount=10, ref="CW1002")
        lookup = self.env["connectwise.lookup"].sudo()._prepare(move)
        found = {
            "a-1": [Invoice(4711, "A-1", total=10.0)],
            "cw1002": [Invoice(4711, "CW1002", total=10.0)],
        }
        store_hits(lookup, found, self.backend.tenant)
        self.assertEqual(lookup.hit_ids.mapped("connectwise_ref"), [4711])

    def test_rule_cannot_make_anothers_invoice_ours(self):
        """The amount is another one."""
        self.add_rule()
        move = self.invoice("A-1", amount=1, ref="CW1001")
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, "wrong_amount")

    def test_number_that_a_rule_makes_of_an_orders_reference_is_no_evidence(self):
        self.add_rule(cut_prefix="X-")
        amount = self.amount("CW1001")
        move = self.invoice("A-1", amount, ref="X-CW1001", invoice_origin="S00001")
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, "unproven_number")

    def test_any_field_of_an_orders_invoice_is_no_evidence(self):
        self.add_rule("invoice_origin")
        amount = self.amount("CW1001")
        move = self.invoice("A-1", amount, invoice_origin="CW1001")
        self.assertChosen(move, "odoo")

    def test_changed_field_of_a_rule_withdraws_the_pdf(self):
        self.add_rule("incoterm_location")
        amount = self.amount("CW1001")
        move = self.invoice("A-1", amount, incoterm_location="CW1001")
        self.assertChosen(move, "connectwise")
        move.incoterm_location = "CW1002"
        self.assertEqual(move.invoice_pdf_source, "odoo")

    def test_new_rule_keeps_a_pdf_that_was_sent(self):
        self.partner_a.invoice_sending_method = "email"
        move = self.invoice("CW1001", ref="NOT-THERE")
        move._generate_and_send(sending_methods=["email"])
        self.assertTrue(move.is_move_sent)
        self.add_rule()
        # Also before ConnectWise is asked by the new rule.
        self.assertEqual(move.sudo().connectwise_lookup_ids.verdict, "accepted")
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_removed_rule_withdraws_its_pdf(self):
        rule = self.add_rule()
        move = self.invoice("A-1", amount=self.amount("CW1001"), ref="CW1001")
        self.assertChosen(move, "connectwise")
        rule.unlink()
        self.assertEqual(move.invoice_pdf_source, "odoo")

    def test_fifty_numbers_are_one_request(self):
        """However many rules made them."""
        for prefix in "abc":
            self.add_rule(cut_prefix=prefix)
        first = self.invoice("A-1", amount=1)
        moves = first + self.copies(first, 24)
        for number, move in enumerate(moves):
            move.ref = f"a{number}"
        fetch_for_person(moves, download=False)
        self.assertEqual(len(self.requests("/finance/invoices")), 1)
