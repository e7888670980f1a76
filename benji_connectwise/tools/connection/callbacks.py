"""Callbacks: having ConnectWise call when something changes, and ending that.

ConnectWise keeps a list of the addresses it calls. An entry of it is ours if it leads
to this connection in this Odoo, or holds our token; those of others are left alone.
"""

import logging
import secrets
from contextlib import contextmanager
from urllib.parse import urlsplit

from odoo.exceptions import UserError

from ...lib.connectwise_client import (
    AddressError,
    ConnectWiseClient,
    ConnectWiseError,
    is_local,
    normalise_address,
)
from ...lib.connectwise_client.const import (
    CALLBACK_KINDS,
    CALLBACK_LEVEL,
    CALLBACK_OBJECT,
    CALLBACK_URL_END,
)
from .checking import LIMITS
from .encryption import encrypt
from .explain import explain, explain_stored, serialize_error
from .private_key import get_credentials, read, store
from .server_settings import get_local_hosts

_logger = logging.getLogger(__name__)

PATH = "/connectwise/callback"
"""+ id of the connection + token"""

NOT_PUBLIC = (".local", ".localhost", ".internal", ".lan", ".test")
"""Ends of host names that mean nothing on the public net."""


def find_obstacle(env):
    """Return why ConnectWise cannot call this Odoo, for `explain_stored`, or None."""
    url, hosts = _get_base(env), get_local_hosts()
    obstacle = {"kind": "not_public", "url": url}
    try:
        origin = normalise_address(url, hosts)
    except AddressError:
        return obstacle
    host = urlsplit(origin).hostname
    is_public = "." in host and not host.endswith(NOT_PUBLIC)
    return None if is_public or is_local(origin, hosts) else obstacle


def switch_on(backend):
    """Have ConnectWise call, or have it call another address than before.

    :raises AccessError: unless the user may change the connection
    :raises UserError: if that fails
    """
    backend.ensure_one()
    backend.check_access("write")
    env, backend = backend.env, backend.sudo()
    if not backend._is_pdf_source():
        raise UserError(
            env._("The connection was not tested yet: use Test Connection.")
        )
    if obstacle := find_obstacle(env):
        raise UserError(explain_stored(env, obstacle))
    # The present one may have been copied with the database.
    _find(backend).unlink()
    callback = _find(backend).create({"backend_id": backend.id})
    try:
        store(callback, encrypt(secrets.token_urlsafe(32)))
        _register(callback)
    except ConnectWiseError as error:
        raise UserError(explain(env, error)) from error


def switch_off(backend):
    """Have ConnectWise stop calling.

    :return: why that failed, or False; its calls are refused anyway
    :raises AccessError: unless the user may change the connection
    """
    backend.ensure_one()
    backend.check_access("write")
    error = None
    for callback in _find(backend.sudo()):
        error = _prepare_removal(callback)()
        callback.unlink()
    return error and explain(backend.env, error)


def repair(callback):
    """Correct ConnectWise's list; a failure is stored, and nothing is raised.

    The callbacks of a copied database end: they are those of the other database.
    """
    if callback._is_of_copied_database():
        callback.unlink()
        return
    backend = callback.backend_id
    if not backend._is_pdf_source() or backend._is_resting():
        return
    failure = find_obstacle(callback.env)
    if not failure and (error := _try(lambda: _register(callback))):
        failure = serialize_error(error)
    if callback.failure != (failure or False):
        callback.failure = failure


def remove_all(env):
    """Have ConnectWise stop calling, for all connections, if it answers."""
    for callback in env["connectwise.callback"].sudo().search([]):
        _prepare_removal(callback)()


@contextmanager
def removing_callbacks(backends, vals=None):
    """Take back the callbacks of connections that this block ends or moves.

    ConnectWise is told after the commit, with the keys from before; if it does not
    answer, its calls are refused, and after days of that it calls no more.

    :param vals: what the block writes; None if it deletes
    """
    if vals is not None and not vals.keys() & {
        "active",
        "server_url",
        "company_login_id",
    }:
        yield
        return
    callbacks = backends.env["connectwise.callback"].sudo()
    callbacks = callbacks.search([("backend_id", "in", backends.ids)])
    before = [
        (callback.backend_id, callback.backend_id.tenant, _prepare_removal(callback))
        for callback in callbacks
    ]
    yield
    for backend, tenant, remove in before:
        if backend.exists() and backend.active and backend.tenant == tenant:
            continue
        _find(backend).unlink()
        backends.env.cr.postcommit.add(remove)


def _prepare_removal(callback):
    """Return a function that has ConnectWise stop calling, after this is deleted.

    :return: function, which returns the error of ConnectWise, or None
    """
    if callback._is_of_copied_database():
        return lambda: None
    try:
        is_ours, open_client = _get_test(callback), _get_opener(callback.backend_id)
    except ConnectWiseError as error:
        # Without the keys it cannot be told.
        missing = error
        return lambda: missing

    def remove():
        with open_client() as client:
            for entry in filter(is_ours, client.callbacks()):
                client.remove_callback(entry.id)

    return lambda: _try(remove)


def _register(callback):
    """Have ConnectWise's list name this address once for each kind, and no other.

    :raises ConnectWiseError: if ConnectWise does not let it
    """
    backend = callback.backend_id
    url = f"{_get_prefix(backend)}{read(callback)}{CALLBACK_URL_END}"
    # The API member may have no right to what the connection does not read.
    missing = set(CALLBACK_KINDS if backend.sync_contacts else ["invoice"])
    with _get_opener(backend)() as client:
        for entry in filter(_get_test(callback), client.callbacks()):
            is_right = (
                entry.kind in missing
                and (entry.url, entry.level) == (url, CALLBACK_LEVEL)
                and entry.object_id == CALLBACK_OBJECT
                and not entry.is_inactive
            )
            if is_right:
                missing.remove(entry.kind)
            else:
                client.remove_callback(entry.id)
        for kind in sorted(missing):
            client.add_callback(url, kind)


def _get_test(callback):
    """Return a function that tells whether an entry of ConnectWise's list is ours."""
    prefix, token = _get_prefix(callback.backend_id), read(callback)

    def is_ours(entry):
        url = entry.url or ""
        return url.startswith(prefix) or (bool(token) and f"/{token}?" in url)

    return is_ours


def _get_opener(backend):
    """Return a function that makes a client of the present ConnectWise.

    Its failures say nothing about invoices, so the connection does not pause for them.
    """
    address, codebase, hosts = backend.server_url, backend.codebase, get_local_hosts()
    credentials = get_credentials(backend)
    return lambda: ConnectWiseClient(
        address, credentials, LIMITS, local_hosts=hosts, codebase=codebase or None
    )


def _try(ask):
    """Return the error of ConnectWise, if there was one."""
    try:
        ask()
    except ConnectWiseError as error:
        _logger.info("Callbacks: %s", error)
        return error
    return None


def _find(backend):
    callbacks = backend.env["connectwise.callback"].sudo()
    return callbacks.search([("backend_id", "in", backend.ids)])


def _get_base(env):
    base = env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
    return base.rstrip("/")


def _get_prefix(backend):
    return f"{_get_base(backend.env)}{PATH}/{backend.id}/"
