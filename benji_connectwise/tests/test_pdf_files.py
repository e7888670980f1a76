"""A file kept as ConnectWise's PDF: nobody replaces it, and only Invoicing opens it."""

import json
from base64 import b64encode

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .access_common import AccessCommon
from .access_table import ROLES


@tagged("post_install", "-at_install")
class TestFiles(AccessCommon):
    """A PDF of ConnectWise cannot be replaced by another file."""

    def setUp(self):
        super().setUp()
        self.genuine = self.move._get_preferred_invoice_pdf()
        self.content = self.genuine.raw
        self.files = self.env["ir.attachment"].with_user(self.people["invoicing"])

    def assertNotForged(self):
        self.env.flush_all()
        self.env.invalidate_all()
        chosen = self.move._get_preferred_invoice_pdf()
        self.assertIn(chosen.raw, (False, self.content))

    def test_content_of_a_kept_pdf_cannot_be_replaced(self):
        """A person who may edit the invoice may write its files."""
        for values in (
            {"raw": b"%PDF-1.4 forged %%EOF"},
            {"datas": b64encode(b"%PDF-1.4 forged %%EOF")},
            {"db_datas": b"%PDF-1.4 forged %%EOF", "store_fname": False},
            {"raw": b"%PDF- forged", "checksum": self.genuine.checksum},
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                self.try_to(lambda values=values: self.mine().write(values))
                self.assertNotForged()
                savepoint.rollback()

    def test_content_of_a_pdf_in_the_database_cannot_be_replaced(self):
        """Odoo can be set up to keep files there."""
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        self.genuine.raw = self.content
        self.assertFalse(self.genuine.store_fname)
        self.assertEqual(self.move._get_preferred_invoice_pdf(), self.genuine)
        self.try_to(lambda: self.mine().write({"db_datas": b"%PDF-1.4 forged %%EOF"}))
        self.assertNotForged()

    def test_another_file_cannot_replace_a_kept_pdf(self):
        """Not even one of another invoice."""
        other = self.invoice("CW1002")._get_preferred_invoice_pdf()
        place = {
            "res_model": "account.move",
            "res_id": self.move.id,
            "res_field": "connectwise_pdf_file",
        }
        forged = {**place, "name": "forged.pdf", "raw": b"%PDF-1.4 forged %%EOF"}
        for attempt in (
            lambda: self.files.create(forged),
            lambda: self.files.browse(other.id).write({"res_id": self.move.id}),
            lambda: self.files.create({**forged, "res_id": 0}).write(place),
            lambda: self.mine().unlink() and self.files.create(forged),
        ):
            with self.env.cr.savepoint() as savepoint:
                self.try_to(attempt)
                self.assertNotForged()
                savepoint.rollback()

    def mine(self):
        return self.files.browse(self.genuine.id)

    def try_to(self, attempt):
        # It is as good if Odoo itself refuses.
        try:
            with self.env.cr.savepoint():
                attempt()
        except UserError:
            self.env.invalidate_all()

    def test_context_from_outside_opens_nothing(self):
        for context in (
            {"default_connectwise_pdf_file": b64encode(b"%PDF-")},
            {"chosen_invoice_pdfs": {str(self.move.id): False}},
            {"chosen_invoice_pdfs": {self.move.id: False}},
            {"connectwise_sync": True, "connectwise_changes": "x"},
        ):
            move = self.move.with_user(self.people["invoicing"]).with_context(**context)
            with self.subTest(context):
                copy = move.copy()
                self.assertFalse(copy.connectwise_pdf_file)
                self.assertEqual(move._get_preferred_invoice_pdf(), self.genuine)
                with self.assertRaises(AccessError):
                    move.write({"connectwise_pdf_file": False})

    def test_default_of_a_person_does_not_replace_the_pdf(self):
        """Anybody may store defaults of their own."""
        invoicing = self.people["invoicing"]
        default = self.env["ir.default"].with_user(invoicing)
        file = b64encode(b"%PDF-").decode()
        default.create(
            {
                "field_id": self.env["ir.model.fields"]
                ._get("account.move", "connectwise_pdf_file")
                .id,
                "user_id": invoicing.id,
                "json_value": json.dumps(file),
            }
        )
        move = self.env["account.move"].with_user(invoicing).create({})
        self.assertFalse(move.connectwise_pdf_file)


@tagged("post_install", "-at_install")
class TestFilesOverHttp(AccessCommon, HttpCase):
    def test_only_invoicing_opens_a_kept_file(self):
        """It may turn out to be another customer's later."""
        file = self.move._get_preferred_invoice_pdf()
        may = {"invoicing", "readonly", "manager"}
        for role, user in self.people.items():
            login = user.login if ROLES[role].groups else None
            self.authenticate(login, login)
            for path in (
                f"/web/content/{file.id}",
                f"/web/content/account.move/{self.move.id}/connectwise_pdf_file",
            ):
                with self.subTest(role=role, path=path):
                    response = self.url_open(path, allow_redirects=False)
                    self.assertEqual(b"%PDF" in response.content, role in may)
