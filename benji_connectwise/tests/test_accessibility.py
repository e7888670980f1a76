"""Everybody can use this addon's screens: axe-core has nothing serious to say.

`scripts/setup test` installs axe-core. Without it these tests are left out.
"""

import json
import unittest
from pathlib import Path

from odoo.tests import tagged

from ..tools.mapping.bill_to_import import import_contacts
from ..tools.mapping.connecting import link
from .browser_common import BrowserCommon
from .mapping_common import MappingReportCommon

AXE = Path(__file__).parents[2] / ".local/axe/node_modules/axe-core/axe.min.js"

ODOOS_OWN = [
    ".o_list_record_selector",
    ".o_optional_columns_dropdown_toggle",
    ".o_optional_columns_dropdown",
    ".o_notebook_headers",
    ".o_select_menu",
    ".o-autocomplete",
    ".o_field_many2many_tags_email",
    ".o_field_mail_composer_attachment_selector",
    ".o_field_mail_attachments_selector",
    ".o-mail-Form-chatter",
]
"""Parts that Odoo makes, on every screen of its own too."""

CHECK = """
const wait = async (selector) => {
    for (let tries = 0; tries < 100; tries++) {
        const found = document.querySelector(selector);
        if (found) {
            return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Not found: ${selector}`);
};
const look = async (screen) => {
    // What appears slowly has too little contrast until then.
    await new Promise((resolve) => setTimeout(resolve, 700));
    const present = odoosOwn.filter((selector) => document.querySelector(selector));
    const {violations} = await axe.run({
        include: [screen],
        exclude: present.map((selector) => [selector]),
    });
    return violations
        .filter(({impact}) => ["serious", "critical"].includes(impact))
        .map(({id, nodes}) => [screen, id, nodes.map((node) => node.html)]);
};
(async () => {
    const findings = [];
    for (const [what, selector] of steps) {
        const element = await wait(selector);
        if (what === "look") {
            findings.push(...(await look(selector)));
        } else {
            element.click();
        }
    }
    if (findings.length) {
        throw new Error(JSON.stringify(findings));
    }
    console.log("test successful");
})().catch((error) => console.error(error.message));
"""


@unittest.skipUnless(AXE.exists(), "axe-core is not installed: scripts/setup test")
@tagged("post_install", "-at_install")
class TestAccessibility(MappingReportCommon, BrowserCommon):
    def check(self, url, *steps, ready=".o_action_manager > *"):
        """Open this page, and look at each of these screens.

        :param steps: ("click", selector of an element) or ("look", that of a screen)
        """
        values = {"steps": steps, "odoosOwn": ODOOS_OWN}
        constants = "".join(
            f"const {name} = {json.dumps(value)};" for name, value in values.items()
        )
        self.browser_js(
            url,
            f"{AXE.read_text()};{constants}{CHECK}",
            f"!!document.querySelector({json.dumps(ready)})",
            login=self.administrator.login,
        )

    def connect_emma(self):
        """Connect Acme to a company with a Bill-To contact; Boulder is a conflict.

        Foxtrot has an exact match.
        """
        self.read_company(9010, "Foxtrot Ltd")
        self.dental.sudo().write(
            {
                "contact_ref": 77,
                "contact_name": "Emma Diaz",
                "contact_email": "emma@dental.example",
            }
        )
        row = self.row(self.acme)
        link(row.sudo().env, [(row.id, self.dental.id, "company_name")])
        import_contacts(row.sudo())
        kind = "several_companies_same_name"
        conflict = {"kind": kind, "companies": (self.law + self.twin).ids, "rows": []}
        self.row(self.boulder).sudo().write(
            {"has_conflict": True, "conflict": conflict}
        )
        return row

    def test_report_and_its_dialogs_are_accessible(self):
        row = self.connect_emma()
        close = ("click", ".modal .btn-close")
        gone = ("look", "body:not(:has(.modal)) .o_list_view .o_content")
        steps = [("look", ".o_list_view .o_content")]
        for button in (
            "action_connect",
            "action_ask_disconnect",
            "connect_exact_matches",
            "action_rescan",
        ):
            steps += [("click", f"button[name='{button}']"), ("look", ".modal-content")]
            steps += [close, gone]
        steps += [
            ("click", ".o_switch_view.o_kanban"),
            ("look", ".o_kanban_view .o_content"),
        ]
        self.check("/odoo/customer-mapping", *steps)
        self.check(f"/odoo/connectwise.mapping/{row.id}", ("look", ".o_form_sheet_bg"))

    def test_preview_is_accessible(self):
        self.twin_in_sandbox()
        self.check(
            "/odoo/customer-mapping",
            ("click", "button[name='action_rescan']"),
            ("click", ".modal button[name='action_preview']"),
            ("look", ".o_list_view:has(button[name='action_apply']) .o_content"),
        )

    def test_integrations_and_configure_are_accessible(self):
        self.check(
            "/odoo/integrations",
            ("look", ".o_form_view .o_content"),
            ("click", ".o_connectwise_tile button.btn-primary"),
            ("look", ".modal-content"),
        )

    def test_settings_of_the_connection_are_accessible(self):
        self.check(
            f"/odoo/connectwise.backend/{self.backend.id}",
            ("look", ".o_form_sheet_bg"),
        )

    def test_priority_is_accessible(self):
        self.set_priority("connectwise", "odoo")
        action = self.env.ref("benji_connectwise.invoice_pdf_source_action")
        self.check(f"/odoo/action-{action.id}", ("look", ".o_list_view .o_content"))

    def test_why_this_pdf_and_send_are_accessible(self):
        move = self.invoice("CW1001")
        self.check(
            f"/odoo/customer-invoices/{move.id}",
            ("click", "a[name='invoice_pdf']"),
            ("look", ".o_notebook_content"),
            ("click", "button[name='action_invoice_sent']"),
            ("look", ".modal-content"),
        )

    def test_customer_and_contact_are_accessible(self):
        row = self.connect_emma()
        for partner, part in (
            (self.acme, "connectwise_connection"),
            (row.contact_id, "connectwise_contact"),
        ):
            self.check(
                f"/odoo/res.partner/{partner.id}", ("look", f"div[name='{part}']")
            )

    def test_pdf_in_the_portal_is_accessible(self):
        move = self.invoice("CW1001")
        url = move.get_portal_url(report_type="html")
        self.check(url, ("look", "#wrapwrap"), ready="#wrapwrap")
