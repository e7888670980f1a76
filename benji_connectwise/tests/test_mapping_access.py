"""Who may see and change the rows of the Customer Mapping Report."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingAccess(MappingReportCommon):
    def test_without_invoicing_the_report_cannot_be_opened(self):
        stranger = new_test_user(self.env, "connectwise_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.open_report(stranger)

    def test_without_invoicing_no_row_can_be_read(self):
        stranger = new_test_user(self.env, "connectwise_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["connectwise.mapping"].with_user(stranger).search([])

    def test_read_only_accounting_sees_the_report(self):
        reader = new_test_user(
            self.env,
            "connectwise_reader",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.assertIn(self.acme, self.row(self.acme, reader).partner_id)
        self.assertTrue(self.open_report(reader))

    def test_invoicing_user_cannot_use_the_switch(self):
        self.import_emma()
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).contact_enabled = True

    def test_rows_are_hidden_from_another_company(self):
        stranger = new_test_user(
            self.env,
            "connectwise_elsewhere",
            "account.group_account_manager",
            company_id=self.env["res.company"].create({"name": "Elsewhere"}).id,
        )
        self.assertFalse(self.row(self.acme, stranger))

    def test_invoicing_user_is_offered_no_change(self):
        self.assertNotIn("<button", self.list_arch(self.accountant))

    def test_invoicing_user_cannot_open_the_connect_dialog(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_connect()

    def test_invoicing_user_cannot_disconnect(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_disconnect()

    def test_invoicing_user_cannot_rescan(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).action_rescan()

    def test_invoicing_user_cannot_write_a_connection(self):
        with self.assertRaises(AccessError):
            self.row(self.acme, self.accountant).write(
                {"connectwise_company_id": self.dental.id}
            )

    def test_read_only_accounting_cannot_post_on_a_row(self):
        """The message would go to any customer in the company's name."""
        row = self.row(self.acme, self.reader())
        with self.assertRaises(AccessError):
            row.message_post(body="Pay here", partner_ids=self.acme.ids)

    def test_invoicing_user_cannot_post_on_a_row(self):
        row = self.row(self.acme, self.accountant)
        with self.assertRaises(AccessError):
            row.message_post(body="Pay here", partner_ids=self.acme.ids)

    def test_read_only_accounting_cannot_make_a_customer_follow_a_row(self):
        row = self.row(self.acme, self.reader())
        with self.assertRaises(AccessError):
            row.message_subscribe(partner_ids=self.acme.ids)

    def test_read_only_accounting_cannot_plan_an_activity_on_a_row(self):
        row = self.row(self.acme)
        with self.assertRaises(AccessError):
            self.env["mail.activity"].with_user(self.reader()).create(
                {
                    "res_model_id": self.env["ir.model"]._get_id(row._name),
                    "res_id": row.id,
                    "summary": "Pay here",
                }
            )

    def test_read_only_accounting_cannot_write_an_e_mail_about_a_row(self):
        composer = self.env["mail.compose.message"].with_user(self.reader())
        values = {
            "model": "connectwise.mapping",
            "res_ids": str(self.row(self.acme).ids),
            "partner_ids": self.acme.ids,
            "body": "Pay here",
            "composition_mode": "comment",
        }
        with self.assertRaises(AccessError):
            composer.create(values)._action_send_mail()

    def test_read_only_accounting_cannot_post_on_a_connection(self):
        backend = self.backend.with_user(self.reader())
        with self.assertRaises(AccessError):
            backend.message_post(body="Pay here", partner_ids=self.acme.ids)
