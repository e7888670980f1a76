"""E-mails that customers receive."""

import hashlib

import pytest
from odoo_with_demo import Odoo

from testbed.mailbox import attached_files

BATCH = [f"CW{number}" for number in (*range(1031, 1038), 1039, 1040, 1041)]
UNKNOWN = "HW2001"
SENDING = "account.ir_cron_account_move_send"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_mailed_file_is_connectwises_byte_for_byte(odoo: Odoo) -> None:
    """Odoo's e-invoicing module, which embeds files, is installed."""
    [module] = odoo.admin.call(
        "ir.module.module",
        "search_read",
        [["name", "=", "account_edi_ubl_cii"]],
        ["state"],
    )
    assert module["state"] == "installed"
    odoo.send("CW1002")
    [received] = attached_files(odoo.mailbox.wait_for("CW1002"))
    assert sha256(received) == sha256(odoo.connectwise_pdf("CW1002"))


def test_mailed_file_is_named_after_the_invoice(odoo: Odoo) -> None:
    odoo.send("CW1003")
    [part] = odoo.mailbox.wait_for("CW1003").iter_attachments()
    assert part.get_filename() == "CW1003.pdf"
    assert part.get_content_type() == "application/pdf"


@pytest.fixture(scope="module")
def batch(odoo: Odoo) -> Odoo:
    """Odoo after its scheduled action was run twice to send a batch."""
    odoo.send(*BATCH, UNKNOWN)
    for _ in range(2):
        odoo.run_scheduled_action(SENDING)
        odoo.run_scheduled_action("mail.ir_cron_mail_scheduler_action")
    return odoo


@pytest.mark.parametrize("number", BATCH)
def test_each_invoice_of_a_batch_carries_its_own_pdf(batch: Odoo, number: str) -> None:
    assert attached_files(batch.mailbox.wait_for(number)) == [
        batch.connectwise_pdf(number)
    ]


def test_invoice_unknown_to_connectwise_carries_odoos_pdf(batch: Odoo) -> None:
    [received] = attached_files(batch.mailbox.wait_for(UNKNOWN))
    assert received.startswith(b"%PDF")
    move = batch.invoice(UNKNOWN)
    [values] = batch.accountant.call(
        "account.move",
        "read",
        [move],
        ["invoice_pdf_source", "invoice_pdf_report_file"],
    )
    assert values["invoice_pdf_source"] == "odoo"
    assert values["invoice_pdf_report_file"], "Odoo's own was not kept"


def test_no_invoice_of_a_batch_is_mailed_twice(batch: Odoo) -> None:
    counts = {number: len(batch.mailbox.about(number)) for number in (*BATCH, UNKNOWN)}
    assert counts == dict.fromkeys(counts, 1)
