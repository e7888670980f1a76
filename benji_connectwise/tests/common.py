"""Invoices in Odoo and a running ConnectWise sandbox that has the same numbers.

The sandbox is in the addon's repository. Without it these tests are skipped.
"""

import os
from contextlib import contextmanager
from unittest import SkipTest

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import new_test_user
from odoo.tests.common import get_db_name
from odoo.tools import SQL

from odoo.addons.base.tests.common import BaseCommon

from ..tools.invoice_pdf import merge_check
from ..tools.mapping.connecting import link

try:
    from connectwise_sandbox import Sandbox, bad_pdfs
except ImportError:
    Sandbox = bad_pdfs = None

SANDBOX_TODAY = "2026-10-31"
COMPANY = "Invoices to customers"
OTHER_COMPANY = "company_2"


def end_waiting_processes():
    """End those that wait for the next PDF to try out."""
    while merge_check._spares:
        _patience, process = merge_check._spares.popitem()
        process.kill()
        process.communicate()


class ConnectwiseCommon(BaseCommon):
    """Company 1 is connected to a sandbox and prefers its PDFs.

    The sandbox is a real HTTP server; nothing between it and Odoo is patched. Its state
    is put back after each test.
    """

    @classmethod
    def setUpClass(cls):
        if Sandbox is None:
            raise SkipTest(
                "connectwise_sandbox, from the addon's repository, is missing"
            )
        if os.environ.get("BENJI_CONNECTWISE_DISPOSABLE_DATABASE"):
            cls._store_for_all_classes()
        super().setUpClass()
        # Odoo warns of processes that are left.
        cls.addClassCleanup(end_waiting_processes)
        cls.sandbox = cls.enterClassContext(
            Sandbox(seed=1, companies=40, invoices=120, today=SANDBOX_TODAY)
        )
        cls._allow_local_host(cls.sandbox.host)
        cls.backend = cls.env["connectwise.backend"].create(
            {
                "company_id": cls.company.id,
                "server_url": cls.sandbox.url,
                "company_login_id": cls.sandbox.company_login_id,
                "public_key": cls.sandbox.public_key,
                "private_key": cls.sandbox.private_key,
                "client_id": cls.sandbox.client_id,
            }
        )
        cls.backend.action_test_connection()
        cls.sandbox.clear_requests()
        cls.set_priority("connectwise", "odoo")
        cls.accountant = cls._ensure_accountant(cls.env, cls.company)
        cls.administrator = cls._ensure_administrator(cls.env, cls.company)
        cls.currency = cls.env.ref("base.USD")
        cls.partner_a, cls.partner_b = cls.env["res.partner"].create(
            [
                {
                    "name": name,
                    "email": email,
                    "invoice_sending_method": "manual",
                    "invoice_edi_format": False,
                }
                for name, email in (
                    ("partner_a", "billing@partner-a.example.com"),
                    ("partner_b", False),
                )
            ]
        )

    @classmethod
    def _store_for_all_classes(cls):
        """Make the companies and users once: they take longer than all else here.

        Only for a database that is dropped after the tests.
        """
        with Registry(get_db_name()).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, cls.default_env_context())
            if cls._find_company(env, OTHER_COMPANY):
                return
            company = cls._ensure_company(env, COMPANY)
            env.user.company_ids -= company + cls._ensure_company(env, OTHER_COMPANY)
            cls._ensure_independent_user(env)
            cls._ensure_accountant(env, company)
            cls._ensure_administrator(env, company)

    @classmethod
    def _find_company(cls, env, name):
        return env["res.company"].search([("name", "=", name)])

    @classmethod
    def _ensure_company(cls, env, name):
        if company := cls._find_company(env, name):
            return company
        company = env["res.company"].create({"name": name})
        env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
        company.account_fiscal_country_id = env.ref("base.us")
        return company

    @classmethod
    def setup_independent_company(cls):
        company = cls._ensure_company(cls.env, COMPANY)
        cls.env.user.company_ids = [Command.link(company.id)]
        return company

    @classmethod
    def setup_independent_user(cls):
        return cls._ensure_independent_user(cls.env)

    @classmethod
    def _ensure_independent_user(cls, env):
        return cls._ensure_user(
            env,
            "accountman",
            email="accountman@test.com",
            groups="base.group_system,product.group_product_manager,"
            "account.group_account_manager,account.group_account_user",
            company_id=env.company.id,
        )

    @classmethod
    def _ensure_accountant(cls, env, company):
        return cls._ensure_user(
            env,
            "connectwise_accountant",
            groups="account.group_account_invoice",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )

    @classmethod
    def _ensure_administrator(cls, env, company):
        return cls._ensure_user(
            env,
            "connectwise_administrator",
            groups="account.group_account_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )

    @classmethod
    def _ensure_user(cls, env, login, **values):
        user = env["res.users"].search([("login", "=", login)])
        return user or new_test_user(env, login, **values)

    @classmethod
    def new_odoo_company(cls):
        company = cls._ensure_company(cls.env, OTHER_COMPANY)
        cls.env.user.company_ids = [Command.link(company.id)]
        return company

    @classmethod
    def new_administrator(cls, company):
        """Return an Invoicing administrator of this Odoo company alone."""
        return new_test_user(
            cls.env,
            f"administrator_of_{company.id}",
            groups="account.group_account_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )

    @classmethod
    def connect_by_hand(cls, customer, number):
        """Connect the customer to the company that this sandbox invoice belongs to."""
        invoice = cls.sandbox.get_record("invoices", cls.sandbox_invoice(number)["id"])
        of_backend = {"backend_id": cls.backend.id}
        company = (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    **of_backend,
                    "connectwise_ref": invoice["company"]["id"],
                    "name": "Acme",
                }
            )
        )
        mappings = cls.env["connectwise.mapping"].sudo()
        mapping = mappings.create({**of_backend, "partner_id": customer.id})
        link(cls.env, [(mapping.id, company.id, "manual")])

    @classmethod
    def _allow_local_host(cls, host):
        name = "BENJI_CONNECTWISE_LOCAL_HOSTS"
        before = os.environ.get(name)
        os.environ[name] = host
        if before is None:
            cls.addClassCleanup(os.environ.pop, name, None)
        else:
            cls.addClassCleanup(os.environ.__setitem__, name, before)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.sandbox.reset)

    # Odoo's side --------------------------------------------------------------------

    @classmethod
    def set_priority(cls, *sources, company=None):
        company = company or cls.company
        Source = cls.env["invoice.pdf.source"]
        Source.search([("company_id", "=", company.id)]).unlink()
        Source.create(
            [
                {"company_id": company.id, "sequence": sequence, "source": source}
                for sequence, source in enumerate(sources, start=1)
            ]
        )

    def show_exact_matches(self):
        """Return the dialog *Connect exact matches*, or an empty one."""
        dialogs = self.env["connectwise.mapping.exact"].with_user(self.administrator)
        action = dialogs.with_company(self.company).action_open()
        return dialogs.browse(action.get("res_id"))

    def connect_exact_matches(self):
        if dialog := self.show_exact_matches():
            dialog.action_connect()

    @classmethod
    def add_rule(cls, field_name="ref", **steps):
        """Have ConnectWise asked for a further number of each invoice."""
        return cls.env["connectwise.number.rule"].create(
            {"backend_id": cls.backend.id, "field_name": field_name, **steps}
        )

    @classmethod
    def invoice(cls, number="CW1001", amount=None, post=True, **values):
        """Return an Odoo invoice with the number of a sandbox invoice, and its amount.

        :param amount: without tax; by default what the sandbox's invoice says
        """
        if amount is None:
            amount = abs(cls.sandbox_invoice(number)["total"])
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.partner_a.id,
                "invoice_date": "2026-10-01",
                "currency_id": cls.env.ref("base.USD").id,
                "company_id": cls.company.id,
                "name": number,
                "invoice_line_ids": [
                    (0, 0, {"name": "Services", "price_unit": amount, "tax_ids": []})
                ],
                **values,
            }
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def copies(cls, move, count):
        """Return so many copies of a posted invoice, made by PostgreSQL: C1, C2 …"""
        cls.env.flush_all()
        columns = [
            name
            for name, field in move._fields.items()
            if field.store and field.column_type and name not in ("id", "name")
        ]
        rows = cls.env.execute_query(
            SQL(
                """
                INSERT INTO account_move (name, %(columns)s)
                SELECT 'C' || number, %(columns)s
                  FROM account_move, generate_series(1, %(count)s) number
                 WHERE id = %(id)s
                RETURNING id
                """,
                columns=SQL(", ").join(map(SQL.identifier, columns)),
                count=count,
                id=move.id,
            )
        )
        return move.browse([row[0] for row in rows])

    # ConnectWise's side -------------------------------------------------------------

    @classmethod
    def sandbox_invoice(cls, number):
        """Return the sandbox's only invoice with this number, in simple form."""
        [invoice] = [
            invoice
            for invoice in cls.sandbox.export_invoices()
            if invoice["number"] == number
        ]
        return invoice

    @classmethod
    def sandbox_pdf(cls, number):
        return cls.sandbox.invoice_pdf(cls.sandbox_invoice(number)["id"])

    def requests(self, path=""):
        """Return the paths containing `path` that ConnectWise was asked for."""
        return [
            request["path"]
            for request in self.sandbox.requests()
            if path in request["path"]
        ]

    @contextmanager
    def no_requests(self):
        """Fail if ConnectWise is asked for anything in this block."""
        before = len(self.sandbox.requests())
        yield
        asked = [request["path"] for request in self.sandbox.requests()[before:]]
        self.assertFalse(asked, "ConnectWise was asked")

    def assertChosen(self, move, source, content=None):
        """Assert which PDF every surface gets for this invoice."""
        attachment = move._get_preferred_invoice_pdf()
        self.assertEqual(move.invoice_pdf_source, source, move.connectwise_message)
        self.assertEqual(bool(attachment), source != "odoo")
        if content is not None:
            self.assertEqual(attachment.raw, content)
