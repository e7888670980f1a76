"""Which companies a customer might be, best first, for a person to choose from.

Nothing here links anything. Computed when shown: one customer against 50,000 names that
are normalised already costs some hundredths of a second.

Names are compared whole (``ratio``) and with their words in order of the alphabet
(``token_sort_ratio``). Not with ``WRatio`` or anything partial: it finds a likeness of
85 for nearly every name, true or not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rapidfuzz import fuzz, process  # type: ignore[import-not-found, unused-ignore]

from .normalise import normalise_account_id, normalise_name
from .records import Company, Customer

# From here up a name is worth showing. With 50,000 made-up names, two slips of the pen
# or swapped words always stay above it, a missing last word in four of five cases; at
# 80 only in three of five, at 70 three times as many others come along.
MIN_LIKENESS = 75

# Any invoice in common outranks any likeness, equal Account IDs outrank both.
_ACCOUNT_ID_SCORE = 400
_INVOICES_SCORE = 100


@dataclass(frozen=True)
class Reason:
    """Why a company is suggested.

    ``account_id``: the Account IDs are equal. ``invoices``: of ``out_of`` invoices,
    ``value`` are this company's. ``name``: the names are alike, ``value`` in 100.
    """

    kind: Literal["account_id", "invoices", "name"]
    value: int = 0
    out_of: int = 0


@dataclass(frozen=True)
class Suggestion:
    """A company, and the reasons for it, the strongest first.

    ``score`` is for ordering, 75 to 700; it is no likelihood.
    """

    company_id: int
    score: float
    reasons: tuple[Reason, ...]


class CompanyIndex(NamedTuple):
    """The companies to choose from, as three columns of one length.

    ``cores`` are the cores of normalised names and ``account_ids`` normalised: whoever
    asks often keeps them.
    """

    ids: Sequence[int]
    cores: Sequence[str]
    account_ids: Sequence[str]

    @classmethod
    def build(cls, companies: Iterable[Company]) -> "CompanyIndex":
        """Normalise the companies that are not deleted."""
        live = [company for company in companies if not company.is_deleted]
        return cls(
            [company.id for company in live],
            [normalise_name(company.name).core for company in live],
            [normalise_account_id(company.account_id) for company in live],
        )


def suggest(
    customer: Customer,
    companies: CompanyIndex,
    limit: int = 8,
    invoice_counts: Mapping[int, tuple[int, int]] | None = None,
) -> list[Suggestion]:
    """Return the companies that the customer most likely is, at most ``limit``.

    ``invoice_counts``: for a company, how many of the customer's invoices it has, and
    of how many that is known. Companies that are not among ``companies`` are ignored.

    >>> index = CompanyIndex.build([Company(7, "Acme Widgets"), Company(8, "Zeta")])
    >>> suggest(Customer(1, "Acme Widget"), index)[0].reasons
    (Reason(kind='name', value=95, out_of=0),)
    """
    likenesses = _likenesses(normalise_name(customer.name).core, companies.cores)
    account_id = normalise_account_id(customer.account_id)
    same_account_id = {
        place
        for place, other in enumerate(companies.account_ids)
        if account_id and other == account_id
    }
    invoices = _invoices(companies.ids, invoice_counts or {})
    suggestions = [
        _suggestion(
            companies.ids[place],
            place in same_account_id,
            invoices.get(place),
            likenesses.get(place, 0.0),
        )
        for place in likenesses.keys() | same_account_id | invoices.keys()
    ]
    suggestions.sort(key=lambda suggestion: (-suggestion.score, suggestion.company_id))
    return suggestions[:limit]


def _likenesses(core: str, cores: Sequence[str]) -> dict[int, float]:
    """Return how alike the names are, by index; only those that are alike."""
    likenesses: dict[int, float] = {}
    if not core:
        return likenesses
    for scorer in (fuzz.ratio, fuzz.token_sort_ratio):
        for _, likeness, place in process.extract(
            core, cores, scorer=scorer, score_cutoff=MIN_LIKENESS, limit=None
        ):
            likenesses[place] = max(likeness, likenesses.get(place, 0.0))
    return likenesses


def _invoices(
    ids: Sequence[int], counts: Mapping[int, tuple[int, int]]
) -> dict[int, tuple[int, int]]:
    """Return the counts by place, of companies that have any of the invoices."""
    return {
        place: counts[company_id]
        for place, company_id in enumerate(ids)
        if company_id in counts and counts[company_id][0] > 0
    }


def _suggestion(
    company_id: int,
    same_account_id: bool,
    invoices: tuple[int, int] | None,
    likeness: float,
) -> Suggestion:
    score = likeness
    reasons = []
    if same_account_id:
        score += _ACCOUNT_ID_SCORE
        reasons.append(Reason("account_id"))
    if invoices:
        hits, asked = invoices
        score += _INVOICES_SCORE * (1 + hits / max(hits, asked))
        reasons.append(Reason("invoices", hits, asked))
    if likeness:
        # Rounded down: 100 is for names that do not differ.
        reasons.append(Reason("name", int(likeness)))
    return Suggestion(company_id, score, tuple(reasons))
