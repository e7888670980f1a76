"""Which PDFs invoices are going to be sent with, as the Send dialogs say it."""

from ..names import name_some
from .explain_choice import explain_second_choice, find_outranking
from .explain_lookup import explain_not_asked, find_outcome
from .order import before_odoo, get_order


def find_expected_pdfs(moves):
    """Return {invoice: (source of its PDF, the sources that were preferred to it)}.

    A PDF that was found in ConnectWise and is not downloaded yet counts as
    ConnectWise's: a batch downloads it before it is sent.
    """
    expected = {}
    for move in moves:
        source, outranking = move.invoice_pdf_source, []
        if not move.invoice_pdf_is_first_choice:
            outranking = find_outranking(move, source)
        lookup = move.sudo().connectwise_lookup_ids
        if len(moves) > 1 and "connectwise" in outranking and lookup._is_pdf_coming():
            source = "connectwise"
            outranking = find_outranking(move, source)
        expected[move] = (source, outranking)
    return expected


def describe_source(move):
    """Say where the PDF of one invoice comes from."""
    [(source, _outranking)] = find_expected_pdfs(move).values()
    return source and move.env["invoice.pdf.source"]._get_label(source)


def get_pdf_alerts(send, moves, moves_data):
    """Say where the PDFs come from, and which are not of the first choice, and why.

    :param send: the `account.move.send`, or the wizard
    :param moves_data: {invoice: how it is to be sent}
    :return: Odoo's alerts, {key: alert}
    """
    send_now = any(send.mapped("send_now"))
    expected = find_expected_pdfs(moves)
    held = moves.filtered(
        lambda move: (
            expected[move][1] and send._has_to_wait(move, moves_data[move], send_now)
        )
    )
    # Which PDF a held invoice is sent with is not known yet.
    alerts = _count_sources(moves - held, expected) if len(moves) > 1 else {}
    groups = {}
    for move, (source, outranking) in expected.items():
        if outranking:
            group = (_find_reason(move, outranking), move in held)
            groups.setdefault(group, {})[move] = source
    for (reason, is_held), sources in groups.items():
        others = moves.browse().union(*sources)
        # Whoever chose to send it now has been told.
        can_wait = reason == "no_answer" and not (is_held or send_now)
        if len(moves) == 1:
            key, message = "pdf_source", _describe_one(others, is_held, can_wait)
        else:
            key, message = reason, _describe_many(sources, reason, is_held, can_wait)
            # Some of them may have been held already, and wait no longer.
            key += "_held" if is_held else ""
        alert = prepare_alert(message, others, is_batch=len(moves) > 1)
        alerts[f"benji_connectwise_{key}"] = {**alert, "is_held": is_held}
    if held and not _is_held_sent(held.env):
        message = held.env._(
            "Held invoices are not sent: the scheduled action that sends them is"
            " switched off."
        )
        alert = prepare_alert(message, held, is_batch=False)
        alerts["benji_connectwise_not_scheduled"] = alert
    return alerts


def _is_held_sent(env):
    """Whether the scheduled action that sends held invoices is there and active."""
    action = env["connectwise.lookup"]._find_scheduled_action()
    return bool(action and action.sudo().active)


def has_held(alerts):
    """Whether some invoices are sent later, by the alerts of the dialog."""
    return any(alert.get("is_held") for alert in (alerts or {}).values())


def prepare_alert(message, moves, is_batch, level="warning"):
    """Return an alert of Odoo's; that of a batch opens its invoices."""
    alert = {"level": level, "message": message}
    if is_batch:
        alert["action_text"] = moves.env._("View invoices")
        alert["action"] = moves._get_records_action(
            name=moves.env._("Invoices"),
            # By the type Odoo knows that customers are to be listed.
            context={"default_move_type": "out_invoice", "create": False},
        )
    return alert


def _count_sources(moves, expected):
    """Say how many PDFs come from which source; nothing if there is only Odoo."""
    if not any(before_odoo(get_order(move)) for move in moves):
        return {}
    by_source, alerts = {}, {}
    # Vendor bills can be sent too, with Peppol.
    for move in moves._with_invoice_pdf():
        source, _outranking = expected[move]
        by_source.setdefault(source, []).append(move.id)
    for source, ids in by_source.items():
        message = moves.env._(
            "PDF from %(pdf)s: %(count)s",
            pdf=_get_label(moves, source),
            count=len(ids),
        )
        alerts[f"benji_connectwise_from_{source}"] = prepare_alert(
            message, moves.browse(ids), is_batch=True, level="info"
        )
    return alerts


def _find_reason(move, outranking):
    """Return why a PDF is not of the first choice: a key of `_TITLES`."""
    if "connectwise" not in outranking:
        return "second_choice"
    if outcome := find_outcome(move.sudo().connectwise_lookup_ids):
        return outcome
    backend = move.company_id._get_connectwise_backend()
    return "no_answer" if backend.failure else "not_asked"


_TITLES = {
    "second_choice": lambda env: env._("Not the PDF of your first choice"),
    "refused": lambda env: env._("ConnectWise's invoice does not match"),
    "unusable": lambda env: env._("No usable PDF from ConnectWise"),
    "not_found": lambda env: env._("Not found in ConnectWise"),
    "no_answer": lambda env: env._("No answer from ConnectWise"),
    "not_asked": lambda env: env._("ConnectWise was not asked yet"),
}


def _describe_one(move, is_held, can_wait):
    _, source = move.env._, move.invoice_pdf_source
    sentences = [
        _("This invoice is sent later, when ConnectWise has the PDF.")
        if is_held
        else _(
            "The PDF comes from %(pdf)s, not from %(first)s.",
            pdf=_get_label(move, source),
            first=_get_label(move, find_outranking(move, source)[0]),
        ),
        explain_second_choice(move),
    ]
    if can_wait:
        sentences.append(_("Send it with this PDF, or close this and send it later."))
    return "\n".join(filter(None, sentences))


def _describe_many(sources, reason, is_held, can_wait):
    """Say how many invoices have no PDF of the first choice, and what happens then.

    :param sources: {invoice: the source that is used instead}
    """
    moves = next(iter(sources)).browse().union(*sources)
    _ = moves.env._
    used = [_get_label(moves, source) for source in dict.fromkeys(sources.values())]
    sentences = [
        _(
            "%(what)s: %(count)s (%(invoices)s).",
            what=_TITLES[reason](moves.env),
            count=len(moves),
            invoices=name_some(moves.env, moves.mapped("name")),
        )
    ]
    if reason in ("no_answer", "not_asked"):
        # One sentence for each connection.
        sentences += dict.fromkeys(map(explain_not_asked, moves))
    if is_held:
        sentences.append(_("They are sent later, when ConnectWise has the PDF."))
    elif can_wait:
        sentences.append(
            _(
                "Send them with the PDF from %s, or close this and send them later.",
                ", ".join(used),
            )
        )
    else:
        sentences.append(_("Sent with the PDF from %s.", ", ".join(used)))
    return "\n".join(sentences)


def _get_label(moves, source):
    return moves.env["invoice.pdf.source"]._get_label(source)
