"""Testing in a separate process whether Odoo can merge a PDF.

Printing several invoices merges their PDFs inside Odoo's server. One damaged PDF stops
the printing of all, and one that unpacks to gigabytes stops the server. So each PDF is
merged once before it is kept, with limits on memory and time. The same process repairs
PDFs before they are printed together.
"""

import logging
import os
import signal
import subprocess  # nosec B404
import sys
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from ...lib.connectwise_client import InvalidPdfError
from . import merge_process
from .merge_process import (
    BAD,
    GOOD,
    HELLO,
    LENGTH_BYTES,
    MEND,
    READY,
    TOO_MUCH,
    TRY,
)

_logger = logging.getLogger(__name__)


class Patience(NamedTuple):
    """What examining one PDF may cost.

    `seconds` is elapsed time. `megabytes` is the memory of the whole process; about
    300 MB of it are Odoo's library.
    """

    processor_seconds: int
    seconds: float
    megabytes: int


SHORT = Patience(3, 6, 640)
"""A person waits."""

LONG = Patience(30, 60, 1536)
"""Nobody waits."""

_START_SECONDS = 20
"""Importing Odoo's library takes about one second, and more on a busy server."""

_INHERITED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")

_OUT_OF_TIME = {-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGKILL")}
"""Return codes of a process that was killed, by its limit or from outside."""

_PROBLEMS = {
    BAD: ("unmergeable", "The PDF does not merge"),
    TOO_MUCH: ("bomb", "The PDF takes more memory than it may"),
}


_spares = {}
"""{Patience: a process that waits for the next check, and ends if there is none}."""

if hasattr(os, "register_at_fork"):  # Not on Windows, which has no forks.
    # Two processes must not read each other's answers.
    os.register_at_fork(after_in_child=_spares.clear)


class MergeCheck:
    """A context manager for the process, which examines any number of PDFs.

    The process starts on entering, so that it is ready when the first PDF arrives.
    Starting takes most of a second, so one that did nothing wrong is kept for a minute
    for the next check.
    """

    def __init__(self, patience=SHORT):
        self._patience = patience
        self._process = None
        self._is_good = False
        self._is_slow = False

    def __enter__(self):
        self._process = _spares.pop(self._patience, None)
        self._is_good = bool(self._process)
        if not self._process:
            self._start()
        return self

    def __exit__(self, *_error):
        if self._is_good and self._patience not in _spares:
            _spares[self._patience] = self._process
        else:
            self._end()

    def examine(self, content, seconds=float("inf")):
        """Merge a PDF within the limits, and discard the result.

        If no process can be started, every PDF passes, and the log says so.

        :param content: the PDF, bytes
        :param seconds: how long the caller can wait
        :raises InvalidPdfError: with the reason `unmergeable`, `bomb` or `too_slow`;
            a PDF that was too slow may be good and is tried again
        """
        self._ask(TRY, content, seconds)

    def mend(self, content, seconds=float("inf")):
        """Return a PDF, bytes, repaired so that it can be merged with others.

        The parameters and errors are those of `examine`.
        """
        return self._ask(MEND, content, seconds)

    def _ask(self, question, content, seconds):
        end = time.monotonic() + seconds
        if not self._get_ready(end):
            return content
        was_good, self._is_good = self._is_good, False
        length = len(content).to_bytes(LENGTH_BYTES, "big")
        left = min(self._patience.seconds, end - time.monotonic())
        verdict, mended = self._exchange(question, length, content, seconds=left)
        if verdict == GOOD:
            self._is_good = True
            return mended
        is_slow = not verdict and self._has_run_out_of_time()
        if was_good and not is_slow:
            # The PDFs before this one may have left too little memory.
            self._end()
            return self._ask(question, content, end - time.monotonic())
        if verdict:
            reason, problem = _PROBLEMS[verdict]
            raise InvalidPdfError(problem, reason=reason)
        # This PDF ended the process. The next PDF starts another.
        self._end()
        if is_slow:
            raise _too_slow()
        raise InvalidPdfError("The PDF crashes its reader", reason="unmergeable")

    def _start(self):
        # No secrets in its environment: the process opens files from outside.
        environment = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        limits = (self._patience.processor_seconds, self._patience.megabytes)
        try:
            self._process = subprocess.Popen(  # nosec B603
                [sys.executable, merge_process.__file__, *map(str, limits)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            _logger.warning("PDFs are not examined: no process", exc_info=True)

    def _get_ready(self, end):
        """Return whether a process is ready, starting one if necessary.

        :raises InvalidPdfError: `too_slow`
        """
        for _attempt in range(2):
            left = min(_START_SECONDS, end - time.monotonic())
            if left <= 0:
                raise _too_slow()
            if not self._process:
                self._start()
            if not self._process:
                return False
            if self._exchange(HELLO, seconds=left)[0] == READY:
                return True
            # One that waited for long has ended.
            was_slow = self._is_slow
            self._end()
            if was_slow:
                raise _too_slow()
        _logger.warning("PDFs are not examined: %s does not start", sys.executable)
        return False

    def _exchange(self, question, *parts, seconds):
        """Send parts to the process and read its answer.

        :return: (verdict, mended PDF); the verdict is b"" if the process ended
        """
        self._is_slow = False
        timer = threading.Timer(max(seconds, 0), self._give_up)
        output = self._process.stdout
        try:
            timer.start()
            for part in (question, *parts):
                self._process.stdin.write(part)
            self._process.stdin.flush()
            verdict, content = output.read(1), b""
            if verdict == GOOD and question == MEND:
                length = int.from_bytes(output.read(LENGTH_BYTES), "big")
                content = output.read(length)
                verdict = verdict if len(content) == length else b""
            return verdict, content
        except (OSError, RuntimeError):  # The latter if no thread is left.
            return b"", b""
        finally:
            timer.cancel()

    def _give_up(self):
        self._is_slow = True
        self._process.kill()

    def _has_run_out_of_time(self):
        """Whether the process, which ended, was killed for the time that it took."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._is_slow or self._process.poll() in _OUT_OF_TIME

    def _end(self):
        process, self._process, self._is_good = self._process, None, False
        if process:
            process.kill()
            # communicate() would first send the input that is still buffered.
            process.wait()
            process.stdout.close()
            with suppress(OSError):
                process.stdin.close()


def _too_slow():
    return InvalidPdfError("Examining the PDF took too long", reason="too_slow")
