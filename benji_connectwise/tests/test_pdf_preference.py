"""Exceptions from *Invoice PDF Priority*: an invoice, a customer or a journal prefers a
source.
"""

from lxml import html

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..const import PREFER_AT_ONCE, REFRESH_IN_BACKGROUND
from ..tools.invoice_pdf.due_invoices import find_due_invoices
from ..tools.invoice_pdf.order import get_order
from .test_why_this_pdf import WhyCommon


class PreferenceCommon(WhyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def customer(self):
        return self.partner_a.with_company(self.company)

    def why(self, move):
        return " ".join(html.fromstring(super().why(move)).text_content().split())

    def lookups(self):
        return [path for path in self.requests() if path.endswith("/invoices")]

    def get_first(self, move=None):
        return get_order(move or self.move)[0]


@tagged("post_install", "-at_install")
class TestOrder(PreferenceCommon):
    def test_invoice_can_prefer_odoo(self):
        """Odoo always has a PDF, so ConnectWise is not asked."""
        self.move.with_user(self.accountant).invoice_pdf_preference = "odoo"
        with self.no_requests():
            self.assertChosen(self.move, "odoo")

    def test_invoice_can_prefer_connectwise_where_odoo_comes_first(self):
        self.set_priority("odoo", "connectwise")
        self.move.with_user(self.accountant).invoice_pdf_preference = "connectwise"
        self.assertChosen(self.move, "connectwise", self.sandbox_pdf("CW1001"))

    def test_invoice_can_prefer_a_source_that_is_not_in_the_priority(self):
        self.set_priority()
        self.move.invoice_pdf_preference = "connectwise"
        self.assertChosen(self.move, "connectwise")

    def test_customer_can_prefer_a_source(self):
        self.customer().invoice_pdf_preference = "odoo"
        self.assertChosen(self.move, "odoo")

    def test_journal_can_prefer_a_source(self):
        self.move.journal_id.with_user(
            self.administrator
        ).invoice_pdf_preference = "odoo"
        self.assertChosen(self.move, "odoo")

    def test_customer_prefers_for_one_company_alone(self):
        other = self.new_odoo_company()
        self.partner_a.with_company(other).invoice_pdf_preference = "odoo"
        self.assertEqual(self.get_first(), "connectwise")

    def test_contact_of_a_customer_follows_the_customer(self):
        contact = self.env["res.partner"].create(
            {"name": "Branch office", "parent_id": self.partner_a.id}
        )
        move = self.invoice("CW1002", partner_id=contact.id)
        self.customer().invoice_pdf_preference = "odoo"
        self.assertEqual(self.get_first(move), "odoo")

    def test_invoice_comes_before_customer_before_journal_before_company(self):
        self.set_priority("attachment", "connectwise")
        self.assertEqual(self.get_first(), "attachment")
        self.move.journal_id.invoice_pdf_preference = "connectwise"
        self.assertEqual(self.get_first(), "connectwise")
        self.customer().invoice_pdf_preference = "odoo"
        self.assertEqual(self.get_first(), "odoo")
        self.move.invoice_pdf_preference = "attachment"
        self.assertEqual(self.get_first(), "attachment")

    def test_rest_of_the_priority_follows_the_preferred_source(self):
        self.set_priority("connectwise", "attachment")
        self.move.invoice_pdf_preference = "attachment"
        self.assertEqual(get_order(self.move), ("attachment", "connectwise", "odoo"))
        self.assertChosen(self.move, "connectwise")

    def test_copy_of_an_invoice_prefers_nothing(self):
        self.move.invoice_pdf_preference = "odoo"
        self.move.invoice_pdf_preference_reason = "Signed by hand"
        copy = self.move.copy()
        self.assertFalse(copy.invoice_pdf_preference)
        self.assertFalse(copy.invoice_pdf_preference_reason)

    def test_preference_does_not_make_another_customers_pdf_acceptable(self):
        move = self.invoice("CW1002", amount=1)
        move.invoice_pdf_preference = "connectwise"
        self.assertChosen(move, "odoo")

    def test_preferred_source_of_a_removed_module_is_skipped(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET invoice_pdf_preference = 'gone' WHERE id = %s",
            [self.move.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.get_first(), "connectwise")

    def test_connectwise_is_asked_once_for_invoices_of_different_orders(self):
        self.set_priority("connectwise", "odoo")
        other = self.invoice("CW1002")
        other.invoice_pdf_preference = "attachment"
        (self.move + other)._get_preferred_invoice_pdfs()
        self.assertEqual(len(self.lookups()), 1)
        self.assertChosen(other, "connectwise")


@tagged("post_install", "-at_install")
class TestSurfaces(PreferenceCommon):
    def test_print_menu_obeys_the_preference(self):
        self.move._get_preferred_invoice_pdf()
        reports = self.env["ir.actions.report"]
        arguments = ("account.account_invoices", self.move.ids)
        self.assertEqual(reports._pre_render_qweb_pdf(*arguments)[1], "pdf")
        self.move.invoice_pdf_preference = "odoo"
        # Odoo renders HTML in tests.
        self.assertEqual(reports._pre_render_qweb_pdf(*arguments)[1], "html")

    def test_send_says_nothing_of_connectwise_where_odoo_is_preferred(self):
        self.move.invoice_pdf_preference = "odoo"
        with self.no_requests():
            wizard = self.wizard(self.move)
            self.assertEqual(wizard.invoice_pdf_summary, "Odoo")
            self.assertNotIn("benji_connectwise_pdf_source", wizard.alerts or {})

    def test_held_invoice_does_not_wait_where_odoo_is_preferred(self):
        self.backend.missing_pdf = "hold"
        move = self.invoice("NOT-THERE-1", amount=1)
        move._get_preferred_invoice_pdf()
        Held = self.env["connectwise.held.invoice"]
        self.assertTrue(Held._must_wait(move))
        move.invoice_pdf_preference = "odoo"
        self.assertFalse(Held._must_wait(move))

    def test_prefetch_leaves_out_invoices_that_prefer_odoo(self):
        today = fields.Date.today()
        move = self.invoice("CW1002", invoice_date=today)
        self.assertIn(move, find_due_invoices(self.backend))
        move.invoice_pdf_preference = "odoo"
        self.assertNotIn(move, find_due_invoices(self.backend))

    def test_prefetch_fetches_for_invoices_that_prefer_connectwise(self):
        self.set_priority()
        today = fields.Date.today()
        move = self.invoice("CW1002", invoice_date=today)
        other = self.invoice("CW1003", invoice_date=today)
        self.assertFalse(find_due_invoices(self.backend))
        move.invoice_pdf_preference = "connectwise"
        due = find_due_invoices(self.backend)
        self.assertIn(move, due)
        self.assertNotIn(other, due)

    def test_searches_agree_with_what_is_displayed(self):
        """At each level, and with an order of its own each."""
        moves = self.move + self.invoice("CW1002") + self.invoice("UNKNOWN-1", amount=1)
        theirs = self.invoice("CW1003", partner_id=self.partner_b.id)
        marked = self.invoice("CW1004")
        marked.invoice_pdf_attachment_id = self.attach(marked)
        marked.invoice_pdf_preference = False
        moves += theirs + marked
        self.set_priority("connectwise", "attachment", "odoo")
        moves._get_preferred_invoice_pdfs()
        mine = ("id", "in", moves.ids)
        journal = self.move.journal_id
        for priority in (("connectwise", "attachment"), ("odoo", "connectwise")):
            self.set_priority(*priority)
            for one in ("odoo", "connectwise", "attachment", False):
                for other in ("odoo", "attachment", False):
                    moves[0].invoice_pdf_preference = one
                    self.partner_b.with_company(
                        self.company
                    ).invoice_pdf_preference = other
                    journal.invoice_pdf_preference = one and other
                    with self.subTest(priority=priority, one=one, other=other):
                        self.assertSearchAgrees(mine)

    def assertSearchAgrees(self, mine):
        self.env.invalidate_all()
        moves = self.find(mine)
        for name in ("invoice_pdf_is_first_choice", "connectwise_amount_differs"):
            found = self.find(mine, (name, "=", True))
            self.assertEqual(found, moves.filtered(name), name)
        for source in ("connectwise", "attachment", "odoo"):
            found = self.find(mine, ("invoice_pdf_source", "=", source))
            shown = moves.filtered(
                lambda move, source=source: move.invoice_pdf_source == source
            )
            self.assertEqual(found, shown, source)


@tagged("post_install", "-at_install")
class TestWhereTheOrderComesFrom(PreferenceCommon):
    def test_invoice_says_that_its_order_is_the_companys(self):
        self.assertIn(
            f"Invoice PDF Priority of {self.company.name}", self.why(self.move)
        )

    def test_invoice_says_that_its_order_is_its_own_and_why(self):
        self.move.invoice_pdf_preference = "odoo"
        self.move.invoice_pdf_preference_reason = "<b>Paper</b> only"
        text = self.why(self.move)
        self.assertIn("chosen for this invoice: Odoo first.", text)
        self.assertIn("Reason: <b>Paper</b> only", text)

    def test_invoice_says_that_its_order_comes_from_the_customer(self):
        self.customer().invoice_pdf_preference = "odoo"
        self.assertIn("from the customer partner_a: Odoo first", self.why(self.move))

    def test_invoice_says_that_its_order_comes_from_the_journal(self):
        self.move.journal_id.invoice_pdf_preference = "odoo"
        self.assertIn("comes from the journal", self.why(self.move))

    def test_chatter_keeps_who_preferred_a_source(self):
        move = self.move.with_user(self.accountant)
        move = move.with_context(tracking_disable=False, mail_notrack=False)
        self.flush_tracking()
        move.invoice_pdf_preference = "odoo"
        self.flush_tracking()
        tracked = self.move.message_ids.tracking_value_ids.field_id.mapped("name")
        self.assertIn("invoice_pdf_preference", tracked)

    def flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()


@tagged("post_install", "-at_install")
class TestUseAsInvoicePdf(PreferenceCommon):
    def test_marked_file_is_used_though_attachments_are_not_in_the_priority(self):
        file = self.attach(self.move)
        self.move.with_user(self.accountant).invoice_pdf_attachment_id = file
        self.assertChosen(self.move, "attachment", file.raw)

    def test_form_says_that_the_marked_file_is_preferred(self):
        file = self.attach(self.move)
        with Form(self.move.with_user(self.accountant)) as form:
            form.invoice_pdf_attachment_id = file
            self.assertEqual(form.invoice_pdf_preference, "attachment")
        self.assertIn(
            "PDF attached to the invoice first", self.why(self.move.sudo(False))
        )

    def test_form_prefers_nothing_when_the_mark_is_taken_away(self):
        self.move.invoice_pdf_attachment_id = self.attach(self.move)
        with Form(self.move.with_user(self.accountant)) as form:
            form.invoice_pdf_attachment_id = self.env["ir.attachment"]
            self.assertFalse(form.invoice_pdf_preference)

    def test_preference_that_comes_with_the_mark_is_kept(self):
        self.move.write(
            {
                "invoice_pdf_attachment_id": self.attach(self.move).id,
                "invoice_pdf_preference": "odoo",
            }
        )
        self.assertEqual(self.get_first(), "odoo")
        self.assertIn("not used", self.move.invoice_pdf_attachment_warning)

    def test_marked_file_is_no_longer_preferred_after_a_reset_to_draft(self):
        self.move.invoice_pdf_attachment_id = self.attach(self.move)
        self.move.button_draft()
        self.assertFalse(self.move.invoice_pdf_preference)

    def test_other_preference_survives_a_reset_to_draft(self):
        self.move.invoice_pdf_preference = "odoo"
        self.move.button_draft()
        self.assertEqual(self.move.invoice_pdf_preference, "odoo")


@tagged("post_install", "-at_install")
class TestManyInvoices(PreferenceCommon):
    def dialog(self, moves, user=None, **values):
        dialog = self.env["invoice.pdf.preference"].with_user(user or self.accountant)
        return dialog.with_context(active_ids=moves.ids).create(values)

    def test_selected_invoices_prefer_a_source(self):
        moves = self.move + self.invoice("CW1002")
        self.dialog(moves, source="odoo", reason="Paper").action_apply()
        self.assertEqual(moves.mapped("invoice_pdf_preference"), ["odoo", "odoo"])
        self.assertIn("Reason: Paper", self.why(self.move))

    def test_selected_invoices_follow_the_priority_again(self):
        self.move.invoice_pdf_preference = "odoo"
        self.move.invoice_pdf_preference_reason = "Paper"
        self.dialog(self.move, reason="forgotten").action_apply()
        self.assertFalse(self.move.invoice_pdf_preference)
        self.assertFalse(self.move.invoice_pdf_preference_reason)

    def test_invoice_deleted_meanwhile_is_left_out(self):
        draft = self.invoice("CW1002", post=False)
        dialog = self.dialog(self.move + draft, source="odoo")
        draft.unlink()
        dialog.action_apply()
        self.assertEqual(self.move.invoice_pdf_preference, "odoo")

    def test_more_than_a_person_can_wait_for_are_not_changed(self):
        many = self.copies(self.move, 10_000)
        with self.assertRaisesRegex(UserError, f"at most {PREFER_AT_ONCE}"):
            self.dialog(many, source="odoo").action_apply()
        self.assertFalse(many.filtered("invoice_pdf_preference"))

    def test_bills_are_left_out(self):
        bill = self.env["account.move"].create(
            {"move_type": "in_invoice", "partner_id": self.partner_a.id}
        )
        with self.assertRaisesRegex(UserError, "customer invoice"):
            self.dialog(bill, source="odoo").action_apply()

    def test_person_who_may_only_look_prefers_nothing(self):
        reader = new_test_user(
            self.env,
            "connectwise_reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
        )
        with self.assertRaises(AccessError):
            self.move.with_user(reader).invoice_pdf_preference = "odoo"
        with self.assertRaises(AccessError):
            self.dialog(self.move, reader, source="odoo")

    def test_invoice_of_another_company_cannot_be_reached_by_its_id(self):
        elsewhere = self.new_odoo_company()
        other = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "company_id": elsewhere.id,
            }
        )
        with self.assertRaises(AccessError):
            self.dialog(other, source="odoo").action_apply()
        self.assertFalse(other.invoice_pdf_preference)

    def test_customer_in_the_portal_prefers_nothing(self):
        user = new_test_user(self.env, "connectwise_portal", groups="base.group_portal")
        user.partner_id.parent_id = self.partner_a
        for record in (self.move, self.partner_a, user.partner_id):
            with self.subTest(record._name), self.assertRaises(AccessError):
                record.with_user(user).write({"invoice_pdf_preference": "odoo"})

    def test_selected_invoices_are_refreshed_together(self):
        moves = self.move + self.invoice("CW1002") + self.invoice("NOT-1", amount=1)
        action = (
            self.env.ref("benji_connectwise.account_move_action_refresh_pdf")
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=moves.ids)
        )
        message = action.run()["params"]["message"]
        self.assertIn("CW1001, CW1002: ConnectWise's PDF was fetched.", message)
        self.assertIn("NOT-1: ", message)
        self.assertEqual(len(self.lookups()), 1)

    def test_more_invoices_than_there_is_time_for_are_not_refreshed(self):
        Move = self.env["account.move"].with_user(self.accountant)
        many = Move.browse(range(10**7, 10**7 + 10_000))
        self.patch(type(Move), "check_access", lambda *args: None)
        with (
            self.no_requests(),
            self.assertRaisesRegex(UserError, f"at most {REFRESH_IN_BACKGROUND}"),
        ):
            many.action_refresh_pdf()
