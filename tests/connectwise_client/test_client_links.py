"""Links to records, for a person's browser."""

import pytest

from connectwise_client import AddressError, record_url

PATH = "v4_6_release/services/system_io/router/openrecord.rails"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("na", "https://na.myconnectwise.net"),
        ("api-eu.myconnectwise.net", "https://eu.myconnectwise.net"),
        ("https://cw.example.com:8443/x", "https://cw.example.com:8443"),
        ("sandbox-na.myconnectwise.net", "https://sandbox-na.myconnectwise.net"),
    ],
)
def test_link_leads_to_the_host_that_people_use(address: str, origin: str) -> None:
    assert record_url(address, "acme", "company", 250) == (
        f"{origin}/{PATH}?recordType=CompanyFV&recid=250&companyName=acme"
    )


def test_link_to_a_contact_names_its_type() -> None:
    assert "recordType=ContactFV&recid=7&" in record_url("na", "acme", "contact", 7)


def test_login_id_is_quoted() -> None:
    assert record_url("na", " a&b ", "company", 1).endswith("companyName=a%26b")


def test_link_needs_a_valid_address() -> None:
    with pytest.raises(AddressError):
        record_url("javascript:alert(1)", "acme", "company", 1)
