"""Records that are hard to handle, always present and known by name.

Their ids are fixed and below those of ordinary records, for every seed and size. If
there are few companies, only the first cases are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .data import FIRST_COMPANY_ID, communication_items

Row = Mapping[str, Any]


@dataclass(frozen=True)
class HardCase:
    """A named difficulty and its records. Rows contain only their special values."""

    name: str
    text: str
    companies: tuple[Row, ...] = ()
    contacts: tuple[Row, ...] = ()
    invoices: tuple[Row, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return the case with the ids of its records."""
        return {
            "description": self.text,
            "companies": [row["id"] for row in self.companies],
            "contacts": [row["id"] for row in self.contacts],
            "invoices": [row["id"] for row in self.invoices],
        }


def _company(number: int, name: str, **special: Any) -> Row:
    return {"id": number, "name": name, **special}


def _contact(number: int, first: str, last: str | None, **special: Any) -> Row:
    return {"id": number, "first_name": first, "last_name": last, **special}


def _invoice(number: int, name: str | None, company: int, **special: Any) -> Row:
    return {"id": number, "number": name, "company_id": company, **special}


ORDINARY, ANOTHER = FIRST_COMPANY_ID, FIRST_COMPANY_ID + 1
MISSING_CONTACT_ID = 999_999

COMPANY_CASES = (
    HardCase(
        "bill_to_another_company",
        "The first company's invoices go to the second one, whose contact it has.",
        companies=(
            _company(
                501,
                "Larkspur Dental South",
                bill_to_company_id=502,
                billing_contact_id=5002,
            ),
            _company(502, "Larkspur Dental Group LLC"),
        ),
        invoices=(_invoice(301, "CW-LARK-1", 501, bill_to_company_id=502),),
    ),
    HardCase(
        "recycle_bin_twins",
        "Same name twice; the second one is in the recycle bin and still listed.",
        companies=(
            _company(503, "Thornbury Veterinary Clinic"),
            _company(504, "Thornbury Veterinary Clinic", deleted=1),
        ),
        invoices=(_invoice(302, "CW-THORN-1", 504),),
    ),
    HardCase(
        "no_account_number",
        "No Account ID.",
        companies=(_company(505, "Pemberton Upholstery", account_number=None),),
    ),
    HardCase(
        "same_account_number",
        "Two companies with one Account ID.",
        companies=(
            _company(506, "Kestrel Freight LLC", account_number="AC-SHARED"),
            _company(507, "Kestrel Warehousing LLC", account_number="AC-SHARED"),
        ),
    ),
    HardCase(
        "same_name",
        "Two companies with one name, both in use.",
        companies=(
            _company(508, "Riverside Pharmacy"),
            _company(509, "Riverside Pharmacy"),
        ),
    ),
    HardCase(
        "legal_form_only",
        "Names that differ by the legal form alone.",
        companies=(
            _company(510, "Orchid Analytics LLC"),
            _company(511, "Orchid Analytics Inc."),
        ),
    ),
    HardCase(
        "no_billing_contact",
        "No Bill To contact is set.",
        companies=(_company(512, "Tidewater Marine Supply", billing_contact_id=None),),
    ),
    HardCase(
        "billing_contact_without_email",
        "The Bill To contact can be telephoned only.",
        companies=(_company(513, "Old Mill Antiques"),),
        contacts=(
            _contact(
                5013,
                "Walter",
                "Pryce",
                company_id=513,
                items=communication_items(50130, phone="5555550113"),
            ),
        ),
    ),
    HardCase(
        "inactive_billing_contact",
        "The Bill To contact has left.",
        companies=(_company(514, "Bexley Surveyors"),),
        contacts=(_contact(5014, "Gone", "Away", company_id=514, inactive=1),),
    ),
    HardCase(
        "missing_billing_contact",
        "The Bill To contact's id answers 404.",
        companies=(
            _company(
                515,
                "Fenwick Glazing",
                billing_contact_id=MISSING_CONTACT_ID,
                extra='{"billingContact": {"name": "Nobody Anymore"}}',
            ),
        ),
    ),
    HardCase(
        "ampersand",
        "The customer may be written with 'and' elsewhere.",
        companies=(_company(516, "Baker & Sons Plumbing"),),
    ),
    HardCase(
        "quotes",
        "Single and double quotes in the name.",
        companies=(_company(517, 'Sam\'s "Best" Bakery'),),
    ),
    HardCase(
        "accents",
        "Letters beyond ASCII.",
        companies=(_company(518, "Café Mañana Crêperie"),),
    ),
    HardCase(
        "emoji",
        "A character outside the basic plane.",
        companies=(_company(519, "Sunrise Yoga \N{PERSON IN LOTUS POSITION} Studio"),),
    ),
    HardCase(
        "zero_width",
        "An invisible character inside the name.",
        companies=(_company(520, "Blue\N{ZERO WIDTH SPACE}bird Florist"),),
    ),
    HardCase(
        "markup",
        "A name that must be escaped on a page.",
        companies=(_company(521, "Young <b>Bold</b> & <script>alert(1)</script>"),),
    ),
    HardCase(
        "contact_without_last_name",
        "Only the first name of a contact is required.",
        companies=(_company(522, "Juno Hair Salon"),),
        contacts=(_contact(5022, "Juno", None, company_id=522),),
    ),
    HardCase(
        "unusable_email",
        "The Bill To contact's e-mail is no address.",
        companies=(_company(523, "Harrow Lane Garage"),),
        contacts=(
            _contact(
                5023,
                "Ted",
                "Harrow",
                company_id=523,
                items=communication_items(50230, email="ask at the counter"),
            ),
        ),
    ),
)

