"""Reading ConnectWise, matching, and connecting by hand."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.benji_connectwise.tools.sync import runs as sync_runs

from ..tools.mapping.bill_to_import import find_rows_to_import
from ..tools.mapping.bill_to_plan import plan_contact
from .sync_common import SyncCommon


@tagged("post_install", "-at_install")
class TestSync(SyncCommon):
    def test_equal_account_id_connects(self):
        company = self.sandbox_company()
        customer = self.customer("Quite another name", company["account_number"])
        self.sync()
        self.assertConnected(customer, company["id"], "account_id")

    def test_equal_name_connects(self):
        """The case does not matter."""
        company = self.sandbox_company()
        customer = self.customer(company["name"].upper())
        self.sync()
        self.assertConnected(customer, company["id"], "company_name")

    def test_account_id_takes_precedence_over_the_name(self):
        one, other = self.sandbox_company(1005), self.sandbox_company(1006)
        customer = self.customer(other["name"], one["account_number"])
        self.sync()
        self.assertConnected(customer, one["id"], "account_id")
        self.assertTrue(self.row(customer).has_conflict)

    def test_confirmed_connection_is_no_conflict_again(self):
        """A person has seen that the name is another company's."""
        one, other = self.sandbox_company(1005), self.sandbox_company(1006)
        customer = self.customer(other["name"], one["account_number"])
        self.sync()
        self.row(customer).with_user(self.administrator).action_confirm()
        self.sync(full=True)
        self.assertConnected(customer, one["id"], "manual")
        self.assertFalse(self.row(customer).has_conflict)

    def test_ambiguous_name_is_a_conflict(self):
        """Two companies have it."""
        customer = self.customer("Riverside Pharmacy")
        self.sync()
        self.assertNotConnected(customer)
        self.assertTrue(self.row(customer).has_conflict)
        self.assertIn("Riverside Pharmacy", self.row(customer).message)

    def test_ambiguous_account_id_is_a_conflict(self):
        customer = self.customer("Kestrel", "AC-SHARED")
        self.sync()
        self.assertNotConnected(customer)
        self.assertTrue(self.row(customer).has_conflict)

    def test_company_in_the_recycle_bin_is_not_connected(self):
        gone = next(c for c in self.sandbox.export_companies() if c["deleted"])
        name = gone["name"]
        customer = self.customer(name)
        self.sync()
        row = self.row(customer)
        self.assertNotEqual(row.connectwise_company_id.connectwise_ref, gone["id"])

    def test_every_customer_has_a_row(self):
        """It is matched or not, or was only invoiced."""
        unmatched = self.customer("Nobody Knows Us")
        vendor = self.customer("Only a vendor", customer_rank=0)
        self.invoice("CW1001")
        self.sync()
        self.assertTrue(self.row(unmatched) and self.row(self.partner_a))
        self.assertFalse(self.row(vendor))

    def test_second_sync_changes_nothing(self):
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync(full=True)
        self.customer("Riverside Pharmacy")
        self.sync(full=True)
        before = self.row(customer).read()
        contacts = customer.child_ids.read()
        counts = self.sync(full=True)
        self.assertEqual(self.row(customer).read(), before)
        self.assertEqual(customer.child_ids.read(), contacts)
        self.assertEqual(counts["companies_changed"], 0)
        self.assertEqual(counts["connected"], 0)

    def test_changes_in_connectwise_arrive(self):
        """Names and Account IDs."""
        company = self.sandbox_company()
        self.sync()
        self.sandbox.patch_company(
            company["id"], {"name": "Renamed", "accountNumber": "R1"}
        )
        self.sync()
        known = self.env["connectwise.company"].search(
            [("connectwise_ref", "=", company["id"])]
        )
        self.assertEqual((known.name, known.account_number), ("Renamed", "R1"))

    def test_second_sync_reads_only_changes(self):
        self.sync()
        self.sandbox.clear_requests()
        self.sync()
        questions = [
            str(request["query"])
            for request in self.sandbox.requests()
            if request["path"].endswith("/companies")
        ]
        self.assertTrue(all("lastUpdated" in question for question in questions))

    def test_old_scheduled_synchronizations_are_forgotten_but_the_last(self):
        syncs = self.env["connectwise.sync"].sudo()
        values = {
            "backend_id": self.backend.id,
            "state": "done",
            "finished_at": "2020-01-01",
            "user_id": False,
        }
        by_person = syncs.create({**values, "user_id": self.env.uid})
        old, last = syncs.create([values, values])
        syncs._forget_old()
        self.assertEqual((by_person + old + last).exists(), by_person + last)

    def test_get_all_entries_reads_everything(self):
        self.sync()
        self.assertEqual(self.sync(full=True)["companies_read"], 40)

    def test_renamed_company_stays_connected(self):
        """Its id is the same."""
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync()
        self.sandbox.patch_company(company["id"], {"name": "Renamed"})
        self.sync()
        self.assertConnected(customer, company["id"], "company_name")

    def test_deleted_company_stays_connected_and_is_flagged(self):
        """It is in the recycle bin, or missing from a full synchronization."""
        for number, gone in (
            (1010, self.sandbox.recycle_company),
            (1011, self.sandbox.delete_company),
        ):
            with self.subTest(gone.__name__):
                customer = self.customer(self.sandbox_company(number)["name"])
                self.sync(full=True)
                gone(number)
                self.sync(full=True)
                self.assertConnected(customer, number, "company_name")
                self.assertTrue(self.row(customer).connectwise_company_id.is_deleted)

    def test_implausible_loss_of_companies_changes_nothing(self):
        """Two of six connected companies are missing."""
        numbers = range(1010, 1016)
        customers = [
            self.customer(self.sandbox_company(number)["name"]) for number in numbers
        ]
        self.sync(full=True)
        self.sandbox.delete_company(1010)
        self.sandbox.recycle_company(1011)
        with self.assertRaises(UserError):
            self.sync(full=True)
        for customer in customers:
            self.assertFalse(self.row(customer).connectwise_company_id.is_deleted)

    def test_empty_answer_changes_nothing(self):
        """A person has to look at it."""
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync()
        for number in [c["id"] for c in self.sandbox.export_companies()]:
            self.sandbox.delete_company(number)
        with self.assertRaises(UserError):
            self.sync(full=True)
        self.assertConnected(customer, company["id"], "company_name")
        self.assertFalse(self.row(customer).connectwise_company_id.is_deleted)

    def test_connected_company_brings_its_contact(self):
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        self.sync()
        self.assertEqual(
            self.row(customer).contact_id.email_normalized,
            company["contact_email"].lower(),
        )

    def test_company_without_contact_has_that_of_its_bill_to_company(self):
        company = self.sandbox_company()
        payer = next(
            other
            for other in self.companies.values()
            if other["id"] != company["id"] and "@" in (other["contact_email"] or "")
        )
        self.sandbox.patch_company(
            company["id"],
            {"billToCompany": {"id": payer["id"]}, "billingContact": None},
        )
        customer = self.customer(company["name"])
        self.sync()
        self.assertEqual(
            self.row(customer).contact_id.email_normalized,
            payer["contact_email"].lower(),
        )

    def test_inactive_contact_is_called_inactive(self):
        company = self.sandbox_company()
        self.sandbox.patch_contact(company["contact_id"], {"inactiveFlag": True})
        customer = self.customer(company["name"])
        self.sync()
        self.assertFalse(self.row(customer).contact_id)
        self.assertIn("is inactive", self.row(customer).message)

    def test_automatic_enabling_without_contact_sync_imports_nothing(self):
        self.backend.write({"sync_contacts": False, "auto_enable_contacts": True})
        customer = self.customer(self.sandbox_company()["name"])
        with self.no_requests(), self.assertRaises(UserError):
            self.sync()
        self.assertFalse(customer.child_ids)

    def test_nothing_is_asked_with_contact_sync_off(self):
        self.backend.sync_contacts = False
        with self.no_requests(), self.assertRaises(UserError):
            self.sync()

    def test_failure_is_told_in_a_sentence(self):
        self.sandbox.fault("unavailable", times=0)
        with self.assertRaises(UserError):
            self.sync()

    def test_only_the_invoicing_administrator_synchronizes(self):
        with self.assertRaises(AccessError):
            self.backend.with_user(self.accountant).sync()

    def test_preview_writes_nothing(self):
        company = self.sandbox_company()
        customer = self.customer(company["name"])
        backend = self.backend.with_user(self.administrator)
        changes = sync_runs.preview(backend, full=True)
        self.assertFalse(self.row(customer))
        self.assertIn(
            ("connected", customer.id),
            [(change["kind"], change["partner_id"]) for change in changes],
        )

    def preview(self):
        wizard = (
            self.env["connectwise.mapping.rescan"]
            .with_user(self.administrator)
            .create({"backend_id": self.backend.id, "get_all_entries": True})
        )
        wizard.action_preview()
        return wizard

    def test_apply_makes_the_previewed_changes(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.preview().action_apply()
        self.env.invalidate_all()
        self.assertConnected(customer, 1005, "company_name")

    def test_apply_makes_no_change_that_was_not_previewed(self):
        """The dialog shows the preview as it would be now."""
        customer = self.customer(self.sandbox_company()["name"])
        wizard = self.preview()
        other = self.customer(self.sandbox_company(1006)["name"])
        action = wizard.action_apply()
        self.env.invalidate_all()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertFalse(self.row(customer).connectwise_company_id)
        self.assertIn(other, wizard.line_ids.partner_id)

    def test_chatter_of_the_row_tells_of_an_automatic_connection(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        self.assertIn(
            "by Company Name", str(self.row(customer).message_ids[:2].mapped("body"))
        )

    def test_rows_are_separate_for_each_odoo_company(self):
        other = self.new_odoo_company()
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        stranger = self.administrator.copy(
            {"company_id": other.id, "company_ids": [(6, 0, other.ids)]}
        )
        rows = self.env["connectwise.mapping"].with_user(stranger)
        self.assertFalse(rows.search([("partner_id", "=", customer.id)]))

    def test_customer_changed_in_odoo_is_matched_again(self):
        """Nothing changed in ConnectWise."""
        company = self.sandbox_company()
        customer = self.customer("Quite another name")
        self.sync()
        customer.ref = company["account_number"]
        self.sync()
        self.assertConnected(customer, company["id"], "account_id")

    def test_conflict_disappears_once_it_is_over(self):
        customer = self.customer("Riverside Pharmacy")
        self.sync()
        customer.name = "Nobody Knows Us"
        self.sync()
        row = self.row(customer)
        self.assertFalse(row.has_conflict or row.message)

    def test_unreadable_company_is_listed_and_stays(self):
        """It may not even have a readable id."""
        customers = [
            self.customer(company["name"]) for company in self.companies.values()
        ]
        self.sync()
        for fault in ("no_id", "mistyped_fields"):
            with self.subTest(fault):
                # After the count, and the greatest id.
                self.sandbox.fault(fault, "companies", nth=3)
                self.sync(full=True)
                sync = self.backend.sync_ids[:1]
                self.assertTrue(sync.skipped)
                rows = self.env["connectwise.mapping"].search(
                    [("partner_id", "in", [c.id for c in customers])]
                )
                gone = rows.connectwise_company_id.filtered("is_deleted")
                self.assertFalse(gone)

    def test_unreadable_contact_is_listed_and_stays(self):
        customer = self.customer(self.sandbox_company()["name"])
        self.sync()
        contact = self.row(customer).contact_id
        for fault in ("no_id", "mistyped_fields"):
            with self.subTest(fault):
                self.sandbox.fault(fault, "contacts", times=0)
                self.sync(full=True)
                self.assertEqual(self.row(customer).contact_id, contact)
                self.assertTrue(self.backend.sync_ids[:1].skipped)
                self.sandbox.clear_faults()

    def test_only_rows_that_need_a_contact_are_planned(self):
        for number in range(1005, 1011):
            self.customer(self.sandbox_company(number)["name"])
        self.sync()
        Mapping = self.env["connectwise.mapping"].sudo()
        rows = Mapping.search([("contact_id", "!=", False)], order="id")
        enabled, disabled, renamed, away, silent, _same = rows
        enabled.with_user(self.administrator).enable_contact()
        disabled.with_user(self.administrator).disable_contact()
        renamed.connectwise_company_id.sudo().contact_name = "Somebody Else"
        away.connectwise_company_id.sudo().contact_email = "away@other.example.com"
        silent.connectwise_company_id.sudo().contact_email = "no address"
        for auto_enable in (False, True):
            with self.subTest(auto_enable):
                self.backend.auto_enable_contacts = auto_enable
                planned = rows.filtered(
                    lambda row: (
                        plan_contact(row.bill_to_ids, {}) != ("unchanged", False)
                    )
                )
                self.assertEqual(find_rows_to_import(self.backend), planned.ids)
