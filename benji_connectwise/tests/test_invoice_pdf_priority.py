"""Invoice PDF Priority."""

from lxml import etree
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ConnectwiseCommon
from .why_common import WhyCommon


@tagged("post_install", "-at_install")
class TestPriority(WhyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("CW1001")

    def sources(self):
        return self.env["invoice.pdf.source"].search(
            [("company_id", "=", self.company.id)]
        )

    def test_empty_priority_uses_odoos_pdf(self):
        self.set_priority()
        with self.no_requests():
            self.assertChosen(self.move, "odoo")

    def test_company_that_is_not_used_yet_can_be_deleted(self):
        company = self.env["res.company"].create({"name": "Never used"})
        source = self.env["invoice.pdf.source"].create(
            {"company_id": company.id, "source": "odoo"}
        )
        company.unlink()
        self.assertFalse(source.exists())

    def test_unlisted_source_is_never_used(self):
        self.set_priority("attachment")
        with self.no_requests():
            self.assertChosen(self.move, "odoo")

    def test_first_source_wins(self):
        self.set_priority("odoo", "connectwise")
        with self.no_requests():
            self.assertChosen(self.move, "odoo")

    def test_changing_the_order_takes_effect_at_once(self):
        """It does for an invoice that was shown before."""
        self.assertChosen(self.move, "connectwise")
        self.sources()[1].action_move_up()
        self.assertChosen(self.move, "odoo")
        self.sources()[0].action_move_down()
        self.assertChosen(self.move, "connectwise")

    def test_arrow_at_the_end_of_the_list_does_nothing(self):
        self.sources()[0].action_move_up()
        self.sources()[-1].action_move_down()
        self.assertEqual(self.sources().mapped("source"), ["connectwise", "odoo"])

    def test_order_persists(self):
        self.sources()[1].action_move_up()
        self.env.invalidate_all()
        self.assertEqual(self.sources().mapped("source"), ["odoo", "connectwise"])

    def test_source_cannot_be_added_twice(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["invoice.pdf.source"].create(
                {"company_id": self.company.id, "source": "odoo"}
            )
            self.env.flush_all()

    def test_source_can_be_removed(self):
        self.sources()[0].with_user(self.administrator).unlink()
        self.assertChosen(self.move, "odoo")

    def test_new_source_comes_last(self):
        self.set_priority("odoo")
        line = (
            self.env["invoice.pdf.source"]
            .with_user(self.administrator)
            .create({"source": "connectwise"})
        )
        self.assertEqual(self.sources()[-1], line)

    def test_several_new_sources_keep_their_order(self):
        self.set_priority()
        self.env["invoice.pdf.source"].create(
            [
                {"company_id": self.company.id, "source": source}
                for source in ("attachment", "odoo", "connectwise")
            ]
        )
        self.assertEqual(self.sources().mapped("sequence"), [1, 2, 3])

    def test_only_the_invoicing_administrator_changes_the_priority(self):
        line = self.sources()[0].with_user(self.accountant)
        self.assertTrue(line.source)
        for change in (line.action_move_down, line.unlink):
            with self.assertRaises(AccessError):
                change()

    def test_odoos_pdf_is_used_if_no_listed_source_has_one(self):
        self.set_priority("connectwise")
        move = self.invoice("NOT-THERE-1", amount=1)
        self.assertChosen(move, "odoo")

    def test_invoices_can_be_searched_by_source(self):
        """One filter finds those whose PDF is not from the first source."""
        other = self.invoice("NOT-THERE-1", amount=1)
        moves = self.move + other
        moves._get_preferred_invoice_pdfs()
        Move = self.env["account.move"].with_user(self.accountant)

        def found(field, value):
            return Move.search([("id", "in", moves.ids), (field, "=", value)]).sudo()

        self.assertEqual(found("invoice_pdf_source", "connectwise"), self.move)
        self.assertEqual(found("invoice_pdf_source", "odoo"), other)
        self.assertEqual(found("invoice_pdf_is_first_choice", False), other)
        self.assertEqual(found("invoice_pdf_is_first_choice", True), self.move)

    def test_search_by_source_agrees_with_the_displayed_source(self):
        """Every order of the sources is tried."""
        self.move.invoice_pdf_attachment_id = self.attach(self.move)
        others = self.invoice("NOT-THERE-1", amount=1) + self.invoice("CW1002")
        moves = self.move + others
        moves._get_preferred_invoice_pdfs()
        for sources in (
            ("connectwise", "attachment", "odoo"),
            ("attachment", "connectwise"),
            ("odoo", "connectwise"),
            (),
        ):
            self.set_priority(*sources)
            for source in ("connectwise", "attachment", "odoo"):
                with self.subTest(sources=sources, source=source):
                    self.assertEqual(
                        moves.search(
                            [
                                ("id", "in", moves.ids),
                                ("invoice_pdf_source", "=", source),
                            ]
                        ),
                        moves.filtered(
                            lambda move, source=source: (
                                move.invoice_pdf_source == source
                            )
                        ),
                    )

    def test_search_by_source_considers_e_invoicing(self):
        """The format may be chosen, or suggested by Odoo for a country."""
        italy, usa = self.env.ref("base.it"), self.env.ref("base.us")
        # As the localizations of some countries do.
        self.patch(
            self.env.registry["res.partner"],
            "_get_suggested_invoice_edi_format",
            lambda partner: partner.country_id == italy and "facturx",
        )
        moves = self.env["account.move"]
        for country, chosen in (
            (usa, False),
            (usa, "facturx"),
            (italy, "none"),
            (italy, False),
            (self.env["res.country"], False),
        ):
            partner = self.partner_a.copy({"country_id": country.id})
            partner.with_company(self.company).invoice_edi_format_store = chosen
            move = self.invoice(f"E{len(moves)}", amount=1, partner_id=partner.id)
            move.invoice_pdf_attachment_id = self.attach(move)
            moves += move
        self.set_priority("attachment", "odoo")
        found = moves.search(
            [("id", "in", moves.ids), ("invoice_pdf_source", "=", "attachment")]
        )
        self.assertEqual(found, moves[0] + moves[2] + moves[4])
        self.assertEqual(
            found,
            moves.filtered(lambda move: move.invoice_pdf_source == "attachment"),
        )


@tagged("post_install", "-at_install")
class TestPriorityList(ConnectwiseCommon):
    """What the editor of Invoice PDF Priority shows beside each source."""

    def lines(self, user=None):
        return (
            self.env["invoice.pdf.source"]
            .with_user(user or self.administrator)
            .search([("company_id", "=", self.company.id)])
        )

    def test_sources_are_numbered_in_their_order(self):
        self.set_priority("connectwise", "attachment", "odoo")
        lines = self.lines()
        self.assertEqual(lines.mapped("rank"), [1, 2, 3])
        self.assertEqual(lines.mapped("is_last"), [False, False, True])
        lines[2].action_move_up()
        self.assertEqual(lines.mapped("rank"), [1, 3, 2])

    def test_dragging_numbers_the_sources_anew(self):
        self.set_priority("connectwise", "odoo", "attachment")
        first, odoo, last = self.lines()
        self.assertTrue(last.warning)
        result = (last + first + odoo).web_resequence({"rank": {}, "warning": {}})
        self.assertEqual([line["rank"] for line in result], [1, 2, 3])
        self.assertFalse(any(line["warning"] for line in result))

    def test_taken_sources_are_not_offered(self):
        self.set_priority("connectwise", "odoo")
        with Form(self.env["invoice.pdf.source"].with_user(self.administrator)) as new:
            self.assertEqual(new.free_sources, ["", "attachment"])
            self.assertEqual(new.rank, 3)
            new.source = "attachment"
            self.assertEqual(new.free_sources, ["", "attachment"])
        self.assertEqual(self.lines()[-1].source, "attachment")
        self.assertEqual(
            Form(self.env["invoice.pdf.source"]).free_sources, [""], "all are taken"
        )

    def test_source_behind_odoo_is_marked_as_never_used(self):
        self.set_priority("attachment", "odoo", "connectwise")
        self.assertEqual(
            [bool(line.warning) for line in self.lines()], [False, False, True]
        )
        self.assertIn("Odoo, above it", self.lines()[2].warning)

    def test_connectwise_without_a_connection_is_marked(self):
        self.set_priority("connectwise", "odoo")
        self.backend.active = False
        self.assertIn("not connected", self.lines()[0].warning)

    def test_people_who_may_not_change_the_order_see_no_buttons(self):
        def buttons(user):
            view = (
                self.env["invoice.pdf.source"]
                .with_user(user)
                .get_view(view_type="list")
            )
            return etree.fromstring(view["arch"]).xpath(
                "//button | //field[@widget='handle']"
            )

        self.assertEqual(len(buttons(self.administrator)), 4)
        self.assertFalse(buttons(self.accountant))
        self.assertEqual(self.lines(self.accountant).mapped("rank"), [1, 2])


@tagged("post_install", "-at_install")
class TestIntegrationsPage(ConnectwiseCommon):
    def page(self, user=None):
        return (
            self.env["connectwise.integrations"]
            .with_user(user or self.administrator)
            .create({})
        )

    def test_page_counts_odoos_pdfs_where_odoo_is_not_listed(self):
        """Odoo's PDF is then the last resort."""
        self.set_priority("connectwise")
        self.invoice("CW1001")
        statistics = self.page().pdf_statistics
        self.assertNotIn("Odoo", statistics)
        self.invoice("UNKNOWN-1", amount=1, invoice_date=fields.Date.today())
        self.assertIn("1 Odoo", self.page().pdf_statistics)

    def test_page_shows_the_priority_in_its_order(self):
        self.assertEqual(self.page().priority, "1 ConnectWise PSA · 2 Odoo")

    def test_page_is_found_under_settings_and_under_invoicing(self):
        parents = (
            self.env["ir.ui.menu"].search([("name", "=", "Integrations")]).parent_id
        )
        self.assertIn(self.env.ref("base.menu_administration"), parents)
        self.assertIn(self.env.ref("account.menu_finance_configuration"), parents)

    def test_invoicing_administrator_without_settings_sees_the_menu(self):
        menus = self.env["ir.ui.menu"].with_user(self.administrator)
        menu = self.env.ref("benji_connectwise.connectwise_integrations_menu")
        self.assertIn(menu.id, menus._visible_menu_ids())

    def test_other_users_cannot_open_the_page(self):
        with self.assertRaises(AccessError):
            self.page(self.accountant)

    def test_tile_has_configure_and_sync_status(self):
        view = self.env.ref("benji_connectwise.connectwise_integrations_view_form")
        for label in ("Configure", "Sync Status", "Configure PDF Priority"):
            self.assertIn(f'string="{label}"', view.arch)

    def test_tile_shows_the_state(self):
        self.backend.state = "draft"
        self.assertEqual(self.page().state, "draft")
        self.backend.action_test_connection()
        page = self.page()
        self.assertEqual(page.state, "connected")
        self.assertIn("acme @ ", page.where)
        self.assertTrue(page.last_success)

    def test_tile_shows_the_last_error(self):
        self.sandbox.revoke_key(self.sandbox.public_key)
        self.backend.action_test_connection()
        page = self.page()
        self.assertEqual(page.state, "error")
        self.assertIn("Key", page.last_error)

    def test_page_points_to_the_priority_once_connected(self):
        self.set_priority()
        self.backend.action_test_connection()
        self.assertTrue(self.page().is_priority_unused)
