"""An invoice is another customer's, this one's for certain, or judged by its amount."""

from odoo.tests import tagged

from ..tools.invoice_pdf.judging import judge_found
from .owner_common import OwnerCommon


@tagged("post_install", "-at_install")
class TestSomebodyElses(OwnerCommon):
    """An invoice of a company that is connected to another customer is refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_equal_amount_does_not_give_an_invoice_to_an_unmapped_customer(self):
        """The message names the connected customer."""
        self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        self.assertIn("connected to Boulder", self.move.connectwise_message)

    def test_pdf_of_another_customer_is_not_prefetched(self):
        """The scheduled action does not keep it."""
        self.connect(self.boulder, self.owner)
        with self.enter_registry_test_mode():
            self.env.ref(
                "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
            ).method_direct_trigger()
        self.assertEqual(self.verdict(self.move), "wrong_company")
        self.assertFalse(self.move.sudo().connectwise_pdf_id)

    def test_invoice_that_another_customer_pays_is_refused(self):
        """Its Bill-To company is connected to another customer."""
        payer = self.new_company(9001, "Boulder Holding")
        self.patch(billToCompany={"id": 9001, "name": "Boulder Holding"})
        self.connect(self.boulder, payer)
        self.assertVerdict(self.move, "wrong_company")
        self.assertIn(
            "billed to (#9001), which is connected", self.move.connectwise_message
        )

    def test_customers_that_share_a_company_share_its_invoices(self):
        self.connect(self.boulder, self.owner)
        self.connect(self.partner_a, self.owner)
        self.assertVerdict(self.move, "accepted")

    def test_another_customer_with_the_same_number_does_not_block_the_owner(self):
        """The owner is connected by name only, and the amounts are equal."""
        self.link(self.new_row(self.partner_a), self.owner, "company_name")
        self.add_rule()
        same = {"amount": self.sandbox_invoice("CW1001")["total"], "ref": "CW1001"}
        theirs = self.invoice("A-1", partner_id=self.partner_b.id, **same)
        self.assertVerdict(theirs, "wrong_company")
        self.assertVerdict(self.move, "accepted")

    def test_answer_of_the_connectwise_before_is_no_rival(self):
        """Ids mean something only within one ConnectWise."""
        self.add_rule()
        same = {"amount": self.sandbox_invoice("CW1001")["total"], "ref": "CW1001"}
        theirs = self.invoice("A-1", partner_id=self.partner_b.id, **same)
        self.assertVerdict(theirs, "accepted")
        self.assertVerdict(self.move, "ambiguous")
        theirs.sudo().connectwise_lookup_ids.tenant = "another"
        self.assertVerdict(self.move, "accepted")

    def test_unconfirmed_company_belongs_to_nobody(self):
        self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        self.owner.is_confirmed = False
        judge_found(self.owner)
        self.assertVerdict(self.move, "accepted")

    def test_connecting_another_customer_judges_invoices_again(self):
        self.assertVerdict(self.move, "accepted")
        self.connect(self.boulder, self.owner)
        self.assertEqual(self.verdict(self.move), "wrong_company")

    def test_automatic_match_of_another_customer_judges_invoices_again(self):
        """It is enough if the Bill-To company is the other customer's."""
        self.assertVerdict(self.move, "accepted")
        row = self.new_row(self.boulder)
        self.link(row, self.owner, "company_name")
        self.assertEqual(self.verdict(self.move), "wrong_company")

    def test_disconnecting_another_customer_judges_invoices_again(self):
        row = self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        row.with_user(self.administrator).action_disconnect()
        self.assertEqual(self.verdict(self.move), "accepted")

    def test_connecting_another_customer_elsewhere_judges_invoices_again(self):
        row = self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        row.with_user(self.administrator).connect(self.new_company(9002, "Else"))
        self.assertEqual(self.verdict(self.move), "accepted")

    def test_deleting_another_customers_row_judges_invoices_again(self):
        row = self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        row.unlink()
        self.assertEqual(self.verdict(self.move), "accepted")

    def test_merging_another_customer_into_this_one_judges_invoices_again(self):
        self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.boulder + self.partner_a).ids, self.partner_a, extra_checks=False
        )
        self.assertEqual(self.verdict(self.move), "accepted")

    def test_refusal_names_the_destination_of_a_merged_customer(self):
        self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        merged = self.new_customer("Merged")
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.boulder + merged).ids, merged, extra_checks=False
        )
        self.env.invalidate_all()
        self.assertVerdict(self.move, "wrong_company")
        self.assertIn("connected to Merged", self.move.connectwise_message)

    def test_sent_pdf_is_refused_once_it_is_known_to_be_another_customers(self):
        self.assertVerdict(self.move, "accepted")
        lookup = self.move.sudo().connectwise_lookup_ids
        self.move.sudo().connectwise_sent_checksum = lookup.pdf_checksum
        self.connect(self.boulder, self.owner)
        self.assertVerdict(self.move, "wrong_company")
        self.assertTrue(self.move.sudo().connectwise_pdf_id, "it is kept")

    def test_connected_customer_does_not_get_an_unknown_companys_invoice(self):
        """That company may be connected to nobody."""
        self.connect(self.partner_a, self.acme)
        self.assertVerdict(self.move, "wrong_company")
        self.assertIn("belongs to", self.move.connectwise_message)

    def test_invoice_without_a_company_is_judged_by_its_amount(self):
        self.connect(self.partner_a, self.acme)
        self.patch(company=None, billToCompany=None)
        self.assertVerdict(self.move, "accepted")

    def test_invoice_without_a_company_is_refused_with_another_amount(self):
        self.connect(self.partner_a, self.acme)
        self.patch(company=None, billToCompany=None, total=1)
        self.assertVerdict(self.move, "wrong_amount")

    def test_company_without_a_name_is_named_by_its_number(self):
        """The sentence once had gaps in place of the names."""
        self.connect(self.boulder, self.new_company(9002, "Nameless"))
        self.patch(company=None, billToCompany={"id": 9002})
        self.assertVerdict(self.move, "wrong_company")
        self.assertIn("belongs to (#9002), which", self.move.connectwise_message)


