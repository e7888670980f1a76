"""*Refresh PDF*: fetching now, and saying what ConnectWise answered."""

from odoo.exceptions import AccessError, UserError

from ...const import REFRESH_AT_ONCE, REFRESH_IN_BACKGROUND
from ..names import name_some
from .explain_lookup import (
    explain_error,
    explain_lookup,
    explain_not_asked,
)
from .fetching import fetch_anew


def refresh(moves):
    """Fetch the PDFs of `moves` again; an outage is described, not raised.

    The result is also logged on each invoice. If there are too many to wait for, the
    scheduled action fetches them.

    :return: a client action: a notification, or the dialog that shows the progress
    :raises AccessError: if the user may not send these invoices
    :raises UserError: if there are too many
    """
    _ = moves.env._
    if not moves.env.user.has_group("account.group_account_invoice"):
        raise AccessError(_("Only people in Invoicing can refresh an invoice's PDF."))
    moves.check_access("read")
    if len(moves) > REFRESH_IN_BACKGROUND:
        raise UserError(
            _(
                "You selected %(count)s invoices. Refresh at most %(most)s at once.",
                count=len(moves),
                most=REFRESH_IN_BACKGROUND,
            )
        )
    for company in moves.company_id:
        # A person asked for it: this ends any back-off.
        company._get_connectwise_backend()._forget_failures()
    if len(moves) > REFRESH_AT_ONCE:
        return moves.env["invoice.pdf.refresh"]._start(moves)
    level, invoices = "success", {}
    for move, (move_level, text) in refresh_some(
        moves, moves.env.user.partner_id
    ).items():
        level = "warning" if move_level == "warning" else level
        invoices.setdefault(text, []).append(move.name or _("Draft"))
    if len(moves) > 1:
        texts = [
            f"{name_some(moves.env, names)}: {text}" for text, names in invoices.items()
        ]
    else:
        texts = list(invoices)
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": level,
            "title": _("ConnectWise PSA"),
            "message": "\n".join(texts),
            # Why it failed is read at leisure.
            "sticky": level == "warning",
            "className": "text-prewrap",
            "next": {"type": "ir.actions.client", "tag": "soft_reload"},
        },
    }


def refresh_some(moves, author):
    """Fetch the PDFs of `moves` again, and log the result on each invoice.

    :param author: the partner of the person who asked for it
    :return: {invoice: (level of a notification, sentence)}
    """
    before = {move: move.sudo().connectwise_pdf_id.checksum for move in moves}
    fetch_anew(moves)
    moves.invalidate_recordset()
    results = {move: _describe(move, before[move]) for move in moves}
    for move, (_level, text) in results.items():
        move.sudo()._message_log(
            body=move.env._("Refresh PDF: %s", text), author_id=author.id
        )
    return results


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
