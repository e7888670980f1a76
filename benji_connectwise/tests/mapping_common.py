"""Customers, companies and rows for the tests of the Customer Mapping Report."""

from ast import literal_eval

from lxml import etree

from odoo.tests import new_test_user

from ..tools.mapping.bill_to_import import import_contacts
from ..tools.mapping.connecting import link
from .common import ConnectwiseCommon

ACTION = "benji_connectwise.connectwise_mapping_report_action"


class MappingReportCommon(ConnectwiseCommon):
    """Three customers with their rows, and companies of ConnectWise as if read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.acme, cls.boulder, cls.foxtrot = cls.env["res.partner"].create(
            [
                {"name": "Acme Dental", "ref": "F-100", "customer_rank": 1},
                {"name": "Boulder Law", "customer_rank": 1},
                {"name": "Foxtrot Ltd", "customer_rank": 1},
            ]
        )
        cls.dental = cls.read_company(9001, "Acme Dental LLC", "F-100", city="Austin")
        cls.law = cls.read_company(9002, "Boulder Law", city="Boulder")
        cls.twin = cls.read_company(9003, "Boulder Law", "F-300", city="Denver")
        cls.env["connectwise.mapping"]._ensure_rows(cls.backend)

    @classmethod
    def read_company(cls, ref, name, account_number=False, **values):
        return (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "connectwise_ref": ref,
                    "name": name,
                    "account_number": account_number,
                    "status": "Active",
                    **values,
                }
            )
        )

    def row(self, partner, user=None):
        rows = self.env["connectwise.mapping"].with_user(user or self.administrator)
        return rows.search(
            [("partner_id", "=", partner.id), ("backend_id", "=", self.backend.id)]
        )

    def rows_found(self, *domain):
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        return rows.search([("backend_id", "=", self.backend.id), *domain]).partner_id

    def filter(self, name):
        """Return the customers that a filter of the report leaves."""
        view = self.env.ref("benji_connectwise.connectwise_mapping_view_search")
        arch = self.env["connectwise.mapping"].get_view(view.id, "search")["arch"]
        start = arch.index(f'name="{name}"')
        domain = arch[arch.index('domain="', start) + len('domain="') :].split('"')[0]
        return self.rows_found(*literal_eval(domain))

    def open_connect(self, partner):
        action = self.row(partner).action_connect()
        wizard = self.env[action["res_model"]].with_user(self.administrator)
        return wizard.browse(action["res_id"])

    def suggestions(self, partner):
        return self.open_connect(partner).suggestion_ids

    def open_report(self, user):
        action = self.env.ref(ACTION).with_user(user).run()
        return action

    def list_arch(self, user):
        rows = self.env["connectwise.mapping"].with_user(user)
        return rows.get_view(view_type="list")["arch"]

    def import_emma(self):
        """Connect Acme to a company with a Bill-To contact, and import that."""
        self.dental.sudo().write(
            {
                "contact_ref": 77,
                "contact_name": "Emma Diaz",
                "contact_email": "emma@dental.example",
            }
        )
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "account_id")])
        import_contacts(row.sudo())
        return row

    def twin_in_sandbox(self):
        """Give Foxtrot the Account ID of a company in the sandbox, and return that."""
        company = next(
            company
            for company in self.sandbox.export_companies()
            if not company["deleted"] and company["account_number"]
        )
        self.foxtrot.ref = company["account_number"]
        return company

    def undo(self, row):
        before = row.action_disconnect()["params"]["before"]
        self.assertFalse(row.contact_id)
        row.action_undo_disconnect(before)

    def reader(self):
        return new_test_user(
            self.env,
            "connectwise_reader",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def join(self):
        """Make a connected customer a part of another that has no row."""
        parent = self.env["res.partner"].create({"name": "Umbrella"})
        self.row(self.acme).connect(self.dental)
        self.acme.write({"parent_id": parent.id, "is_company": False})
        return parent

    def search_box(self, text):
        view = self.env.ref("benji_connectwise.connectwise_mapping_view_search")
        arch = self.env["connectwise.mapping"].get_view(view.id, "search")["arch"]
        domain = etree.fromstring(arch).xpath("//field[1]/@filter_domain")[0]
        return self.rows_found(*literal_eval(domain.replace("self", repr(text))))

    def status(self):
        rows = self.env["connectwise.mapping"].with_user(self.accountant)
        return rows.with_company(self.company).get_report_status()
