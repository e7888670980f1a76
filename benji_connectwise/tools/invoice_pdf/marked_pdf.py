"""A PDF that a person attached and marked with *Use as invoice PDF*."""

from odoo.exceptions import ValidationError

from ...lib.connectwise_client import InvalidPdfError, validate_pdf
from .merge_check import MergeCheck
from .order import is_used


def check_marked_pdf(move):
    """Make sure that the marked file of `move` can be sent.

    :raises AccessError: if the person may not read it
    :raises ValidationError: if it is not attached to this invoice, or is not a usable
        PDF
    """
    _ = move.env._
    attachment = move.invoice_pdf_attachment_id
    place = (attachment.res_model, attachment.res_id, attachment.res_field)
    # A file in a field is hidden: it may be ConnectWise's PDF of another customer.
    if place != (move._name, move.id, False):
        # Its name is shown.
        attachment.sudo(False).check_access("read")
        raise ValidationError(
            _(
                "“%s” is not attached to this invoice. Please attach it first.",
                attachment.name,
            )
        )
    try:
        validate_pdf(attachment._get_content())
        with MergeCheck() as check:
            check.examine(attachment._get_content())
    except InvalidPdfError as error:
        message = _(
            "“%s” is not a PDF that can be sent. Please attach another.",
            attachment.name,
        )
        if error.reason == "too_slow":
            message = _(
                "“%s” is too large to examine now. Please attach a smaller one, or"
                " try again later.",
                attachment.name,
            )
        raise ValidationError(message) from None


def prefer_marked(vals):
    """Return `vals` of an invoice, with *attachment* preferred if they mark a file.

    If `vals` set a preference themselves, that one stays.
    """
    if not vals.get("invoice_pdf_attachment_id") or "invoice_pdf_preference" in vals:
        return vals
    return {
        # The reason was given for another preference.
        "invoice_pdf_preference_reason": False,
        **vals,
        "invoice_pdf_preference": "attachment",
    }


def prefer_marked_in_form(move):
    """Return the values to change in the form of `move` after a file was chosen."""
    if move.invoice_pdf_attachment_id:
        marked = {"invoice_pdf_attachment_id": move.invoice_pdf_attachment_id}
        return prefer_marked(marked)
    if move.invoice_pdf_preference == "attachment":
        return {"invoice_pdf_preference": False}
    return {}


def unmark(moves):
    """Use the marked files no more. A preference stays, unless it is for them."""
    if not moves:
        # Hardly any invoice has one, and writing checks its balance.
        return
    moves.filtered(lambda move: move.invoice_pdf_preference == "attachment").write(
        {"invoice_pdf_preference": False, "invoice_pdf_preference_reason": False}
    )
    moves.write({"invoice_pdf_attachment_id": False})


def find_marked(moves):
    """Return {invoice: (its customer, its marked file)} of those with both, sudo."""
    return {
        move: (move.partner_id.commercial_partner_id, move.invoice_pdf_attachment_id)
        for move in moves.sudo()
        if move.partner_id and move.invoice_pdf_attachment_id
    }


def unmark_given_away(before):
    """Use the marked files no more if their invoices were given to another customer.

    Such a file was chosen for the customer before. The chatter says so.

    :param before: as `find_marked` returned it before the invoices were written
    """
    for move, (customer, file) in before.items():
        is_same = move.partner_id.commercial_partner_id == customer
        if is_same or move.invoice_pdf_attachment_id != file:
            continue
        move._message_log(
            body=move.env._(
                "“%s” is no longer used as invoice PDF, because the customer changed.",
                file.name,
            )
        )
        unmark(move)


def explain_unused(move):
    """Say why the marked file of `move` is not used, or return False."""
    _ = move.env._
    Source = move.env["invoice.pdf.source"]
    if not move.invoice_pdf_attachment_id:
        return False
    if not is_used("attachment", move):
        return _(
            "This PDF is not used: in the order of this invoice, “%s” is missing or"
            " comes after Odoo.",
            Source._get_label("attachment"),
        )
    return move._is_e_invoice() and _(
        "This PDF is not used: the customer gets electronic invoices, so Odoo's PDF"
        " stays the legal document."
    )
