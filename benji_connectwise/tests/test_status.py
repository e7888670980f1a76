"""The column, the filters and the groups *ConnectWise* of the list of invoices."""

from ast import literal_eval

from lxml.etree import fromstring

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..tools.connection.asking import SPENT
from ..tools.invoice_pdf.status import STATUSES
from .sending_common import SendingCommon

PREFETCH = "benji_connectwise.ir_cron_connectwise_pdf_prefetch"


class StatusCommon(SendingCommon):
    def looked_up(self, number, amount=None, **values):
        move = self.invoice(number, amount=amount, **values)
        # Each is an action of its own, with its own time to wait for ConnectWise.
        self.env.cr.postcommit.data.pop(SPENT, None)
        move._get_preferred_invoice_pdf()
        return move

    def with_another_amount(self):
        """Return an invoice that its customer's connection proves, despite that."""
        self.connect_by_hand(self.partner_b, "CW1004")
        return self.looked_up("CW1004", amount=1, partner_id=self.partner_b.id)

    def changed_since_sent(self):
        move = self.invoice("CW1005")
        self.send(move)
        invoice_id = self.sandbox_invoice("CW1005")["id"]
        self.sandbox.patch_invoice(invoice_id, {"reference": "changed there"})
        self.look_at_changes()
        return move

    def held(self):
        self.backend.missing_pdf = "hold"
        move = self.invoice("HELD-1", amount=1)
        self.send(move)
        return move

    def one_of_each(self):
        """Return {status: an invoice that has it}."""
        return {
            "changed": self.changed_since_sent(),
            "connectwise": self.looked_up("CW1001"),
            "not_found": self.looked_up("NOT-THERE-1", amount=1),
            "refused": self.looked_up("CW1003", amount=1),
            "differs": self.with_another_amount(),
            "held": self.held(),
            "not_asked": self.invoice("CW1002"),
            False: self.invoice("CW1006", post=False),
        }

    def status(self, move):
        self.env.invalidate_all()
        return move.with_user(self.accountant).connectwise_status

    def find(self, *values):
        """Return the invoices that a filter for these statuses finds."""
        self.env.invalidate_all()
        Move = self.env["account.move"].with_user(self.accountant)
        return Move.search([("connectwise_status", "in", values)])

    def group(self, moves):
        """Return {status: the invoices in its group}."""
        Move = self.env["account.move"].with_user(self.accountant)
        groups = Move._read_group(
            [("id", "in", moves.ids)], ["connectwise_status"], ["id:recordset"]
        )
        return dict(groups)


