"""Answers agree with ConnectWise's published OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connectwise_sandbox import openapi_names

from .conftest import Client

_PREFIX = "#/components/schemas/"


def _converted(node: Any, known: set[str]) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema that allows no property it does not name."""
    if isinstance(node, list):
        return [_converted(item, known) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix(_PREFIX)
        # Schemas that the extract leaves out count as any object.
        return {"$ref": f"#/$defs/{name}"} if name in known else {"type": "object"}
    made = {key: _converted(value, known) for key, value in node.items()}
    if "properties" in node:
        made["properties"] = {
            key: _converted(value, known) for key, value in node["properties"].items()
        }
        made["additionalProperties"] = False
    if made.pop("nullable", False):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


@pytest.fixture(scope="session")
def validators(openapi: dict[str, Any]) -> dict[str, Draft202012Validator]:
    schemas = openapi["components"]["schemas"]
    definitions = _converted({"x": schemas}, set(schemas))["x"]
    return {
        name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})
        for name in schemas
    }


LISTS = [
    ("company/companies", "Company"),
    ("company/contacts", "Contact"),
    ("finance/invoices", "Invoice"),
]


@pytest.mark.parametrize(("path", "name"), LISTS)
def test_every_record_of_a_list_is_valid(
    client: Client, validators: Any, path: str, name: str
) -> None:
    for record in client.get(path, pageSize=1000).json():
        validators[name].validate(record)


@pytest.mark.parametrize(("path", "name"), LISTS)
def test_single_record_is_valid(
    client: Client, validators: Any, path: str, name: str
) -> None:
    number = client.ids(path)[-1]
    validators[name].validate(client.get(f"{path}/{number}").json())


@pytest.mark.parametrize(("path", "name"), LISTS)
def test_count_is_valid(client: Client, validators: Any, path: str, name: str) -> None:
    validators["Count"].validate(client.get(f"{path}/count").json())


@pytest.mark.parametrize("name", ["Company", "Contact", "Invoice"])
def test_known_names_are_those_of_the_document(
    openapi: dict[str, Any], name: str
) -> None:
    published = set(openapi["components"]["schemas"][name]["properties"])
    assert getattr(openapi_names, name.upper()) == published


def test_validator_refuses_a_property_that_does_not_exist(validators: Any) -> None:
    wrong = {"identifier": "A", "name": "A", "vatNumber": "1"}
    assert not validators["Company"].is_valid(wrong)


def test_patched_record_is_valid(client: Client, validators: Any) -> None:
    client.sandbox.patch_company(1001, {"parentCompany": {"id": 1002}, "name": "N"})
    validators["Company"].validate(client.get("company/companies/1001").json())


def test_created_record_is_valid(client: Client, validators: Any) -> None:
    made = client.sandbox.create_invoice({"company": {"id": 1001}})
    validators["Invoice"].validate(made)


def test_invoice_numbers_are_no_longer_than_15(client: Client) -> None:
    records = client.get("finance/invoices", pageSize=1000).json()
    assert max(len(r.get("invoiceNumber", "")) for r in records) == 15
