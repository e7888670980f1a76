"""Looking up invoices by one number, and by several of number rules: P16."""

from collections.abc import Iterator
from typing import Any

from .bench import INVOICES_PER_LOOK_UP, Bench, Sizes
from .goals import Goal, Runs
from .running import count_requests, odoo, sandbox
from .worker import Worker, connect

MOST_NUMBERS = 4


# In Odoo's process -------------------------------------------------------------------


def set_rules(worker: Worker, count: int) -> None:
    """Set number rules, so that `count` numbers are asked for per invoice."""
    from odoo.fields import Command

    worker.backend.number_rule_ids = [
        Command.clear(),
        *(
            Command.create({"field_name": "name", "pad_to": 4 + digits})
            for digits in range(1, count)
        ),
    ]


def look_up(worker: Worker, count: int) -> dict[str, Any]:
    """Look up invoices that ConnectWise does not have, as the background does."""
    from odoo.fields import Command, Date

    customer = worker.root["res.partner"].create({"name": "Unknown there"})
    common = {
        "move_type": "out_invoice",
        "partner_id": customer.id,
        "invoice_date": Date.today(),
        "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 1})],
    }
    moves = worker.env["account.move"].create(
        [{**common, "name": f"X{number}"} for number in range(1, count + 1)]
    )
    moves.action_post()
    with worker.measured() as result:
        worker.root["connectwise.lookup"]._cron_prefetch()
    result["missing"] = worker.root["connectwise.lookup"].search_count(
        [("state", "=", "not_found")]
    )
    return result


# The measurement ---------------------------------------------------------------------


def rules(bench: Bench) -> None:
    """Look up invoices by one number each, and by several numbers of rules."""
    size = max(bench.sizes.invoices)
    with sandbox(10, 100, 0) as source:
        for numbers in (1, MOST_NUMBERS):
            with odoo(bench.base, 0, source.url) as worker:
                worker.call(connect, url=source.url)
                worker.call(set_rules, count=numbers)
                source.clear_requests()
                figures = worker.call(look_up, count=size)
                if figures["missing"] != size:
                    raise RuntimeError(f"only {figures['missing']} were looked up")
                bench.add(
                    what="look up",
                    who="addon",
                    turn=0,
                    size=size,
                    numbers=numbers,
                    **figures,
                    **count_requests(source),
                )


# The lines of the table --------------------------------------------------------------


def goals_of_rules(runs: Runs, sizes: Sizes) -> Iterator[Goal]:
    size = max(sizes.invoices)
    for numbers in (1, MOST_NUMBERS):
        yield Goal(
            "P16",
            f"requests for each 1,000 lookups under {numbers} number"
            + ("s each" if numbers > 1 else " each"),
            tuple(
                count * 1000 / size
                for count in runs.values("invoices", what="look up", numbers=numbers)
            ),
            most=1000 * numbers / INVOICES_PER_LOOK_UP,
            unit="",
        )
