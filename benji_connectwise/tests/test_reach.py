"""Attempts from outside to reach another customer's invoice or contact."""

from unittest.mock import patch

from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..tools.invoice_pdf import judging
from ..tools.invoice_pdf.fetching import fetch_for_person
from ..tools.invoice_pdf.keeping import pin_pdfs
from .contact_common import import_contact
from .owner_common import OwnerCommon
from .test_branches import BranchCommon


class ShopCommon(OwnerCommon):
    """A visitor of the web shop whose order was invoiced."""

    def visitor(self, name="Mallory"):
        public = self.env.ref("base.public_user")
        Partner = self.env["res.partner"].with_user(public).sudo()
        partner = Partner.create({"name": name, "customer_rank": 1})
        return partner.with_env(self.env)

    def order(self, number, **values):
        """Return the invoice of the visitor's order, made by a person of Invoicing."""
        values = {"partner_id": self.visitor().id, "invoice_origin": "S00001", **values}
        return self.invoice(number, **values)


@tagged("post_install", "-at_install")
class TestShop(ShopCommon):
    def test_amount_chosen_by_a_visitor_is_no_evidence(self):
        """The journal gives the next number, and the visitor chooses the quantity."""
        self.assertChosen(self.order("CW1001"), "odoo")

    def test_reference_written_by_a_visitor_takes_no_pdf_from_others(self):
        self.add_rule()
        genuine = self.invoice("CW1001", name="INV/1", ref="CW1001")
        self.assertChosen(genuine, "connectwise")
        order = self.order("CW1001", name="INV/2", ref="CW1001", amount=3)
        self.assertChosen(order, "odoo")
        self.assertChosen(genuine, "connectwise")


