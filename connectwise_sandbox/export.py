"""Records in a simple, flat form, from which matching demo data can be made."""

from __future__ import annotations

import json
from typing import Any

from .conditions import Condition
from .schema import COMPANY, CONTACT, INVOICE, Entity
from .store import Store


def companies(store: Store, after: int, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` companies with ids above `after`, in the order of ids.

    The Bill-To contact is included if there is one.
    """
    records = _records(store, COMPANY, after, limit)
    wanted = {record.get("billingContact", {}).get("id") for record in records}
    contacts = _contacts(store, sorted(wanted - {None}))
    return [_company(record, contacts) for record in records]


def invoices(store: Store, after: int, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` invoices with ids above `after`, in the order of ids."""
    return [_invoice(record) for record in _records(store, INVOICE, after, limit)]


def _records(store: Store, entity: Entity, after: int, limit: int) -> list[Any]:
    where = Condition("t.id > ?", [after])
    return [json.loads(text) for text in store.select(entity, where, limit=limit)]


def _contacts(store: Store, ids: list[int]) -> dict[int, Any]:
    where = Condition("t.id IN (SELECT value FROM json_each(?))", [json.dumps(ids)])
    texts = store.select(CONTACT, where, limit=len(ids))
    return {record["id"]: record for record in map(json.loads, texts)}


def _company(record: dict[str, Any], contacts: dict[int, Any]) -> dict[str, Any]:
    contact = contacts.get(record.get("billingContact", {}).get("id"), {})
    items = contact.get("communicationItems", [])
    ways = {item["communicationType"]: item["value"] for item in items}
    names = [contact.get("firstName"), contact.get("lastName")]
    return {
        "id": record["id"],
        "name": record.get("name"),
        "account_number": record.get("accountNumber"),
        "deleted": record.get("deletedFlag"),
        "address_line1": record.get("addressLine1"),
        "address_line2": record.get("addressLine2"),
        "city": record.get("city"),
        "state": record.get("state"),
        "zip": record.get("zip"),
        "phone": record.get("phoneNumber"),
        "website": record.get("website"),
        "bill_to_company_id": record.get("billToCompany", {}).get("id"),
        "contact_id": contact.get("id"),
        "contact_name": " ".join(filter(None, names)) or None,
        "contact_email": ways.get("Email"),
        "contact_phone": ways.get("Phone"),
        "contact_inactive": contact.get("inactiveFlag"),
    }


def _invoice(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "number": record.get("invoiceNumber"),
        "type": record.get("type"),
        "company_id": record.get("company", {}).get("id"),
        "company_name": record.get("company", {}).get("name"),
        "bill_to_company_id": record.get("billToCompany", {}).get("id"),
        "date": record.get("date", "")[:10],
        "due_date": record.get("dueDate", "")[:10],
        "currency": record.get("currency", {}).get("currencyCode"),
        "agreement_amount": record.get("agreementAmount"),
        "service_total": record.get("serviceTotal"),
        "product_total": record.get("productTotal"),
        "subtotal": record.get("subtotal"),
        "sales_tax": record.get("salesTax"),
        "total": record.get("total"),
    }
