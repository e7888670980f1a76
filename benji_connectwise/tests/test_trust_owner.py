"""Whose an invoice is: another customer's, ours for certain, or by amount."""

from odoo.tests import new_test_user, tagged

from ..tools.connecting import judge_lookups_anew, link
from .contact_common import ContactCommon


class OwnerCommon(ContactCommon):
    """ConnectWise's CW1001 is of a company that Odoo knows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        theirs = cls.sandbox.get_record("invoices", cls.sandbox_invoice("CW1001")["id"])
        cls.owner = cls.new_company(theirs["company"]["id"], "Boulder Law")
        cls.boulder = cls.new_customer("Boulder")

    def link(self, row, company, connection):
        link(row.env, [(row.id, company.id, connection)])

    def patch(self, **values):
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], values)

    def verdict(self, move):
        return move.sudo().connectwise_lookup_ids.verdict

    def assertVerdict(self, move, verdict):
        accepted = verdict in ("accepted", "amount_differs")
        self.assertChosen(move, "connectwise" if accepted else "odoo")
        self.assertEqual(self.verdict(move), verdict)


@tagged("post_install", "-at_install")
class TestSomebodyElses(OwnerCommon):
    """Step 2."""

    def test_an_agreeing_amount_does_not_make_it_an_unmapped_customers(self):
        """Its company is connected with another customer, who is named."""
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.assertIn("connected with Boulder", move.connectwise_message)

    def test_it_is_not_fetched_in_the_background(self):
        """Nor kept by the scheduled action."""
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        with self.enter_registry_test_mode():
            self.env.ref(
                "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
            ).method_direct_trigger()
        self.assertEqual(self.verdict(move), "wrong_company")
        self.assertFalse(move.sudo().connectwise_pdf_id)

    def test_what_another_customer_pays_for_is_refused(self):
        """Its Bill-To company is connected with another customer."""
        payer = self.new_company(9001, "Boulder Holding")
        self.patch(billToCompany={"id": 9001, "name": "Boulder Holding"})
        self.connect(self.boulder, payer)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.assertIn("billed to (#9001), which is connected", move.connectwise_message)

    def test_several_customers_of_one_company_may_have_its_invoices(self):
        """Connected with another customer, but with this one too."""
        self.connect(self.boulder, self.owner)
        self.connect(self.partner_a, self.owner)
        self.assertVerdict(self.invoice("CW1001"), "accepted")

    def test_a_company_of_another_connectwise_is_nobodys(self):
        """Until it is confirmed."""
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.owner.is_confirmed = False
        judge_lookups_anew(self.owner)
        self.assertVerdict(move, "accepted")

    def test_connecting_another_customer_judges_anew(self):
        move = self.invoice("CW1001")
        self.assertVerdict(move, "accepted")
        self.connect(self.boulder, self.owner)
        self.assertEqual(self.verdict(move), "wrong_company")

    def test_automatic_matching_of_another_customer_judges_anew(self):
        """Also where only the Bill-To company is the other's."""
        move = self.invoice("CW1001")
        self.assertVerdict(move, "accepted")
        row = self.new_row(self.boulder)
        self.link(row, self.owner, "company_name")
        self.assertEqual(self.verdict(move), "wrong_company")

    def test_disconnecting_another_customer_judges_anew(self):
        row = self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        row.with_user(self.administrator).action_disconnect()
        self.assertEqual(self.verdict(move), "accepted")

    def test_connecting_another_customer_elsewhere_judges_anew(self):
        row = self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        row.with_user(self.administrator).connect(self.new_company(9002, "Else"))
        self.assertEqual(self.verdict(move), "accepted")

    def test_deleting_another_customers_row_judges_anew(self):
        row = self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        row.unlink()
        self.assertEqual(self.verdict(move), "accepted")

    def test_merging_another_customer_into_this_one_judges_anew(self):
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.boulder + self.partner_a).ids, self.partner_a, extra_checks=False
        )
        self.assertEqual(self.verdict(move), "accepted")

    def test_merging_the_connected_customer_names_the_one_it_became(self):
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        merged = self.new_customer("Merged")
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.boulder + merged).ids, merged, extra_checks=False
        )
        self.env.invalidate_all()
        self.assertVerdict(move, "wrong_company")
        self.assertIn("connected with Merged", move.connectwise_message)

    def test_what_was_sent_is_refused_once_it_is_known_to_be_somebody_elses(self):
        move = self.invoice("CW1001")
        self.assertVerdict(move, "accepted")
        lookup = move.sudo().connectwise_lookup_ids
        move.sudo().connectwise_sent_checksum = lookup.pdf_checksum
        self.connect(self.boulder, self.owner)
        self.assertVerdict(move, "wrong_company")
        self.assertTrue(move.sudo().connectwise_pdf_id, "it is kept")

    def test_a_connected_customer_has_no_strangers_invoices(self):
        """Whether anybody is connected with that company or not."""
        self.connect(self.partner_a, self.acme)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.assertIn("belongs to", move.connectwise_message)

    def test_an_invoice_without_a_company_is_no_strangers(self):
        """Nothing to compare contradicts nothing; the amount decides."""
        self.connect(self.partner_a, self.acme)
        self.patch(company=None, billToCompany=None)
        self.assertVerdict(self.invoice("CW1001"), "accepted")

    def test_an_invoice_without_a_company_needs_the_amount(self):
        self.connect(self.partner_a, self.acme)
        self.patch(company=None, billToCompany=None)
        self.assertVerdict(self.invoice("CW1001", amount=1), "wrong_amount")

    def test_a_company_without_a_name_is_named_by_its_number(self):
        """ "it belongs to , not to" said nothing."""
        self.connect(self.boulder, self.new_company(9002, "Nameless"))
        self.patch(company=None, billToCompany={"id": 9002})
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.assertIn("belongs to (#9002), which", move.connectwise_message)


