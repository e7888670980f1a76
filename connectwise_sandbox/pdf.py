"""Invoices as PDF, drawn to look like a managed service provider's detailed invoice."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Mapping
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import letter
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from .defaults import COMPANY_NAME
from .pdf_lines import Section, cents, money, sections

_WIDTH, _HEIGHT = letter
_LEFT, _RIGHT, _BOTTOM = 54, _WIDTH - 54, 76
_ACCENT, _GREY, _STRIPE = HexColor("#1F4E79"), HexColor("#5A6270"), HexColor("#EEF3F8")
_SYMBOLS = {"USD": "$", "EUR": "EUR ", "GBP": "GBP ", "CAD": "C$"}

# {number of columns: left edge of each}. The last column is the amount. Columns of
# numbers are aligned to the right.
_COLUMNS = {
    2: (_LEFT + 4,),
    4: (_LEFT + 4, 400, 470),
    5: (_LEFT + 4, 120, 400, 470),
    6: (_LEFT + 4, 110, 185, 415, 455),
}
_NUMBERS = ("Quantity", "Price", "Hours", "Rate", "Amount")


@functools.lru_cache(maxsize=4096)
def invoice_pdf(seed: int, record: str) -> bytes:
    """Return the PDF of an invoice.

    :param seed: the seed of the data, from which the lines are made
    :param record: JSON text of the whole record; the same text gives the same bytes
    """
    invoice = json.loads(record)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter, invariant=1, pageCompression=1)
    canvas.setTitle(f"{_document_name(invoice)} {invoice.get('invoiceNumber', '')}")
    canvas.setAuthor(COMPANY_NAME)
    # A change of the record changes the file, as in ConnectWise.
    canvas.setSubject(f"Last updated {invoice['_info']['lastUpdated']}")
    _Page(canvas, invoice).draw(sections(seed, invoice))
    canvas.save()
    return buffer.getvalue()


def _document_name(invoice: Mapping[str, Any]) -> str:
    return "CREDIT MEMO" if invoice.get("type") == "CreditMemo" else "INVOICE"


def _printable(text: object) -> str:
    """Return `text` without the characters that the standard fonts lack."""
    return str(text).encode("cp1252", "ignore").decode("cp1252")


class _Page:
    """Draws from the top down and starts a new page when there is no room."""

    def __init__(self, canvas: Canvas, invoice: Mapping[str, Any]) -> None:
        self.canvas = canvas
        self.invoice = invoice
        self.y = _HEIGHT
        self.page = 1
        code = invoice.get("currency", {}).get("currencyCode", "USD")
        self.symbol = _SYMBOLS.get(code, f"{code} ")

    def draw(self, parts: list[Section]) -> None:
        self.letterhead()
        self.addresses()
        if self.invoice.get("topComment"):
            self.write(_LEFT, self.invoice["topComment"], 9)
            self.y -= 20
        for part in parts:
            self.section(part)
        self.totals()
        self.footer()

    def write(
        self,
        x: float,
        text: object,
        size: float = 9,
        *,
        bold: bool = False,
        right: bool = False,
        color: Any = "#000000",
    ) -> None:
        font = "Helvetica-Bold" if bold else "Helvetica"
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(HexColor(color) if isinstance(color, str) else color)
        put = self.canvas.drawRightString if right else self.canvas.drawString
        put(x, self.y, _printable(text))

    def letterhead(self) -> None:
        self.canvas.setFillColor(_ACCENT)
        self.canvas.rect(0, _HEIGHT - 14, _WIDTH, 14, stroke=0, fill=1)
        self.canvas.circle(_LEFT + 14, _HEIGHT - 54, 14, stroke=0, fill=1)
        self.y = _HEIGHT - 60
        self.write(_LEFT + 9, COMPANY_NAME[0], 16, bold=True, color="#FFFFFF")
        self.y = _HEIGHT - 52
        self.write(_LEFT + 36, COMPANY_NAME, 15, bold=True, color=_ACCENT)
        self.write(_RIGHT, _document_name(self.invoice), 18, bold=True, right=True)
        self.y -= 14
        contact = "1 Example Plaza, Tampa, FL 33602   |   billing@acme.example"
        self.write(_LEFT + 36, contact, 8, color=_GREY)
        self.y -= 34

    def addresses(self) -> None:
        invoice = self.invoice
        top = self.y
        self.write(_LEFT, "BILL TO", 8, bold=True, color=_GREY)
        bill_to = invoice.get("billToCompany", {}).get("name", "")
        town = ", ".join(
            str(invoice[key])
            for key in ("billingSiteCity", "billingSiteState", "billingSiteZip")
            if invoice.get(key)
        )
        lines = [
            bill_to,
            f"Attn: {invoice['attention']}" if invoice.get("attention") else "",
            invoice.get("billingSiteAddressLine1", ""),
            invoice.get("billingSiteAddressLine2", ""),
            town,
        ]
        for line in filter(None, lines):
            self.y -= 13
            self.write(_LEFT, line, 10, bold=line is bill_to)
        bottom, self.y = self.y, top
        for label, value in self.facts():
            self.write(360, label, 8.5, bold=True, color=_GREY)
            self.write(_RIGHT, value, 9.5, right=True)
            self.y -= 14
        self.y = min(self.y, bottom) - 24

    def facts(self) -> list[tuple[str, object]]:
        invoice = self.invoice
        company = invoice.get("company", {}).get("name", "")
        bill_to = invoice.get("billToCompany", {}).get("name", "")
        known = [
            (f"{_document_name(invoice).title()} Number", invoice.get("invoiceNumber")),
            ("Date", str(invoice.get("date", ""))[:10]),
            ("Due Date", str(invoice.get("dueDate", ""))[:10]),
            ("Account", invoice.get("accountNumber")),
            ("Terms", invoice.get("billingTerms", {}).get("name")),
            ("PO Number", invoice.get("customerPO")),
            ("Reference", invoice.get("reference")),
            ("Services For", company if company != bill_to else None),
        ]
        return [(label, value) for label, value in known if value]

    def section(self, part: Section) -> None:
        self.need(60)
        self.write(_LEFT, part.title, 11, bold=True, color=_ACCENT)
        self.y -= 17
        self.headings(part)
        lines = zip(part.rows, part.amounts, strict=True)
        for index, (cells, amount) in enumerate(lines):
            if self.need(18):
                self.headings(part)
            if index % 2:
                self.canvas.setFillColor(_STRIPE)
                self.canvas.rect(
                    _LEFT, self.y - 4, _RIGHT - _LEFT, 14, stroke=0, fill=1
                )
            self.cells(part, cells, money(amount), bold=False)
        self.y -= 2
        self.line()
        total = money(sum(part.amounts), self.symbol)
        self.write(
            _RIGHT - 4, f"{part.title} subtotal   {total}", 9, bold=True, right=True
        )
        self.y -= 26

    def headings(self, part: Section) -> None:
        self.canvas.setFillColor(_STRIPE)
        self.canvas.rect(_LEFT, self.y - 4, _RIGHT - _LEFT, 15, stroke=0, fill=1)
        self.cells(part, part.headings[:-1], part.headings[-1], bold=True)

    def cells(
        self, part: Section, cells: tuple[str, ...], amount: str, *, bold: bool
    ) -> None:
        edges = (*_COLUMNS[len(part.headings)], _RIGHT - 52)
        columns = zip(part.headings, cells, edges, edges[1:], strict=False)
        for heading, text, left, end in columns:
            if heading in _NUMBERS:
                self.write(end - 8, text, 8, bold=bold, right=True)
            else:
                self.write(left, _fitted(text, end - left - 6), 8, bold=bold)
        self.write(_RIGHT - 4, amount, 8, bold=bold, right=True)
        self.y -= 14

    def totals(self) -> None:
        self.need(90)
        invoice = self.invoice
        credit = invoice.get("type") == "CreditMemo"
        rows = [
            ("Subtotal", invoice.get("subtotal"), False),
            ("Sales Tax", invoice.get("salesTax"), False),
            ("Credit Total" if credit else "Total", invoice.get("total"), True),
            (
                "Credit Applied" if credit else "Payments",
                invoice.get("payments"),
                False,
            ),
            (
                "Credit Remaining" if credit else "Balance Due",
                invoice.get("balance"),
                True,
            ),
        ]
        for label, value, bold in rows:
            if bold:
                self.line(360)
            self.write(360, label, 10, bold=bold)
            amount = money(cents(value), self.symbol)
            self.write(_RIGHT - 4, amount, 10, bold=bold, right=True)
            self.y -= 17

    def line(self, left: float = _LEFT) -> None:
        self.canvas.setStrokeColor(_ACCENT)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(left, self.y + 12, _RIGHT, self.y + 12)

    def footer(self) -> None:
        self.y = 58
        self.line()
        terms = self.invoice.get("billingTerms", {}).get("name", "Due on receipt")
        if self.invoice.get("type") == "CreditMemo":
            text = "This credit will be applied to your open invoices."
        else:
            text = f"Terms: {terms}. Questions? Write to billing@acme.example."
        self.write(_LEFT, text, 8, color=_GREY)
        self.write(_RIGHT, f"Page {self.page}", 8, right=True, color=_GREY)

    def need(self, height: float) -> bool:
        """Start a new page if there is no room; return whether that was done."""
        if self.y - height > _BOTTOM:
            return False
        self.footer()
        self.canvas.showPage()
        self.page += 1
        self.letterhead()
        return True


def _fitted(text: str, width: float) -> str:
    """Return `text`, cut to fit into its column."""
    text = _printable(text)
    while text and stringWidth(text, "Helvetica", 8) > width:
        text = text[:-4] + "..." if len(text) > 4 else ""
    return text
