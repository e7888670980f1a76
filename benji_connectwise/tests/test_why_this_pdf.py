"""The tab *Why this PDF*, Send, the list and *Refresh PDF* agree about a PDF."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import Form, tagged

from ..tools.invoice_pdf.explain_lookup import explain_error
from .why_common import WhyCommon


@tagged("post_install", "-at_install")
class TestNotAskedYet(WhyCommon):
    """An invoice that was not looked up yet has no source so far."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_undecided_invoice_is_not_shown_as_odoos(self):
        """It may be too old for the prefetch."""
        move = self.invoice("CW1002", invoice_date="2020-01-01")
        with self.no_requests():
            text = self.why(move)
        self.assertIn("○", text)
        self.assertIn("will be asked when it is printed or sent", text)
        self.assertNotIn("comes from", text)
        self.assertNotIn("✗", text)
        self.assertNotIn("✓", text)

    def test_list_shows_no_source_before_the_lookup(self):
        self.assertTrue(self.as_opened(self.move).invoice_pdf_is_undecided)
        self.move._get_preferred_invoice_pdf()
        self.assertFalse(self.as_opened(self.move).invoice_pdf_is_undecided)

    def test_source_is_decided_after_printing(self):
        self.move.with_user(self.accountant).action_print_pdf()
        self.assertIn("✓", self.why(self.move))

    def test_form_is_reloaded_after_printing(self):
        """After a download the web client does not do so by itself."""
        action = self.move.with_user(self.accountant).action_print_pdf()
        self.assertNotIn(action["target"], ("download", "self"))

    def test_source_is_decided_if_connectwise_has_no_invoice(self):
        move = self.invoice("NOT-THERE-1", amount=1)
        move._get_preferred_invoice_pdf()
        text = self.why(move)
        self.assertIn("✗", text)
        self.assertIn("comes from Odoo", " ".join(text.split()))

    def test_hit_accepted_meanwhile_is_downloaded_when_printed(self):
        """Its amount was refused before, so it is not waiting for a retry."""
        move = self.invoice("CW1002", amount=1)
        move._get_preferred_invoice_pdf()
        self.assertIn("✗", self.why(move))
        self.backend.amount_tolerance = 10**6
        self.assertIn("○", self.why(move))
        self.assertChosen(move, "connectwise")

    def test_source_is_decided_if_odoo_comes_first(self):
        self.set_priority("odoo", "connectwise")
        text = " ".join(self.why(self.move).split())
        self.assertIn("comes from Odoo", text)
        self.assertNotIn("○", text)
        self.assertNotIn("asked", text)


@tagged("post_install", "-at_install")
class TestInTheBrowser(WhyCommon):
    def test_form_names_the_source_of_the_pdf(self):
        """The web client reads the sizes of files in place of their content."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        reading = move.with_user(self.accountant).with_context(bin_size=True)
        [values] = reading.web_read({"invoice_pdf_explanation": {}})
        self.assertIn(
            "PDF comes from ConnectWise PSA", values["invoice_pdf_explanation"]
        )

    def test_form_names_the_source_of_an_attached_pdf(self):
        """The web client reads the sizes of files in place of their content."""
        self.set_priority("attachment", "odoo")
        move = self.invoice("CW1001")
        move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "ours.pdf",
                "raw": self.sandbox_pdf("CW1001"),
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )
        reading = move.with_user(self.accountant).with_context(bin_size=True)
        [values] = reading.web_read({"invoice_pdf_explanation": {}})
        self.assertIn("PDF comes from PDF attached", values["invoice_pdf_explanation"])

    def test_opening_an_invoice_does_not_explain_its_pdf(self):
        """It takes longer than all else, so the tab does it when it is opened."""
        Move = self.env["account.move"].with_user(self.accountant)
        view = Move.get_view(view_type="form")
        self.assertIn("connectwise_amount_differs", view["models"]["account.move"])
        self.assertNotIn("invoice_pdf_explanation", view["models"]["account.move"])
        self.assertIn('<widget name="invoice_pdf_explanation"', view["arch"])


@tagged("post_install", "-at_install")
class TestWithoutChoice(WhyCommon):
    """A source that needs a person's choice has not failed without one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_connectwise_is_not_mentioned_if_it_is_no_source(self):
        self.set_priority("attachment", "odoo")
        self.assertNotIn("ConnectWise", self.why(self.move))
        self.assertFalse(self.as_opened(self.move).connectwise_message)
        self.assertNotIn("benji_connectwise_pdf_source", self.alerts(self.move))

    def test_missing_attachment_causes_no_warning(self):
        self.set_priority("attachment", "connectwise", "odoo")
        self.assertNotIn("benji_connectwise_pdf_source", self.alerts(self.move))
        self.assertChosen(self.move, "connectwise")
        self.assertTrue(self.as_opened(self.move).invoice_pdf_is_first_choice)

    def test_missing_attachment_is_not_listed(self):
        """The filter is “Second-choice PDF”."""
        self.set_priority("attachment", "odoo")
        mine = ("id", "=", self.move.id)
        self.assertFalse(self.find(mine, ("invoice_pdf_is_first_choice", "=", False)))
        self.assertTrue(self.find(mine, ("invoice_pdf_is_first_choice", "=", True)))

    def test_connectwises_failure_is_listed_if_attachments_come_first(self):
        self.set_priority("attachment", "connectwise", "odoo")
        move = self.invoice("NOT-THERE-1", amount=1)
        alert = self.alerts(move)["benji_connectwise_pdf_source"]
        self.assertIn("NOT-THERE-1", alert["message"])
        mine = ("id", "=", move.id)
        self.assertTrue(self.find(mine, ("invoice_pdf_is_first_choice", "=", False)))

    def test_attached_pdf_before_connectwises_is_first_choice(self):
        self.set_priority("attachment", "connectwise", "odoo")
        move = self.invoice("NOT-THERE-1", amount=1)
        move.invoice_pdf_attachment_id = self.attach(move)
        mine = ("id", "=", move.id)
        self.assertTrue(self.as_opened(move).invoice_pdf_is_first_choice)
        self.assertFalse(self.find(mine, ("invoice_pdf_is_first_choice", "=", False)))

    def test_batch_counts_expected_pdfs_if_attachments_come_first(self):
        self.set_priority("attachment", "connectwise", "odoo")
        moves = self.move + self.invoice("CW1002")
        self.assertEqual([*self.alerts(moves)], ["benji_connectwise_from_connectwise"])


