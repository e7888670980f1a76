"""The client's requests agree with ConnectWise's OpenAPI document.

Prism stands between the client and the sandbox. It refuses a request that the document
does not allow, and an answer of the sandbox that the document does not describe. Prism
lets unknown names pass; they are compared here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from connectwise_client import (
    BACKGROUND,
    ConnectWiseClient,
    Credentials,
    IdRange,
)
from connectwise_sandbox import Sandbox

from .conftest import API

PRISM = Path(__file__).parents[2] / ".local/prism/node_modules/.bin/prism"
SINCE = datetime(2020, 1, 1, tzinfo=timezone.utc)
SCHEMAS = {
    "/company/companies": "Company",
    "/company/contacts": "Contact",
    "/finance/invoices": "Invoice",
}


def _for_prism(openapi: dict[str, Any]) -> dict[str, Any]:
    """Return the document below the codebase's path, with gaps of the extract filled.

    Without ``required``: ``fields`` leaves properties out, and no schema says so.
    """
    components = {
        name: {key: value for key, value in schema.items() if key != "required"}
        for name, schema in openapi["components"]["schemas"].items()
    }
    named = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(openapi))
    return {
        "openapi": "3.0.1",
        "info": openapi["info"],
        "paths": {f"/{API}{path}": item for path, item in openapi["paths"].items()},
        "components": {"schemas": {**{name: {} for name in named}, **components}},
    }


@pytest.fixture(scope="module")
def proxy(
    openapi: dict[str, Any], running: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run Prism in front of the sandbox; return its ``host:port``."""
    if not shutil.which("node"):
        pytest.skip("Prism needs Node, which is not here")
    if not PRISM.is_file():
        pytest.skip("Prism is not here; scripts/setup test installs it with npm")
    document = tmp_path_factory.mktemp("prism") / "openapi.json"
    document.write_text(json.dumps(_for_prism(openapi)))
    command = [PRISM, "proxy", "--errors", "--port", "0", document, running.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            for line in process.stdout:
                if found := re.search(r"listening on http://(\S+:\d+)", line):
                    break
            assert found, "Prism did not start"
            yield found[1]
        finally:
            process.terminate()


@pytest.fixture
def client(proxy: str, sandbox: Sandbox) -> Iterator[ConnectWiseClient]:
    credentials = Credentials(
        sandbox.company_login_id,
        sandbox.public_key,
        sandbox.private_key,
        sandbox.client_id,
    )
    with ConnectWiseClient(
        f"http://{proxy}", credentials, BACKGROUND, [proxy], "v4_6_release"
    ) as client:
        yield client


@pytest.fixture
def asked(
    client: ConnectWiseClient, sandbox: Sandbox, openapi: dict[str, Any]
) -> Iterator[None]:
    """Compare the names in the sandbox's requests with the document."""
    yield
    assert sandbox.requests()
    for request in sandbox.requests():
        path = re.sub(r"/\d+", "/{id}", request["path"].removeprefix(f"/{API}"))
        query = dict(parse_qsl(request["query"]))
        parameters = openapi["paths"][path]["get"]["parameters"]
        assert set(query) <= {p["name"] for p in parameters if p["in"] == "query"}
        if "fields" in query:
            schema = openapi["components"]["schemas"][SCHEMAS[path]]
            assert set(query["fields"].split(",")) <= set(schema["properties"])


pytestmark = pytest.mark.usefixtures("asked")


def test_request_for_all_companies_is_valid(client: ConnectWiseClient) -> None:
    assert any(page.companies for page in client.companies())


def test_request_for_a_range_of_companies_is_valid(client: ConnectWiseClient) -> None:
    assert any(page.companies for page in client.companies([IdRange(500, 2000)]))


def test_request_for_changed_companies_is_valid(client: ConnectWiseClient) -> None:
    pages = client.companies([IdRange(500)], changed_since=SINCE)
    assert any(page.companies for page in pages)


def test_requests_for_the_count_and_the_greatest_id_are_valid(
    client: ConnectWiseClient,
) -> None:
    count, ranges = client.company_ranges()
    assert count and ranges


def test_request_for_contacts_by_id_is_valid(client: ConnectWiseClient) -> None:
    assert list(client.contacts([5001, 5002]))


def test_request_for_changed_contacts_is_valid(client: ConnectWiseClient) -> None:
    assert list(client.changed_contacts(SINCE))


def test_request_for_invoices_by_date_is_valid(client: ConnectWiseClient) -> None:
    days = (date(2025, 1, 1), date(2027, 12, 31))
    _count, ranges = client.invoice_ranges(*days)
    assert any(page.invoices for page in client.invoices(*days, ranges))


def test_request_for_changed_invoices_is_valid(client: ConnectWiseClient) -> None:
    assert list(client.changed_invoices(SINCE))


def test_request_for_the_count_of_invoices_is_valid(client: ConnectWiseClient) -> None:
    assert client.count_invoices(date(2025, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("numbers", [["CW1001"], ["CW1001", "CW1002"]])
def test_request_for_invoices_by_number_is_valid(
    client: ConnectWiseClient, numbers: list[str]
) -> None:
    ((invoices, _skipped),) = client.find_invoices(numbers)
    assert [invoice.number for invoice in invoices] == numbers


def test_request_for_invoices_by_id_is_valid(client: ConnectWiseClient) -> None:
    assert list(client.get_invoices([20001, 20002]))


def test_request_for_a_pdf_is_valid(client: ConnectWiseClient) -> None:
    assert client.download_invoice_pdf(20001)


def test_requests_for_the_rights_of_the_api_member_are_valid(
    client: ConnectWiseClient,
) -> None:
    report = client.check_access(include_contacts=True)
    assert [check.state for check in report.checks] == ["granted"] * 3
