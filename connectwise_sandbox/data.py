"""Ordinary companies, contacts and invoices, made from the seed.

The n-th record depends only on the seed and on n. So the same seed gives the same data,
and more records do not change the first ones, except for the dates of invoices, which
are spread over the last 120 days.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from . import words
from .store import Store

FIRST_COMPANY_ID = 1001
FIRST_CONTACT_ID = 10001
FIRST_INVOICE_ID = 20001
DAYS_OF_INVOICES = 120
CREDIT_MEMO_EVERY = 12
TAX_PER_10000 = 825

CLIENT_TYPE = json.dumps([{"id": 1, "name": "Client"}])

COMPANY_COLUMNS = (
    "id identifier name status_id address1 address2 city state zip phone website"
    " account_number default_contact_id bill_to_company_id billing_contact_id"
    " invoice_email tax_identifier currency deleted types updated"
).split()
CONTACT_COLUMNS = (
    "id first_name last_name company_id title inactive default_contact"
    " default_billing items updated"
).split()
INVOICE_COLUMNS = (
    "id number type status_id company_id bill_to_company_id attention reference"
    " customer_po date due_date currency agreement_amount service_total product_total"
    " subtotal sales_tax total payments credits updated"
).split()

_INVOICE_TYPES = ("Agreement", "Standard", "Agreement", "Standard", "Progress")
_MASK = (1 << 64) - 1


def draw(seed: int, kind: int, number: int) -> int:
    """Return 64 well-mixed bits for a record (splitmix64)."""
    z = (seed * 0xD1B54A32D192ED03 + kind * 0x8CB92BA72F3D8DD7 + number + 1) & _MASK
    z = (z * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


@dataclass(frozen=True)
class Amounts:
    """The parts of an invoice's amount, in cents; negative on a credit memo."""

    seats: int
    seat_price: int
    quarter_hours: int
    hourly_rate: int
    quantity: int
    product: int
    sign: int

    @property
    def agreement(self) -> int:
        """The agreement's monthly amount."""
        return self.sign * self.seats * self.seat_price

    @property
    def service(self) -> int:
        """The time entries' amount."""
        return self.sign * self.quarter_hours * self.hourly_rate // 4

    @property
    def products(self) -> int:
        """The products' amount."""
        if not self.quantity:
            return 0
        return self.sign * self.quantity * words.PRODUCTS[self.product][2]


def invoice_amounts(seed: int, invoice_id: int, kind: str) -> Amounts:
    """Return the amounts of the invoice with this id and type."""
    bits = draw(seed, 3, invoice_id)
    bits, seats = divmod(bits, 40)
    bits, plan = divmod(bits, len(words.AGREEMENTS))
    bits, quarters = divmod(bits, 60)
    bits, rate = divmod(bits, len(words.HOURLY_RATES))
    bits, quantity = divmod(bits, 5)
    bits, product = divmod(bits, len(words.PRODUCTS))
    with_agreement = kind == "Agreement"
    credit = kind == "CreditMemo"
    return Amounts(
        seats=seats + 3 if with_agreement else 0,
        seat_price=words.AGREEMENTS[plan][1],
        quarter_hours=quarters // 8 + 2 if credit else quarters + 2,
        hourly_rate=words.HOURLY_RATES[rate],
        quantity=0 if credit or (with_agreement and quantity < 3) else quantity,
        product=product,
        # A credit memo is entered with a negative total (users' guides to
        # ConnectWise's special invoices say so; no recorded payload is public).
        sign=-1 if credit else 1,
    )


