"""A branch uses the connection, priority and mapping of its parent company."""

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ..tools.invoice_pdf.due_invoices import find_due_invoices
from ..tools.mapping.suggestions import find_evidence
from .contact_common import ContactCommon


class BranchCommon(ContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {
                "name": "Austin Branch",
                "parent_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
            }
        )
        cls.env.cr.precommit.run()  # Its accounting follows at the commit.
        cls.env.user.company_ids += cls.branch
        groups = {
            "clerk_there": "account.group_account_invoice",
            "head_there": "account.group_account_manager",
        }
        cls.clerk_there, cls.head_there = (
            new_test_user(
                cls.env,
                name,
                groups=group,
                company_id=cls.branch.id,
                company_ids=[(6, 0, cls.branch.ids)],
            )
            for name, group in groups.items()
        )
        cls.env.flush_all()

    @classmethod
    def invoice_there(cls, number="CW1001", **values):
        return cls.invoice(number, **{"company_id": cls.branch.id, **values})

    def as_person(self, records, user):
        return records.with_user(user).with_context(
            allowed_company_ids=user.company_ids.ids
        )


@tagged("post_install", "-at_install")
class TestBranches(BranchCommon):
    # The connection -----------------------------------------------------------------

    def test_branch_uses_the_connection_of_its_parent(self):
        """The nearest parent company with a connection counts."""
        below = self.env["res.company"].create(
            {"name": "Austin Desk", "parent_id": self.branch.id}
        )
        for company in self.company, self.branch, below:
            self.assertEqual(company._get_connectwise_backend(), self.backend)

    def test_connection_lists_the_companies_that_use_it(self):
        self.assertEqual(self.backend._get_companies(), self.company | self.branch)

    def test_archived_connection_is_used_by_nobody(self):
        """The context makes no difference."""
        self.backend.active = False
        for company in self.company, self.branch:
            company = company.with_context(active_test=False)
            self.assertFalse(company._get_connectwise_backend())

    def test_branch_cannot_have_a_connection_of_its_own(self):
        with self.assertRaisesRegex(ValidationError, "Austin Branch uses the Conn.*"):
            self.backend.sudo().copy({"company_id": self.branch.id})

    def test_company_cannot_have_a_connection_while_its_branch_has_one(self):
        other = self.new_odoo_company()
        below = self.env["res.company"].create(
            {"name": "Boston Branch", "parent_id": other.id}
        )
        self.backend.sudo().copy({"company_id": below.id})
        with self.assertRaisesRegex(ValidationError, "Boston Branch, a branch of"):
            self.backend.sudo().copy({"company_id": other.id})

    # PDFs ---------------------------------------------------------------------------

    def test_invoice_of_a_branch_gets_its_pdf(self):
        """The priority of the parent company applies."""
        move = self.invoice_there()
        pdf = self.sandbox_pdf("CW1001")
        self.assertChosen(move.with_user(self.clerk_there), "connectwise", pdf)

    def test_branch_uses_the_priority_of_its_parent_at_once(self):
        """The same holds when an archived connection is used again."""
        move = self.invoice_there()
        self.assertChosen(move, "connectwise")
        self.backend.active = False
        self.assertChosen(move, "odoo")
        self.backend.active = True
        self.assertChosen(move, "connectwise")
        self.set_priority("odoo")
        self.assertChosen(move, "odoo")

    def test_branch_cannot_have_a_priority_of_its_own(self):
        with self.assertRaisesRegex(ValidationError, "Austin Branch uses the Invoice"):
            self.set_priority("odoo", company=self.branch)

    def test_prefetch_fetches_for_branches(self):
        move = self.invoice_there(invoice_date=fields.Date.today())
        found = find_due_invoices(self.backend)
        self.assertIn(move, found)

    def test_invoice_of_a_branch_is_judged_by_the_row_of_its_customer(self):
        """A connection that was made in the parent company counts in the branch."""
        there = self.sandbox_invoice("CW1001")["company_id"]
        self.connect(self.partner_a, self.new_company(there + 1, "Not the One"))
        move = self.invoice_there()
        self.assertChosen(move, "odoo")
        self.assertEqual(move.sudo().connectwise_lookup_ids.verdict, "wrong_company")

    def test_same_number_in_two_branches_is_ambiguous(self):
        """It could be the invoice of either customer."""
        ours = self.invoice("CW1001")
        journal = ours.journal_id.copy(
            {
                "code": "THERE",
                "default_account_id": ours.journal_id.default_account_id.id,
            }
        )
        theirs = self.invoice_there(partner_id=self.partner_b.id, journal_id=journal.id)
        (ours | theirs)._get_preferred_invoice_pdfs()
        self.assertEqual(
            (ours | theirs).sudo().connectwise_lookup_ids.mapped("verdict"),
            ["ambiguous", "ambiguous"],
        )

    # Rows and contacts --------------------------------------------------------------

    def test_customer_of_a_branch_has_a_row(self):
        here = self.new_customer("Here", customer_rank=0)
        theirs = self.new_customer("Theirs", company_id=self.branch.id)
        shared = self.new_customer("Shared")
        self.invoice_there("CW1002", partner_id=here.id)
        self.env["connectwise.mapping"]._ensure_rows(self.backend)
        rows = self.env["connectwise.mapping"].search([])
        for customer in here, theirs, shared:
            self.assertEqual(
                len(rows.filtered(lambda row, c=customer: row.partner_id == c)), 1
            )

    def test_shared_customer_has_one_contact_for_both_companies(self):
        self.imported()
        self.mapping.enable_contact()
        for move in (
            self.invoice("CW1001", partner_id=self.customer.id),
            self.invoice_there("CW1002", partner_id=self.customer.id),
        ):
            self.assertIn(
                self.mapping.contact_id,
                self.default_recipients(move, self.env.user),
            )
        self.assertEqual(len(self.all_contacts()), 1)

    def test_customer_is_shown_as_connected_in_a_branch(self):
        customer = self.as_person(self.customer, self.clerk_there)
        self.assertEqual(customer.connectwise_company_id.id, self.acme.id)
        found = customer.search([("connectwise_company_id", "=", self.acme.id)])
        self.assertEqual(found, customer)

    def test_open_invoices_of_branches_count(self):
        self.assertFalse(self.mapping.has_open_invoices)
        self.invoice_there(partner_id=self.customer.id)
        self.mapping.invalidate_recordset()
        self.assertTrue(self.mapping.has_open_invoices)

    def test_invoice_numbers_of_branches_count_as_evidence(self):
        """The dialog “+” counts them."""
        there = self.sandbox_invoice("CW1001")["company_id"]
        company = self.new_company(there, "Of the Sandbox")
        customer = self.new_customer("Somebody")
        self.invoice_there(partner_id=customer.id)._get_preferred_invoice_pdf()
        row = self.new_row(customer)
        invoices, _found = find_evidence(row)
        self.assertIn(company.id, invoices)

    # What people in a branch see and may do -----------------------------------------

    def test_branch_reads_the_report_of_its_parent(self):
        Mapping = self.as_person(self.env["connectwise.mapping"], self.clerk_there)
        Mapping.action_open_report()
        self.assertIn(self.mapping.id, Mapping.search([]).ids)
        self.assertEqual(Mapping.get_report_status()["backend_id"], self.backend.id)

    def test_branch_reads_companies_and_history_of_its_parent(self):
        self.backend.sync()
        for model in "company", "sync":
            records = self.as_person(
                self.env[f"connectwise.{model}"], self.clerk_there
            ).search([])
            self.assertTrue(records.read(["display_name"]))

    def test_branch_cannot_change_its_parents_connection(self):
        """Not even an Invoicing administrator of the branch can."""
        row, acme, backend, source = (
            self.as_person(records, self.head_there)
            for records in (
                self.mapping,
                self.acme,
                self.backend,
                self.env["invoice.pdf.source"].search([], limit=1),
            )
        )
        for change in (
            lambda: row.connect(acme),
            row.action_disconnect,
            row.enable_contact,
            lambda: row.write({"connectwise_ref": 0}),
            lambda: backend.write({"name": "Ours"}),
            backend.sync,
            backend.action_rescan,
            backend.action_test_connection,
            source.unlink,
            source.action_move_up,
        ):
            with self.assertRaises(AccessError):
                change()

    def test_branch_is_offered_no_change_that_it_may_not_make(self):
        Mapping = self.as_person(self.env["connectwise.mapping"], self.head_there)
        self.assertFalse(Mapping.get_report_status()["may_change"])

    def test_integrations_of_a_branch_show_the_parents_connection(self):
        page = self.as_person(
            self.env["connectwise.integrations"], self.head_there
        ).create({})
        self.assertEqual(page.state, "connected")
        self.assertIn("ConnectWise PSA", page.priority)

    def test_configure_of_a_branch_shows_the_parents_connection(self):
        """The dialog says whose connection it is, and cannot save."""
        wizard = self.as_person(
            self.env["connectwise.backend.configure"], self.head_there
        ).create({})
        self.assertEqual(wizard.company_login_id, self.sandbox.company_login_id)
        self.assertIn(self.company.name, wizard.owner_notice)
        for button in wizard.action_next, wizard.action_save:
            with self.assertRaises(AccessError):
                button()

    def test_configure_in_a_branch_saves_for_the_parent_where_allowed(self):
        """The person has to have access to both companies."""
        both = self.branch | self.company
        self.administrator.company_ids = both
        wizard = (
            self.env["connectwise.backend.configure"]
            .with_user(self.administrator)
            .with_context(allowed_company_ids=both.ids)
            .create({"auto_enable_contacts": True})
        )
        self.assertFalse(wizard.owner_notice)
        wizard.action_save()
        self.assertTrue(self.backend.auto_enable_contacts)
        self.assertEqual(self.env["connectwise.backend"].search_count([]), 1)
