"""Count the calls of the addon's functions during one action of a person.

The action happens in a copy of the database, with the demo's customers and invoices and
a ConnectWise sandbox. It is rolled back, so no e-mail is sent.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

from connectwise_sandbox import Sandbox
from testbed import demo_data
from testbed.databases import ADDON, prepare_template
from testbed.environment import ROOT
from testbed.in_process import odoo_in_process, transaction
from testbed.postgresql import copied_database, postgresql

DATABASE = "benji_trace"
FOLDER = f"{ROOT / ADDON}{os.sep}"
MOST_CALLED = 6

INVOICE = "CW1101"
"""An invoice that has ConnectWise's PDF."""


class Trace:
    """The calls of the addon's functions in this thread while the block runs.

    Each time a generator continues, that is a call. Comprehensions and lambdas count as
    part of the function that contains them.
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


def trace_action(env, title: str) -> None:
    """Trace one action, print what it called, and roll it back."""
    action = ACTIONS[title](env)
    env.cr.commit()
    env.invalidate_all()
    with Trace() as traced:
        action()
        env.flush_all()
    env.cr.rollback()
    calls, changes = len(traced.calls), traced.count_changes_of_file()
    print(f"{title:18}{calls:6}{changes:17}  {traced.most_called()}")


def main() -> None:
    with (
        postgresql(),
        copied_database(prepare_template(), DATABASE),
        Sandbox(**demo_data.SANDBOX) as sandbox,
        odoo_in_process(DATABASE) as registry,
    ):
        os.environ["BENJI_CONNECTWISE_LOCAL_HOSTS"] = sandbox.host
        with transaction(registry) as env:
            demo_data.fill(env, sandbox)
        with transaction(registry, "accountant") as env:
            render(find_invoice(env))  # Fetches the PDF, so that printing finds it.
            print(f"{'':18}{'calls':>6}{'changes of file':>17}  most called")
            for title in ACTIONS:
                trace_action(env, title)


if __name__ == "__main__":
    main()
