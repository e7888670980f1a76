"""A table of who may do what; every cell is really called.

The addon's models and methods are read from the registry. A new one must be added to
the table here.
"""

from base64 import b64encode

from odoo.tests import new_test_user, tagged

from .access_common import AccessCommon
from .access_table import AccessTable, parse

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
    read                                                          – – – – – ✓ ✓ ✓ –
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


@tagged("post_install", "-at_install")
class TestOperations(AccessTable, AccessCommon):
    """The methods and rights of the addon that a browser can reach."""

    addon = "benji_connectwise"
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
