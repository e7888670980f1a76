"""An invoice made at a till uses the chosen PDF."""

import unittest

from odoo.tests import new_test_user, tagged

from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestPointOfSale(ConnectwiseCommon):
    """These tests need Point of Sale."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "pos.order" not in cls.env:
            raise unittest.SkipTest("Point of Sale is not installed")
        cls.env.user.group_ids += cls.env.ref("point_of_sale.group_pos_manager")
        # The cashier has no right in Invoicing. Odoo makes the invoice for him.
        cls.cashier = new_test_user(
            cls.env,
            "connectwise_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.partner_a.invoice_sending_method = "email"
        revenue = cls.env["account.account"].search(
            [("account_type", "=", "income"), ("company_ids", "=", cls.company.id)],
            limit=1,
        )
        cls.journal = cls.env["account.journal"].create(
            {
                "name": "Till",
                "code": "TILL",
                "type": "sale",
                "company_id": cls.company.id,
                "default_account_id": revenue.id,
            }
        )
        config = cls.env["pos.config"].create(
            {
                "name": "Till",
                "company_id": cls.company.id,
                "invoice_journal_id": cls.journal.id,
            }
        )
        config.open_ui()
        cls.session = config.current_session_id
        cls.product = cls.env["product.product"].create(
            {"name": "Services", "available_in_pos": True, "taxes_id": False}
        )
        # This journal continues the number.
        cls.invoice("CW1001", journal_id=cls.journal.id)

    def sell(self):
        """Return an order that is paid and invoiced at the till, with its invoice."""
        price = abs(self.sandbox_invoice("CW1002")["total"])
        order = self.env["pos.order"].create(
            {
                "company_id": self.company.id,
                "session_id": self.session.id,
                "partner_id": self.partner_a.id,
                "to_invoice": True,
                "amount_tax": 0,
                "amount_total": price,
                "amount_paid": 0,
                "amount_return": 0,
                "lines": [
                    (
                        0,
                        0,
                        {
                            "product_id": self.product.id,
                            "qty": 1,
                            "price_unit": price,
                            "price_subtotal": price,
                            "price_subtotal_incl": price,
                        },
                    )
                ],
            }
        )
        order.add_payment(
            {
                "pos_order_id": order.id,
                "amount": price,
                "payment_method_id": self.session.payment_method_ids[0].id,
            }
        )
        order.action_pos_order_paid()
        order.with_user(self.cashier).action_pos_order_invoice()
        self.assertEqual(order.account_move.name, "CW1002")
        return order

    def test_invoice_of_the_till_is_mailed_with_the_chosen_pdf(self):
        """Odoo sends it at once, for the cashier. It is pinned."""
        move = self.sell().account_move
        messages = move.message_ids.filtered(lambda m: m.message_type == "comment")
        self.assertEqual(
            messages.attachment_ids.mapped("raw"), [self.sandbox_pdf("CW1002")]
        )
        self.assertEqual(
            move.sudo().connectwise_sent_checksum, move.connectwise_pdf_id.checksum
        )

    def test_receipt_is_mailed_with_the_chosen_pdf(self):
        """The picture of the receipt is mailed, too."""
        order = self.sell()
        attachments = order._get_mail_attachments(order.name, b"", False)
        files = self.env["ir.attachment"].browse(file_id for _4, file_id in attachments)
        pdf = files.filtered(lambda file: file.mimetype == "application/pdf")
        self.assertEqual(pdf.raw, self.sandbox_pdf("CW1002"))

    def test_till_downloads_the_chosen_pdf(self):
        """It opens the file to print it."""
        move = self.sell().account_move
        document = move._get_invoice_legal_documents("pdf", allow_fallback=True)
        self.assertEqual(document["content"], self.sandbox_pdf("CW1002"))