@tagged("post_install", "-at_install")
class TestNewOwner(OwnerCommon):
    """A customer becomes a contact of another customer."""

    def test_invoices_of_a_new_contact_are_judged_by_its_customers_company(self):
        """The contact has no company of its own any more."""
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001", partner_id=self.boulder.id)
        self.assertVerdict(move, "accepted")
        self.boulder.parent_id = self.customer
        self.assertEqual(self.verdict(move), "accepted")
        self.boulder.is_company = False
        self.assertVerdict(move, "wrong_company")

    def test_customer_without_a_connection_needs_an_equal_amount(self):
        """The connection of its new contact does not count."""
        owner = self.new_customer("Group")
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001", amount=1, partner_id=self.boulder.id)
        self.assertVerdict(move, "amount_differs")
        self.boulder.write({"parent_id": owner.id, "is_company": False})
        self.assertVerdict(move, "wrong_amount")

    def test_customers_invoices_are_not_its_contacts(self):
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.boulder.write({"parent_id": self.partner_a.id, "is_company": False})
        self.assertEqual(self.verdict(move), "accepted")


@tagged("post_install", "-at_install")
class TestCertainty(OwnerCommon):
    """A certain connection is evidence enough; any other also needs the amount."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001", amount=1)

    def connect_by(self, connection):
        row = self.new_row(self.partner_a)
        self.link(row, self.owner, connection)
        return row

    def test_certain_connection_trusts_another_amount(self):
        """There is a warning."""
        self.connect_by("account_id")
        self.assertVerdict(self.move, "amount_differs")

    def test_connection_by_name_needs_an_equal_amount(self):
        """A customer can choose its name."""
        self.connect_by("company_name")
        self.assertVerdict(self.move, "wrong_amount")

    def test_connection_in_bulk_needs_an_equal_amount(self):
        """Nobody looked at that row."""
        self.connect_by("suggestion")
        self.assertVerdict(self.move, "wrong_amount")

    def test_connection_by_name_and_an_equal_amount_are_enough(self):
        self.connect_by("company_name")
        self.patch(total=1)
        self.assertVerdict(self.move, "accepted")

    def test_confirming_a_connection_judges_invoices_again(self):
        row = self.connect_by("company_name")
        self.assertVerdict(self.move, "wrong_amount")
        row.connection = "manual"
        self.assertEqual(self.verdict(self.move), "amount_differs")

    def sister_site(self):
        """Connect for certain to a company with the same payer as CW1001's."""
        payer = {"id": 9001, "name": "Holding"}
        self.patch(billToCompany=payer)
        self.connect(self.partner_a, self.new_company(9003, "Sister", bill_to_ref=9001))

    def test_common_payer_needs_an_equal_amount(self):
        """The invoice of a sister site may have any amount."""
        self.sister_site()
        self.assertVerdict(self.move, "wrong_amount")

    def test_common_payer_and_an_equal_amount_are_enough(self):
        self.sister_site()
        self.patch(total=1)
        self.assertVerdict(self.move, "accepted")

    def move_away(self, bill_to_ref):
        """Disconnect from CW1001's company, and connect to another by hand."""
        row = self.connect_by("manual")
        row.with_user(self.administrator).action_disconnect()
        other = self.new_company(9003, "Site", bill_to_ref=bill_to_ref)
        self.link(row, other, "manual")

    def test_invoice_of_a_disconnected_company_is_refused_despite_a_common_payer(self):
        """A person said that this company is not the customer."""
        self.patch(billToCompany={"id": 9001, "name": "Holding"}, total=1)
        self.move_away(bill_to_ref=9001)
        self.assertVerdict(self.move, "wrong_company")

    def test_disconnected_company_may_pay_for_the_connected_one(self):
        ref = self.owner.connectwise_ref
        self.patch(company={"id": 9003, "name": "Site"}, billToCompany={"id": ref})
        self.move_away(bill_to_ref=ref)
        self.assertVerdict(self.move, "amount_differs")

    def test_hit_of_the_own_company_comes_before_an_equal_amount(self):
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

    def test_hit_of_the_own_company_comes_before_one_that_it_pays_for(self):
        mine, other = (
            invoice
            for invoice in self.sandbox.export_invoices()
            if invoice["number"] == "CW-TWICE-1"
        )
        own = {"id": mine["company_id"], "name": "Mine"}
        same = {"billToCompany": own, "total": mine["total"]}
        self.sandbox.patch_invoice(other["id"], same)
        row = self.new_row(self.partner_a)
        self.link(row, self.new_company(own["id"], "Mine"), "manual")
        move = self.invoice("CW-TWICE-1", amount=mine["total"])
        self.assertVerdict(move, "accepted")
        hit = move.sudo().connectwise_lookup_ids.accepted_id
        self.assertEqual(hit.connectwise_ref, mine["id"])

    def test_unconfirmed_company_is_not_the_customers(self):
        self.connect_by("manual")
        self.assertVerdict(self.move, "amount_differs")
        self.owner.is_confirmed = False
        self.assertEqual(self.verdict(self.move), "wrong_amount")


