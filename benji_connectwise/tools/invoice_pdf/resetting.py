"""Forgetting the old version of an invoice that is reset to draft."""

from .keeping import delete_unsent


def forget_version(moves):
    """Forget ConnectWise's answers about `moves`, and the files that were marked.

    Call it before the invoices are reset. A preference stays, unless it is for the
    marked file.
    """
    moves = moves.sudo()
    lookups = moves.connectwise_lookup_ids
    delete_unsent(lookups.filtered(lambda lookup: not lookup.has_pdf).move_id)
    lookups.unlink()
    moves.connectwise_held_ids.unlink()
    moves.filtered(lambda move: move.invoice_pdf_preference == "attachment").write(
        {"invoice_pdf_preference": False, "invoice_pdf_preference_reason": False}
    )
    # The marked file shows the old version.
    moves.write(
        {
            "invoice_pdf_attachment_id": False,
            "connectwise_sent_checksum": False,
            "connectwise_sent_at": False,
        }
    )
