"""Downloading the PDFs of invoices that were found."""

from contextlib import closing

from odoo.tools import split_every

from ...const import PDFS_PER_STEP
from ...lib.connectwise_client import (
    AddressError,
    ConnectWiseError,
    DataError,
    DeadlineError,
    InvalidPdfError,
    MissingRightError,
    NetworkError,
    NotFoundError,
    ServerError,
)
from ..connection.explain import serialize_error
from .keeping import store_pdfs
from .merge_check import SHORT, MergeCheck


def download_pdfs(client, lookups, patience=SHORT):
    """Download and keep the PDFs of the accepted hits; yields where one may commit.

    A PDF that cannot be used is noted on its lookup, and the others go on.

    :param client: the ConnectWiseClient that just answered the lookups
    :param patience: how much examining a PDF may cost
    :raises ConnectWiseError: if ConnectWise itself failed
    """
    if not lookups:
        return
    by_ref = lookups.grouped(lambda lookup: lookup.accepted_id.connectwise_ref)
    # Noted before the download: a change during it is noticed next time.
    asked = {lookup: lookup.accepted_id.connectwise_ref for lookup in lookups}
    changed = {lookup: lookup.accepted_id.last_updated for lookup in lookups}
    failures = []
    with (
        MergeCheck(patience) as check,
        closing(client.download_invoice_pdfs(by_ref)) as results,
    ):
        examined = _examine(client, results, check)
        for some in split_every(PDFS_PER_STEP, examined):
            yield
            # In the meantime, the invoice may have been reset to draft, the hit judged
            # again, or another ConnectWise connected.
            there = lookups.browse().union(*(by_ref[ref] for ref, _result in some))
            there = there.exists().filtered(
                lambda lookup: (
                    lookup.accepted_id.connectwise_ref == asked[lookup]
                    and lookup.backend_id.tenant == client.tenant
                )
            )
            pdfs = {}
            for ref, result in some:
                if not isinstance(result, ConnectWiseError):
                    pdfs[ref] = result
                    continue
                _note_failure(by_ref[ref] & there, result)
                if not _is_about_one_pdf(result):
                    failures.append(result)
            downloaded = there.filtered(lambda lookup, pdfs=pdfs: asked[lookup] in pdfs)
            for lookup, error in store_pdfs(downloaded, pdfs, changed).items():
                _note_failure(lookup, error)
            yield
    if failures:
        raise failures[-1]


def _examine(client, results, check):
    """Yield the downloads, with an error in place of a PDF that Odoo cannot merge."""
    for ref, result in results:
        if isinstance(result, bytes):
            try:
                check.examine(result, client.seconds_left)
            except InvalidPdfError as error:
                result = error
        elif isinstance(result, AddressError) and result.reason == "no_api":
            # A web page instead of JSON, but the API has just answered the lookup.
            result = NotFoundError("There is no such PDF", status=result.status)
        yield ref, result
        # Without the right to read one PDF, reading the others fails too.
        if isinstance(result, MissingRightError):
            return


def _is_about_one_pdf(error):
    """Whether this error concerns one PDF only, given that the lookup just worked."""
    if isinstance(error, ServerError):
        return error.status not in (502, 503, 504)
    if isinstance(error, NetworkError | DeadlineError):
        return error.reason == "timeout"
    return isinstance(error, DataError | NotFoundError)


def _note_failure(lookups, error):
    # A gateway error may also be due to this PDF, so that it pauses. The next PDFs
    # must not wait for it again.
    if _is_about_one_pdf(error) or isinstance(error, ServerError):
        lookups.write({"error": serialize_error(error)})
        lookups._pause()
    if lookups and isinstance(error, InvalidPdfError) and error.reason == "too_slow":
        # The background has more time for it.
        lookups._trigger_prefetch(at=max(lookups.mapped("retry_at")))
