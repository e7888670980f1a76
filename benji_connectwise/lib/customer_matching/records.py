"""The input and the results of matching: frozen dataclasses."""

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
    "legal_form_differs",
    "company_taken",
    "changed_by_customer",
]


@dataclass(frozen=True)
class Customer:
    """A customer of the accounting system. ``account_id`` is its reference there.

    ``is_self_written``: the customer wrote the name or the reference, so neither is
    evidence of anything.
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
    ``account_ids_differ``
        Not linked: the one company of this name has another Account ID.
    ``changed_by_customer``
        The customer wrote the name or the reference: not linked, though it would lead
        to ``company_ids``; or linked to that company, before or after that.
    ``legal_form_differs``
        Not linked: ``company_ids``, free as yet, differ in the legal form alone.
    ``name_disagrees``
        The Account ID says one thing and the name another. A linked customer is
        linked by its Account ID, and its name is that of ``company_ids``. One that is
        not linked has the name of the one company, whose Account ID is that of
        ``customer_ids``.
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
