"""A table of who sees what at which address; every cell is really opened.

The addon's routes are read from its controllers. A new one must be added to the table.
"""

from pkgutil import iter_modules

from odoo.tests import HttpCase, tagged

import odoo.addons.benji_connectwise.controllers as controllers

from .access_common import AccessCommon
from .access_table import ROLES, parse

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
                    "odoo.addons.benji_connectwise."
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
