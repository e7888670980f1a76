"""ConnectWise being down or slow never blocks Odoo."""

from collections.abc import Iterator

import pytest
from odoo_with_demo import Odoo

from testbed.mailbox import attached_files


@pytest.fixture
def stalling(odoo: Odoo) -> Iterator[Odoo]:
    """Odoo while ConnectWise accepts one request without an answer."""
    odoo.sandbox.fault("stall_before_headers")
    yield odoo
    odoo.sandbox.clear_faults()
    odoo.end_pause()


def opens_with_odoos_pdf(odoo: Odoo, number: str) -> bool:
    response = odoo.stranger.get(odoo.portal(number, report_type="pdf"))
    assert response.content.startswith(b"%PDF")
    return response.content != odoo.connectwise_pdf(number)


def test_stall_is_waited_for_once(stalling: Odoo) -> None:
    """A second request would be answered, and bring ConnectWise's PDF."""
    assert opens_with_odoos_pdf(stalling, "CW1050")
    assert opens_with_odoos_pdf(stalling, "CW1051")
    stalling.end_pause()
    assert not opens_with_odoos_pdf(stalling, "CW1051")


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
