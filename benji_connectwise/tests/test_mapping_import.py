"""The connections are exported and imported with Odoo's own tools."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools.mapping.connecting import link
from .mapping_common import MappingReportCommon


@tagged("post_install", "-at_install")
class TestMappingImport(MappingReportCommon):
    """Odoo's own export and import of lists restores a mapping."""

    def setUp(self):
        super().setUp()
        self.administrator.group_ids += self.env.ref("base.group_allow_export")

    def load(self, *lines, fields=(".id", "connectwise_ref"), user=None):
        rows = self.env["connectwise.mapping"].with_user(user or self.administrator)
        result = rows.load(list(fields), [list(map(str, line)) for line in lines])
        self.env.invalidate_all()
        return result

    def export(self, partner):
        return self.row(partner).export_data([".id", "connectwise_ref"])["datas"]

    def test_importing_an_export_connects_again(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        exported = self.export(self.acme)
        row.action_disconnect()
        self.assertFalse(self.load(*exported)["messages"])
        self.assertEqual(row.connectwise_company_id, self.dental)
        self.assertEqual(row.connection, "manual")

    def test_importing_unchanged_data_changes_nothing(self):
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "account_id")])
        before = row.last_updated
        self.load(*self.export(self.acme))
        self.assertEqual((row.connection, row.last_updated), ("account_id", before))

    def test_importing_an_empty_connection_disconnects(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        self.load((row.id, 0))
        self.assertTrue(row.disconnected)
        self.assertFalse(row.connectwise_company_id)

    def test_importing_the_company_connects_by_hand(self):
        row = self.row(self.acme)
        self.load(
            (row.id, self.dental.id), fields=(".id", "connectwise_company_id/.id")
        )
        self.assertEqual(row.connection, "manual")

    def test_importing_every_column_connects_by_hand(self):
        row = self.row(self.acme)
        row.connect(self.dental)
        names = [".id", "partner_id/.id", "connection", "connectwise_company_id/.id"]
        exported = row.export_data(names)["datas"]
        row.action_disconnect()
        self.assertFalse(self.load(*exported, fields=names)["messages"])
        self.assertEqual(row.connection, "manual")

    def test_importing_the_column_enabled_does_not_need_contacts(self):
        """Most rows of an export have none."""
        names = [".id", "connectwise_ref", "contact_enabled"]
        exported = self.row(self.acme).export_data(names)["datas"]
        self.assertFalse(self.load(*exported, fields=names)["messages"])

    def test_importing_an_unchanged_contact_is_no_decision(self):
        row = self.import_emma()
        names = [".id", "contact_enabled"]
        self.load(*row.export_data(names)["datas"], fields=names)
        self.assertFalse(row.contact_decision)

    def test_import_connects_before_it_enables_the_contact(self):
        """The contact comes with the connection, whatever the order of the columns."""
        self.backend.sync()
        company = self.env["connectwise.company"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("billing_contact_ref", "!=", 0),
                ("mapping_ids", "=", False),
            ],
            limit=1,
        )
        row = self.row(self.acme)
        row.connect(company)
        row.enable_contact()
        for connection in ("connectwise_ref", "connectwise_company_id/.id"):
            with self.subTest(connection):
                names = [".id", "contact_enabled", connection]
                exported = row.export_data(names)["datas"]
                row.action_disconnect()
                self.assertFalse(self.load(*exported, fields=names)["messages"])
                self.assertEqual(row.contact_decision, "enabled")

    def test_importing_an_unknown_number_fails_and_changes_nothing(self):
        row = self.row(self.acme)
        result = self.load((row.id, 4040))
        self.assertIn("#4040", result["messages"][0]["message"])
        self.assertFalse(row.connectwise_company_id)

    def test_chatter_tells_of_an_import(self):
        row = self.row(self.acme)
        self.load((row.id, 9001))
        message = row.message_ids[0]
        self.assertIn("Acme Dental LLC", message.body)
        self.assertEqual(message.author_id, self.administrator.partner_id)

    def test_invoicing_user_cannot_import(self):
        row = self.row(self.acme)
        self.load((row.id, 9001), user=self.accountant)
        self.assertFalse(row.connectwise_company_id)

    def test_administrator_cannot_import_other_columns(self):
        with self.assertRaises(AccessError):
            self.row(self.acme).write({"contact_id": self.boulder.id})
