import os

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import NO_ACCESS, Domain
from odoo.tools import format_date, format_datetime

from odoo.addons.mail.tools.discuss import Store

from ..const import FRESH_FOR_BATCH, NUMBERS_AT_ONCE
from ..lib.connectwise_client import InvalidPdfError, validate_pdf
from ..tools.pdf_merge_check import MergeCheck

INVOICING = "account.group_account_invoice,account.group_account_readonly"
"""Who learns what ConnectWise said: not the customers in the portal, because another
customer may be named in it."""


class AccountMove(models.Model):
    _inherit = "account.move"

    invoice_pdf_source = fields.Selection(
        selection=lambda self: self.env["invoice.pdf.source"]
        ._fields["source"]
        ._description_selection(self.env),
        string="PDF From",
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
    invoice_pdf_attachment_id = fields.Many2one(
        "ir.attachment",
        "Use as invoice PDF",
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups=INVOICING,
        domain="[('res_model', '=', 'account.move'), ('res_id', '=', id),"
        " ('mimetype', '=', 'application/pdf')]",
        help="A PDF attached to this invoice, for the source “PDF attached to the"
        " invoice” of Invoice PDF Priority.",
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
        "connectwise.lookup",
        "move_id",
        groups=INVOICING,
    )
    connectwise_invoice_ref = fields.Integer(
        "ConnectWise Invoice ID", compute="_compute_connectwise", groups=INVOICING
    )
    connectwise_message = fields.Char(
        "ConnectWise", compute="_compute_connectwise", groups=INVOICING
    )
    connectwise_pdf_changed = fields.Boolean(
        "Changed in ConnectWise since sent",
        compute="_compute_connectwise",
        search="_search_connectwise_pdf_changed",
        groups=INVOICING,
    )
    connectwise_amount_differs = fields.Boolean(
        "Amount differs in ConnectWise",
        compute="_compute_connectwise_amount",
        search="_search_connectwise_amount_differs",
        groups=INVOICING,
    )
    connectwise_amount_warning = fields.Char(
        compute="_compute_connectwise_amount", groups=INVOICING
    )
    connectwise_pdf_is_sent = fields.Boolean(
        "ConnectWise PDF sent", compute="_compute_connectwise", groups=INVOICING
    )
    # Not the customers' in the portal, whom it may turn out not to belong to: they get
    # what is chosen.
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

    # -------------------------------------------------------------------------
    # The decision
    # -------------------------------------------------------------------------

    def _get_preferred_invoice_pdf(self):
        """Return the PDF to show or send for this invoice.

        Where the priority prefers a source that has to be asked, it is, within the time
        a person can wait; any failure there makes the next source the one.

        :return: the chosen `ir.attachment`, sudo; empty for Odoo's own rendering
        """
        self.ensure_one()
        return self._get_preferred_invoice_pdfs()[self.id]

    def _get_preferred_invoice_pdfs(self):
        """Return {invoice id: chosen attachment}, as _get_preferred_invoice_pdf, asking
        about all at once."""
        fetch = not self.env.context.get("invoice_pdf_at_hand")
        return {
            move.id: attachment
            for move, (_source, attachment) in self._choose_invoice_pdfs(
                fetch, whole=True
            ).items()
        }

    def _choose_invoice_pdfs(self, fetch=False, whole=False):
        """Return {invoice: (source, attachment)}, by the priority as it is now.

        :param bool fetch: whether a source may ask another system for what is missing
        :param bool whole: whether to look at the files, because they are to be used,
            and to pass over what is not in the file store as it was put there
        """
        Source = self.env["invoice.pdf.source"]
        chosen = dict.fromkeys(self, (False, self.env["ir.attachment"]))
        for company, moves in self._with_invoice_pdf().grouped("company_id").items():
            # The last resort, in the list or not: something has to go out.
            for source in [*Source._get_by_company(company)[company], "odoo"]:
                for_odoo = moves.filtered(lambda move: move._is_e_invoice())
                asked = moves if source == "odoo" else moves - for_odoo
                # One of a batch: what is read of it is read of the others as well.
                asked = asked.with_prefetch(self._prefetch_ids)
                pdfs = Source._find_pdfs(source, asked, fetch)
                if whole:
                    pdfs = Source._pass_over_broken_pdfs(pdfs)
                found = asked.filtered(lambda move, pdfs=pdfs: move.id in pdfs)
                chosen.update({move: (source, pdfs[move.id]) for move in found})
                moves -= found
        return chosen

    def _filter_odoos_own(self, attachments):
        """Return those of this invoice's files that Odoo may have rendered itself.

        Not ConnectWise's, nor one that a person marked, nor what was posted: a message
        keeps the PDF that was chosen then.
        """
        messages = (
            self.env["mail.message"]
            .sudo()
            .search([("attachment_ids", "in", attachments.ids)])
        )
        posted = messages.attachment_ids.with_env(self.env)
        return attachments.filtered(lambda file: not self._is_from_elsewhere(file)) - (
            posted
        )

    def _is_from_elsewhere(self, attachment):
        """Whether this file holds ConnectWise's PDF, or the one a person marked."""
        move, file = self.sudo(), attachment.sudo()
        checksums = {
            move.connectwise_sent_checksum,
            *move.connectwise_lookup_ids.mapped("pdf_checksum"),
            *move.invoice_pdf_attachment_id.mapped("checksum"),
        }
        return file.res_field == "connectwise_pdf_file" or (
            bool(file.checksum) and file.checksum in checksums
        )

    def _with_invoice_pdf(self):
        return self.filtered(
            lambda move: move.state == "posted" and move.is_sale_document()
        )

    def _is_e_invoice(self):
        """Whether Odoo's PDF is the legal document, by the customer's format."""
        partner = self.commercial_partner_id.with_company(self.company_id)
        return bool(partner.sudo().invoice_edi_format)

    def _get_companion_pdf(self):
        """Return ConnectWise's PDF, where it goes along with Odoo's e-invoice."""
        self.ensure_one()
        none = self.env["ir.attachment"]
        if not (self._is_connectwise_preferred() and self._is_e_invoice()):
            return none
        if self.company_id._get_connectwise_backend().e_invoice_pdf != "second":
            return none
        fetch = not self.env.context.get("invoice_pdf_at_hand")
        pdfs = self.env["invoice.pdf.source"]._find_pdfs(
            "connectwise", self._with_invoice_pdf(), fetch
        )
        return (
            self.env["invoice.pdf.source"]
            ._pass_over_broken_pdfs(pdfs)
            .get(self.id, none)
        )

    @api.depends(
        "state",
        "move_type",
        "company_id",
        "commercial_partner_id.invoice_edi_format",
        "invoice_pdf_attachment_id",
        "connectwise_lookup_ids.has_pdf",
        "connectwise_lookup_ids.state",
    )
    def _compute_invoice_pdf_source(self):
        chosen = self._choose_invoice_pdfs()
        for move in self:
            source = chosen[move][0]
            outranking = move._get_outranking_sources(source)
            move.invoice_pdf_source = source
            move.invoice_pdf_is_first_choice = not outranking
            move.invoice_pdf_is_undecided = any(
                map(move._is_invoice_pdf_source_open, outranking)
            )

    def _get_outranking_sources(self, source):
        """Return the sources that were preferred to `source` and have no PDF of it."""
        Source = self.env["invoice.pdf.source"]
        sources = source and Source._get_outranking(self.company_id, source)
        return [] if not sources or self._is_e_invoice() else sources

    def _is_invoice_pdf_source_open(self, source):
        """Whether this source would be asked if the PDF was needed now.

        Another module's source may extend this.
        """
        return source == "connectwise" and self._is_open_in_connectwise()

    def _search_invoice_pdf_source(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = []
        for company, sources in self._get_invoice_pdf_priorities().items():
            left = Domain("company_id", "=", company.id)
            for source in dict.fromkeys([*sources, "odoo"]):
                has_pdf = self.env["invoice.pdf.source"]._has_pdf_domain(source)
                if source != "odoo":
                    has_pdf &= self._not_e_invoice_domain(company)
                if source in value:
                    domains.append(left & has_pdf)
                left &= ~has_pdf
        has_pdf = self._with_invoice_pdf_domain()
        domain = has_pdf & Domain.OR(domains)
        return domain | ~has_pdf if False in value else domain

    def _search_invoice_pdf_is_first_choice(self, operator, value):
        if operator != "in":
            return NotImplemented
        Source = self.env["invoice.pdf.source"]
        domains = []
        for company, sources in self._get_invoice_pdf_priorities().items():
            others = Domain("company_id", "=", company.id)
            others &= self._not_e_invoice_domain(company)
            for source in [*sources, "odoo"]:
                others &= ~Source._has_pdf_domain(source)
                if not Source._is_by_choice(source):
                    break
            domains.append(others)
        others = Domain.OR(domains)
        others &= self._with_invoice_pdf_domain()
        return ~others if True in value else others

    def _get_invoice_pdf_priorities(self):
        return self.env["invoice.pdf.source"]._get_by_company(self.env.companies)

    @api.model
    def _with_invoice_pdf_domain(self):
        return Domain("state", "=", "posted") & Domain(
            "move_type", "in", self.get_sale_types()
        )

    @api.model
    def _not_e_invoice_domain(self, company):
        Partner = self.env["res.partner"].sudo().with_company(company)
        Partner = Partner.with_context(active_test=False)
        # What was chosen is stored. Otherwise Odoo suggests a format, or none, by the
        # customer's country: one customer tells for all of the same country.
        unset = Domain("invoice_edi_format_store", "=", False)
        samples = Partner._read_group(unset, ["country_id"], ["id:max"])
        countries = [
            country.id
            for country, partner_id in samples
            if Partner.browse(partner_id)._get_suggested_invoice_edi_format()
        ]
        e_invoiced = Domain("invoice_edi_format_store", "not in", [False, "none"])
        e_invoiced |= unset & Domain("country_id", "in", countries)
        return Domain("commercial_partner_id", "not in", Partner._search(e_invoiced))

    # -------------------------------------------------------------------------
    # Why this PDF?
    # -------------------------------------------------------------------------

    def _compute_invoice_pdf_explanation(self):
        for move in self:
            move.invoice_pdf_explanation = bool(move._with_invoice_pdf()) and self.env[
                "ir.qweb"
            ]._render(
                "benji_connectwise.invoice_pdf_explanation",
                move._prepare_invoice_pdf_explanation(),
            )

    def _prepare_invoice_pdf_explanation(self):
        """Return what the tab *Why this PDF?* says, as values for its template."""
        Source = self.env["invoice.pdf.source"]
        chosen, attachment = self._choose_invoice_pdfs(whole=True)[self]
        outranking = self._get_outranking_sources(chosen)
        is_undecided = any(map(self._is_invoice_pdf_source_open, outranking))
        sources = Source._get_by_company(self.company_id)[self.company_id]
        steps, is_tried = [], True
        for source in dict.fromkeys([*sources, "odoo"]):
            is_chosen = source == chosen
            if source in outranking and self._is_invoice_pdf_source_open(source):
                mark = "open"
            elif is_chosen:
                mark = "possible" if is_undecided else "chosen"
            else:
                mark = "refused" if is_tried else "not_needed"
            is_tried &= not is_chosen
            steps.append(
                {
                    "name": Source._get_label(source),
                    "mark": mark,
                    "text": mark != "not_needed"
                    and self._explain_invoice_pdf_source(source, is_chosen),
                }
            )
        return {
            "source": Source._get_label(chosen),
            "is_undecided": is_undecided,
            "steps": steps,
            "attachment": attachment,
            "fetched_at": attachment
            and format_datetime(self.env, attachment.create_date),
            "is_changed": self.connectwise_pdf_changed,
            "is_e_invoice": self._is_e_invoice(),
            "deliveries": self._get_invoice_pdf_deliveries(attachment),
        }

    def _explain_invoice_pdf_source(self, source, is_chosen):
        """Say in one sentence why this source gives a PDF, or gives none.

        Another module's source may extend this.
        """
        if source == "connectwise":
            if self._is_e_invoice():
                return self.env._("Odoo's PDF is the legal document of an e-invoice.")
            return self.connectwise_message
        if source == "attachment":
            marked = self.sudo().invoice_pdf_attachment_id
            if marked and not marked._is_whole():
                return self.env._(
                    "The file “%s” is lost or damaged on the server.", marked.name
                )
            return self.invoice_pdf_attachment_id.name or self.env._(
                "No attached PDF was marked with “Use as invoice PDF”."
            )
        return ""

    def _explain_second_choice(self):
        """Say why what was preferred to the source that is used has no PDF."""
        sources = self._get_outranking_sources(self.invoice_pdf_source)
        return " ".join(
            self._explain_invoice_pdf_source(source, False) or "" for source in sources
        ).strip()

    def _get_invoice_pdf_deliveries(self, attachment):
        """Say what was mailed when to whom: a list of sentences, newest first."""
        messages = self.sudo().message_ids.filtered(
            lambda message: (
                message.message_type in ("comment", "email")
                and message.notified_partner_ids
                and "application/pdf" in message.attachment_ids.mapped("mimetype")
            )
        )
        shown = attachment or self.sudo().invoice_pdf_report_id
        return [self._describe_delivery(message, shown) for message in messages]

    def _describe_delivery(self, message, shown):
        values = {
            "to": ", ".join(message.notified_partner_ids.mapped("display_name")),
            "date": format_datetime(self.env, message.date),
        }
        if shown and shown.checksum in message.attachment_ids.mapped("checksum"):
            return self.env._(
                "Sent to %(to)s on %(date)s with this same file.", **values
            )
        # A file that was replaced is still called after the invoice; whatever else went
        # along is no PDF of it.
        stem, _extension = os.path.splitext(self._get_invoice_report_filename())
        if shown and any(
            file.name.startswith(stem) and file.mimetype == "application/pdf"
            for file in message.attachment_ids
        ):
            return self.env._("Sent to %(to)s on %(date)s with another file.", **values)
        return self.env._("Sent to %(to)s on %(date)s.", **values)

    @api.depends("invoice_pdf_attachment_id", "company_id")
    def _compute_invoice_pdf_attachment_warning(self):
        Source = self.env["invoice.pdf.source"]
        for move in self:
            warning = False
            if move.invoice_pdf_attachment_id:
                if "attachment" not in Source._get_before_odoo(move.company_id):
                    warning = self.env._(
                        "This PDF is not used: in the Invoice PDF Priority, “%s” is"
                        " missing or comes after Odoo.",
                        Source._get_label("attachment"),
                    )
                elif move._is_e_invoice():
                    warning = self.env._(
                        "This PDF is not used: the customer gets electronic invoices,"
                        " so Odoo's PDF stays the legal document."
                    )
            move.invoice_pdf_attachment_warning = warning

    # -------------------------------------------------------------------------
    # ConnectWise
    # -------------------------------------------------------------------------

    def _is_looked_up_in_connectwise(self):
        """Whether ConnectWise may have this invoice: vendor bills and drafts never."""
        self.ensure_one()
        return bool(self._with_invoice_pdf() and self._get_connectwise_number())

    def _is_connectwise_preferred(self):
        """Whether ConnectWise's PDF is used where it has one."""
        Source = self.env["invoice.pdf.source"]
        return "connectwise" in Source._get_before_odoo(self.company_id)

    def _is_open_in_connectwise(self):
        """Whether ConnectWise would be asked if the PDF was needed now, because it has
        not answered yet, or has not sent the PDF that it has."""
        backend = self.company_id._get_connectwise_backend()
        if not backend._is_pdf_source() or backend._is_resting():
            return False
        if not self._is_looked_up_in_connectwise():
            return False
        lookup = self.sudo().connectwise_lookup_ids
        if not lookup or not lookup._is_for_current_number():
            return True
        is_missing = bool(lookup.accepted_id) and not lookup.has_pdf
        return (lookup.state == "new" or is_missing) and not lookup._is_paused()

    def _get_connectwise_number(self):
        """Return this invoice's number in ConnectWise; where it stands is a rule of the
        connection."""
        backend = self.company_id._get_connectwise_backend()
        return (self[backend.invoice_number_field or "name"] or "").strip()

    def _get_connectwise_pdf_filename(self):
        name = self._get_invoice_report_filename()
        # Beside an e-invoice's own PDF it needs a name of its own.
        return f"ConnectWise_{name}" if self._is_e_invoice() else name

    @api.depends(
        "state",
        "name",
        "connectwise_lookup_ids.accepted_id",
        "connectwise_lookup_ids.error",
        "connectwise_lookup_ids.has_pdf",
        "connectwise_lookup_ids.pdf_changed",
        "connectwise_lookup_ids.state",
        "connectwise_lookup_ids.verdict",
        "connectwise_sent_checksum",
    )
    @api.depends_context("lang", "tz")
    def _compute_connectwise(self):
        for move in self:
            lookup = move.sudo().connectwise_lookup_ids
            is_current = bool(lookup) and move._is_looked_up_in_connectwise()
            move.connectwise_invoice_ref = (
                lookup.accepted_id.connectwise_ref if is_current else 0
            )
            move.connectwise_pdf_changed = is_current and lookup.pdf_changed
            move.connectwise_pdf_is_sent = is_current and lookup._is_pdf_sent()
            move.connectwise_message = move._explain_connectwise(lookup)

    @api.depends("connectwise_pdf_file")
    def _compute_connectwise_pdf_id(self):
        kept = self.env["connectwise.lookup"]._get_attachments(self)
        for move in self:
            move.connectwise_pdf_id = kept.get(move._origin.id)

    def _search_connectwise_pdf_changed(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("connectwise_lookup_ids.pdf_changed", operator, value)]

    @api.depends(
        "state",
        "currency_id",
        "amount_total",
        "connectwise_lookup_ids.verdict",
        "connectwise_lookup_ids.accepted_id.total",
    )
    @api.depends_context("lang")
    def _compute_connectwise_amount(self):
        for move in self:
            lookup = move.sudo().connectwise_lookup_ids
            differs = (
                lookup.verdict == "amount_differs"
                and bool(move._with_invoice_pdf())
                and move._is_connectwise_preferred()
            )
            move.connectwise_amount_differs = differs
            move.connectwise_amount_warning = differs and lookup._explain_amount()

    def _search_connectwise_amount_differs(self, operator, value):
        if operator != "in":
            return NotImplemented
        companies = self.env.companies.filtered(
            lambda company: (
                "connectwise"
                in self.env["invoice.pdf.source"]._get_before_odoo(company)
            )
        )
        domain = (
            self._with_invoice_pdf_domain()
            & Domain("company_id", "in", companies.ids)
            & Domain("connectwise_lookup_ids.verdict", "=", "amount_differs")
        )
        return domain if True in value else ~domain

    def _explain_connectwise(self, lookup):
        """Say why ConnectWise's PDF is used or not, where it is one of the sources."""
        Source = self.env["invoice.pdf.source"]
        sources = Source._get_by_company(self.company_id)[self.company_id]
        if "connectwise" not in sources or not self._with_invoice_pdf():
            return False
        return (lookup and lookup._explain()) or self._explain_unanswered(lookup)

    def _explain_unanswered(self, lookup):
        _ = self.env._
        backend = self.company_id._get_connectwise_backend()
        if not backend or backend.state == "draft":
            return _("ConnectWise is not connected.")
        if not self._get_connectwise_number():
            field = self._fields[backend.invoice_number_field]
            return _(
                "There is no number to ask ConnectWise for: “%s” is empty.",
                field._description_string(self.env),
            )
        if backend.failure and not backend.failing_since:
            return backend.last_error
        if backend.failure:
            return _(
                "%(error)s (since %(time)s)",
                error=backend.last_error,
                time=format_datetime(
                    self.env, backend.failing_since, dt_format="medium"
                ),
            )
        if not self._is_connectwise_preferred():
            return _("Not asked, because Odoo comes first.")
        if lookup.accepted_id:
            return _("Found; its PDF is fetched when it is printed or sent.")
        return _("Not asked yet; ConnectWise will be asked when it is printed or sent.")

    def action_refresh_pdf(self):
        """Ask ConnectWise at once and judge anew; an outage is shown, not raised.

        :return: a notification of what came of it, which the chatter keeps as well
        :raises AccessError: unless the user may send invoices
        """
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(
                self.env._("Only people in Invoicing can refresh an invoice's PDF.")
            )
        self.check_access("read")
        before = {move: move.sudo().connectwise_pdf_id.checksum for move in self}
        self.env["connectwise.lookup"].sudo()._prepare(self)._refresh()
        self.invalidate_recordset()
        outcomes = []
        for move in self:
            level, text = move._describe_refresh(before[move])
            outcomes.append((level, text if len(self) == 1 else f"{move.name}: {text}"))
            move.sudo()._message_log(
                body=self.env._("Refresh PDF: %s", text),
                author_id=self.env.user.partner_id.id,
            )
        levels = {level for level, _text in outcomes}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if "warning" in levels else "success",
                "title": self.env._("ConnectWise PSA"),
                "message": "\n".join(text for _level, text in outcomes),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _describe_refresh(self, checksum_before):
        """Return (level, sentence) about what came of asking for the PDF anew."""
        _ = self.env._
        lookup = self.sudo().connectwise_lookup_ids
        backend = self.company_id._get_connectwise_backend()
        if not self._with_invoice_pdf():
            return "warning", _("Only posted customer invoices have a PDF there.")
        if not lookup or backend._is_resting() or backend.state == "draft":
            return "warning", self._explain_unanswered(lookup)
        if lookup.error:
            return "warning", lookup._explain_error()
        if not lookup.has_pdf:
            text = lookup._explain() or self._explain_unanswered(lookup)
            return "warning", text
        if self.sudo().connectwise_pdf_id.checksum == checksum_before:
            return "success", _("ConnectWise has the same PDF as before.")
        return "success", _("ConnectWise's PDF was fetched.")

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
        result = super().write(vals)
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

    def _post(self, soft=True):
        posted = super()._post(soft)
        if any(
            move._is_connectwise_preferred() and move._is_looked_up_in_connectwise()
            for move in posted
        ):
            self.env["connectwise.lookup"]._trigger_prefetch()
        return posted

    def _cron_account_move_send(self, job_count=10):
        # Asked for many at once, and before Odoo locks the invoices it sends.
        pending = self.search(
            [("sending_data", "!=", False), ("state", "=", "posted")],
            order="date asc, invoice_date asc, sequence_number asc, id asc",
            limit=NUMBERS_AT_ONCE,
        )
        Lookup = self.env["connectwise.lookup"]
        if Lookup._is_due(pending[:job_count], FRESH_FOR_BATCH):
            Lookup._fetch_in_background(pending, FRESH_FOR_BATCH)
        return super()._cron_account_move_send(job_count)

    def button_draft(self):
        # What ConnectWise said about the old version says nothing about the next one.
        self.sudo().connectwise_lookup_ids.unlink()
        # Nor is a PDF that a person marked one of the next version.
        self.sudo().write(
            {
                "invoice_pdf_attachment_id": False,
                "connectwise_sent_checksum": False,
                "connectwise_sent_at": False,
            }
        )
        return super().button_draft()

    def _get_fields_to_detach(self):
        return [*super()._get_fields_to_detach(), "connectwise_pdf_file"]

    def _detach_connectwise_pdf(self):
        """Keep ConnectWise's PDF as an ordinary attachment, making room for another."""
        today = format_date(self.env, fields.Date.context_today(self))
        kept = self.env["connectwise.lookup"]._get_attachments(self)
        for attachment in kept.values():
            name, extension = os.path.splitext(attachment.name)
            name = self.env._("%(name)s (replaced on %(date)s)", name=name, date=today)
            attachment.write({"res_field": False, "name": name + extension})
        self.invalidate_recordset(["connectwise_pdf_id", "connectwise_pdf_file"])

    # -------------------------------------------------------------------------
    # Mailing the chosen PDF
    # -------------------------------------------------------------------------

    def _look_before_mailing(self, records):
        """Ask ConnectWise for newer PDFs and judge anew, unless that was just done.

        :param records: of any model
        :return: these records, in an environment that does not ask again
        """
        if records.env.context.get("invoice_pdf_at_hand"):
            return records
        self.env["account.move.send"]._fetch_before_sending(self)
        self.sudo().connectwise_lookup_ids._judge_anew()
        return records.with_context(invoice_pdf_at_hand=True)

    def _pin_connectwise_pdf(self):
        """Remember the kept ConnectWise PDF as one that somebody received."""
        kept = self.env["connectwise.lookup"]._get_pdfs(self)
        moves = self.sudo().filtered(lambda move: move.id in kept)
        moves._note_time("connectwise_sent_at")
        for move in moves:
            pdf = kept[move.id]
            # Where it is news: each writing of an invoice checks its balance.
            if move.connectwise_sent_checksum != pdf.checksum:
                move.connectwise_sent_checksum = pdf.checksum

    def _process_attachments_for_post(
        self, attachments, attachment_ids, message_values
    ):
        # What a dialog rendered, or a scheduled message carries, may be of last week.
        # Customers attach files in the portal, and render nothing.
        is_internal = self.env.user._is_internal()
        if attachment_ids and is_internal and self._with_invoice_pdf():
            self._renew_pending_pdfs(attachment_ids)
        return super()._process_attachments_for_post(
            attachments, attachment_ids, message_values
        )

    def _renew_pending_pdfs(self, attachment_ids):
        """Put the PDF that is chosen now in the place of one that was chosen before."""
        files = self.env["ir.attachment"].sudo().browse(attachment_ids)
        pending = files.filtered(
            lambda file: (
                file.res_model in ("mail.compose.message", "mail.scheduled.message")
                and file.create_uid == self.env.user
                and self._is_from_elsewhere(file)
            )
        )
        reports = self._get_available_action_reports() if pending else []
        by_name = {
            self._get_invoice_report_filename(report=report): report
            for report in reports
        }
        # Other files may have the same content: a person attached those.
        pending = pending.filtered(lambda file: file.name.replace("/", "_") in by_name)
        if not pending:
            return
        move = self._look_before_mailing(self)
        chosen = move._get_preferred_invoice_pdf()
        for file in pending:
            if not chosen:
                report = by_name[file.name.replace("/", "_")]
                reports = move.env["ir.actions.report"]
                file.raw, _kind = reports._render_qweb_pdf(report, move.ids)
            elif file.checksum != chosen.checksum:
                file.raw = chosen._get_content()

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Leave out synced contacts that get no invoices, as followers too."""
        recipients = super()._notify_get_recipients(
            message, msg_vals=msg_vals, **kwargs
        )
        partner_ids = [data["id"] for data in recipients if data["id"]]
        partners = self.env["res.partner"].browse(partner_ids)
        unmailed = set((partners - partners._filter_connectwise_mailed()).ids)
        addresses = ()
        if len(partner_ids) < len(recipients):
            addresses = self._get_unmailed_addresses()
        return [
            data
            for data in recipients
            if data["id"] not in unmailed
            and (data["id"] or data["email_normalized"] not in addresses)
        ]

    def _get_unmailed_addresses(self):
        """Return the customer's addresses that only disabled synced contacts have."""
        contacts = (
            self.env["res.partner"]
            .sudo()
            .search(
                [
                    (
                        "commercial_partner_id",
                        "in",
                        self.sudo().commercial_partner_id.ids,
                    ),
                    ("is_connectwise_contact", "=", True),
                ]
            )
        )
        unmailed = contacts - contacts._filter_connectwise_mailed()
        return unmailed._get_addresses_of_their_own()

    # -------------------------------------------------------------------------
    # A PDF attached by a person
    # -------------------------------------------------------------------------

    @api.constrains("invoice_pdf_attachment_id")
    def _check_invoice_pdf_attachment(self):
        for move in self.sudo():
            attachment = move.invoice_pdf_attachment_id
            if not attachment:
                continue
            if (attachment.res_model, attachment.res_id) != (move._name, move.id):
                raise ValidationError(
                    self.env._(
                        "“%s” is not attached to this invoice. Please attach it first.",
                        attachment.name,
                    )
                )
            try:
                validate_pdf(attachment._get_content())
                with MergeCheck() as check:
                    check.examine(attachment._get_content())
            except InvalidPdfError as error:
                message = self.env._(
                    "“%s” is not a PDF that can be sent. Please attach another.",
                    attachment.name,
                )
                if error.reason == "too_slow":
                    message = self.env._(
                        "“%s” is too large to examine it now. Please attach a smaller"
                        " one, or try again later.",
                        attachment.name,
                    )
                raise ValidationError(message) from None

    # -------------------------------------------------------------------------
    # Surfaces
    # -------------------------------------------------------------------------

    def action_print_pdf(self):
        # Also works where the server cannot render a PDF of its own.
        if len(self) == 1 and self._get_preferred_invoice_pdf():
            # With this target the web client reads the invoice again afterwards.
            return self.action_invoice_download_pdf(target="new")
        return super().action_print_pdf()

    def _get_invoice_legal_documents(self, filetype, allow_fallback=False):
        if filetype == "pdf" and (attachment := self._get_preferred_invoice_pdf()):
            return self._as_invoice_document(attachment)
        return super()._get_invoice_legal_documents(filetype, allow_fallback)

    def _get_invoice_legal_documents_all(self, allow_fallback=False):
        if self._get_preferred_invoice_pdf():
            attachments = self.env["account.move.send"]._get_invoice_extra_attachments(
                self
            )
            return [self._as_invoice_document(attachment) for attachment in attachments]
        return super()._get_invoice_legal_documents_all(allow_fallback)

    @api.model
    def _as_invoice_document(self, attachment):
        return {
            "filename": attachment.name,
            "filetype": attachment.mimetype,
            "content": attachment._get_content(),
        }

    def get_extra_print_items(self):
        # Runs whenever an invoice is opened: what is at hand has to do.
        at_hand = self.with_context(invoice_pdf_at_hand=True)
        return super(AccountMove, at_hand).get_extra_print_items()

    def _get_mail_thread_data_attachments(self):
        at_hand = self.with_context(invoice_pdf_at_hand=True)
        return super(AccountMove, at_hand)._get_mail_thread_data_attachments()

    def _thread_to_store(self, store: Store, fields, *, request_list=None):
        super()._thread_to_store(store, fields, request_list=request_list)
        if not request_list or "attachments" not in request_list:
            return
        # The preview beside the invoice opens its main attachment, which is what was
        # sent last, and may not be what is shown now.
        for move in self.with_context(invoice_pdf_at_hand=True)._with_invoice_pdf():
            main = move.message_main_attachment_id
            shown = move._get_preferred_invoice_pdf() or move.invoice_pdf_report_id
            if shown or (main and move._is_from_elsewhere(main)):
                store.add(
                    move,
                    Store.One("message_main_attachment_id", [], value=shown),
                    as_thread=True,
                )

    @api.depends("is_move_sent")
    def _compute_highlight_send_button(self):
        result = super()._compute_highlight_send_button()
        for move in self:
            # Odoo tells what was sent by its own PDF, which was not needed here.
            if move.is_move_sent and move.sudo().invoice_pdf_source != "odoo":
                move.highlight_send_button = False
        return result
