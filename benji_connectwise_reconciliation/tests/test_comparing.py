"""The comparison itself, without ConnectWise and without records."""

import time
from datetime import date

from odoo.tests import TransactionCase, tagged

from ..tools.comparing import Customers, Ours, Theirs, compare, explain_numbers

DAY = date(2026, 10, 5)
NOBODY = Customers({}, {}, {})
ACME = Customers({70: {7}}, {7: {70, 71}}, {})
"""Customer 7 is company 70, which company 71 pays for."""


def ours(number="A1", **values):
    return Ours(
        **{
            "id": 1,
            "number": number,
            "day": DAY,
            "partner_id": 7,
            "partner_name": "Acme Dental",
            "currency": "USD",
            "is_credit": False,
            "total": 100.0,
            "untaxed": 90.0,
            **values,
        }
    )


def theirs(number="A1", **values):
    return Theirs(
        **{
            "ref": 9,
            "number": number,
            "day": DAY,
            "companies": (70,),
            "company_name": "Acme Dental LLC",
            "currency": "USD",
            "is_credit": False,
            "total": 100.0,
            **values,
        }
    )


@tagged("post_install", "-at_install")
class TestComparing(TransactionCase):
    def lines(self, here, there, customers=ACME):
        return compare(here, there, customers, 0.05)

    def assertStatus(self, status, own, other, customers=ACME, difference=0.0):
        [line] = self.lines([own], [other], customers)
        self.assertEqual(line.status, status)
        self.assertAlmostEqual(line.difference, difference)

    def test_equal_invoices_agree(self):
        self.assertStatus("agrees", ours(), theirs())

    def test_case_and_outer_spaces_of_a_number_do_not_matter(self):
        self.assertStatus("agrees", ours("a1 "), theirs("A1"))

    def test_total_of_connectwise_may_be_without_tax(self):
        self.assertStatus("agrees", ours(), theirs(total=90.0))

    def test_tolerance_of_the_connection_counts(self):
        self.assertStatus("agrees", ours(), theirs(total=99.95), difference=0.05)

    def test_amount_beyond_the_tolerance_is_another(self):
        self.assertStatus("other_amount", ours(), theirs(total=99.94), difference=0.06)

    def test_credit_note_is_negative(self):
        own, other = ours(is_credit=True), theirs(is_credit=True, total=120.0)
        self.assertStatus("other_amount", own, other, difference=20.0)

    def test_credit_never_stands_for_an_invoice(self):
        other = theirs(is_credit=True)
        self.assertStatus("other_kind", ours(), other, difference=200.0)

    def test_company_of_another_customer_is_another_customer(self):
        self.assertStatus("other_customer", ours(partner_id=8), theirs())

    def test_customer_of_another_company_is_another_customer(self):
        self.assertStatus("other_customer", ours(), theirs(companies=(99,)))

    def test_company_that_pays_is_the_same_customer(self):
        self.assertStatus("agrees", ours(), theirs(companies=(71,)))

    def test_disconnected_company_is_another_customer(self):
        customers = Customers({}, {}, {7: {70}})
        self.assertStatus("other_customer", ours(), theirs(), customers)

    def test_disconnected_company_is_another_customer_despite_a_common_payer(self):
        customers = Customers({71: {7}}, {7: {71, 70}}, {7: {70}})
        other = theirs(companies=(70,))
        self.assertStatus("other_customer", ours(), other, customers)

    def test_disconnected_company_may_pay_for_the_connected_one(self):
        customers = Customers({71: {7}}, {7: {71, 70}}, {7: {70}})
        self.assertStatus("agrees", ours(), theirs(companies=(71, 70)), customers)

    def test_nothing_contradicts_where_nobody_is_connected(self):
        self.assertStatus("agrees", ours(partner_id=8), theirs(), NOBODY)

    def test_amounts_of_two_currencies_have_no_difference(self):
        self.assertStatus("other_currency", ours(), theirs(currency="EUR", total=1.0))

    def test_unknown_facts_contradict_nothing(self):
        other = theirs(currency="", total=None, is_credit=None, companies=(), day=None)
        self.assertStatus("agrees", ours(), other)

    def test_another_day_is_another_date(self):
        self.assertStatus("other_date", ours(), theirs(day=date(2026, 10, 6)))

    def test_gravest_difference_is_named(self):
        other = theirs(companies=(99,), total=1.0, day=None)
        self.assertStatus("other_customer", ours(), other, difference=99.0)

    def test_single_invoices_are_listed_with_their_amounts(self):
        own, other = ours("A1", partner_id=8, partner_name="Echo"), theirs("B2")
        lines = {line.status: line for line in self.lines([own], [other])}
        self.assertEqual(lines["odoo_only"].difference, 100.0)
        self.assertEqual(lines["connectwise_only"].difference, -100.0)

    def test_blank_number_is_no_number(self):
        [line] = self.lines([], [theirs(" ")])
        self.assertEqual(line.status, "no_number")

    def test_two_invoices_without_a_number_are_not_one(self):
        lines = self.lines([], [theirs("", ref=1), theirs("", ref=2)])
        self.assertEqual([line.status for line in lines], ["no_number"] * 2)

    def test_several_invoices_with_one_number_are_marked(self):
        there = [theirs(ref=1), theirs(ref=2, total=1.0)]
        lines = self.lines([ours()], there)
        self.assertEqual([line.status for line in lines], ["several"] * 2)
        self.assertEqual([bool(line.ours) for line in lines], [True, False])
        self.assertEqual(lines[0].theirs.ref, 1)

    def test_two_invoices_of_odoo_do_not_share_one(self):
        lines = self.lines([ours(id=1), ours(id=2)], [theirs()])
        self.assertEqual([line.status for line in lines], ["several"] * 2)
        self.assertEqual([bool(line.theirs) for line in lines], [True, False])

    def test_other_number_is_probably_the_same(self):
        self.assertStatus("probable", ours("INV/117"), theirs("117"))

    def test_company_of_the_same_name_is_probably_the_same(self):
        self.assertStatus("probable", ours("INV/117"), theirs("117"), NOBODY)

    def test_other_customer_is_never_probably_the_same(self):
        lines = self.lines([ours("A1", partner_id=8)], [theirs("B2")])
        self.assertNotIn("probable", [line.status for line in lines])

    def test_two_alike_are_not_probably_the_same(self):
        there = [theirs("B1", ref=1), theirs("B2", ref=2)]
        lines = self.lines([ours("A1")], there)
        self.assertNotIn("probable", [line.status for line in lines])

    def test_equal_day_decides_between_two_alike(self):
        there = [theirs("B1", ref=1, day=date(2026, 9, 5)), theirs("B2", ref=2)]
        lines = self.lines([ours("A1")], there)
        [pair] = [line for line in lines if line.status == "probable"]
        self.assertEqual(pair.theirs.ref, 2)

    def test_invoices_of_zero_are_not_probably_the_same(self):
        own, other = ours("A1", total=0.0, untaxed=0.0), theirs("B2", total=0.0)
        self.assertEqual(len(self.lines([own], [other])), 2)

    def test_invoice_without_a_number_is_paired_with_its_probable_one(self):
        self.assertStatus("no_number", ours("A1"), theirs(""))

    def test_every_invoice_is_in_exactly_one_line(self):
        here = [
            ours(f"A{n % 7}", id=n, total=float(n % 5), partner_id=n % 3)
            for n in range(100)
        ]
        there = [
            theirs(f"A{n % 11}" if n % 4 else "", ref=n, total=float(n % 5))
            for n in range(100)
        ]
        lines = self.lines(here, there)
        found = sorted(line.ours.id for line in lines if line.ours)
        self.assertEqual(found, list(range(100)))
        found = sorted(line.theirs.ref for line in lines if line.theirs)
        self.assertEqual(found, list(range(100)))

    def test_20_000_invoices_a_side_take_less_than_3_seconds(self):
        here = [
            ours(f"A{n}", id=n, total=float(n), partner_id=n % 500)
            for n in range(20_000)
        ]
        there = [theirs(f"A{n + n % 3}", ref=n, total=float(n)) for n in range(20_000)]
        start = time.monotonic()
        self.lines(here, there)
        self.assertLess(time.monotonic() - start, 3)


@tagged("post_install", "-at_install")
class TestNumbers(TransactionCase):
    def test_prefix_is_found(self):
        self.assertEqual(explain_numbers("CW-117", "117"), ("prefix", "CW-"))

    def test_suffix_is_found(self):
        self.assertEqual(explain_numbers("117", "117-A"), ("suffix", "-A"))

    def test_leading_zeros_are_found(self):
        self.assertEqual(explain_numbers("00117", "117"), ("zeros", ""))
        self.assertEqual(explain_numbers("CW00117", "CW117"), ("zeros", ""))
        self.assertEqual(explain_numbers("CW100", "CW1"), ("suffix", "00"))

    def test_equal_digits_are_found(self):
        self.assertEqual(explain_numbers("INV/00117", "CW-117"), ("digits", ""))

    def test_unlike_numbers_have_nothing_in_common(self):
        self.assertIsNone(explain_numbers("A1", "B2"))

    def test_missing_number_has_nothing_in_common(self):
        self.assertIsNone(explain_numbers("A1", ""))
        self.assertIsNone(explain_numbers(False, "A1"))
