"""Forgetting answers: about an invoice that is reset to draft, or of a connection."""

from odoo.tools import SQL

from .keeping import delete_unsent


def forget_versions(moves):
    """Forget ConnectWise's answers about `moves`, and the files that were marked.

    Call it before the invoices are reset to draft. A preference stays, unless it is for
    the marked file.

    :return: files that may be another customer's, and that a restrictive audit trail
        keeps, sudo. Resetting makes ordinary files of them, which the link to the
        invoice opens: hide them again
    """
    if not moves:
        # Odoo resets none whenever an invoice is written.
        return moves.env["ir.attachment"]
    moves = moves.sudo()
    lookups = moves.connectwise_lookup_ids
    # The stored verdict may be older than a change of the mapping.
    lookups._judge_anew()
    delete_unsent(lookups.filtered(lambda lookup: not lookup.has_pdf).move_id)
    hidden = _find_hidden(moves)
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
    return hidden


def _find_hidden(moves):
    """Return the files that are left, are not trusted, and were sent to nobody."""
    lookups = moves.connectwise_lookup_ids
    trusted = lookups._get_pdfs(moves)
    sent = {move.id: move.connectwise_sent_checksum for move in moves}
    return moves.env["ir.attachment"].union(
        *(
            file
            for move_id, file in lookups._get_attachments(moves).items()
            if move_id not in trusted and file.checksum != sent[move_id]
        )
    )


def forget_answers(backends):
    """Forget what these connections answered, except about PDFs that were sent.

    Call it before they are deleted. By SQL, because there may be hundreds of thousands.

    :return: the lookups that stay, each with the hit whose PDF was sent
    """
    env = backends.env
    lookups = env["connectwise.lookup"].sudo()
    env.flush_all()
    of_companies = SQL(
        "move.id = lookup.move_id AND move.company_id = ANY(%s)",
        backends._get_companies().ids,
    )
    env.cr.execute(
        SQL(
            """
            DELETE FROM connectwise_lookup lookup USING account_move move
             WHERE %s
               AND (lookup.has_pdf
                    AND lookup.pdf_checksum = move.connectwise_sent_checksum)
                   IS NOT TRUE
            """,
            of_companies,
        )
    )
    env.cr.execute(
        SQL(
            """
            DELETE FROM connectwise_invoice hit
             USING connectwise_lookup lookup, account_move move
             WHERE hit.lookup_id = lookup.id AND hit.id != lookup.accepted_id AND %s
            """,
            of_companies,
        )
    )
    env.invalidate_all(flush=False)
    return lookups.search([("company_id", "in", backends._get_companies().ids)])