@tagged("post_install", "-at_install")
class TestKind(OwnerCommon):
    """A CreditMemo, or any invoice with a negative total, is a credit."""

    def test_hit_with_a_negative_total_is_no_invoice(self):
        """It is of type Standard."""
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        move = self.invoice("CW1001", amount=total)
        self.assertVerdict(move, "wrong_type")
        self.assertIn("because its total is negative", move.connectwise_message)

    def test_hit_with_a_negative_total_is_a_credit_note(self):
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        move = self.invoice("CW1001", amount=total, move_type="out_refund")
        self.assertVerdict(move, "accepted")

    def test_certain_connection_does_not_excuse_another_kind(self):
        self.connect(self.partner_a, self.owner)
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        self.assertVerdict(self.invoice("CW1001", amount=total), "wrong_type")

    def test_hit_of_unknown_type_is_trusted(self):
        self.patch(total=None, type=None)
        move = self.invoice("CW1001", amount=1, move_type="out_refund")
        self.assertVerdict(move, "accepted")

    def test_hit_of_unknown_type_with_a_positive_total_is_no_credit_note(self):
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(type=None)
        move = self.invoice("CW1001", amount=total, move_type="out_refund")
        self.assertVerdict(move, "wrong_type")

    def test_credit_memo_with_a_positive_total_is_no_invoice(self):
        self.patch(type="CreditMemo")
        self.assertVerdict(self.invoice("CW1001"), "wrong_type")

    def test_credit_is_no_receipt(self):
        total = self.sandbox_invoice("CW1001")["total"]
        self.patch(total=-total)
        move = self.invoice("CW1001", amount=total, move_type="out_receipt")
        self.assertVerdict(move, "wrong_type")

    def test_refusal_names_both_kinds(self):
        """ConnectWise has a credit memo, Odoo an invoice."""
        move = self.invoice("CM1001", move_type="out_invoice")
        self.assertVerdict(move, "wrong_type")
        self.assertIn("a credit memo there", move.connectwise_message)
