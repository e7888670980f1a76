"""The baseline reads the same data as the addon; otherwise its ratios mean nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timezone

import pytest

from benchmarks.baseline import Download, company_row, contact_row
from connectwise_client import ConnectWiseClient, Credentials
from connectwise_sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(companies=1200, invoices=0) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[ConnectWiseClient]:
    credentials = Credentials(
        sandbox.company_login_id,
        sandbox.public_key,
        sandbox.private_key,
        sandbox.client_id,
    )
    with ConnectWiseClient(
        sandbox.url, credentials, local_hosts=[sandbox.host]
    ) as client:
        yield client


@pytest.fixture(scope="module")
def download(sandbox: Sandbox) -> Iterator[Download]:
    download = Download(sandbox.url)
    with download.session:
        yield download


def moment(time) -> str | None:
    return time and f"{time.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def test_baseline_reads_the_companies_that_the_addon_reads(client, download):
    with ThreadPoolExecutor(4) as executor:
        rows = {
            record["id"]: company_row(record)
            for page in download.companies(executor)
            for record in page
        }
    assert rows == {
        company.id: (
            company.id,
            company.identifier,
            company.name,
            company.account_number,
            company.status,
            company.city,
            company.is_deleted,
            company.bill_to_company and company.bill_to_company.id,
            company.billing_contact and company.billing_contact.id,
            moment(company.last_updated),
        )
        for page in client.companies()
        for company in page.companies
    }


def test_baseline_reads_the_contacts_that_the_addon_reads(client, download, sandbox):
    ids = [company["contact_id"] for company in sandbox.export_companies()]
    ids = [number for number in ids if number]
    with ThreadPoolExecutor(4) as executor:
        rows = {
            record["id"]: contact_row(record)
            for page in download.contacts(executor, ids)
            for record in page
        }
    assert len(rows) > 900
    # The floor does not look at what the addresses are.
    is_no_address = {ref for ref, row in rows.items() if row[5] and "@" not in row[5]}
    for ref in is_no_address:
        rows[ref] = (*rows[ref][:5], None, *rows[ref][6:])
    assert rows == {
        contact.id: (
            contact.id,
            contact.first_name,
            contact.last_name,
            contact.title,
            contact.is_inactive,
            contact.email,
            contact.phone,
            moment(contact.last_updated),
        )
        for page, _skipped in client.contacts(ids)
        for contact in page
    }
