"""What is compared, and what comes of it: frozen dataclasses."""

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["account_id", "company_name"]
ConflictKind = Literal[
    "several_companies_same_account_id",
    "several_customers_same_account_id",
    "several_companies_same_name",
    "several_customers_same_name",
    "name_disagrees",
    "account_ids_differ",
    "changed_by_customer",
    "legal_form_differs",
    "company_taken",
]


@dataclass(frozen=True)
class Customer:
    """A customer of the accounting system. ``account_id`` is its reference there.

    ``is_self_written``: the customer wrote one of the two himself, so neither of them
    decides anything.
    """

    id: int
    name: str | None = None
    account_id: str | None = None
    is_self_written: bool = False


@dataclass(frozen=True)
class Company:
    """A company of ConnectWise. ``is_deleted``: in the recycle bin."""

    id: int
    name: str | None = None
    account_id: str | None = None
    is_deleted: bool = False


@dataclass(frozen=True)
class Link:
    """These two are the same, and ``reason`` is how that is known."""

    customer_id: int
    company_id: int
    reason: Evidence


@dataclass(frozen=True)
class Conflict:
    """Something about a customer that a person should look at.

    ``kind``, and what the ids, in ascending order, then are:

    ``several_companies_same_account_id``, ``several_companies_same_name``
        Not linked: each of ``company_ids`` fits.
    ``several_customers_same_account_id``, ``several_customers_same_name``
        Not linked: the one company fits each of ``customer_ids``, this one included.
    ``company_taken``
        Not linked: the one company that fits is linked to ``customer_ids``.
    ``legal_form_differs``
        Not linked: ``company_ids``, free as yet, differ in the legal form alone.
    ``name_disagrees``
        The Account ID says one thing and the name another. A linked customer is
        linked by its Account ID, and its name is that of ``company_ids``. One that is
        not linked has the name of the one company, whose Account ID is that of
        ``customer_ids``.
    ``account_ids_differ``
        The name is that of the one company, or nobody but the synchronization linked
        them, and both have an Account ID, which differ.
    ``changed_by_customer``
        The customer wrote its name or reference itself. It fits ``company_ids``, or is
        linked to the one.
    """

    customer_id: int
    kind: ConflictKind
    company_ids: tuple[int, ...]
    customer_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class MatchResult:
    """New links, and at most one conflict a customer; both by ``customer_id``."""

    links: tuple[Link, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
