"""Suggesting companies that a customer may be, for a person to choose from.

Nothing is linked here. Suggestions are computed when they are shown: comparing one
customer with 50,000 normalised names takes a few hundredths of a second.

Names are compared as a whole (``ratio``) and with their words sorted
(``token_sort_ratio``). ``WRatio`` and the partial scorers are not used: they give
nearly every name a score of 85.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rapidfuzz import fuzz, process  # type: ignore[import-not-found, unused-ignore]

from .normalise import normalise_account_id, normalise_name
from .records import Company, Customer

# The lowest score worth showing. Among 50,000 made-up names, one with two typos or with
# swapped words always scores more, and one without its last word in four of five cases;
# at 80 it would be three of five, at 70 three times as many other names are shown.
MIN_SIMILARITY = 75

# An invoice in common outranks any similarity, equal Account IDs outrank both.
_ACCOUNT_ID_SCORE = 400
_INVOICES_SCORE = 100


@dataclass(frozen=True)
class Reason:
    """Why a company is suggested.

    ``account_id``: the Account IDs are equal. ``invoices``: of ``out_of`` invoices,
    ``value`` are this company's. ``name``: the names are similar, by ``value`` of 100.
    """

    kind: Literal["account_id", "invoices", "name"]
    value: int = 0
    out_of: int = 0


@dataclass(frozen=True)
class Suggestion:
    """A company, and the reasons for it, strongest first.

    ``score`` is for ordering, 75 to 700; it is not a probability.
    """

    company_id: int
    score: float
    reasons: tuple[Reason, ...]


class CompanyIndex(NamedTuple):
    """The companies to choose from, as three columns of equal length.

    ``cores``, of the names, and ``account_ids`` are normalised already, so a caller who
    suggests often can keep them.
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
    """Return at most ``limit`` companies that the customer may be, the likeliest first.

    ``invoice_counts``: {company: (how many of the customer's invoices are this
    company's, of how many the company is known)}. Companies that are not in
    ``companies`` are ignored.

    >>> index = CompanyIndex.build([Company(7, "Acme Widgets"), Company(8, "Zeta")])
    >>> suggest(Customer(1, "Acme Widget"), index)[0].reasons
    (Reason(kind='name', value=95, out_of=0),)
    """
    similarities = _similarities(normalise_name(customer.name).core, companies.cores)
    account_id = normalise_account_id(customer.account_id)
    same_account_id = {
        position
        for position, other in enumerate(companies.account_ids)
        if account_id and other == account_id
    }
    invoices = _invoices(companies.ids, invoice_counts or {})
    suggestions = [
        _suggestion(
            companies.ids[position],
            position in same_account_id,
            invoices.get(position),
            similarities.get(position, 0.0),
        )
        for position in similarities.keys() | same_account_id | invoices.keys()
    ]
    suggestions.sort(key=lambda suggestion: (-suggestion.score, suggestion.company_id))
    return suggestions[:limit]


def _similarities(core: str, cores: Sequence[str]) -> dict[int, float]:
    """Return how similar the names are, by position; only those that are."""
    similarities: dict[int, float] = {}
    if not core:
        return similarities
    for scorer in (fuzz.ratio, fuzz.token_sort_ratio):
        for _, similarity, position in process.extract(
            core, cores, scorer=scorer, score_cutoff=MIN_SIMILARITY, limit=None
        ):
            similarities[position] = max(similarity, similarities.get(position, 0.0))
    return similarities


def _invoices(
    ids: Sequence[int], counts: Mapping[int, tuple[int, int]]
) -> dict[int, tuple[int, int]]:
    """Return the counts of the companies that have any of the invoices, by position."""
    return {
        position: counts[company_id]
        for position, company_id in enumerate(ids)
        if company_id in counts and counts[company_id][0] > 0
    }


def _suggestion(
    company_id: int,
    same_account_id: bool,
    invoices: tuple[int, int] | None,
    similarity: float,
) -> Suggestion:
    score = similarity
    reasons = []
    if same_account_id:
        score += _ACCOUNT_ID_SCORE
        reasons.append(Reason("account_id"))
    if invoices:
        hits, asked = invoices
        score += _INVOICES_SCORE * (1 + hits / max(hits, asked))
        reasons.append(Reason("invoices", hits, asked))
    if similarity:
        # Rounded down: 100 is for names that do not differ.
        reasons.append(Reason("name", int(similarity)))
    return Suggestion(company_id, score, tuple(reasons))
