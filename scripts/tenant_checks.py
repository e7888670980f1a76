"""Checks of assumptions about ConnectWise that no document confirms.

Each check is a function, and its docstring is the claim. It only reads. It returns
numbers, states and header names, but nobody's data. If the claim does not hold, it
raises `Wrong` or one of the client's errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from connectwise_client import (
    ClientIdError,
    Company,
    ConnectWiseError,
    Contact,
    Credentials,
    CredentialsError,
    Invoice,
    MissingRightError,
    NotFoundError,
    RefusedRequestError,
    Runtime,
    const,
    validate_pdf,
)
from connectwise_client.protocol import Answer, Request, parse_json
from connectwise_client.session import Session

Seen = dict[str, Any]
COMPANIES, CONTACTS, INVOICES = const.COMPANIES, const.CONTACTS, const.INVOICES
LIMITS = replace(const.BACKGROUND, attempts=1, total=120)
NO_RECORD = 2**31 - 1


class Wrong(Exception):
    """The claim does not hold. The text says why, without anybody's data."""


@dataclass(frozen=True)
class Tenant:
    """The ConnectWise to check, with the keys of an API member."""

    address: str
    credentials: Credentials
    local_hosts: tuple[str, ...] = ()

    def session(self, **changes: str) -> Session:
        """Return a session. `changes` replace parts of the credentials."""
        return Session(
            self.address,
            replace(self.credentials, **changes),
            LIMITS,
            self.local_hosts,
            None,
            const.MAX_PDF_BYTES,
            Runtime(),
        )

    def ask(self, path: str, accept: str = const.ACCEPT_JSON, **query: Any) -> Answer:
        """Return the answer to a GET below the API."""
        pairs = tuple((name, str(value)) for name, value in query.items())
        session = self.session()
        try:
            return session.call(Request(path, "?", pairs, accept))
        finally:
            session.close()

    def rows(self, endpoint: const.Endpoint, **query: Any) -> list[Any]:
        """Return the records of a list."""
        query = {"fields": ",".join(endpoint.fields), "pageSize": 100, **query}
        rows = parse_json(self.ask(endpoint.path, **query), endpoint.path)
        need(isinstance(rows, list), "the list is no array")
        assert isinstance(rows, list)
        need(all(isinstance(row, dict) for row in rows), "a record is no object")
        return rows

    def refusal(self, **changes: str) -> ConnectWiseError:
        """Return the error with which ConnectWise answers changed credentials."""
        session = self.session(**changes)
        try:
            session.call(Request(INVOICES.path, INVOICES.right, (("pageSize", "1"),)))
        except ConnectWiseError as error:
            return error
        finally:
            session.close()
        raise Wrong("it was answered as usual")


def need(condition: bool, problem: str) -> None:
    """Raise `Wrong` unless something holds."""
    if not condition:
        raise Wrong(problem)


# The checks ------------------------------------------------------------------------


def version(tenant: Tenant) -> Seen:
    """Each answer names the API's newest version, not older than the one asked for."""
    answer = tenant.ask(INVOICES.path, pageSize=1, fields="id")
    newest = answer.headers.get(const.VERSION_HEADER, "")
    need(bool(newest), f"no header {const.VERSION_HEADER}")
    wanted, there = (text.split(".") for text in (const.API_VERSION, newest))
    need(all(part.isdecimal() for part in there), "the version is no number")
    need([*map(int, there)] >= [*map(int, wanted)], f"only {newest}")
    return {"newest": newest, "asked": const.API_VERSION}


def codebase(tenant: Tenant) -> Seen:
    """The discovery tells the codebase without keys."""
    session = tenant.session()
    try:
        return {"codebase": session.known_codebase()}
    finally:
        session.close()


def wrong_key(tenant: Tenant) -> Seen:
    """A wrong private key is answered 401, and said to be one."""
    error = tenant.refusal(private_key="wrong")
    need(isinstance(error, CredentialsError), f"HTTP {error.status} {error.code}")
    return {"status": error.status, "code": error.code}


def missing_client_id(tenant: Tenant) -> Seen:
    """A request without client id is refused with a text that names it."""
    error = tenant.refusal(client_id="")
    need(isinstance(error, ClientIdError), f"HTTP {error.status} {error.code}")
    return {"status": error.status, "code": error.code}


def companies(tenant: Tenant) -> Seen:
    """Companies have a name, and the documented types."""
    rows = tenant.rows(COMPANIES)
    read = [Company.from_json(row) for row in rows]
    need(all(company.name or company.identifier for company in read), "one has no name")
    return {
        "read": len(read),
        "billingContact": sum(bool(company.billing_contact) for company in read),
        "explicit nulls": sum(value is None for row in rows for value in row.values()),
    }


def contacts(tenant: Tenant) -> Seen:
    """Contacts have a name, the documented types, and their communicationItems."""
    rows = tenant.rows(CONTACTS)
    read = [Contact.from_json(row) for row in rows]
    need(all(contact.name for contact in read), "one has no name")
    items = [item for row in rows for item in row.get("communicationItems") or ()]
    need(all("communicationType" in item for item in items), "an item has no type")
    return {"read": len(read), "items": len(items)}


def invoices(tenant: Tenant) -> Seen:
    """Invoices have a type, a date and a company, and the documented types."""
    rows = tenant.rows(INVOICES)
    read = [Invoice.from_json(row) for row in rows]
    need(
        all(invoice.type and invoice.date and invoice.company for invoice in read),
        "one lacks its type, date or company",
    )
    numbers = [invoice.number for invoice in read if invoice.number]
    longest = max(map(len, numbers), default=0)
    need(
        longest <= const.MAX_INVOICE_NUMBER_LENGTH, f"a number has {longest} characters"
    )
    return {
        "read": len(read),
        "numbers used again": len(numbers) - len(set(numbers)),
        "isClosed is said": sum(invoice.is_closed is not None for invoice in read),
        "negative credit memos": sum(
            invoice.type == "CreditMemo" and (invoice.total or 0) < 0
            for invoice in read
        ),
    }


