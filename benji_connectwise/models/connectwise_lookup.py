import logging

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..const import INVOICES_AT_ONCE, LOOKUP_FIRST_RETRY, LOOKUP_LAST_RETRY
from ..lib.connectwise_client import number_key
from ..tools.invoice_pdf.called import prepare_called_invoices
from ..tools.invoice_pdf.due_invoices import find_due_invoices
from ..tools.invoice_pdf.fetching import fetch_in_background, get_end_of_run
from ..tools.invoice_pdf.judging import judge_others
from ..tools.invoice_pdf.keeping import find_files
from ..tools.invoice_pdf.numbers import (
    find_candidate,
    find_numbers,
    is_number_field,
)
from ..tools.invoice_pdf.status import ANSWERS, find_answer
from ..tools.invoice_pdf.verdict import ACCEPTED, JUDGED_BY, REFUSALS, prepare_cases

_logger = logging.getLogger(__name__)


class ConnectwiseLookup(models.Model):
    """ConnectWise's answer about one Odoo invoice, and the PDF that is kept of it.

    The verdict on the answer (a hit is accepted by evidence) follows from the
    stored facts, so it is right again as soon as one of them changes.
    """

    _name = "connectwise.lookup"
    _description = "ConnectWise Invoice Lookup"
    _rec_name = "move_id"

    move_id = fields.Many2one("account.move", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="move_id.company_id")
    # The connection that knows this invoice's customer. An archived one is asked
    # nothing, but its links to customers still count.
    backend_id = fields.Many2one("connectwise.backend", compute="_compute_backend_id")
    numbers = fields.Json(help="The invoice numbers that were asked for.")
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
    is_from_another_tenant = fields.Boolean(
        compute="_compute_is_from_another_tenant",
        help="Another ConnectWise is connected by now.",
    )
    attempts = fields.Integer(help="Questions in a row that brought no usable PDF.")
    retry_at = fields.Datetime(help="Not asked again before, unless a person says so.")
    error = fields.Json(help="The error in its PDF or in the answer.")
    hit_ids = fields.One2many("connectwise.invoice", "lookup_id")
    has_too_many_hits = fields.Boolean(help="So that none of them is stored.")
    verdict = fields.Selection(
        [
            ("accepted", "Accepted"),
            ("amount_differs", "Accepted, but the amount differs"),
            *REFUSALS,
        ],
        compute="_compute_verdict",
        store=True,
    )
    accepted_id = fields.Many2one(
        "connectwise.invoice",
        compute="_compute_verdict",
        store=True,
        index="btree_not_null",
    )
    pdf_ref = fields.Integer(help="ConnectWise's id of the invoice whose PDF is kept.")
    pdf_last_updated = fields.Datetime(
        help="ConnectWise's last change of the invoice when its PDF was fetched."
    )
    pdf_checksum = fields.Char(help="Of the PDF as ConnectWise sent it.")
    has_pdf = fields.Boolean(compute="_compute_has_pdf", store=True)
    pdf_changed = fields.Boolean(compute="_compute_pdf_changed", store=True)
    status = fields.Selection(
        ANSWERS, compute="_compute_status", store=True, index=True
    )

    _move_unique = models.UniqueIndex("(move_id)")
    # For the invoice list's filter: few of many changed since they were sent.
    _pdf_changed_index = models.Index("(move_id) WHERE pdf_changed")

    @api.depends("company_id")
    def _compute_backend_id(self):
        for lookup in self:
            lookup.backend_id = lookup.sudo().company_id.connectwise_backend_id

    @api.depends("tenant", "company_id")
    def _compute_is_from_another_tenant(self):
        for lookup in self:
            lookup.is_from_another_tenant = (
                bool(lookup.tenant) and lookup.tenant != lookup.backend_id.tenant
            )

    @api.model
    def _forget_connections(self):
        """Read anew which connection a lookup has, after one of them changed."""
        self.invalidate_model(["backend_id", "is_from_another_tenant"], flush=False)

    @api.depends(
        lambda self: [
            *JUDGED_BY,
            # A rule of the connection may find the number in any of these.
            *(
                f"move_id.{name}"
                for name in self.env["account.move"]._fields
                if is_number_field(self.env, name)
            ),
        ]
    )
    def _compute_verdict(self):
        for lookup, case in prepare_cases(self).items():
            verdict, hits = case.decide()
            lookup.verdict = verdict
            lookup.accepted_id = hits if verdict in ACCEPTED else hits.browse()

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
                and not lookup.is_from_another_tenant
                and not lookup._is_pdf_current()
            )

    # On all that the verdict depends on, too: its numbers may be other ones.
    @api.depends("state", "error", "verdict", "has_pdf", "pdf_changed")
    def _compute_status(self):
        for lookup in self:
            lookup.status = find_answer(lookup)

    def _get_sent_hit(self):
        """Return the hit whose PDF was sent, or an empty record."""
        if not self._is_pdf_sent():
            return self.hit_ids.browse()
        return self.hit_ids.filtered(lambda hit: hit.connectwise_ref == self.pdf_ref)

    def _is_pdf_sent(self):
        """Whether the PDF that is kept was sent, so that it is pinned.

        An invoice may also have been sent with Odoo's PDF, or just be marked as sent.
        """
        sent = self.move_id.connectwise_sent_checksum
        return bool(self.pdf_ref and sent and sent == self.pdf_checksum)

    def _is_pdf_current(self):
        hit = self.accepted_id
        return (
            self.has_pdf
            and not hit.is_gone
            and (hit.last_updated or self.pdf_last_updated) == self.pdf_last_updated
        )

    def _get_asked_keys(self):
        """Return the number_keys that ConnectWise was, or is to be, asked for."""
        return {number_key(number) for number in self.numbers or ()}

    def _is_for_current_numbers(self):
        """Whether it was asked for all numbers that the invoice may have now."""
        return self._get_asked_keys() == find_numbers(self.move_id).keys()

    def _is_paused(self):
        """Whether it is too early to look this up again.

        A hit that was accepted since it was refused does not wait.
        """
        is_wrong = self.error or not self.accepted_id
        return bool(
            is_wrong and self.retry_at and self.retry_at > fields.Datetime.now()
        )

    def _is_pdf_coming(self):
        """Whether its PDF is to be downloaded, and nothing known prevents that."""
        backend = self.company_id._get_connectwise_backend()
        return bool(
            self.accepted_id
            and not self._is_paused()
            and backend.state == "connected"
            and not backend.failing_since
        )

    def _judge_anew(self):
        """Compute the verdict again, because of a fact outside its dependencies.

        This also covers a change of the mapping in another transaction: neither of the
        two saw the other.
        """
        # As if a fact had changed: all that follows from the verdict follows again.
        self.modified(["pdf_ref"])

    @api.model
    def _get_pdfs(self, moves):
        """Return {invoice id: attachment, sudo} of the trusted PDFs that are kept."""
        return {
            move.id: move.connectwise_pdf_id
            for move in moves.sudo()
            for lookup in move.connectwise_lookup_ids
            if lookup.has_pdf
            and move.connectwise_pdf_id
            and (not lookup.is_from_another_tenant or lookup._is_pdf_sent())
            # Anybody who may edit the invoice may replace the content of its files.
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
        """Return the checksum of the file's present content."""
        if attachment.store_fname:
            return attachment.checksum
        # In the database, the content can be written without the checksum.
        return attachment._compute_checksum(attachment._get_content())

    @api.model
    def _get_attachments(self, moves):
        """Return {invoice id: the kept ConnectWise PDF}, trusted or not."""
        return {file.res_id: file for file in find_files(moves)}

    @api.model
    def _prepare(self, moves):
        """Return the lookups of `moves` for their numbers; makes those missing."""
        moves = moves.filtered(lambda move: move._is_looked_up_in_connectwise())
        if not moves:
            return self
        missing = moves.filtered(lambda move: not move.sudo().connectwise_lookup_ids)
        if missing:
            # Two people may open the same invoice at once: the second one waits, and
            # Odoo runs its request again, instead of failing at the unique index.
            self.env.flush_all()
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO connectwise_lookup (move_id, state)
                    SELECT unnest(%s), 'new'
                    ON CONFLICT (move_id) DO NOTHING RETURNING id
                    """,
                    missing.ids,
                )
            )
            moves.invalidate_recordset(["connectwise_lookup_ids"])
        lookups = moves.sudo().connectwise_lookup_ids
        lookups.filtered(
            lambda lookup: not lookup._is_for_current_numbers()
        )._change_numbers()
        # Answered while another ConnectWise was being connected.
        if others := lookups.filtered("is_from_another_tenant"):
            others._leave_connectwise()
        return lookups

    def _change_numbers(self):
        """Ask for the numbers that the invoices have now. A PDF that was sent for one
        of them stays."""
        numbers = {lookup: find_numbers(lookup.move_id) for lookup in self}
        kept = self.filtered(lambda lookup: lookup._keeps_pdf(numbers[lookup]))
        kept.hit_ids.filtered(lambda hit: hit != hit.lookup_id._get_sent_hit()).unlink()
        kept.write({"asked_at": False, "retry_at": False})
        (self - kept)._forget()
        for lookup, candidates in numbers.items():
            lookup.numbers = [candidate.number for candidate in candidates.values()]

    def _keeps_pdf(self, candidates):
        """Whether its PDF was sent, and for one of these numbers.

        Numbers cannot be compared with those of another ConnectWise.
        """
        sent = self._get_sent_hit()
        return bool(
            sent and (self.is_from_another_tenant or find_candidate(candidates, sent))
        )

    def _forget(self):
        self.hit_ids.unlink()
        self.write(
            {
                "state": "new",
                "has_too_many_hits": False,
                "asked_at": False,
                "tenant": False,
                "attempts": 0,
                "retry_at": False,
                "error": False,
                "pdf_ref": 0,
            }
        )

    def _pause(self):
        """Do not ask again for minutes, and for longer each time."""
        for lookup in self:
            pause = min(
                LOOKUP_FIRST_RETRY * 2 ** min(lookup.attempts, 10), LOOKUP_LAST_RETRY
            )
            lookup.write(
                {
                    "attempts": lookup.attempts + 1,
                    "retry_at": fields.Datetime.now() + pause,
                }
            )

    def _leave_connectwise(self):
        """Forget answers whose PDF was not sent: another ConnectWise is connected.

        A PDF that was sent is still shown, and not asked about.
        """
        sent = self.filtered(lambda lookup: lookup.has_pdf and lookup._is_pdf_sent())
        (self - sent)._forget()
        (sent.hit_ids - sent.accepted_id).unlink()

    @api.model
    def _cron_prefetch(self):
        """Fetch PDFs before people need them, and send the invoices that were held."""
        end = get_end_of_run()
        self.env["invoice.pdf.refresh"]._work_off(end)
        for backend in self.env["connectwise.backend"].search([("active", "=", True)]):
            if not backend._is_pdf_source():
                continue
            try:
                prepare_called_invoices(backend, end)
                self._prefetch(backend, end)
            except Exception:
                # The other connections and the held invoices must not wait for it.
                _logger.exception("PDFs of %s could not be fetched", backend.name)
                self.env.cr.rollback()
        self.env["connectwise.held.invoice"]._send_due(end)
        judge_others(self.env, end)
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _prefetch(self, backend, end):
        """Fetch this connection's PDFs that are due, batch by batch, as time allows.

        :param end: when to leave the rest to the next run, of `get_end_of_run`
        """
        moves = find_due_invoices(backend)
        for batch in split_every(INVOICES_AT_ONCE, moves.ids, moves.browse):
            fetch_in_background(batch, end=end)
            left = self.env["ir.cron"]._commit_progress(len(batch))
            if backend._is_resting() or not left:
                self._trigger_prefetch(at=backend.retry_at or fields.Datetime.now())
                break

    @api.model
    def _trigger_prefetch(self, at=None):
        """Wake the scheduled action that fetches PDFs, now or at a time.

        Posting and printing go on if somebody deleted it.
        """
        if action := self._find_scheduled_action():
            action._trigger(at)

    @api.model
    def _find_scheduled_action(self):
        """Return the one that fetches PDFs and sends held invoices, or None."""
        name = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"
        return self.env.ref(name, raise_if_not_found=False)
