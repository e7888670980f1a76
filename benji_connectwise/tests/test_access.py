"""Tables of who may do what; every cell is really called.

The addon's models, methods and routes are read from the registry. A new one must be
added to the tables here.
"""

from base64 import b64encode
from pkgutil import iter_modules

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

import odoo.addons.benji_connectwise.controllers as controllers

from ..tools.invoice_pdf.deliveries import note_deliveries
from ..tools.mapping.connecting import link
from .access_table import ROLES, AccessTable, People, parse
from .common import ConnectwiseCommon
from .contact_common import import_contact

ADDON = "benji_connectwise"

# ✓ may; – may not (AccessError); ! refused with a reason, whatever the right.
OPERATIONS = """
                                                                  P C B S U I R M G
connectwise.backend
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – ✓ –
    action_test_connection, sync, action_rescan                   – – – – – – – ✓ –
    action_open_number_bench                                      – – – – – – – ✓ –
    action_cancel_sync, action_remove_imported_contacts         – – – – – – – ✓ –
connectwise.backend.configure
    read, write, create, unlink, default_get                      – – – – – – – ✓ –
    action_next, action_back, action_save                         – – – – – – – ✓ –
connectwise.callback
    read                                                          – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.callback.change
    read, write, create, unlink                                   – – – – – – – – –
connectwise.callback.message
    read, write, create, unlink                                   – – – – – – – – –
connectwise.callback.settings
    read, write, create, unlink                                   – – – – – – – ✓ –
    action_switch_on                                              – – – – – – – ! –
    action_switch_off                                             – – – – – – – ✓ –
connectwise.integrations
    read, write, create, unlink                                   – – – – – – – ✓ –
    action_why, action_test_connection, action_open_settings      – – – – – – – ✓ –
    action_open_connected, action_open_conflicts                  – – – – – – – ✓ –
    action_open_not_connected                                     – – – – – – – ✓ –
connectwise.disconnect
    read, write, create, unlink                                   – – – – – – – ✓ –
    action_open_deleted_contacts, action_open_restored_contacts   – – – – – – – ✓ –
    action_open_deleted_pdfs, action_open_kept_pdfs               – – – – – – – ✓ –
    action_export_mapping, action_disconnect                      – – – – – – – ✓ –
connectwise.number.rule
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – ✓ –
invoice.pdf.source
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink, action_move_up, action_move_down       – – – – – – – ✓ –
invoice.pdf.preference
    read, write, create, unlink, action_apply                     – – – – – ✓ – ✓ –
invoice.pdf.refresh
    read, action_open                                             – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.lookup
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.delivery
    read, action_open_invoice                                     – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.held.invoice
    read, write, create, unlink                                   – – – – – – – – –
connectwise.invoice
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.company
    read, name_search                                             – – – – – ✓ ✓ ✓ –
    action_connect                                                – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.sync
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.sync.cancel
    read                                                          – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.sync.range
    read                                                          – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.sync.company
    read                                                          – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.mapping
    read, action_open_report, get_report_status                   – – – – – ✓ ✓ ✓ –
    create, unlink                                                – – – – – – – – –
    write, action_connect, connect                                – – – – – – – ✓ –
    action_ask_disconnect, action_undo_disconnect                 – – – – – – – ✓ –
    action_confirm                                                – – – – – – – ✓ –
    action_disconnect, action_rescan                              – – – – – – – ✓ –
    enable_contact, disable_contact                               – – – – – – – ✓ –
connectwise.bill.to
    read                                                          – – – – – ✓ ✓ ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.mapping.connect
    read, write, create, unlink, action_connect                   – – – – – – – ✓ –
    action_confirm                                                – – – – – – – ✓ –
connectwise.mapping.exact
    read, write, action_open, action_connect                      – – – – – – – ✓ –
    create, unlink                                                – – – – – – – – –
connectwise.mapping.exact.line
    read, unlink                                                  – – – – – – – ✓ –
    write, create                                                 – – – – – – – – –
connectwise.mapping.connect.line
    read, action_connect                                          – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.number.bench
    read, write, create, unlink, default_get                      – – – – – – – ✓ –
    action_try, action_save, action_add_proposal                  – – – – – – – ✓ –
connectwise.number.bench.line
    read, write, create, unlink                                   – – – – – – – ✓ –
connectwise.number.bench.result
    read, action_open                                             – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
connectwise.mapping.rescan
    read, write, create, unlink                                   – – – – – – – ✓ –
    action_rescan, action_preview, action_apply                   – – – – – – – ✓ –
connectwise.mapping.rescan.line
    read, action_apply                                            – – – – – – – ✓ –
    write, create, unlink                                         – – – – – – – – –
    action_close                                                  – – – – – ✓ ✓ ✓ –
account.move
    create, write                                                 – – – – – – – – –
    fields_get                                                    ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓
    action_refresh_pdf                                            – – – – – ✓ – ✓ –
    action_print_pdf                                              – ✓ ✓ – – ✓ ✓ ✓ –
    get_extra_print_items                                         – – – – – ✓ ✓ ✓ –
    button_draft                                                  – – – – – ✓ – ✓ –
account.journal
    write                                                         – – – – – – – ✓ –
account.move.send.batch.wizard
    action_send_and_print                                         – – – – – ✓ – ✓ –
res.partner
    create                                                        – – – – – – – – ✓
    write, unlink                                                 – – – – – – – – !
    action_connectwise_enable, action_connectwise_disable         – – – – – – – ✓ –
    action_open_connectwise_mapping                               – – – – – ✓ ✓ ✓ –
mail.mail
    create, write, send                                           – – – – – – – – ✓
mail.template
    send_mail_batch                                               – – – – – ✓ ✓ ✓ –
ir.actions.report
    retrieve_attachment                                           – – – – ✓ ✓ ✓ ✓ ✓
"""

