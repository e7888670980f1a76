"""Downloading PDFs, one and many at a time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import (
    API,
    PDF,
    Connect,
    Counter,
    FakeTime,
    RawServer,
    Tenant,
    wait_until,
)
from werkzeug import Request, Response

from connectwise_client import (
    INTERACTIVE,
    BadAnswerError,
    ConnectWiseClient,
    InvalidPdfError,
    NotFoundError,
    RateLimitError,
)
from connectwise_client.const import MAX_CONNECTIONS, MAX_WAITING_PDFS

Start = Callable[..., RawServer]


def path(invoice_id: int) -> str:
    return f"{API}/finance/invoices/{invoice_id}/pdf"


def test_pdf_is_downloaded_byte_for_byte(
    client: ConnectWiseClient, tenant: Tenant, pdf: bytes
) -> None:
    tenant.answers(path(1129), pdf)
    assert client.download_invoice_pdf(1129) == pdf
    assert tenant.requests[0].headers["Accept"] == "application/pdf"


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "empty"), (b"<html>", "html"), (b'{"a":1}', "json"), (PDF[:-9], "no_end")],
)
def test_file_that_is_no_pdf_is_refused(
    client: ConnectWiseClient, tenant: Tenant, body: bytes, reason: str
) -> None:
    tenant.answers(path(1), body)
    with pytest.raises(InvalidPdfError) as caught:
        client.download_invoice_pdf(1)
    assert caught.value.reason == reason


def test_pdf_that_is_too_large_is_refused(
    connect: Connect, tenant: Tenant, pdf: bytes
) -> None:
    tenant.answers(path(1), pdf)
    with pytest.raises(InvalidPdfError) as caught:
        connect(tenant.place, max_pdf_bytes=len(pdf) - 1).download_invoice_pdf(1)
    error = caught.value
    assert (error.reason, error.path) == ("too_large", "/finance/invoices/1/pdf")
    assert str(error) == f"The answer is larger than {len(pdf) - 1} bytes"


def test_examining_a_pdf_counts_as_time(
    connect: Connect, tenant: Tenant, fake_time: FakeTime, pdf: bytes
) -> None:
    def answer(_request: Request) -> bytes:
        fake_time.sleep(8)
        return pdf.replace(b"1 0 obj", b"stream\n1 0 obj")

    tenant.answers(path(1), answer)
    client = connect(tenant.place, INTERACTIVE)
    assert client.seconds_left == 8
    with pytest.raises(InvalidPdfError) as caught:
        client.download_invoice_pdf(1)
    assert caught.value.reason == "too_slow"
    assert client.seconds_left == 0


def test_client_without_a_total_has_unlimited_time(client: ConnectWiseClient) -> None:
    assert client.seconds_left == float("inf")


def test_pdf_in_an_unknown_compression_is_a_bad_answer(
    client: ConnectWiseClient, tenant: Tenant, pdf: bytes
) -> None:
    tenant.answers(path(1), Response(pdf, headers={"Content-Encoding": "br"}))
    with pytest.raises(BadAnswerError):
        client.download_invoice_pdf(1)


def test_many_pdfs_come_with_their_ids(
    client: ConnectWiseClient, tenant: Tenant, pdf: bytes
) -> None:
    for invoice_id in range(1, 21):
        tenant.answers(path(invoice_id), pdf + b"%d" % invoice_id)
    results = dict(client.download_invoice_pdfs(range(1, 21)))
    assert results == {n: pdf + b"%d" % n for n in range(1, 21)}


def test_each_pdf_is_downloaded_once(
    client: ConnectWiseClient, tenant: Tenant, pdf: bytes
) -> None:
    tenant.answers(path(1), pdf)
    assert list(client.download_invoice_pdfs([1, 1])) == [(1, pdf)]
    assert client.request_count == 1


def test_no_ids_give_no_pdfs(client: ConnectWiseClient) -> None:
    assert list(client.download_invoice_pdfs([])) == []


def test_error_affects_only_its_own_invoice(
    client: ConnectWiseClient, tenant: Tenant, pdf: bytes
) -> None:
    tenant.answers(path(1), pdf)
    tenant.answers(path(2), Response('{"code":"NotFound","message":"gone"}', 404))
    tenant.answers(path(3), b"<html>")
    results = dict(client.download_invoice_pdfs([1, 2, 3]))
    assert results[1] == pdf
    assert isinstance(results[2], NotFoundError)
    assert isinstance(results[3], InvalidPdfError)


def test_pause_for_one_download_pauses_all(
    client: ConnectWiseClient, tenant: Tenant
) -> None:
    for invoice_id in range(1, 101):
        tenant.answers(path(invoice_id), Response("", 429, {"Retry-After": "60"}))
    results = dict(client.download_invoice_pdfs(range(1, 101)))
    assert len(results) == 100
    assert all(isinstance(result, RateLimitError) for result in results.values())
    assert client.request_count <= MAX_CONNECTIONS


def test_at_most_four_connections_are_used(raw_server: Start, connect: Connect) -> None:
    counter = Counter(PDF)
    server = raw_server(counter)
    client = connect(server.place)
    counter.go.clear()
    with ThreadPoolExecutor() as executor:
        pdfs = executor.submit(list, client.download_invoice_pdfs(range(1, 41)))
        wait_until(lambda: counter.now == MAX_CONNECTIONS)
        counter.go.set()
        assert len(pdfs.result()) == 40
    client.close()
    assert counter.most == server.connections == MAX_CONNECTIONS


def test_pdfs_are_downloaded_only_a_little_ahead(
    raw_server: Start, connect: Connect
) -> None:
    counter = Counter(PDF)
    client = connect(raw_server(counter).place)
    results = client.download_invoice_pdfs(range(1, 1000))
    next(results)
    wait_until(lambda: counter.begun == MAX_WAITING_PDFS)
    time.sleep(0.1)
    assert counter.begun == MAX_WAITING_PDFS
    results.close()  # type: ignore[attr-defined]
    client.close()


def test_downloads_stay_only_a_little_ahead(
    raw_server: Start, connect: Connect
) -> None:
    counter = Counter(PDF)
    client = connect(raw_server(counter).place)
    results = client.download_invoice_pdfs(range(1, 1000))
    for taken in range(1, 5):
        next(results)
        wait_until(lambda: counter.now == 0)
        assert counter.begun < MAX_WAITING_PDFS + taken
    results.close()  # type: ignore[attr-defined]
    client.close()


def test_closing_the_iterator_drops_waiting_downloads_at_once(
    raw_server: Start, connect: Connect
) -> None:
    counter = Counter(PDF, b"/1/pdf ")
    counter.go.clear()
    client = connect(raw_server(counter).place)
    results = client.download_invoice_pdfs(range(1, 1000))
    next(results)
    wait_until(lambda: counter.now == MAX_CONNECTIONS)
    results.close()  # type: ignore[attr-defined]
    assert counter.now == MAX_CONNECTIONS
    counter.go.set()
    wait_until(lambda: counter.now == 0)
    time.sleep(0.1)
    assert counter.begun == 1 + MAX_CONNECTIONS
    client.close()


def test_closing_the_iterator_stops_the_downloads(
    raw_server: Start, connect: Connect
) -> None:
    counter = Counter(PDF)
    client = connect(raw_server(counter).place)
    results = client.download_invoice_pdfs(range(1, 1000))
    next(results)
    wait_until(lambda: counter.begun == MAX_WAITING_PDFS and counter.now == 0)
    next(results)
    results.close()  # type: ignore[attr-defined]
    time.sleep(0.1)
    assert counter.begun <= MAX_WAITING_PDFS + 1
    client.close()


def test_several_threads_look_the_codebase_up_once(
    connect: Connect, tenant: Tenant, pdf: bytes
) -> None:
    tenant.answers("/login/companyinfo/acme", {"Codebase": "v4_6_release/"})
    for invoice_id in range(1, 9):
        tenant.answers(path(invoice_id), pdf)
    client = connect(tenant.place, codebase=None)
    assert len(list(client.download_invoice_pdfs(range(1, 9)))) == 8
    assert client.request_count == 9


def test_programming_error_is_not_hidden(client: ConnectWiseClient) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(client.download_invoice_pdfs(["x"]))  # type: ignore[list-item]