INVOICE_CASES = (
    HardCase(
        "no_invoice_number",
        "An invoice without a number.",
        invoices=(_invoice(303, None, ORDINARY),),
    ),
    HardCase(
        "longest_invoice_number",
        "15 characters, the most that ConnectWise takes.",
        invoices=(_invoice(304, "INV/2026/000001", ORDINARY),),
    ),
    HardCase(
        "same_number_two_companies",
        "Invoices of different companies with one number.",
        invoices=(
            _invoice(305, "CW-TWICE-1", ORDINARY),
            _invoice(306, "CW-TWICE-1", ANOTHER),
        ),
    ),
    HardCase(
        "same_number_same_company",
        "Two invoices of one company with one number.",
        invoices=(
            _invoice(307, "CW-TWICE-2", ORDINARY),
            _invoice(308, "CW-TWICE-2", ORDINARY, quarter_hours=12),
        ),
    ),
    HardCase(
        "invoice_and_credit_memo",
        "An invoice and a credit memo with one number.",
        invoices=(
            _invoice(309, "CW-TWICE-3", ORDINARY),
            _invoice(310, "CW-TWICE-3", ORDINARY, type="CreditMemo"),
        ),
    ),
    HardCase(
        "other_currency",
        "An invoice in euro.",
        invoices=(_invoice(311, "CW-EURO-1", ORDINARY, currency="EUR"),),
    ),
    HardCase(
        "zero_total",
        "An invoice of nothing.",
        invoices=(_invoice(312, "CW-ZERO-1", ORDINARY, quarter_hours=0),),
    ),
)


def choose(companies: int, invoices: int) -> list[HardCase]:
    """Return the cases that fit, leaving room for ordinary records."""
    room, chosen = max(companies // 2, companies - 12), []
    for case in COMPANY_CASES:
        if len(case.companies) <= room:
            chosen.append(case)
            room -= len(case.companies)
    ordinary = companies - sum(len(case.companies) for case in chosen)
    room, kept = max(invoices // 2, invoices - 12), []
    for case in chosen:
        fits = len(case.invoices) <= room
        room -= len(case.invoices) if fits else 0
        kept.append(case if fits else _without_invoices(case))
    for case in INVOICE_CASES:
        owners = {row["company_id"] - FIRST_COMPANY_ID for row in case.invoices}
        if len(case.invoices) <= room and max(owners) < ordinary:
            kept.append(case)
            room -= len(case.invoices)
    return kept


def _without_invoices(case: HardCase) -> HardCase:
    return HardCase(case.name, case.text, case.companies, case.contacts)
