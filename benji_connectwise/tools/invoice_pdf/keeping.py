"""Storing downloaded PDFs as attachments of their invoices."""

import logging
import os
from contextlib import suppress

from psycopg2 import DatabaseError

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date, split_every

from ...const import PDFS_DELETED_AT_ONCE
from .file_store import storage_error
from .marked_pdf import unmark

_logger = logging.getLogger(__name__)

APART = "ConnectWise_"
"""Before the name of a PDF that goes along with an e-invoice."""

NOT_INDEXED = object()
"""As `connectwise_pdf` in the context: Odoo does not open the file to index it."""


def store_pdfs(lookups, contents, changed):
    """Store the PDFs of the accepted hits, except those that raise an error.

    A previous PDF is detached and stays on the invoice. It is never overwritten: a
    restrictive audit trail would refuse that (account, models/ir_attachment.py:37),
    and a customer may have received it.

    :param contents: {ConnectWise's id of an invoice: PDF}
    :param changed: {lookup: ConnectWise's last change of the invoice}
    :return: {lookup: StorageError} of those that could not be stored
    """
    try:
        with lookups.env.cr.savepoint():
            _store(lookups, contents, changed)
    except DatabaseError:
        raise
    except Exception as error:
        if len(lookups) > 1:
            failures = {}
            for lookup in lookups:
                failures.update(store_pdfs(lookup, contents, changed))
            return failures
        _logger.warning("A PDF could not be stored", exc_info=True)
        return {lookups: storage_error(error)}
    return {}


def _store(lookups, contents, changed):
    Attachment = lookups.env["ir.attachment"].sudo()
    Attachment = Attachment.with_context(connectwise_pdf=NOT_INDEXED)
    moves = lookups.move_id
    attachments = lookups._get_attachments(moves)
    new, replaced, strangers = [], moves.browse(), moves.browse()
    for lookup in lookups:
        move, content = lookup.move_id, contents[lookup.accepted_id.connectwise_ref]
        Attachment._write_whole(content)
        if attachment := attachments.get(move.id):
            # `_write_whole` may just have repaired the file of this attachment.
            attachment.invalidate_recordset(["raw"])
            if attachment._get_content() == content and attachment._is_whole():
                continue
            if lookup.pdf_ref == lookup.accepted_id.connectwise_ref:
                replaced += move
            else:
                strangers += move
        new.append(
            {
                "name": _get_filename(move),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": move._name,
                "res_id": move.id,
                "res_field": "connectwise_pdf_file",
                "connectwise_customer_id": move.partner_id.commercial_partner_id.id,
                "company_id": move.company_id.id,
            }
        )
    _detach(replaced | delete_unsent(strangers))
    for attachment in Attachment.create(new):
        attachments[attachment.res_id] = attachment
    moves.invalidate_recordset(["connectwise_pdf_id", "connectwise_pdf_file"])
    for lookup in lookups:
        lookup.write(
            {
                "pdf_checksum": attachments[lookup.move_id.id].checksum,
                "pdf_ref": lookup.accepted_id.connectwise_ref,
                "pdf_last_updated": changed[lookup],
                "attempts": 0,
                "retry_at": False,
                "error": False,
            }
        )


def name_as_used(move, files):
    """Name ConnectWise's PDF among `files` by what it is used for now.

    The customer may have begun or ended to get e-invoices since it was stored.
    """
    for file in files.sudo():
        is_apart = file.name.startswith(APART)
        # Making the name takes several statements, and hardly any changes.
        if (
            file.res_field == "connectwise_pdf_file"
            and is_apart != move._is_e_invoice()
        ):
            file.name = _get_filename(move)


def _get_filename(move):
    name = move._get_invoice_report_filename()
    # It is attached beside the PDF of the e-invoice, which has the plain name.
    return f"{APART}{name}" if move._is_e_invoice() else name


def pin_pdfs(pdfs):
    """Remember that these PDFs were sent.

    :param pdfs: {invoice: its ConnectWise PDF}, as `_get_pdfs` returns it
    """
    for move, pdf in pdfs.items():
        # Not account.move's own write(), which would check the invoice's balance again.
        models.Model.write(
            move.sudo(),
            {
                "connectwise_sent_at": fields.Datetime.now(),
                "connectwise_sent_checksum": pdf.checksum,
            },
        )
        pdf.sudo().connectwise_customer_id = False