@tagged("post_install", "-at_install")
class TestNewOwner(OwnerCommon):
    """A customer that becomes part of another."""

    def test_its_invoices_are_judged_by_the_new_owners_company(self):
        """As soon as it is a part of it, and no company of its own."""
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001", partner_id=self.boulder.id)
        self.assertVerdict(move, "accepted")
        self.boulder.parent_id = self.customer
        self.assertEqual(self.verdict(move), "accepted")
        self.boulder.is_company = False
        self.assertVerdict(move, "wrong_company")

    def test_an_owner_without_a_connection_needs_the_amount(self):
        """The link of what became its contact is not the owner's own."""
        owner = self.new_customer("Group")
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001", amount=1, partner_id=self.boulder.id)
        self.assertVerdict(move, "amount_differs")
        self.boulder.write({"parent_id": owner.id, "is_company": False})
        self.assertVerdict(move, "wrong_amount")

    def test_the_owners_invoices_are_not_somebody_elses_then(self):
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.boulder.write({"parent_id": self.partner_a.id, "is_company": False})
        self.assertEqual(self.verdict(move), "accepted")


@tagged("post_install", "-at_install")
class TestCertainty(OwnerCommon):
    """Steps 3 and 4."""

    def connect_by(self, connection):
        row = self.new_row(self.partner_a)
        self.link(row, self.owner, connection)
        return row

    def test_a_certain_connection_trusts_another_amount(self):
        """With a warning."""
        self.connect_by("account_id")
        self.assertVerdict(self.invoice("CW1001", amount=1), "amount_differs")

    def test_a_name_alone_needs_the_amount(self):
        """A customer can choose its name."""
        self.connect_by("company_name")
        self.assertVerdict(self.invoice("CW1001", amount=1), "wrong_amount")

    def test_a_suggestion_taken_in_bulk_needs_the_amount(self):
        """Nobody looked at that row."""
        self.connect_by("suggestion")
        self.assertVerdict(self.invoice("CW1001", amount=1), "wrong_amount")

    def test_a_name_and_the_amount_are_enough(self):
        self.connect_by("company_name")
        self.assertVerdict(self.invoice("CW1001"), "accepted")

    def test_confirming_a_connection_judges_anew(self):
        row = self.connect_by("company_name")
        move = self.invoice("CW1001", amount=1)
        self.assertVerdict(move, "wrong_amount")
        row.connection = "manual"
        self.assertEqual(self.verdict(move), "amount_differs")

    def sister_site(self):
        """Connect for certain with a company that has the same payer as CW1001's."""
        payer = {"id": 9001, "name": "Holding"}
        self.patch(billToCompany=payer)
        self.connect(self.partner_a, self.new_company(9003, "Sister", bill_to_ref=9001))

    def test_only_the_payer_in_common_needs_the_amount(self):
        """A sister site's invoice may have any amount."""
        self.sister_site()
        self.assertVerdict(self.invoice("CW1001", amount=1), "wrong_amount")

    def test_the_payer_in_common_and_the_amount_are_enough(self):
        self.sister_site()
        self.assertVerdict(self.invoice("CW1001"), "accepted")

    def test_the_own_company_comes_before_one_that_agrees(self):
        """Of several hits, the mapped company's is the one."""
        mine, other = (
            invoice
            for invoice in self.sandbox.export_invoices()
            if invoice["number"] == "CW-TWICE-1"
        )
        row = self.new_row(self.partner_a)
        self.link(row, self.new_company(mine["company_id"], "Mine"), "manual")
        move = self.invoice("CW-TWICE-1", amount=mine["total"])
        self.assertVerdict(move, "accepted")
        self.sandbox.patch_invoice(other["id"], {"company": {"id": mine["company_id"]}})
        move.action_refresh_pdf()
        self.assertVerdict(move, "ambiguous")

    def test_an_unconfirmed_company_is_not_this_customers(self):
        self.connect_by("manual")
        move = self.invoice("CW1001", amount=1)
        self.assertVerdict(move, "amount_differs")
        self.owner.is_confirmed = False
        self.assertEqual(self.verdict(move), "wrong_amount")


