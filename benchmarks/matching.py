"""Matching customers and companies: P8, and its growth in P5."""

from collections.abc import Iterator
from time import perf_counter

from connectwise_sandbox.data import company_name
from customer_matching import Company, Customer, match

from .bench import Bench, Sizes
from .goals import Goal, Runs


def matching(bench: Bench) -> None:
    """Match as many customers as companies, in this process."""
    for size in (bench.sizes.companies, bench.sizes.double):
        customers, companies_ = records_to_match(size)
        for turn in range(bench.sizes.runs):
            start = perf_counter()
            found = match(customers, companies_)
            seconds = perf_counter() - start
            if len(found.links) < size * 0.9:
                raise RuntimeError(f"only {len(found.links)} of {size} were matched")
            bench.add(
                what="matching", who="addon", turn=turn, size=size, seconds=seconds
            )


def records_to_match(size: int) -> tuple[list[Customer], list[Company]]:
    """Return equally many customers and companies. Half match by their names."""
    customers, companies_ = [], []
    for index in range(size):
        name, form = company_name(1, index)
        account_id = f"AC{index:06d}"
        companies_.append(Company(index + 1, f"{name} {form}".strip(), account_id))
        written = f"{name.upper()}, {form}" if form else name.lower()
        customers.append(
            Customer(index + 1, written, account_id if index % 2 else None)
        )
    return customers, companies_


# The lines of the table --------------------------------------------------------------


def goals_of_growth(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    yield Goal(
        "P5",
        f"matching: {sizes.double:,} customers and companies compared with"
        f" {sizes.companies:,}",
        runs.ratios({"size": sizes.double}, {"size": sizes.companies}, what="matching"),
        most=2.1,
    )


def goals_of_matching(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    yield Goal(
        "P8",
        f"matching {sizes.companies:,} of both",
        runs.values(what="matching", size=sizes.companies),
        most=3,
        unit="s",
    )