@tagged("post_install", "-at_install")
class TestOfAnotherBranch(BranchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sister = cls.env["res.company"].create(
            {
                "name": "Boston Branch",
                "parent_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
            }
        )
        cls.env.cr.precommit.run()
        cls.env.user.company_ids += cls.sister
        cls.theirs = cls.new_customer("Theirs", company_id=cls.sister.id)
        cls.row = cls.connect(cls.theirs, cls.new_company(4712, "Theirs LLC"))
        import_contact(cls.row)
        cls.env.flush_all()

    def test_customer_of_one_branch_has_no_row_in_another(self):
        theirs = self.as_person(self.theirs, self.clerk_there)
        self.assertFalse(theirs.has_access("read"))
        row = self.as_person(self.row, self.clerk_there)
        self.assertFalse(row.has_access("read"), row.sudo().contact_text)

    def test_row_of_a_branch_customer_is_hidden_without_access_to_the_branch(self):
        self.accountant.company_ids = [Command.set(self.company.ids)]
        theirs = self.as_person(self.theirs, self.accountant)
        self.assertFalse(theirs.has_access("read"))
        row = self.as_person(self.row, self.accountant)
        self.assertFalse(row.has_access("read"), row.sudo().contact_text)


@tagged("post_install", "-at_install")
class TestWrongTime(OwnerCommon):
    def test_company_changed_in_the_future_does_not_hide_other_changes(self):
        """Otherwise nothing would be read until somebody gets all entries."""
        self.backend.sync(full=True)
        first, second = self.env["connectwise.company"].search(
            [("backend_id", "=", self.backend.id)], limit=2, order="id desc"
        )
        self.sandbox.patch_company(
            first.connectwise_ref, {"_info": {"lastUpdated": "9999-12-31T23:59:59Z"}}
        )
        self.backend.sync()
        self.sandbox.patch_company(second.connectwise_ref, {"city": "Newtown"})
        self.backend.sync()
        self.assertEqual(second.city, "Newtown")


@tagged("post_install", "-at_install")
class TestLinkToAnInvoice(OwnerCommon, HttpCase):
    """The link in the customer's e-mail opens the files of the invoice's chatter."""

    def ask(self, move, request):
        thread = {
            "thread_model": "account.move",
            "thread_id": move.id,
            "request_list": [request],
            "access_params": {"token": move._portal_ensure_token()},
        }
        return self.make_jsonrpc_request(
            "/mail/data", {"fetch_params": [["mail.thread", thread]]}
        )

    def files(self, move):
        return [
            self.url_open(
                f"/web/content/{file['id']}?access_token={file['raw_access_token']}"
            ).content
            for file in self.ask(move, "attachments").get("ir.attachment", [])
        ]

    def kept(self, move):
        """Return the contents of the files that a person of Invoicing sees."""
        files = self.env["ir.attachment"].with_user(self.accountant)
        files = files.search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)]
        )
        return files.mapped("raw")

    def test_link_does_not_open_a_pdf_that_became_another_customers(self):
        """Nor after the invoice was reset to draft and posted again."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.connect(self.boulder, self.owner)
        self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))
        move.button_draft()
        move.action_post()
        self.assertVerdict(move, "wrong_company")
        self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))

    def test_audit_trail_does_not_give_away_a_pdf_that_cannot_be_deleted(self):
        """Odoo turns the file into an ordinary one when the invoice is reset to draft,
        however often."""
        self.company.restrictive_audit_trail = True
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.connect(self.boulder, self.owner)
        for _time in range(2):
            move.button_draft()
            move.action_post()
            self.assertVerdict(move, "wrong_company")
            self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))

    def test_audit_trail_does_not_give_away_an_older_pdf(self):
        """The right one was fetched since, and both files are kept."""
        self.company.restrictive_audit_trail = True
        theirs = self.sandbox_pdf("CW1001")
        move = self.fetch_theirs_and_then_the_right_one()
        move.button_draft()
        move.action_post()
        self.assertNotIn(theirs, self.files(move))

    def test_other_modules_do_not_give_away_a_pdf_either(self):
        """Some detach the files without resetting the invoice to draft."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.connect(self.boulder, self.owner)
        move._detach_attachments()
        self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))

    def test_draft_given_to_another_customer_shows_no_pdf_of_the_first(self):
        """Nobody received the PDF, which the scheduled action had fetched."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.give_to_boulder(move)
        self.assertChosen(move, "odoo")
        self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))

    def test_draft_given_to_another_customer_shows_no_replaced_pdf_of_the_first(self):
        first = self.sandbox_pdf("CW1001")
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertIn(first, self.kept(move))
        self.give_to_boulder(move)
        self.assertNotIn(first, self.kept(move))

    def test_draft_that_stays_with_its_customer_keeps_the_pdf(self):
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        move.button_draft()
        move.action_post()
        self.assertIn(self.sandbox_pdf("CW1001"), self.kept(move))

    def test_link_does_not_open_an_older_pdf_that_became_another_customers(self):
        """It was replaced before anybody received it."""
        theirs = self.sandbox_pdf("CW1001")
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.patch(reference="changed there")
        move.with_user(self.accountant).action_refresh_pdf()
        self.connect(self.boulder, self.owner)
        self.assertVerdict(move, "wrong_company")
        self.assertNotIn(theirs, self.files(move))

    def test_link_does_not_open_the_pdf_of_a_draft_that_became_another_customers(self):
        """It was an ordinary file already when the other customer was connected."""
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        move.button_draft()
        move.action_post()
        self.connect(self.boulder, self.owner)
        self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))

    def test_link_opens_an_older_pdf_that_the_customer_received(self):
        received = self.sandbox_pdf("CW1001")
        move = self.invoice("CW1001")
        pin_pdfs({move: move._get_preferred_invoice_pdf()})
        self.patch(reference="changed there")
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertIn(received, self.files(move))

    def test_draft_given_to_another_customer_keeps_what_the_first_received(self):
        """It is a document of the first sale, as Odoo's own is."""
        move = self.invoice("CW1001")
        pdf = move._get_preferred_invoice_pdf()
        pin_pdfs({move: pdf})
        self.give_to_boulder(move)
        self.assertEqual(pdf.res_field, False)

    def give_to_boulder(self, move):
        move.button_draft()
        move.partner_id = self.boulder
        move.name = "NOT-THERE-1"
        move.action_post()

    def accept_and_leave_unjudged(self):
        """Return an invoice whose PDF became another customer's, which its lookup does
        not know yet: there are too many to judge all at once."""
        move, newer = self.invoice("CW1001"), self.invoice("CW1002")
        for accepted in (move, newer):
            self.assertChosen(accepted, "connectwise")
        hit = newer.sudo().connectwise_lookup_ids.hit_ids
        hit.company_ref = self.owner.connectwise_ref
        self.env.flush_all()
        with patch.object(judging, "LOOKUPS_JUDGED_AT_ONCE", 1):
            self.connect(self.boulder, self.owner)
        self.assertEqual(self.verdict(move), "accepted")
        return move

    def test_link_does_not_open_a_pdf_that_was_not_judged_again_yet(self):
        move = self.accept_and_leave_unjudged()
        # The new verdict is stored, so Odoo answers again in a transaction that may
        # write, and logs that.
        with mute_logger("odoo.sql_db", "odoo.http"):
            files = self.files(move)
        self.assertNotIn(self.sandbox_pdf("CW1001"), files)

    def test_reset_to_draft_does_not_give_away_a_pdf_that_was_not_judged_again(self):
        """Odoo turns the file into an ordinary one, which the link opens."""
        move = self.accept_and_leave_unjudged()
        move.button_draft()
        move.action_post()
        self.assertNotIn(self.sandbox_pdf("CW1001"), self.files(move))

    def test_link_does_not_open_a_pdf_replaced_before_sending(self):
        """It was another customer's."""
        theirs = self.sandbox_pdf("CW1001")
        move = self.fetch_theirs_and_then_the_right_one()
        self.assertNotIn(theirs, self.files(move))

    def test_link_does_not_open_a_pdf_that_named_the_former_company(self):
        """ConnectWise's invoice was made for a wrong customer, and corrected."""
        theirs = self.sandbox_pdf("CW1001")
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.patch(company={"id": self.owner.connectwise_ref + 1})
        self.sandbox.fault("pdf_truncated", "invoice_pdf", times=0)
        fetch_for_person(move, sending=True)
        self.assertChosen(move, "odoo")
        self.sandbox.clear_faults()
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(move, "connectwise")
        self.assertNotIn(theirs, self.files(move))

    def fetch_theirs_and_then_the_right_one(self):
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.connect(self.boulder, self.owner)
        total = self.sandbox_invoice("CW1001")["total"]
        self.sandbox.create_invoice(
            {"invoiceNumber": "CW1001", "type": "Standard", "total": total}
        )
        move.with_user(self.accountant).action_refresh_pdf()
        self.assertChosen(move, "connectwise")
        return move

    def test_link_does_not_show_another_customers_name(self):
        """The activity of an invoice that was held and not sent names one."""
        self.connect(self.boulder, self.owner)
        move = self.invoice("CW1001")
        self.assertVerdict(move, "wrong_company")
        self.env["connectwise.held.invoice"].sudo().create(
            {"move_id": move.id}
        )._give_up()
        self.assertTrue(move.activity_ids)
        self.assertNotIn("Boulder", str(self.ask(move, "activities")))
