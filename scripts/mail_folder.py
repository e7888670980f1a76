"""A mail server that delivers nothing: each e-mail becomes a file in a folder."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mail_folder(folder: Path) -> Iterator[int]:
    """Accept e-mails while the block runs; yields the port, of this machine only."""
    folder.mkdir(parents=True, exist_ok=True)
    with _Server(folder) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class _Session(socketserver.StreamRequestHandler):
    """One SMTP conversation, as far as Odoo leads one (RFC 5321)."""

    server: "_Server"

    def handle(self) -> None:
        self._say("220 mail folder")
        receiver = ""
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].strip().upper()
            if verb == b"EHLO":
                self._say("250-mail folder\r\n250 8BITMIME")
            elif verb == b"DATA":
                self._say("354 go on")
                self.server.keep(receiver, self._read_message())
                self._say("250 kept")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                if verb == b"RCPT":
                    receiver = line.decode(errors="replace").partition(":")[2]
                self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _read_message(self) -> bytes:
        lines = []
        for line in iter(self.rfile.readline, b""):
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self._folder = folder
        self._lock = threading.Lock()

    def keep(self, receiver: str, message: bytes) -> None:
        with self._lock:
            number = len(list(self._folder.glob("*.eml"))) + 1
            name = re.sub(r"[^\w.@-]+", "", receiver) or "nobody"
            (self._folder / f"{number:04} {name}.eml").write_bytes(message)
