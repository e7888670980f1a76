"""No expression in a template can read the private key.

A person who edits templates of e-mails or reports reaches each field and method of each
model through `sudo()`, and the database through `env.cr`. The stored key is encrypted,
so the database tells nothing.
"""

import os
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ConnectwiseCommon

LIMITS = "backend._get_background_limits(5)"
EXPRESSIONS = {
    "field": "backend.stored_private_key",
    "other field": "backend.private_key",
    "read": "backend.read()",
    "method": "backend._get_credentials().private_key",
    "saved": "backend._get_stored_private_key(backend.private_key_tenant)",
    "server": "backend._get_server_private_key(backend.server_url)",
    "dialog": "dialog.typed_private_key",
    "dialog's method": "dialog._get_private_key()",
    "database": "[backend.env.cr.execute('SELECT stored_private_key FROM"
    " connectwise_backend'), backend.env.cr.fetchall()]",
    "asking": f"backend._asking({LIMITS})",
    "module": "backend.sync.__func__.__globals__",
    "function": "dialog._find_private_key",
}


@tagged("post_install", "-at_install")
class TestTemplates(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = new_test_user(
            cls.env,
            "template_editor",
            groups="base.group_user,mail.group_mail_template_editor",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        key = {"BENJI_CONNECTWISE_SECRET_KEY": Fernet.generate_key().decode()}
        self.enterContext(patch.dict(os.environ, key))
        self.backend.private_key = self.sandbox.private_key
        self.dialog = self.env["connectwise.backend.configure"].create(
            {"private_key": self.sandbox.private_key}
        )
        self.partner = self.editor.partner_id

    @mute_logger(
        "odoo.addons.base.models.ir_qweb",
        "odoo.addons.mail.models.mail_render_mixin",
        "odoo.addons.mail.models.mail_template",
    )
    def render(self, expression):
        """Return the output of the editor's template, or its error."""
        places = (
            "[(backend, dialog) for backend in object.env['connectwise.backend'].sudo()"
            f".browse({self.backend.id}) for dialog in object.env["
            f"'connectwise.backend.configure'].sudo().browse({self.dialog.id})]"
        )
        body = f'<t t-set="both" t-value="{places}"/>'
        body += '<t t-set="backend" t-value="both[0][0]"/>'
        body += '<t t-set="dialog" t-value="both[0][1]"/>'
        body += f'<t t-out="{expression}"/>'
        values = {
            "name": "Curious",
            "model_id": self.env["ir.model"]._get("res.partner").id,
            "body_html": body,
        }
        try:
            template = self.env["mail.template"].with_user(self.editor).create(values)
            said = template._render_field("body_html", self.partner.ids)
        except Exception as error:
            return str(error)
        return str(said[self.partner.id])

    def test_template_reaches_the_connection(self):
        self.assertIn(self.backend.server_url, self.render("backend.server_url"))

    def test_no_expression_in_a_template_reads_the_private_key(self):
        for name, expression in EXPRESSIONS.items():
            with self.subTest(name):
                said = self.render(expression)
                self.assertNotIn(self.sandbox.private_key, said)
                self.assertNotIn("Basic ", said)

    def test_no_earlier_name_leads_to_the_private_key(self):
        for model in ("connectwise.backend", "connectwise.backend.configure"):
            for name in (
                "stored_private_key",
                "typed_private_key",
                "_get_credentials",
                "_get_stored_private_key",
                "_get_server_private_key",
                "_get_private_key",
            ):
                self.assertFalse(hasattr(self.env[model], name), name)
