"""Texts of ConnectWise do no harm in Odoo, as HTML or in a spreadsheet."""

import io
import json
import zipfile

from odoo.http import Request
from odoo.tests import HttpCase, tagged

from .contact_common import ContactCommon, import_contact
from .sync_common import SyncCommon

IMAGE = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("https://evil.example","x")'


class HostileCommon(SyncCommon):
    """A company of the sandbox whose texts are all the same."""

    def rename_all(self, text):
        """Give a company, its status, city, Account ID and contact this text."""
        company = self.sandbox_company()
        self.sandbox.patch_company(
            company["id"],
            {"name": text, "identifier": text, "accountNumber": text, "city": text},
        )
        self.sandbox.patch_contact(
            company["contact_id"], {"firstName": text, "lastName": text, "title": text}
        )
        customer = self.customer("Somebody", text)
        self.sync(full=True)
        row = self.row(customer)
        if not row.connectwise_company_id:
            ref = [("connectwise_ref", "=", company["id"])]
            found = self.env["connectwise.company"].search(ref)
            row.with_user(self.administrator).connect(found.id)
        return row


@tagged("post_install", "-at_install")
class TestHtml(HostileCommon):
    def test_company_name_is_escaped_in_every_message(self):
        row = self.rename_all(IMAGE)
        row.with_user(self.administrator).disable_contact()
        row.with_user(self.administrator).enable_contact()
        row.with_user(self.administrator).action_disconnect()
        messages = row.message_ids | row.partner_id.message_ids
        messages |= row.partner_id.child_ids.message_ids
        bodies = "".join(messages.mapped("body"))
        self.assertNotIn("<img", bodies)
        self.assertIn("&lt;img", bodies)


@tagged("post_install", "-at_install")
class TestActivity(ContactCommon):
    def test_activity_about_a_new_domain_is_escaped(self):
        self.backend.auto_enable_contacts = True
        self.backend.responsible_id = self.administrator
        self.imported()
        self.mapping.bill_to_ids.email_domain = IMAGE
        self.acme.contact_email = "emma@elsewhere.example.net"
        import_contact(self.mapping)
        note = self.customer.activity_ids.note
        self.assertIn("&lt;img", note)
        self.assertNotIn("<img", note)

    def test_stored_html_is_no_email_address(self):
        self.acme.contact_email = "a@[<a href='https://evil.example'>x</a>]"
        self.assertEqual(import_contact(self.mapping), "none")
        self.assertIn("no valid e-mail", self.mapping.message)

    def test_invisible_characters_make_no_second_contact(self):
        """The address of the contact entered by hand has some."""
        by_hand = self.new_contact(email="emma\u200b@acme.example.com\ufeff")
        self.assertEqual(import_contact(self.mapping), "converted")
        self.assertEqual(self.mapping.contact_id, by_hand)

    def test_invisible_characters_do_not_hide_the_customers_own_address(self):
        self.customer.email = "emma@acme.example\u200e.com"
        self.assertEqual(import_contact(self.mapping), "none")


@tagged("post_install", "-at_install")
class TestExport(HostileCommon, HttpCase):
    ROW = [
        *("connectwise_company_id", "connectwise_account_number", "connectwise_status"),
        *("contact_text", "contact_id", "message", "connectwise_company_id/name"),
        *("connectwise_company_id/identifier", "connectwise_company_id/city"),
        *("contact_id/name", "contact_id/function", "contact_id/phone"),
    ]

    def export(self, kind, row, names, **values):
        """Download an export of a row as an Invoicing administrator does."""
        self.administrator.group_ids += self.env.ref("base.group_allow_export")
        self.authenticate(self.administrator.login, self.administrator.login)
        data = {
            "model": row._name,
            "fields": [{"name": name, "label": name, "type": "char"} for name in names],
            "ids": row.ids,
            "domain": [],
            "groupby": [],
            "import_compat": False,
            "context": {},
            **values,
        }
        answer = self.url_open(
            f"/web/export/{kind}",
            data={"data": json.dumps(data), "csrf_token": Request.csrf_token(self)},
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.content

    def assertNoFormula(self, workbook):
        with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        self.assertIn("<v>", sheet)
        self.assertNotIn("<f>", sheet)
        self.assertNotIn("<hyperlink", sheet)

    def test_excel_export_has_no_formulas(self):
        row = self.rename_all(FORMULA)
        self.assertNoFormula(self.export("xlsx", row, self.ROW))

    def test_excel_export_has_no_links(self):
        row = self.rename_all("external:evil.xlsx")
        self.assertNoFormula(self.export("xlsx", row, self.ROW))

    def test_grouped_excel_export_has_no_formulas(self):
        """Odoo writes the names of groups by another way than those of records."""
        row = self.rename_all(FORMULA)
        export = self.export(
            "xlsx",
            row,
            self.ROW,
            ids=False,
            domain=[("id", "=", row.id)],
            groupby=["connectwise_company_id"],
        )
        self.assertNoFormula(export)

    def test_csv_export_has_no_formulas(self):
        """Odoo lets pass a text that begins with @; OWASP names it."""
        for text in (FORMULA, "@SUM(1+1)*cmd|' /C calc'!A0"):
            with self.subTest(text):
                content = self.export("csv", self.rename_all(text), self.ROW).decode()
                self.assertIn("'" + text[0], content)
                self.assertNotIn(f'"{text[0]}', content)

    def test_phone_number_is_exported_unchanged(self):
        row = self.rename_all("Acme")
        contact = row.contact_id
        exported = self.export("csv", row, ["contact_id/phone"]).decode()
        self.assertIn(contact.phone, exported)
        self.assertFalse(contact.phone.startswith("'"))