@tagged("post_install", "-at_install")
class TestMarkedForNothing(WhyCommon):
    """A file is marked as the invoice's PDF, and a person then went back to the
    priority, which does not use that source.
    """

    def mark(self, *priority, **values):
        self.set_priority(*priority)
        move = self.invoice("CW1001", **values)
        form = Form(move.with_user(self.accountant))
        form.invoice_pdf_attachment_id = self.attach(move)
        form.invoice_pdf_preference = False
        return form.invoice_pdf_attachment_warning

    def test_unused_marked_file_is_reported_before_saving(self):
        self.assertIn("not used", self.mark("connectwise", "odoo"))

    def test_unused_marked_file_is_reported_if_odoo_comes_first(self):
        self.assertIn("after Odoo", self.mark("odoo", "attachment"))

    def test_used_marked_file_is_not_reported(self):
        self.assertFalse(self.mark("connectwise", "attachment", "odoo"))

    def test_unused_marked_file_is_reported_for_an_e_invoice(self):
        self.partner_a.invoice_edi_format = "ubl_bis3"
        self.assertIn("legal document", self.mark("attachment", "odoo"))


@tagged("post_install", "-at_install")
class TestWhenSent(WhyCommon):
    """The tab says whether the customer was sent this same file or another."""

    def send(self, move):
        wizard = self.wizard(move)
        wizard.sending_methods = ["email"]
        wizard.action_send_and_print()

    def test_odoos_pdf_that_is_still_used_was_sent_as_the_same_file(self):
        move = self.invoice("NOT-THERE-1", amount=1)
        self.send(move)
        text = self.why(move)
        self.assertIn("with this same file", text)
        self.assertNotIn("another file", text)

    def test_odoos_pdf_that_was_sent_before_connectwises_is_another_file(self):
        self.set_priority("odoo")
        move = self.invoice("CW1001")
        self.send(move)
        self.set_priority("connectwise", "odoo")
        move._get_preferred_invoice_pdf()
        self.assertIn("with another file", self.why(move))

    def test_enclosed_contract_does_not_count_as_another_file(self):
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        move.message_post(
            body="The contract",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.partner_a.ids,
            attachment_ids=self.attach(move).ids,
        )
        text = self.why(move)
        self.assertIn("Sent to", text)
        self.assertNotIn(" file.", text)


