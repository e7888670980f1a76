from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import NO_ACCESS, Domain

from odoo.addons.mail.tools.discuss import Store

from ..tools.connection.tenant import ENVIRONMENTS
from ..tools.invoice_pdf import forgetting, marked_pdf, searching, shown, status
from ..tools.invoice_pdf.choice import choose, get_chosen_before, with_chosen_pdfs
from ..tools.invoice_pdf.explain_choice import render_explanation
from ..tools.invoice_pdf.explain_lookup import explain_connectwise
from ..tools.invoice_pdf.fetching import fetch_before_batch
from ..tools.invoice_pdf.invoice_mail import filter_mailed, renew_pending_pdfs
from ..tools.invoice_pdf.keeping import hide_files_of_others, leave_out_unsent
from ..tools.invoice_pdf.order import is_used, list_sources
from ..tools.invoice_pdf.refresh import refresh

INVOICING = "account.group_account_invoice,account.group_account_readonly"
"""Who sees ConnectWise's answers: not the customers in the portal, because another
customer may be named in them."""


class AccountMove(models.Model):
    _inherit = "account.move"

    invoice_pdf_source = fields.Selection(
        list_sources,
        "PDF From",
        compute="_compute_invoice_pdf_source",
        search="_search_invoice_pdf_source",
        groups=INVOICING,
        help="The source of the PDF that is shown and sent, by Invoice PDF Priority.",
    )
    invoice_pdf_is_first_choice = fields.Boolean(
        compute="_compute_invoice_pdf_source",
        search="_search_invoice_pdf_is_first_choice",
        groups=INVOICING,
    )
    invoice_pdf_is_undecided = fields.Boolean(
        compute="_compute_invoice_pdf_source",
        groups=INVOICING,
        help="A source that comes first is asked when it is printed or sent.",
    )
    invoice_pdf_preference = fields.Selection(
        list_sources,
        "Invoice PDF",
        copy=False,
        index="btree_not_null",
        tracking=True,
        groups=INVOICING,
        help="Goes first for this invoice; the rest of the priority follows.",
    )
    invoice_pdf_preference_reason = fields.Char(
        "Reason", copy=False, tracking=True, groups=INVOICING
    )
    invoice_pdf_attachment_id = fields.Many2one(
        "ir.attachment",
        "Use as invoice PDF",
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups=INVOICING,
        domain="[('res_model', '=', 'account.move'), ('res_id', '=', id),"
        " ('mimetype', '=', 'application/pdf')]",
        help="A PDF attached to this invoice. Choosing one also prefers it.",
    )
    invoice_pdf_attachment_warning = fields.Char(
        compute="_compute_invoice_pdf_attachment_warning", groups=INVOICING
    )
    invoice_pdf_explanation = fields.Html(
        "Why this PDF?",
        compute="_compute_invoice_pdf_explanation",
        sanitize=False,
        groups=INVOICING,
    )
    connectwise_lookup_ids = fields.One2many(
        "connectwise.lookup", "move_id", groups=INVOICING
    )
    connectwise_held_ids = fields.One2many(
        "connectwise.held.invoice", "move_id", groups=NO_ACCESS
    )
    connectwise_invoice_ref = fields.Integer(
        "ConnectWise Invoice ID", compute="_compute_connectwise", groups=INVOICING
    )
    connectwise_message = fields.Char(
        "ConnectWise Reason", compute="_compute_connectwise_message", groups=INVOICING
    )
    connectwise_status = fields.Selection(
        status.STATUSES,
        "ConnectWise",
        compute="_compute_connectwise_status",
        search="_search_connectwise_status",
        groups=INVOICING,
    )
    connectwise_pdf_changed = fields.Boolean(
        "Changed in ConnectWise since sent",
        compute="_compute_connectwise",
        search="_search_connectwise_pdf_changed",
        groups=INVOICING,
    )
    connectwise_amount_differs = fields.Boolean(
        "Amount differs in ConnectWise",
        compute="_compute_connectwise",
        search="_search_connectwise_amount_differs",
        groups=INVOICING,
    )
    connectwise_amount_warning = fields.Char(
        compute="_compute_connectwise", groups=INVOICING
    )
    connectwise_is_open = fields.Boolean(
        "Still open in ConnectWise",
        compute="_compute_connectwise",
        search="_search_connectwise_is_open",
        groups=INVOICING,
    )
    connectwise_environment = fields.Selection(
        ENVIRONMENTS,
        "ConnectWise Environment",
        compute="_compute_connectwise",
        groups=INVOICING,
        help="Set if the ConnectWise that has this invoice is not the real one.",
    )
    connectwise_pdf_is_sent = fields.Boolean(
        "ConnectWise PDF sent", compute="_compute_connectwise", groups=INVOICING
    )
    # Not for customers in the portal, because it may turn out to belong to another one:
    # they get the chosen PDF.
    connectwise_pdf_file = fields.Binary(attachment=True, copy=False, groups=INVOICING)
    connectwise_sent_checksum = fields.Char(
        copy=False, groups=NO_ACCESS, help="Of ConnectWise's PDF that was sent last."
    )
    # Odoo keeps neither: its accounting date may be any.
    connectwise_posted_at = fields.Datetime(
        "Posted on", copy=False, groups=NO_ACCESS, index="btree_not_null"
    )
    connectwise_sent_at = fields.Datetime(
        "Sent on", copy=False, groups=NO_ACCESS, index="btree_not_null"
    )
    connectwise_pdf_id = fields.Many2one(
        "ir.attachment",
        "ConnectWise PDF",
        compute="_compute_connectwise_pdf_id",
        groups=INVOICING,
    )

    # Few of many invoices wait to be sent.
    _sending_data_index = models.Index("(id) WHERE sending_data IS NOT NULL")

    @api.depends(
        "state",
        "move_type",
        "company_id",
        "commercial_partner_id.invoice_edi_format",
        "commercial_partner_id.invoice_pdf_preference",
        "journal_id.invoice_pdf_preference",
        "invoice_pdf_preference",
        "invoice_pdf_attachment_id",
        "connectwise_lookup_ids.has_pdf",
        "connectwise_lookup_ids.state",
    )
    def _compute_invoice_pdf_source(self):
        for move, values in shown.describe_choice(self).items():
            move.update(values)

    def _search_invoice_pdf_source(self, operator, value):
        if operator != "in":
            return NotImplemented
        return searching.search_by_source(self.env.companies, value)

    def _search_invoice_pdf_is_first_choice(self, operator, value):
        others = searching.search_second_choice(self.env.companies)
        return searching.as_flag(~others, operator, value)

    def _compute_invoice_pdf_explanation(self):
        for move in self:
            move.invoice_pdf_explanation = render_explanation(move)

    @api.depends(*shown.FACTS_IN_CONNECTWISE)
    @api.depends_context("lang", "tz")
    def _compute_connectwise(self):
        self.check_access("read")
        for move in self:
            move.update(shown.describe_in_connectwise(move))

    # Apart, because making a text takes longer than all else.
    @api.depends(*shown.FACTS_IN_CONNECTWISE)
    @api.depends_context("lang", "tz")
    def _compute_connectwise_message(self):
        self.check_access("read")
        for move in self:
            move.connectwise_message = explain_connectwise(move)

    @api.depends(*status.FACTS)
    def _compute_connectwise_status(self):
        for move, word in status.describe_status(self).items():
            move.connectwise_status = word

    def _search_connectwise_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        return status.search_by_status(self.env.companies, value)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        result = super().fields_get(allfields, attributes)
        return status.name_group_without(self.env, result)

    def _read_group_groupby(self, alias, groupby_spec, query):
        if groupby_spec == "connectwise_status":
            return status.status_to_sql(self, alias, query)
        return super()._read_group_groupby(alias, groupby_spec, query)

    @api.depends("connectwise_pdf_file")
    def _compute_connectwise_pdf_id(self):
        self.check_access("read")
        kept = self.env["connectwise.lookup"]._get_attachments(self)
        for move in self:
            move.connectwise_pdf_id = kept.get(move._origin.id)

    def _search_connectwise_pdf_changed(self, operator, value):
        changed = Domain("connectwise_lookup_ids", "any!", [("pdf_changed", "=", True)])
        return searching.as_flag(changed, operator, value)

    def _search_connectwise_amount_differs(self, operator, value):
        facts = [("verdict", "=", "amount_differs")]
        return searching.search_accepted(self, facts, operator, value)

    def _search_connectwise_is_open(self, operator, value):
        facts = [("accepted_id.is_open", "=", True)]
        return searching.search_accepted(self, facts, operator, value)

    @api.depends("is_move_sent")
    def _compute_highlight_send_button(self):
        result = super()._compute_highlight_send_button()
        for move in self:
            # Odoo tells what was sent by its own PDF, which was not needed here.
            if move.is_move_sent and move.sudo().invoice_pdf_source != "odoo":
                move.highlight_send_button = False
        return result

    @api.depends("invoice_pdf_attachment_id", "invoice_pdf_preference", "company_id")
    def _compute_invoice_pdf_attachment_warning(self):
        for move in self:
            move.invoice_pdf_attachment_warning = marked_pdf.explain_unused(move)

    @api.onchange("invoice_pdf_attachment_id")
    def _onchange_invoice_pdf_attachment_id(self):
        self.update(marked_pdf.prefer_marked_in_form(self))

    @api.constrains("invoice_pdf_attachment_id")
    def _check_invoice_pdf_attachment(self):
        for move in self.sudo().filtered("invoice_pdf_attachment_id"):
            marked_pdf.check_marked_pdf(move)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_connectwise_pdf_file(vals)
        return super().create(vals_list)

    @api.model
    def _add_missing_default_values(self, values):
        # Anybody may have a default, in the context or stored.
        values = {"connectwise_pdf_file": False, **values}
        return super()._add_missing_default_values(values)

    def write(self, vals):
        self._check_connectwise_pdf_file(vals)
        marked = marked_pdf.find_marked(self) if "partner_id" in vals else {}
        result = super().write(marked_pdf.prefer_marked(vals))
        marked_pdf.unmark_given_away(marked)
        if vals.get("state") == "posted":
            self._note_time("connectwise_posted_at")
        if vals.get("is_move_sent") or vals.get("connectwise_sent_checksum"):
            self._note_time("connectwise_sent_at")
        return result

    def _note_time(self, name):
        # Nobody's to write; and past Odoo, which would check the balance again.
        models.Model.write(self.sudo(), {name: fields.Datetime.now()})

    def _check_connectwise_pdf_file(self, vals):
        if "connectwise_pdf_file" in vals and not self.env.su:
            raise AccessError(self.env._("This file comes from ConnectWise alone."))

    def button_draft(self):
        result = super().button_draft()
        forgetting.forget_versions(self)
        return result

    def _detach_attachments(self):
        hidden = forgetting.delete_refused_files(self)
        result = super()._detach_attachments()
        hidden.res_field = "connectwise_pdf_file"
        return result

    def _get_fields_to_detach(self):
        return [*super()._get_fields_to_detach(), "connectwise_pdf_file"]

    def action_refresh_pdf(self):
        """Ask ConnectWise at once and judge anew; an outage is shown, not raised.

        :return: a notification of the result, which the chatter keeps as well
        :raises AccessError: unless the user may send invoices
        """
        return refresh(self)

    def _post(self, soft=True):
        posted = super()._post(soft)
        hide_files_of_others(posted)
        if any(is_used("connectwise", move) for move in posted._with_invoice_pdf()):
            self.env["connectwise.lookup"]._trigger_prefetch()
        return posted

    def _cron_account_move_send(self, job_count=10):
        # Before Odoo locks the invoices it sends.
        fetch_before_batch(self, job_count)
        return super()._cron_account_move_send(job_count)

    def _get_preferred_invoice_pdf(self):
        """Return the PDF to show or send for this invoice.

        A preferred source that has to be asked is asked, within the time a person can
        wait. After any failure the next source is used.

        :return: the chosen `ir.attachment`, sudo; empty for Odoo's own rendering
        """
        self.ensure_one()
        return (get_chosen_before(self) or choose(self, fetch=True))[self.id]

    def _get_preferred_invoice_pdfs(self):
        """Return {invoice id: chosen attachment}, as _get_preferred_invoice_pdf."""
        return get_chosen_before(self) or choose(self, fetch=True)

    def _with_invoice_pdf(self):
        posted = self.filtered(lambda move: move.state == "posted")
        return posted.filtered(
            lambda move: move.is_sale_document(include_receipts=True)
        )

    def _is_e_invoice(self):
        """Whether Odoo's PDF is the legal document, by the customer's format."""
        partner = self.sudo().commercial_partner_id.with_company(self.company_id)
        return bool(partner.invoice_edi_format)

    def _is_looked_up_in_connectwise(self):
        """Whether ConnectWise may have this invoice: vendor bills and drafts never."""
        return bool(self._with_invoice_pdf()) and bool((self.name or "").strip())

    def _process_attachments_for_post(
        self, attachments, attachment_ids, message_values
    ):
        renew_pending_pdfs(self, attachment_ids)
        return super()._process_attachments_for_post(
            attachments, attachment_ids, message_values
        )

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        found = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        return filter_mailed(self, found)

    def action_print_pdf(self):
        # Also works where the server cannot render a PDF of its own.
        if len(self) == 1 and self._get_preferred_invoice_pdf():
            # With this target the web client reads the invoice again afterwards.
            return self.action_invoice_download_pdf(target="new")
        return super().action_print_pdf()

    def _get_invoice_legal_documents(self, filetype, allow_fallback=False):
        if filetype == "pdf" and (attachment := self._get_preferred_invoice_pdf()):
            return shown.as_document(attachment, self)
        return super()._get_invoice_legal_documents(filetype, allow_fallback)

    def _get_invoice_legal_documents_all(self, allow_fallback=False):
        if preferred := self._get_preferred_invoice_pdf():
            files = self.env["account.move.send"]._get_invoice_extra_attachments(self)
            first = self._get_invoice_legal_documents("pdf")
            return [first, *map(shown.as_document, files - preferred)]
        return super()._get_invoice_legal_documents_all(allow_fallback)

    def get_extra_print_items(self):
        # Runs whenever an invoice is opened, so ConnectWise is not asked.
        moves = with_chosen_pdfs(self, self)
        return super(AccountMove, moves).get_extra_print_items()

    def _get_mail_thread_data_attachments(self):
        moves = with_chosen_pdfs(self, self)
        files = super(AccountMove, moves)._get_mail_thread_data_attachments()
        return leave_out_unsent(files)

    def _thread_to_store(self, store: Store, fields, *, request_list=None):
        super()._thread_to_store(store, fields, request_list=request_list)
        if not request_list or "attachments" not in request_list:
            return
        for move, file in shown.find_previewed(self).items():
            store.add(
                move,
                Store.One("message_main_attachment_id", [], value=file),
                as_thread=True,
            )
