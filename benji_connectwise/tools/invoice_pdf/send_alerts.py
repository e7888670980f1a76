"""Warnings about amounts, open invoices and addresses: in the Send dialogs, and by an
activity after a batch."""

from markupsafe import escape

from ..names import name_some
from .explain_lookup import explain_not_asked
from .sent_pdfs import prepare_alert


def get_amount_alerts(moves):
    """Return {key: alert} about invoices whose amount differs in ConnectWise."""
    differing = moves.filtered("connectwise_amount_differs")
    if not differing:
        return {}
    message = differing[0].connectwise_amount_warning
    if len(moves) > 1:
        message = moves.env._(
            "%(count)s of %(all)s invoices have another amount or currency in"
            " ConnectWise.",
            count=len(differing),
            all=len(moves),
        )
    alert = prepare_alert(message, differing, is_batch=len(moves) > 1)
    return {"benji_connectwise_amount": alert}


def get_outage_alerts(moves):
    """Return {key: alert} about PDFs that may be outdated during an outage.

    Invoices without a PDF have an alert of their own, which names the outage.
    """
    _ = moves.env._
    outdated = moves.filtered(
        lambda move: (
            move.invoice_pdf_source == "connectwise"
            and move.company_id._get_connectwise_backend().failure
        )
    )
    if not outdated:
        return {}
    # One sentence for each connection.
    sentences = [*dict.fromkeys(map(explain_not_asked, outdated))]
    if len(moves) == 1:
        sentences.append(_("ConnectWise may have a newer PDF of this invoice."))
    else:
        sentences.append(
            _(
                "ConnectWise may have newer PDFs of %(count)s invoices.",
                count=len(outdated),
            )
        )
    alert = prepare_alert("\n".join(sentences), outdated, is_batch=len(moves) > 1)
    return {"benji_connectwise_outage": alert}


def get_open_alerts(moves):
    """Return {key: alert} about invoices that are still open in ConnectWise."""
    _ = moves.env._
    still_open = moves.filtered("connectwise_is_open")
    if not still_open:
        return {}
    hits = still_open.sudo().connectwise_lookup_ids.accepted_id
    message = _(
        "This invoice is still open in ConnectWise (status: %s).", hits[:1].status
    )
    if len(moves) > 1:
        message = _(
            "%(count)s of %(all)s invoices are still open in ConnectWise, and can"
            " change there.",
            count=len(still_open),
            all=len(moves),
        )
    alert = prepare_alert(message, still_open, is_batch=len(moves) > 1)
    return {"benji_connectwise_open": alert}


def add_address_alerts(send, alerts, moves, moves_data):
    """Add an alert about customers who will not be mailed, and correct Odoo's.

    Odoo checks only the customers' own addresses, and gives no alert if no recipient
    was chosen.

    :param alerts: Odoo's alerts, {key: alert}; changed in place
    :param moves_data: {invoice: its sending settings}
    """
    _ = send.env._
    is_batch = len(moves) > 1
    not_mailed = moves.filtered(
        lambda move: (
            "email" in moves_data[move]["sending_methods"]
            and not send._has_address(moves_data[move])
        )
    )
    if is_batch and (missing := alerts.pop("account_missing_email", None)):
        partners = not_mailed.partner_id.filtered(lambda partner: not partner.email)
        if partners:
            action = partners._get_records_action(name=missing["action"]["name"])
            alerts["account_missing_email"] = {**missing, "action": action}
    if not_mailed:
        message = _(
            "%(count)s will not be mailed: no address (%(invoices)s)",
            count=len(not_mailed),
            invoices=name_some(not_mailed.env, not_mailed.mapped("name")),
        )
        alert = prepare_alert(message, not_mailed, is_batch)
        alerts["benji_connectwise_not_mailed"] = alert


def report_differing_amounts(moves):
    """Schedule an activity for each invoice that was sent although amounts differ."""
    kept = moves.env["connectwise.lookup"]._get_pdfs(moves)
    for move in moves.sudo().filtered("connectwise_amount_differs"):
        if not (move.is_move_sent and move.id in kept):
            continue
        user = move.company_id._get_connectwise_responsible()
        move = move.with_context(lang=user.lang)
        summary = move.env._("Sent with another amount than Odoo's")
        if summary not in move.activity_ids.mapped("summary"):
            move.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=summary,
                # The warning quotes ConnectWise, and a note is HTML.
                note=escape(move.connectwise_amount_warning),
            )
