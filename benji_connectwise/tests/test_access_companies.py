"""Dialogs and fields tell nothing about another company of Odoo."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .access_common import AccessCommon
from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestOtherCompanies(AccessCommon):
    def test_dialog_tells_nothing_about_another_company(self):
        """The rows and companies that come with the call do not matter."""
        elsewhere = self.new_odoo_company()
        other = self.new_administrator(elsewhere)
        backend = self.backend.sudo().copy({"company_id": elsewhere.id})
        own = self.mapping.sudo().create(
            {"backend_id": backend.id, "partner_id": self.customer.id}
        )
        self.assertTrue(self.mapping.connectwise_company_id)
        row = {"mapping_id": self.mapping.id}
        shown = {
            "current_company_name": {},
            "backend_id": {"fields": {"display_name": {}}},
            "suggestion_ids": {"fields": {"reason": {}}},
        }
        dialogs = self.env["connectwise.mapping.connect"].with_user(other)
        lines = self.env["connectwise.mapping.connect.line"].with_user(other)
        company = {"connectwise_company_id": self.acme.id}
        for name, ask in {
            "row": lambda: dialogs.create(row),
            "row, not saved": lambda: dialogs.onchange(row, ["mapping_id"], shown),
            "its suggestions": lambda: dialogs.onchange(
                row, ["mapping_id"], {"suggestion_ids": shown["suggestion_ids"]}
            ),
            "company": lambda: dialogs.create({"mapping_id": own.id, **company}),
            "line": lambda: lines.create(company),
            "line, not saved": lambda: lines.onchange(
                company, ["connectwise_company_id"], {"name": {}}
            ),
            "line in a dialog, not saved": lambda: dialogs.onchange(
                {"suggestion_ids": [Command.create(company)]},
                [],
                {"suggestion_ids": {"fields": {"account_number": {}}}},
            ),
        }.items():
            self.env.invalidate_all()
            with (
                self.subTest(name),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                ask()

    def new_clerk_of_another_company(self):
        elsewhere = self.new_odoo_company()
        return new_test_user(
            self.env,
            "access_clerk_elsewhere",
            groups="account.group_account_invoice",
            company_id=elsewhere.id,
            company_ids=[(6, 0, elsewhere.ids)],
        )

    def test_no_field_tells_of_an_invoice_of_another_company(self):
        """What a field reads with all rights would be in Odoo's cache afterwards."""
        move = self.move.with_user(self.new_clerk_of_another_company())
        for name in (
            "invoice_pdf_source",
            "invoice_pdf_explanation",
            "connectwise_status",
            "connectwise_message",
            "connectwise_is_open",
            "connectwise_pdf_id",
        ):
            self.env.invalidate_all()
            with self.subTest(name), self.assertRaises(AccessError):
                move.mapped(name)

    def test_send_dialog_tells_nothing_about_another_company(self):
        """Odoo computes its list of files with all rights, which asks ConnectWise."""
        self.sandbox.fault("unavailable", times=0)
        move = self.invoice("CW1003")
        clerk = self.new_clerk_of_another_company()
        dialogs = (
            self.env["account.move.send.wizard"]
            .with_user(clerk)
            .with_context(allowed_company_ids=clerk.company_ids.ids)
        )
        for shown in ("alerts", "invoice_pdf_summary", "connectwise_environment"):
            self.env.invalidate_all()
            with (
                self.subTest(shown),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                dialogs.onchange(
                    {"move_id": move.id}, [], {"mail_attachments_widget": {}, shown: {}}
                )


@tagged("post_install", "-at_install")
class TestAnotherCompanysDialog(ConnectwiseCommon):
    """An Invoicing administrator of another company calls the dialogs over RPC."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = new_test_user(
            cls.env,
            "connectwise_stranger",
            "account.group_account_manager",
            company_id=cls.env["res.company"].create({"name": "Elsewhere"}).id,
        )

    def test_configure_tells_nothing_about_another_company(self):
        """Not its address, not what was learned, not its key."""
        for name in ("another_explanation", "has_private_key", "owner_notice"):
            with self.subTest(name), self.assertRaises(AccessError):
                wizard = self.env["connectwise.backend.configure"].with_user(
                    self.stranger
                )
                wizard.create(
                    {"company_id": self.company.id, "company_login_id": "evil"}
                ).read([name])

    def test_integrations_tell_nothing_about_another_company(self):
        """Also if the fields are asked for in an order in which Odoo has the values in
        its cache, where it checks nothing."""
        pages = self.env["connectwise.integrations"].with_user(self.stranger)
        names = ["is_connected", "where", "state", "priority"]
        values = {"company_id": self.company.id}
        with self.subTest("read"), self.assertRaises(AccessError):
            pages.create(values).read(names)
        with self.subTest("onchange"), self.assertRaises(AccessError):
            pages.onchange(values, [], {name: {} for name in names})

    def test_no_dialog_names_another_companys_connection(self):
        for model in (
            "connectwise.mapping.rescan",
            "connectwise.callback.settings",
            "connectwise.disconnect",
        ):
            dialogs = self.env[model].with_user(self.stranger)
            with (
                self.subTest(model),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                dialogs.create({"backend_id": self.backend.id})

    def new_connection_elsewhere(self):
        """Return the stranger's own connection."""
        elsewhere = self.stranger.company_id
        values = {"company_id": elsewhere.id}
        return self.backend.sudo().copy(values).with_user(self.stranger).sudo(False)

    def test_number_rule_cannot_be_given_to_another_companys_connection(self):
        """It would decide which PDFs that company sends."""
        rules = self.env["connectwise.number.rule"].with_user(self.stranger)
        rule = rules.create({"backend_id": self.new_connection_elsewhere().id})
        with self.assertRaises(AccessError):
            rule.backend_id = self.backend

    def test_source_cannot_be_given_to_another_company(self):
        """It would change the order in which that company's PDFs are used."""
        sources = self.env["invoice.pdf.source"].with_user(self.stranger)
        line = sources.create({"source": "attachment"})
        with self.assertRaises(AccessError):
            line.company_id = self.company

    def test_notice_of_a_connection_cannot_be_another_activity(self):
        """The addon ends it with all rights when ConnectWise works again."""
        activity = self.partner_a.activity_schedule("mail.mail_activity_data_todo")
        with self.assertRaises(AccessError):
            self.new_connection_elsewhere().notice_id = activity
