"""The lines printed on an invoice, which add up to the invoice's own amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from . import words
from .data import Amounts, draw, invoice_amounts


@dataclass
class Section:
    """A titled table: headings, rows of text, and the amount of each row in cents."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)

    def add(self, amount: int, *cells: str) -> None:
        """Append a row."""
        self.rows.append(cells)
        self.amounts.append(amount)


def cents(value: object) -> int:
    """Return an amount of a record in cents; a missing one counts as 0."""
    return round(float(str(value or 0)) * 100)


def sections(seed: int, invoice: Mapping[str, Any]) -> list[Section]:
    """Return the sections of `invoice`, a record as the API shows it.

    If the record's amounts differ from the lines made from the seed, for instance after
    a change, the difference is a line of its own.
    """
    number, kind = invoice["id"], invoice.get("type", "Standard")
    amounts = invoice_amounts(seed, number, kind)
    made = [
        _agreement(amounts, cents(invoice.get("agreementAmount")), invoice),
        _time(seed, number, amounts, cents(invoice.get("serviceTotal")), invoice),
        _products(amounts, cents(invoice.get("productTotal"))),
    ]
    made = [section for section in made if section.rows]
    listed = sum(sum(section.amounts) for section in made)
    rest = cents(invoice.get("subtotal")) - listed
    if rest or not made:
        other = Section("Other Charges", ("Description", "Amount"))
        other.add(rest, "Adjustment")
        made.append(other)
    return made


def _agreement(amounts: Amounts, target: int, invoice: Mapping[str, Any]) -> Section:
    section = Section("Agreement", ("Description", "Quantity", "Price", "Amount"))
    if not target:
        return section
    if amounts.agreement != target:
        section.add(target, "Managed services agreement", "1.00", money(target))
        return section
    title = next(
        name for name, price in words.AGREEMENTS if price == amounts.seat_price
    )
    month = str(invoice.get("date", ""))[:7]
    section.add(
        target,
        f"{title}, billing period {month}",
        f"{amounts.seats:.2f}",
        money(amounts.seat_price),
    )
    section.add(0, "Remote support during office hours", "1.00", "included")
    section.add(0, "Patch management and monthly report", "1.00", "included")
    return section


def _time(
    seed: int, number: int, amounts: Amounts, target: int, invoice: Mapping[str, Any]
) -> Section:
    section = Section(
        "Time Entries", ("Date", "Technician", "Work", "Hours", "Rate", "Amount")
    )
    if not target:
        return section
    day = date.fromisoformat(str(invoice.get("date", "2026-01-01"))[:10])
    quarters = amounts.quarter_hours
    rate = amounts.hourly_rate
    # An amount that the seed did not give is one line without an hourly rate.
    if amounts.service != target:
        section.add(target, f"{day}", "", "Services as agreed", "", "")
        return section
    entry = 0
    while quarters > 0:
        bits = draw(seed, 6, number * 100 + entry)
        bits, spent = divmod(bits, 7)
        bits, who = divmod(bits, len(words.TECHNICIANS))
        bits, what = divmod(bits, len(words.WORK_DONE))
        spent = min(quarters, spent + 1)
        section.add(
            amounts.sign * _share(rate, amounts.quarter_hours, quarters, spent),
            f"{day - timedelta(1 + quarters * 27 // amounts.quarter_hours)}",
            words.TECHNICIANS[who],
            words.WORK_DONE[what],
            f"{spent / 4:.2f}",
            money(rate),
        )
        quarters -= spent
        entry += 1
    return section


def _share(rate: int, total: int, left: int, spent: int) -> int:
    """Return the cents of a line, so that all lines add up exactly to the total."""
    done = total - left
    return (done + spent) * rate // 4 - done * rate // 4


def _products(amounts: Amounts, target: int) -> Section:
    section = Section(
        "Products", ("Item", "Description", "Quantity", "Price", "Amount")
    )
    if not target:
        return section
    if amounts.products != target:
        section.add(target, "MISC", "Products as delivered", "1.00", money(target))
        return section
    code, title, price = words.PRODUCTS[amounts.product]
    section.add(target, code, title, f"{amounts.quantity:.2f}", money(price))
    return section


def money(amount: int, symbol: str = "") -> str:
    """Return cents as text, such as ``1,234.50``; negative ones with a minus."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{symbol}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"
