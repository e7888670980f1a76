"""Secrets in the database: encrypted, where whoever runs the server gives a key.

`BENJI_CONNECTWISE_SECRET_KEY` holds Fernet keys, separated by commas: the first one
encrypts, each of them decrypts. So a key is replaced by putting a new one in front.
"""

import logging
import os

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from psycopg2 import OperationalError

from odoo.tools import SQL

from ..lib.connectwise_client import SettingsError

_logger = logging.getLogger(__name__)

ENCRYPTED = "fernet:"
"""What an encrypted value starts with. A secret in clear never does: encrypt() refuses
it, so that neither can be taken for the other."""


class SecretKeyError(SettingsError):
    """The server's key and what is stored do not fit together.

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
    return _encrypt(keys, secret) if keys else secret


def decrypt(stored):
    """Return the secret of what encrypt() returned; "" for nothing.

    :raises SecretKeyError: `malformed`, `undecipherable`
    """
    if not stored:
        return ""
    if not stored.startswith(ENCRYPTED):
        return stored
    keys, token = _get_keys(), _get_token(stored)
    if not keys or not _decrypts(MultiFernet(keys), token):
        raise SecretKeyError("Encrypted with another key", reason="undecipherable")
    return MultiFernet(keys).decrypt(token).decode()


def encrypt_stored(cr, table, column):
    """Encrypt what a column holds in clear, or under a key that is not the first.

    Runs whenever Odoo loads a database, so a key that was set, or replaced, holds from
    the server's next start on. Raises nothing: what cannot be read stays as it is.
    """
    try:
        keys = _get_keys()
    except SecretKeyError as error:
        _logger.error("BENJI_CONNECTWISE_SECRET_KEY: %s", error)
        return
    if not keys:
        return
    names = {"table": SQL.identifier(table), "column": SQL.identifier(column)}
    select = SQL("SELECT id, %(column)s FROM %(table)s WHERE %(column)s <> ''", **names)
    count = 0
    try:
        with cr.savepoint(flush=False):
            unlocked = SQL("%s FOR UPDATE SKIP LOCKED", select)
            cr.execute(unlocked, log_exceptions=False)
            for record_id, stored in cr.fetchall():
                if renewed := _renew(keys, stored):
                    update = SQL(
                        "UPDATE %(table)s SET %(column)s = %(new)s WHERE id = %(id)s",
                        **names,
                        new=renewed,
                        id=record_id,
                    )
                    cr.execute(update, log_exceptions=False)
                    count += 1
            cr.execute(select, log_exceptions=False)
            left = sum(not _is_under(keys[0], stored) for _id, stored in cr.fetchall())
    except OperationalError:
        _logger.info("Another process encrypts %s.%s at this moment", table, column)
        return
    if count or left:
        # Whoever replaces a key has to know when the old one can go.
        _logger.info(
            "BENJI_CONNECTWISE_SECRET_KEY: %s.%s: %s encrypted with the first key now,"
            " %s not yet",
            *(table, column, count, left),
        )


def _renew(keys, stored):
    """Return `stored` under the first key; None if it is already, or unreadable."""
    if stored.startswith(ENCRYPTED):
        token = _get_token(stored)
        if _decrypts(keys[0], token) or not _decrypts(MultiFernet(keys), token):
            return None
        return ENCRYPTED + MultiFernet(keys).rotate(token).decode()
    return _encrypt(keys, stored)


def _is_under(key, stored):
    return stored.startswith(ENCRYPTED) and _decrypts(key, _get_token(stored))


def _encrypt(keys, secret):
    return ENCRYPTED + keys[0].encrypt(secret.encode()).decode()


def _get_token(stored):
    return stored.removeprefix(ENCRYPTED).encode()


def _decrypts(fernet, token):
    try:
        fernet.decrypt(token)
    except InvalidToken:
        return False
    return True


def _get_keys():
    """Return the Fernet keys of the environment, an empty list without any."""
    setting = os.environ.get("BENJI_CONNECTWISE_SECRET_KEY", "")
    try:
        return [Fernet(key.strip()) for key in setting.split(",") if key.strip()]
    except ValueError:
        malformed = SecretKeyError("This is no Fernet key", reason="malformed")
    # Outside of the handler: its exception may quote the key.
    raise malformed
