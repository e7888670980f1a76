"""Requests to one tenant: where its API is, how long to wait, whether to retry."""

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from . import const
from .address import identify_tenant, is_cloud, is_local, normalise_address
from .decipher import decipher_error, retry_delay
from .errors import (
    AddressError,
    BadAnswerError,
    ConnectWiseError,
    CredentialsError,
    DeadlineError,
    NetworkError,
    RateLimitError,
    WaitError,
)
from .protocol import (
    Answer,
    Credentials,
    Request,
    create_headers,
    discovery_url,
    parse_codebase,
    parse_json,
    read_company_info,
)
from .transport import Call, Resolve, Transport

_logger: Final = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Runtime:
    """Everything that depends on the machine; tests replace it.

    ``clock`` counts seconds, ``now`` tells the time (with a zone), ``jitter`` returns
    a number between 0 and 1, ``resolve`` is ``socket.getaddrinfo``. ``ca_bundle`` is
    a file of the certificate authorities to trust, ``None`` for the default ones.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _utc_now
    jitter: Callable[[], float] = random.random
    resolve: Resolve = socket.getaddrinfo
    ca_bundle: str | None = None


@dataclass(frozen=True)
class _Question:
    """A URL, and how to request it: without the keys if ``right`` is empty."""

    url: str
    path: str
    right: str
    accept: str
    seconds: float
    max_bytes: int
    method: str = "GET"
    body: bytes = b""


def _use(
    credentials: Credentials,
    origin: str,
    transport: Transport,
    now: Callable[[], datetime],
) -> tuple[
    Callable[[], None],
    Callable[[Call, _Question], Answer],
    Callable[[Answer, _Question], ConnectWiseError],
]:
    """Return the functions that need the credentials.

    Only these functions hold the credentials. An expression in a template may get hold
    of a client, but none of its attributes leads to them, and they are sent to no other
    server.
    """

    def check() -> None:
        create_headers(credentials, "")

    def send(call: Call, question: _Question) -> Answer:
        headers = {"Accept": question.accept}
        if question.right:
            has_body = bool(question.body)
            headers = create_headers(credentials, question.accept, has_body)
        if not call.url.startswith(f"{origin}/"):
            raise ValueError("The keys are for another server")
        return transport.send(call, headers)

    def decipher(answer: Answer, question: _Question) -> ConnectWiseError:
        return decipher_error(
            answer, question.path, question.right, credentials.secrets, now()
        )

    return check, send, decipher


class Session:
    """One API member at one tenant. Safe to use from several threads.

    Once ConnectWise has refused the keys, or asked for a longer pause than the limits
    allow, nothing more is sent: further requests would only make it worse.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        limits: const.Limits,
        local_hosts: Collection[str],
        codebase: str | None,
        max_pdf_bytes: int,
        runtime: Runtime,
    ) -> None:
        self.origin = normalise_address(address, local_hosts)
        self.codebase = parse_codebase(codebase)
        self.request_count = 0
        self.throttled_count = 0
        self.server_version = ""
        self.company_login_id = credentials.company_login_id
        self.tenant = identify_tenant(address, self.company_login_id)
        self._limits = limits
        self._max_pdf_bytes = max_pdf_bytes
        self._runtime = runtime
        self._transport = Transport(
            is_local(self.origin, local_hosts), runtime.resolve, runtime.ca_bundle
        )
        self._check_client_id, self._send, self._decipher = _use(
            credentials, self.origin, self._transport, runtime.now
        )
        self._lock = threading.Lock()  # for the numbers
        self._end: float | None = None
        self._resume_at = runtime.clock()
        self._refusal: CredentialsError | None = None
        self._discovery_lock = threading.Lock()
        self._rediscovered = False

    def close(self) -> None:
        """Close all connections, which ends requests in progress."""
        self._transport.close()

    # -- The codebase -----------------------------------------------------------

    def call(self, request: Request) -> Answer:
        """Return the answer to a request that succeeded.

        The cloud's codebase changes with each upgrade. So if the path does not exist,
        the codebase is looked up once more before that is believed.
        """
        codebase = self.known_codebase()
        try:
            return self._ask(self._question(request, codebase))
        except AddressError as error:
            if error.reason not in ("no_api", "cannot_route"):
                raise
            moved = self._moved_codebase(codebase)
            if moved is None:
                raise
        return self._ask(self._question(request, moved))

    def known_codebase(self) -> str:
        """Return the codebase; looks it up the first time."""
        with self._discovery_lock:
            if self.codebase is None:
                self.codebase = self._discover()
            return self.codebase

    def _moved_codebase(self, used: str) -> str | None:
        """Return the new codebase if it has changed, else ``None``."""
        with self._discovery_lock:
            if self.codebase == used and not self._rediscovered:
                self._rediscovered = True
                self.codebase = self._discover()
            return None if self.codebase == used else self.codebase

    def _discover(self) -> str:
        company = self.company_login_id.strip()
        question = _Question(
            url=discovery_url(self.origin, company),
            path=const.DISCOVERY_PATH,
            right="",
            accept="application/json",
            seconds=self._limits.answer,
            max_bytes=const.MAX_JSON_BYTES,
        )
        try:
            data = parse_json(self._ask(question), question.path)
        except (AddressError, BadAnswerError) as error:
            # An on-premise server may hide its login pages from the internet.
            is_hidden = error.reason in ("no_api", "html", "blocked")
            if is_hidden and not is_cloud(self.origin):
                return const.DEFAULT_CODEBASE
            raise
        return read_company_info(data, company)

    def _question(self, request: Request, codebase: str) -> _Question:
        self._check_client_id()
        is_pdf = request.accept == const.ACCEPT_PDF
        return _Question(
            url=request.url(self.origin, codebase),
            path=request.path,
            right=request.right,
            accept=request.accept,
            seconds=self._limits.pdf if is_pdf else self._limits.answer,
            max_bytes=self._max_pdf_bytes if is_pdf else const.MAX_JSON_BYTES,
            method=request.method,
            body=request.body,
        )

    # -- Attempts ---------------------------------------------------------------

    def _ask(self, question: _Question) -> Answer:
        attempt, paused = 0, 0.0
        while True:
            attempt += 1
            self._hold_back(question)
            try:
                return self._ask_once(question)
            except WaitError as error:
                delay = retry_delay(
                    error, attempt, paused, self._limits, self._runtime.jitter()
                )
                if isinstance(error, RateLimitError):
                    self._note_rate_limit(error)
                # A request that changes something may have done so before it failed.
                if question.method != "GET":
                    raise
                if delay is None or delay >= self.seconds_left():
                    raise
                if error.retry_after is not None:
                    paused += delay
            except CredentialsError as error:
                self._refusal = error
                raise
            self._runtime.sleep(delay)

    def _hold_back(self, question: _Question) -> None:
        """Raise or sleep if an earlier answer, in any thread, makes a request
        futile."""
        # Checked again after each pause: other threads may have had answers since.
        while True:
            if self._refusal is not None:
                raise CredentialsError(
                    "The keys were refused before",
                    status=self._refusal.status,
                    path=question.path,
                    code=self._refusal.code,
                    detail=self._refusal.detail,
                )
            pause = self._resume_at - self._runtime.clock()
            if pause <= 0:
                return
            if pause > self._limits.longest_sleep or pause >= self.seconds_left():
                raise RateLimitError(
                    f"{question.path}: not sent, ConnectWise asked for a pause",
                    retry_after=pause,
                    path=question.path,
                )
            self._runtime.sleep(pause)

    def _note_rate_limit(self, error: RateLimitError) -> None:
        with self._lock:
            self.throttled_count += 1
            resume_at = self._runtime.clock() + error.retry_after
            self._resume_at = max(self._resume_at, resume_at)

    def seconds_left(self) -> float:
        """Return the rest of the total time, which starts with the first call."""
        total = self._limits.total
        if total is None:
            return float("inf")
        with self._lock:
            now = self._runtime.clock()
            if self._end is None:
                self._end = now + total
            return self._end - now

    def _ask_once(self, question: _Question) -> Answer:
        left = self.seconds_left()
        if left <= 0:
            raise _out_of_time(question)
        with self._lock:
            self.request_count += 1
        seconds = min(question.seconds, left)
        call = Call(
            url=question.url,
            connect=min(self._limits.connect, seconds),
            seconds=seconds,
            max_bytes=question.max_bytes,
            method=question.method,
            body=question.body,
        )
        started = self._runtime.clock()
        outcome: object = "no answer"
        try:
            answer = self._send(call, question)
            outcome = answer.status
        except ConnectWiseError as error:
            error.path = question.path
            outcome = f"{type(error).__name__} {error.reason}"
            timed_out = isinstance(error, NetworkError) and error.reason == "timeout"
            if timed_out and left <= question.seconds:
                raise _out_of_time(question, reason="timeout") from None
            raise
        finally:
            duration = self._runtime.clock() - started
            expected = const.SUCCESS[question.method]
            level = logging.DEBUG if outcome in expected else logging.INFO
            method, path = question.method, question.path
            _logger.log(level, "%s %s: %s in %.3f s", method, path, outcome, duration)
        version = answer.headers.get(const.VERSION_HEADER, "")
        self.server_version = version[: const.MAX_HEADER_LENGTH]
        if answer.status not in expected:
            raise self._decipher(answer, question)
        return answer


def _out_of_time(question: _Question, reason: str = "") -> DeadlineError:
    return DeadlineError(
        f"{question.path}: no time left",
        transient=False,
        reason=reason,
        path=question.path,
    )
