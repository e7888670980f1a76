"""PDFs that people see and download."""

import pytest
from odoo_with_demo import Odoo

NUMBER = "CW1004"
PRINT_MENU = "/report/pdf/account.report_invoice_with_payments"


def test_demo_opens_at_the_invoices(odoo: Odoo) -> None:
    """And not in Discuss."""
    logins = [["login", "in", ["admin", "accountant"]]]
    people = odoo.admin.call("res.users", "search_read", logins, ["action_id"])
    assert [person["action_id"][1] for person in people] == ["Invoices", "Invoices"]


def test_customer_downloads_connectwises_pdf(odoo: Odoo) -> None:
    """In the portal, by *Download*."""
    response = odoo.stranger.get(odoo.portal(NUMBER, report_type="pdf", download=True))
    assert response.content == odoo.connectwise_pdf(NUMBER)
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_customer_views_connectwises_pdf(odoo: Odoo) -> None:
    """In the portal, inline."""
    response = odoo.stranger.get(odoo.portal(NUMBER, report_type="pdf"))
    assert response.content == odoo.connectwise_pdf(NUMBER)
    assert response.headers["Content-Type"] == "application/pdf"


def test_portal_page_frames_connectwises_pdf(odoo: Odoo) -> None:
    """Odoo's page would frame its own rendering."""
    page = odoo.stranger.get(odoo.portal(NUMBER, report_type="html"))
    assert "<iframe" in page.text


@pytest.mark.parametrize("report_type", ["pdf", "html"])
def test_wrong_token_opens_nothing(odoo: Odoo, report_type: str) -> None:
    response = odoo.stranger.get(
        f"/my/invoices/{odoo.invoice(NUMBER)}",
        params={"access_token": "wrong", "report_type": report_type},
    )
    assert b"%PDF" not in response.content
    assert NUMBER not in response.text


def test_print_menu_gives_connectwises_pdf(odoo: Odoo) -> None:
    response = odoo.accountant.get(f"{PRINT_MENU}/{odoo.invoice(NUMBER)}")
    assert response.content == odoo.connectwise_pdf(NUMBER)


def test_print_menu_gives_odoos_pdf_if_connectwise_has_none(odoo: Odoo) -> None:
    response = odoo.accountant.get(f"{PRINT_MENU}/{odoo.invoice('HW2002')}")
    assert response.content.startswith(b"%PDF")


def test_download_gives_connectwises_pdf(odoo: Odoo) -> None:
    """Browsers are told to take it for nothing else."""
    move = odoo.invoice(NUMBER)
    response = odoo.accountant.get(f"/account/download_invoice_documents/{move}/pdf")
    assert response.content == odoo.connectwise_pdf(NUMBER)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