# P the PDF, ✓ a page, – sent away.
ROUTES = """
                                                                  P C B S U I R M G
/my/invoices
    page                                                          – ✓ ✓ – – ✓ ✓ ✓ –
    html, html+wrong-token                                        – ✓ ✓ – – ✓ ✓ ✓ –
    pdf, download                                                 – P P – – P P P –
    pdf+wrong-token, download+wrong-token                         – P P – – P P P –
    page+token, html+token                                        ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓
    pdf+token, download+token                                     P P P P P P P P P
"""


class AccessCommon(People, ConnectwiseCommon):
    """One record of each model, and one person of each role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.backend.sync()
        cls.part = (
            cls.env["connectwise.sync.range"]
            .sudo()
            .create({"sync_id": cls.backend.sync_ids.id})
        )
        cls.mark = (
            cls.env["connectwise.sync.cancel"]
            .sudo()
            .create({"sync_id": cls.backend.sync_ids.id})
        )
        cls.staged = (
            cls.env["connectwise.sync.company"]
            .sudo()
            .create({"sync_id": cls.backend.sync_ids.id, "connectwise_ref": 1})
        )
        cls.move = cls.invoice("CW1001")
        cls.move._get_preferred_invoice_pdf()
        note_deliveries(cls.move)
        cls.delivery = (
            cls.env["connectwise.delivery"]
            .sudo()
            .search([("move_id", "=", cls.move.id)])
        )
        cls.held = (
            cls.env["connectwise.held.invoice"].sudo().create({"move_id": cls.move.id})
        )
        of_backend = {"backend_id": cls.backend.id}
        cls.callback = cls.env["connectwise.callback"].sudo().create(of_backend)
        cls.change = (
            cls.env["connectwise.callback.change"]
            .sudo()
            .create({**of_backend, "kind": "invoice", "ref": 1})
        )
        cls.message = (
            cls.env["connectwise.callback.message"]
            .sudo()
            .create({**of_backend, "message": "1"})
        )
        cls.rule = cls.env["connectwise.number.rule"].create(
            {"backend_id": cls.backend.id, "field_name": "ref"}
        )
        cls.acme = (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "connectwise_ref": 4711,
                    "name": "Acme Dental",
                    "contact_ref": 4712,
                    "contact_name": "Emma Diaz",
                    "contact_email": "emma@acme.example.com",
                }
            )
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Acme Dental", "is_company": True, "customer_rank": 1}
        )
        cls.env["connectwise.mapping"]._ensure_rows(cls.backend)
        cls.mapping = (
            cls.env["connectwise.mapping"]
            .sudo()
            .search([("partner_id", "=", cls.customer.id)])
        )
        link(cls.mapping.env, [(cls.mapping.id, cls.acme.id, "manual")])
        import_contact(cls.mapping)
        cls.people = {role: cls.new_person(role) for role in ROLES}
        Refresh = cls.env["invoice.pdf.refresh"].with_user(cls.people["manager"])
        cls.refresh = Refresh.sudo().create({})
        cls._make_customer(cls.people["customer"])
        cls.people["sibling"].partner_id.parent_id = cls.partner_a

    @classmethod
    def _make_customer(cls, user):
        cls.move.button_draft()
        user.partner_id.parent_id = cls.partner_a
        cls.move.partner_id = user.partner_id
        cls.move.action_post()
        cls.move._get_preferred_invoice_pdf()


@tagged("post_install", "-at_install")
class TestOperations(AccessTable, AccessCommon):
    """The methods and rights of the addon that a browser can reach."""

    addon = ADDON
    operations = OPERATIONS

    @property
    def context(self):
        # The dialog "+" says for which customer a company is chosen.
        return {"connectwise_mapping_id": self.mapping.id}

    def get_records(self):
        return {
            "connectwise.backend": self.backend,
            "connectwise.lookup": self.move.connectwise_lookup_ids,
            "connectwise.delivery": self.delivery,
            # Of the person who asked for it alone.
            "invoice.pdf.refresh": self.refresh,
            "connectwise.held.invoice": self.held,
            "connectwise.callback": self.callback,
            "connectwise.callback.change": self.change,
            "connectwise.callback.message": self.message,
            "connectwise.number.rule": self.rule,
            "connectwise.invoice": self.move.connectwise_lookup_ids.hit_ids,
            "connectwise.company": self.acme,
            "connectwise.mapping": self.mapping,
            "connectwise.bill.to": self.mapping.bill_to_ids,
            "connectwise.sync.range": self.part,
            "connectwise.sync.cancel": self.mark,
            "connectwise.sync.company": self.staged,
            "account.move": self.move,
            "res.partner": self.mapping.contact_id,
            "mail.mail": self.env["mail.mail"].search([], limit=1)
            or self.env["mail.mail"].create({"email_to": "emma@acme.example.com"}),
            "ir.actions.report": self.env.ref("account.account_invoices"),
            "mail.template": self.env.ref("account.email_template_edi_invoice"),
        }

    def get_values(self, model):
        Wizard = self.environment("manager")

        def new_bench():
            bench = Wizard["connectwise.number.bench"]
            return bench.create({"backend_id": self.backend.id})

        values = {
            "connectwise.backend": lambda: {"hold_hours": 12},
            "connectwise.backend.configure": lambda: {"step": "contacts"},
            "connectwise.disconnect": lambda: {"backend_id": self.backend.id},
            "invoice.pdf.source": lambda: {"source": "attachment"},
            "connectwise.number.rule": lambda: {"backend_id": self.backend.id},
            "connectwise.mapping": lambda: {"connectwise_company_id": self.acme.id},
            "mail.mail": lambda: {"email_to": "emma@acme.example.com"},
            "connectwise.mapping.connect": lambda: {
                "mapping_id": self.mapping.id,
                "connectwise_company_id": self.acme.id,
            },
            "connectwise.mapping.exact.line": lambda: {
                "wizard_id": Wizard["connectwise.mapping.exact"].sudo().create({}).id,
                "mapping_id": self.mapping.id,
                "connectwise_company_id": self.acme.id,
            },
            "connectwise.mapping.connect.line": lambda: {
                "wizard_id": self._new_connect_dialog().id,
                "connectwise_company_id": self.acme.id,
            },
            "invoice.pdf.preference": lambda: {
                "move_ids": [(6, 0, self.move.ids)],
                "source": "odoo",
            },
            "connectwise.number.bench": lambda: {"backend_id": self.backend.id},
            "connectwise.callback.settings": lambda: {"backend_id": self.backend.id},
            "connectwise.number.bench.line": lambda: {"bench_id": new_bench().id},
            "connectwise.number.bench.result": lambda: {"bench_id": new_bench().id},
            "connectwise.mapping.rescan.line": lambda: {
                "rescan_id": Wizard["connectwise.mapping.rescan"].create({}).id,
                "kind": "connected",
            },
            "account.move.send.batch.wizard": lambda: {
                "move_ids": [(6, 0, self.move.ids)]
            },
            "account.journal": lambda: {"invoice_pdf_preference": "odoo"},
            # Only the addon itself may write these.
            "account.move": lambda: {"connectwise_pdf_file": b64encode(b"%PDF-")},
            "res.partner": lambda: {"name": "Another name"},
        }
        return values.get(model, dict)()

    def _new_connect_dialog(self):
        Dialog = self.environment("manager")["connectwise.mapping.connect"]
        dialog = Dialog.create({"mapping_id": self.mapping.id})
        # Its suggestions are made now, so that they do not replace others later.
        self.assertTrue(dialog.suggestion_ids)
        return dialog

    def _prepare_action_undo_disconnect_connectwise_mapping(self):
        before = self.mapping.action_disconnect()["params"]["before"]
        return self.mapping, [before]

    def _prepare_create_connectwise_backend(self):
        values = {
            "company_id": self.company.id,
            "server_url": self.sandbox.url,
            "company_login_id": self.sandbox.company_login_id,
        }
        self.backend.unlink()
        return None, [values]

    def _prepare_action_remove_imported_contacts_connectwise_backend(self):
        self.backend.sync_contacts = False
        return self.backend, []

    def _prepare_default_get_connectwise_backend_configure(self):
        return None, [["client_id"]]

    def _prepare_default_get_connectwise_number_bench(self):
        return None, [["backend_id", "line_ids"]]

    def _prepare_action_open_connectwise_number_bench_result(self):
        return self.get_record("connectwise.number.bench.result"), ["hits"]

    def _prepare_send_mail_batch_mail_template(self):
        return self.get_record("mail.template"), [self.move.ids]

    def _prepare_retrieve_attachment_ir_actions_report(self):
        return self.get_record("ir.actions.report"), [self.move.id]

    def _prepare_connect_connectwise_mapping(self):
        return self.mapping, [self.acme.id]

    def test_dialog_belongs_to_the_person_who_opened_it(self):
        """Another administrator, even of another company, must not get the keys."""
        other = new_test_user(
            self.env, "access_other", groups="account.group_account_manager"
        )
        dialogs = [
            model
            for model, operation in parse(OPERATIONS)
            if model.startswith(("connectwise.", "invoice."))
            and self.registry[model]._transient
            and operation == "read"
        ]
        self.assertIn("connectwise.backend.configure", dialogs)
        for model in dialogs:
            dialog = self.get_record(model).with_user(other)
            for operation in ("read", "write", "unlink"):
                with self.subTest(model=model, operation=operation):
                    self.assertFalse(dialog.has_access(operation))

    def test_purchase_user_can_create_bills(self):
        """People in Purchase have no right to read what Invoicing has."""
        group = self.env["res.groups"].create({"name": "Purchase"})
        names = ("account.move", "account.move.line", "account.journal")
        names += ("account.account", "account.tax")
        self.env["ir.model.access"].create(
            [
                {
                    "name": name,
                    "model_id": self.env["ir.model"]._get_id(name),
                    "group_id": group.id,
                    "perm_read": True,
                    "perm_write": name.startswith("account.move"),
                    "perm_create": name.startswith("account.move"),
                }
                for name in names
            ]
        )
        buyer = self.people["internal"]
        buyer.group_ids += group
        bill = (
            self.env["account.move"]
            .with_user(buyer)
            .create({"move_type": "in_invoice", "partner_id": self.customer.id})
        )
        self.assertTrue(bill)

    def test_dialog_tells_nothing_about_another_company(self):
        """The rows and companies that come with the call do not matter."""
        elsewhere = self.new_odoo_company()
        other = new_test_user(
            self.env,
            "access_elsewhere",
            groups="account.group_account_manager",
            company_id=elsewhere.id,
        )
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
        }.items():
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
class TestRoutes(AccessCommon, HttpCase):
    """Each address of the addon, opened by each role."""

    def find_routes(self):
        """Return the controllers' methods that answer an address."""
        found = set()
        for module in iter_modules(controllers.__path__):
            members = vars(getattr(controllers, module.name))
            for controller in members.values():
                if getattr(controller, "__module__", "").startswith(
                    f"odoo.addons.{ADDON}."
                ):
                    found |= {
                        name
                        for name, method in vars(controller).items()
                        if hasattr(method, "original_routing")
                    }
        return found

    def test_table_lists_every_route(self):
        self.assertEqual(
            self.find_routes(), {"portal_my_invoice_detail", "receive_call"}
        )

    def test_each_role_sees_exactly_what_the_table_says(self):
        token = self.move._portal_ensure_token()
        outcome = {}
        for role, user in self.people.items():
            login = user.login if ROLES[role].groups else None
            self.authenticate(login, login)
            for (route, operation), _marks in parse(ROUTES).items():
                shown = self.open(route, operation, token)
                outcome.setdefault((route, operation), {})[role] = shown
        for row, expected in parse(ROUTES).items():
            with self.subTest(row):
                self.assertEqual(outcome[row], expected)

    def open(self, route, operation, token):
        what, _plus, how = operation.partition("+")
        options = {
            "page": [],
            "html": ["report_type=html"],
            "pdf": ["report_type=pdf"],
            "download": ["report_type=pdf", "download=true"],
        }[what]
        given = {"": [], "token": [f"access_token={token}"]}
        options += given.get(how, ["access_token=00000000-0000-0000-0000-000000000000"])
        response = self.url_open(
            f"{route}/{self.move.id}?{'&'.join(options)}", allow_redirects=False
        )
        if response.status_code != 200:
            self.assertEqual(response.status_code, 303)
            self.assertNotIn(b"%PDF", response.content)
            return "–"
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        if not response.content.startswith(b"%PDF"):
            return "✓"
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        return "P"

    def test_nothing_can_be_called_without_a_session(self):
        self.authenticate(None, None)
        for model, method in (
            ("connectwise.backend", "search_read"),
            ("connectwise.backend", "action_test_connection"),
        ):
            response = self.url_open(
                f"/web/dataset/call_kw/{model}/{method}",
                json={
                    "params": {
                        "model": model,
                        "method": method,
                        "args": [[]],
                        "kwargs": {},
                    }
                },
            )
            self.assertIn("SessionExpired", response.text)
