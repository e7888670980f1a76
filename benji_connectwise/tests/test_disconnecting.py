"""Deleting a connection, and what is said before."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..tools.invoice_pdf.keeping import delete_files, delete_unsent, pin_pdfs
from .browser_common import BrowserCommon
from .contact_common import ContactCommon, import_contact


class DisconnectCommon(ContactCommon):
    """One contact was created, one taken over; one PDF was sent, one was not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.created = cls.imported()
        cls.boulder = cls.new_customer("Boulder Law")
        cls.entered = cls.new_contact(
            name="Joe", email="joe@boulder.example.com", parent_id=cls.boulder.id
        )
        company = cls.new_company(
            4712, "Boulder Law", contact_email="joe@boulder.example.com"
        )
        cls.row = cls.connect(cls.boulder, company)
        import_contact(cls.row)
        cls.sent, cls.unsent = cls.invoice("CW1001"), cls.invoice("CW1002")
        (cls.sent + cls.unsent)._get_preferred_invoice_pdfs()
        pin_pdfs({cls.sent: cls.sent.connectwise_pdf_id})

    def find_by_rule(self):
        """Return an invoice whose number in ConnectWise is its reference."""
        self.add_rule()
        amount = self.sandbox_invoice("CW1003")["total"]
        move = self.invoice("A-1", amount=amount, ref="CW1003")
        self.assertChosen(move, "connectwise")
        return move

    def dialog(self, backend=None, user=None):
        dialogs = self.env["connectwise.disconnect"].with_user(
            user or self.administrator
        )
        backend = self.backend if backend is None else backend
        return dialogs.with_company(self.company).create({"backend_id": backend.id})

    def opened(self, action):
        return self.env[action["res_model"]].search(action["domain"])


@tagged("post_install", "-at_install")
class TestDisconnecting(DisconnectCommon):
    def test_each_figure_opens_what_it_counts(self):
        dialog = self.dialog()
        for name, records in (
            ("deleted_contacts", self.created),
            ("restored_contacts", self.entered),
            ("deleted_pdfs", self.unsent),
            ("kept_pdfs", self.sent),
        ):
            with self.subTest(name):
                self.assertEqual(dialog[name], 1)
                action = getattr(dialog, f"action_open_{name}")()
                self.assertEqual(self.opened(action), records)
        self.assertEqual(dialog.companies, 2)

    def test_disconnecting_does_what_was_said(self):
        pdf = self.sandbox_pdf("CW1001")
        unsent = self.unsent.sudo().connectwise_pdf_id
        self.dialog().action_disconnect()
        self.assertFalse(self.backend.exists() or self.created.exists())
        self.assertFalse(self.entered.is_connectwise_contact)
        self.assertFalse(unsent.exists())
        self.assertChosen(self.sent, "connectwise", pdf)
        self.assertChosen(self.unsent, "odoo")

    def test_refused_pdf_is_deleted_too(self):
        """It became another customer's before anybody received it."""
        pdf = self.unsent.sudo().connectwise_pdf_id
        theirs = self.sandbox_invoice("CW1002")["company_id"]
        self.connect(self.new_customer("Lake"), self.new_company(theirs, "Lake"))
        self.assertChosen(self.unsent, "odoo")
        dialog = self.dialog()
        self.assertEqual(dialog.deleted_pdfs, 1)
        dialog.action_disconnect()
        self.assertFalse(pdf.exists())

    def test_pdfs_are_not_deleted_one_by_one(self):
        """There may be tens of thousands of them."""
        moves = self.copies(self.unsent, 20)
        files = moves.env["ir.attachment"].union(
            *(
                self.unsent.sudo().connectwise_pdf_id.copy({"res_id": move.id})
                for move in moves
            )
        )
        before = self.env.cr.sql_log_count
        delete_unsent(moves)
        self.assertLess(self.env.cr.sql_log_count - before, len(moves))
        self.assertFalse(files.exists())

    def test_protected_pdf_does_not_keep_the_others(self):
        """A restrictive audit trail protects what looks like a PDF."""
        self.company.restrictive_audit_trail = True
        pdf = self.unsent.sudo().connectwise_pdf_id
        other = pdf.copy({"raw": b"no PDF", "res_id": self.invoice("CW1003").id})
        delete_files(pdf + other)
        self.assertEqual((pdf + other).exists(), pdf)

    def test_answers_are_forgotten_but_for_those_about_sent_pdfs(self):
        sent = self.sent.sudo().connectwise_lookup_ids
        other = sent.accepted_id.copy({"connectwise_ref": 1, "lookup_id": sent.id})
        accepted = sent.accepted_id
        self.backend.with_user(self.administrator).unlink()
        self.assertFalse(self.unsent.sudo().connectwise_lookup_ids)
        self.assertEqual((accepted + other).exists(), accepted)
        self.assertEqual(sent.verdict, "accepted")
        self.assertTrue(sent.has_pdf)

    def test_received_pdf_that_a_rule_found_stays(self):
        move = self.find_by_rule()
        pin_pdfs({move: move.connectwise_pdf_id})
        self.dialog().action_disconnect()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1003"))

    def test_nothing_is_deleted_before_the_button(self):
        self.dialog()
        self.assertTrue(self.backend.exists() and self.created.exists())

    def test_connection_cannot_be_deleted_without_the_question(self):
        view = self.env.ref("benji_connectwise.connectwise_backend_view_form")
        self.assertIn('delete="0"', view.arch)

    def test_only_the_invoicing_administrator_disconnects(self):
        with self.assertRaises(AccessError):
            self.dialog(user=self.accountant)

    def test_administrator_of_another_company_learns_and_deletes_nothing(self):
        stranger = new_test_user(
            self.env,
            "connectwise_stranger",
            "account.group_account_manager",
            company_id=self.env["res.company"].create({"name": "Elsewhere"}).id,
        )
        dialogs = self.env["connectwise.disconnect"].with_user(stranger)
        with self.assertRaises(AccessError):
            dialogs.create({"backend_id": self.backend.id}).read(["deleted_contacts"])
        with self.assertRaises(AccessError):
            dialogs.create({"backend_id": self.backend.id}).action_disconnect()
        self.assertTrue(self.backend.exists())


