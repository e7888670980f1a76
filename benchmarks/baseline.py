"""The baseline: the least work that the job needs, without Odoo and the addon.

usage: python -m benchmarks.baseline SANDBOX_URL DATABASE CONTACTS

Downloads all companies with `fields=` over four connections of one Session, copies them
into a temporary table, and writes the differences with one upsert. With CONTACTS, reads
the Bill-To contacts of that many companies too, 150 in a request. Prints how long it
took, as JSON. For PDFs the baseline is the download alone.

It asks for ranges of ids, and knows beforehand that there are no gaps. No real client
can do better.
"""

import csv
import io
import json
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import requests
from requests.adapters import HTTPAdapter

from connectwise_sandbox import defaults
from connectwise_sandbox.data import FIRST_COMPANY_ID

CONNECTIONS = 4
PAGE = 1000
CONTACTS_PER_REQUEST = 150

COMPANY_FIELDS = (
    "id,identifier,name,accountNumber,status,city,deletedFlag,billToCompany,"
    "billingContact,_info"
)
CONTACT_FIELDS = "id,firstName,lastName,title,inactiveFlag,communicationItems,_info"
INVOICE_FIELDS = (
    "id,invoiceNumber,type,status,company,billToCompany,date,dueDate,currency,subtotal,"
    "salesTax,total,balance,_info"
)

COMPANIES = {
    "id": "int PRIMARY KEY",
    "identifier": "text",
    "name": "text",
    "account_number": "text",
    "status": "text",
    "city": "text",
    "deleted": "bool",
    "bill_to_id": "int",
    "contact_id": "int",
    "updated": "timestamp",
}
CONTACTS = {
    "id": "int PRIMARY KEY",
    "first_name": "text",
    "last_name": "text",
    "title": "text",
    "inactive": "bool",
    "email": "text",
    "phone": "text",
    "updated": "timestamp",
}


