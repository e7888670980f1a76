"""The structure of companies, contacts and invoices, and the source of each value.

One tree per kind of record serves three uses: conditions look up the SQL expression of
a path such as ``status/name``, ``fields`` picks branches, and SQLite itself builds the
JSON text of a row. In every expression ``t`` is the table of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from . import openapi_names
from .defaults import LINK_HOST

Kind = Literal["text", "number", "flag", "date", "enum", "json", "any"]


@dataclass(frozen=True)
class Field:
    """A value: its SQL expression, its kind, and the column that a change writes to."""

    sql: str
    kind: Kind
    column: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """An object inside a record, such as ``company``.

    ``present`` is an SQL condition: if it is false, the object is missing. An empty one
    means that the object is always there.
    """

    parts: Mapping[str, Field]
    present: str = ""


Node: TypeAlias = Field | Reference
Tree = Mapping[str, Node]


@dataclass(frozen=True)
class Entity:
    """A kind of record: its table, its tree, and every name that OpenAPI gives it."""

    table: str
    title: str
    tree: Tree
    names: frozenset[str]


def _text(column: str) -> Field:
    return Field(f"t.{column}", "text", column)


def _number(column: str) -> Field:
    return Field(f"t.{column}", "number", column)


def _flag(column: str) -> Field:
    return Field(f"t.{column}", "flag", column)


def _date(column: str) -> Field:
    return Field(f"t.{column}", "date", column)


def _fixed(key: str, kind: Kind, sql: str) -> Field:
    """Return a constant or computed value, unless a change stored another."""
    return Field(f"coalesce(json_extract(t.extra, '$.{key}'), {sql})", kind)


def _link(key: str, path: str, id_sql: str) -> Field:
    """Return the ``_info`` of a reference: a hyperlink to another host."""
    # Recorded payloads have the doubled slash too.
    prefix = f"{LINK_HOST}/v4_6_release/apis/3.0//{path}/"
    return Field(f"json_object('{key}', '{prefix}' || {id_sql})", "json")


def _constant_reference(key: str, number: int, name: str) -> Reference:
    return Reference(
        {
            "id": _fixed(f"{key}.id", "number", str(number)),
            "name": _fixed(f"{key}.name", "text", f"'{name}'"),
        }
    )


def _case(sql: str, choices: Mapping[int, str]) -> str:
    whens = " ".join(f"WHEN {key} THEN '{value}'" for key, value in choices.items())
    return f"CASE {sql} {whens} END"


def _company_reference(column: str) -> Reference:
    def of_company(name: str) -> str:
        return f"(SELECT r.{name} FROM companies r WHERE r.id = t.{column})"

    return Reference(
        {
            "id": _number(column),
            "identifier": Field(of_company("identifier"), "text"),
            "name": Field(of_company("name"), "text"),
            "_info": _link("company_href", "company/companies", f"t.{column}"),
        },
        present=f"t.{column} IS NOT NULL",
    )


def _contact_reference(key: str, column: str) -> Reference:
    """Return a reference to a contact. A stored name is used if the contact is gone."""
    name = (
        "(SELECT trim(r.first_name || ' ' || coalesce(r.last_name, ''))"
        f" FROM contacts r WHERE r.id = t.{column})"
    )
    stored = f"json_extract(t.extra, '$.{key}.name')"
    return Reference(
        {
            "id": _number(column),
            "name": Field(f"coalesce({name}, {stored})", "text"),
            "_info": _link("contact_href", "company/contacts", f"t.{column}"),
        },
        present=f"t.{column} IS NOT NULL",
    )


def _site_reference(column: str) -> Reference:
    # Every company has one site. Its id only has to differ from the company's.
    return Reference(
        {
            "id": Field(f"t.{column} + 700000", "number"),
            "name": Field("'Main'", "text"),
            "_info": _link("site_href", "company/sites", f"(t.{column} + 700000)"),
        },
        present=f"t.{column} IS NOT NULL",
    )


def _country(key: str) -> Reference:
    return _constant_reference(key, 1, "United States")


CURRENCIES = {"USD": (1, "US Dollar"), "EUR": (2, "Euro"), "GBP": (3, "Pound Sterling")}
CURRENCIES["CAD"] = (4, "Canadian Dollar")


def _currency() -> Reference:
    ids = " ".join(f"WHEN '{c}' THEN {n}" for c, (n, _) in CURRENCIES.items())
    names = " ".join(f"WHEN '{c}' THEN '{n}'" for c, (_, n) in CURRENCIES.items())
    return Reference(
        {
            "id": Field(f"CASE t.currency {ids} END", "number"),
            "currencyCode": _text("currency"),
            "name": Field(f"CASE t.currency {names} END", "text"),
        },
        present="t.currency IS NOT NULL",
    )


def _info() -> Reference:
    return Reference(
        {
            "lastUpdated": _date("updated"),
            "updatedBy": _fixed("_info.updatedBy", "text", "'zAdmin'"),
        }
    )


_GUID = "printf('%08x-5a4d-4b0c-8e1f-%012x', t.id * 2654435761 % 4294967296, t.id)"
_EMPTY_LIST = Field("'[]'", "json")

COMPANY_STATUSES = {1: "Active", 2: "Inactive", 3: "Credit Hold"}

COMPANY = Entity(
    "companies",
    "Company",
    {
        "id": _number("id"),
        "identifier": _text("identifier"),
        "name": _text("name"),
        "status": Reference(
            {
                "id": _number("status_id"),
                "name": Field(_case("t.status_id", COMPANY_STATUSES), "text"),
            },
            present="t.status_id IS NOT NULL",
        ),
        "addressLine1": _text("address1"),
        "addressLine2": _text("address2"),
        "city": _text("city"),
        "state": _text("state"),
        "zip": _text("zip"),
        "country": _country("country"),
        "phoneNumber": _text("phone"),
        "faxNumber": _fixed("faxNumber", "text", "''"),
        "website": _text("website"),
        "territory": _constant_reference("territory", 10, "Corporate"),
        "market": _constant_reference("market", 4, "Small Business"),
        "accountNumber": _text("account_number"),
        "defaultContact": _contact_reference("defaultContact", "default_contact_id"),
        "dateAcquired": _fixed("dateAcquired", "date", "'2021-03-01T00:00:00Z'"),
        "annualRevenue": _fixed("annualRevenue", "number", "0.0"),
        "numberOfEmployees": _fixed("numberOfEmployees", "number", "5 + t.id % 90"),
        "leadFlag": _fixed("leadFlag", "flag", "0"),
        "unsubscribeFlag": _fixed("unsubscribeFlag", "flag", "0"),
        "taxIdentifier": _text("tax_identifier"),
        "taxCode": _constant_reference("taxCode", 8, "State and County"),
        "billingTerms": _constant_reference("billingTerms", 3, "Net 30 days"),
        "invoiceTemplate": _constant_reference("invoiceTemplate", 21, "Detailed"),
        "billToCompany": _company_reference("bill_to_company_id"),
        "billingSite": _site_reference("bill_to_company_id"),
        "billingContact": _contact_reference("billingContact", "billing_contact_id"),
        "invoiceDeliveryMethod": _constant_reference(
            "invoiceDeliveryMethod", 2, "E-mail"
        ),
        "invoiceToEmailAddress": _text("invoice_email"),
        "invoiceCCEmailAddress": _text("invoice_cc"),
        "deletedFlag": _flag("deleted"),
        "dateDeleted": _date("date_deleted"),
        "deletedBy": _text("deleted_by"),
        "mobileGuid": _fixed("mobileGuid", "text", _GUID),
        "currency": _currency(),
        "isVendorFlag": _fixed("isVendorFlag", "flag", "0"),
        "types": Field("t.types", "json", "types"),
        "site": _site_reference("id"),
        "_info": _info(),
        "customFields": _EMPTY_LIST,
    },
    openapi_names.COMPANY,
)

CONTACT = Entity(
    "contacts",
    "Contact",
    {
        "id": _number("id"),
        "firstName": _text("first_name"),
        "lastName": _text("last_name"),
        "company": _company_reference("company_id"),
        "site": _site_reference("company_id"),
        "inactiveFlag": _flag("inactive"),
        "title": _text("title"),
        "marriedFlag": _fixed("marriedFlag", "flag", "0"),
        "childrenFlag": _fixed("childrenFlag", "flag", "0"),
        "disablePortalLoginFlag": _fixed("disablePortalLoginFlag", "flag", "1"),
        "unsubscribeFlag": _fixed("unsubscribeFlag", "flag", "0"),
        "mobileGuid": _fixed("mobileGuid", "text", _GUID),
        "defaultBillingFlag": _flag("default_billing"),
        "defaultFlag": _flag("default_contact"),
        "companyLocation": Reference({}),
        "communicationItems": Field("t.items", "json", "items"),
        "types": _EMPTY_LIST,
        "customFields": _EMPTY_LIST,
        "ignoreDuplicates": Field("0", "flag"),
        "_info": _info(),
    },
    openapi_names.CONTACT,
)

INVOICE_TYPES = (
    "Agreement",
    "CreditMemo",
    "DownPayment",
    "Miscellaneous",
    "Progress",
    "Standard",
    "Consolidated",
)
INVOICE_STATUSES = {1: "New", 2: "Sent", 3: "Closed"}


def _billing_address(part: str) -> Field:
    sql = f"(SELECT r.{part} FROM companies r WHERE r.id = t.bill_to_company_id)"
    return Field(sql, "text")


INVOICE = Entity(
    "invoices",
    "Invoice",
    {
        "id": _number("id"),
        "invoiceNumber": _text("number"),
        "type": Field("t.type", "enum", "type", INVOICE_TYPES),
        "status": Reference(
            {
                "id": _number("status_id"),
                "name": Field(_case("t.status_id", INVOICE_STATUSES), "text"),
                "isClosed": Field("t.status_id = 3", "flag"),
            },
            present="t.status_id IS NOT NULL",
        ),
        "company": _company_reference("company_id"),
        "billToCompany": _company_reference("bill_to_company_id"),
        "shipToCompany": _company_reference("company_id"),
        "accountNumber": _billing_address("account_number"),
        "applyToType": Field(
            "coalesce(json_extract(t.extra, '$.applyToType'), 'All')",
            "enum",
            values=("All", "Agreement", "Project", "ProjectPhase", "SalesOrder"),
        ),
        "attention": _text("attention"),
        "billingSite": _site_reference("bill_to_company_id"),
        "billingSiteAddressLine1": _billing_address("address1"),
        "billingSiteAddressLine2": _billing_address("address2"),
        "billingSiteCity": _billing_address("city"),
        "billingSiteState": _billing_address("state"),
        "billingSiteZip": _billing_address("zip"),
        "billingSiteCountry": Field("'United States'", "text"),
        "billingTerms": _constant_reference("billingTerms", 3, "Net 30 days"),
        "reference": _text("reference"),
        "customerPO": _text("customer_po"),
        "templateSetupId": _fixed("templateSetupId", "number", "21"),
        "invoiceTemplate": _constant_reference("invoiceTemplate", 21, "Detailed"),
        "emailTemplateId": _fixed("emailTemplateId", "number", "3"),
        "addToBatchEmailList": _fixed("addToBatchEmailList", "flag", "0"),
        "date": _date("date"),
        "restrictDownpaymentFlag": _fixed("restrictDownpaymentFlag", "flag", "0"),
        "locationId": _fixed("locationId", "number", "10"),
        "departmentId": _fixed("departmentId", "number", "11"),
        "topComment": _text("top_comment"),
        "taxableFlag": _fixed("taxableFlag", "flag", "1"),
        "taxCode": _constant_reference("taxCode", 8, "State and County"),
        "currency": _currency(),
        "dueDate": _date("due_date"),
        "serviceTotal": _number("service_total"),
        "expenseTotal": _fixed("expenseTotal", "number", "0.0"),
        "productTotal": _number("product_total"),
        "agreementAmount": _number("agreement_amount"),
        "subtotal": _number("subtotal"),
        "total": _number("total"),
        "salesTax": _number("sales_tax"),
        "payments": _number("payments"),
        "credits": _number("credits"),
        "balance": Field("round(t.total - t.payments - t.credits, 2)", "number"),
        "_info": _info(),
        "customFields": _EMPTY_LIST,
    },
    openapi_names.INVOICE,
)

ENTITIES = {"companies": COMPANY, "contacts": CONTACT, "invoices": INVOICE}
