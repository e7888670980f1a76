"""A key is revoked during the work, and a new one is entered later (R5)."""

import pytest
import table
from mails import invoices_to_send, wrong_mails
from odoo_server import MAIL, PREFETCH, SEND, SYNC, OdooServer
from outcome import differences, is_synchronized, outcome

pytestmark = pytest.mark.usefixtures("long_only")

NOTICES = """SELECT count(*) FROM mail_activity
              WHERE res_model = 'connectwise.backend' AND active"""


def revoke_at(odoo: OdooServer, endpoint: str, nth: int) -> None:
    """Revoke the key after so many requests of one kind."""
    sandbox = odoo.sandbox
    left = [nth]

    def tell(event: str) -> None:
        if event == endpoint:
            left[0] -= 1
            if left[0] == 0:
                sandbox.revoke_key(sandbox.public_key)

    sandbox.tell = tell


def asked_after_refusal(odoo: OdooServer) -> int:
    """Return how many requests came after the first 401 was answered."""
    log = odoo.sandbox.requests()
    refused = [
        request["time"] + request["milliseconds"] / 1000
        for request in log
        if request["status"] == 401
    ]
    return sum(request["time"] > min(refused) for request in log)


def enter_new_key(odoo: OdooServer) -> None:
    """As in the connection's form."""
    odoo.sandbox.create_key("newPublicKey", "newPrivateKey", "full")
    [person] = odoo.people("accountant", 1)
    [backend] = person.call("connectwise.backend", "search", [])
    keys = {"public_key": "newPublicKey", "private_key": "newPrivateKey"}
    person.call("connectwise.backend", "write", [backend], keys)
    person.session.close()


def wrong_in_pause(odoo: OdooServer) -> list[str]:
    """Return the mistakes after the first 401 was answered."""
    wrong = []
    asked = asked_after_refusal(odoo)
    if asked > 2:
        wrong.append(f"{asked} questions after the first refusal")
    odoo.sandbox.clear_requests()
    odoo.run_due_actions()
    if asked := len(odoo.sandbox.requests()):
        wrong.append(f"{asked} questions while it should rest")
    # After the pause the key is still refused.
    for _ in range(2):
        odoo.sandbox.clear_requests()
        odoo.run_hours_later()
        if (asked := asked_after_refusal(odoo)) > 2:
            wrong.append(f"{asked} questions after the first refusal, hours later")
    notices = odoo.value(NOTICES)
    if notices != 1:
        wrong.append(f"{notices} notices instead of one")
    return wrong


def test_synchronization_pauses_and_resumes_with_the_new_key(
    start_odoo, undisturbed, companies
) -> None:
    expected, _requests = undisturbed
    with start_odoo(workers=2, crons=2) as odoo:
        odoo.switch_on(SYNC)
        odoo.sandbox.set_latency(50)
        revoke_at(odoo, "companies", companies // 2000 + 1)
        odoo.start()
        odoo.run_due_actions()
        violations = wrong_in_pause(odoo)
        assert not is_synchronized(odoo), "the key was revoked too late"
        enter_new_key(odoo)
        odoo.run_due_actions()
        if not is_synchronized(odoo):
            violations.append("the new key did not resume it")
        violations += differences(outcome(odoo), expected)
        if left := odoo.value(NOTICES):
            violations.append(f"{left} notices left")
    table.record("R5", 1, violations, "in the middle of a synchronization")
    assert not violations, "\n".join(violations)


def test_batch_is_held_and_sent_with_the_new_key(start_odoo, batch) -> None:
    """Each invoice is sent once, with ConnectWise's PDF."""
    with start_odoo(workers=2, crons=2) as odoo:
        # One process, because two do not see each other's requests.
        odoo.switch_on(SEND, MAIL)
        odoo.query("UPDATE connectwise_backend SET missing_pdf = 'hold'")
        odoo.sandbox.set_latency(50)
        wanted = invoices_to_send(odoo)
        revoke_at(odoo, "invoice_pdf", batch // 2)
        odoo.start()
        odoo.run_due_actions()
        violations = wrong_in_pause(odoo)
        enter_new_key(odoo)
        odoo.switch_on(PREFETCH, MAIL)
        odoo.run_hours_later()
        odoo.run_hours_later()
        violations += wrong_mails(odoo, wanted)[0]
        if left := odoo.value(NOTICES):
            violations.append(f"{left} notices left")
    table.record("R5", 1, violations, f"in the middle of a batch of {batch} invoices")
    assert not violations, "\n".join(violations)
