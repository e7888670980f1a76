"""The ConnectWise that a connection is connected to, and changing to another one.

Ids and keys mean something only within one ConnectWise.
"""

import re
from urllib.parse import urlsplit

from odoo.tools import SQL

from ...lib.connectwise_client import AddressError, identify_tenant, normalise_address
from ..invoice_pdf.judging import judge_lookups
from ..invoice_pdf.keeping import find_kept
from .server_settings import get_local_hosts

ENVIRONMENTS = [("staging", "Staging"), ("sandbox", "Sandbox")]
"""Words in the name of a host whose data are not those of the business, and what people
read then."""

THIS_COMPUTER = ("127.0.0.1", "localhost")
"""No business has its ConnectWise here, but those who try the addon do."""


def find_environment(server_url):
    """Return "staging" or "sandbox" for such an address, False for any other."""
    try:
        origin = normalise_address(server_url or "", get_local_hosts())
    except AddressError:
        return False
    host = urlsplit(origin).hostname
    if host in THIS_COMPUTER:
        return "sandbox"
    words = re.split("[^a-z0-9]+", host)
    return next((name for name, _label in ENVIRONMENTS if name in words), False)


def leave_tenant(backend, before):
    """Let nothing count that was learned before, until it is confirmed.

    :param backend: a connection that is connected to another ConnectWise now
    :param before: the tenant that it was connected to
    """
    if backend.env.su and backend.private_key_tenant == before:
        # A program that may read the key may also take it along.
        backend.private_key_tenant = backend.tenant
    backend = backend.sudo()
    backend.env["connectwise.lookup"]._forget_connections()
    backend.write(
        {
            "last_sync": False,
            "newest_change": False,
            "newest_contact_change": False,
            "sync_failure": False,
            "sync_failing_since": False,
        }
    )
    if sync := backend._get_open_sync():
        sync._end_for_another_connectwise()
    companies = backend.env["connectwise.company"]
    companies.flush_model()
    backend.env.cr.execute(
        SQL(
            "UPDATE connectwise_company SET is_confirmed = FALSE WHERE backend_id = %s",
            backend.id,
        )
    )
    companies.invalidate_model(["is_confirmed"], flush=False)
    # A page with number rules may be open.
    benches = backend.env["connectwise.number.bench"]
    benches.search([("backend_id", "=", backend.id)]).answers = False
    judge_lookups(backend)
    if backend.sync_contacts and backend.state != "draft":
        backend._trigger_sync()


def explain_another(backend, server_url, company_login_id):
    """Say what changes if another ConnectWise is connected.

    :return: str, or False if it is the same, or nothing was learned yet
    """
    tenant = identify_tenant(server_url or "", company_login_id or "")
    if not backend or backend.tenant == tenant:
        return False
    env, _ = backend.env, backend.env._
    domain = [("backend_id", "=", backend.id)]
    connections = (
        env["connectwise.mapping"]
        .sudo()
        .search_count([*domain, ("connectwise_company_id", "!=", False)])
    )
    companies = env["connectwise.company"].sudo().search_count(domain, limit=1)
    unsent, sent = find_kept(backend)
    if not (connections or companies or unsent or sent):
        return False
    here = (company_login_id, server_url)
    before = (backend.company_login_id, backend.server_url)
    sentences = [
        _(
            "%(new)s is another ConnectWise than %(old)s.",
            new=" @ ".join((text or "").strip() for text in here),
            old=" @ ".join(before),
        )
    ]
    if connections:
        sentences.append(
            _(
                "%s connections will be checked against it. Those whose company has"
                " the same Company ID or Account ID there stay; the others wait for"
                " you.",
                connections,
            )
        )
    if unsent:
        sentences.append(
            _("%s PDFs that nobody received yet are fetched again.", len(unsent))
        )
    if sent:
        sentences.append(
            _("%s PDFs that customers received stay as they are.", len(sent))
        )
    return "\n".join(sentences)
