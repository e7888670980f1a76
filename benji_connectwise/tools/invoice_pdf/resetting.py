"""An invoice that is reset to draft: what was known about its old version."""

from .keeping import delete_unsent


def forget_version(moves):
    """Forget what ConnectWise answered about `moves`, and which file was marked.

    Called before they are reset. A person's preference stays, unless it was for the
    marked file.
    """
    moves = moves.sudo()
    lookups = moves.connectwise_lookup_ids
    delete_unsent(lookups.filtered(lambda lookup: not lookup.has_pdf).move_id)
    # The old version's lookup says nothing about the next one.
    lookups.unlink()
    moves.connectwise_held_ids.unlink()
    moves.filtered(lambda move: move.invoice_pdf_preference == "attachment").write(
        {"invoice_pdf_preference": False, "invoice_pdf_preference_reason": False}
    )
    # Nor is a PDF that a person marked one of the next version.
    moves.write(
        {
            "invoice_pdf_attachment_id": False,
            "connectwise_sent_checksum": False,
            "connectwise_sent_at": False,
        }
    )
