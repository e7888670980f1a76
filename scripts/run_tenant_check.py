"""Check the assumptions of this project on a real ConnectWise. It only reads.

Asks for the address and the keys, prints the requests that it will make, and asks
before it begins. Writes a report without anybody's data, to be sent with an issue.
"""

import argparse
import os
from getpass import getpass
from pathlib import Path

from connectwise_client import Credentials

from .tenant_checks import CHECKS, Tenant, dump, is_fine, run


def main() -> int:
    """Return 0 if all claims hold, 1 if not, 2 if the person declined."""
    parser = argparse.ArgumentParser(prog="scripts/tenant-check", description=__doc__)
    parser.add_argument("--report", default="tenant-report.json", type=Path)
    report_path = parser.parse_args().report
    tenant = Tenant(
        input("Address of ConnectWise (as in the browser): ").strip(),
        Credentials(
            input("Company Login ID: ").strip(),
            input("Public Key: ").strip(),
            getpass("Private Key (not shown): ").strip(),
            input("Client ID: ").strip(),
        ),
        tuple(os.environ.get("BENJI_CONNECTWISE_LOCAL_HOSTS", "").split(",")),
    )
    print("\nThese claims are tried, by about 20 GET requests. Nothing is changed.")
    print("One request has a wrong private key, and one has no client ID.\n")
    for check in CHECKS:
        print(f"  {check.__name__:18}{check.__doc__}")
    print("\nPaths: /login/companyinfo/…, and below the API: /company/companies[/…],")
    print("/company/contacts, /finance/invoices[/…/pdf], /system/callbacks")
    if input("\nBegin? [y/N] ").strip().lower() != "y":
        return 2
    report = run(tenant)
    for name, result in report["checks"].items():
        mark = "ok   " if result["holds"] else "WRONG"
        print(f"{mark} {name:18}{result.get('seen') or result.get('problem')}")
    report_path.write_text(dump(report), encoding="utf-8")
    print(f"\nThe report is {report_path}. Please look at it before you send it.")
    return 0 if is_fine(report) else 1


if __name__ == "__main__":
    raise SystemExit(main())
