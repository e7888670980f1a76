"""The mail server of the demo."""

import smtplib
from pathlib import Path

from mail_folder import mail_folder

LINES = "Subject: CW1001\r\n\r\n.a line that begins with a dot\r\n..two dots\r\nend\r\n"


def test_an_email_becomes_a_file_with_the_same_bytes(tmp_path: Path) -> None:
    with mail_folder(tmp_path) as port, smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("me@acme.example", ["you@customer.example"], LINES)
    [file] = tmp_path.iterdir()
    assert file.name == "0001 you@customer.example.eml"
    assert file.read_bytes() == LINES.encode()


def test_each_email_has_a_file_of_its_own(tmp_path: Path) -> None:
    with mail_folder(tmp_path) as port, smtplib.SMTP("127.0.0.1", port) as smtp:
        for receiver in ("a@customer.example", "a@customer.example", "../b"):
            smtp.sendmail("me@acme.example", [receiver], LINES)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "0001 a@customer.example.eml",
        "0002 a@customer.example.eml",
        "0003 ..b.eml",
    ]
