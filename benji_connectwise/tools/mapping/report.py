"""The Customer Mapping Report apart from its rows: opening it, and its status line."""

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Domain
from odoo.tools import format_datetime, formatLang

from .rows import IS_DISCONNECTED

REPORT_ACTION = "benji_connectwise.connectwise_sync_status_action"
INTEGRATIONS_ACTION = "benji_connectwise.connectwise_integrations_action"


def check_connected(backend):
    """Say the next step if there is no connection.

    :raises RedirectWarning: if `backend` is empty, to those who may connect
    :raises UserError: the same, to others
    """
    env = backend.env
    if backend:
        return
    if not env.user.has_group("account.group_account_manager"):
        raise UserError(_describe_unconfigured(env))
    raise RedirectWarning(
        env._("ConnectWise PSA is not connected yet."),
        env.ref(INTEGRATIONS_ACTION).id,
        env._("Configure under Integrations"),
    )


def _describe_unconfigured(env):
    return env._(
        "ConnectWise PSA is not connected yet. An Invoicing administrator does it under"
        " Integrations."
    )


def prepare_report(backend):
    """Return the action that opens the report of a connection, or of none.

    If it has no rows, it says the next step and offers a button for it.
    """
    env = backend.env
    action = env["ir.actions.act_window"]._for_xml_id(REPORT_ACTION)
    action["context"] = {"connectwise_several_companies": len(env.companies) > 1}
    if not backend:
        template = "benji_connectwise.mapping_report_unconfigured"
        action["help"] = render_unconfigured(env, template)
    return action


def render_unconfigured(env, template):
    """Return the help of an action while there is no connection."""
    may_configure = env.user.has_group("account.group_account_manager")
    return env["ir.qweb"]._render(template, {"may_configure": may_configure})


def describe_status(backend):
    """Return the status line above the report, of a connection or of none.

    :return: `backend_id`, `state`, `read` and `total` of a running rescan, `text` with
        its `level` (Bootstrap's: muted, info, warning, danger), `environment` and
        `may_change`
    """
    level, text = _describe_backend(backend)
    if backend and len(backend.env.companies) > 1:
        # The rows below are those of all chosen companies.
        text = f"{backend.company_id.display_name}: {text}"
    may_change = backend.env.user.has_group("account.group_account_manager")
    return {
        "backend_id": backend.id,
        "state": find_state(backend),
        "read": backend.sync_read,
        "total": backend.sync_total,
        "level": level,
        "text": text,
        "environment": backend.sudo().environment,
        "may_change": may_change and backend.has_access("write"),
    }


def find_state(backend):
    """Return the state of a connection's synchronization: idle, queued or running.

    One that nobody asked for is queued while the scheduled action is about to run.
    """
    is_read = backend._is_pdf_source() and backend.sync_contacts
    if not is_read or backend.sync_state != "idle" or backend._is_sync_resting():
        return backend.sync_state or "idle"
    action = backend.env.ref("benji_connectwise.ir_cron_connectwise_sync").sudo()
    due = [("cron_id", "=", action.id), ("call_at", "<=", fields.Datetime.now())]
    is_due = action.env["ir.cron.trigger"].search_count(due, limit=1)
    return "queued" if is_due else "idle"


def _describe_backend(backend):
    env, _ = backend.env, backend.env._
    if not backend:
        return "info", _describe_unconfigured(env)
    if not backend.sync_contacts:
        return "warning", _(
            "“Synchronize customers/contacts from ConnectWise” is off: nothing is"
            " read, and existing connections stay. Switch it on under Integrations ▸"
            " Configure."
        )
    if find_state(backend) != "idle":
        return "info", _describe_progress(backend)
    if backend.last_error:
        return "danger", _(
            "%(error)s Test the connection under Integrations.",
            error=backend.last_error,
        )
    if not backend.last_sync:
        return "info", _("ConnectWise's customers have not been read yet: Rescan.")
    of_backend = ("backend_id", "=", backend.id)
    conflicts = env["connectwise.mapping"].search_count(
        [of_backend, ("has_conflict", "=", True)]
    )
    return "muted", _(
        "Last read %(time)s · %(companies)s ConnectWise customers ·"
        " %(connected)s connected · %(conflicts)s",
        time=format_datetime(env, backend.last_sync, dt_format="short"),
        companies=env["connectwise.company"].search_count(
            [of_backend, ("is_deleted", "=", False)]
        ),
        connected=env["connectwise.mapping"].search_count(
            [of_backend, ("connectwise_company_id.is_confirmed", "=", True)]
        ),
        conflicts=_("1 conflict") if conflicts == 1 else _("%s conflicts", conflicts),
    )


def _describe_progress(backend):
    _ = backend.env._
    if backend.sync_state != "running":
        return _("Reading ConnectWise's customers starts in a moment")
    if not backend.sync_total:
        return _("Reading companies")
    return _(
        "Reading companies %(read)s of %(total)s",
        read=formatLang(backend.env, backend.sync_read, digits=0),
        total=formatLang(backend.env, backend.sync_total, digits=0),
    )


def describe_rescan(backend):
    """Return the texts of the dialog *Rescan* by option, and `obstacle`."""
    env, _ = backend.env, backend.env._
    everything = _("Refresh everything. This is the first time, so it happens anyway.")
    if backend.last_sync:
        everything = _(
            "Refresh everything; otherwise only changes since %s.",
            format_datetime(env, backend.last_sync, dt_format="short"),
        )
    disconnected = Domain("backend_id", "=", backend.id) & IS_DISCONNECTED
    count = env["connectwise.mapping"].sudo().search_count(disconnected)
    discard = _("Lifts the disconnections of %s customers.", count)
    if not count:
        discard = _("No customer is disconnected at the moment.")
    elif count == 1:
        discard = _("Lifts the disconnection of 1 customer.")
    return {
        "get_all_entries": everything,
        "discard_disconnected": discard,
        "obstacle": _find_obstacle(backend),
    }


def _find_obstacle(backend):
    """Say why no rescan can run now, and how to change it, or return False."""
    _ = backend.env._
    if not backend.sync_contacts:
        return _(
            "“Synchronize customers/contacts from ConnectWise” is off, so nothing is"
            " read. Switch it on under Integrations ▸ Configure."
        )
    if backend.sync_state != "idle":
        return _(
            "A rescan is already running. Wait until it ends, or cancel it above the"
            " report."
        )
    return False
