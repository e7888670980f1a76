"""An invoice, and the ways to mail it that Odoo has besides *Send*."""

from .sending_common import SendingCommon


class MailingCommon(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["mail.template"].create(
            {
                "name": "With the invoice",
                "model_id": cls.env.ref("account.model_account_move").id,
                "subject": "Invoice",
                "body_html": "<p>Your invoice</p>",
                "use_default_to": True,
                "report_template_ids": [cls.env.ref("account.account_invoices").id],
            }
        )
        cls.move = cls.invoice("CW1001")

    def change(self, **values):
        invoice_id = self.sandbox_invoice("CW1001")["id"]
        values = values or {"reference": "changed there"}
        self.sandbox.patch_invoice(invoice_id, values)

    def queued(self, move=None):
        """Return the files of the e-mails in the queue, oldest first."""
        mails = self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "=", (move or self.move).id)],
            order="id",
        )
        return [mail.attachment_ids.mapped("raw") for mail in mails]

    def assertPinned(self, move=None):
        move = (move or self.move).sudo()
        kept = move.connectwise_pdf_id
        self.assertTrue(kept)
        self.assertEqual(move.connectwise_sent_checksum, kept.checksum)

    def assertNotPinned(self):
        self.assertTrue(self.move.connectwise_pdf_id)
        self.assertFalse(self.move.sudo().connectwise_sent_checksum)

    def action(self, **values):
        return self.env["ir.actions.server"].create(
            {
                "name": "Mail the invoice",
                "model_id": self.env.ref("account.model_account_move").id,
                "state": "mail_post",
                "mail_post_method": "email",
                "template_id": self.template.id,
                **values,
            }
        )

    def compose(self, moves, mode="comment", template=None):
        return (
            self.env["mail.compose.message"]
            .with_user(self.accountant)
            .with_context(
                default_composition_mode=mode,
                default_model="account.move",
                default_res_ids=moves.ids,
                default_template_id=(template or self.template).id,
            )
            .create({})
        )
