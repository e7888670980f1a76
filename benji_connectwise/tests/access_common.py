"""One record of each of the addon's models, and one person of each role."""

from ..tools.invoice_pdf.deliveries import note_deliveries
from ..tools.mapping.connecting import link
from .access_table import ROLES, People
from .common import ConnectwiseCommon
from .contact_common import import_contact


class AccessCommon(People, ConnectwiseCommon):
    """One record of each model, and one person of each role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.backend.sync()
        cls.part = (
            cls.env["connectwise.sync.range"]
            .sudo()
            .create({"sync_id": cls.backend.sync_ids.id})
        )
        cls.mark = (
            cls.env["connectwise.sync.cancel"]
            .sudo()
            .create({"sync_id": cls.backend.sync_ids.id})
        )
        cls.staged = (
            cls.env["connectwise.sync.company"]
            .sudo()
            .create({"sync_id": cls.backend.sync_ids.id, "connectwise_ref": 1})
        )
        cls.move = cls.invoice("CW1001")
        cls.move._get_preferred_invoice_pdf()
        note_deliveries(cls.move)
        cls.delivery = (
            cls.env["connectwise.delivery"]
            .sudo()
            .search([("move_id", "=", cls.move.id)])
        )
        cls.held = (
            cls.env["connectwise.held.invoice"].sudo().create({"move_id": cls.move.id})
        )
        of_backend = {"backend_id": cls.backend.id}
        cls.callback = cls.env["connectwise.callback"].sudo().create(of_backend)
        cls.change = (
            cls.env["connectwise.callback.change"]
            .sudo()
            .create({**of_backend, "kind": "invoice", "ref": 1})
        )
        cls.message = (
            cls.env["connectwise.callback.message"]
            .sudo()
            .create({**of_backend, "message": "1"})
        )
        cls.rule = cls.env["connectwise.number.rule"].create(
            {"backend_id": cls.backend.id, "field_name": "ref"}
        )
        cls.acme = (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "connectwise_ref": 4711,
                    "name": "Acme Dental",
                    "contact_ref": 4712,
                    "contact_name": "Emma Diaz",
                    "contact_email": "emma@acme.example.com",
                }
            )
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Acme Dental", "is_company": True, "customer_rank": 1}
        )
        cls.env["connectwise.mapping"]._ensure_rows(cls.backend)
        cls.mapping = (
            cls.env["connectwise.mapping"]
            .sudo()
            .search([("partner_id", "=", cls.customer.id)])
        )
        link(cls.mapping.env, [(cls.mapping.id, cls.acme.id, "manual")])
        import_contact(cls.mapping)
        cls.people = {role: cls.new_person(role) for role in ROLES}
        Refresh = cls.env["invoice.pdf.refresh"].with_user(cls.people["manager"])
        cls.refresh = Refresh.sudo().create({})
        cls._make_customer(cls.people["customer"])
        cls.people["sibling"].partner_id.parent_id = cls.partner_a

    @classmethod
    def _make_customer(cls, user):
        cls.move.button_draft()
        user.partner_id.parent_id = cls.partner_a
        cls.move.partner_id = user.partner_id
        cls.move.action_post()
        cls.move._get_preferred_invoice_pdf()
