"""A connection that ConnectWise calls, and the calls as they are posted."""

import json
import re
from urllib.parse import urlsplit

from odoo.tests import HttpCase

from ..tools.connection import receiving
from ..tools.connection.callbacks import switch_on
from .common import ConnectwiseCommon


class CallbackCommon(ConnectwiseCommon, HttpCase):
    """Company 1's ConnectWise calls about companies, contacts and invoices.

    Odoo itself is only reachable as one of the listed hosts, as the sandbox is.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.odoo_host = urlsplit(cls.base_url()).netloc
        cls._allow_local_host(f"{cls.sandbox.host},{cls.odoo_host}")
        cls.env["ir.config_parameter"].set_param("web.base.url", cls.base_url())
        cls.backend.sync_contacts = True

    def setUp(self):
        super().setUp()
        receiving._signing_keys.clear()
        switch_on(self.backend)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.sandbox.clear_requests()

    @property
    def callback(self):
        return self.env["connectwise.callback"].search(
            [("backend_id", "=", self.backend.id)]
        )

    def run_action(self, name):
        action = self.env.ref(f"benji_connectwise.{name}")
        action.sudo().method_direct_trigger()
        self.env.invalidate_all()

    def entry(self, kind="company"):
        """Return ConnectWise's entry about these records, with the whole address."""
        [entry] = [e for e in self.sandbox.callbacks.entries() if e["type"] == kind]
        return entry

    def body(self, kind="company", ref=1001, **changes):
        """Return what ConnectWise posts about a record."""
        body = self.sandbox.callbacks.body(self.entry(kind), {"id": ref}, "updated")
        return json.dumps(json.loads(body) | changes).encode()

    def post(self, body, signature=None, url=None, method="POST", **headers):
        """Call Odoo; signed by ConnectWise unless there is another signature."""
        if signature is None:
            signature = self.sandbox.callbacks.sign(body)
        url = url or f"{self.entry()['url']}1001&action=updated"
        return self.url_open(
            url,
            data=body,
            method=method,
            headers={
                "Content-Type": "application/json",
                "x-content-signature": signature,
                **headers,
            },
        )

    @property
    def changes(self):
        changes = self.env["connectwise.callback.change"].sudo()
        return changes.search([], order="kind, ref")

    def called_about(self):
        return [(change.kind, change.ref) for change in self.changes]

    def replace_token(self, token):
        return re.sub(r"(?<=/)[^/?]+(?=\?)", token, self.entry()["url"])

    def assertRefused(self, response):
        self.assertEqual((response.status_code, response.content), (404, b""))
        self.assertEqual(self.called_about(), [])
