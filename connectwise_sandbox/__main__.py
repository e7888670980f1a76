"""Command line: ``python -m connectwise_sandbox``."""

from __future__ import annotations

import argparse
import threading

from . import defaults
from .sandbox import Sandbox


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m connectwise_sandbox", description="A ConnectWise PSA to try."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--seed", type=int, default=defaults.SEED)
    parser.add_argument("--companies", type=int, default=defaults.COMPANIES)
    parser.add_argument("--invoices", type=int, default=defaults.INVOICES)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--today", default=defaults.TODAY, metavar="YYYY-MM-DD")
    options = parser.parse_args()
    with Sandbox(**vars(options)) as sandbox:
        print(f"ConnectWise PSA sandbox at {sandbox.url}/", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Stopped.")


if __name__ == "__main__":
    main()
