"""Customers, their rows and ConnectWise companies with Bill-To contacts."""

from odoo.tests import new_test_user

from ..tools.mapping.bill_to_import import import_contacts
from ..tools.mapping.connecting import link
from .common import ConnectwiseCommon


class ContactCommon(ConnectwiseCommon):
    """One customer, connected to a ConnectWise company that has a Bill-To contact."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.customer = cls.new_customer("Acme Dental")
        cls.acme = cls.new_company(4711, "Acme Dental LLC")
        cls.mapping = cls.connect(cls.customer, cls.acme)
        # May edit contacts and has no right in Invoicing.
        cls.clerk = new_test_user(
            cls.env,
            "connectwise_clerk",
            groups="base.group_user,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    @classmethod
    def new_customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, "customer_rank": 1, **values}
        )

    @classmethod
    def new_company(cls, ref, name, backend=None, **values):
        return (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": (backend or cls.backend).id,
                    "connectwise_ref": ref,
                    "name": name,
                    "contact_ref": 100 + ref,
                    "contact_name": "Emma Diaz",
                    "contact_email": "emma@acme.example.com",
                    "contact_phone": "+1 512 555 0100",
                    "contact_function": "Controller",
                    **values,
                }
            )
        )

    @classmethod
    def connect(cls, customer, company):
        mapping = cls.new_row(customer, backend=company.backend_id)
        link(mapping.env, [(mapping.id, company.id, "manual")])
        return mapping

    @classmethod
    def new_row(cls, customer, backend=None, **values):
        return (
            cls.env["connectwise.mapping"]
            .sudo()
            .create(
                {
                    "backend_id": (backend or cls.backend).id,
                    "partner_id": customer.id,
                    **values,
                }
            )
        )

    @classmethod
    def new_contact(cls, **values):
        return cls.env["res.partner"].create(
            {
                "name": "Emma",
                "email": "Emma@Acme.example.com ",
                "parent_id": cls.customer.id,
                **values,
            }
        )

    @classmethod
    def imported(cls):
        import_contact(cls.mapping)
        return cls.mapping.contact_id

    def all_contacts(self, customer=None):
        customer = customer or self.customer
        return customer.with_context(active_test=False).child_ids

    def default_recipients(self, move, user=None):
        user = user or self.accountant
        send = self.env["account.move.send"].with_user(user)
        template = move._get_mail_template()
        return send._get_default_mail_partner_ids(
            move.with_user(user), template.with_user(user), "en_US"
        )


class MailedContactCommon(ContactCommon):
    """The customer is mailed invoices, and its Bill-To contact is imported."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write(
            {
                "email": "office@acme.example.com",
                "invoice_edi_format": False,
                "invoice_sending_method": "email",
            }
        )
        cls.set_priority("odoo")
        cls.contact = cls.imported()

    @classmethod
    def new_invoice(cls, **values):
        return cls.invoice(**{"partner_id": cls.customer.id, **values})

    def send_dialog(self, move):
        return (
            self.env["account.move.send.wizard"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )

    def waiting_mail(self, move, **values):
        """Return an e-mail about this invoice that waits in the queue."""
        return self.env["mail.mail"].create(
            {
                "model": "account.move",
                "res_id": move.id,
                "body_html": "Your invoice",
                **values,
            }
        )


def import_contact(mapping):
    """Import the Bill-To contact of one row; return the outcome."""
    return import_contacts(mapping)[mapping]