def find_files(moves):
    """Return ConnectWise's PDFs of `moves` that are kept, the oldest first, sudo.

    There is one of each invoice, and older ones that could not be deleted.
    """
    return (
        moves.env["ir.attachment"]
        .sudo()
        .search_fetch(
            [
                ("res_model", "=", "account.move"),
                ("res_id", "in", moves.ids),
                ("res_field", "=", "connectwise_pdf_file"),
            ],
            ["res_id", "res_field", "name", "mimetype", "checksum", "store_fname"],
            order="id",
        )
    )


def hide_files_of_others(moves):
    """Hide PDFs that nobody received if their invoice was given to another customer.

    After a reset to draft they are ordinary files, which the link to the invoice opens
    and which a person can mark with *Use as invoice PDF*.
    """
    files = moves.env["ir.attachment"].sudo()
    # Odoo leaves out those that are hidden (base, models/ir_attachment.py).
    files = files.search(
        [
            ("res_model", "=", "account.move"),
            ("res_id", "in", moves.ids),
            ("connectwise_customer_id", "!=", False),
        ]
    )
    customers = {
        move.id: move.partner_id.commercial_partner_id for move in moves.sudo()
    }
    files = files.filtered(
        lambda file: file.connectwise_customer_id != customers[file.res_id]
    )
    files.res_field = "connectwise_pdf_file"
    unmark(moves.sudo().filtered(lambda move: move.invoice_pdf_attachment_id in files))


def leave_out_unsent(files):
    """Return `files` without ordinary ones that were ConnectWise's PDF and that nobody
    received, unless an employee asks.

    They were replaced, or their invoice was reset to draft. The link to the invoice
    opens what is returned, and such a PDF may have turned out to be another customer's.
    """
    if files.env.user._is_internal():
        return files
    return files.filtered(
        lambda file: file.res_field or not file.sudo().connectwise_customer_id
    )


def find_kept(backends):
    """Return (invoices whose kept PDF nobody received, those whose PDF was sent), sudo.

    Refused ones count too. By SQL, because there may be hundreds of thousands.
    """
    Move = backends.env["account.move"].sudo()
    Move.flush_model(["company_id", "connectwise_sent_checksum"])
    backends.env["ir.attachment"].flush_model(["checksum", "res_id", "res_field"])
    rows = backends.env.execute_query(
        SQL(
            """
            SELECT DISTINCT ON (move.id)
                   move.id, move.connectwise_sent_checksum = file.checksum
              FROM ir_attachment file
              JOIN account_move move ON move.id = file.res_id
             WHERE file.res_model = 'account.move'
               AND file.res_field = 'connectwise_pdf_file'
               AND move.company_id = ANY(%s)
             ORDER BY move.id, file.id DESC
            """,
            backends._get_companies().ids,
        )
    )
    unsent = [move_id for move_id, is_sent in rows if not is_sent]
    sent = [move_id for move_id, is_sent in rows if is_sent]
    return Move.browse(unsent), Move.browse(sent)


def delete_unsent(moves):
    """Delete the kept PDFs that were not sent to anybody.

    Such a PDF may be another customer's, and everybody who has the link to an invoice
    can open its attachments.

    :return: the invoices whose PDF was sent, and therefore stays
    """
    kept = moves.env["connectwise.lookup"]._get_attachments(moves)
    stay = moves.filtered(
        lambda move: (
            move.id in kept
            and kept[move.id].checksum == move.sudo().connectwise_sent_checksum
        )
    )
    unsent = (kept[move.id] for move in moves - stay if move.id in kept)
    delete_files(moves.env["ir.attachment"].sudo().union(*unsent))
    return stay


def delete_files(files):
    """Delete these files, except those that a restrictive audit trail protects.

    Such a file stays hidden.
    """
    # Odoo reads the contents of all records that are in one set, to delete one of them
    # (account, models/ir_attachment.py:21).
    for some in split_every(PDFS_DELETED_AT_ONCE, files.ids, files.browse):
        try:
            with files.env.cr.savepoint():
                some.unlink()
        except UserError:
            for file_id in some.ids:
                with suppress(UserError), files.env.cr.savepoint():
                    some.browse(file_id).unlink()


def _detach(moves):
    """Turn the kept PDFs into ordinary attachments, so that new ones can be kept."""
    today = format_date(moves.env, fields.Date.context_today(moves))
    kept = moves.env["connectwise.lookup"]._get_attachments(moves)
    for attachment in kept.values():
        name, extension = os.path.splitext(attachment.name)
        name = moves.env._("%(name)s (replaced on %(date)s)", name=name, date=today)
        attachment.write({"res_field": False, "name": name + extension})
    moves.invalidate_recordset(["connectwise_pdf_id", "connectwise_pdf_file"])
