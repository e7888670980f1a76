"""API keys and what they may do."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from werkzeug.wrappers import Request

from . import errors

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

INVOICING, COMPANIES, CONTACTS = "Invoicing", "Company Maintenance", "Contacts"
# No document names this right, so ``/system/mySecurity`` does not show it.
CALLBACKS = "Callbacks"

# {right: its module, as the role tables of public integrations name it}.
MODULES = {INVOICING: "Finance", COMPANIES: "Companies", CONTACTS: "Companies"}

ROLES = {
    "full": frozenset({INVOICING, COMPANIES, CONTACTS, CALLBACKS}),
    "no_callbacks": frozenset({INVOICING, COMPANIES, CONTACTS}),
    "pdf_only": frozenset({INVOICING}),
    "no_contacts": frozenset({INVOICING, COMPANIES}),
    "no_companies": frozenset({INVOICING, CONTACTS}),
    "no_invoices": frozenset({COMPANIES, CONTACTS}),
    "none": frozenset[str](),
}


@dataclass
class Key:
    """A pair of keys of an API member, and the member's role."""

    public_key: str
    private_key: str
    role: str

    def security(self) -> list[dict[str, str]]:
        """Return the rights as ``/system/mySecurity`` shows them (OpenAPI 2026.4)."""
        return [
            {
                "moduleFunctionName": right,
                "moduleFunctionDescription": f"{module}: {right}",
                "moduleFunctionIdentifier": right.replace(" ", ""),
                "addLevel": "None",
                "editLevel": "None",
                "deleteLevel": "None",
                "inquireLevel": "All" if right in ROLES[self.role] else "None",
            }
            for right, module in MODULES.items()
        ]


class KeyRing:
    """All keys of one ConnectWise company."""

    def __init__(self, login_id: str) -> None:
        self._login_id = login_id
        self.status_without_client_id = 403
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}

    def put(self, public_key: str, private_key: str, role: str) -> None:
        """Create a key, or replace the one with the same public key."""
        _check_role(role)
        with self._lock:
            self._keys[public_key] = Key(public_key, private_key, role)

    def change_role(self, public_key: str, role: str) -> None:
        """Give the member of an existing key another role."""
        _check_role(role)
        with self._lock:
            self._keys[public_key].role = role

    def revoke(self, public_key: str) -> None:
        """Make a key invalid."""
        with self._lock:
            del self._keys[public_key]

    def roles(self) -> dict[str, str]:
        """Return each public key with its role."""
        with self._lock:
            return {key.public_key: key.role for key in self._keys.values()}

    def authenticate(self, request: Request) -> Key:
        """Return the key that signed `request`.

        The user name is ``company+public`` (ConnectWise developer guide).

        :raises errors.ApiError: 401 for bad keys, usually 403 without a client id
        """
        given = request.authorization
        if given is None or given.type != "basic" or "+" not in (given.username or ""):
            raise errors.not_authenticated()
        login_id, _, public_key = (given.username or "").partition("+")
        with self._lock:
            key = self._keys.get(public_key)
        if (
            key is None
            or login_id.lower() != self._login_id.lower()
            or given.password != key.private_key
        ):
            raise errors.wrong_key()
        if not _GUID.fullmatch(request.headers.get("clientId", "")):
            raise errors.no_client_id(self.status_without_client_id)
        return key


def require(key: Key, right: str) -> None:
    """Raise 403 unless the role of `key` has `right`."""
    if right not in ROLES[key.role]:
        raise errors.no_permission()


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise ValueError(f"No role {role!r}; there are: {', '.join(ROLES)}.")
