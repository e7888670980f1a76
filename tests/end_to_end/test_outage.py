"""ConnectWise being down or slow never blocks Odoo."""

import time
from collections.abc import Iterator

import pytest
from odoo_with_demo import Odoo

from testbed.mailbox import attached_files


@pytest.fixture
def stalling(odoo: Odoo) -> Iterator[Odoo]:
    """Odoo while ConnectWise accepts every request and answers none."""
    # The cost of each worker's first rendering has nothing to do with ConnectWise.
    for _ in range(4):
        odoo.stranger.get(odoo.portal("HW2003", report_type="pdf"))
    odoo.sandbox.fault("stall_before_headers", times=0)
    yield odoo
    odoo.sandbox.clear_faults()
    odoo.end_pause()


def seconds_to_open(odoo: Odoo, number: str) -> float:
    """Return the seconds to open an invoice in the portal, with Odoo's own PDF."""
    path = odoo.portal(number, report_type="pdf")
    start = time.monotonic()
    response = odoo.stranger.get(path)
    seconds = time.monotonic() - start
    assert response.content.startswith(b"%PDF")
    assert response.content != odoo.connectwise_pdf(number)
    return seconds


def test_stall_costs_seconds_once(stalling: Odoo) -> None:
    """It costs nothing while it is known."""
    first = seconds_to_open(stalling, "CW1050")
    second = seconds_to_open(stalling, "CW1051")
    assert first - second < 8
    assert second < 3


def test_batch_is_sent_while_connectwise_is_down(odoo: Odoo) -> None:
    """It has Odoo's own PDFs, made by Debian's wkhtmltopdf."""
    numbers = ("CW1053", "CW1054")
    odoo.sandbox.stop()
    try:
        odoo.send(*numbers)
        odoo.run_scheduled_action("account.ir_cron_account_move_send")
        odoo.run_scheduled_action("mail.ir_cron_mail_scheduler_action")
    finally:
        odoo.sandbox.start()
        odoo.end_pause()
    for number in numbers:
        [file] = attached_files(odoo.mailbox.wait_for(number))
        assert file.startswith(b"%PDF")
        assert file != odoo.connectwise_pdf(number)


def test_kept_pdf_is_served_while_connectwise_is_down(odoo: Odoo) -> None:
    path = odoo.portal("CW1052", report_type="pdf")
    odoo.stranger.get(path)
    odoo.sandbox.stop()
    try:
        response = odoo.stranger.get(path)
    finally:
        odoo.sandbox.start()
    assert response.content == odoo.connectwise_pdf("CW1052")
