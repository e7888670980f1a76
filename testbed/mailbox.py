"""A mail server that delivers nothing, and keeps the e-mails for inspection."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller

from .environment import free_port, wait_until


class Mailbox:
    """A mail server on a port of this machine, while a block runs::

        with Mailbox() as mailbox:
            smtplib.SMTP("127.0.0.1", mailbox.port).sendmail(...)
            mailbox.messages

    :param folder: where each e-mail becomes a file too
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.messages: list[EmailMessage] = []
        """The e-mails, each with its recipients in the header X-Envelope-To."""
        self.refusal = ""
        """The answer to every e-mail, for example ``550 no such user``."""
        self.tell: Callable[[str], None] = lambda event: None
        """Called with "mail" after an e-mail is kept, before the sender is answered."""
        self.port = free_port()
        self._folder = folder
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Mailbox":
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()

    def about(self, number: str) -> list[EmailMessage]:
        """Return the e-mails whose subject names this invoice."""
        return [mail for mail in self.messages if f"{number})" in f"{mail['subject']})"]

    def wait_for(self, number: str, seconds: float = 20) -> EmailMessage:
        """Wait for the e-mail about this invoice, and return it."""
        assert wait_until(lambda: self.about(number), seconds), f"no mail on {number}"
        [mail] = self.about(number)
        return mail

    # Called by aiosmtpd; a return value that begins with 4 or 5 is a refusal.

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal.startswith("5"):
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 good"

    async def handle_DATA(self, server, session, envelope):
        if self.refusal:
            return self.refusal
        message = message_from_bytes(envelope.content, policy=policy.default)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.messages.append(message)
        if self._folder:
            self._write(self._folder, envelope)
        self.tell("mail")
        return "250 kept"

    def _write(self, folder: Path, envelope) -> None:
        number = len(list(folder.glob("*.eml"))) + 1
        receiver = re.sub(r"[^\w.@-]+", "", envelope.rcpt_tos[0]) or "nobody"
        file = folder / f"{number:04} {receiver}.eml"
        file.write_bytes(envelope.original_content)


def attached_files(mail: EmailMessage) -> list[bytes]:
    """Return the attachments of an e-mail."""
    return [part.get_payload(decode=True) for part in mail.iter_attachments()]
