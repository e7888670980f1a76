"""A hit is trusted by evidence: one customer's invoice must never go to another."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools.invoice_pdf.fetching import fetch_for_person
from .common import ConnectwiseCommon
from .contact_common import ContactCommon


@tagged("post_install", "-at_install")
class TestTrust(ConnectwiseCommon):
    def assertRefused(self, move, reason):
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, reason)
        self.assertTrue(move.connectwise_message)
        self.assertFalse(move.connectwise_invoice_ref)

    def test_hit_with_an_equal_amount_is_trusted(self):
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.assertEqual(
            move.connectwise_invoice_ref, self.sandbox_invoice("CW1001")["id"]
        )

    def test_hit_with_an_equal_amount_before_tax_is_trusted(self):
        """ConnectWise's total is before tax in some tenants."""
        tax = self.env["account.tax"].create(
            {"name": "7", "amount": 7, "company_id": self.company.id}
        )
        move = self.invoice("CW1001", post=False)
        move.invoice_line_ids.tax_ids = tax
        move.action_post()
        self.assertNotEqual(move.amount_total, move.amount_untaxed)
        self.assertChosen(move, "connectwise")

    def test_hit_with_another_amount_is_refused(self):
        self.assertRefused(self.invoice("CW1001", amount=1), "wrong_amount")

    def test_tolerance_of_the_connection_applies(self):
        self.backend.amount_tolerance = 1
        amount = abs(self.sandbox_invoice("CW1001")["total"])
        self.assertChosen(self.invoice("CW1001", amount=amount + 0.9), "connectwise")
        amount = abs(self.sandbox_invoice("CW1002")["total"])
        self.assertChosen(self.invoice("CW1002", amount=amount + 1.1), "odoo")

    def test_new_tolerance_judges_invoices_again(self):
        amount = abs(self.sandbox_invoice("CW1001")["total"])
        move = self.invoice("CW1001", amount=amount + 0.9)
        self.assertChosen(move, "odoo")
        self.backend.amount_tolerance = 1
        move._get_preferred_invoice_pdf()
        move.action_refresh_pdf()
        self.assertChosen(move, "connectwise")
        self.backend.amount_tolerance = 0
        self.assertChosen(move, "odoo")

    def two_invoices_with_one_number(self):
        """Return those of two customers; only the first one has been looked up."""
        self.add_rule()
        amount = abs(self.sandbox_invoice("CW1001")["total"])
        move = self.invoice("A-1", amount=amount, ref="CW1001")
        self.assertChosen(move, "connectwise")
        return move, self.invoice(
            "A-2", amount=amount, ref="CW1001", partner_id=self.partner_b.id
        )

    def test_two_customers_with_one_number_and_amount_are_ambiguous(self):
        """It could be the invoice of either."""
        move, other = self.two_invoices_with_one_number()
        other._get_preferred_invoice_pdf()
        self.assertRefused(other, "ambiguous")
        self.assertRefused(move, "ambiguous")

    def test_receipt_and_invoice_with_one_number_and_amount_are_ambiguous(self):
        self.add_rule()
        amount = abs(self.sandbox_invoice("CW1001")["total"])
        move = self.invoice("A-1", amount=amount, ref="CW1001")
        self.assertChosen(move, "connectwise")
        receipt = self.invoice(
            "A-2",
            amount=amount,
            ref="CW1001",
            partner_id=self.partner_b.id,
            move_type="out_receipt",
        )
        receipt._get_preferred_invoice_pdf()
        self.assertRefused(receipt, "ambiguous")
        self.assertRefused(move, "ambiguous")

    def test_list_shows_at_once_that_another_customer_has_the_number(self):
        """The list shows what is stored; nobody has used the first PDF again."""
        move, other = self.two_invoices_with_one_number()
        other._get_preferred_invoice_pdf()
        self.assertEqual(move.connectwise_status, "refused")

    def test_new_tenant_is_asked_again(self):
        """Staging and production know the same numbers."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.backend.server_url = "https://psa.example.com"
        self.assertEqual(move.invoice_pdf_source, "odoo")

    def test_replaced_file_is_not_taken_for_connectwises(self):
        """A person who may edit an invoice may edit its files."""
        move = self.invoice("CW1001")
        attachment = move._get_preferred_invoice_pdf()
        with self.assertRaises(AccessError):
            move.with_user(self.accountant).connectwise_pdf_file = b"SGVsbG8="
        attachment.raw = b"%PDF-1.4 forged"
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_hit_with_another_currency_is_refused(self):
        move = self.invoice("CW-EURO-1")
        self.assertRefused(move, "wrong_currency")

    def test_hit_without_amount_and_currency_is_trusted(self):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"total": None, "currency": None})
        self.assertChosen(self.invoice("CW1001", amount=1), "connectwise")

    def test_invoice_is_not_taken_for_a_credit_note(self):
        move = self.invoice("CM1001", move_type="out_invoice")
        self.assertRefused(move, "wrong_type")

    def test_credit_note_is_not_taken_for_an_invoice(self):
        move = self.invoice("CW1001", move_type="out_refund")
        self.assertRefused(move, "wrong_type")

    def test_invoice_and_a_credit_memo_with_one_number_are_told_apart(self):
        both = [
            invoice
            for invoice in self.sandbox.export_invoices()
            if invoice["number"] == "CW-TWICE-3"
        ]
        amount = {invoice["type"]: abs(invoice["total"]) for invoice in both}
        move = self.invoice(
            "CW-TWICE-3", amount=amount["CreditMemo"], move_type="out_refund"
        )
        self.assertChosen(move, "connectwise")

    def test_hit_with_the_equal_amount_is_taken_of_several(self):
        """Two companies have an invoice with this number."""
        first, second = (
            invoice
            for invoice in self.sandbox.export_invoices()
            if invoice["number"] == "CW-TWICE-1"
        )
        self.assertNotEqual(first["total"], second["total"])
        move = self.invoice("CW-TWICE-1", amount=second["total"])
        self.assertChosen(move, "connectwise", self.sandbox.invoice_pdf(second["id"]))

    def test_several_hits_with_the_equal_amount_are_ambiguous(self):
        first, second = (
            invoice
            for invoice in self.sandbox.export_invoices()
            if invoice["number"] == "CW-TWICE-1"
        )
        self.sandbox.patch_invoice(second["id"], {"total": first["total"]})
        move = self.invoice("CW-TWICE-1", amount=first["total"])
        self.assertRefused(move, "ambiguous")

    def test_pdf_is_not_shown_for_another_hit_than_its_own(self):
        """In ConnectWise another invoice has the number now."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        lookup = move.sudo().connectwise_lookup_ids
        lookup.hit_ids.connectwise_ref = 999_999
        self.assertFalse(lookup.has_pdf)
        self.assertEqual(move.invoice_pdf_source, "odoo")

    def test_pdf_is_not_shown_for_another_number(self):
        """The invoice was renumbered in Odoo."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        move.name = "NOT-THERE-1"
        self.assertChosen(move, "odoo")

    def test_number_may_be_read_from_another_field(self):
        """A rule of the connection says which."""
        self.add_rule()
        amount = self.sandbox_invoice("CW1002")["total"]
        move = self.invoice("A-1", amount=amount, ref="CW1002")
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1002"))


@tagged("post_install", "-at_install")
class TestTrustDisconnected(ContactCommon):
    def test_invoice_billed_to_a_disconnected_company_is_refused(self):
        """The disconnected company pays for one of its sites."""
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        bill_to = {"id": self.acme.connectwise_ref, "name": self.acme.name}
        self.sandbox.patch_invoice(invoice_id, {"billToCompany": bill_to})
        move = self.invoice("CW1001", partner_id=self.customer.id)
        self.assertChosen(move, "connectwise")
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, "wrong_company")

    def bill_to_acme(self):
        """Return an invoice of this customer that Acme pays for."""
        self.sandbox.patch_invoice(
            self.sandbox_invoice("CW1001")["id"],
            {"billToCompany": {"id": self.acme.connectwise_ref, "name": "Acme"}},
        )
        return self.invoice("CW1001", partner_id=self.customer.id)

    def test_company_that_was_disconnected_earlier_still_counts(self):
        move = self.bill_to_acme()
        mapping = self.mapping.with_user(self.administrator)
        mapping.action_disconnect()
        mapping.connect(self.new_company(4712, "Boulder Law"))
        mapping.action_disconnect()
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, "wrong_company")

    def test_disconnected_company_may_pay_for_the_one_that_is_connected(self):
        """A person corrected the connection from the head office to a site."""
        move = self.bill_to_acme()
        site = self.sandbox.get_record(
            "invoices", self.sandbox_invoice("CW1001")["id"]
        )["company"]["id"]
        mapping = self.mapping.with_user(self.administrator)
        mapping.action_disconnect()
        mapping.connect(
            self.new_company(site, "Site", bill_to_ref=self.acme.connectwise_ref)
        )
        self.assertChosen(move, "connectwise")

    def test_customer_that_becomes_part_of_another_stays_disconnected(self):
        move = self.bill_to_acme()
        self.mapping.with_user(self.administrator).action_disconnect()
        self.customer.write({"is_company": False, "parent_id": self.partner_b.id})
        self.assertChosen(move, "odoo")
        self.assertEqual(move.connectwise_lookup_ids.verdict, "wrong_company")

    def test_company_that_is_connected_again_counts_again(self):
        move = self.bill_to_acme()
        mapping = self.mapping.with_user(self.administrator)
        mapping.action_disconnect()
        mapping.connect(self.acme)
        self.assertFalse(mapping.disconnected_company_ids)
        self.assertChosen(move, "connectwise")


@tagged("post_install", "-at_install")
class TestTrustChanged(ContactCommon):
    """The company was disconnected while ConnectWise was being asked."""

    def setUp(self):
        super().setUp()
        self.customer.email = "billing@acme.example.com"
        self.move = self.invoice("CW1001", partner_id=self.customer.id)
        theirs = self.sandbox.get_record(
            "invoices", self.sandbox_invoice("CW1001")["id"]
        )
        self.acme.connectwise_ref = theirs["company"]["id"]
        self.assertChosen(self.move, "connectwise")
        lookup = self.move.connectwise_lookup_ids
        accepted = lookup.accepted_id
        self.mapping.with_user(self.administrator).action_disconnect()
        self.assertFalse(lookup.has_pdf)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE connectwise_lookup"
            " SET verdict = 'accepted', accepted_id = %s, has_pdf = TRUE WHERE id = %s",
            (accepted.id, lookup.id),
        )
        self.env.invalidate_all()

    def send(self):
        self.env["account.move.send.wizard"].with_user(self.accountant).with_context(
            active_model="account.move", active_ids=self.move.ids
        ).create({}).action_send_and_print()

    def test_invoice_of_a_company_disconnected_meanwhile_is_not_sent(self):
        """The last check is made when the invoice is sent."""
        self.sandbox.fault("unavailable", times=0)
        self.send()
        self.assertTrue(self.move.is_move_sent)
        files = self.move.message_ids.attachment_ids.mapped("raw")
        self.assertNotIn(self.sandbox_pdf("CW1001"), files)

    def test_scheduled_action_does_not_send_an_invoice_disconnected_meanwhile(self):
        self.sandbox.fault("unavailable", times=0)
        self.move.sending_data = {"author_partner_id": self.env.user.partner_id.id}
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertTrue(self.move.is_move_sent)
        files = self.move.message_ids.attachment_ids.mapped("raw")
        self.assertNotIn(self.sandbox_pdf("CW1001"), files)

    def test_invoice_of_a_company_disconnected_meanwhile_is_not_printed(self):
        """The portal does not show it, either."""
        self.assertFalse(self.move._get_preferred_invoice_pdf())

    def test_asking_again_judges_the_invoice_again(self):
        """ConnectWise's answer is the same."""
        lookup = self.move.connectwise_lookup_ids.sudo()
        fetch_for_person(self.move, sending=True)
        self.assertEqual(lookup.verdict, "wrong_company")
