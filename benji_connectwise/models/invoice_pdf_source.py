import logging
from itertools import takewhile

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..odoo_internals import ormcache
from ..tools.invoice_pdf.fetching import fetch_for_person

_logger = logging.getLogger(__name__)


class InvoicePdfSource(models.Model):
    """A line of *Invoice PDF Priority*: where an invoice's PDF may come from.

    Another module adds a source in its extension of this model: a value of `source`,
    and the methods `_find_pdfs_<source>`, `_has_pdf_domain_<source>`,
    `_explain_<source>` and, if it asks another system, `_is_open_<source>`.
    """

    _name = "invoice.pdf.source"
    _description = "Invoice PDF Source"
    _order = "company_id, sequence, id"
    _rec_name = "source"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    sequence = fields.Integer()
    source = fields.Selection(
        [
            ("connectwise", "ConnectWise PSA"),
            ("odoo", "Odoo"),
            ("attachment", "PDF attached to the invoice"),
        ],
        required=True,
    )

    _company_source_unique = models.Constraint(
        "unique(company_id, source)", "This source is already in the list."
    )

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
            vals.setdefault("sequence", self._get_next_sequence(vals) + offset)
        lines = super().create(vals_list)
        self._invalidate_choices()
        return lines

    def write(self, vals):
        self._invalidate_choices()
        return super().write(vals)

    def unlink(self):
        self._invalidate_choices()
        return super().unlink()

    def _invalidate_choices(self):
        # Which PDF an invoice has is never stored: a new order holds at once.
        self.env["account.move"].invalidate_model(
            ["invoice_pdf_source", "invoice_pdf_is_first_choice"]
        )
        self.env["connectwise.lookup"].invalidate_model(["backend_id"], flush=False)
        self.env.registry.clear_cache()

    def _get_next_sequence(self, vals):
        company_id = vals.get("company_id", self.env.company.id)
        last = self.search(
            [("company_id", "=", company_id)], order="sequence desc", limit=1
        )
        return last.sequence + 1

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

    def _get_by_company(self, companies):
        """Return {company: its sources in order}; where nothing is set up, Odoo."""
        return {company: self._get_sources(company.id) for company in companies}

    # Asked several times for each invoice of a batch, and hardly ever changed.
    @ormcache("company_id")
    def _get_sources(self, company_id):
        company = self.env["res.company"].browse(company_id)._get_company_of_priority()
        lines = self.sudo().search([("company_id", "=", company.id)])
        return tuple(lines.mapped("source")) or ("odoo",)

    def _get_before_odoo(self, company):
        """Return the sources that are used at all: Odoo has a PDF of every invoice."""
        return list(
            takewhile(lambda source: source != "odoo", self._get_sources(company.id))
        )

    def _get_outranking(self, company, source):
        """Return the sources before `source`, which would be used if they had a PDF.

        Not those that have none for want of a person's choice: that is no failure.
        """
        sources = self._get_sources(company.id)
        place = sources.index(source) if source in sources else len(sources)
        return [other for other in sources[:place] if not self._is_by_choice(other)]

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
        :param bool whole: whether the files are to be used, so that a damaged one is
            passed over
        """
        chosen = dict.fromkeys(moves, (False, self.env["ir.attachment"]))
        for company, left in moves._with_invoice_pdf().grouped("company_id").items():
            # The last resort, in the list or not: something has to go out.
            for source in [*self._get_sources(company.id), "odoo"]:
                asked = left
                if source != "odoo":
                    asked = left.filtered(lambda move: not move._is_e_invoice())
                # A record of a batch is read together with the others.
                asked = asked.with_prefetch(moves._prefetch_ids)
                pdfs = self._find_pdfs(source, asked, fetch)
                if whole:
                    pdfs = self._pass_over_broken_pdfs(pdfs)
                found = asked.filtered(lambda move, pdfs=pdfs: move.id in pdfs)
                chosen.update({move: (source, pdfs[move.id]) for move in found})
                left -= found
                if not left:
                    break
        return chosen

    @api.model
    def _search_moves_by_source(self, sources):
        """Return the domain of the invoices whose PDF is from one of `sources`."""
        domains = []
        for company in self.env.companies:
            left = Domain("company_id", "=", company.id)
            for source in dict.fromkeys([*self._get_sources(company.id), "odoo"]):
                has_pdf = self._has_pdf_domain(source)
                if source != "odoo":
                    has_pdf &= self._not_e_invoice_domain(company)
                if source in sources:
                    domains.append(left & has_pdf)
                left &= ~has_pdf
        return self._with_invoice_pdf_domain() & Domain.OR(domains)

    @api.model
    def _search_moves_of_second_choice(self):
        """Return the domain of the invoices whose PDF is not from the first source."""
        domains = []
        for company in self.env.companies:
            others = Domain("company_id", "=", company.id)
            others &= self._not_e_invoice_domain(company)
            for source in [*self._get_sources(company.id), "odoo"]:
                others &= ~self._has_pdf_domain(source)
                if not self._is_by_choice(source):
                    break
            domains.append(others)
        return self._with_invoice_pdf_domain() & Domain.OR(domains)

    @api.model
    def _search_moves_of_other_amount(self):
        """Return the domain of the invoices whose amount differs in ConnectWise."""
        companies = self.env.companies.filtered(
            lambda company: "connectwise" in self._get_before_odoo(company)
        )
        return (
            self._with_invoice_pdf_domain()
            & Domain("company_id", "in", companies.ids)
            & Domain("connectwise_lookup_ids.verdict", "=", "amount_differs")
        )

    @api.model
    def _with_invoice_pdf_domain(self):
        return Domain("state", "=", "posted") & Domain(
            "move_type", "in", self.env["account.move"].get_sale_types()
        )

    @api.model
    def _not_e_invoice_domain(self, company):
        Partner = self.env["res.partner"].sudo().with_company(company)
        Partner = Partner.with_context(active_test=False)
        # A chosen format is stored. Otherwise Odoo suggests one, or none, by the
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
    # The sources
    # -------------------------------------------------------------------------

    def _find_pdfs(self, source, moves, fetch):
        """Return {invoice id: attachment, sudo} for those of `moves` with a PDF there.

        :param moves: posted customer invoices and credit notes
        :param bool fetch: whether there is time to ask another system
        """
        return getattr(self, f"_find_pdfs_{source}")(moves, fetch)

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
        return getattr(self, f"_explain_{source}")(move) or ""

    def _find_pdfs_odoo(self, moves, fetch):
        # Odoo renders any invoice: an empty attachment stands for that.
        return {move.id: self.env["ir.attachment"] for move in moves}

    def _has_pdf_domain_odoo(self):
        return Domain.TRUE

    def _explain_odoo(self, move):
        return ""

    def _find_pdfs_attachment(self, moves, fetch):
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

    def _find_pdfs_connectwise(self, moves, fetch):
        if fetch:
            fetch_for_person(moves)
            moves.sudo().connectwise_lookup_ids._judge_anew()
        return self.env["connectwise.lookup"]._get_pdfs(moves)

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
