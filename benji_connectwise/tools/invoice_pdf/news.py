"""Telling followers of invoices about changed and refused PDFs."""

from ..connection.followers import tell_followers
from .verdict import ACCEPTED


def find_news(lookups):
    """Return the invoices that have news: {message subtype: invoices, sudo}."""
    changed = lookups.filtered("pdf_changed")
    refused = lookups.filtered(
        # An invoice that is still open will be used later, so it is not refused.
        lambda lookup: (
            lookup.verdict and lookup.verdict not in (*ACCEPTED, "still_open")
        )
    )
    return {
        "mt_pdf_changed": changed.move_id,
        "mt_pdf_refused": refused.move_id,
    }


def tell_news(lookups, before):
    """Tell the followers of these invoices what is new.

    :param before: what `find_news` returned before ConnectWise was asked
    """
    for subtype, moves in find_news(lookups).items():
        tell_followers(
            moves - before[subtype],
            subtype,
            lambda move, subtype=subtype: _describe(move, subtype),
        )


def _describe(move, subtype):
    if subtype == "mt_pdf_changed":
        return move.env._(
            "ConnectWise changed this invoice since its PDF was sent. “Refresh PDF”"
            " replaces the file here."
        )
    return move.connectwise_message
