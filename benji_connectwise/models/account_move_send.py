from collections import defaultdict
from datetime import timedelta

from markupsafe import Markup, escape

from odoo import api, fields, models

from .ir_actions_report import RENDER_OWN
from .mail_mail import INVOICE_MAIL, without_copies


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    send_now = fields.Boolean("Send now, without ConnectWise's PDF")

    # -------------------------------------------------------------------------
    # What will be sent
    # -------------------------------------------------------------------------

    @api.model
    def _get_alerts(self, moves, moves_data):
        alerts = super()._get_alerts(moves, moves_data)
        self._fetch_before_sending(moves, download=len(moves) == 1)
        alerts.update(self._get_invoice_pdf_alerts(moves, moves_data))
        alerts.update(self._get_amount_alerts(moves))
        self._add_address_alerts(alerts, moves, moves_data)
        return alerts

    @api.model
    def _add_address_alerts(self, alerts, moves, moves_data):
        """Say who will be mailed nothing: Odoo looks at the customers' own addresses
        alone, and says nothing where nobody was chosen."""
        is_batch = len(moves) > 1
        not_mailed = moves.filtered(
            lambda move: (
                "email" in moves_data[move]["sending_methods"]
                and not self._has_address(moves_data[move])
            )
        )
        if is_batch and (missing := alerts.pop("account_missing_email", None)):
            partners = not_mailed.partner_id.filtered(lambda partner: not partner.email)
            if partners:
                action = partners._get_records_action(name=missing["action"]["name"])
                alerts["account_missing_email"] = {**missing, "action": action}
        if not_mailed:
            names = not_mailed[:5].mapped("name")
            if len(not_mailed) > 5:
                names.append(self.env._("… and %s more", len(not_mailed) - 5))
            message = self.env._(
                "%(count)s will not be mailed: no address (%(invoices)s)",
                count=len(not_mailed),
                invoices=", ".join(names),
            )
            alerts["benji_connectwise_not_mailed"] = self._prepare_alert(
                message, not_mailed, is_batch
            )

    @api.model
    def _get_invoice_pdf_alerts(self, moves, moves_data):
        """Say which invoices do not use the PDF of the first choice, and why."""
        counts = self._count_expected_pdfs(moves)
        others = counts["others"]
        if not others:
            return {}
        held = others.filtered(
            lambda move: self._has_to_wait(
                move, moves_data[move], any(self.mapped("send_now"))
            )
        )
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
        """Say whose amount is another one in ConnectWise."""
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
    def _get_invoice_extra_attachments(self, move):
        attachments = super()._get_invoice_extra_attachments(move)
        if preferred := move._get_preferred_invoice_pdf():
            others = attachments - move.invoice_pdf_report_id
            return preferred.with_env(self.env) | others.filtered(
                lambda file: file.checksum != preferred.checksum
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
        params = super()._get_mail_params(
            move, {**move_data, "mail_attachments_widget": widget}
        )
        if preferred := move._get_preferred_invoice_pdf():
            params["attachments"] = without_copies(
                params["attachments"], preferred._get_content()
            )
        return params

    @api.model
    def _get_placeholder_mail_template_dynamic_attachments_data(
        self, move, mail_template, pdf_report=None
    ):
        placeholders = super()._get_placeholder_mail_template_dynamic_attachments_data(
            move, mail_template, pdf_report=pdf_report
        )
        return self._without_chosen_pdf(move, placeholders)

    @api.model
    def _generate_dynamic_reports(self, moves_data):
        for move, move_data in moves_data.items():
            move_data["mail_attachments_widget"] = self._without_chosen_pdf(
                move, move_data.get("mail_attachments_widget") or []
            )
        return super()._generate_dynamic_reports(moves_data)

    @api.model
    def _without_chosen_pdf(self, move, placeholders):
        """Leave out reports that would only be one more copy of the chosen PDF."""
        reports = self.env["ir.actions.report"]
        return [
            values
            for values in placeholders
            if not values.get("dynamic_report")
            or not reports._get_preferred_invoice_pdfs(
                values["dynamic_report"], move.ids
            )
        ]

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
        # Nothing is embedded into a PDF that goes out byte for byte.
        if self._is_sent_without_rendering(invoice, invoice_data):
            return None
        return super()._hook_invoice_document_after_pdf_report_render(
            invoice, invoice_data
        )

    @api.model
    def _link_invoice_documents(self, invoices_data):
        sent = self.env["account.move"]
        not_sent = sent.union(
            *(
                invoice
                for invoice, data in invoices_data.items()
                if self._reaches_nobody(invoice, data) and not invoice.is_move_sent
            )
        )
        result = super()._link_invoice_documents(invoices_data)
        for invoice, data in invoices_data.items():
            if preferred := invoice._get_preferred_invoice_pdf():
                invoice.sudo().message_main_attachment_id = preferred
            if preferred or data.get("sending_methods"):
                sent += invoice
        # Odoo calls sent what it rendered, whoever gets it.
        not_sent.filtered("is_move_sent").is_move_sent = False
        # At once, and where it is news: each writing of an invoice checks its balance.
        sent -= not_sent
        sent.filtered(lambda invoice: not invoice.is_move_sent).is_move_sent = True
        return result

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        nobody, others = {}, {}
        for move, data in moves_data.items():
            is_for_nobody = self._reaches_nobody(move, data)
            (nobody if is_for_nobody else others)[move] = data
            if is_for_nobody:
                move._message_log(
                    body=self.env._("Not sent: nobody has an address to send it to.")
                )
            elif self._is_posted_as_letter(move, data):
                # The letter is made later, of the PDF that is kept then.
                move._pin_connectwise_pdf()
        result = super()._hook_if_success(others, from_cron=from_cron)
        if from_cron:
            by_author = defaultdict(list)
            for move, data in nobody.items():
                by_author[data["author_partner_id"]].append(move.id)
            self._send_notifications_to_partners(by_author, is_success=False)
        return result

    @api.model
    def _is_posted_as_letter(self, move, move_data):
        """Whether Snailmail, if installed, makes a letter of ConnectWise's PDF."""
        preferred = move._get_preferred_invoice_pdf()
        return (
            bool(preferred)
            and preferred == move.sudo().connectwise_pdf_id
            and "snailmail" in move_data["sending_methods"]
            and self._is_applicable_to_move("snailmail", move, **move_data)
        )

    @api.model
    def _is_applicable_to_move(self, method, move, **move_data):
        if method == "email" and "mail_partner_ids" in move_data:
            return self._has_address(move_data)
        return super()._is_applicable_to_move(method, move, **move_data)

    @api.model
    def _has_address(self, move_data):
        """Whether an e-mail with these settings is mailed to anybody."""
        partners = move_data.get("mail_partner_ids") or []
        if isinstance(partners, list):
            partners = self.env["res.partner"].browse(partners)
        mailed = partners and partners._filter_connectwise_mailed()
        return bool(mailed and any(mailed.mapped("email_normalized")))

    @api.model
    def _reaches_nobody(self, move, move_data):
        """Whether none of the ways in which it is to be sent leads to anybody."""
        methods = move_data.get("sending_methods") or []
        return bool(methods) and not any(
            self._is_applicable_to_move(method, move, **move_data) for method in methods
        )

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
        send_now=False,
        **custom_settings,
    ):
        if not from_cron:
            self._fetch_before_sending(moves)
        moves.sudo().connectwise_lookup_ids._judge_anew()
        held = moves.filtered(
            lambda move: self._has_to_wait(
                move,
                custom_settings,
                send_now or (from_cron and (move.sending_data or {}).get("send_now")),
            )
        )
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
        """Tell a person what was sent with another amount while nobody looked."""
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
    # Holding an invoice until ConnectWise has its PDF
    # -------------------------------------------------------------------------

    @api.model
    def _has_to_wait(self, move, settings, send_now):
        """Whether it is held when it is sent in this way: a download never is.

        :param send_now: whether the person has seen that it would be, and sends it
        """
        methods = settings.get("sending_methods")
        if methods is None:
            methods = self._get_default_sending_methods(move)
        is_sent = bool({*methods} - {"manual"})
        return is_sent and not send_now and self._is_held(move)

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
