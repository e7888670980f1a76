from datetime import timedelta

from markupsafe import Markup, escape

from odoo import api, fields, models

from .ir_actions_report import RENDER_OWN
from .mail_mail import INVOICE_MAIL


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # -------------------------------------------------------------------------
    # What will be sent
    # -------------------------------------------------------------------------

    @api.model
    def _get_alerts(self, moves, moves_data):
        alerts = super()._get_alerts(moves, moves_data)
        self._fetch_before_sending(moves, download=len(moves) == 1)
        alerts.update(self._get_invoice_pdf_alerts(moves))
        alerts.update(self._get_amount_alerts(moves))
        return alerts

    @api.model
    def _get_invoice_pdf_alerts(self, moves):
        """Say which invoices do not use the PDF of the first choice, and why (D14)."""
        counts = self._count_expected_pdfs(moves)
        others = counts["others"]
        if not others:
            return {}
        held = others.filtered(self._is_held)
        lines = [
            self.env._(
                "%(invoice)s: %(pdf)s. %(reason)s",
                invoice=move.name,
                pdf=self.env["invoice.pdf.source"]._get_label(move.invoice_pdf_source),
                reason=move._explain_second_choice(),
            ).strip()
            for move in others[:5]
        ]
        if len(others) > 5:
            lines.append(self.env._("… and %s more", len(others) - 5))
        if held:
            title = self.env._("To be sent later, when ConnectWise has the PDF:")
        else:
            title = self.env._("Not with the PDF of your first choice:")
        return {
            "benji_connectwise_pdf_source": self._prepare_alert(
                "\n".join([title, *lines]), others, len(moves) > 1
            )
        }

    @api.model
    def _get_amount_alerts(self, moves):
        """Say whose amount is another one in ConnectWise (D1, step 3)."""
        differing = moves.filtered("connectwise_amount_differs")
        if not differing:
            return {}
        message = differing[0].connectwise_amount_warning
        if len(moves) > 1:
            message = self.env._(
                "%(count)s of %(all)s invoices have another amount in ConnectWise.",
                count=len(differing),
                all=len(moves),
            )
        return {
            "benji_connectwise_amount": self._prepare_alert(
                message, differing, len(moves) > 1
            )
        }

    @api.model
    def _prepare_alert(self, message, moves, is_batch):
        alert = {"level": "warning", "message": message}
        if is_batch:
            # With this an alert opens the invoices that it speaks about.
            alert["action_text"] = self.env._("View invoices")
            alert["action"] = moves._get_records_action(name=self.env._("Invoices"))
        return alert

    @api.model
    def _fetch_before_sending(self, moves, download=True):
        """Ask for missing and for newer PDFs, within the time a person waits."""
        asking = moves.filtered(
            lambda move: (
                move._is_connectwise_preferred() and move._is_looked_up_in_connectwise()
            )
        )
        if asking:
            self.env["connectwise.lookup"].sudo()._fetch_for_person(
                asking, sending=True, download=download
            )
            moves.invalidate_recordset(
                ["invoice_pdf_source", "invoice_pdf_is_first_choice"]
            )

    @api.model
    def _count_expected_pdfs(self, moves):
        """Return {"sources": {source: number of invoices}, "others": those of `moves`
        that will not use the first choice}.

        A PDF that ConnectWise has, but that was not fetched yet, counts as its own: a
        batch fetches it before it is sent.
        """
        sources, others = {}, moves.browse()
        for move in moves:
            source = move.invoice_pdf_source
            lookup = move.sudo().connectwise_lookup_ids
            if (
                len(moves) > 1
                and "connectwise" in move._get_outranking_sources(source)
                and lookup._is_pdf_coming()
            ):
                source = "connectwise"
            if move._get_outranking_sources(source):
                others |= move
            sources[source] = sources.get(source, 0) + 1
        return {"sources": sources, "others": others}

    @api.model
    def _describe_invoice_pdfs(self, moves):
        """Say in one line where the PDFs come from: "38 from ConnectWise PSA"."""
        Source = self.env["invoice.pdf.source"]
        counts = self._count_expected_pdfs(moves)["sources"]
        if len(moves) == 1:
            return Source._get_label(next(iter(counts))) if any(counts) else ""
        return ", ".join(
            self.env._(
                "%(count)s from %(pdf)s",
                count=count,
                pdf=Source._get_label(source),
            )
            for source, count in counts.items()
            if source
        )

    # -------------------------------------------------------------------------
    # Attachments
    # -------------------------------------------------------------------------

    @api.model
    def _get_placeholder_mail_attachments_data(
        self, move, invoice_edi_format=None, extra_edis=None, pdf_report=None
    ):
        placeholders = super()._get_placeholder_mail_attachments_data(
            move,
            invoice_edi_format=invoice_edi_format,
            extra_edis=extra_edis,
            pdf_report=pdf_report,
        )
        if not move._get_preferred_invoice_pdf():
            return placeholders
        # The file itself is listed, so none has to stand for Odoo's rendering.
        filename = move._get_invoice_report_filename(report=pdf_report)
        return [data for data in placeholders if data["name"] != filename]

    @api.model
    def _get_placeholder_mail_template_dynamic_attachments_data(
        self, move, mail_template, pdf_report=None
    ):
        placeholders = super()._get_placeholder_mail_template_dynamic_attachments_data(
            move, mail_template, pdf_report=pdf_report
        )
        if not move._get_preferred_invoice_pdf():
            return placeholders
        # Whichever invoice report it is, it would be the chosen PDF again (D23).
        Report = self.env["ir.actions.report"]
        return [
            data
            for data in placeholders
            if not Report._is_invoice_report(data["dynamic_report"])
        ]

    @api.model
    def _get_invoice_extra_attachments(self, move):
        attachments = super()._get_invoice_extra_attachments(move)
        if preferred := move._get_preferred_invoice_pdf():
            return preferred.with_env(self.env) | (
                attachments - move.invoice_pdf_report_id
            )
        return attachments | move._get_companion_pdf().with_env(self.env)

    @api.model
    def _get_invoice_extra_attachments_data(self, move):
        data = super()._get_invoice_extra_attachments_data(move)
        return [{**values, "invoice_document": True} for values in data]

    @api.model
    def _get_mail_params(self, move, move_data):
        # A document that was replaced while the dialog was open must not go out too.
        current = self._get_invoice_extra_attachments(move)
        widget = [
            values
            for values in move_data.get("mail_attachments_widget") or []
            if not values.get("invoice_document") or values["id"] in current.ids
        ]
        removed = {values["name"] for values in widget if values.get("skip")}
        going_out = current.filtered(lambda file: file.name not in removed)
        copies = self._find_copies(widget, going_out)
        widget = [values for values in widget if values["id"] not in copies]
        return super()._get_mail_params(
            move, {**move_data, "mail_attachments_widget": widget}
        )

    @api.model
    def _find_copies(self, widget, documents):
        """Return the ids of listed files that are the same as one of `documents`.

        An invoice report of the mail template is the chosen PDF once more (D23).
        """
        listed = {str(values["id"]): values["id"] for values in widget}
        file_ids = [int(file_id) for file_id in listed if file_id.isdecimal()]
        files = self.env["ir.attachment"].browse(file_ids).exists() - documents
        checksums = documents.mapped("checksum")
        copies = files.filtered(lambda file: file.checksum in checksums)
        return [listed[str(copy.id)] for copy in copies]

    # -------------------------------------------------------------------------
    # Generating and sending
    # -------------------------------------------------------------------------

    @api.model
    def _is_sent_without_rendering(self, invoice, invoice_data):
        """Whether the chosen PDF takes the place of Odoo's, which nobody needs then.

        Electronic formats embed or describe Odoo's own PDF, so it is rendered for them.
        """
        return (
            not invoice_data.get("invoice_edi_format")
            and not invoice_data.get("extra_edis")
            and bool(invoice._get_preferred_invoice_pdf())
        )

    @api.model
    def _prepare_invoice_pdf_report(self, invoices_data):
        to_render = {
            invoice: data
            for invoice, data in invoices_data.items()
            if not self._is_sent_without_rendering(invoice, data)
        }
        if not to_render:
            return None
        own = self.with_context(invoice_pdf=RENDER_OWN)
        return super(AccountMoveSend, own)._prepare_invoice_pdf_report(to_render)

    @api.model
    def _hook_invoice_document_after_pdf_report_render(self, invoice, invoice_data):
        # Nothing is embedded into a PDF that goes out byte for byte (D13).
        if self._is_sent_without_rendering(invoice, invoice_data):
            return None
        return super()._hook_invoice_document_after_pdf_report_render(
            invoice, invoice_data
        )

    @api.model
    def _link_invoice_documents(self, invoices_data):
        result = super()._link_invoice_documents(invoices_data)
        sent = self.env["account.move"]
        for invoice in invoices_data:
            if preferred := invoice._get_preferred_invoice_pdf():
                invoice.sudo().message_main_attachment_id = preferred
                sent += invoice
        # At once, and where it is news: each writing of an invoice checks its balance.
        sent.filtered(lambda invoice: not invoice.is_move_sent).is_move_sent = True
        return result

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        move = move.with_context(invoice_mail=INVOICE_MAIL)
        return super()._send_mail(move, mail_template, **kwargs)

    @api.model
    def _generate_and_send_invoices(
        self,
        moves,
        from_cron=False,
        allow_raising=True,
        allow_fallback_pdf=False,
        **custom_settings,
    ):
        if not from_cron:
            self._fetch_before_sending(moves)
        moves.sudo().connectwise_lookup_ids._judge_anew()
        held = moves.filtered(self._is_held)
        self._hold(held, from_cron, custom_settings)
        moves -= held
        if not moves:
            return self.env["ir.attachment"]
        # Whoever sends by hand what was held must not have it sent again.
        moves.sudo().connectwise_lookup_ids.filtered("held_since").write(
            {"held_since": False, "held_sending_data": False}
        )
        # All that ConnectWise can give has been asked for: nothing waits for it now.
        at_hand = self.with_context(invoice_pdf_at_hand=True)
        attachments = super(AccountMoveSend, at_hand)._generate_and_send_invoices(
            moves.with_context(invoice_pdf_at_hand=True),
            from_cron=from_cron,
            allow_raising=allow_raising,
            allow_fallback_pdf=allow_fallback_pdf,
            **custom_settings,
        )
        if from_cron:
            self._report_differing_amounts(moves)
        return attachments

    @api.model
    def _report_differing_amounts(self, moves):
        """Tell a person what was sent with another amount while nobody looked (D1)."""
        kept = self.env["connectwise.lookup"]._get_pdfs(moves)
        for move in moves.sudo().filtered("connectwise_amount_differs"):
            if not (move.is_move_sent and move.id in kept):
                continue
            backend = move.company_id._get_connectwise_backend()
            user = backend.responsible_id or self.env.user
            move = move.with_context(lang=user.lang)
            summary = move.env._("Sent with another amount than Odoo's")
            if summary not in move.activity_ids.mapped("summary"):
                move.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=user.id,
                    summary=summary,
                    # It quotes ConnectWise, and a note is HTML.
                    note=escape(move.connectwise_amount_warning),
                )

    # -------------------------------------------------------------------------
    # Holding an invoice until ConnectWise has its PDF (D14)
    # -------------------------------------------------------------------------

    @api.model
    def _is_held(self, move):
        """Whether this invoice has to wait for ConnectWise's PDF before it is sent."""
        move = move.sudo()
        backend = move.company_id._get_connectwise_backend()
        if (
            backend.missing_pdf != "hold"
            or move.invoice_pdf_is_first_choice
            or not move._is_looked_up_in_connectwise()
        ):
            return False
        priority = self.env["invoice.pdf.source"]._get_by_company(move.company_id)
        sources = priority[move.company_id]
        chosen = move.invoice_pdf_source
        outranking = sources[: sources.index(chosen)] if chosen in sources else sources
        if "connectwise" not in outranking:
            return False
        since = move.connectwise_lookup_ids.held_since
        waiting = timedelta(hours=backend.hold_hours)
        return not since or fields.Datetime.now() < since + waiting

    @api.model
    def _hold(self, moves, from_cron, custom_settings):
        """Keep what is needed to send these invoices later."""
        for move in moves:
            if from_cron and not move.sending_data:
                continue  # It waits already, and is to be sent as it was asked for.
            settings = {
                "author_user_id": self.env.user.id,
                "author_partner_id": self.env.user.partner_id.id,
                **self._check_attachments(custom_settings),
            }
            if from_cron:
                # Anybody in Invoicing can write the sending data: Odoo's own scheduled
                # action takes no more of them.
                for key in ("author_user_id", "author_partner_id"):
                    settings[key] = move.sending_data.get(key)
            for key in ("mail_template", "pdf_report"):
                if key in settings:
                    settings[key] = settings[key].id
            lookup = self.env["connectwise.lookup"].sudo()._prepare(move)
            lookup.write(
                {
                    "held_sending_data": settings,
                    "held_since": lookup.held_since or fields.Datetime.now(),
                }
            )
            move.sudo().sending_data = False
            move._message_log(
                body=self.env._(
                    "Not sent yet: it waits for ConnectWise's PDF. %s",
                    # Whoever sends it may be without Invoicing, at a till for example.
                    move.sudo().connectwise_message or "",
                )
            )

    @api.model
    def _check_attachments(self, settings):
        """Return `settings` with the attachments that this person could send now.

        The scheduled action sends them, and may read and render everything. What a
        browser lists is not only what Odoo proposed.

        :raises AccessError: if the person may not read one of them
        """
        if not settings.get("mail_attachments_widget"):
            return settings
        template = settings.get("mail_template") or self.env["mail.template"]
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
                attachment = self.env["ir.attachment"].browse(attachment_id).exists()
                attachment.check_access("read")
                is_there = bool(attachment)
            if is_there and values.get("dynamic_report") in names:
                widget.append(values)
        return {**settings, "mail_attachments_widget": widget}

    @api.model
    def _send_held(self, lookup):
        """Send an invoice that waited, as it was asked for then."""
        settings = dict(lookup.held_sending_data or {})
        if settings.get("mail_template"):
            template = self.env["mail.template"].browse(settings["mail_template"])
            settings["mail_template"] = template.exists()
        if settings.get("pdf_report"):
            report = self.env["ir.actions.report"].browse(settings["pdf_report"])
            settings["pdf_report"] = report.exists()
        if settings.get("mail_body"):
            # It was HTML already when the person pressed Send; JSON forgot that.
            settings["mail_body"] = Markup(settings["mail_body"])  # nosec B704
        self._generate_and_send_invoices(lookup.move_id, from_cron=True, **settings)

    # -------------------------------------------------------------------------
    # Recipients
    # -------------------------------------------------------------------------

    @api.model
    def _get_default_mail_partner_ids(self, move, mail_template, mail_lang):
        """Add the enabled Bill-To contact; one that is disabled is never mailed."""
        partners = super()._get_default_mail_partner_ids(move, mail_template, mail_lang)
        return self._add_connectwise_contacts(
            move, partners._filter_connectwise_mailed()
        )

    @api.model
    def _get_default_sending_settings(self, move, from_cron=False, **custom_settings):
        settings = super()._get_default_sending_settings(
            move, from_cron=from_cron, **custom_settings
        )
        if settings.get("mail_partner_ids"):
            # Chosen a while ago: whoever was disabled or removed since is left out.
            partners = self.env["res.partner"].browse(settings["mail_partner_ids"])
            partners = partners.exists()._filter_connectwise_mailed()
            settings["mail_partner_ids"] = partners.ids
        return settings

    @api.model
    def _add_connectwise_contacts(self, move, partners):
        backend = move.company_id._get_connectwise_backend()
        mappings = move.commercial_partner_id.sudo().connectwise_mapping_ids.filtered(
            lambda mapping: (
                mapping.backend_id == backend and mapping._is_contact_mailed()
            )
        )
        if not mappings or not move.is_sale_document():
            return partners
        # Nobody gets the same e-mail twice.
        addresses = set(partners.mapped("email_normalized"))
        return partners | mappings.contact_id.filtered(
            lambda contact: contact.email_normalized not in addresses
        ).with_env(partners.env)
