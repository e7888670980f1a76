"""The scheduled actions beside few and many old invoices: P14."""

from collections.abc import Iterator
from typing import Any

from .bench import Bench, Sizes
from .goals import Goal, Runs, show_seconds
from .running import odoo, sandbox
from .screens import CUSTOMERS_OF_LIST, fill_list, post_one
from .worker import Worker, connect, make_customers

# In Odoo's process -------------------------------------------------------------------


def grow_old(worker: Worker, recent: int) -> None:
    """Date the copies of an invoice anew: so many of 90 days, the others before.

    Those of the 90 days were asked for just now, if they were asked for at all.
    """
    for statement in (
        "UPDATE account_move SET date = day, invoice_date = day,"
        " connectwise_posted_at = day FROM (SELECT id,"
        " CURRENT_DATE - CASE WHEN number <= %(recent)s THEN number %% 90"
        " ELSE 91 + number %% 1734 END AS day FROM account_move move,"
        " CAST(substr(move.name, 2) AS integer) number"
        " WHERE move.name ~ '^L[0-9]+$') given WHERE given.id = account_move.id",
        "UPDATE connectwise_lookup SET asked_at = LOCALTIMESTAMP,"
        " retry_at = LOCALTIMESTAMP + INTERVAL '1 day'",
    ):
        worker.cr.execute(statement, {"recent": recent})
    worker.cr.commit()
    worker.cr.execute("ANALYZE")
    worker.cr.commit()
    worker.root.invalidate_all()


def run_hour(worker: Worker) -> dict[str, Any]:
    """Run the scheduled actions as often as they run in an hour."""
    with worker.measured() as result:
        for _quarter in range(4):
            worker.root["connectwise.lookup"]._cron_prefetch()
        worker.root["connectwise.sync"]._cron_sync()
    return result


# The measurement ---------------------------------------------------------------------


def scheduled(bench: Bench) -> None:
    """Run an hour's scheduled actions beside old invoices, and ten times as many.

    Those of the last 90 days, which are looked up, are the same in number.
    """
    recent = bench.sizes.listed // 20
    with sandbox(CUSTOMERS_OF_LIST, 100, 0) as source:
        for size in (bench.sizes.listed // 10, bench.sizes.listed):
            with odoo(bench.base, 0, source.url) as worker:
                worker.call(connect, url=source.url)
                worker.call(make_customers, url=source.url, count=CUSTOMERS_OF_LIST)
                # The first hour connects the customers. The next one asks for the
                # invoices that were not asked for.
                worker.call(run_hour)
                move = worker.call(post_one, url=source.url)
                worker.call(fill_list, move=move, count=size)
                worker.call(grow_old, recent=recent)
                worker.call(run_hour)
                for turn in range(bench.sizes.runs):
                    figures = worker.call(run_hour)
                    bench.add(what="hour", who="addon", turn=turn, size=size, **figures)


# The lines of the table --------------------------------------------------------------


def goals_of_scheduled(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    few, many = sizes.listed // 10, sizes.listed
    base = runs.middle(what="hour", size=few)
    yield Goal(
        "P14",
        f"an hour's scheduled actions beside {many:,} invoices of five years, compared"
        f" with {few:,} ({show_seconds(base)})",
        runs.ratios({"size": many}, {"size": few}, what="hour"),
        most=1.1,
    )
