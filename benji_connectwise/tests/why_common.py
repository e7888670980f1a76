"""What the tests of *Why this PDF?* share."""

from .common import ConnectwiseCommon


class WhyCommon(ConnectwiseCommon):
    def as_opened(self, move):
        """Return the invoice as an Invoicing user opens it."""
        self.env.invalidate_all()
        return move.with_user(self.accountant)

    def why(self, move):
        return str(self.as_opened(move).invoice_pdf_explanation)

    def wizard(self, moves):
        model = "account.move.send.wizard"
        if len(moves) > 1:
            model = "account.move.send.batch.wizard"
        wizard = self.env[model].with_user(self.accountant)
        return wizard.with_context(
            active_model="account.move", active_ids=moves.ids
        ).create({})

    def alerts(self, moves):
        return self.wizard(moves).alerts or {}

    def down(self):
        self.sandbox.fault("unavailable", times=0)

    def attach(self, move):
        return self.env["ir.attachment"].create(
            {
                "name": "signed.pdf",
                "raw": self.sandbox_pdf("CW1002"),
                "res_model": "account.move",
                "res_id": move.id,
            }
        )

    def find(self, *domain):
        return self.env["account.move"].with_user(self.accountant).search(list(domain))