@tagged("post_install", "-at_install")
class TestStatus(StatusCommon):
    def test_each_status_is_shown_found_and_grouped_alike(self):
        expected = self.one_of_each()
        self.assertEqual(expected.keys(), {*dict(STATUSES), False})
        moves = self.env["account.move"].union(*expected.values())
        self.assertEqual(
            {word: self.status(move) for word, move in expected.items()},
            {word: word for word in expected},
        )
        self.assertEqual(self.group(moves), expected)
        for word, move in expected.items():
            with self.subTest(word):
                self.assertEqual(self.find(word) & moves, move)
        for word in dict(STATUSES):
            with self.subTest(also=word):
                both = expected[word] + expected[False]
                self.assertEqual(self.find(word, False) & moves, both)

    def test_invoice_has_no_status_as_soon_as_odoo_comes_first(self):
        move = self.looked_up("CW1001")
        self.assertEqual(self.status(move), "connectwise")
        self.set_priority("odoo", "connectwise")
        self.assertFalse(self.status(move))
        self.assertEqual(self.group(move), {False: move})
        self.assertNotIn(move, self.find("connectwise"))

    def test_e_invoice_has_no_status(self):
        """Odoo's PDF is its legal document."""
        move = self.looked_up("CW1001")
        self.partner_a.invoice_edi_format = "facturx"
        self.assertFalse(self.status(move))
        self.assertEqual(self.group(move), {False: move})
        self.assertIn(move, self.find(False))

    def test_invoice_with_a_marked_pdf_has_no_status(self):
        self.set_priority("attachment", "connectwise", "odoo")
        move = self.looked_up("CW1003", amount=1)
        self.assertEqual(self.status(move), "refused")
        move.invoice_pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "ours.pdf",
                "raw": self.sandbox_pdf("CW1001"),
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )
        self.assertFalse(self.status(move))
        self.assertEqual(self.group(move), {False: move})

    def test_not_found_is_not_asked_again_under_another_number(self):
        move = self.looked_up("NOT-THERE-1", amount=1, ref="CW1001")
        self.assertEqual(self.status(move), "not_found")
        self.add_rule("ref")
        self.assertEqual(self.status(move), "not_asked")

    def test_unusable_pdf_is_refused(self):
        self.sandbox.fault("pdf_truncated", "invoice_pdf", times=0)
        self.assertEqual(self.status(self.looked_up("CW1001")), "refused")

    def test_outage_is_no_answer(self):
        self.sandbox.fault("unavailable", times=0)
        self.assertEqual(self.status(self.looked_up("CW1001")), "not_asked")

    def test_invoices_with_and_without_a_flag_are_all(self):
        moves = self.looked_up("CW1001") + self.looked_up("NOT-THERE-1", amount=1)
        moves += self.invoice("CW1002")
        for flag in (
            "invoice_pdf_is_first_choice",
            "connectwise_pdf_changed",
            "connectwise_amount_differs",
            "connectwise_is_open",
        ):
            with self.subTest(flag):
                either = [("id", "in", moves.ids), (flag, "in", [True, False])]
                self.assertEqual(moves.search_count(either), len(moves))

    def test_every_filter_of_the_list_finds_its_invoice(self):
        """Two facts may hold at once, so a filter may find more than its group."""
        expected = self.one_of_each()
        arch = self.env["account.move"].with_user(self.accountant)
        arch = arch.get_view(
            self.env.ref("account.view_account_invoice_filter").id, "search"
        )["arch"]
        filters = {
            node.get("name"): literal_eval(node.get("domain"))
            for node in fromstring(arch).iter("filter")
            if node.get("name").startswith("connectwise_")
        }
        for name, word in {
            "connectwise_has_pdf": "connectwise",
            "connectwise_refused": "refused",
            "connectwise_not_found": "not_found",
            "connectwise_not_asked": "not_asked",
            "connectwise_amount_differs": "differs",
            "connectwise_pdf_changed": "changed",
            "connectwise_held": "held",
        }.items():
            with self.subTest(name):
                Move = self.env["account.move"].with_user(self.accountant)
                found = Move.search(filters[name])
                self.assertIn(expected[word], found)
                self.assertFalse(found & expected[False])

    def test_group_without_a_status_has_a_name(self):
        Move = self.env["account.move"].with_user(self.accountant)
        description = Move.fields_get(["connectwise_status"])["connectwise_status"]
        self.assertTrue(dict(description["selection"])[False])

    def test_cards_show_the_status(self):
        """On a phone the list is made of cards."""
        Move = self.env["account.move"].with_user(self.accountant)
        view = self.env.ref("account.view_account_move_kanban")
        shown = Move.get_view(view.id, "kanban")["models"]["account.move"]
        self.assertIn("connectwise_status", shown)

    def test_why_lists_all_that_the_tile_counts_beside_the_first_source(self):
        """Also an invoice for which a person preferred another source."""
        self.env["account.move"].search(
            [("company_id", "=", self.company.id)]
        ).date = "2020-01-01"
        today = fields.Date.today()
        move = self.invoice("CW1001", date=today, invoice_date=today)
        move.invoice_pdf_preference = "odoo"
        page = self.env["connectwise.integrations"].with_user(self.administrator)
        page = page.create({"company_id": self.company.id})
        self.assertIn("1 Odoo", page.pdf_statistics)
        self.assertEqual(move.search(page.action_why()["domain"]), move)

    def test_why_shows_the_reason_of_each_invoice(self):
        """In views of their own: making sentences takes longer than all else."""
        page = self.env["connectwise.integrations"].with_user(self.administrator)
        action = page.create({"company_id": self.company.id}).action_why()
        views = {mode: view_id for view_id, mode in action["views"]}
        Move = self.env["account.move"].with_user(self.administrator)
        self.assertIn("first choice", action["help"])
        for mode in ("list", "kanban"):
            shown = Move.get_view(views[mode], mode)["models"]["account.move"]
            self.assertIn("connectwise_message", shown)
        usual = self.env.ref("account.view_out_invoice_tree").id
        shown = Move.get_view(usual, "list")["models"]["account.move"]
        self.assertIn("connectwise_status", shown)
        self.assertNotIn("connectwise_message", shown)

    def test_vendor_bill_has_no_status(self):
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": fields.Date.today(),
                "company_id": self.company.id,
            }
        )
        self.assertFalse(self.status(bill))

    def test_list_reads_a_page_in_few_statements(self):
        moves = self.looked_up("CW1001") + self.looked_up("CW1003", amount=1)
        moves += self.copies(moves[0], 78)

        def read(some):
            self.env.invalidate_all()
            some.with_user(self.accountant).web_read({"connectwise_status": {}})

        read(moves)  # fills Odoo's caches
        before = self.env.cr.sql_log_count
        read(moves[:2])
        of_two = self.env.cr.sql_log_count - before
        read(moves)
        self.assertEqual(self.env.cr.sql_log_count - before - of_two, of_two)


@tagged("post_install", "-at_install")
class TestWhoSeesTheStatus(StatusCommon):
    def test_status_stays_with_invoicing(self):
        """Also one who may read invoices for another reason learns nothing."""
        move = self.looked_up("CW1003", amount=1)
        user = new_test_user(self.env, "connectwise_internal", groups="base.group_user")
        self.env["ir.model.access"].create(
            {
                "name": "may read invoices",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "group_id": self.env.ref("base.group_user").id,
                "perm_read": True,
            }
        )
        Move = self.env["account.move"].with_user(user)
        mine = ("id", "=", move.id)
        self.assertTrue(Move.search([mine]))
        self.assertNotIn("connectwise_status", Move.fields_get())
        for way in (
            lambda: move.with_user(user).read(["connectwise_status"]),
            lambda: Move.search([mine, ("connectwise_status", "=", "refused")]),
            lambda: Move.formatted_read_group([mine], ["connectwise_status"]),
        ):
            with self.assertRaises(AccessError):
                way()

    def test_reader_of_invoicing_finds_and_groups(self):
        reader = new_test_user(
            self.env,
            "connectwise_reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        move = self.looked_up("CW1003", amount=1).with_user(reader)
        self.assertIn(move, move.search([("connectwise_status", "=", "refused")]))
        groups = move._read_group([("id", "=", move.id)], ["connectwise_status"])
        self.assertEqual(groups, [("refused",)])

    def test_another_companys_invoices_are_in_no_group(self):
        move = self.looked_up("CW1003", amount=1)
        user = self.new_administrator(self.new_odoo_company())
        Move = self.env["account.move"].with_user(user)
        words = Move._read_group([], ["connectwise_status"], ["id:recordset"])
        self.assertNotIn(move, [found for _word, some in words for found in some])