def money_columns(amounts: Amounts) -> tuple[float, float, float, float, float, float]:
    """Return agreement, service, product, subtotal, tax and total, in dollars."""
    agreement, service = amounts.agreement, amounts.service
    products = amounts.products
    subtotal = agreement + service + products
    tax = amounts.sign * ((abs(subtotal) * TAX_PER_10000 + 5000) // 10000)
    return (
        agreement / 100,
        service / 100,
        products / 100,
        subtotal / 100,
        tax / 100,
        (subtotal + tax) / 100,
    )


def company_name(seed: int, index: int) -> tuple[str, str]:
    """Return the name and legal form of the n-th company. All names are different."""
    seconds, trades = len(words.PLACE_SECOND), len(words.TRADES)
    size = len(words.PLACE_FIRST) * seconds * trades
    # Multiplying by a number that is coprime to the size gives every combination once,
    # and neighbours do not look alike.
    chosen = (index * 60_013 + draw(seed, 4, 0)) % size
    rest, trade = divmod(chosen, trades)
    first, second = divmod(rest, seconds)
    kind, form = words.TRADES[trade]
    name = f"{words.PLACE_FIRST[first]} {words.PLACE_SECOND[second]} {kind}"
    return (name if index < size else f"{name} {index // size + 1}"), form


def communication_items(
    first_id: int, email: str = "", phone: str = "", fax: str = ""
) -> str:
    """Return the JSON text of a contact's e-mail address and numbers, all defaults.

    The names of types differ between tenants; only ``communicationType`` is fixed.
    """
    items: list[str] = []
    if phone:
        items.append(_item(first_id, 2, "Direct", phone, "Phone"))
    if fax:
        items.append(_item(first_id + 1, 3, "Fax", fax, "Fax"))
    if email:
        items.append(_item(first_id + 2, 1, "Work Mail", email, "Email"))
    return f"[{', '.join(items)}]"


def _item(number: int, type_id: int, type_name: str, value: str, kind: str) -> str:
    domain = ""
    if kind == "Email" and "@" in value:
        domain = f', "domain": "@{value.rpartition("@")[2]}"'
    return (
        f'{{"id": {number}, "type": {{"id": {type_id}, "name": "{type_name}"}},'
        f' "value": "{value}", "defaultFlag": true{domain},'
        f' "communicationType": "{kind}"}}'
    )


@dataclass(frozen=True)
class Generator:
    """Writes the ordinary records into a store."""

    seed: int
    companies: int
    invoices: int
    today: date

    def fill(self, store: Store) -> None:
        """Insert everything."""
        store.insert_many("companies", COMPANY_COLUMNS, self._companies())
        store.insert_many("contacts", CONTACT_COLUMNS, self._contacts())
        store.insert_many("invoices", INVOICE_COLUMNS, self._invoices())

    def _companies(self) -> Iterator[tuple[Any, ...]]:
        days = [(self.today - timedelta(n)).isoformat() for n in range(1, 401)]
        for index in range(self.companies):
            number, contact_id = FIRST_COMPANY_ID + index, self._contact_id(index)
            name, form = company_name(self.seed, index)
            slug = "".join(filter(str.isalnum, name))
            bits = draw(self.seed, 1, index)
            bits, day = divmod(bits, 400)
            bits, second = divmod(bits, 86400)
            bits, street = divmod(bits, len(words.STREETS))
            bits, city = divmod(bits, len(words.CITIES))
            bits, house = divmod(bits, 9000)
            bits, has_form = divmod(bits, 5)
            bits, status = divmod(bits, 30)
            bits, phone = divmod(bits, 100)
            town, state, postcode = words.CITIES[city]
            yield (
                number,
                f"{slug[:20]}{number}",
                f"{name} {form}" if form and has_form else name,
                1 if status else 3,
                f"{house + 100} {words.STREETS[street]}",
                f"Suite {house % 90 + 10}" if house % 3 == 0 else None,
                town,
                state,
                postcode,
                f"555555{phone + 100:04d}",
                f"www.{slug.lower()}.example",
                f"AC{number:06d}",
                contact_id,
                number,
                contact_id,
                f"billing@{slug.lower()}.example" if phone < 30 else None,
                f"{10 + phone % 80}-{1000000 + number}",
                "USD",
                0,
                CLIENT_TYPE,
                f"{days[day]}{_clock(second)}",
            )

    def _contacts(self) -> Iterator[tuple[Any, ...]]:
        days = [(self.today - timedelta(n)).isoformat() for n in range(1, 401)]
        for index in range(self.companies):
            slug = "".join(filter(str.isalnum, company_name(self.seed, index)[0]))
            # Invoices go to the first contact. One company in three has a second one,
            # which does not matter for billing.
            for extra in range(2 if index % 3 == 1 else 1):
                number = self._contact_id(index) + extra
                first, last, bits = _person(self.seed, number)
                bits, day = divmod(bits, 400)
                bits, second = divmod(bits, 86400)
                bits, phone = divmod(bits, 100)
                email = f"{first}.{last}@{slug}.example".lower()
                fax = f"555555{199 - phone:04d}" if phone < 20 else ""
                yield (
                    number,
                    first,
                    last,
                    FIRST_COMPANY_ID + index,
                    words.TITLES[bits % len(words.TITLES)],
                    0,
                    1 - extra,
                    1 - extra,
                    communication_items(
                        number * 10, email, f"555555{phone + 100:04d}", fax
                    ),
                    f"{days[day]}{_clock(second)}",
                )

    def _invoices(self) -> Iterator[tuple[Any, ...]]:
        if not self.companies:
            return
        spread = [
            (self.today - timedelta(n)).isoformat() for n in range(-30, 121)
        ]  # from 30 days after today, for due dates
        for index in range(self.invoices):
            number, kind = invoice_number(index)
            invoice_id = FIRST_INVOICE_ID + index
            bits = draw(self.seed, 2, index)
            bits, company = divmod(bits, self.companies)
            bits, second = divmod(bits, 86400)
            bits, po = divmod(bits, 4)
            if not number.startswith("CM"):
                kind = _INVOICE_TYPES[bits % len(_INVOICE_TYPES)]
            back = DAYS_OF_INVOICES - index * DAYS_OF_INVOICES // self.invoices
            first, last, _ = _person(self.seed, self._contact_id(company))
            money = money_columns(invoice_amounts(self.seed, invoice_id, kind))
            settled = back > 60
            yield (
                invoice_id,
                number,
                kind,
                3 if settled else 2 if back > 20 else 1,
                FIRST_COMPANY_ID + company,
                FIRST_COMPANY_ID + company,
                f"{first} {last}",
                f"Quote Q-{10000 + index}" if kind == "Progress" else None,
                f"PO-{second % 9000 + 1000}" if po == 0 else None,
                f"{spread[back + 30]}T00:00:00Z",
                f"{spread[back]}T00:00:00Z",
                "USD",
                *money,
                money[-1] if settled else 0.0,
                0.0,
                f"{spread[back + 30]}{_clock(second)}",
            )

    def _contact_id(self, index: int) -> int:
        """The id of the first contact of the n-th company."""
        return FIRST_CONTACT_ID + index + (index + 1) // 3


def invoice_number(index: int) -> tuple[str, str]:
    """Return the number of the n-th ordinary invoice, and its type, or "" if any."""
    memos = (index + 1) // CREDIT_MEMO_EVERY
    if (index + 1) % CREDIT_MEMO_EVERY == 0:
        return f"CM{1000 + memos}", "CreditMemo"
    return f"CW{1001 + index - memos}", ""


def _person(seed: int, contact_id: int) -> tuple[str, str, int]:
    bits = draw(seed, 5, contact_id)
    bits, first = divmod(bits, len(words.FIRST_NAMES))
    bits, last = divmod(bits, len(words.LAST_NAMES))
    return words.FIRST_NAMES[first], words.LAST_NAMES[last], bits


def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    return f"T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}Z"
