"""Facts about an invoice's PDF, as its fields and its chatter show them."""

from .choice import choose
from .explain_choice import find_outranking
from .explain_lookup import explain_amount
from .order import is_used
from .origin import is_from_elsewhere

FACTS_IN_CONNECTWISE = (
    "state",
    "name",
    "currency_id",
    "amount_total",
    "invoice_pdf_preference",
    "commercial_partner_id.invoice_pdf_preference",
    "connectwise_lookup_ids.accepted_id.is_open",
    "connectwise_lookup_ids.accepted_id.total",
    "connectwise_lookup_ids.error",
    "connectwise_lookup_ids.has_pdf",
    "connectwise_lookup_ids.pdf_changed",
    "connectwise_lookup_ids.state",
    "connectwise_lookup_ids.verdict",
    "connectwise_sent_checksum",
)
"""On which the fields of an invoice depend that tell of ConnectWise."""


def describe_choice(moves):
    """Return {invoice: the values of its fields that tell of the chosen PDF}.

    :raises AccessError: if this person may not read the invoices
    """
    # Below, all is read with all rights, and so is in Odoo's cache for everybody.
    moves.check_access("read")
    Source = moves.env["invoice.pdf.source"]
    choices = {}
    for move, (source, _attachment) in Source._choose(moves.sudo()).items():
        outranking = find_outranking(move, source)
        choices[move] = {
            "invoice_pdf_source": source,
            "invoice_pdf_is_first_choice": not outranking,
            "invoice_pdf_is_undecided": any(
                Source._is_open(other, move) for other in outranking
            ),
        }
    return choices


def describe_in_connectwise(move):
    """Return the values of the fields of `move` that tell of ConnectWise."""
    lookup = move.sudo().connectwise_lookup_ids
    is_current = bool(lookup) and move._is_looked_up_in_connectwise()
    # A warning is of use only where ConnectWise's PDF is.
    counts = is_current and bool(lookup.accepted_id) and is_used("connectwise", move)
    differs = counts and lookup.verdict == "amount_differs"
    return {
        "connectwise_invoice_ref": (
            lookup.accepted_id.connectwise_ref if is_current else 0
        ),
        "connectwise_pdf_changed": is_current and lookup.pdf_changed,
        "connectwise_pdf_is_sent": is_current and lookup._is_pdf_sent(),
        "connectwise_amount_differs": differs,
        "connectwise_amount_warning": differs and explain_amount(lookup),
        "connectwise_is_open": counts and lookup.accepted_id.is_open,
        "connectwise_environment": (
            counts
            and not lookup.is_from_another_tenant
            and lookup.backend_id.environment
        ),
    }


def find_previewed(moves):
    """Return {invoice: the file that the preview beside it shows}, sudo or empty.

    The preview opens the main attachment. That is the file that was sent last, which
    may not be the chosen one now. Invoices whose preview is right are left out.
    """
    moves = moves._with_invoice_pdf()
    kept = choose(moves)
    previewed = {}
    for move in moves:
        main = move.message_main_attachment_id
        shown = kept[move.id] or move.invoice_pdf_report_id
        if shown or (main and is_from_elsewhere(move, main)):
            previewed[move] = shown
    return previewed


def as_document(attachment, move=None):
    """Return this file as Odoo's downloads take it.

    :param move: the invoice to name it after. ConnectWise's PDF has that name already,
        while several marked files may have the same one.
    """
    name = attachment.name
    if move and attachment.res_field != "connectwise_pdf_file":
        name = move._get_invoice_report_filename()
    return {
        "filename": name,
        "filetype": attachment.mimetype,
        "content": attachment._get_content(),
    }
