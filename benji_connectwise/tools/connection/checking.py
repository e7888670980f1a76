"""Testing a saved connection: its keys, and what the API member may do."""

from dataclasses import replace

from odoo.exceptions import UserError

from ...const import SECONDS_FOR_PERSON
from ...lib.connectwise_client import INTERACTIVE, ConnectWiseError
from ...lib.connectwise_client.const import API_VERSION
from .asking import asking, note_failure, note_rights

LIMITS = replace(INTERACTIVE, total=SECONDS_FOR_PERSON)


def check_connection(backend):
    """Test the keys and rights of a saved connection; sets its state.

    :return: a notification; nothing is raised because of ConnectWise
    """
    check_active(backend)
    report, version = _check_saved(backend)
    env, wrong = backend.env, backend.last_error
    is_well = backend.state == "connected" and not wrong
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "success" if is_well else "warning",
            "title": env._("ConnectWise PSA"),
            "message": wrong or _describe(env, report, version),
            "next": {"type": "ir.actions.client", "tag": "soft_reload"},
        },
    }


def check_active(backend):
    """:raises UserError: if the connection is archived"""
    if not backend.active:
        raise UserError(
            backend.env._("This connection is archived, so nothing is asked.")
        )


def _check_saved(backend):
    """Return the client's AccessReport, or None if ConnectWise could not say.

    :return: (report, the newest version of the API that ConnectWise has)
    """
    backend._forget_failures()
    try:
        with asking(backend, LIMITS, explicit=True) as client:
            report = client.check_access(include_contacts=backend.sync_contacts)
            invoices, *companies = report.checks
            if invoices.error:
                # A right that could not be checked is no success.
                raise invoices.error
    except ConnectWiseError:
        return None, ""
    note_rights(backend, report.missing)
    for error in filter(None, (check.error for check in companies)):
        note_failure(backend, error, of_sync=True)
    return report, client.server_version


def _describe(env, report, version):
    rights = describe_access(report)
    if not version:
        return env._("Connected: %s", rights)
    if version == API_VERSION:
        return env._(
            "Connected: %(rights)s. Version of the API: %(version)s.",
            rights=rights,
            version=version,
        )
    return env._(
        "Connected: %(rights)s. Odoo asks for version %(asked)s of the API; the newest"
        " one here is %(newest)s.",
        rights=rights,
        asked=API_VERSION,
        newest=version,
    )


def describe_access(report):
    """Return the rights of an AccessReport, each with whether it is granted."""
    return ", ".join(
        f"{'✓' if check.state == 'granted' else '✗'}\N{NO-BREAK SPACE}{check.right}"
        for check in (report.checks if report else ())
    )