class Download:
    """Records of the sandbox, list by list, in any order."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/{defaults.FIXED_CODEBASE}apis/3.0"
        self.requests = 0
        self.session = requests.Session()
        self.session.mount(url, HTTPAdapter(pool_maxsize=CONNECTIONS))
        self.session.auth = (
            f"{defaults.COMPANY_LOGIN_ID}+{defaults.PUBLIC_KEY}",
            defaults.PRIVATE_KEY,
        )
        self.session.headers["clientId"] = defaults.CLIENT_ID

    def ask(self, path: str, **params: str | int) -> requests.Response:
        self.requests += 1
        answer = self.session.get(f"{self.url}/{path}", params=params, timeout=60)
        answer.raise_for_status()
        return answer

    def ask_list(self, path: str, **params: str | int) -> list[dict[str, Any]]:
        return self.ask(f"company/{path}", **params).json()

    def companies(self, executor: ThreadPoolExecutor) -> Iterator[list[dict]]:
        [last] = self.ask_list("companies", fields="id", orderBy="id desc", pageSize=1)
        yield from executor.map(self._companies_after, range(0, last["id"], PAGE))

    def _companies_after(self, after: int) -> list[dict]:
        conditions = f"id > {after} and id <= {after + PAGE}"
        return self.ask_list(
            "companies", conditions=conditions, fields=COMPANY_FIELDS, pageSize=PAGE
        )

    def invoices(self, executor: ThreadPoolExecutor) -> Iterator[list[dict]]:
        newest = {"fields": "id", "orderBy": "id desc", "pageSize": 1}
        [last] = self.ask("finance/invoices", **newest).json()
        yield from executor.map(self._invoices_after, range(0, last["id"], PAGE))

    def _invoices_after(self, after: int) -> list[dict]:
        conditions = f"id > {after} and id <= {after + PAGE}"
        pages = {"fields": INVOICE_FIELDS, "pageSize": PAGE}
        return self.ask("finance/invoices", conditions=conditions, **pages).json()

    def contacts(
        self, executor: ThreadPoolExecutor, ids: list[int]
    ) -> Iterator[list[dict]]:
        starts = range(0, len(ids), CONTACTS_PER_REQUEST)
        chunks = [ids[start : start + CONTACTS_PER_REQUEST] for start in starts]
        yield from executor.map(self._contacts, chunks)

    def _contacts(self, ids: list[int]) -> list[dict]:
        conditions = f"id in ({','.join(map(str, ids))})"
        return self.ask_list(
            "contacts", conditions=conditions, fields=CONTACT_FIELDS, pageSize=PAGE
        )


def fetch_pdfs(url: str, ids: list[int]) -> float:
    """Download the PDFs of these invoices, and return how many seconds it took."""
    download = Download(url)
    paths = [f"finance/invoices/{invoice_id}/pdf" for invoice_id in ids]
    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as executor:
        for _answer in executor.map(download.ask, paths):
            pass
    return time.perf_counter() - started


def company_row(record: dict) -> tuple:
    return (
        record["id"],
        record.get("identifier"),
        record.get("name"),
        record.get("accountNumber"),
        (record.get("status") or {}).get("name"),
        record.get("city"),
        record.get("deletedFlag"),
        (record.get("billToCompany") or {}).get("id"),
        (record.get("billingContact") or {}).get("id"),
        (record.get("_info") or {}).get("lastUpdated"),
    )


def contact_row(record: dict) -> tuple:
    ways = {
        item["communicationType"]: item["value"]
        for item in record.get("communicationItems") or ()
        if item.get("defaultFlag")
    }
    return (
        record["id"],
        record.get("firstName"),
        record.get("lastName"),
        record.get("title"),
        record.get("inactiveFlag"),
        ways.get("Email"),
        ways.get("Phone"),
        (record.get("_info") or {}).get("lastUpdated"),
    )


def store(cursor, table: str, columns: dict[str, str], rows: Iterable[tuple]) -> int:
    """Copy `rows`, write those that differ, and return how many differed."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    names = ", ".join(columns)
    others = [name for name in columns if name != "id"]
    cursor.execute(f"CREATE TEMPORARY TABLE page (LIKE {table}) ON COMMIT DROP;")
    cursor.copy_expert(f"COPY page ({names}) FROM STDIN CSV", buffer)
    cursor.execute(
        f"INSERT INTO {table} AS known ({names}) SELECT {names} FROM page"
        " ON CONFLICT (id) DO UPDATE SET "
        + ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
        + f" WHERE ({', '.join(f'known.{name}' for name in others)})"
        f" IS DISTINCT FROM ({', '.join(f'EXCLUDED.{name}' for name in others)})"
    )
    changed = cursor.rowcount
    cursor.execute("DROP TABLE page")
    return changed


def sync(url: str, database: str, contacts: int) -> dict[str, float]:
    download = Download(url)
    with (
        closing(psycopg2.connect(dbname=database)) as connection,
        connection.cursor() as cursor,
        ThreadPoolExecutor(CONNECTIONS) as executor,
    ):
        for table, columns in (("company", COMPANIES), ("contact", CONTACTS)):
            definitions = ", ".join(" ".join(column) for column in columns.items())
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} ({definitions})")
        connection.commit()
        start, processor = time.perf_counter(), time.process_time()
        rows = [
            company_row(record)
            for page in download.companies(executor)
            for record in page
        ]
        changed = store(cursor, "company", COMPANIES, rows)
        if contacts:
            ordinary = [row for row in rows if row[0] >= FIRST_COMPANY_ID]
            ids = [row[8] for row in sorted(ordinary)[:contacts] if row[8]]
            pages = download.contacts(executor, ids)
            people = [contact_row(record) for page in pages for record in page]
            changed += store(cursor, "contact", CONTACTS, people)
        connection.commit()
        return {
            "seconds": time.perf_counter() - start,
            "processor": time.process_time() - processor,
            "requests": download.requests,
            "rows": len(rows),
            "changed": changed,
        }


if __name__ == "__main__":
    print(json.dumps(sync(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
