"""News for followers, and figures for Odoo's digest."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tests.common import RecordCapturer

from ..tools.invoice_pdf.fetching import fetch_anew
from .contact_common import ContactCommon, import_contact
from .sending_common import SendingCommon


class FollowingCommon:
    def follow(self, record, *subtypes):
        kinds = [self.env.ref(f"benji_connectwise.{name}").id for name in subtypes]
        record.message_subscribe(self.administrator.partner_id.ids, kinds)

    def news(self, record, subtype):
        kind = self.env.ref(f"benji_connectwise.{subtype}")
        return record.message_ids.filtered(lambda message: message.subtype_id == kind)


@tagged("post_install", "-at_install")
class TestNewsOfInvoices(FollowingCommon, SendingCommon):
    def send_and_change(self):
        move = self.invoice("CW1001")
        self.send(move)
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        return move

    def test_follower_learns_once_that_the_pdf_changed_since_it_was_sent(self):
        move = self.send_and_change()
        self.follow(move, "mt_pdf_changed")
        self.look_at_changes()
        message = self.news(move, "mt_pdf_changed")
        self.assertIn("changed this invoice", message.body)
        self.assertEqual(message.notified_partner_ids, self.administrator.partner_id)
        self.look_at_changes()
        self.assertEqual(self.news(move, "mt_pdf_changed"), message)

    def test_nobody_gets_news_that_he_does_not_follow(self):
        """An invoice that nobody follows for it gets no message at all."""
        move = self.send_and_change()
        self.follow(move, "mt_pdf_refused")
        self.look_at_changes()
        self.assertTrue(move.connectwise_pdf_changed)
        self.assertFalse(self.news(move, "mt_pdf_changed"))

    def test_follower_learns_why_an_invoice_was_refused(self):
        move = self.invoice("CW1001", amount=1)
        self.follow(move, "mt_pdf_refused")
        fetch_anew(move)
        self.assertIn("amount", self.news(move, "mt_pdf_refused").body)

    def test_customer_neither_gets_nor_sees_the_news(self):
        """They may name another customer."""
        kinds = ("mt_pdf_changed", "mt_pdf_refused", "mt_contact_changed")
        for name in kinds:
            self.assertTrue(self.env.ref(f"benji_connectwise.{name}").internal)
        move = self.invoice("CW1001", amount=1)
        kind = self.env.ref("benji_connectwise.mt_pdf_refused")
        move.message_subscribe(self.partner_a.ids, kind.ids)
        fetch_anew(move)
        self.assertNotIn(
            self.partner_a, self.news(move, "mt_pdf_refused").notified_partner_ids
        )


@tagged("post_install", "-at_install")
class TestNewsOfContacts(FollowingCommon, ContactCommon):
    def test_follower_of_a_customer_learns_of_its_new_contact(self):
        self.follow(self.customer, "mt_contact_changed")
        import_contact(self.mapping)
        self.acme.contact_email = "new@acme.example.com"
        import_contact(self.mapping)
        newest, first = self.news(self.customer, "mt_contact_changed")
        self.assertIn("emma@acme.example.com", first.body)
        self.assertIn("new@acme.example.com", newest.body)

    def test_unchanged_contact_is_no_news(self):
        import_contact(self.mapping)
        self.follow(self.customer, "mt_contact_changed")
        with RecordCapturer(self.env["mail.message"]) as messages:
            import_contact(self.mapping)
        self.assertFalse(messages.records)

    def test_names_from_connectwise_are_escaped(self):
        self.acme.contact_name = "<b>Emma</b>"
        self.follow(self.customer, "mt_contact_changed")
        import_contact(self.mapping)
        self.assertNotIn("<b>", self.news(self.customer, "mt_contact_changed").body)


@tagged("post_install", "-at_install")
class TestDigest(SendingCommon):
    def figures(self, user=None):
        now = fields.Datetime.now()
        digest = self.env["digest.digest"].create(
            {"name": "Invoices", "company_id": self.company.id}
        )
        digest = digest.with_user(user or self.accountant).with_context(
            start_datetime=now - timedelta(days=1),
            end_datetime=now + timedelta(minutes=1),
        )
        return (
            digest.kpi_connectwise_sent_value,
            digest.kpi_connectwise_other_value,
        )

    def test_digest_counts_invoices_by_the_pdf_they_were_sent_with(self):
        self.send(self.invoice("CW1001"))
        self.send(self.invoice("CW1002"))
        self.send(self.invoice("NOT-THERE-1", amount=1))
        self.invoice("CW1003")
        self.assertEqual(self.figures(), (2, 1))

    def test_people_outside_invoicing_get_no_figures(self):
        employee = new_test_user(self.env, "connectwise_employee", "base.group_user")
        with self.assertRaises(AccessError):
            self.figures(employee)


@tagged("post_install", "-at_install")
class TestAutomation(TransactionCase):
    def test_documented_fields_are_stored_for_automation_rules(self):
        """docs/automation.md lists them."""
        for model, names in (
            ("connectwise.backend", ["state"]),
            ("connectwise.lookup", ["state", "verdict", "has_pdf", "pdf_changed"]),
            ("connectwise.mapping", ["has_conflict"]),
        ):
            for name in names:
                self.assertTrue(self.env[model]._fields[name].store, name)
