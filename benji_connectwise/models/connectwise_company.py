from odoo import api, fields, models
from odoo.tools import SQL

from ..lib.customer_matching import normalise_name

UPSERT = """
    INSERT INTO connectwise_company AS known (
        backend_id, company_id, connectwise_ref, identifier, name, account_number,
        status, city, is_deleted, bill_to_ref, billing_contact_ref, last_updated,
        normalised_name, create_date, write_date
    )
    SELECT %s, %s, page.*, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                  %s::bool[], %s::int[], %s::int[], %s::timestamp[], %s::text[]) AS page
    ON CONFLICT (backend_id, connectwise_ref) DO UPDATE SET
        identifier = EXCLUDED.identifier, name = EXCLUDED.name,
        account_number = EXCLUDED.account_number, status = EXCLUDED.status,
        city = EXCLUDED.city, is_deleted = known.is_deleted AND EXCLUDED.is_deleted,
        bill_to_ref = EXCLUDED.bill_to_ref,
        billing_contact_ref = EXCLUDED.billing_contact_ref,
        last_updated = EXCLUDED.last_updated,
        normalised_name = EXCLUDED.normalised_name, write_date = EXCLUDED.write_date
    WHERE (known.identifier, known.name, known.account_number, known.status, known.city,
           known.is_deleted, known.bill_to_ref, known.billing_contact_ref,
           known.last_updated, known.normalised_name)
       IS DISTINCT FROM
          (EXCLUDED.identifier, EXCLUDED.name, EXCLUDED.account_number, EXCLUDED.status,
           EXCLUDED.city, known.is_deleted AND EXCLUDED.is_deleted,
           EXCLUDED.bill_to_ref, EXCLUDED.billing_contact_ref,
           EXCLUDED.last_updated, EXCLUDED.normalised_name)
    RETURNING 1
"""


class ConnectwiseCompany(models.Model):
    """A company of ConnectWise as last read: what mapping needs of it, and no more."""

    _name = "connectwise.company"
    _description = "ConnectWise Customer"
    _order = "name, connectwise_ref"
    _rec_names_search = ["name", "identifier", "account_number"]

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    connectwise_ref = fields.Integer("ConnectWise ID", required=True, readonly=True)
    identifier = fields.Char(readonly=True)
    name = fields.Char(readonly=True)
    account_number = fields.Char("Account ID", readonly=True)
    status = fields.Char(readonly=True)
    city = fields.Char(readonly=True)
    is_deleted = fields.Boolean(
        "Gone",
        readonly=True,
        help="In ConnectWise's recycle bin, or missing when all entries were read.",
    )
    bill_to_ref = fields.Integer(
        "Bill-To Company ID", readonly=True, help="0: the company itself."
    )
    billing_contact_ref = fields.Integer("Billing Contact ID", readonly=True)
    last_updated = fields.Datetime("Changed in ConnectWise", readonly=True)
    # The Bill-To contact, followed through the Bill-To company; read only for
    # companies that are connected.
    contact_ref = fields.Integer("Bill-To Contact ID", readonly=True)
    contact_name = fields.Char("Bill-To Contact", readonly=True)
    contact_email = fields.Char("Bill-To E-mail", readonly=True)
    contact_phone = fields.Char("Bill-To Phone", readonly=True)
    contact_function = fields.Char("Bill-To Title", readonly=True)
    # For matching: computed when read, because the names are many.
    normalised_name = fields.Char(readonly=True)
    mapping_ids = fields.One2many("connectwise.mapping", "connectwise_company_id")

    _backend_ref_unique = models.Constraint(
        "unique(backend_id, connectwise_ref)", "This company was read already."
    )

    @api.depends("name", "connectwise_ref", "is_deleted")
    def _compute_display_name(self):
        for company in self:
            name = (
                f"{company.name or company.identifier or ''} #{company.connectwise_ref}"
            )
            company.display_name = (
                self.env._("%s (gone)", name) if company.is_deleted else name
            )

    def _get_bill_to(self):
        """Return the company whose contact gets the bills, itself where unknown."""
        self.ensure_one()
        if self.bill_to_ref in (0, self.connectwise_ref):
            return self
        return (
            self.search(
                [
                    ("backend_id", "=", self.backend_id.id),
                    ("connectwise_ref", "=", self.bill_to_ref),
                ],
                limit=1,
            )
            or self
        )

    @api.model
    def _upsert(self, backend, companies):
        """Store a page of the client's companies; write only what differs.

        `is_deleted` only goes away here: what is gone is decided about at the end.
        :return: number of companies that are new or changed
        """
        if not companies:
            return 0
        rows = [
            (
                company.id,
                company.identifier,
                company.name,
                company.account_number,
                company.status,
                company.city,
                company.is_deleted,
                company.bill_to_company.id if company.bill_to_company else 0,
                company.billing_contact.id if company.billing_contact else 0,
                company.last_updated
                and company.last_updated.replace(tzinfo=None, microsecond=0),
                normalise_name(company.name).core,
            )
            for company in companies
        ]
        columns = [list(column) for column in zip(*rows, strict=True)]
        self.flush_model()
        changed = self.env.execute_query(
            SQL(UPSERT, backend.id, backend.company_id.id, *columns)
        )
        self.invalidate_model()
        return len(changed)

    def _read_contacts(self, client):
        """Read the Bill-To contacts of these companies and store what differs.

        The contact is the company's own, else its Bill-To company's.
        """
        contact_by_company = {}
        for company in self:
            ref = company.billing_contact_ref or (
                company._get_bill_to().billing_contact_ref
            )
            contact_by_company[company] = ref
        contacts = {}
        for page, _skipped in client.contacts(
            filter(None, contact_by_company.values())
        ):
            contacts.update(
                {contact.id: contact for contact in page if not contact.is_inactive}
            )
        for company, ref in contact_by_company.items():
            contact = contacts.get(ref)
            values = {
                "contact_ref": contact.id if contact else 0,
                "contact_name": contact.name if contact else False,
                "contact_email": (contact.email if contact else None) or False,
                "contact_phone": (contact.phone if contact else None) or False,
                "contact_function": (contact.title if contact else None) or False,
            }
            changed = {k: v for k, v in values.items() if company[k] != v}
            if changed:
                company.write(changed)
