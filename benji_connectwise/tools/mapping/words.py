"""The texts of the Customer Mapping Report, in the reader's language.

Rows store codes and the names in their sentences. The sentences are here.
"""

from odoo import fields
from odoo.tools import format_date, format_datetime

from ..connection.links import get_environment

REPORT_ACTION = "benji_connectwise.connectwise_sync_status_action"


def explain_row(mapping):
    """Say everything there is to know about a row.

    :return: str, or False
    """
    sentences = []
    if mapping.has_conflict:
        sentences.append(explain_conflict(mapping.env, mapping.conflict))
    if mapping.connectwise_company_id.is_deleted:
        sentences.append(
            mapping.env._(
                "This company was deleted in ConnectWise. The connection and its"
                " contact stay as they are until you connect another company or"
                " disconnect."
            )
        )
    sentences += [mapping.contact_message, explain_pause(mapping)]
    return " ".join(filter(None, sentences)) or False


def explain_pause(mapping):
    """Say why the contact is not updated, if it is not."""
    return mapping.sync_paused and mapping.env._(
        "Sync paused: “Synchronize customers/contacts from ConnectWise” is off, so the"
        " contact is not updated."
    )


def describe_connection(mapping):
    """Say how a customer is connected, or why it is not."""
    _ = mapping.env._
    if mapping.connectwise_company_id:
        labels = mapping._fields["connection"]._description_selection(mapping.env)
        parts = [dict(labels).get(mapping.connection)]
        if not mapping._get_trusted_company():
            parts.append(_("not confirmed in this ConnectWise yet"))
        elif mapping.is_gone:
            parts.append(_("deleted in ConnectWise"))
        if mapping.has_conflict:
            parts.append(_("Conflict"))
        return " · ".join(filter(None, parts))
    if mapping.disconnected:
        return _describe_disconnection(mapping)
    return _("Conflict") if mapping.has_conflict else ""


def _describe_disconnection(mapping):
    _ = mapping.env._
    person = mapping.sudo().disconnected_by_id.name
    if not person or not mapping.disconnected_at:
        return _("Disconnected")
    day = fields.Datetime.context_timestamp(mapping, mapping.disconnected_at).date()
    this_year = day.year == fields.Date.context_today(mapping).year
    return _(
        "Disconnected by %(person)s on %(day)s",
        person=person,
        day=format_date(
            mapping.env, day, date_format="d MMM" if this_year else "d MMM y"
        ),
    )


def describe_contact(mapping):
    """Name the Bill-To contact, or say why there is none."""
    contact = mapping.sudo().contact_id
    if not contact:
        return mapping.contact_message
    email = contact.email and f"<{contact.email}>"
    return " ".join(filter(None, [contact.name, email]))


def ask_disconnect(mappings):
    """Return the question before these customers are disconnected."""
    _ = mappings.env._
    rows = mappings.sudo().filtered(
        lambda row: row.connectwise_company_id or row.is_set_aside
    )
    contacts = rows.filtered("contact_id")
    if len(rows) == 1:
        title = _("Disconnect %s?", rows.partner_id.display_name)
        sentences = [
            contacts
            and _(
                "Its contact from ConnectWise goes with it, and gets no invoices any"
                " more: %s.",
                contacts.contact_text,
            ),
            _("Automatic matching will leave this customer alone."),
        ]
    else:
        title = _("Disconnect %s customers?", len(rows))
        sentences = [
            contacts
            and _(
                "Their contacts from ConnectWise go with them, and get no invoices any"
                " more: %s.",
                ", ".join(contacts.mapped("contact_id.name")),
            ),
            _("Automatic matching will leave these customers alone."),
        ]
    return {
        "type": "ir.actions.client",
        "tag": "connectwise_ask_disconnect",
        "params": {
            "ids": rows.ids,
            "title": title,
            "body": " ".join(filter(None, sentences)),
        },
    }


def describe_disconnected(rows, before):
    """Return the notification after disconnecting, which offers to undo it.

    :param before: as `undoing.remember` returns it
    """
    _ = rows.env._
    return {
        "type": "ir.actions.client",
        "tag": "connectwise_disconnected",
        "params": {
            "before": before,
            "message": _("%s was disconnected.", rows.partner_id.display_name)
            if len(rows) == 1
            else _("%s customers were disconnected.", len(rows)),
        },
    }


def prepare_report(backend):
    """Return the action that opens the report of a connection, or of none.

    Without any row it says the next step, with a button to it.
    """
    env = backend.env
    action = env["ir.actions.act_window"]._for_xml_id(REPORT_ACTION)
    action["context"] = {"connectwise_several_companies": len(env.companies) > 1}
    if not backend:
        action["help"] = env["ir.qweb"]._render(
            "benji_connectwise.mapping_report_unconfigured",
            {"may_configure": env.user.has_group("account.group_account_manager")},
        )
    return action


def describe_exact_matches(env, connected):
    """Return the notification after these rows were connected in bulk."""
    _ = env._
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "success" if connected else "warning",
            "message": _(
                "Connected: %s. Confirm each one when you have checked it.",
                len(connected),
            )
            if connected
            else _("No customer has exactly one exact match. Use + instead."),
            "next": {"type": "ir.actions.act_window_close"},
        },
    }


