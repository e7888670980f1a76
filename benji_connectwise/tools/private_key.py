"""The private key: stored, read and used by these functions, and by nothing else.

No model has it, as a field or from a method: an expression in a template of an e-mail
or a report reaches every field and method of every model, by `sudo()`. It reaches no
function of a module. So the columns are the database's own, and unknown to the ORM.
"""

import os

from odoo.tools import SQL, sql

from ..lib.connectwise_client import (
    AddressError,
    Credentials,
    CredentialsError,
    is_cloud,
    is_kept_private,
    is_local,
    normalise_address,
)
from .encryption import decrypt

COLUMNS = {
    "connectwise.backend": "stored_private_key",
    "connectwise.backend.configure": "typed_private_key",
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


def read(record):
    """Return the private key that is stored with a record, "" for none.

    :raises SecretKeyError: if it cannot be decrypted
    """
    return decrypt(_read_stored(record))


def has_stored(record):
    """Return whether one is stored, legible or not."""
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

    Who may change the address must not learn the key by sending it elsewhere.

    :raises SecretKeyError: if it cannot be decrypted
    """
    return read(backend) if backend.sudo().private_key_tenant == tenant else ""


def read_of_server(address, hosts):
    """Return the private key of the server's environment, "" if it has none.

    Whoever configures types the address, so the key only goes to ConnectWise's cloud
    and to the hosts that whoever runs the server listed, and never in clear across the
    public net, which a listed host would allow.

    :param hosts: those of BENJI_CONNECTWISE_LOCAL_HOSTS
    """
    try:
        origin = normalise_address(address or "", hosts)
    except AddressError:
        return ""
    if not (is_cloud(origin) or is_local(origin, hosts)):
        return ""
    if not is_kept_private(origin):
        return ""
    return os.environ.get("BENJI_CONNECTWISE_PRIVATE_KEY", "").strip()


def get_credentials(backend):
    """Return what signs a connection's requests in.

    :raises CredentialsError: if the keys were not entered, so nothing is asked
    :raises SecretKeyError: if the private key cannot be decrypted
    """
    backend = backend.sudo()
    tenant, hosts = backend._get_tenant(), backend._get_local_hosts()
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
        backend.client_id or backend._get_server_client_id(),
    )
