"""PDFs that customers see in the portal."""

from odoo.tests import HttpCase, tagged

from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestPortal(ConnectwiseCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")
        cls.pdf = cls.sandbox.invoice_pdf(cls.sandbox_invoice("CW1001")["id"])

    def portal(self, **options):
        return self.url_open(self.move.get_portal_url(**options), allow_redirects=False)

    def test_customer_downloads_the_chosen_pdf(self):
        response = self.portal(report_type="pdf", download=True)
        self.assertEqual(response.content, self.pdf)
        self.assertEqual(response.headers["Content-Type"], "application/pdf")

    def test_customer_views_the_chosen_pdf(self):
        self.assertEqual(self.portal(report_type="pdf").content, self.pdf)

    def test_preview_shows_the_pdf_and_a_link_to_it(self):
        """Odoo's page measures its frame, which has to be there."""
        page = self.portal(report_type="html").text
        for part in ('id="wrapwrap"', "<iframe", "report_type=pdf", "download=true"):
            self.assertIn(part, page)

    def test_preview_of_odoos_pdf_is_unchanged(self):
        self.set_priority("odoo")
        self.assertNotIn("<iframe", self.portal(report_type="html").text)

    def test_customer_does_not_see_the_sources(self):
        page = self.portal()
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("ConnectWise", page.text)

    def test_nothing_is_shown_without_the_token(self):
        for report_type in ("pdf", "html"):
            for token in ("", "wrong"):
                url = f"/my/invoices/{self.move.id}?report_type={report_type}"
                response = self.url_open(
                    f"{url}&access_token={token}", allow_redirects=False
                )
                self.assertNotEqual(response.status_code, 200)
                self.assertNotIn(b"%PDF", response.content)
        self.assertFalse(self.requests(), "a stranger made Odoo ask ConnectWise")

    def test_only_the_owner_sees_the_invoice(self):
        user = self._create_new_portal_user()
        url = f"/my/invoices/{self.move.id}?report_type=pdf"
        self.authenticate("portal_user", "portal_user")
        self.assertNotIn(b"%PDF", self.url_open(url, allow_redirects=False).content)
        self.move.button_draft()
        self.move.partner_id = user.partner_id
        self.move.action_post()
        self.assertEqual(self.url_open(url).content, self.pdf)

    def test_office_user_downloads_and_prints_the_chosen_pdf(self):
        self.authenticate("connectwise_accountant", "connectwise_accountant")
        for url in (
            f"/account/download_invoice_documents/{self.move.id}/pdf",
            f"/report/pdf/account.report_invoice_with_payments/{self.move.id}",
        ):
            with self.subTest(url):
                response = self.url_open(url)
                self.assertEqual(response.content, self.pdf)
                self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
