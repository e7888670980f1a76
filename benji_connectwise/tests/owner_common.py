"""An invoice of ConnectWise whose company Odoo knows."""

from ..tools.mapping.connecting import link
from .contact_common import ContactCommon


class OwnerCommon(ContactCommon):
    """ConnectWise's invoice CW1001 belongs to a company that Odoo knows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        theirs = cls.sandbox.get_record("invoices", cls.sandbox_invoice("CW1001")["id"])
        cls.owner = cls.new_company(theirs["company"]["id"], "Boulder Law")
        cls.boulder = cls.new_customer("Boulder")

    def link(self, row, company, connection):
        link(row.env, [(row.id, company.id, connection)])

    def patch(self, **values):
        self.sandbox.patch_invoice(self.sandbox_invoice("CW1001")["id"], values)

    def verdict(self, move):
        return move.sudo().connectwise_lookup_ids.verdict

    def assertVerdict(self, move, verdict):
        accepted = verdict in ("accepted", "amount_differs")
        self.assertChosen(move, "connectwise" if accepted else "odoo")
        self.assertEqual(self.verdict(move), verdict)
