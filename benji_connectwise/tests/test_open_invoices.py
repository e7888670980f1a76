"""Invoices that are still open in ConnectWise, and links to its pages."""

from lxml import html

from odoo.tests import tagged

from ..tools.mapping.connecting import link
from .contact_common import import_contact
from .test_why_this_pdf import WhyCommon

NEW, CLOSED = 1, 3
"""Statuses of the sandbox; the last one is a closed one."""


class OpenCommon(WhyCommon):
    def set_status(self, number, status):
        ref = self.sandbox_invoice(number)["id"]
        self.sandbox.patch_invoice(ref, {"status": {"id": status}})

    def open_invoice(self, number="CW1001"):
        self.set_status(number, NEW)
        return self.invoice(number)


@tagged("post_install", "-at_install")
class TestUsed(OpenCommon):
    """By default its PDF is used, and people are told."""

    def test_invoice_says_that_it_is_open(self):
        move = self.open_invoice()
        self.assertChosen(move, "connectwise")
        self.assertIn("still open in ConnectWise (New)", self.why(move))

    def test_closed_invoice_is_not_called_open(self):
        self.set_status("CW1001", CLOSED)
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.assertNotIn("open in ConnectWise (", self.why(move))
        self.assertFalse(self.as_opened(move).connectwise_is_open)
        self.assertNotIn("benji_connectwise_open", self.alerts(move))

    def test_invoice_without_a_status_is_not_called_open(self):
        """ConnectWise leaves empty fields out."""
        ref = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(ref, {"status": None})
        move = self.invoice("CW1001")
        self.assertChosen(move, "connectwise")
        self.assertFalse(self.as_opened(move).connectwise_is_open)

    def test_send_dialog_names_the_status(self):
        message = self.alerts(self.open_invoice())["benji_connectwise_open"]["message"]
        self.assertIn("still open in ConnectWise (status: New)", message)

    def test_batch_dialog_counts_and_opens_open_invoices(self):
        move = self.open_invoice()
        self.set_status("CW1002", CLOSED)
        alert = self.alerts(move + self.invoice("CW1002"))["benji_connectwise_open"]
        self.assertIn("1 of 2", alert["message"])
        self.assertEqual(alert["action"]["res_id"], move.id)

    def test_nobody_is_warned_where_odoos_pdf_is_preferred(self):
        move = self.open_invoice()
        move._get_preferred_invoice_pdf()
        move.invoice_pdf_preference = "odoo"
        self.assertNotIn("benji_connectwise_open", self.alerts(move))

    def test_open_invoices_can_be_filtered_for(self):
        move = self.open_invoice()
        move._get_preferred_invoice_pdf()
        mine = ("id", "=", move.id)
        self.assertTrue(self.find(mine, ("connectwise_is_open", "=", True)))
        self.assertFalse(self.find(mine, ("connectwise_is_open", "=", False)))
        move.invoice_pdf_preference = "odoo"
        self.assertFalse(self.find(mine, ("connectwise_is_open", "=", True)))

    def test_invoice_closed_meanwhile_is_no_longer_called_open(self):
        move = self.open_invoice()
        move._get_preferred_invoice_pdf()
        self.set_status("CW1001", CLOSED)
        move.action_refresh_pdf()
        self.assertFalse(self.as_opened(move).connectwise_is_open)


