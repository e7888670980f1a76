"""The input and the results of matching: named tuples."""

from typing import Literal, NamedTuple

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


class Customer(NamedTuple):
    """A customer of the accounting system. ``account_id`` is its reference there.

    ``is_self_written``: the customer wrote the name or the reference, so neither is
    evidence of anything.
    """

    id: int
    name: str | None = None
    account_id: str | None = None
    is_self_written: bool = False


class Company(NamedTuple):
    """A company of ConnectWise. ``is_deleted``: in the recycle bin."""

    id: int
    name: str | None = None
    account_id: str | None = None
    is_deleted: bool = False


class Link(NamedTuple):
    """A customer and a company that match, and the evidence for it."""

    customer_id: int
    company_id: int
    reason: Evidence


class Conflict(NamedTuple):
    """A question about a customer that a person has to decide.

    ``kind``, and the meaning of the ids, which are in ascending order:

    ``several_companies_same_account_id``, ``several_companies_same_name``
        Not linked: each of ``company_ids`` matches.
    ``several_customers_same_account_id``, ``several_customers_same_name``
        Not linked: the one company matches each of ``customer_ids``, this one too.
    ``company_taken``
        Not linked: the one company that matches is linked to ``customer_ids``.
    ``account_ids_differ``
        Not linked: the one company of this name has another Account ID.
    ``changed_by_customer``
        The customer wrote the name or the reference. It is not linked, although one of
        these matches ``company_ids``; or it is linked to that company already.
    ``legal_form_differs``
        Not linked: ``company_ids``, which are not taken, differ only in the legal form.
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


class MatchResult(NamedTuple):
    """New links, and at most one conflict per customer, both sorted by customer."""

    links: tuple[Link, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
