import logging

from markupsafe import escape
from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import format_datetime, formatLang

from ..lib.connectwise_client import number_key
from ..lib.connectwise_client.const import MAX_HITS
from ..tools.explain import explain_stored

_logger = logging.getLogger(__name__)

UNREADABLE = "unreadable_record"
"""The kind of a stored error that is none of the client's own."""

ACCEPTED = ("accepted", "amount_differs")
"""The verdicts on a hit whose PDF is used."""


class ConnectwiseLookup(models.Model):
    """What ConnectWise answered about one Odoo invoice, and which PDF was kept of it.

    The verdict on the answer (a hit is accepted by evidence) follows from the
    stored facts, so it is right again as soon as one of them changes.
    """

    _name = "connectwise.lookup"
    _description = "ConnectWise Invoice Look-up"
    _rec_name = "number"

    move_id = fields.Many2one("account.move", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="move_id.company_id")
    number = fields.Char(help="The invoice number that was asked for.")
    state = fields.Selection(
        [
            ("new", "Not asked yet"),
            ("found", "Found"),
            ("not_found", "Not found"),
        ],
        required=True,
        default="new",
    )
    asked_at = fields.Datetime(help="When ConnectWise last answered.")
    tenant = fields.Char(
        help="Which ConnectWise that was; its ids mean nothing in another one."
    )
    attempts = fields.Integer(help="Questions in a row that brought no usable PDF.")
    retry_at = fields.Datetime(help="Not asked again before, unless a person says so.")
    error = fields.Json(help="What is wrong with its PDF, or with the answer.")
    hit_ids = fields.One2many("connectwise.invoice", "lookup_id")
    has_too_many_hits = fields.Boolean(help="So that none of them is stored.")
    verdict = fields.Selection(
        [
            ("accepted", "Accepted"),
            ("amount_differs", "Accepted, but the amount differs"),
            ("wrong_type", "Invoice and credit note confused"),
            ("wrong_company", "Another customer's invoice"),
            ("wrong_currency", "Another currency"),
            ("wrong_amount", "Another amount"),
            ("unproven_number", "The customer may have chosen the number"),
            ("ambiguous", "Several invoices with this number"),
        ],
        compute="_compute_verdict",
        store=True,
    )
    accepted_id = fields.Many2one(
        "connectwise.invoice", compute="_compute_verdict", store=True
    )
    pdf_ref = fields.Integer(help="ConnectWise's id of the invoice whose PDF is kept.")
    pdf_last_updated = fields.Datetime(
        help="ConnectWise's last change of the invoice when its PDF was fetched."
    )
    pdf_checksum = fields.Char(help="Of the PDF as ConnectWise sent it.")
    has_pdf = fields.Boolean(compute="_compute_has_pdf", store=True)
    pdf_changed = fields.Boolean(compute="_compute_pdf_changed", store=True)
    held_sending_data = fields.Json(help="How to send it once the PDF is there.")
    held_since = fields.Datetime(index="btree_not_null")

    _move_unique = models.UniqueIndex("(move_id)")
    _held_index = models.Index("(id) WHERE held_sending_data IS NOT NULL")

    # -------------------------------------------------------------------------
    # Judging a hit
    # -------------------------------------------------------------------------

    @api.depends(
        "hit_ids.invoice_type",
        "hit_ids.company_ref",
        "hit_ids.bill_to_ref",
        "hit_ids.currency_code",
        "hit_ids.has_total",
        "hit_ids.total",
        "has_too_many_hits",
        "number",
        "tenant",
        "pdf_ref",
        "pdf_checksum",
        "move_id.name",
        "move_id.ref",
        "move_id.payment_reference",
        "move_id.invoice_origin",
        "move_id.connectwise_sent_checksum",
        "move_id.move_type",
        "move_id.currency_id",
        "move_id.amount_total",
        "move_id.amount_untaxed",
        *(
            f"move_id.partner_id.commercial_partner_id.connectwise_mapping_ids.{name}"
            for name in (
                "connection",
                "connectwise_company_id.bill_to_ref",
                "connectwise_company_id.is_confirmed",
                "disconnected_company_id.is_confirmed",
            )
        ),
    )
    def _compute_verdict(self):
        finders, owners = self._get_finders(), self._get_owners()
        for lookup in self:
            verdict, hits = lookup._judge(finders, owners)
            lookup.verdict = verdict
            lookup.accepted_id = hits if verdict in ACCEPTED else hits.browse()

    def _judge(self, finders, owners):
        """Decide by evidence which hit is this invoice.

        :param finders: of all its hits, as _get_finders returns them
        :param owners: of all its hits, as _get_owners returns them
        :return: (verdict, the accepted `connectwise.invoice` or those it speaks about)
        """
        hits = self.hit_ids
        if not self._is_for_current_number():
            return False, hits.browse()
        sent = self._get_sent_hit()
        if self._is_from_another():
            # What was sent stays; nothing there can be compared with what is here.
            return bool(sent) and "accepted", sent
        if sent:
            # Whatever else changed there: only whose it is speaks against it.
            if self._get_other_owner(sent, owners):
                return "wrong_company", sent
            return self._accept(sent), sent
        if self.has_too_many_hits:
            return "ambiguous", hits.browse()
        if not hits:
            return False, hits
        for verdict, speaks_against in (
            ("wrong_type", self._is_other_kind),
            ("wrong_company", lambda hit: self._get_other_owner(hit, owners)),
        ):
            possible = hits.filtered(lambda hit, no=speaks_against: not no(hit))
            if not possible:
                return verdict, hits
            hits = possible
        own = hits.filtered(self._is_of_own_company)
        if len(own) == 1:
            hits = own
        verdicts = {hit: self._weigh(hit, finders) for hit in hits}
        accepted = hits.filtered(lambda hit: verdicts[hit] in ACCEPTED)
        if len(accepted) == 1:
            hits = accepted
        return verdicts[hits] if len(hits) == 1 else "ambiguous", hits

    def _get_sent_hit(self):
        """Return the hit whose PDF was sent: it stays the one, whatever it costs now.

        Only that it is another customer's speaks against it.
        """
        if not self._is_pdf_sent():
            return self.hit_ids.browse()
        return self.hit_ids.filtered(lambda hit: hit.connectwise_ref == self.pdf_ref)

    def _is_pdf_sent(self):
        """Whether the PDF that is kept is what was sent, so that it is pinned.

        An invoice may also have been sent with Odoo's PDF, or just be marked as sent.
        """
        sent = self.move_id.connectwise_sent_checksum
        return bool(self.pdf_ref and sent and sent == self.pdf_checksum)

    def _is_other_kind(self, hit):
        """Whether an invoice and a credit note would be confused."""
        is_credit = hit._is_credit()
        return is_credit is not None and is_credit != (
            self.move_id.move_type == "out_refund"
        )

    def _get_other_owner(self, hit, owners):
        """Return why a hit is somebody else's, or None.

        :return: ("connected", the customers who are connected with its company),
            ("disconnected", None) if a person said that it is not this customer's, or
            ("other", None) if this customer is connected with another company
        """
        refs = {hit.company_ref, hit.bill_to_ref} - {0}
        mapping = self._get_mapping()
        for ref in sorted(refs, key=lambda ref: ref != hit.company_ref):
            customers = owners.get((self._get_backend(), ref))
            if customers and self._get_customer() not in customers:
                return "connected", customers
        disconnected = mapping.disconnected_company_id.filtered("is_confirmed")
        if disconnected.connectwise_ref in refs:
            return "disconnected", None
        own = mapping._get_trusted_company()
        payer_ref = own.bill_to_ref or own.connectwise_ref
        # Where ConnectWise gives no company, nothing contradicts.
        if own and refs and refs.isdisjoint({own.connectwise_ref, payer_ref}):
            return "other", None
        return None

    def _is_of_own_company(self, hit):
        own = self._get_mapping()._get_trusted_company()
        return bool(own) and hit.company_ref == own.connectwise_ref

    def _weigh(self, hit, finders):
        """Return the verdict on a hit that is nobody else's."""
        is_own = self._is_of_own_company(hit)
        if is_own and self._get_mapping()._is_certain():
            return self._accept(hit)
        if refused := self._contradiction(hit):
            return refused
        if self._is_number_from_customer():
            return "unproven_number"
        # Two customers with the same number and amount: nobody knows whose it is.
        if not is_own and self._get_rivals(hit, finders):
            return "ambiguous"
        return "accepted"

    def _is_evidence(self, hit, finders):
        """Whether this hit speaks for its company being this invoice's customer.

        Only what would be accepted without a connection does.
        """
        return not (
            self._is_other_kind(hit)
            or self._contradiction(hit)
            or self._is_number_from_customer()
            or self._get_rivals(hit, finders)
        )

    def _accept(self, hit):
        return "amount_differs" if self._contradiction(hit) else "accepted"

    def _is_number_from_customer(self):
        """Whether the customer may have chosen the number that was asked for.

        An order's *Customer Reference*, which a visitor of the web shop or the portal
        can write, becomes the invoice's reference (sale, models/sale_order.py:1418).
        Odoo does not note who wrote it, so no invoice of an order is believed.
        """
        move = self.move_id
        if self._get_backend().invoice_number_field != "ref":
            return False
        return bool(move.invoice_origin or move.create_uid.share)

    def _get_finders(self):
        """Return {ConnectWise's id: the look-ups that found this invoice}, of whatever
        these look-ups found."""
        refs = self.hit_ids.mapped("connectwise_ref")
        hits = self.env["connectwise.invoice"].search([("connectwise_ref", "in", refs)])
        hits = hits.filtered(lambda hit: not hit.lookup_id._is_from_another())
        return {
            ref: found.lookup_id
            for ref, found in hits.grouped("connectwise_ref").items()
        }

    def _get_owners(self):
        """Return {(connection, ConnectWise's id of a company): the customers connected
        with it}, of the companies of whatever these look-ups found."""
        hits = self.hit_ids
        refs = {*hits.mapped("company_ref"), *hits.mapped("bill_to_ref")} - {0}
        backends = self.env["connectwise.backend"].union(
            *(company._find_connectwise_backend() for company in self.company_id)
        )
        companies = self.env["connectwise.company"].search(
            [
                ("backend_id", "in", backends.ids),
                ("connectwise_ref", "in", list(refs)),
                ("is_confirmed", "=", True),
                ("mapping_ids", "!=", False),
            ]
        )
        return {
            (company.backend_id, company.connectwise_ref): (
                company.mapping_ids.partner_id.commercial_partner_id
            )
            for company in companies
        }

    def _get_rivals(self, hits, finders):
        """Return look-ups of other customers that found the same invoices."""
        found_too = self.union(*(finders[hit.connectwise_ref] for hit in hits)) - self
        return found_too.filtered(
            lambda rival: (
                rival._get_backend() == self._get_backend()
                and rival._get_customer() != self._get_customer()
                and rival.move_id.move_type == self.move_id.move_type
            )
        )

    def _judge_anew(self):
        """Judge again because of something that the dependencies do not know.

        Also what was stored at the same time as somebody changed the mapping: neither
        of the two transactions saw the other's.
        """
        # As if a fact had changed: whatever follows from the verdict follows again.
        self.modified(["pdf_ref"])

    def _is_from_another(self):
        """Whether it was asked of another ConnectWise than is connected now."""
        return bool(self.tenant) and self.tenant != self._get_backend()._get_tenant()

    def _get_customer(self):
        # Not the invoice's own: Odoo leaves that as it was where a customer with a
        # parent stops being a company.
        return self.move_id.partner_id.commercial_partner_id

    def _get_mapping(self):
        backend = self._get_backend()
        return self._get_customer().connectwise_mapping_ids.filtered(
            lambda mapping: mapping.backend_id == backend
        )

    def _get_backend(self):
        """Return the connection that knows this invoice's customer, sudo.

        An archived one is asked nothing, but what a person said of a customer there
        goes on to be true.
        """
        return self.company_id._find_connectwise_backend()

    def _contradiction(self, hit):
        """Return the verdict that speaks against `hit`, or False.

        Where ConnectWise gives no currency or amount, nothing contradicts. Its `total`
        is with or without tax, depending on the tenant; its sign is its kind.
        """
        move = self.move_id
        if hit.currency_code and hit.currency_code != move.currency_id.name:
            return "wrong_currency"
        tolerance = self._get_backend().amount_tolerance
        if hit.has_total and not any(
            move.currency_id.compare_amounts(
                abs(abs(hit.total) - abs(amount)), tolerance
            )
            <= 0
            for amount in (move.amount_total, move.amount_untaxed)
        ):
            return "wrong_amount"
        return False

    @api.depends("accepted_id.connectwise_ref", "pdf_ref")
    def _compute_has_pdf(self):
        for lookup in self:
            # A PDF that was fetched for another hit must never be shown for this one.
            lookup.has_pdf = lookup.accepted_id and (
                lookup.accepted_id.connectwise_ref == lookup.pdf_ref
            )

    @api.depends(
        "has_pdf",
        "pdf_last_updated",
        "accepted_id.last_updated",
        "accepted_id.is_gone",
        "pdf_ref",
        "pdf_checksum",
        "move_id.connectwise_sent_checksum",
    )
    def _compute_pdf_changed(self):
        for lookup in self:
            lookup.pdf_changed = (
                lookup.has_pdf
                and lookup._is_pdf_sent()
                and not lookup._is_from_another()
                and not lookup._is_pdf_current()
            )

    def _is_pdf_current(self):
        hit = self.accepted_id
        return (
            self.has_pdf
            and not hit.is_gone
            and (hit.last_updated or self.pdf_last_updated) == self.pdf_last_updated
        )

    def _is_paused(self):
        """Whether it is not time to ask again: what is wrong will not mend so soon.

        What was accepted since it was refused does not wait.
        """
        is_wrong = self.error or not self.accepted_id
        return bool(
            is_wrong and self.retry_at and self.retry_at > fields.Datetime.now()
        )

    def _is_pdf_coming(self):
        """Whether its PDF is to be fetched, and nothing known is in the way of that."""
        backend = self.company_id._get_connectwise_backend()
        return bool(
            self.accepted_id
            and not self._is_paused()
            and backend.state == "connected"
            and not backend.failing_since
        )

    # -------------------------------------------------------------------------
    # What is at hand
    # -------------------------------------------------------------------------

    @api.model
    def _get_pdfs(self, moves):
        """Return {invoice id: attachment, sudo} of the trusted PDFs that are kept."""
        return {
            move.id: move.connectwise_pdf_id
            for move in moves.sudo()
            for lookup in move.connectwise_lookup_ids
            if lookup.has_pdf
            and move.connectwise_pdf_id
            and (lookup._is_pdf_sent() or not lookup._is_from_another())
            # Whoever may edit the invoice may also replace the content of its files.
            and self._get_checksum(move.connectwise_pdf_id) == lookup.pdf_checksum
        }

    @api.model
    def _forget_broken(self, broken):
        """Have these PDFs fetched again whose files are not what was stored.

        :param broken: {invoice id: attachment}
        """
        ids = [attachment.id for attachment in broken.values()]
        moves = self.env["account.move"].sudo().browse(broken)
        lookups = moves.connectwise_lookup_ids.filtered(
            lambda lookup: lookup.move_id.connectwise_pdf_id.id in ids
        )
        if lookups:
            lookups.write({"pdf_ref": 0, "retry_at": False, "attempts": 0})
            self._trigger_prefetch()

    @api.model
    def _get_checksum(self, attachment):
        """Return the checksum of what this file holds now."""
        if attachment.store_fname:
            return attachment.checksum
        # In the database the content can be written without the checksum.
        return attachment._compute_checksum(attachment._get_content())

    def _is_for_current_number(self):
        return number_key(self.number or "") == number_key(
            self.move_id._get_connectwise_number()
        )

    @api.model
    def _get_attachments(self, moves):
        """Return {invoice id: the kept ConnectWise PDF}, trusted or not."""
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "account.move"),
                    ("res_id", "in", moves.ids),
                    ("res_field", "=", "connectwise_pdf_file"),
                ],
                order="id",
            )
        )
        return {attachment.res_id: attachment for attachment in attachments}

    # -------------------------------------------------------------------------
    # Sending what was held until ConnectWise has its PDF
    # -------------------------------------------------------------------------

    @api.model
    def _send_held(self):
        Send = self.env["account.move.send"]
        held = [("held_since", "!=", False), ("held_sending_data", "!=", False)]
        for lookup in self.search(held):
            # Reset to draft, or sent by hand, while others were sent?
            lookup = lookup.exists()
            move = lookup.move_id
            if move.state == "posted" and Send._is_held(move):
                continue
            try:
                if not lookup.try_lock_for_update().held_sending_data:
                    continue
                lookup._end_hold()
            except OperationalError:
                # Somebody works on this invoice: it has its turn in the next run.
                self.env.cr.rollback()
            except Exception:
                # One invoice that cannot be sent must not stop the others.
                _logger.exception("Invoice %s was held and cannot be sent", move.id)
                self.env.cr.rollback()
                lookup._give_up_hold(has_failed=True)
            self.env["ir.cron"]._commit_progress(1)

    def _end_hold(self):
        move = self.move_id
        backend = self.company_id._get_connectwise_backend()
        is_next_sent = backend.missing_pdf != "hold" or backend.hold_end == "next"
        if move.invoice_pdf_is_first_choice or is_next_sent:
            self.env["account.move.send"]._send_held(self)
        else:
            self._give_up_hold()

    def _give_up_hold(self, has_failed=False):
        backend = self.company_id._get_connectwise_backend()
        user = backend.responsible_id or self.env.user
        move = self.move_id.with_context(lang=user.lang)
        reason = move.connectwise_message or ""
        if has_failed:
            reason = move.env._("It could not be sent.")
        move.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=user.id,
            summary=move.env._("Not sent: ConnectWise has no PDF"),
            # It may quote ConnectWise, and a note is HTML.
            note=escape(reason),
        )
        # Since when it waited is remembered: whoever sends it now does not wait again.
        self.held_sending_data = False

    # -------------------------------------------------------------------------
    # In plain words
    # -------------------------------------------------------------------------

    def _explain(self):
        """Say in one sentence why this look-up gives a PDF, or gives none.

        :return: False if ConnectWise has said nothing about it yet
        """
        self.ensure_one()
        if self.has_pdf:
            return self._explain_accepted()
        if not self._is_for_current_number() or self._is_from_another():
            return False
        if self.verdict and not self.accepted_id:
            return self._explain_refused()
        if self.error:
            return self._explain_error()
        if self.state == "not_found":
            return self.env._(
                "ConnectWise has no invoice with the number %s.", self.number or ""
            )
        return False

    def _explain_error(self):
        if self.error["kind"] == UNREADABLE:
            return self.env._(
                "Nothing usable for the number %s: ConnectWise's answer has a record"
                " that cannot be read.",
                self.number,
            )
        return explain_stored(self.env, self.error)

    def _explain_accepted(self):
        _ = self.env._
        hit = self.accepted_id
        parts = [_("invoice %s", hit.number), self._name_company(hit)]
        if hit.has_total:
            amount = self._format_amount(hit.total, hit.currency_code)
            if self.verdict == "amount_differs":
                parts.append(_("%s, which differs from Odoo", amount))
            else:
                parts.append(_("%s agrees", amount))
        if self._is_from_another():
            parts.append(_("from the ConnectWise that was connected before"))
        elif hit.is_gone:
            parts.append(_("not in ConnectWise any more"))
        elif hit.last_updated:
            parts.append(_("changed there %s", self._format_time(hit.last_updated)))
        return " · ".join(part for part in parts if part)

    def _explain_amount(self):
        hit, move = self.accepted_id, self.move_id
        return self.env._(
            "ConnectWise's total is %(theirs)s, Odoo's %(ours)s.",
            theirs=self._format_amount(hit.total, hit.currency_code),
            ours=self._format_amount(move.amount_total, move.currency_id.name),
        )

    def _explain_refused(self):
        _ = self.env._
        move, owners = self.move_id, self._get_owners()
        _verdict, hits = self._judge(self._get_finders(), owners)
        hit = (hits or self.hit_ids)[:1]
        sentences = {
            "wrong_type": lambda: self._explain_kinds(hit),
            "wrong_company": lambda: self._explain_owner(hit, owners),
            "wrong_currency": lambda: _(
                "it is in %(theirs)s, not in %(ours)s",
                theirs=hit.currency_code,
                ours=move.currency_id.name,
            ),
            "wrong_amount": lambda: _(
                "its amount is %(theirs)s there and %(ours)s here",
                theirs=self._format_amount(hit.total, hit.currency_code),
                ours=self._format_amount(move.amount_total, move.currency_id.name),
            ),
            "unproven_number": lambda: _(
                "the number stands in the reference of an order, where the customer may"
                " have written it: connect %s by hand to trust it",
                self._get_customer().display_name,
            ),
            "ambiguous": self._explain_ambiguity,
        }
        return _(
            "Number %(number)s found, but %(why)s.",
            number=self.number,
            why=sentences[self.verdict](),
        )

    def _explain_ambiguity(self):
        _ = self.env._
        if self.has_too_many_hits:
            return _("there are more than %s invoices with this number", MAX_HITS)
        if len(self.hit_ids) > 1:
            return _("there are %s invoices with this number", len(self.hit_ids))
        return _("the invoice of another customer here has this number too")

    def _explain_kinds(self, hit):
        _ = self.env._
        if self.move_id.move_type == "out_refund":
            return _("it is an invoice there, a credit note here")
        if hit.invoice_type == "CreditMemo":
            return _("it is a credit memo there, an invoice here")
        return _("its total is negative there, a credit, and it is an invoice here")

    def _explain_owner(self, hit, owners):
        _ = self.env._
        reason, customers = self._get_other_owner(hit, owners) or ("other", None)
        customer = self._get_customer().display_name
        names = {"company": self._name_company(hit), "customer": customer}
        if reason == "connected":
            return _(
                "it belongs to %(company)s, which is connected with %(owner)s, not to"
                " %(customer)s",
                owner=", ".join(customers.mapped("display_name")),
                **names,
            )
        if reason == "disconnected":
            return _(
                "it belongs to %(company)s, from which %(customer)s was disconnected",
                **names,
            )
        return _("it belongs to %(company)s, not to %(customer)s", **names)

    def _name_company(self, hit):
        """Name the company of a hit, with the one that pays for it where it differs."""
        companies = {hit.company_ref: hit.company_name}
        companies.setdefault(hit.bill_to_ref, hit.bill_to_name)
        return self.env._(", billed to ").join(
            f"{name or ''} (#{ref})".strip() for ref, name in companies.items() if ref
        )

    def _format_amount(self, amount, currency_code):
        # ConnectWise may know a currency that Odoo does not.
        return f"{formatLang(self.env, amount)} {currency_code or ''}".strip()

    def _format_time(self, moment):
        if not moment:
            return ""
        return format_datetime(self.env, moment, dt_format="medium")