@tagged("post_install", "-at_install")
class TestOutage(WhyCommon):
    """During an outage the reason is the connection's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.other = cls.invoice("CW1002")

    def test_send_says_since_when_connectwise_does_not_answer(self):
        self.down()
        self.move._get_preferred_invoice_pdf()
        message = self.alerts(self.other)["benji_connectwise_pdf_source"]["message"]
        self.assertIn("since", message)
        self.assertNotIn("asked", message)

    def test_why_tells_of_the_outage_for_an_invoice_never_asked_about(self):
        self.down()
        self.move._get_preferred_invoice_pdf()
        text = self.why(self.other)
        self.assertIn("✗", text)
        self.assertIn("since", text)

    def test_source_is_undecided_again_after_the_back_off(self):
        self.down()
        self.move._get_preferred_invoice_pdf()
        with freeze_time(fields.Datetime.now() + timedelta(hours=1)):
            text = self.why(self.move)
        self.assertIn("○", text)
        self.assertIn("since", text)


@tagged("post_install", "-at_install")
class TestWayToTheRules(WhyCommon):
    LINK = "/odoo/connectwise-number-rules"

    def shown_to(self, user, move):
        self.env.invalidate_all()
        move = move.with_user(user).with_company(self.company)
        return str(move.invoice_pdf_explanation)

    def test_number_that_was_not_found_leads_an_administrator_to_the_rules(self):
        move = self.invoice("A-1", amount=1)
        move._get_preferred_invoice_pdf()
        self.assertIn(self.LINK, self.shown_to(self.administrator, move))

    def test_person_without_rights_sees_no_link_to_the_rules(self):
        move = self.invoice("A-1", amount=1)
        move._get_preferred_invoice_pdf()
        self.assertNotIn(self.LINK, self.shown_to(self.accountant, move))

    def test_number_that_was_found_leads_to_no_rules(self):
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        self.assertNotIn(self.LINK, self.shown_to(self.administrator, move))

    def test_link_leads_to_the_rules_of_the_connection(self):
        action = self.env["ir.actions.act_window"].search(
            [("path", "=", self.LINK.rpartition("/")[2])]
        )
        Bench = self.env[action.res_model].with_user(self.administrator)
        values = Bench.with_company(self.company).default_get(["backend_id"])
        self.assertEqual(values["backend_id"], self.backend.id)


@tagged("post_install", "-at_install")
class TestRenumbered(WhyCommon):
    """After renumbering, display, search and explanation agree at once."""

    def assertOdoos(self, move):
        mine = ("id", "=", move.id)
        self.assertEqual(self.as_opened(move).invoice_pdf_source, "odoo")
        self.assertFalse(self.find(mine, ("invoice_pdf_source", "=", "connectwise")))
        self.assertNotIn("✓", self.why(move))
        self.assertIn("○", self.why(move))

    def test_new_number_withdraws_the_pdf(self):
        """Resequencing gives new numbers."""
        move = self.invoice("CW1001")
        move._get_preferred_invoice_pdf()
        move.name = "CW1002"
        self.assertOdoos(move)

    def test_new_reference_withdraws_the_pdf(self):
        """A rule of the connection reads the number there."""
        self.add_rule()
        amount = self.sandbox_invoice("CW1001")["total"]
        move = self.invoice("A-1", amount=amount, ref="CW1001")
        move._get_preferred_invoice_pdf()
        move.ref = "CW1002"
        self.assertOdoos(move)

    def test_new_number_rule_withdraws_the_pdf(self):
        move = self.invoice("CW1001", payment_reference="CW1002")
        move._get_preferred_invoice_pdf()
        self.add_rule("payment_reference")
        self.assertOdoos(move)


@tagged("post_install", "-at_install")
class TestManyHits(WhyCommon):
    """More than 20 invoices with one number are not stored."""

    def give_number(self, number, how_many):
        for invoice in self.sandbox.export_invoices()[:how_many]:
            self.sandbox.patch_invoice(invoice["id"], {"invoiceNumber": number})

    def test_more_than_twenty_hits_are_ambiguous(self):
        self.give_number("MANY-1", 21)
        move = self.invoice("MANY-1", amount=1)
        self.assertChosen(move, "odoo")
        lookup = move.sudo().connectwise_lookup_ids
        self.assertEqual(lookup.verdict, "ambiguous")
        self.assertFalse(lookup.hit_ids)
        self.assertIn("more than 20 invoices", move.connectwise_message)

    def test_twenty_hits_are_stored(self):
        self.give_number("MANY-1", 20)
        move = self.invoice("MANY-1", amount=1)
        self.assertChosen(move, "odoo")
        self.assertEqual(len(move.sudo().connectwise_lookup_ids.hit_ids), 20)

    def test_hits_are_judged_once_there_are_fewer(self):
        self.give_number("MANY-1", 21)
        move = self.invoice("MANY-1", amount=1)
        move._get_preferred_invoice_pdf()
        self.give_number("MANY-2", 20)
        [last] = self.sandbox.export_invoices()[20:21]
        self.sandbox.patch_invoice(last["id"], {"total": 1, "type": "Standard"})
        move.action_refresh_pdf()
        self.assertChosen(move, "connectwise")


@tagged("post_install", "-at_install")
class TestOtherLanguage(WhyCommon):
    """Stored failures are shown in the reader's language."""

    def test_broken_pdf_is_stored_as_a_code(self):
        move = self.invoice("CW1001")
        self.sandbox.fault("pdf_truncated", "invoice_pdf", times=0)
        move._get_preferred_invoice_pdf()
        error = move.sudo().connectwise_lookup_ids.error
        self.assertEqual(error["kind"], "InvalidPdfError")
        self.assertIn("incomplete", self.as_opened(move).connectwise_message)

    def test_unreadable_record_is_stored_as_a_code(self):
        lookup = self.env["connectwise.lookup"].sudo()
        lookup = lookup._prepare(self.invoice("CW1002"))
        lookup.error = {"kind": "unreadable_record"}
        self.assertIn("record that cannot be read", explain_error(lookup))
