"""Odoo's log after the other tests; the name makes this file the last."""

import re
from base64 import b64encode

from odoo_with_demo import Odoo

ADDON = "benji_connectwise"


def test_log_contains_no_secret(odoo: Odoo) -> None:
    odoo.end_pause()
    sandbox = odoo.sandbox
    user = f"{sandbox.company_login_id}+{sandbox.public_key}"
    header = b64encode(f"{user}:{sandbox.private_key}".encode()).decode()
    assert "call_kw/connectwise.backend/action_test_connection" in odoo.log
    assert sandbox.private_key not in odoo.log
    assert header not in odoo.log


def test_log_contains_no_warning_of_the_addon(odoo: Odoo) -> None:
    """Failures of ConnectWise are told on the invoice, not in the server's log."""
    in_traceback = r"  File "
    level = r".* (?:WARNING|ERROR|CRITICAL) "
    named = re.compile(rf"^(?:{level}|{in_traceback}).*{ADDON}.*$", re.MULTILINE)
    assert named.findall(odoo.log) == []
