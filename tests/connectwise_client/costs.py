"""A program that asks a server once and prints the cost; for test_client_costs.

usage: costs.py HOST:PORT QUESTION SECONDS
"""

import contextlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from connectwise_client import (
    INTERACTIVE,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
)

QUESTIONS = {
    "warm up": lambda client: client.count_companies(),
    "find": lambda client: list(client.find_invoices(["CW1"])),
    "find many": lambda client: list(
        client.find_invoices(f"CW{number}" for number in range(50))
    ),
    "companies": lambda client: list(client.companies()),
    "contacts": lambda client: list(client.contacts(range(1, 151))),
    "count": lambda client: client.count_companies(),
    "discover": lambda client: client.discover(),
    "pdf": lambda client: client.download_invoice_pdf(1),
}


def peak() -> int:
    """Return the most memory this process ever had, in bytes."""
    [line] = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) * 1024


def main(place: str, question: str, seconds: str) -> None:
    codebase = None if question == "discover" else "v4_6_release"
    client = ConnectWiseClient(
        f"http://{place}",
        Credentials("acme", "PUBLIC", "PRIVATE", "client-id"),
        replace(INTERACTIVE, total=float(seconds)),
        local_hosts=[place],
        codebase=codebase,
    )
    with contextlib.suppress(ConnectWiseError):
        # Everything is imported, and the interpreter's own buffers are there.
        QUESTIONS["warm up" if codebase else "discover"](client)
    before, started = peak(), time.monotonic()
    try:
        QUESTIONS[question](client)
        outcome = "answered"
    except ConnectWiseError as error:
        outcome = f"{type(error).__name__} {error.reason}".strip()
    print(
        json.dumps(
            {
                "megabytes": (peak() - before) / 1024**2,
                "seconds": time.monotonic() - started,
                "outcome": outcome,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