@tagged("post_install", "-at_install")
class TestArchiving(DisconnectCommon, BrowserCommon):
    def test_archiving_does_what_the_question_says(self):
        self.mapping.enable_contact()
        move = self.invoice("CW1003", partner_id=self.customer.id)
        self.assertIn(self.created, self.default_recipients(move))
        self.backend.active = False
        pdf = self.sandbox_pdf("CW1002")
        with self.no_requests():
            self.assertChosen(self.unsent, "connectwise", pdf)
        self.assertNotIn(self.created, self.default_recipients(move))
        self.assertTrue(self.created.active and self.entered.is_connectwise_contact)
        self.assertTrue(self.row.connectwise_company_id)
        self.backend.active = True
        self.assertIn(self.created, self.default_recipients(move))

    def test_pdf_that_a_rule_found_is_still_used(self):
        move = self.find_by_rule()
        self.backend.active = False
        with self.no_requests():
            self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1003"))

    def test_administrator_is_told_before_archiving_in_the_browser(self):
        self.start_tour(
            "/odoo",
            "benji_connectwise_archive_connection",
            login=self.administrator.login,
        )
        self.assertFalse(self.backend.active)


@tagged("post_install", "-at_install")
class TestUninstalling(DisconnectCommon, BrowserCommon):
    def dialog_of_apps(self, module):
        return self.env["base.module.uninstall"].create(
            {"module_ids": [(6, 0, self.env.ref(f"base.module_{module}").ids)]}
        )

    def test_apps_says_what_uninstalling_deletes_and_keeps(self):
        text = self.dialog_of_apps("benji_connectwise").connectwise_consequences
        for sentence in (
            "Deleted: 1 imported contacts, 1 PDFs that nobody received",
            "Restored: 1 contacts",
            "Kept: 1 PDFs that customers received",
        ):
            self.assertIn(sentence, text)

    def test_apps_says_the_same_before_a_dependency_is_uninstalled(self):
        dialog = self.dialog_of_apps("account")
        self.assertTrue(dialog.connectwise_consequences)

    def test_apps_says_nothing_before_other_modules_are_uninstalled(self):
        dialog = self.dialog_of_apps("snailmail_account")
        self.assertFalse(dialog.connectwise_consequences)

    def test_administrator_disconnects_in_the_browser(self):
        self.start_tour(
            "/odoo",
            "benji_connectwise_disconnect_connection",
            login=self.administrator.login,
        )
        self.assertFalse(self.backend.exists())
