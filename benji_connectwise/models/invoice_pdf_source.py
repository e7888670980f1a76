import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..odoo_internals import ormcache
from ..tools.invoice_pdf.fetching import fetch_for_person
from ..tools.invoice_pdf.judging import find_waiting
from ..tools.invoice_pdf.order import (
    explain_unused,
    get_order,
    list_sources,
    prepare_orders,
)

_logger = logging.getLogger(__name__)


class InvoicePdfSource(models.Model):
    """A line of *Invoice PDF Priority*: where an invoice's PDF may come from.

    Another module adds a source in its extension of this model: a value of `source`,
    and the two methods `_find_pdfs_<source>` and `_has_pdf_domain_<source>`. Optional
    are `_fetch_pdfs_<source>`, `_explain_<source>` and `_is_open_<source>`.
    """

    _name = "invoice.pdf.source"
    _description = "Invoice PDF Source"
    _order = "company_id, sequence, id"
    _rec_name = "source"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    # What a person adds comes last, whichever company it is for.
    sequence = fields.Integer(default=lambda self: self._get_next_sequence([]))
    source = fields.Selection(
        [
            ("connectwise", "ConnectWise PSA"),
            ("odoo", "Odoo"),
            ("attachment", "PDF attached to the invoice"),
        ],
        required=True,
    )
    rank = fields.Integer("#", compute="_compute_place")
    is_last = fields.Boolean(compute="_compute_place")
    free_sources = fields.Json(
        compute="_compute_place", help="Those that can still be added to the list."
    )
    warning = fields.Text(compute="_compute_place", help="Why it is never used.")

    _company_source_unique = models.Constraint(
        "unique(company_id, source)", "This source is already in the list."
    )

    @api.depends("company_id", "sequence", "source")
    @api.depends_context("lang")
    def _compute_place(self):
        for line in self:
            others = self.search([("company_id", "=", line.company_id.id)])
            order = list(others if line._origin in others else others + line)
            place = order.index(line if line in order else line._origin)
            above = [other.source for other in order[:place]]
            taken = {other.source for other in order} - {line.source}
            line.rank = place + 1
            line.is_last = place == len(order) - 1
            # An empty list would reach the browser as no list at all.
            line.free_sources = [""] + [
                source for source, _label in list_sources(self) if source not in taken
            ]
            line.warning = explain_unused(line, above)

    @api.constrains("company_id")
    def _check_branch(self):
        for line in self:
            company = line.company_id
            other = company._get_company_of_priority()
            if other != company:
                raise ValidationError(
                    self.env._(
                        "%(branch)s uses the Invoice PDF Priority of %(company)s, whose"
                        " branch it is.",
                        branch=company.name,
                        company=other.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        # New ones come last, in the order they are given.
        for offset, vals in enumerate(vals_list):
            company_id = vals.get("company_id", self.env.company.id)
            of_company = [("company_id", "=", company_id)]
            vals.setdefault("sequence", self._get_next_sequence(of_company) + offset)
        lines = super().create(vals_list)
        self._invalidate_choices()
        return lines

    def write(self, vals):
        self._invalidate_choices()
        result = super().write(vals)
        # Odoo checked it before, when the line may have been another company's.
        self.check_access("write")
        return result

    def unlink(self):
        self._invalidate_choices()
        return super().unlink()

    def _invalidate_choices(self):
        # Which PDF an invoice has is never stored: a new order holds at once.
        self.env["account.move"].invalidate_model(
            [
                "invoice_pdf_source",
                "invoice_pdf_is_first_choice",
                "invoice_pdf_is_undecided",
                "connectwise_message",
                "connectwise_status",
                "connectwise_amount_differs",
                "connectwise_is_open",
            ]
        )
        # One line's place follows from the others.
        self.invalidate_model(["rank", "is_last", "free_sources", "warning"])
        self.env["connectwise.lookup"]._forget_connections()
        self.env.registry.clear_cache()

    def _get_next_sequence(self, domain):
        return self.search(domain, order="sequence desc", limit=1).sequence + 1

    def action_move_up(self):
        """Swap this source with the one above it."""
        self._move(-1)

    def action_move_down(self):
        """Swap this source with the one below it."""
        self._move(1)

    def _move(self, step):
        self.ensure_one()
        self.check_access("write")
        lines = self.search([("company_id", "=", self.company_id.id)])
        order = list(lines)
        here = order.index(self)
        there = here + step
        if 0 <= there < len(order):
            order[here], order[there] = order[there], order[here]
        for sequence, line in enumerate(order, start=1):
            line.sequence = sequence

    def _get_label(self, source=None):
        """Return the name on screen of `source`, by default this line's own."""
        selection = dict(self._fields["source"]._description_selection(self.env))
        return selection[source or self.source]

    # Asked several times for each invoice of a batch, and hardly ever changed.
    @ormcache("company_id")
    def _get_sources(self, company_id):
        company = self.env["res.company"].browse(company_id)._get_company_of_priority()
        lines = self.sudo().search([("company_id", "=", company.id)])
        return tuple(lines.mapped("source")) or ("odoo",)

    @api.model
    def _get_outranking(self, move, source):
        """Return the sources before `source`, which would be used if they had a PDF.

        Not those that have none for want of a person's choice: that is no failure.
        """
        order = get_order(move)
        return [
            other
            for other in order[: order.index(source)]
            if not self._is_by_choice(other)
        ]

    def _is_by_choice(self, source):
        """Whether a person chooses for each invoice if it has a PDF there."""
        return source == "attachment"

    # -------------------------------------------------------------------------
    # The decision
    # -------------------------------------------------------------------------

    @api.model
    def _choose(self, moves, fetch=False, whole=False):
        """Return {invoice: (source, attachment)}, by the priority as it is now.

        :param bool fetch: whether a source may ask another system for missing PDFs
        :param bool whole: whether the files are to be used, so that old verdicts are
            made anew and a damaged file is passed over
        :raises AccessError: if this person may not read the invoices
        """
        moves.check_access("read")
        if whole:
            lookups = moves._origin.sudo().connectwise_lookup_ids
            if not fetch and self.env.user._is_internal():
                # Judging all takes longer than opening the invoice.
                lookups = find_waiting(lookups)
            # The stored verdict may be older than a change of the mapping.
            lookups._judge_anew()
        chosen = dict.fromkeys(moves, (False, self.env["ir.attachment"]))
        prepare_orders(moves)
        # Odoo, the last resort, has a PDF of every invoice.
        left = {move: list(get_order(move)) for move in moves._with_invoice_pdf()}
        while left:
            # Another system is asked once for all, when nothing else is left to try.
            source = min(
                (order[0] for order in left.values()),
                key=lambda source: hasattr(self, f"_fetch_pdfs_{source}"),
            )
            tried = moves.filtered(
                lambda move, source=source: move in left and left[move][0] == source
            )
            asked = tried
            if source != "odoo":
                asked = tried.filtered(lambda move: not move._is_e_invoice())
            # A record of a batch is read together with the others.
            asked = asked.with_prefetch(moves._prefetch_ids)
            pdfs = self._find_pdfs(source, asked, fetch, whole)
            for move in tried:
                if move.id in pdfs:
                    chosen[move] = (source, pdfs[move.id])
                    del left[move]
                else:
                    left[move].remove(source)
        return chosen

    # -------------------------------------------------------------------------
    # The sources
    # -------------------------------------------------------------------------

    def _find_pdfs(self, source, moves, fetch=False, whole=True):
        """Return {invoice id: attachment, sudo} for those of `moves` with a PDF there.

        :param moves: posted customer invoices and credit notes
        :param bool fetch: whether there is time to ask another system for missing PDFs
        :param bool whole: whether damaged files are left out
        """
        pdfs = getattr(self, f"_find_pdfs_{source}")(moves)
        if whole:
            pdfs = self._pass_over_broken_pdfs(pdfs)
        fetch_pdfs = fetch and getattr(self, f"_fetch_pdfs_{source}", None)
        missing = moves.filtered(lambda move: move.id not in pdfs)
        if fetch_pdfs and missing:
            fetch_pdfs(missing)
            pdfs = {**pdfs, **self._find_pdfs(source, missing, whole=whole)}
        return pdfs

    def _pass_over_broken_pdfs(self, pdfs):
        """Return those of {invoice id: attachment} whose file is what was stored."""
        broken = {
            move_id: attachment
            for move_id, attachment in pdfs.items()
            # An empty one stands for Odoo's own rendering.
            if attachment and not attachment._is_whole()
        }
        if not broken:
            return pdfs
        for attachment in broken.values():
            _logger.warning("The file of the attachment %s is broken", attachment.id)
        self.env["connectwise.lookup"].sudo()._forget_broken(broken)
        return {key: value for key, value in pdfs.items() if key not in broken}

    def _has_pdf_domain(self, source):
        """Return the domain of the invoices that have a PDF from `source` at hand."""
        return Domain(getattr(self, f"_has_pdf_domain_{source}")())

    def _is_open(self, source, move):
        """Whether this source would be asked if the PDF was needed now."""
        is_open = getattr(self, f"_is_open_{source}", None)
        return bool(is_open and is_open(move))

    def _explain(self, source, move):
        """Say in one sentence why this source gives a PDF, or gives none."""
        explain = getattr(self, f"_explain_{source}", None)
        return (explain and explain(move)) or ""

    def _find_pdfs_odoo(self, moves):
        # Odoo renders any invoice: an empty attachment stands for that.
        return {move.id: self.env["ir.attachment"] for move in moves}

    def _has_pdf_domain_odoo(self):
        return Domain.TRUE

    def _find_pdfs_attachment(self, moves):
        return {
            move.id: attachment
            for move in moves.sudo()
            if (attachment := move.invoice_pdf_attachment_id)
            # It may have been moved to another record since it was marked.
            and (attachment.res_model, attachment.res_id) == (move._name, move.id)
        }

    def _has_pdf_domain_attachment(self):
        return [("invoice_pdf_attachment_id", "!=", False)]

    def _explain_attachment(self, move):
        marked = move.sudo().invoice_pdf_attachment_id
        if marked and not marked._is_whole():
            return self.env._(
                "The file “%s” is lost or damaged on the server.", marked.name
            )
        return move.invoice_pdf_attachment_id.name or self.env._(
            "No attached PDF was marked with “Use as invoice PDF”."
        )

    def _find_pdfs_connectwise(self, moves):
        return self.env["connectwise.lookup"]._get_pdfs(moves)

    def _fetch_pdfs_connectwise(self, moves):
        fetch_for_person(moves)
        moves.sudo().connectwise_lookup_ids._judge_anew()

    def _has_pdf_domain_connectwise(self):
        return [("connectwise_lookup_ids.has_pdf", "=", True)]

    def _is_open_connectwise(self, move):
        # It has not answered yet, or has a PDF that was not downloaded yet.
        backend = move.company_id._get_connectwise_backend()
        if not backend._is_pdf_source() or backend._is_resting():
            return False
        if not move._is_looked_up_in_connectwise():
            return False
        lookup = move.sudo().connectwise_lookup_ids
        if not lookup or not lookup._is_for_current_numbers():
            return True
        is_missing = bool(lookup.accepted_id) and not lookup.has_pdf
        return (lookup.state == "new" or is_missing) and not lookup._is_paused()

    def _explain_connectwise(self, move):
        if move._is_e_invoice():
            return self.env._("Odoo's PDF is the legal document of an e-invoice.")
        return move.connectwise_message
