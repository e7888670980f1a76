"""A running sandbox for every test, and the published schema to compare it with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connectwise_sandbox import Sandbox

API = "v4_6_release/apis/3.0"
_DOCUMENT = "connectwise-openapi-2026.4-extract.json"


class Client:
    """Plain requests with the keys of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.auth = (
            f"{sandbox.company_login_id}+{sandbox.public_key}",
            sandbox.private_key,
        )
        self.session.headers["clientId"] = sandbox.client_id

    def get(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        timeout: float = 5,
        **query: Any,
    ) -> requests.Response:
        return self.session.get(
            f"{self.sandbox.url}/{API}/{path}",
            params=query,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )

    def ids(self, path: str, **query: Any) -> list[int]:
        response = self.get(path, **{"fields": "id", "pageSize": 1000, **query})
        assert response.status_code == 200, response.text
        return [record["id"] for record in response.json()]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(seed=1, companies=40, invoices=120) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    yield client
    client.session.close()


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    usual = Path(__file__).parents[3] / "shared" / _DOCUMENT
    path = Path(os.environ.get("CONNECTWISE_OPENAPI", usual))
    if not path.is_file():
        pytest.skip(
            "ConnectWise's OpenAPI document is not here;"
            " set CONNECTWISE_OPENAPI to its path"
        )
    return dict(json.loads(path.read_text(encoding="utf-8")))
