import logging
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from psycopg2 import DatabaseError, IntegrityError, OperationalError

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..const import (
    CHECK_EVERY,
    INVOICES_AT_ONCE,
    LOOK_BACK,
    LOOKUP_FIRST_RETRY,
    LOOKUP_LAST_RETRY,
    NUMBERS_AT_ONCE,
    PDFS_PER_STEP,
    SECONDS_FOR_PERSON,
    SECONDS_FOR_RUN,
)
from ..lib.connectwise_client import (
    AddressError,
    ConnectWiseError,
    DataError,
    DeadlineError,
    InvalidPdfError,
    MissingRightError,
    NetworkError,
    NotFoundError,
    ServerError,
    number_key,
)
from ..lib.connectwise_client.const import MAX_HITS
from ..tools.explain import serialize_error
from ..tools.pdf_merge_check import LONG, SHORT, MergeCheck
from ..tools.storage import storage_error
from ..tools.tenant import get_tenant
from .connectwise_lookup import UNREADABLE
from .ir_attachment import NOT_INDEXED

_logger = logging.getLogger(__name__)

TO_PREFETCH = """
    SELECT move.id
      FROM account_move move
      -- By its index: what is old must not make each run slower.
      LEFT JOIN LATERAL (
          SELECT * FROM connectwise_lookup WHERE move_id = move.id LIMIT 1
      ) lookup ON TRUE
     WHERE (
           move.date >= %(oldest_date)s
           OR move.connectwise_posted_at >= %(oldest)s
           OR move.connectwise_sent_at >= %(oldest)s
           OR move.id = ANY(ARRAY(
               SELECT move_id FROM connectwise_lookup
                WHERE held_since IS NOT NULL AND held_sending_data IS NOT NULL)))
       AND move.state = 'posted'
       AND move.move_type = ANY(%(types)s)
       AND move.company_id = ANY(%(companies)s)
       AND COALESCE(%(number)s, '') != ''
       -- What another ConnectWise answered stays as it was sent.
       AND COALESCE(lookup.tenant, %(tenant)s) = %(tenant)s
       AND (lookup.id IS NULL OR (
               (lookup.retry_at IS NULL OR lookup.retry_at <= %(now)s
                -- Accepted since it was refused.
                OR (lookup.accepted_id IS NOT NULL AND lookup.error IS NULL))
               AND (lookup.has_pdf IS NOT TRUE OR lookup.asked_at IS NULL
                    OR (move.connectwise_sent_at >= %(oldest)s
                        AND lookup.asked_at < %(checked)s))))
     ORDER BY lookup.asked_at NULLS FIRST, move.date DESC, move.id DESC
"""
"""Of the invoices that are dated, posted or sent lately, or are held."""


def _is_about_one_pdf(error):
    """Whether this error says nothing about the other PDFs.

    ConnectWise is there: it has just been asked for the numbers.
    """
    if isinstance(error, ServerError):
        return error.status not in (502, 503, 504)
    if isinstance(error, NetworkError | DeadlineError):
        return error.reason == "timeout"
    return isinstance(error, DataError | NotFoundError)


def _examine(client, results, check):
    """Yield what was downloaded; an error instead of a PDF that Odoo cannot merge."""
    for ref, result in results:
        if isinstance(result, bytes):
            try:
                check.examine(result, client.seconds_left)
            except InvalidPdfError as error:
                result = error
        elif isinstance(result, AddressError) and result.reason == "no_api":
            # A web page that says 404, of an API that has just been found.
            result = NotFoundError("There is no such PDF", status=result.status)
        yield ref, result
        # The right to read one PDF is the right to read the others.
        if isinstance(result, MissingRightError):
            return