@tagged("post_install", "-at_install")
class TestWaitedFor(OpenCommon):
    """A connection may treat it as not yet there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.with_user(cls.administrator).open_invoices = "wait"

    def test_next_source_is_used(self):
        move = self.open_invoice()
        self.assertChosen(move, "odoo")
        self.assertIn("still open there (status: New)", self.why(move))

    def test_send_dialog_says_why_odoos_pdf_is_sent(self):
        alerts = self.alerts(self.open_invoice())
        message = alerts["benji_connectwise_pdf_source"]["message"]
        self.assertIn("still open there (status: New)", message)
        self.assertNotIn("benji_connectwise_open", alerts)

    def test_invoice_is_held_where_missing_pdfs_are_waited_for(self):
        self.backend.missing_pdf = "hold"
        move = self.open_invoice()
        move._get_preferred_invoice_pdf()
        self.assertTrue(self.env["connectwise.held.invoice"]._must_wait(move))

    def test_pdf_is_used_once_the_invoice_is_closed(self):
        move = self.open_invoice()
        self.assertChosen(move, "odoo")
        self.set_status("CW1001", CLOSED)
        move.action_refresh_pdf()
        self.assertChosen(move, "connectwise")

    def test_setting_for_open_invoices_takes_effect_at_once(self):
        self.backend.open_invoices = "use"
        move = self.open_invoice()
        self.assertChosen(move, "connectwise")
        self.backend.open_invoices = "wait"
        self.assertChosen(move, "odoo")
        self.backend.open_invoices = "use"
        self.assertChosen(move, "connectwise")

    def test_pdf_that_was_sent_stays(self):
        """A customer has received it."""
        self.backend.open_invoices = "use"
        move = self.open_invoice()
        move.sudo().connectwise_sent_checksum = (
            move._get_preferred_invoice_pdf().checksum
        )
        self.backend.open_invoices = "wait"
        self.assertChosen(move, "connectwise")

    def test_open_invoice_of_another_customer_is_refused_as_such(self):
        """The status is weighed last."""
        self.set_status("CW1001", NEW)
        move = self.invoice("CW1001", amount=1)
        move._get_preferred_invoice_pdf()
        self.assertIn("its amount is", self.why(move))


@tagged("post_install", "-at_install")
class TestLinks(OpenCommon):
    """*Open in ConnectWise*."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.acme = (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "connectwise_ref": 4711,
                    "name": "Acme",
                    "contact_ref": 4712,
                    "contact_name": "Emma Diaz",
                    "contact_email": "emma@acme.example.com",
                }
            )
        )
        cls.row = (
            cls.env["connectwise.mapping"]
            .sudo()
            .create({"backend_id": cls.backend.id, "partner_id": cls.partner_b.id})
        )
        link(cls.row.env, [(cls.row.id, cls.acme.id, "manual")])
        cls.backend.sync_contacts = True
        import_contact(cls.row)

    def as_person(self, record):
        self.env.invalidate_all()
        return record.with_user(self.accountant).with_company(self.company)

    def assertLeadsTo(self, url, kind, ref):
        self.assertTrue(url.startswith(f"{self.sandbox.url}/v4_6_release/"), url)
        self.assertIn(f"recordType={kind}&recid={ref}&companyName=acme", url)

    def test_company_leads_to_connectwise(self):
        url = self.as_person(self.acme).connectwise_url
        self.assertLeadsTo(url, "CompanyFV", 4711)

    def test_customer_leads_to_its_company(self):
        url = self.as_person(self.partner_b).connectwise_url
        self.assertLeadsTo(url, "CompanyFV", 4711)

    def test_synced_contact_leads_to_the_contact(self):
        url = self.as_person(self.row.contact_id).connectwise_url
        self.assertLeadsTo(url, "ContactFV", 4712)

    def test_tab_leads_to_the_company_of_the_invoice(self):
        move = self.open_invoice()
        move._get_preferred_invoice_pdf()
        [url] = html.fromstring(self.why(move)).xpath("//a/@href")
        self.assertLeadsTo(
            url, "CompanyFV", move.connectwise_lookup_ids.hit_ids.company_ref
        )

    def test_customer_without_a_company_leads_nowhere(self):
        self.assertFalse(self.as_person(self.partner_a).connectwise_url)

    def test_company_of_another_connectwise_leads_nowhere(self):
        """Its id means another company there."""
        self.backend.company_login_id = "another"
        for record in (self.acme, self.partner_b, self.row.contact_id):
            with self.subTest(record._name):
                self.assertFalse(self.as_person(record).connectwise_url)

    def test_invalid_address_gives_no_link(self):
        self.env.cr.execute(
            "UPDATE connectwise_backend SET server_url = 'javascript:alert(1)'"
        )
        self.assertFalse(self.as_person(self.acme).connectwise_url)