@tagged("post_install", "-at_install")
class TestNumberFromCustomer(OwnerCommon):
    """A number that a visitor of the web shop wrote decides nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.invoice_number_field = "ref"

    def of_order(self, **values):
        amount = values.pop("amount", self.sandbox_invoice("CW1001")["total"])
        return self.invoice(
            "A-1", amount=amount, ref="CW1001", invoice_origin="S00001", **values
        )

    def test_a_reference_of_an_order_is_no_evidence(self):
        """Though kind, currency and amount agree."""
        move = self.of_order()
        self.assertVerdict(move, "unproven_number")
        self.assertIn("customer may have written it", move.connectwise_message)

    def test_a_reference_of_an_order_and_a_like_name_are_no_evidence(self):
        row = self.new_row(self.partner_a)
        self.link(row, self.owner, "company_name")
        self.assertVerdict(self.of_order(), "unproven_number")

    def test_a_certain_connection_proves_it(self):
        row = self.new_row(self.partner_a)
        self.link(row, self.owner, "account_id")
        self.assertVerdict(self.of_order(), "accepted")

    def test_what_a_visitor_created_is_no_evidence(self):
        """As a payment in the web shop does."""
        visitor = new_test_user(self.env, "visitor", groups="base.group_public")
        amount = self.sandbox_invoice("CW1001")["total"]
        move = self.invoice("A-1", amount=amount, ref="CW1001", post=False)
        copied = move.with_user(visitor).sudo().copy({"ref": "CW1001", "name": "A-2"})
        copied.action_post()
        self.assertVerdict(copied, "unproven_number")

    def test_a_reference_of_invoicing_is_evidence(self):
        amount = self.sandbox_invoice("CW1001")["total"]
        self.assertVerdict(self.invoice("A-1", amount=amount, ref="CW1001"), "accepted")

    def test_the_number_of_an_orders_invoice_is_odoos(self):
        """Only the reference comes from the customer."""
        self.backend.invoice_number_field = "name"
        self.assertVerdict(self.invoice("CW1001", invoice_origin="S00001"), "accepted")


@tagged("post_install", "-at_install")
class TestKind(OwnerCommon):
    """A credit is a CreditMemo, or anything with a negative total."""

    def test_a_negative_total_is_no_invoice(self):
        """Though it is of type Standard."""
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        move = self.invoice("CW1001", amount=total)
        self.assertVerdict(move, "wrong_type")
        self.assertIn("negative there, a credit", move.connectwise_message)

    def test_a_negative_total_is_a_credit_note(self):
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        move = self.invoice("CW1001", amount=total, move_type="out_refund")
        self.assertVerdict(move, "accepted")

    def test_a_certain_connection_does_not_excuse_another_kind(self):
        """The kind comes first."""
        self.connect(self.partner_a, self.owner)
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        self.assertVerdict(self.invoice("CW1001", amount=total), "wrong_type")

    def test_an_unknown_kind_contradicts_nothing(self):
        self.patch(total=None, type=None)
        move = self.invoice("CW1001", amount=1, move_type="out_refund")
        self.assertVerdict(move, "accepted")

    def test_an_unknown_type_with_a_positive_total_is_no_credit_note(self):
        """Nothing else stands for a credit note."""
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(type=None)
        move = self.invoice("CW1001", amount=total, move_type="out_refund")
        self.assertVerdict(move, "wrong_type")

    def test_both_kinds_are_named(self):
        """A credit memo there, an invoice here."""
        move = self.invoice("CM1001", move_type="out_invoice")
        self.assertVerdict(move, "wrong_type")
        self.assertIn("a credit memo there, an invoice here", move.connectwise_message)