class ConnectwiseLookup(models.Model):
    """Asking ConnectWise about invoices, and fetching their PDFs."""

    _inherit = "connectwise.lookup"

    # -------------------------------------------------------------------------
    # Asking ConnectWise
    # -------------------------------------------------------------------------

    @api.model
    def _fetch_for_person(self, moves, sending=False, download=True):
        """Ask for what is missing while a person waits; raises nothing.

        :param sending: also ask whether what is kept is still ConnectWise's newest
        :param download: also fetch the PDFs, not only look the numbers up
        """
        end = time.monotonic() + SECONDS_FOR_PERSON
        for company, moves_of_company in moves.grouped("company_id").items():
            backend = company._get_connectwise_backend()
            limits = backend._get_interactive_limits() if backend else None
            lookups = limits and self._prepare(moves_of_company)._to_ask(sending)
            left = end - time.monotonic()
            if not lookups or left <= 0:
                continue
            backend._ask(
                replace(limits, total=min(limits.total, left)),
                partial(
                    lookups._look_up_and_download, sending=sending, download=download
                ),
            )
            # While the connection rests, nothing is asked anyway.
            if download and not backend._is_resting():
                slow = lookups._to_ask(sending=False)
                slow.error = serialize_error(DeadlineError("Not fetched in time"))
                slow._pause()

    def _look_up_and_download(self, client, sending, download=True, step=None):
        """Ask about these look-ups, as far as the client's time goes.

        :param step: called between the network and the database, both ways; whatever
            it commits, other people may delete these look-ups meanwhile
        :raises ConnectWiseError: if ConnectWise failed, or its time passed with nothing
            achieved; what was answered before is stored
        """
        missing = self._to_ask(sending=False)
        asked = {lookup: lookup.asked_at for lookup in self}
        try:
            self._look_up(client, step)
            if download:
                self.exists()._download(client, step)
        except DeadlineError:
            # Slow is not down: the rest has its turn in the background.
            there = self.exists()
            if there._to_ask(sending=False) == missing & there and (
                missing or all(lookup.asked_at == asked[lookup] for lookup in there)
            ):
                raise

    @api.model
    def _fetch_in_background(self, moves, fresh=timedelta(0), end=None):
        """Bring the PDFs of `moves` up to date; commits, and raises nothing.

        :param fresh: an answer younger than this is not asked for again
        :param end: when nothing is waited for any more, by time.monotonic(): the time
            of a run is that of all its companies together
        """
        end = end or time.monotonic() + SECONDS_FOR_RUN
        for company, moves_of_company in moves.exists().grouped("company_id").items():
            backend = company._get_connectwise_backend()
            if not backend._is_pdf_source() or backend._is_resting():
                continue
            # A person may do the same meanwhile. What is missing then is asked once
            # more: a batch is about to be sent with it.
            for _attempt in range(2):
                left = end - time.monotonic()
                if left <= 0:
                    break
                try:
                    lookups = self._prepare(moves_of_company.exists())
                    lookups._to_ask(sending=True, fresh=fresh)._ask_in_steps(left)
                    break
                except (OperationalError, IntegrityError):
                    _logger.info("Look-ups gave way to a request of a person")
                    self.env.cr.rollback()

    @api.model
    def _is_due(self, moves, fresh):
        """Whether it is time to ask about any of `moves` before it is sent."""
        moves = moves.filtered(lambda move: move._is_looked_up_in_connectwise())
        lookups = moves.sudo().connectwise_lookup_ids
        return len(lookups) < len(moves) or bool(lookups._to_ask(True, fresh))

    def _ask_in_steps(self, seconds):
        # No lock is held while the network is waited for: whoever opens one of these
        # invoices must not wait too.
        if not self:
            return
        backend = self.company_id._get_connectwise_backend()
        step = self.env["ir.cron"]._commit_progress
        step()
        backend._ask(
            backend._get_background_limits(seconds),
            partial(self.exists()._look_up_and_download, sending=True, step=step),
        )
        step()

    @api.model
    def _cron_prefetch(self):
        """Fetch PDFs before people ask for them, and send what waited for one."""
        end = time.monotonic() + SECONDS_FOR_RUN
        for backend in self.env["connectwise.backend"].search([("active", "=", True)]):
            if backend._is_pdf_source():
                self._prefetch(backend, end)
        self._send_held()
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _prefetch(self, backend, end):
        """Fetch this connection's PDFs that are due, batch by batch, as time allows."""
        moves = self._search_to_prefetch(backend)
        for batch in split_every(INVOICES_AT_ONCE, moves.ids, moves.browse):
            self._fetch_in_background(batch, end=end)
            left = self.env["ir.cron"]._commit_progress(len(batch))
            if backend._is_resting() or not left:
                self._trigger_prefetch(at=backend.retry_at or fields.Datetime.now())
                break

    @api.model
    def _search_to_prefetch(self, backend):
        """Return the invoices to ask about, those never asked about first.

        What was sent is looked at twice a day: nobody else does. What has its PDF and
        was not sent is looked at before it is.
        """
        Move = self.env["account.move"]
        Move.flush_model()
        self.flush_model()
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                TO_PREFETCH,
                companies=backend._get_companies().ids,
                types=Move.get_sale_types(),
                # Invoices without a number there can never be asked about.
                number=SQL.identifier("move", backend.invoice_number_field),
                oldest=now - LOOK_BACK,
                oldest_date=fields.Date.today() - LOOK_BACK,
                tenant=backend._get_tenant(),
                checked=now - CHECK_EVERY,
                now=now,
            )
        )
        return Move.browse(move_id for [move_id] in rows)

    @api.model
    def _trigger_prefetch(self, at=None):
        self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch")._trigger(at)

    @api.model
    def _prepare(self, moves):
        """Return the look-ups of `moves` for their numbers; makes those missing."""
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
        for lookup in lookups:
            if not lookup._is_for_current_number():
                lookup._forget()
                lookup.number = lookup.move_id._get_connectwise_number()
        # Answered while another ConnectWise was being connected.
        lookups.filtered(lambda lookup: lookup._is_from_another())._leave_connectwise()
        return lookups

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

    def _to_ask(self, sending, fresh=timedelta(0)):
        """Return those of these look-ups that it is time to ask about.

        :param sending: also those whose PDF is kept, because it may have changed, and
            those of which nothing usable was found more than minutes ago
        :param fresh: unless the answer is younger than this
        """
        now = fields.Datetime.now()
        kept = self.env["invoice.pdf.source"]._pass_over_broken_pdfs(
            self._get_pdfs(self.move_id)
        )

        def is_due(lookup):
            if lookup._is_from_another():
                return False
            age = now - (lookup.asked_at or datetime.min)
            if lookup._is_paused():
                # Whoever makes it in ConnectWise and sends it then does not wait for
                # hours. What is wrong with a PDF costs more to ask about.
                is_missed = sending and not lookup.accepted_id
                return is_missed and age >= max(fresh, LOOKUP_FIRST_RETRY)
            return lookup.move_id.id not in kept or (sending and age >= fresh)

        return self.filtered(is_due)

    def _look_up(self, client, step=None):
        """Ask for the numbers, many at a time, and store each answer.

        :param step: called between the network and the database, both ways
        :raises ConnectWiseError: if ConnectWise failed; what was answered is stored
        """
        for lookups in split_every(NUMBERS_AT_ONCE, self.ids, self.browse):
            lookups = lookups.exists()
            numbers = {number_key(lookup.number): lookup.number for lookup in lookups}
            found, problems = {}, []
            for invoices, skipped in client.find_invoices(numbers.values()):
                for invoice in invoices:
                    found.setdefault(number_key(invoice.number), []).append(invoice)
                problems += skipped
            tenant = get_tenant(client.origin, client.company_login_id)
            if step:
                step()
                # An invoice may have been reset to draft meanwhile, its number changed,
                # or another ConnectWise connected: then this answers another question.
                lookups = lookups.exists().filtered(
                    lambda lookup, asked=numbers, tenant=tenant: (
                        number_key(lookup.number) in asked
                        and lookup._get_backend()._get_tenant() == tenant
                    )
                )
            lookups._store_hits(found, tenant)
            for lookup in lookups.filtered(lambda lookup: lookup.state == "not_found"):
                lookup.error = lookup._find_problem(problems)
            if step:
                step()

    def _find_problem(self, skipped):
        """Return why nothing may have been found, if there is more to it than that."""
        for record in skipped:
            if getattr(record.error, "value", None) == self.number:
                return serialize_error(record.error)
        return {"kind": UNREADABLE} if any(record.id for record in skipped) else False

    def _store_hits(self, found, tenant):
        """Make `hit_ids` what ConnectWise answered; the one that was sent is kept.

        :param found: {number_key: the client's invoices}, for all of these look-ups
        :param tenant: which ConnectWise this was
        """
        if not self:
            return
        # Two people may open the same invoice at once: the second one waits here, and
        # Odoo runs its request again, instead of failing at a unique index. Always in
        # the same order, so that nobody waits for each other.
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                """
                SELECT id FROM connectwise_lookup WHERE id IN %s ORDER BY id FOR UPDATE
                """,
                tuple(self.ids),
            )
        )
        answered = self.filtered(lambda lookup: number_key(lookup.number) in found)
        before = {lookup: lookup.accepted_id for lookup in self}
        self.tenant = tenant
        self._replace_hits(found)
        now = fields.Datetime.now()
        answered.write({"state": "found", "asked_at": now})
        (self - answered).write({"state": "not_found", "asked_at": now})
        finders = self._get_finders()
        rivals = (lookup._get_rivals(lookup.hit_ids, finders) for lookup in self)
        # Somebody may have changed the mapping without seeing these hits yet.
        self.union(*rivals)._judge_anew()
        accepted = self.filtered("accepted_id")
        # What is wrong with its PDF is not mended by finding its number again.
        accepted.filtered(lambda lookup: lookup.accepted_id != before[lookup]).write(
            {"attempts": 0, "retry_at": False, "error": False}
        )
        (self - accepted)._pause()

    def _replace_hits(self, found):
        Hit = self.env["connectwise.invoice"]
        new, gone = [], Hit
        for lookup in self:
            known = {hit.connectwise_ref: hit for hit in lookup.hit_ids}
            invoices = found.get(number_key(lookup.number), ())
            lookup.has_too_many_hits = len(invoices) > MAX_HITS
            for invoice in () if lookup.has_too_many_hits else invoices:
                values = Hit._prepare_values(invoice)
                hit = known.pop(invoice.id, Hit)
                changes = {k: v for k, v in values.items() if hit and hit[k] != v}
                if changes:
                    hit.write(changes)
                elif not hit:
                    new.append({"lookup_id": lookup.id, **values})
            for ref, hit in known.items():
                if lookup._is_pdf_sent() and ref == lookup.pdf_ref:
                    # Among too many it may still be.
                    hit.is_gone |= not lookup.has_too_many_hits
                else:
                    gone += hit
        gone.unlink()
        Hit.create(new)

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

    # -------------------------------------------------------------------------
    # Fetching the PDF
    # -------------------------------------------------------------------------

    def _download(self, client, step=None):
        """Fetch the PDFs of accepted hits that are missing or were changed.

        What was sent is pinned: it is replaced only if a person asks for that.

        :raises ConnectWiseError: if ConnectWise itself failed
        """
        kept = self._get_pdfs(self.move_id)
        wanted = self.filtered(
            lambda lookup: (
                lookup.accepted_id
                and not (
                    lookup.move_id.id in kept
                    and (lookup._is_pdf_current() or lookup.pdf_changed)
                )
            )
        )
        wanted._download_now(client, step)

    def _download_now(self, client, step=None):
        if not self:
            return
        tenant = get_tenant(client.origin, client.company_login_id)
        by_ref = self.grouped(lambda lookup: lookup.accepted_id.connectwise_ref)
        # As of the question: what ConnectWise changes meanwhile is seen next time.
        asked = {lookup: lookup.accepted_id.connectwise_ref for lookup in self}
        changed = {lookup: lookup.accepted_id.last_updated for lookup in self}
        failures = []
        with (
            MergeCheck(LONG if step else SHORT) as check,
            closing(client.download_invoice_pdfs(by_ref)) as results,
        ):
            examined = _examine(client, results, check)
            for some in split_every(PDFS_PER_STEP, examined):
                if step:
                    step()
                # Reset to draft meanwhile, judged anew by somebody else, or another
                # ConnectWise connected?
                lookups = self.browse().union(*(by_ref[ref] for ref, _result in some))
                lookups = lookups.exists().filtered(
                    lambda lookup: (
                        lookup.accepted_id.connectwise_ref == asked[lookup]
                        and lookup._get_backend()._get_tenant() == tenant
                    )
                )
                pdfs = {}
                for ref, result in some:
                    if not isinstance(result, ConnectWiseError):
                        pdfs[ref] = result
                        continue
                    (by_ref[ref] & lookups)._note_failed_download(result)
                    if not _is_about_one_pdf(result):
                        failures.append(result)
                fetched = lookups.filtered(
                    lambda lookup, pdfs=pdfs: asked[lookup] in pdfs
                )
                fetched._store_pdfs(pdfs, changed)
                if step:
                    step()
        if failures:
            raise failures[-1]

    def _note_failed_download(self, error):
        # A gateway may have given up on this one: not all others wait for it again.
        if _is_about_one_pdf(error) or isinstance(error, ServerError):
            self.write({"error": serialize_error(error)})
            self._pause()
        if self and isinstance(error, InvalidPdfError) and error.reason == "too_slow":
            # There is more time for it in the background.
            self._trigger_prefetch(at=max(self.mapped("retry_at")))

    def _store_pdfs(self, contents, changed):
        """Keep the PDFs of the accepted hits, all that can be stored.

        :param contents: {ConnectWise's id: PDF}
        :param changed: {look-up: ConnectWise's last change of the invoice}
        """
        try:
            with self.env.cr.savepoint():
                self._store_all_pdfs(contents, changed)
        except DatabaseError:
            raise
        except Exception as error:
            if len(self) > 1:
                for lookup in self:
                    lookup._store_pdfs(contents, changed)
                return
            _logger.warning("A PDF could not be stored", exc_info=True)
            self._note_failed_download(storage_error(error))

    def _store_all_pdfs(self, contents, changed):
        """Keep the PDFs of the accepted hits; raises what storing raises.

        One that was there is detached and stays on the invoice: it is never
        overwritten, which a restrictive audit trail would refuse (account,
        models/ir_attachment.py:37), and a customer may have received it.

        :param contents: {ConnectWise's id: PDF}
        :param changed: {look-up: ConnectWise's last change of the invoice}
        """
        Attachment = self.env["ir.attachment"].sudo()
        Attachment = Attachment.with_context(connectwise_pdf=NOT_INDEXED)
        moves = self.move_id
        attachments = self._get_attachments(moves)
        new, replaced = [], moves.browse()
        for lookup in self:
            move, content = lookup.move_id, contents[lookup.accepted_id.connectwise_ref]
            Attachment._write_whole(content)
            attachment = attachments.get(move.id)
            if attachment:
                # Its file may just have been mended.
                attachment.invalidate_recordset(["raw"])
                if attachment._get_content() == content and attachment._is_whole():
                    continue
            if attachment:
                replaced += move
            new.append(
                {
                    "name": move._get_connectwise_pdf_filename(),
                    "raw": content,
                    "mimetype": "application/pdf",
                    "res_model": move._name,
                    "res_id": move.id,
                    "res_field": "connectwise_pdf_file",
                    "company_id": move.company_id.id,
                }
            )
        replaced._detach_connectwise_pdf()
        for attachment in Attachment.create(new):
            attachments[attachment.res_id] = attachment
        moves.invalidate_recordset(["connectwise_pdf_id", "connectwise_pdf_file"])
        for lookup in self:
            lookup.write(
                {
                    "pdf_checksum": attachments[lookup.move_id.id].checksum,
                    "pdf_ref": lookup.accepted_id.connectwise_ref,
                    "pdf_last_updated": changed[lookup],
                    "attempts": 0,
                    "retry_at": False,
                    "error": False,
                }
            )

    def _refresh(self):
        """Ask and fetch at once, whatever was remembered; raises nothing.

        A person asked for it, so a PDF that was sent is replaced too.
        """
        for company, lookups in self.grouped("company_id").items():
            backend = company._get_connectwise_backend()
            if not backend:
                continue
            backend._forget_failures()
            limits = backend._get_interactive_limits()
            if not limits:
                continue
            before = {
                lookup: (lookup.pdf_ref, lookup.asked_at, lookup.tenant)
                for lookup in lookups
            }
            # Without a PDF that counts as sent, the answer is judged like a first one.
            lookups.write(
                {
                    "retry_at": False,
                    "attempts": 0,
                    "error": False,
                    "pdf_ref": 0,
                    "asked_at": False,
                }
            )
            backend._ask(limits, lookups._look_up_and_download_all)
            for lookup, (ref, asked_at, tenant) in before.items():
                lookup._keep_what_was_there(ref, asked_at, tenant)

    def _keep_what_was_there(self, ref, asked_at, tenant):
        """Go back to the PDF there was, if nothing better came of asking."""
        if not self.asked_at:
            self.write({"pdf_ref": ref, "asked_at": asked_at})
        elif (
            not self.pdf_ref
            and self.accepted_id.connectwise_ref == ref
            and self.tenant == tenant
        ):
            self.pdf_ref = ref

    def _look_up_and_download_all(self, client):
        self._look_up(client)
        self.filtered("accepted_id")._download_now(client)

    def _leave_connectwise(self):
        """Forget what no customer has seen: another ConnectWise is connected.

        What was sent goes on being shown, and is not asked about.
        """
        sent = self.filtered(lambda lookup: lookup.has_pdf and lookup._is_pdf_sent())
        (self - sent)._forget()
        (sent.hit_ids - sent.accepted_id).unlink()
