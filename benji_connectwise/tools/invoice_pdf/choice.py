"""One choice of PDFs for a whole action, carried in the context.

Sending one invoice comes through many of Odoo's methods, and each asks for the PDF. The
first one chooses, and all others get the same answer.
"""

from .fetching import fetch_before_sending


class ChosenPdfs(dict):
    """{invoice id: (source, id of the attachment)}; no id is Odoo's own rendering.

    Anybody can put any value into the context over RPC, but no object of this class.
    """


def choose(moves, fetch=False):
    """Return {invoice id: chosen attachment}, sudo; empty for Odoo's own rendering.

    :param fetch: whether a source may ask another system
    """
    chosen = moves.env["invoice.pdf.source"]._choose(moves, fetch, whole=True)
    return {move.id: attachment for move, (_source, attachment) in chosen.items()}


def get_chosen_before(moves):
    """Return {invoice id: attachment, sudo} if these were chosen before in this action.

    :return: None unless all of them were
    """
    chosen = _get_carried(moves)
    if chosen is None:
        return None
    files = moves.env["ir.attachment"].sudo()
    return {move_id: files.browse(chosen[move_id][1] or ()) for move_id in moves.ids}


def get_sources(moves):
    """Return {invoice id: source} of the PDFs that are chosen for `moves`.

    As chosen before in this action; otherwise chosen now, without asking ConnectWise.
    """
    chosen = _get_carried(moves)
    if chosen is None:
        chosen = _choose_for_action(moves)
    return {move_id: chosen[move_id][0] for move_id in moves.ids}


def with_chosen_pdfs(moves, records):
    """Choose for `moves` without asking ConnectWise.

    :param records: of any model
    :return: `records` in an environment that carries the choice
    """
    return records.with_context(chosen_invoice_pdfs=_choose_for_action(moves))


def with_odoos_own(moves, records):
    """Return `records` in an environment in which Odoo's own PDFs are chosen."""
    chosen = dict.fromkeys(moves.ids, ("odoo", False))
    return records.with_context(chosen_invoice_pdfs=ChosenPdfs(chosen))


def choose_before_mailing(moves, records):
    """Ask ConnectWise for newer PDFs and choose, unless that was done already.

    :param records: of any model
    :return: `records` in an environment that carries the choice
    """
    if get_chosen_before(moves) is not None:
        return records
    fetch_before_sending(moves)
    moves.sudo().connectwise_lookup_ids._judge_anew()
    return with_chosen_pdfs(moves, records)


def _choose_for_action(moves):
    chosen = moves.env["invoice.pdf.source"]._choose(moves, whole=True)
    return ChosenPdfs(
        {
            move.id: (source, attachment.id)
            for move, (source, attachment) in chosen.items()
        }
    )


def _get_carried(moves):
    """Return the choice that the environment carries; None without one for all."""
    chosen = moves.env.context.get("chosen_invoice_pdfs")
    if isinstance(chosen, ChosenPdfs) and chosen.keys() >= set(moves.ids):
        return chosen
    return None
