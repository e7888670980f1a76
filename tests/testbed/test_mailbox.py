"""The mail server of the tests and of the demo."""

import smtplib
from pathlib import Path

import pytest

from testbed.mailbox import Mailbox, attached_files

LINES = "Subject: CW1001\r\n\r\n.a line that begins with a dot\r\n..two dots\r\nend\r\n"


def send(mailbox: Mailbox, *receivers: str) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port) as smtp:
        for receiver in receivers:
            smtp.sendmail("me@acme.example", [receiver], LINES)


def test_email_becomes_a_file_with_the_same_bytes(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        send(mailbox, "you@customer.example")
    [file] = tmp_path.iterdir()
    assert file.name == "0001 you@customer.example.eml"
    assert file.read_bytes() == LINES.encode()


def test_each_email_has_a_file_of_its_own(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        send(mailbox, "a@customer.example", "a@customer.example", "../b")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "0001 a@customer.example.eml",
        "0002 a@customer.example.eml",
        "0003 ..b.eml",
    ]


@pytest.mark.parametrize("refusal", ["550 no such user", "451 come again"])
def test_refused_email_is_not_kept(refusal: str) -> None:
    with Mailbox() as mailbox:
        mailbox.refusal = refusal
        with pytest.raises(smtplib.SMTPException):
            send(mailbox, "you@customer.example")
        assert mailbox.messages == []


def test_email_about_an_invoice_is_found() -> None:
    with Mailbox() as mailbox:
        send(mailbox, "you@customer.example")
        mail = mailbox.wait_for("CW1001")
    assert mail["X-Envelope-To"] == "you@customer.example"
    assert attached_files(mail) == []
