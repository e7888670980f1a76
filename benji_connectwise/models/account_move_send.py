from collections import defaultdict

from odoo import api, fields, models

from ..const import FRESH_FOR_SEND
from ..tools.invoice_pdf.choice import (
    get_chosen_before,
    with_chosen_pdfs,
    with_odoos_own,
)
from ..tools.invoice_pdf.deliveries import note_deliveries
from ..tools.invoice_pdf.fetching import fetch_before_sending
from ..tools.invoice_pdf.invoice_mail import keep_sendable_attachments
from ..tools.invoice_pdf.keeping import name_as_used, pin_pdfs
from ..tools.invoice_pdf.order import is_used
from ..tools.invoice_pdf.send_alerts import (
    add_address_alerts,
    get_amount_alerts,
    get_open_alerts,
    get_outage_alerts,
    report_differing_amounts,
)
from ..tools.invoice_pdf.sent_pdfs import get_pdf_alerts
from .mail_mail import INVOICE_MAIL, without_copies


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    send_now = fields.Boolean("Send now, without ConnectWise's PDF")

    # -------------------------------------------------------------------------
    # Alerts before sending
    # -------------------------------------------------------------------------

    @api.model
    def _get_alerts(self, moves, moves_data):
        # Their fields may be in Odoo's cache already, where nothing is checked.
        moves.check_access("read")
        alerts = super()._get_alerts(moves, moves_data)
        fetch_before_sending(moves, download=len(moves) == 1)
        alerts.update(get_pdf_alerts(self, moves, moves_data))
        alerts.update(get_outage_alerts(moves))
        alerts.update(get_amount_alerts(moves))
        alerts.update(get_open_alerts(moves))
        add_address_alerts(self, alerts, moves, moves_data)
        return alerts

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
        preferred = move._get_preferred_invoice_pdf()
        pdf = (preferred or self._get_companion_pdf(move)).with_env(self.env)
        name_as_used(move, pdf)
        if not preferred:
            return attachments | pdf
        others = attachments - move.invoice_pdf_report_id
        return pdf | others.filtered(lambda file: file.checksum != preferred.checksum)

    @api.model
    def _get_companion_pdf(self, move):
        """Return ConnectWise's PDF if it goes along with Odoo's e-invoice."""
        none = self.env["ir.attachment"]
        if not (is_used("connectwise", move) and move._is_e_invoice()):
            return none
        if move.company_id._get_connectwise_backend().e_invoice_pdf != "second":
            return none
        fetch = get_chosen_before(move) is None
        if fetch:
            move.sudo().connectwise_lookup_ids._judge_anew()
        Source = self.env["invoice.pdf.source"]
        pdfs = Source._find_pdfs("connectwise", move._with_invoice_pdf(), fetch)
        return pdfs.get(move.id, none)

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
        own = with_odoos_own(self.env["account.move"].union(*to_render), self)
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
    def _generate_invoice_documents(self, invoices_data, allow_fallback_pdf=False):
        # Now: an e-invoice is sent next, and then counts as one that cannot be sent.
        for invoice, data in invoices_data.items():
            data["ways"] = self._find_ways(invoice, data)
        return super()._generate_invoice_documents(
            invoices_data, allow_fallback_pdf=allow_fallback_pdf
        )

    @api.model
    def _link_invoice_documents(self, invoices_data):
        sent = self.env["account.move"]
        not_sent = sent.union(
            *(
                invoice
                for invoice, data in invoices_data.items()
                if not data["ways"] and not invoice.is_move_sent
            )
        )
        result = super()._link_invoice_documents(invoices_data)
        for invoice, data in invoices_data.items():
            if preferred := invoice._get_preferred_invoice_pdf():
                # Past Odoo, which would check the balance of the invoice again.
                main = {"message_main_attachment_id": preferred.id}
                models.Model.write(invoice.sudo(), main)
            if preferred or data.get("sending_methods"):
                sent += invoice
        # Odoo marks as sent each invoice that it rendered, even if nobody gets it.
        not_sent.filtered("is_move_sent").is_move_sent = False
        # At once, and where it is news: each writing of an invoice checks its balance.
        sent -= not_sent
        sent.filtered(lambda invoice: not invoice.is_move_sent).is_move_sent = True
        return result

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        nobody, others = {}, {}
        for move, data in moves_data.items():
            (others if data["ways"] else nobody)[move] = data
            if not data["ways"]:
                move._message_log(
                    body=self.env._("Not sent: nobody has an address to send it to.")
                )
            elif self._is_posted_as_letter(move, data):
                # The letter is made later, of the PDF that is kept then.
                pin_pdfs({move: move.sudo().connectwise_pdf_id})
        result = super()._hook_if_success(others, from_cron=from_cron)
        # Networks for e-invoices carry Odoo's own PDF.
        carry_chosen = {"email", "snailmail"}
        sent = [move.id for move, data in others.items() if data["ways"] & carry_chosen]
        note_deliveries(self.env["account.move"].browse(sent))
        if from_cron:
            by_author = defaultdict(list)
            for move, data in nobody.items():
                by_author[data["author_partner_id"]].append(move.id)
            self._send_notifications_to_partners(by_author, is_success=False)
        return result

    @api.model
    def _is_posted_as_letter(self, move, move_data):
        """Whether Snailmail, if installed, makes a letter of ConnectWise's PDF."""
        return (
            "snailmail" in move_data["sending_methods"]
            and self._is_applicable_to_move("snailmail", move, **move_data)
            and bool(preferred := move._get_preferred_invoice_pdf())
            and preferred == move.sudo().connectwise_pdf_id
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
        mailed = partners and partners.exists()._filter_connectwise_mailed()
        return bool(mailed and any(mailed.mapped("email_normalized")))

    @api.model
    def _find_ways(self, move, move_data):
        """Return those of the ways in which it is to be sent that lead to somebody."""
        return {
            method
            for method in move_data.get("sending_methods") or ["manual"]
            if self._is_applicable_to_move(method, move, **move_data)
        }

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
            fetch_before_sending(moves, fresh=FRESH_FOR_SEND)
        moves.sudo().connectwise_lookup_ids._judge_anew()
        # All that ConnectWise can give has been asked for.
        chosen = with_chosen_pdfs(moves, self)
        held = moves.filtered(
            lambda move: self._has_to_wait(
                move,
                custom_settings,
                send_now or (from_cron and (move.sending_data or {}).get("send_now")),
            )
        )
        for move in held:
            self._hold(move, from_cron, custom_settings)
        moves -= held
        if not moves:
            return self.env["ir.attachment"]
        # An invoice that was held and is sent by hand must not be sent again.
        moves.sudo().connectwise_held_ids.unlink()
        attachments = super(AccountMoveSend, chosen)._generate_and_send_invoices(
            moves.with_env(chosen.env),
            from_cron=from_cron,
            allow_raising=allow_raising,
            allow_fallback_pdf=allow_fallback_pdf,
            **custom_settings,
        )
        # Nobody saw the dialog. Sale sends after a payment without `from_cron`.
        if from_cron or self.env.su:
            report_differing_amounts(moves)
        return attachments

    # -------------------------------------------------------------------------
    # Holding an invoice until ConnectWise has its PDF
    # -------------------------------------------------------------------------

    @api.model
    def _has_to_wait(self, move, settings, send_now):
        """Whether it is held when it is sent in this way: a download never is.

        :param send_now: whether the person has seen that it would be, and sends it
        """
        Held = self.env["connectwise.held.invoice"]
        methods = settings.get("sending_methods")
        if methods is None:
            methods = self._get_default_sending_methods(move)
        is_sent = bool({*methods} - {"manual"})
        return is_sent and not send_now and Held._must_wait(move)

    @api.model
    def _hold(self, move, from_cron, custom_settings):
        if from_cron and not move.sending_data:
            return  # It waits already, and is to be sent as it was asked for.
        settings = {
            "author_user_id": self.env.user.id,
            "author_partner_id": self.env.user.partner_id.id,
            **keep_sendable_attachments(self.env, custom_settings),
        }
        if from_cron:
            # Anybody in Invoicing can write the sending data: Odoo's own scheduled
            # action takes no more of them.
            for key in ("author_user_id", "author_partner_id"):
                settings[key] = move.sending_data.get(key)
        self.env["connectwise.held.invoice"]._hold(move, settings)

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
            # Chosen a while ago: contacts disabled or removed since are left out.
            partners = self.env["res.partner"].browse(settings["mail_partner_ids"])
            partners = partners.exists()._filter_connectwise_mailed()
            settings["mail_partner_ids"] = partners.ids
        return settings

    @api.model
    def _add_connectwise_contacts(self, move, partners):
        backend = move.company_id._get_connectwise_backend()
        customer = move.sudo().commercial_partner_id
        if customer != move.sudo().partner_id.commercial_partner_id:
            # The person moved to another customer since the invoice was made. Neither
            # one's contact may see what was made for the other.
            return partners
        mappings = customer.connectwise_mapping_ids.filtered(
            lambda mapping: (
                mapping.backend_id == backend and mapping._is_contact_mailed()
            )
        )
        if not mappings or not move.is_sale_document(include_receipts=True):
            return partners
        # Nobody gets the same e-mail twice.
        addresses = set(partners.mapped("email_normalized"))
        return partners | mappings.contact_id.filtered(
            lambda contact: contact.email_normalized not in addresses
        ).with_env(partners.env)
