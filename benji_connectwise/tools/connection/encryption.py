"""Secrets in the database: encrypted, if the server has a key for that.

`BENJI_CONNECTWISE_SECRET_KEY` holds Fernet keys, separated by commas: the first one
encrypts, each of them decrypts. To replace a key, put a new one in front and save the
secrets again; then the old key can go.
"""

import os
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ...lib.connectwise_client import SettingsError

ENCRYPTED = "fernet:"
"""An encrypted value starts with this. A secret in clear never does: encrypt() refuses
it, so that neither can be taken for the other."""


class SecretKeyError(SettingsError):
    """The server's key cannot be used for the stored or entered value.

    `reason`: `malformed` (the setting holds no Fernet keys), `undecipherable` (what is
    stored was encrypted with a key that the setting does not hold), `encrypted` (what
    was entered is an encrypted value itself).
    """


def encrypt(secret):
    """Return `secret` as it is to be stored: in clear only if there is no key.

    :raises SecretKeyError: `malformed`, `encrypted`
    """
    if secret.startswith(ENCRYPTED):
        raise SecretKeyError("An encrypted value is no secret", reason="encrypted")
    keys = _get_keys()
    return ENCRYPTED + keys[0].encrypt(secret.encode()).decode() if keys else secret


def decrypt(stored):
    """Return the secret of what encrypt() returned; "" for nothing.

    :raises SecretKeyError: `malformed`, `undecipherable`
    """
    if not stored:
        return ""
    if not stored.startswith(ENCRYPTED):
        return stored
    keys = _get_keys()
    if keys:
        token = stored.removeprefix(ENCRYPTED).encode()
        with suppress(InvalidToken):
            return MultiFernet(keys).decrypt(token).decode()
    raise SecretKeyError("Encrypted with another key", reason="undecipherable")


def _get_keys():
    """Return the Fernet keys of the environment, an empty list without any."""
    setting = os.environ.get("BENJI_CONNECTWISE_SECRET_KEY", "")
    try:
        return [Fernet(key.strip()) for key in setting.split(",") if key.strip()]
    except ValueError:
        malformed = SecretKeyError("This is no Fernet key", reason="malformed")
    # Outside of the handler: its exception may quote the key.
    raise malformed
