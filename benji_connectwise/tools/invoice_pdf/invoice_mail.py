"""The files of invoice e-mails, and the recipients they leave out."""

from .choice import choose_before_mailing
from .origin import is_from_elsewhere


def renew_pending_pdfs(move, attachment_ids):
    """Put the PDF that is chosen now in the place of one that was chosen before.

    The files of a dialog or a scheduled message may be a week old.

    :param attachment_ids: of the message that is posted, or nothing
    """
    # Customers attach files in the portal, and render nothing.
    is_internal = move.env.user._is_internal()
    if not attachment_ids or not is_internal or not move._with_invoice_pdf():
        return
    files = move.env["ir.attachment"].sudo().browse(attachment_ids)
    pending = files.filtered(
        lambda file: (
            file.res_model in ("mail.compose.message", "mail.scheduled.message")
            and file.create_uid == move.env.user
            and is_from_elsewhere(move, file)
        )
    )
    reports = move._get_available_action_reports() if pending else []
    by_name = {
        move._get_invoice_report_filename(report=report): report for report in reports
    }
    # Other files may have the same content: a person attached those.
    pending = pending.filtered(lambda file: file.name.replace("/", "_") in by_name)
    if not pending:
        return
    move = choose_before_mailing(move, move)
    chosen = move._get_preferred_invoice_pdf()
    for file in pending:
        if not chosen:
            report = by_name[file.name.replace("/", "_")]
            reports = move.env["ir.actions.report"]
            file.raw, _kind = reports._render_qweb_pdf(report, move.ids)
        elif file.checksum != chosen.checksum:
            file.raw = chosen._get_content()


def filter_mailed(move, recipients):
    """Leave out synced contacts that get no invoices, as followers too.

    :param recipients: as of mail.thread's `_notify_get_recipients`
    """
    partner_ids = [data["id"] for data in recipients if data["id"]]
    partners = move.env["res.partner"].browse(partner_ids)
    unmailed = set((partners - partners._filter_connectwise_mailed()).ids)
    addresses = ()
    if len(partner_ids) < len(recipients):
        addresses = get_unmailed_addresses(move)
    return [
        data
        for data in recipients
        if data["id"] not in unmailed
        and (data["id"] or data["email_normalized"] not in addresses)
    ]


def get_unmailed_addresses(moves):
    """Return the customer's addresses that only disabled synced contacts have."""
    contacts = (
        moves.env["res.partner"]
        .sudo()
        .search(
            [
                (
                    "commercial_partner_id",
                    "in",
                    moves.sudo().commercial_partner_id.ids,
                ),
                ("is_connectwise_contact", "=", True),
            ]
        )
    )
    unmailed = contacts - contacts._filter_connectwise_mailed()
    return unmailed._get_addresses_of_their_own()


def keep_sendable_attachments(env, settings):
    """Return `settings` with the attachments that this person could send now.

    The scheduled action sends them, and may read and render everything. What a
    browser lists is not only what Odoo proposed.

    :raises AccessError: if the person may not read one of them
    """
    if not settings.get("mail_attachments_widget"):
        return settings
    template = settings.get("mail_template") or env["mail.template"]
    reports = template.sudo().report_template_ids.filtered(
        lambda report: report.model == "account.move"
    )
    names = [False, None, *reports.mapped("report_name")]
    widget = []
    for values in settings["mail_attachments_widget"]:
        try:
            attachment_id = int(values["id"])
        except ValueError:
            is_there = True  # It stands for what will be made.
        else:
            attachment = env["ir.attachment"].browse(attachment_id).exists()
            attachment.check_access("read")
            is_there = bool(attachment)
        if is_there and values.get("dynamic_report") in names:
            widget.append(values)
    return {**settings, "mail_attachments_widget": widget}
