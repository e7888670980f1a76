"""The private key. Only these functions store, read and use it.

They keep the token of the callbacks in the same way.

No model has it, as a field or from a method: an expression in a template of an e-mail
or a report reaches every field and method of every model, by `sudo()`. It reaches no
function of a module. So the columns are the database's own, and unknown to the ORM.
"""

import os

from odoo.exceptions import UserError
from odoo.tools import SQL, sql

from ...lib.connectwise_client import (
    AddressError,
    Credentials,
    CredentialsError,
    identify_tenant,
    is_cloud,
    is_kept_private,
    is_local,
    normalise_address,
)
from .encryption import SecretKeyError, decrypt, encrypt
from .explain import explain
from .server_settings import get_client_id, get_local_hosts

COLUMNS = {
    "connectwise.backend": "stored_private_key",
    "connectwise.backend.configure": "typed_private_key",
    "connectwise.callback": "stored_token",
}
"""Model → the column of its table."""


def create_column(model):
    if not sql.column_exists(model.env.cr, model._table, COLUMNS[model._name]):
        sql.create_column(model.env.cr, model._table, COLUMNS[model._name], "varchar")


def store(record, stored):
    """Put what encrypt() returned, or None, into the column of a record."""
    record.flush_recordset()
    record.env.cr.execute(
        SQL(
            "UPDATE %s SET %s = %s WHERE id = %s",
            SQL.identifier(record._table),
            SQL.identifier(COLUMNS[record._name]),
            stored or None,
            record.id,
        )
    )


def store_typed_key(record):
    """Encrypt and store the private key that was typed into a record.

    :return: whether one was
    :raises UserError: if it cannot be encrypted
    """
    typed = record.private_key
    if typed:
        try:
            stored = encrypt(typed)
        except SecretKeyError as error:
            raise UserError(explain(record.env, error)) from None
        store(record, stored)
    # Reading the field in the same request must not return it.
    record.invalidate_recordset(["private_key"], flush=False)
    return bool(typed)


def read(record):
    """Return the private key that is stored with a record, "" for none.

    :raises SecretKeyError: if it cannot be decrypted
    """
    return decrypt(_read_stored(record))


def has_stored(record):
    """Return whether one is stored, even if it cannot be decrypted."""
    return bool(_read_stored(record))


def _read_stored(record):
    record.flush_recordset()
    query = SQL(
        "SELECT %s FROM %s WHERE id = %s",
        SQL.identifier(COLUMNS[record._name]),
        SQL.identifier(record._table),
        record._origin.id or None,
    )
    rows = record.env.execute_query(query)
    return rows[0][0] if rows else None


def read_for_tenant(backend, tenant):
    """Return a connection's private key, "" unless it was saved for this ConnectWise.

    A person who may change the address must not learn the key by sending it elsewhere.

    :raises SecretKeyError: if it cannot be decrypted
    """
    return read(backend) if backend.sudo().private_key_tenant == tenant else ""


def read_of_server(address, hosts):
    """Return the private key of the server's environment, "" if it has none.

    A person types the address, so the key only goes to ConnectWise's cloud and to the
    hosts that the server's administrator listed, and never in clear across the public
    internet, which a listed host would allow.

    :param hosts: those of BENJI_CONNECTWISE_LOCAL_HOSTS
    """
    private_key = os.environ.get("BENJI_CONNECTWISE_PRIVATE_KEY", "").strip()
    if not private_key:
        return ""
    try:
        origin = normalise_address(address or "", hosts)
    except AddressError:
        return ""
    is_known = is_cloud(origin) or is_local(origin, hosts)
    return private_key if is_known and is_kept_private(origin) else ""


def find_for_dialog(wizard):
    """Return the server's own key, else the one that was typed, else the saved one.

    The saved one is for the saved ConnectWise only: another address must not get it,
    no matter who typed that.

    :param wizard: a `connectwise.backend.configure`
    :raises SecretKeyError: if what is stored cannot be decrypted
    """
    hosts = get_local_hosts()
    tenant = identify_tenant(wizard.server_url or "", wizard.company_login_id or "")
    return (
        read_of_server(wizard.server_url, hosts)
        or read(wizard)
        or read_for_tenant(wizard._get_backend(), tenant)
    )


def get_credentials(backend):
    """Return the credentials for a connection's requests.

    :raises CredentialsError: if the keys were not entered, so nothing is asked
    :raises SecretKeyError: if the private key cannot be decrypted
    """
    backend = backend.sudo()
    tenant, hosts = backend.tenant, get_local_hosts()
    private_key = read_of_server(backend.server_url, hosts) or read_for_tenant(
        backend, tenant
    )
    if not (backend.public_key and private_key):
        is_moved = has_stored(backend) and backend.private_key_tenant != tenant
        raise CredentialsError(
            "The keys are missing", reason="moved" if is_moved else "missing"
        )
    return Credentials(
        backend.company_login_id,
        backend.public_key,
        private_key,
        backend.client_id or get_client_id(),
    )
