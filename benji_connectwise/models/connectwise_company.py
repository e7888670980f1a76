from odoo import api, fields, models
from odoo.tools import SQL

from ..lib.connectwise_client.const import MAX_ID
from ..lib.customer_matching import normalise_account_id, normalise_name

COLUMNS = {
    "connectwise_ref": "int",
    "identifier": "text",
    "name": "text",
    "account_number": "text",
    "status": "text",
    "city": "text",
    "is_deleted": "bool",
    "bill_to_ref": "int",
    "billing_contact_ref": "int",
    "last_updated": "timestamp",
}
"""What is read of a company, by column."""

NORMALISED = {"normalised_name": "text", "normalised_account_id": "text"}
"""What it is compared by with customers; nothing that is empty is compared."""

# `is_deleted` only goes away by itself: what is gone is decided about at the end.
DIFFERENCES = """
    SELECT page.connectwise_ref, known.connectwise_ref, known.id,
           known.id IS NOT NULL AND known.is_deleted IS NOT TRUE
           AND page.is_deleted IS NOT FALSE,
           known.bill_to_ref != page.bill_to_ref
      FROM (%(page)s) page
      FULL JOIN (
          SELECT * FROM connectwise_company
           WHERE backend_id = %(backend)s AND %(compared)s
      ) known ON known.connectwise_ref = page.connectwise_ref
     WHERE (page.connectwise_ref IS NULL AND known.is_deleted IS NOT TRUE)
        OR (page.is_deleted AND known.is_deleted IS NOT TRUE)
        OR (page.connectwise_ref IS NOT NULL AND (
               known.connectwise_ref, known.identifier, known.name,
               known.account_number, known.status, known.city, known.is_deleted,
               known.bill_to_ref, known.billing_contact_ref, known.last_updated)
           IS DISTINCT FROM (
               page.connectwise_ref, page.identifier, page.name,
               page.account_number, page.status, page.city,
               known.is_deleted AND page.is_deleted,
               page.bill_to_ref, page.billing_contact_ref, page.last_updated))
"""