def paging(tenant: Tenant) -> Seen:
    """Pages follow each other by “id >”, in the order of the ids."""
    condition = "deletedFlag = false"
    first = tenant.rows(COMPANIES, pageSize=2, orderBy="id asc", conditions=condition)
    ids = [row.get("id") for row in first]
    need(all(type(ref) is int for ref in ids), "an id is no number")
    if len(ids) < 2:
        return {"pages": 1}
    rest = f"({condition}) and id > {ids[-1]}"
    second = tenant.rows(COMPANIES, pageSize=2, orderBy="id asc", conditions=rest)
    ids += [row.get("id") for row in second]
    need(all(type(ref) is int for ref in ids), "an id is no number")
    need(ids == sorted(set(ids)), "the ids do not grow")
    return {"pages": 2, "rows": len(ids)}


def counting(tenant: Tenant) -> Seen:
    """/count answers the number of records as {"count": N}."""
    path = f"{COMPANIES.path}/count"
    data = parse_json(tenant.ask(path), path)
    need(isinstance(data, dict) and type(data.get("count")) is int, "not a count")
    return {"is a count": True}


def last_updated(tenant: Tenant) -> Seen:
    """“lastUpdated > [time]” is understood, to the second, and means what it says."""
    since = (datetime.now(timezone.utc) - timedelta(days=365 * 5)).replace(
        microsecond=0
    )
    condition = f"lastUpdated > [{since:%Y-%m-%dT%H:%M:%SZ}]"
    rows = tenant.rows(COMPANIES, conditions=condition)
    times = [Company.from_json(row).last_updated for row in rows]
    need(all(time and time > since for time in times), "an older one came along")
    return {
        "read": len(rows),
        "fractions": sum(bool(t and t.microsecond) for t in times),
    }


def number_condition(tenant: Tenant) -> Seen:
    """An invoice is found by “invoiceNumber in (…)”."""
    known = [row.get("invoiceNumber") for row in tenant.rows(INVOICES)]
    number = next((n for n in known if isinstance(n, str) and n.isalnum()), None)
    need(number is not None, "no invoice has a plain number")
    found = tenant.rows(INVOICES, conditions=f'invoiceNumber in ("{number}","no-such")')
    need(bool(found), "it was not found")
    need(all(row.get("invoiceNumber") == number for row in found), "another was found")
    return {"found": len(found)}


def unknown_name(tenant: Tenant) -> Seen:
    """A name in a condition that does not exist is answered 400."""
    try:
        tenant.ask(INVOICES.path, conditions='noSuchName = "x"')
    except RefusedRequestError as error:
        return {"status": error.status, "code": error.code}
    raise Wrong("it was answered as usual")


def missing_record(tenant: Tenant) -> Seen:
    """A record that does not exist is answered 404 with JSON."""
    try:
        tenant.ask(f"{COMPANIES.path}/{NO_RECORD}")
    except NotFoundError as error:
        return {"status": error.status, "code": error.code}
    raise Wrong("it was answered as usual")


def pdf(tenant: Tenant) -> Seen:
    """The PDF of an invoice comes as application/pdf, whole and readable."""
    rows = tenant.rows(INVOICES, pageSize=1, orderBy="id desc")
    need(bool(rows) and type(rows[0].get("id")) is int, "there is no invoice")
    answer = tenant.ask(f"{INVOICES.path}/{rows[0]['id']}/pdf", const.ACCEPT_PDF)
    validate_pdf(answer.body, const.MAX_PDF_BYTES)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    need(kind == "application/pdf", "it is called something else")
    return {"kB": len(answer.body) // 1024, "headers": sorted(answer.headers)}


def callbacks(tenant: Tenant) -> Seen:
    """The list of callbacks is answered, or its missing right is said to be one."""
    try:
        tenant.rows(const.CALLBACKS)
    except MissingRightError as error:
        return {"allowed": False, "status": error.status, "code": error.code}
    return {"allowed": True}


CHECKS: tuple[Callable[[Tenant], Seen], ...] = (
    codebase,
    version,
    companies,
    contacts,
    invoices,
    paging,
    counting,
    last_updated,
    number_condition,
    unknown_name,
    missing_record,
    pdf,
    callbacks,
    missing_client_id,
    # Last and only once: ConnectWise may lock a key after several attempts.
    wrong_key,
)


def run(tenant: Tenant) -> dict[str, Any]:
    """Try all checks and return the report.

    :return: {"checks": {name: {"claim", "holds", "seen" or "problem"}}}
    """
    return {"checks": {check.__name__: _try(check, tenant) for check in CHECKS}}


def _try(check: Callable[[Tenant], Seen], tenant: Tenant) -> dict[str, Any]:
    result: dict[str, Any] = {"claim": check.__doc__, "holds": False}
    try:
        result["seen"] = check(tenant)
        result["holds"] = True
    except Wrong as wrong:
        result["problem"] = str(wrong)
    except ConnectWiseError as error:
        # Without the error's text, which may quote a record.
        parts = (type(error).__name__, error.reason, error.status, error.code)
        result["problem"] = " ".join(str(part) for part in parts if part)
    return result


def is_fine(report: Mapping[str, Any]) -> bool:
    """Tell whether all claims hold."""
    return all(result["holds"] for result in report["checks"].values())


def dump(report: Mapping[str, Any]) -> str:
    """Return a report as the text of its file."""
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"
