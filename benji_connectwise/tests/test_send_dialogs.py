"""The Send dialogs say where PDFs come from, and what has to be looked at."""

from unittest.mock import patch

from lxml import etree

from odoo.tests import new_test_user, tagged

from ..tools.connection import tenant
from .contact_common import ContactCommon
from .sending_common import SendingCommon


class DialogCommon(SendingCommon, ContactCommon):
    def alert(self, moves, name):
        return self.wizard(moves).alerts[f"benji_connectwise_{name}"]

    def message(self, moves, name="pdf_source"):
        return self.alert(moves, name)["message"]

    def down(self):
        self.sandbox.fault("unavailable", times=0)

    def missing(self):
        return self.invoice("NOT-THERE-1", amount=1)

    def connect_for_certain(self):
        """Connect the customer by hand to the company of the sandbox's CW1001."""
        ref = self.sandbox_invoice("CW1001")["company_id"]
        self.connect(self.partner_a, self.new_company(ref, "Partner A LLC"))

    def patch_invoice(self, number, **values):
        self.sandbox.patch_invoice(self.sandbox_invoice(number)["id"], values)


@tagged("post_install", "-at_install")
class TestOneInvoice(DialogCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_dialog_names_the_source_where_nothing_is_mailed(self):
        """The person who only downloads the PDF wants to know it too."""
        arch = self.env["account.move.send.wizard"].get_view(view_type="form")["arch"]
        [field] = etree.fromstring(arch).iterfind(
            ".//field[@name='invoice_pdf_summary']"
        )
        conditions = [element.get("invisible", "") for element in field.iterancestors()]
        self.assertNotIn("sending_methods", "".join(conditions))

    def test_warning_names_both_sources(self):
        message = self.message(self.missing())
        self.assertIn("from Odoo, not from ConnectWise PSA", message)

    def test_warning_offers_to_wait_for_the_end_of_an_outage(self):
        self.down()
        message = self.message(self.move)
        self.assertIn("since", message)
        self.assertIn("send it later", message)

    def test_warning_does_not_offer_to_wait_for_a_missing_invoice(self):
        self.assertNotIn("later", self.message(self.missing()))

    def test_kept_pdf_may_be_outdated_during_an_outage(self):
        self.move._get_preferred_invoice_pdf()
        self.down()
        wizard = self.wizard(self.move)
        self.assertEqual(wizard.invoice_pdf_summary, "ConnectWise PSA")
        message = wizard.alerts["benji_connectwise_outage"]["message"]
        self.assertIn("since", message)
        self.assertIn("may have a newer PDF", message)

    def test_nothing_is_outdated_while_connectwise_answers(self):
        self.assertFalse(self.wizard(self.move).alerts)

    def test_warning_names_both_amounts_if_only_the_currency_differs(self):
        self.connect_for_certain()
        self.patch_invoice("CW1001", currency={"id": 2, "currencyCode": "EUR"})
        total = f"{self.sandbox_invoice('CW1001')['total']:,.2f}"
        message = self.message(self.move, "amount")
        self.assertIn(f"{total} EUR", message)
        self.assertIn(f"{total} USD", message)


@tagged("post_install", "-at_install")
class TestBatch(DialogCommon):
    """Each figure opens exactly its invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.other = cls.invoice("CW1002")

    def assertCounted(self, name, moves, text):
        """Assert that the dialog about `moves` and one more counts and opens them."""
        alert = self.alert(moves + self.other, name)
        self.assertEqual(alert["level"], "warning")
        self.assertEqual(self.opened(alert), moves)
        self.assertIn(text, alert["message"])
        return alert["message"]

    def test_invoices_that_were_not_found_are_counted(self):
        moves = self.missing() + self.invoice("NOT-THERE-2", amount=1)
        message = self.assertCounted("not_found", moves, "Not found in ConnectWise: 2")
        self.assertIn("(NOT-THERE-1, NOT-THERE-2)", message)
        self.assertIn("Sent with the PDF from Odoo", message)

    def test_invoices_that_were_refused_are_counted(self):
        self.patch_invoice("CW1001", total=1)
        self.assertCounted("refused", self.move, "does not match: 1 (CW1001)")

    def test_differing_amounts_are_counted(self):
        self.connect_for_certain()
        self.patch_invoice("CW1001", total=1)
        self.assertCounted("amount", self.move, "1 of 2")

    def test_outage_is_said_once_for_all(self):
        self.down()
        moves = self.move + self.other
        alert = self.alert(moves, "no_answer")
        self.assertEqual(self.opened(alert), moves)
        self.assertEqual(alert["message"].count("since"), 1)
        self.assertIn("send them later", alert["message"])

    def test_kept_pdfs_that_may_be_outdated_are_counted(self):
        kept, missing = self.move, self.other
        kept._get_preferred_invoice_pdf()
        self.down()
        alert = self.alert(kept + missing, "outage")
        self.assertEqual(self.opened(alert), kept)

    def test_held_invoices_are_counted(self):
        self.backend.missing_pdf = "hold"
        message = self.assertCounted("not_found_held", self.missing(), ": 1")
        self.assertIn("sent later", message)

    def test_held_invoices_do_not_count_as_sent_with_the_next_pdf(self):
        self.backend.missing_pdf = "hold"
        wizard = self.wizard(self.missing() + self.other)
        self.assertNotIn("benji_connectwise_from_odoo", wizard.alerts)
        wizard.send_now = True
        self.assertIn("benji_connectwise_from_odoo", wizard.alerts)

    def test_only_the_first_of_many_are_named(self):
        moves = self.env["account.move"]
        for number in range(7):
            moves += self.invoice(f"NOT-THERE-{number}", amount=1)
        message = self.assertCounted("not_found", moves, ": 7 (NOT-THERE-0, ")
        self.assertIn("… and 2 more)", message)

    def test_invoices_of_another_company_are_not_opened(self):
        """Whoever gets hold of the link still needs the right to read them."""
        moves = self.missing() + self.invoice("NOT-THERE-2", amount=1)
        domain = self.alert(moves, "not_found")["action"]["domain"]
        stranger = new_test_user(
            self.env,
            "connectwise_stranger",
            groups="account.group_account_invoice",
            company_id=self.new_odoo_company().id,
        )
        stranger.company_ids = stranger.company_id
        self.assertFalse(moves.with_user(stranger).search(domain))

    def test_links_tell_the_browser_no_ids_of_files(self):
        moves = self.move + self.missing()
        for alert in self.wizard(moves).alerts.values():
            context = alert["action"]["context"]
            self.assertEqual({*context}, {"default_move_type", "create"})

    def test_vendor_bills_are_sent_without_a_source(self):
        """With Peppol, people send the bills that they wrote for their vendors."""
        bill = self.invoice("B1", amount=1, move_type="in_invoice")
        send = self.env.registry["account.move.send"]
        with patch.object(send, "_get_move_constraints", return_value={}):
            alerts = self.wizard(self.move + bill).alerts
        counted = [alert["message"] for alert in alerts.values()]
        self.assertEqual(counted, ["PDF from ConnectWise PSA: 1"])

    def test_sources_are_not_counted_where_there_is_only_odoo(self):
        self.set_priority("odoo")
        moves = self.move + self.other
        self.assertFalse(self.counted(self.wizard(moves)))


@tagged("post_install", "-at_install")
class TestEnvironment(DialogCommon):
    """It is seen that a PDF comes from a ConnectWise for trying things out."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def test_invoice_of_a_sandbox_says_so(self):
        self.move._get_preferred_invoice_pdf()
        opened = self.move.with_user(self.accountant)
        self.assertEqual(opened.connectwise_environment, "sandbox")

    def test_dialogs_about_invoices_of_a_sandbox_say_so(self):
        moves = self.move + self.missing()
        for some in (moves[0], moves):
            self.assertEqual(self.wizard(some).connectwise_environment, "sandbox")

    def test_invoice_that_the_sandbox_does_not_have_says_nothing(self):
        move = self.missing()
        self.assertFalse(self.wizard(move).connectwise_environment)
        self.assertFalse(move.with_user(self.accountant).connectwise_environment)

    def test_invoice_of_the_real_connectwise_says_nothing(self):
        with patch.object(tenant, "THIS_COMPUTER", ()):
            wizard = self.wizard(self.move)
            self.assertEqual(wizard.invoice_pdf_summary, "ConnectWise PSA")
            self.assertFalse(wizard.connectwise_environment)

    def test_pdf_sent_from_the_connectwise_before_says_nothing(self):
        """That one may have been the real one."""
        self.send(self.move)
        self.backend.server_url = "staging.connectwisedev.com"
        self.assertEqual(self.move.invoice_pdf_source, "connectwise")
        self.assertFalse(self.move.connectwise_environment)