def describe_status(backend):
    """Return what stands above the report about a connection, or about none.

    :return: `backend_id`, `state`, `read` and `total` of a running rescan, `text` with
        its `level` (Bootstrap's: muted, info, warning, danger), `environment` and
        `may_change`
    """
    level, text = _describe_backend(backend)
    may_change = backend.env.user.has_group("account.group_account_manager")
    return {
        "backend_id": backend.id,
        "state": find_state(backend),
        "read": backend.sync_read,
        "total": backend.sync_total,
        "level": level,
        "text": text,
        "environment": get_environment(backend.sudo()),
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
        return "info", _(
            "ConnectWise PSA is not connected yet. An Invoicing administrator does it"
            " under Integrations."
        )
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
    return "muted", _(
        "Last read %(time)s · %(companies)s ConnectWise customers ·"
        " %(connected)s connected",
        time=format_datetime(env, backend.last_sync, dt_format="short"),
        companies=env["connectwise.company"].search_count(
            [of_backend, ("is_deleted", "=", False)]
        ),
        connected=env["connectwise.mapping"].search_count(
            [of_backend, ("connectwise_company_id.is_confirmed", "=", True)]
        ),
    )


def _describe_progress(backend):
    _ = backend.env._
    if backend.sync_state != "running":
        return _("Reading ConnectWise's customers starts in a moment")
    if not backend.sync_total:
        return _("Reading companies")
    return _(
        "Reading companies %(read)s of %(total)s",
        read=f"{backend.sync_read:,}",
        total=f"{backend.sync_total:,}",
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
    count = backend.count_disconnected()
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


def explain_conflict(env, conflict):
    """Say what a person has to decide.

    :param conflict: {"kind": …, "companies": [ids of `connectwise.company`],
        "rows": [ids of `connectwise.mapping`]}, or nothing; of a row that was set
        aside {"kind": "set_aside", "company": its name then, "ref": its id, "now": the
        name of the company that has that id now, or None}
    :return: str, or False
    """
    if not conflict:
        return False
    if conflict["kind"] == "set_aside":
        return _explain_set_aside(env, conflict)
    sentence = _CONFLICTS[conflict["kind"]](env)
    companies = env["connectwise.company"].sudo().browse(conflict["companies"])
    rows = env["connectwise.mapping"].sudo().browse(conflict["rows"])
    names = {
        "companies": ", ".join(companies.exists()[:3].mapped("display_name")),
        "customers": ", ".join(rows.exists()[:3].mapped("partner_id.display_name")),
        "owners": ", ".join(
            rows.exists().partner_id.commercial_partner_id.mapped("display_name")
        ),
    }
    return sentence % names


def _explain_set_aside(env, conflict):
    if conflict["now"] is None:
        return env._(
            "Was connected to %(company)s, which is not in the ConnectWise that is"
            " connected now. Connect this customer again, or disconnect it.",
            company=conflict["company"],
        )
    return env._(
        "Was connected to %(company)s. In the ConnectWise that is connected now,"
        " #%(ref)s is %(now)s. Connect this customer again, or disconnect it.",
        **{name: conflict[name] for name in ("company", "ref", "now")},
    )


_CONFLICTS = {
    "several_companies_same_account_id": lambda env: env._(
        "Several companies have this Account ID: %(companies)s"
    ),
    "several_companies_same_name": lambda env: env._(
        "Several companies have this name: %(companies)s"
    ),
    "several_customers_same_account_id": lambda env: env._(
        "Several customers have this reference: %(customers)s"
    ),
    "several_customers_same_name": lambda env: env._(
        "Several customers have this name: %(customers)s"
    ),
    "company_taken": lambda env: env._(
        "%(companies)s is already connected to %(customers)s"
    ),
    "legal_form_differs": lambda env: env._(
        "Same name, but another legal form: %(companies)s"
    ),
    "name_disagrees": lambda env: env._(
        "The name matches %(companies)s, but the Account ID does not"
    ),
    "account_ids_differ": lambda env: env._(
        "%(companies)s has the same name, but a different Account ID"
    ),
    "part_of_another": lambda env: env._(
        "This customer is now part of %(owners)s, so the row of %(owners)s decides"
        " about the invoices. If the connection is right, connect %(owners)s to this"
        " company, and disconnect this row."
    ),
    "changed_by_customer": lambda env: env._(
        "The name or reference was changed by the customer and now matches"
        " %(companies)s. Confirm it, or connect by hand."
    ),
}


def explain_contact(env, note):
    """Say why there is no Bill-To contact, or what to know about it.

    :param note: {"code": …, and what the sentence names}, or nothing
    :return: str, or False
    """
    return note and _CONTACTS[note["code"]](env) % note


_CONTACTS = {
    "no_contact": lambda env: env._("No Bill-To contact in ConnectWise."),
    "inactive": lambda env: env._(
        "The Bill-To contact %(name)s is inactive in ConnectWise."
    ),
    "missing": lambda env: env._("The Bill-To contact was deleted in ConnectWise."),
    "no_email": lambda env: env._(
        "The Bill-To contact %(name)s has no valid e-mail address."
    ),
    "own_email": lambda env: env._("%(email)s is the customer's own e-mail address."),
    "invoice_address": lambda env: env._(
        "%(email)s is already an invoice address in Odoo."
    ),
    "login": lambda env: env._(
        "The contact with the address %(email)s can log in to Odoo, so ConnectWise"
        " does not change it."
    ),
    "synced_login": lambda env: env._(
        "%(contact)s can log in to Odoo, so it is no longer updated from ConnectWise."
    ),
    "moved": lambda env: env._(
        "The e-mail address moved from %(old)s to %(new)s. Check that this is right"
        " before you enable the contact."
    ),
    "failed": lambda env: env._("Could not be imported: %(reason)s"),
}
