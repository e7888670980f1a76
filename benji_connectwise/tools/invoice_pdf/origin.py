"""Telling files that Odoo rendered from those that came from elsewhere."""


def filter_odoos_own(move, attachments):
    """Return the files of this invoice that Odoo may have rendered itself.

    These are not ConnectWise's PDF, the one that a person marked, or the file of a
    message, which keeps the PDF that was chosen when it was posted.
    """
    messages = (
        move.env["mail.message"]
        .sudo()
        .search([("attachment_ids", "in", attachments.ids)])
    )
    posted = messages.attachment_ids.with_env(move.env)
    return attachments.filtered(lambda file: not is_from_elsewhere(move, file)) - (
        posted
    )


def is_from_elsewhere(move, attachment):
    """Whether this file holds ConnectWise's PDF or the one that a person marked."""
    move, file = move.sudo(), attachment.sudo()
    checksums = {
        move.connectwise_sent_checksum,
        *move.connectwise_lookup_ids.mapped("pdf_checksum"),
        *move.invoice_pdf_attachment_id.mapped("checksum"),
    }
    return file.res_field == "connectwise_pdf_file" or (
        bool(file.checksum) and file.checksum in checksums
    )
