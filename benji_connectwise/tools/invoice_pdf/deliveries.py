"""Noting with which PDF invoices are sent, and why not with ConnectWise's."""

from odoo import fields
from odoo.tools import SQL

from ..sync.sql import as_table
from .choice import get_chosen_before, get_sources, with_chosen_pdfs
from .explain_lookup import find_outcome

COLUMNS = {
    "move_id": "integer",
    "company_id": "integer",
    "date": "date",
    "source": "text",
    "reason": "text",
    "share": "float",
}


def note_deliveries(moves):
    """Store that these invoices are sent now with the PDFs that are chosen for them."""
    moves = moves.sudo()._with_invoice_pdf()
    if not moves:
        return
    sources = get_sources(moves)
    today = fields.Date.context_today(moves)
    rows = [
        (
            move.id,
            move.company_id.id,
            today,
            source := sources[move.id],
            None if source == "connectwise" else find_reason(move, source),
            100 if source == "connectwise" else 0,
        )
        for move in moves
    ]
    # Past the ORM: one statement for a whole batch, and what is noted already stays.
    moves.env.execute_query(
        SQL(
            "INSERT INTO connectwise_delivery (%s) (%s) ON CONFLICT DO NOTHING",
            SQL(", ").join(map(SQL.identifier, COLUMNS)),
            as_table(rows, COLUMNS),
        )
    )


def note_mailed(mails, moves):
    """Store those of these invoices whose chosen PDF is in one of these e-mails."""
    moves = with_chosen_pdfs(moves, moves)
    chosen = get_chosen_before(moves)
    sent = {
        mail.res_id
        for mail in mails
        if mail.res_id in chosen
        and _holds(mail, moves.browse(mail.res_id), chosen[mail.res_id])
    }
    note_deliveries(moves.browse(sent))


def _holds(mail, move, chosen):
    """Whether the chosen PDF, or for none Odoo's rendering, is among the files."""
    if chosen:
        return chosen.checksum in mail.attachment_ids.mapped("checksum")
    name = move._get_invoice_report_filename()
    return name in [file.name.replace("/", "_") for file in mail.attachment_ids]


def find_reason(move, source):
    """Return why ConnectWise's PDF is not used, as `connectwise.delivery` stores it.

    :param move: sudo
    :param source: of the PDF that is used instead
    """
    outranking = move.env["invoice.pdf.source"]._get_outranking(move, source)
    backend = move.company_id._get_connectwise_backend()
    if move._is_e_invoice():
        return "e_invoice"
    if "connectwise" not in outranking:
        return "not_preferred"
    if not backend._is_pdf_source():
        return "not_connected"
    lookup = move.connectwise_lookup_ids
    outcome = find_outcome(lookup)
    if outcome == "refused":
        return lookup.verdict
    # A PDF that is there was passed over because its file is damaged.
    return "unusable" if outcome == "accepted" else outcome or "no_answer"
