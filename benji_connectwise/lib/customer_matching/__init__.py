"""Matching customers with ConnectWise's companies. Pure functions.

::

    result = match(customers, companies, fixed={1: 70}, excluded_customers={2})
    for link in result.links:
        print(link.customer_id, link.company_id, link.reason)
    for conflict in result.conflicts:
        print(conflict.customer_id, conflict.kind, conflict.company_ids)

    for suggestion in suggest(customer, CompanyIndex.build(companies)):
        print(suggestion.company_id, suggestion.reasons)

:mod:`.normalise` defines when two names count as equal, with the :mod:`.legal_forms` at
their ends. :mod:`.match` links what is certain and reports conflicts. :mod:`.suggest`
compares by similarity, and only suggests.
"""

from .match import match
from .normalise import NormalisedName, normalise_account_id, normalise_name
from .records import (
    Company,
    Conflict,
    ConflictKind,
    Customer,
    Evidence,
    Link,
    MatchResult,
)
from .suggest import CompanyIndex, Reason, Suggestion, suggest

__all__ = [
    "Company",
    "CompanyIndex",
    "Conflict",
    "ConflictKind",
    "Customer",
    "Evidence",
    "Link",
    "MatchResult",
    "NormalisedName",
    "Reason",
    "Suggestion",
    "match",
    "normalise_account_id",
    "normalise_name",
    "suggest",
]
