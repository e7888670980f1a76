"""Explaining which PDF an invoice has: the tab *Why this PDF?*, and one sentence."""

import os

from odoo.tools import format_datetime

from ..connection.links import get_company_url
from .order import describe_origin, get_order


def render_explanation(move):
    """Return the contents of the tab *Why this PDF?*: HTML, or False without a PDF."""
    if not move._with_invoice_pdf():
        return False
    return move.env["ir.qweb"]._render(
        "benji_connectwise.invoice_pdf_explanation", _prepare_explanation(move)
    )


def _prepare_explanation(move):
    Source = move.env["invoice.pdf.source"]
    chosen, attachment = Source._choose(move, whole=True)[move]
    outranking = find_outranking(move, chosen)
    undecided = {source for source in outranking if Source._is_open(source, move)}
    is_doubtful = move.connectwise_amount_differs or move.connectwise_is_open
    steps, is_tried = [], True
    for source in get_order(move):
        is_chosen = source == chosen
        if source in undecided:
            mark = "open"
        elif is_chosen:
            mark = "possible" if undecided else "chosen"
            if source == "connectwise" and is_doubtful:
                mark = "doubtful"
        else:
            mark = "refused" if is_tried else "not_needed"
        is_tried &= not is_chosen
        text = "" if mark == "not_needed" else Source._explain(source, move)
        steps.append({"name": Source._get_label(source), "mark": mark, "text": text})
    return {
        "source": Source._get_label(chosen),
        "is_undecided": bool(undecided),
        "steps": steps,
        "origin": describe_origin(move),
        "environment": move.sudo().connectwise_lookup_ids.backend_id.environment,
        "mapping_url": _find_mapping_url(move),
        "connectwise_url": _find_connectwise_url(move),
        "bench_url": _find_bench_url(move),
        "stored": attachment
        and move.env._(
            "This file was stored on %s.",
            format_datetime(move.env, attachment.create_date, dt_format="short"),
        ),
        "is_changed": move.connectwise_pdf_changed,
        "is_e_invoice": move._is_e_invoice(),
        "waiting": _describe_waiting(move),
        "deliveries": _describe_deliveries(move, attachment),
    }


def _find_mapping_url(move):
    """Return the address of the customer's row in the report, or False."""
    row = move.env["connectwise.mapping"].search(
        [
            ("backend_id", "=", move.company_id._get_connectwise_backend().id),
            ("partner_id", "=", move.commercial_partner_id.id),
        ]
    )
    return bool(row) and f"/odoo/connectwise.mapping/{row.id}"


def _find_connectwise_url(move):
    """Return the address of the company in ConnectWise, if one invoice was found."""
    lookup = move.sudo().connectwise_lookup_ids
    hit = lookup.accepted_id or lookup.hit_ids
    if len(hit) != 1 or lookup.is_from_another_tenant:
        return False
    return get_company_url(lookup.backend_id, hit.company_ref)


def _find_bench_url(move):
    """Return the address of the number rules if the invoice was not found, or False.

    That page shows the connection of the current company only.
    """
    lookup = move.sudo().connectwise_lookup_ids
    backend = move.env.company._get_connectwise_backend().with_env(move.env)
    if lookup.state != "not_found" or lookup.backend_id != backend:
        return False
    return backend.has_access("write") and "/odoo/connectwise-number-rules"


def find_outranking(move, source):
    """Return the sources that outrank `source` and have no PDF of `move`."""
    if not source or move._is_e_invoice():
        return []
    return move.env["invoice.pdf.source"]._get_outranking(move, source)


def explain_second_choice(move):
    """Say why the sources that outrank the one in use have no PDF."""
    Source = move.env["invoice.pdf.source"]
    outranking = find_outranking(move, move.invoice_pdf_source)
    return " ".join(Source._explain(source, move) for source in outranking).strip()


def _describe_waiting(move):
    """Say until when the invoice waits to be sent, or return False."""
    held = move.sudo().connectwise_held_ids
    return bool(held.settings) and move.env._(
        "Not sent yet: it waits for ConnectWise's PDF until %s.",
        format_datetime(move.env, held._find_end(), dt_format="short"),
    )


def _describe_deliveries(move, attachment):
    """Return a list of sentences: when the invoice was mailed to whom, newest first."""
    messages = move.sudo().message_ids.filtered(
        lambda message: (
            message.message_type in ("comment", "email")
            and message.notified_partner_ids
            and "application/pdf" in message.attachment_ids.mapped("mimetype")
        )
    )
    shown = attachment or move.sudo().invoice_pdf_report_id
    return [_describe_delivery(move, message, shown) for message in messages]


def _describe_delivery(move, message, shown):
    _ = move.env._
    values = {
        "to": ", ".join(message.notified_partner_ids.mapped("display_name")),
        "date": format_datetime(move.env, message.date, dt_format="short"),
    }
    if shown and shown.checksum in message.attachment_ids.mapped("checksum"):
        return _("Sent to %(to)s on %(date)s with this same file.", **values)
    # A replaced file is still named after the invoice. A PDF with another name is not
    # the invoice's.
    stem, _extension = os.path.splitext(move._get_invoice_report_filename())
    if shown and any(
        file.name.startswith(stem) and file.mimetype == "application/pdf"
        for file in message.attachment_ids
    ):
        return _("Sent to %(to)s on %(date)s with another file.", **values)
    return _("Sent to %(to)s on %(date)s.", **values)
