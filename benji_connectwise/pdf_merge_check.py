"""Can Odoo merge this PDF? Tried out in a process of its own.

Printing several invoices merges their PDFs inside Odoo's server, where a damaged one
stops all the others, and one that unpacks to gigabytes, the server. So each is tried
once before it is kept, with limits on memory and time.
"""

import logging
import os
import subprocess  # nosec B404
import sys
import threading
from contextlib import suppress

from odoo.tools.pdf import pypdf

from . import pdf_merge_process
from .pdf_merge_process import GOOD, LENGTH_BYTES, READY

_logger = logging.getLogger(__name__)

SECONDS = 10
"""Before the process is ended; its processor time is limited by itself."""

_INHERITED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


class MergeCheck:
    """A callable that says whether a PDF can be merged; a context manager."""

    def __init__(self):
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._end()

    def __call__(self, content):
        """Return whether this PDF, bytes, can be merged within the limits.

        Where no process can be started, every PDF passes, and the log says so.
        """
        if not self._process and not self._start():
            return True
        verdict = self._ask(len(content).to_bytes(LENGTH_BYTES, "big") + content)
        if not verdict:
            # It died of this PDF; the next one deserves a new one.
            self._end()
        return verdict == GOOD

    def _start(self):
        # Nothing secret in there: it opens what came from outside.
        environment = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        try:
            self._process = subprocess.Popen(  # nosec B603
                [sys.executable, pdf_merge_process.__file__, pypdf.__file__],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            _logger.warning("PDFs are not tried out: no process", exc_info=True)
            return False
        if self._ask(b"") == READY:
            return True
        _logger.warning("PDFs are not tried out: %s does not start", sys.executable)
        self._end()
        return False

    def _ask(self, data):
        """Return the next byte of the process; empty if it ended, or was too slow."""
        timer = threading.Timer(SECONDS, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
            return self._process.stdout.read(1)
        except OSError:
            return b""
        finally:
            timer.cancel()

    def _end(self):
        process, self._process = self._process, None
        if process:
            process.kill()
            # Not communicate(), which would send what was not taken before.
            process.wait()
            process.stdout.close()
            with suppress(OSError):
                process.stdin.close()
