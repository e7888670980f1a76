"""The attachments and recipients of invoice e-mails."""

from .choice import choose_before_mailing
from .origin import is_from_elsewhere


def renew_pending_pdfs(move, attachment_ids):
    """Replace PDFs that were chosen earlier by the one that is chosen now.

    A scheduled message may be a week old when it is posted.

    :param attachment_ids: ids of the attachments of the posted message, or None
    """
    # A message of a portal user holds only files that the user uploaded.
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
    # A person attached a file that has another name, even if its content is the same.
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
    """Return the recipients without synced contacts that must get no invoices.

    They are left out as followers too.

    :param recipients: the dicts of mail.thread's `_notify_get_recipients`
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
    """Return the e-mail addresses that only disabled synced contacts have."""
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
    """Return `settings` without attachments that this person could not send now.

    The list comes from the browser, so it may name any attachment, and the scheduled
    action that sends them may read and render everything.

    :param settings: sending settings of Odoo, as the Send dialog stores them
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
            is_there = True  # A placeholder for a file that will be rendered.
        else:
            attachment = env["ir.attachment"].browse(attachment_id).exists()
            attachment.check_access("read")
            is_there = bool(attachment)
        if is_there and values.get("dynamic_report") in names:
            widget.append(values)
    return {**settings, "mail_attachments_widget": widget}