UPSERT = """
    INSERT INTO connectwise_company AS known (
        backend_id, company_id, connectwise_ref, identifier, name, account_number,
        status, city, is_deleted, bill_to_ref, billing_contact_ref, last_updated,
        normalised_name, normalised_account_id, create_date, write_date, is_confirmed
    )
    SELECT %(backend)s, %(company)s, page.*,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', TRUE
      FROM (%(page)s) page
    ON CONFLICT (backend_id, connectwise_ref) DO UPDATE SET
        identifier = EXCLUDED.identifier, name = EXCLUDED.name,
        account_number = EXCLUDED.account_number, status = EXCLUDED.status,
        city = EXCLUDED.city, is_deleted = known.is_deleted AND EXCLUDED.is_deleted,
        bill_to_ref = EXCLUDED.bill_to_ref,
        billing_contact_ref = EXCLUDED.billing_contact_ref,
        last_updated = EXCLUDED.last_updated,
        normalised_name = EXCLUDED.normalised_name,
        normalised_account_id = EXCLUDED.normalised_account_id,
        write_date = EXCLUDED.write_date
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
    is_confirmed = fields.Boolean(
        default=True,
        readonly=True,
        help="It was read from the ConnectWise that is connected now.",
    )
    bill_to_ref = fields.Integer(
        "Bill-To Company ID", readonly=True, help="0: the company itself."
    )
    billing_contact_ref = fields.Integer("Billing Contact ID", readonly=True)
    last_updated = fields.Datetime("Changed in ConnectWise", readonly=True)
    # The Bill-To contact, followed through the Bill-To company; read only for
    # companies that are connected.
    contact_asked_ref = fields.Integer(readonly=True)
    contact_ref = fields.Integer("Bill-To Contact ID", readonly=True)
    contact_name = fields.Char("Bill-To Contact", readonly=True)
    contact_email = fields.Char("Bill-To E-mail", readonly=True)
    contact_phone = fields.Char("Bill-To Phone", readonly=True)
    contact_function = fields.Char("Bill-To Title", readonly=True)
    # For matching: computed when read, because the names are many.
    normalised_name = fields.Char(readonly=True, index="btree_not_null")
    normalised_account_id = fields.Char(readonly=True, index="btree_not_null")
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

    @api.model
    def _store_page(self, backend, companies, whole=None, unreadable=()):
        """Store some of the client's companies; write only what differs.

        Those that are gone, from the list or into the recycle bin, stay as they are.

        :param whole: the `IdRange` of which `companies` are all there are, if they are
        :param unreadable: ids that were in the answer and could not be read
        :return: (number of companies that are new or changed, ids that are gone)
        """
        page = {company.id: company for company in companies}
        compared = SQL("connectwise_ref = ANY(%s)", list(page))
        if whole:
            compared = SQL(
                "connectwise_ref > %s AND connectwise_ref <= %s"
                " AND connectwise_ref != ALL(%s)",
                whole.after,
                whole.until or MAX_ID,
                list(unreadable),
            )
        self.flush_model()
        differences = self.env.execute_query(
            SQL(
                DIFFERENCES,
                page=as_table(list(map(self._prepare_row, companies)), COLUMNS),
                backend=backend.id,
                compared=compared,
            )
        )
        gone = [known for _ref, known, _id, is_gone, _moved in differences if is_gone]
        changed = [
            (
                *self._prepare_row(page[ref]),
                *_normalise(page[ref].name, page[ref].account_number),
            )
            for ref, *_known in differences
            if ref
        ]
        if changed:
            self.env.execute_query(
                SQL(
                    UPSERT,
                    page=as_table(changed, {**COLUMNS, **NORMALISED}),
                    backend=backend.id,
                    company=backend.company_id.id,
                )
            )
            self.invalidate_model()
            billed_elsewhere = self.browse(
                company_id for *_refs, company_id, _gone, moved in differences if moved
            )
            billed_elsewhere.modified(["bill_to_ref"])
        return len(changed), gone

    @api.model
    def _normalise_again(self, backend):
        """Store anew what these companies are compared by."""
        companies = self.env.execute_query(
            SQL(
                """
                SELECT id, name, account_number FROM connectwise_company
                 WHERE backend_id = %s
                """,
                backend.id,
            )
        )
        self.env.execute_query(
            SQL(
                """
                UPDATE connectwise_company company
                   SET normalised_name = new.normalised_name,
                       normalised_account_id = new.normalised_account_id
                  FROM (%s) new
                 WHERE company.id = new.id
             RETURNING company.id
                """,
                as_table(
                    [
                        (company_id, *_normalise(name, account_number))
                        for company_id, name, account_number in companies
                    ],
                    {"id": "int", **NORMALISED},
                ),
            )
        )
        self.invalidate_model()

    @api.model
    def _get_contacts_wanted(self, backend, companies=None):
        """Return the Bill-To contacts of the companies that are connected.

        The contact is the company's own, else its Bill-To company's.

        :param companies: only of these
        :return: [(company id, contact id, contact id that was read last)] in the order
            of the companies; 0 for none
        """
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT company.id,
                       COALESCE(NULLIF(company.billing_contact_ref, 0),
                                bill_to.billing_contact_ref, 0),
                       company.contact_asked_ref
                  FROM connectwise_company company
                  LEFT JOIN connectwise_company bill_to
                         ON bill_to.backend_id = company.backend_id
                        AND bill_to.connectwise_ref = company.bill_to_ref
                 WHERE company.backend_id = %(backend)s
                   AND company.is_deleted IS NOT TRUE
                   AND company.id IN (
                       SELECT connectwise_company_id FROM connectwise_mapping
                        WHERE backend_id = %(backend)s)
                   AND %(condition)s
                 ORDER BY company.id
                """,
                backend=backend.id,
                condition=SQL("TRUE")
                if companies is None
                else SQL("company.id = ANY(%s)", companies.ids),
            )
        )

    @api.model
    def _store_contacts(self, wanted, contacts):
        """Store the Bill-To contacts that were read; write only what differs.

        :param wanted: {company id: id of its Bill-To contact, or 0}, all of them asked
        :param contacts: the client's contacts; those that are missing are gone
        """
        usable = {c.id: c for c in contacts if not c.is_inactive}
        rows = []
        for company_id, ref in wanted.items():
            contact = usable.get(ref)
            rows.append(
                (
                    company_id,
                    ref,
                    contact.id if contact else 0,
                    contact and contact.name,
                    (contact and contact.email) or None,
                    (contact and contact.phone) or None,
                    (contact and contact.title) or None,
                )
            )
        self.env.execute_query(
            SQL(
                """
                UPDATE connectwise_company company
                   SET contact_asked_ref = new.asked_ref, contact_ref = new.ref,
                       contact_name = new.name, contact_email = new.email,
                       contact_phone = new.phone, contact_function = new.function
                  FROM (%s) new
                 WHERE company.id = new.id
                   AND (company.contact_asked_ref, company.contact_ref,
                        company.contact_name, company.contact_email,
                        company.contact_phone, company.contact_function)
                       IS DISTINCT FROM
                       (new.asked_ref, new.ref, new.name, new.email, new.phone,
                        new.function)
                RETURNING company.id
                """,
                as_table(
                    rows,
                    {
                        "id": "int",
                        "asked_ref": "int",
                        "ref": "int",
                        "name": "text",
                        "email": "text",
                        "phone": "text",
                        "function": "text",
                    },
                ),
            )
        )
        self.browse(wanted).invalidate_recordset(flush=False)

    @api.model
    def _read_contacts(self, client, wanted):
        """Read these Bill-To contacts, and store them.

        :param wanted: {company id: id of its Bill-To contact, or 0}
        :return: (ConnectWise's time of their newest change or None, the client's
            skipped records); what is known of those that could not be read stays
        """
        contacts, skipped = [], []
        for page, left_out in client.contacts(filter(None, wanted.values())):
            contacts += page
            skipped += left_out
        present = {contact.id for contact in contacts}
        unreadable = {record.id for record in skipped}
        if None in unreadable:
            # It may be any of those that are missing.
            unreadable = set(wanted.values()) - present
        readable = {c: ref for c, ref in wanted.items() if ref not in unreadable}
        self._store_contacts(readable, contacts)
        return get_newest_change(contacts), skipped

    @api.model
    def _prepare_row(self, company):
        """Return what is stored of the client's `company`, in the order of COLUMNS."""
        updated = company.last_updated
        return (
            company.id,
            company.identifier,
            company.name,
            company.account_number,
            company.status,
            company.city,
            company.is_deleted,
            company.bill_to_company.id if company.bill_to_company else 0,
            company.billing_contact.id if company.billing_contact else 0,
            updated and updated.replace(tzinfo=None, microsecond=0),
        )


def _normalise(name, account_number):
    return normalise_name(name).core or None, normalise_account_id(
        account_number
    ) or None


def get_newest_change(records):
    """Return the newest `last_updated` of the client's records as Odoo stores times."""
    times = [record.last_updated for record in records if record.last_updated]
    return max(times).replace(tzinfo=None, microsecond=0) if times else None


def as_table(rows, columns):
    """Return an SQL query of these rows, to be used in another one.

    :param rows: tuples
    :param columns: {name: PostgreSQL's type}, in the order of the tuples
    """
    values = zip(*rows, strict=True) if rows else ([] for _column in columns)
    return SQL(
        "SELECT * FROM unnest(%s) AS page (%s)",
        SQL(", ").join(
            SQL(f"%s::{kind}[]", _as_array(column))
            for kind, column in zip(columns.values(), values, strict=True)
        ),
        SQL(", ").join(map(SQL.identifier, columns)),
    )


def _as_array(values):
    """Write values as PostgreSQL's text of an array (its manual, 8.15.2).

    A list given to psycopg2 becomes an expression of a thousand elements, which takes
    PostgreSQL four times as long.
    """
    return "{" + ",".join(map(_as_element, values)) + "}"


def _as_element(value):
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
