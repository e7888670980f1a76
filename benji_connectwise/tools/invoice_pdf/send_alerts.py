"""Warnings in the Send dialogs, and by an activity after a batch."""

from markupsafe import escape

from ...const import MOST_LISTED
from .explain_choice import explain_second_choice, find_outranking


def get_pdf_alerts(send, moves, moves_data):
    """Say which invoices do not use the PDF of the first choice, and why.

    :param send: the `account.move.send`, or the wizard
    :param moves_data: {invoice: how it is to be sent}
    :return: Odoo's alerts, {key: alert}
    """
    _ = send.env._
    Source = send.env["invoice.pdf.source"]
    others = count_expected_pdfs(moves)["others"]
    if not others:
        return {}
    send_now = any(send.mapped("send_now"))
    held = others.filtered(
        lambda move: send._has_to_wait(move, moves_data[move], send_now)
    )
    lines = [
        _(
            "%(invoice)s: %(pdf)s. %(reason)s",
            invoice=move.name,
            pdf=Source._get_label(move.invoice_pdf_source),
            reason=explain_second_choice(move),
        ).strip()
        for move in others[:MOST_LISTED]
    ]
    if len(others) > MOST_LISTED:
        lines.append(_("… and %s more", len(others) - MOST_LISTED))
    if held:
        title = _("To be sent later, when ConnectWise has the PDF:")
    else:
        title = _("Not with the PDF of your first choice:")
    message = "\n".join([title, *lines])
    alert = _prepare_alert(message, others, is_batch=len(moves) > 1)
    return {"benji_connectwise_pdf_source": alert}


def get_amount_alerts(moves):
    """Say whose amount differs in ConnectWise: {key: alert}."""
    differing = moves.filtered("connectwise_amount_differs")
    if not differing:
        return {}
    message = differing[0].connectwise_amount_warning
    if len(moves) > 1:
        message = moves.env._(
            "%(count)s of %(all)s invoices have another amount in ConnectWise.",
            count=len(differing),
            all=len(moves),
        )
    alert = _prepare_alert(message, differing, is_batch=len(moves) > 1)
    return {"benji_connectwise_amount": alert}


def get_open_alerts(moves):
    """Say which invoices ConnectWise may still change: {key: alert}."""
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
    alert = _prepare_alert(message, still_open, is_batch=len(moves) > 1)
    return {"benji_connectwise_open": alert}


def add_address_alerts(send, alerts, moves, moves_data):
    """Say who will be mailed nothing.

    Odoo looks at the customers' own addresses alone, and says nothing if nobody was
    chosen, so its alert is corrected.

    :param alerts: Odoo's, {key: alert}; changed in place
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
        names = not_mailed[:MOST_LISTED].mapped("name")
        if len(not_mailed) > MOST_LISTED:
            names.append(_("… and %s more", len(not_mailed) - MOST_LISTED))
        message = _(
            "%(count)s will not be mailed: no address (%(invoices)s)",
            count=len(not_mailed),
            invoices=", ".join(names),
        )
        alert = _prepare_alert(message, not_mailed, is_batch)
        alerts["benji_connectwise_not_mailed"] = alert


def count_expected_pdfs(moves):
    """Return {"sources": {source: number of invoices}, "others": those of `moves` that
    will not use the first choice}.

    A PDF that was found in ConnectWise and is not downloaded yet counts as
    ConnectWise's: a batch downloads it before it is sent.
    """
    sources, others = {}, moves.browse()
    for move in moves:
        source = move.invoice_pdf_source
        lookup = move.sudo().connectwise_lookup_ids
        outranking = []
        if not move.invoice_pdf_is_first_choice:
            outranking = find_outranking(move, source)
        if len(moves) > 1 and "connectwise" in outranking and lookup._is_pdf_coming():
            source = "connectwise"
            outranking = find_outranking(move, source)
        if outranking:
            others |= move
        sources[source] = sources.get(source, 0) + 1
    return {"sources": sources, "others": others}


def describe_pdfs(moves):
    """Say in one line where the PDFs come from: "38 from ConnectWise PSA"."""
    Source = moves.env["invoice.pdf.source"]
    counts = count_expected_pdfs(moves)["sources"]
    if len(moves) == 1:
        return Source._get_label(next(iter(counts))) if any(counts) else ""
    return ", ".join(
        moves.env._(
            "%(count)s from %(pdf)s", count=count, pdf=Source._get_label(source)
        )
        for source, count in counts.items()
        if source
    )


def _prepare_alert(message, moves, is_batch):
    alert = {"level": "warning", "message": message}
    if is_batch:
        # With this an alert opens its invoices.
        alert["action_text"] = moves.env._("View invoices")
        alert["action"] = moves._get_records_action(name=moves.env._("Invoices"))
    return alert


def report_differing_amounts(moves):
    """Tell a person which of `moves` were sent though their amounts differ."""
    kept = moves.env["connectwise.lookup"]._get_pdfs(moves)
    for move in moves.sudo().filtered("connectwise_amount_differs"):
        if not (move.is_move_sent and move.id in kept):
            continue
        backend = move.company_id._get_connectwise_backend()
        user = backend.responsible_id or moves.env.user
        move = move.with_context(lang=user.lang)
        summary = move.env._("Sent with another amount than Odoo's")
        if summary not in move.activity_ids.mapped("summary"):
            move.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=summary,
                # It quotes ConnectWise, and a note is HTML.
                note=escape(move.connectwise_amount_warning),
            )
