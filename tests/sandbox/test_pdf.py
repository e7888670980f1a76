"""Invoice PDFs are complete, differ, can be repeated, and follow the invoice."""

from __future__ import annotations

import base64
import re
import zlib

from connectwise_sandbox import Sandbox

from .conftest import Client


def words_of(pdf: bytes) -> str:
    """Return the text drawn on a PDF made by the sandbox."""
    pages = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        drawn = zlib.decompress(_ascii85(stream))
        pages.append(drawn.decode("latin-1"))
    return " ".join(re.findall(r"\((.*?)\) Tj", " ".join(pages)))


def _ascii85(stream: bytes) -> bytes:
    return base64.a85decode(b"<~" + stream.strip(), adobe=True)


def pdf_of(client: Client, number: int) -> bytes:
    response = client.get(f"finance/invoices/{number}/pdf")
    assert response.headers["Content-Type"] == "application/pdf"
    return response.content


def test_pdf_is_complete(client: Client) -> None:
    pdf = pdf_of(client, 20001)
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")


def test_pdf_shows_the_data_of_the_invoice(client: Client) -> None:
    invoice = client.get("finance/invoices/20001").json()
    words = words_of(pdf_of(client, 20001))
    assert "INVOICE" in words and "CW1001" in words
    assert invoice["billToCompany"]["name"] in words
    assert f"{invoice['total']:,.2f}" in words


def test_pdf_of_a_credit_memo_says_so(client: Client) -> None:
    invoice = client.get("finance/invoices/20012").json()
    assert (invoice["invoiceNumber"], invoice["total"] < 0) == ("CM1001", True)
    assert "CREDIT MEMO" in words_of(pdf_of(client, 20012))


def test_every_invoice_has_its_own_pdf(client: Client) -> None:
    numbers = client.ids("finance/invoices")
    assert len({pdf_of(client, number) for number in numbers}) == len(numbers)


def test_same_seed_gives_the_same_bytes(client: Client) -> None:
    with Sandbox(seed=1) as other:
        assert pdf_of(Client(other), 20005) == pdf_of(client, 20005)


def test_another_seed_gives_other_bytes(client: Client) -> None:
    with Sandbox(seed=2) as other:
        assert pdf_of(Client(other), 20005) != pdf_of(client, 20005)


def test_changed_invoice_gives_changed_bytes(client: Client) -> None:
    before = pdf_of(client, 20001)
    client.sandbox.patch_invoice(20001, {"topComment": "Thank you"})
    after = pdf_of(client, 20001)
    assert after != before and "Thank you" in words_of(after)


def test_changed_total_is_printed(client: Client) -> None:
    client.sandbox.patch_invoice(20001, {"subtotal": 7000, "total": 7777.25})
    assert "$7,777.25" in words_of(pdf_of(client, 20001))


def test_bytes_set_by_hand_are_served(client: Client) -> None:
    client.sandbox.set_invoice_pdf(20001, b"")
    assert pdf_of(client, 20001) == b""


def test_bytes_set_by_hand_can_be_taken_back(client: Client) -> None:
    before = pdf_of(client, 20001)
    client.sandbox.set_invoice_pdf(20001, b"x")
    client.sandbox.set_invoice_pdf(20001, None)
    assert pdf_of(client, 20001) == before


def test_pdf_of_no_invoice_is_404(client: Client) -> None:
    assert client.get("finance/invoices/1/pdf").json()["code"] == "NotFound"
