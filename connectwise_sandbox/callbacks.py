"""Callbacks: registering them, and calling when a record changes.

They follow the ConnectWise developer guide and recorded calls.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from . import defaults, errors

KINDS = {"companies": "company", "contacts": "contact", "invoices": "invoice"}
LEVELS = {
    "company": ("owner", "status", "type", "territory", "company", "integratortag"),
    "contact": ("owner", "type", "territory", "company", "contact"),
    "invoice": ("owner", "status", "company", "invoice"),
}
MANNERS = (
    "signed",
    "unsigned",
    "wrongly_signed",
    "repeated",
    "late",
    "out_of_order",
    "foreign_key",
)
"""How it calls: ``late`` waits for some seconds first, ``out_of_order`` sends two calls
the other way round, ``foreign_key`` names the address of a key on another host."""

REPEATED_FOR = (404, 409, 419, 429)
SECONDS_TO_ANSWER = 5
FAILURES = 3
"""Failed calls in a row after which a callback is switched off. ConnectWise waits for
three days of them."""

_FOREIGN = "https://keys.connectwise.example"


class Callbacks:
    """The callbacks of one ConnectWise, and the thread that calls."""

    def __init__(self) -> None:
        self.manner = "signed"
        self.seconds = 0.0
        self.pauses: tuple[float, ...] = (2, 4)
        """Seconds before a refused call is repeated (developer guide)."""
        self.log: list[dict[str, Any]] = []
        self._entries: dict[int, dict[str, Any]] = {}
        self._failures: dict[int, int] = {}
        self._keys: dict[str, str] = {}
        self._key_id = ""
        self._jobs: list[tuple[dict[str, Any], bytes, str]] = []
        self._busy = 0
        self._ended = False
        self._changed = threading.Condition()
        self.change_key()

    # Registering, as the API does it

    def entries(self) -> list[dict[str, Any]]:
        """Return all callbacks, in the order of their ids."""
        with self._changed:
            return [dict(entry) for _, entry in sorted(self._entries.items())]

    def add(self, values: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Register a callback; `origin` is where this ConnectWise was reached.

        :raises errors.ApiError: 400
        """
        kind, level = values.get("type"), values.get("level")
        if kind not in LEVELS or level not in LEVELS[kind]:
            raise errors.bad_callback("The type or level is invalid.", "type")
        if not str(values.get("url", "")).startswith(("http://", "https://")):
            raise errors.bad_callback("The url is invalid.", "url")
        entry = {
            "url": values["url"],
            "objectId": values.get("objectId"),
            "type": kind,
            "level": level,
            "memberId": 243,
            "payloadVersion": "3.0.0",
            "inactiveFlag": bool(values.get("inactiveFlag")),
            "isSelfSuppressedFlag": bool(values.get("isSelfSuppressedFlag")),
        }
        same = ("url", "objectId", "type", "level")
        with self._changed:
            if any(
                all(other[name] == entry[name] for name in same)
                for other in self._entries.values()
            ):
                raise errors.bad_callback(
                    "A matching callback entry already exists", "objectId"
                )
            number = max(self._entries, default=26558) + 1
            self._entries[number] = {"id": number, **entry, "_origin": origin}
            return {"id": number, **entry}

    def remove(self, number: int) -> None:
        """Delete a callback.

        :raises errors.ApiError: 404 for no such callback
        """
        with self._changed:
            if self._entries.pop(number, None) is None:
                raise errors.not_found("Callback", number)

    def switch_off(self, number: int) -> None:
        """Make a callback inactive, as ConnectWise does after days of failures."""
        with self._changed:
            self._entries[number]["inactiveFlag"] = True

    # The signing key

    def change_key(self) -> None:
        """Sign with another key from now on, which is at another address."""
        self._key_id = str(uuid.uuid4())
        self._keys[self._key_id] = secrets.token_urlsafe(32)

    def signing_key(self, key_id: str) -> str | None:
        """Return the key with this id."""
        return self._keys.get(key_id)

    # Calling

    def note(self, table: str, record: Mapping[str, Any], action: str) -> None:
        """Call about a record; `action` is ``added``, ``updated`` or ``deleted``."""
        kind = KINDS[table]
        with self._changed:
            wanted = [
                dict(entry)
                for entry in self._entries.values()
                if entry["type"] == kind and not entry["inactiveFlag"]
            ]
        for entry in wanted:
            self.call(entry, self.body(entry, record, action), int(record["id"]))

    def body(
        self, entry: Mapping[str, Any], record: Mapping[str, Any], action: str
    ) -> bytes:
        """Return the body of a call about a record."""
        kept = {key: v for key, v in record.items() if key != "communicationItems"}
        origin = _FOREIGN if self.manner == "foreign_key" else entry["_origin"]
        page = f"{defaults.FIXED_CODEBASE}/system/callbackkey/index.rails"
        query = f"companyName={defaults.COMPANY_LOGIN_ID}&id={self._key_id}"
        data = {
            "Action": action,
            "CallbackObjectRecId": entry["id"],
            "CompanyId": defaults.COMPANY_LOGIN_ID,
            "Entity": None if action == "deleted" else json.dumps(kept),
            "FromUrl": urlsplit(entry["_origin"]).netloc,
            "ID": record["id"],
            "MemberId": "zAdmin",
            "MessageId": str(uuid.uuid4()),
            "Metadata": {"key_url": f"{origin}/{page}?{query}"},
            "PartnerId": "61ddc2817bcddc0001c74208",
            "ProductInstanceId": "639c96cab2eb560001dd1324",
            "Type": entry["type"],
        }
        return json.dumps(data).encode()

    def sign(self, body: bytes) -> str:
        """Return the header ``x-content-signature`` for a body."""
        key = hashlib.sha256(self._keys[self._key_id].encode()).digest()
        return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()

    def call(self, entry: dict[str, Any], body: bytes, number: int) -> None:
        """Call about a record in the background, in the present manner."""
        signature = self.sign(body)
        if self.manner == "unsigned":
            signature = ""
        elif self.manner == "wrongly_signed":
            signature = self.sign(body + b" ")
        entry = {**entry, "_number": number, "_action": json.loads(body)["Action"]}
        jobs = [(entry, body, signature)] * (2 if self.manner == "repeated" else 1)
        with self._changed:
            self._jobs += jobs
            self._busy += len(jobs)
            if self._busy == len(jobs):
                threading.Thread(target=self._work, daemon=True).start()

    def wait(self, seconds: float = 30) -> bool:
        """Wait until all calls were made; return whether that was within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, seconds)

    def end(self) -> None:
        """Stop calling."""
        with self._changed:
            self._ended = True
            self._busy -= len(self._jobs)
            self._jobs.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            if self.manner == "late":
                self._pause(self.seconds)
            with self._changed:
                if self.manner == "out_of_order" and self._jobs:
                    self._changed.wait_for(lambda: len(self._jobs) > 1, self.seconds)
                    self._jobs.reverse()
                if not self._jobs:
                    return
                entry, body, signature = self._jobs.pop(0)
            try:
                self._call_until_answered(entry, body, signature)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)

    def _call_until_answered(
        self, entry: Mapping[str, Any], body: bytes, signature: str
    ) -> None:
        for pause in (*self.pauses, None):
            status = _post(entry, body, signature)
            self.log.append(
                {
                    "type": entry["type"],
                    "id": entry["_number"],
                    "status": status,
                    "time": time.time(),
                }
            )
            if status not in REPEATED_FOR or pause is None or self._ended:
                break
            self._pause(pause)
        with self._changed:
            failures = self._failures.get(entry["id"], 0) + 1
            self._failures[entry["id"]] = 0 if 200 <= status < 300 else failures
            known = self._entries.get(entry["id"])
            if known and self._failures[entry["id"]] >= FAILURES:
                known["inactiveFlag"] = True


def _post(entry: Mapping[str, Any], body: bytes, signature: str) -> int:
    """Post a call; return the status of the answer, or 0 without one."""
    # The record's id and the action come last; neither is signed.
    url = urlsplit(f"{entry['url']}{entry['_number']}&action={entry['_action']}")
    kind = (
        http.client.HTTPSConnection
        if url.scheme == "https"
        else http.client.HTTPConnection
    )
    connection = kind(url.netloc, timeout=SECONDS_TO_ANSWER)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if signature:
        headers["x-content-signature"] = signature
    try:
        connection.request("POST", f"{url.path}?{url.query}", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
