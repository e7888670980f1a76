"""A call from ConnectWise: whether it is trusted, and what is kept of it.

Each step is taken only after the one before, and nothing is asked of anybody until a
call has the token, the size, the shape and the company, and is new.
"""

import hmac
import logging

from odoo import fields
from odoo.tools import SQL

from ...lib.connectwise_client import (
    ConnectWiseError,
    SigningKeys,
    UnprovenError,
    check_key_url,
    is_signed,
    read_notice,
)
from .private_key import read
from .server_settings import get_local_hosts

_logger = logging.getLogger(__name__)

_signing_keys = {}
"""Connection → its `SigningKeys`, of this process."""


def receive(env, ref, token, read_body, signature):
    """Keep the record that a call is about, to be read by the next run.

    :param ref: of the connection, from the address that was called
    :param token: from that address
    :param read_body: called once the token is right
    :param signature: the header
    :return: whether the call is proven to be ConnectWise's
    """
    callback = _find(env, ref, token)
    if not callback:
        return False
    try:
        notice = _prove(callback, read_body(), signature)
    except ConnectWiseError as error:
        _logger.info("A call for connection %s is not believed: %s", ref, error)
        callback._note_time("last_refusal")
        return False
    callback._note_time("last_call")
    _keep(callback.backend_id, notice)
    return True


def _find(env, ref, token):
    """Return the callbacks whose token this is, sudo, or an empty record."""
    callback = env["connectwise.callback"].sudo()
    if ref.isdecimal() and len(ref) < 10:
        callback = callback.search_fetch(
            [("backend_id", "=", int(ref)), ("backend_id.active", "=", True)],
            ["backend_id", "last_call", "last_refusal"],
        )
    try:
        known = callback and read(callback)
    except ConnectWiseError:
        known = ""
    is_right = hmac.compare_digest((known or "").encode(), token.encode())
    return callback if known and is_right else callback.browse()


def _prove(callback, body, signature):
    """Return the content of a call.

    :raises UnprovenError: unless it is ConnectWise's, and new
    """
    backend, hosts = callback.backend_id, get_local_hosts()
    # Reading one field, Odoo would read all fields of the connection.
    backend.fetch(["company_login_id", "server_url", "tenant", "sync_contacts"])
    notice = read_notice(body, backend.company_login_id)
    seen = backend.env["connectwise.callback.message"]
    if seen.search_count(
        [("backend_id", "=", backend.id), ("message", "=", notice.message_id)], limit=1
    ):
        raise UnprovenError("repeated")
    check_key_url(notice.key_url, backend.server_url, backend.company_login_id, hosts)
    place = (backend.env.cr.dbname, backend.id, backend.tenant, frozenset(hosts))
    keys = _signing_keys.setdefault(place, SigningKeys(hosts))
    if not is_signed(body, signature, keys.find(notice.key_url)):
        raise UnprovenError("signed by somebody else")
    if not _insert(seen, backend_id=backend.id, message=notice.message_id):
        raise UnprovenError("repeated at the same moment")
    return notice


def _keep(backend, notice):
    """Keep type and id of a record, and have them worked off at once."""
    if notice.kind != "invoice" and not backend.sync_contacts:
        return
    changes = backend.env["connectwise.callback.change"]
    _insert(changes, backend_id=backend.id, kind=notice.kind, ref=notice.ref)
    if notice.kind == "invoice":
        backend.env["connectwise.lookup"]._trigger_prefetch()
    else:
        backend._trigger_sync(changes._get_next_sync(backend))


def _insert(model, **values):
    """Insert a row, and return whether it was missing."""
    values["create_date"] = fields.Datetime.now()
    query = SQL(
        "INSERT INTO %s (%s) VALUES %s ON CONFLICT DO NOTHING RETURNING id",
        SQL.identifier(model._table),
        SQL(", ").join(map(SQL.identifier, values)),
        tuple(values.values()),
    )
    return bool(model.env.execute_query(query))
