"""Forgetting answers: about an invoice that is reset to draft, or of a connection."""

from odoo.tools import SQL

from .keeping import delete_files, find_files
from .marked_pdf import unmark


def delete_refused_files(moves):
    """Delete ConnectWise's PDFs of `moves` that are not trusted and were not sent.

    They may be another customer's. Do it before Odoo makes ordinary files of them,
    which the link to the invoice opens.

    :return: those that a restrictive audit trail keeps, sudo: hide them again
    """
    moves = moves.sudo()
    lookups = moves.connectwise_lookup_ids
    # The stored verdict may be older than a change of the mapping.
    lookups._judge_anew()
    trusted = lookups._get_pdfs(moves)
    sent = {move.id: move.connectwise_sent_checksum for move in moves}
    refused = find_files(moves).filtered(
        lambda file: (
            file != trusted.get(file.res_id) and file.checksum != sent[file.res_id]
        )
    )
    delete_files(refused)
    return refused.exists()


def forget_versions(moves):
    """Forget ConnectWise's answers about `moves`, and the files that were marked.

    They were reset to draft.
    """
    if not moves:
        # Odoo resets none whenever an invoice is written.
        return
    moves = moves.sudo()
    moves.connectwise_lookup_ids.unlink()
    moves.connectwise_held_ids.unlink()
    # The marked file shows the old version.
    unmark(moves)
    moves.write({"connectwise_sent_checksum": False, "connectwise_sent_at": False})


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
