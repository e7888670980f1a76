"""scripts/tenant-check: what is assumed of ConnectWise, tried on the sandbox."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from connectwise_client import Credentials
from connectwise_sandbox import Sandbox
from scripts import run_tenant_check
from scripts.tenant_checks import CHECKS, Tenant, dump, is_fine, run

# One that lasts would take as long as the client waits.
RECORDS = ["shape_object", "shape_strings", "null_fields", "no_id", "mistyped_fields"]
SHORT_FAULTS = {
    "any": [
        "refused",
        "reset_in_headers",
        "reset_in_body",
        "short_body",
        "cut_chunk",
        "rate_limit_day",
        "rate_limit_html",
        "server_error",
        "bad_gateway",
        "unavailable",
        "gateway_timeout",
        "unauthorized",
        "forbidden",
        "moved_codebase",
        "redirect_other_host",
        "html_200",
        "malformed_json",
        "shape_list",
        "shape_null",
        "oversized_body",
        "gzip_bomb",
    ],
    "companies": RECORDS,
    "contacts": RECORDS,
    "invoices": RECORDS,
    "invoice_pdf": [
        "pdf_html",
        "pdf_empty",
        "pdf_truncated",
        "pdf_bomb",
        "pdf_encrypted",
        "pdf_oversized",
    ],
}
FAULTS = [
    (fault, endpoint) for endpoint, faults in SHORT_FAULTS.items() for fault in faults
]


@pytest.fixture
def tenant(sandbox: Sandbox) -> Tenant:
    keys = (sandbox.public_key, sandbox.private_key, sandbox.client_id)
    credentials = Credentials(sandbox.company_login_id, *keys)
    return Tenant(sandbox.url, credentials, (sandbox.host,))


def test_sandbox_meets_every_assumption_about_connectwise(tenant: Tenant) -> None:
    report = run(tenant)
    wrong = {n: r for n, r in report["checks"].items() if not r["holds"]}
    assert wrong == {}
    assert is_fine(report)


@pytest.mark.parametrize(("fault", "endpoint"), FAULTS)
def test_tenant_check_notices_a_fault(
    tenant: Tenant, sandbox: Sandbox, fault: str, endpoint: str
) -> None:
    sandbox.fault(fault, endpoint, times=0)
    assert not is_fine(run(tenant))


def test_tenant_check_notices_an_older_server(tenant: Tenant, sandbox: Sandbox) -> None:
    sandbox.version = "2025.8"
    assert not run(tenant)["checks"]["version"]["holds"]


def test_tenant_check_changes_nothing(tenant: Tenant, sandbox: Sandbox) -> None:
    run(tenant)
    assert {request["method"] for request in sandbox.requests()} == {"GET"}


def test_report_holds_nobodys_data(tenant: Tenant, sandbox: Sandbox) -> None:
    text = dump(run(tenant))
    data = [
        *(str(company["name"]) for company in sandbox.export_companies()),
        *(str(invoice["number"]) for invoice in sandbox.export_invoices()),
        sandbox.public_key,
        sandbox.private_key,
        sandbox.client_id,
        sandbox.host,
    ]
    # Short ones are parts of ordinary words.
    assert [secret for secret in data if len(secret) > 3 and secret in text] == []


def test_sandbox_can_be_fed_a_report(tenant: Tenant, sandbox: Sandbox) -> None:
    report = run(tenant)
    checks = report["checks"]
    checks["version"]["seen"]["newest"] = "2027.2"
    checks["codebase"]["seen"]["codebase"] = "v2027_2/"
    checks["missing_client_id"]["seen"]["status"] = 400
    checks["callbacks"]["seen"] = {"allowed": False, "status": 403, "code": "Security"}
    sandbox.reset()
    sandbox.behave_like(json.loads(dump(report)))
    assert run(tenant)["checks"] == checks


def test_nothing_is_asked_before_a_person_agrees(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = [sandbox.url, sandbox.company_login_id, "x", "x", ""]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    monkeypatch.setattr("sys.argv", ["tenant-check"])
    monkeypatch.setattr(run_tenant_check, "getpass", lambda _prompt: "x")
    assert run_tenant_check.main() == 2
    printed = capsys.readouterr().out
    assert all(check.__name__ in printed for check in CHECKS)
    assert sandbox.requests() == []


def test_agreement_leads_to_a_report(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keys = (sandbox.public_key, sandbox.client_id)
    answers = [sandbox.url, sandbox.company_login_id, *keys, "y"]
    path = tmp_path / "report.json"
    monkeypatch.setenv("BENJI_CONNECTWISE_LOCAL_HOSTS", sandbox.host)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    monkeypatch.setattr("sys.argv", ["tenant-check", "--report", str(path)])
    monkeypatch.setattr(
        run_tenant_check, "getpass", lambda _prompt: sandbox.private_key
    )
    assert run_tenant_check.main() == 0
    assert is_fine(json.loads(path.read_text()))
    assert "WRONG" not in capsys.readouterr().out
