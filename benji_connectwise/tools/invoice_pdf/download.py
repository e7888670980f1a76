"""Downloading the PDFs of invoices that were found, and noting which failed."""

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
    """Download the PDFs of the accepted hits and keep them; yields between steps.

    :param client: the ConnectWiseClient that just answered the lookups
    :param patience: how long each PDF may be examined

    :raises ConnectWiseError: if ConnectWise itself failed
    """
    if not lookups:
        return
    by_ref = lookups.grouped(lambda lookup: lookup.accepted_id.connectwise_ref)
    # As they are now: a change during the download is noticed next time.
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
            # Reset to draft in the meantime, judged anew by somebody else, or another
            # ConnectWise connected?
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
    """Yield the downloads; an error takes the place of a PDF that Odoo cannot merge."""
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


def _is_about_one_pdf(error):
    """Whether this error says nothing about the other PDFs.

    ConnectWise is there: it has just answered the lookup.
    """
    if isinstance(error, ServerError):
        return error.status not in (502, 503, 504)
    if isinstance(error, NetworkError | DeadlineError):
        return error.reason == "timeout"
    return isinstance(error, DataError | NotFoundError)


def _note_failure(lookups, error):
    # A gateway may have given up on this one: the others do not wait for it again.
    if _is_about_one_pdf(error) or isinstance(error, ServerError):
        lookups.write({"error": serialize_error(error)})
        lookups._pause()
    if lookups and isinstance(error, InvalidPdfError) and error.reason == "too_slow":
        # The background has more time for it.
        lookups._trigger_prefetch(at=max(lookups.mapped("retry_at")))
