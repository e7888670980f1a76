"""*Refresh PDF*: fetch now, and say what came back."""

from .explain_lookup import (
    explain_error,
    explain_lookup,
    explain_not_asked,
)
from .fetching import fetch_anew


def refresh(moves):
    """Fetch the PDFs of `moves` again; an outage is described, not raised.

    The result is also logged on each invoice.

    :return: a notification
    """
    before = {move: move.sudo().connectwise_pdf_id.checksum for move in moves}
    fetch_anew(moves)
    moves.invalidate_recordset()
    results = []
    for move in moves:
        level, text = _describe(move, before[move])
        results.append((level, text if len(moves) == 1 else f"{move.name}: {text}"))
        move.sudo()._message_log(
            body=move.env._("Refresh PDF: %s", text),
            author_id=move.env.user.partner_id.id,
        )
    is_warning = any(level == "warning" for level, _text in results)
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "warning" if is_warning else "success",
            "title": moves.env._("ConnectWise PSA"),
            "message": "\n".join(text for _level, text in results),
            "next": {"type": "ir.actions.client", "tag": "soft_reload"},
        },
    }


def _describe(move, checksum_before):
    _ = move.env._
    lookup = move.sudo().connectwise_lookup_ids
    backend = move.company_id._get_connectwise_backend()
    if not move._with_invoice_pdf():
        return "warning", _("Only posted customer invoices have a PDF in ConnectWise.")
    if not lookup or backend._is_resting() or backend.state == "draft":
        return "warning", explain_not_asked(move)
    if lookup.error:
        return "warning", explain_error(lookup)
    if not lookup.has_pdf:
        return "warning", explain_lookup(lookup) or explain_not_asked(move)
    if move.sudo().connectwise_pdf_id.checksum == checksum_before:
        return "success", _("ConnectWise has the same PDF as before.")
    return "success", _("ConnectWise's PDF was fetched.")
