import hashlib

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import LONGEST_KEY
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
    normalised_name = fields.Char(readonly=True)
    normalised_account_id = fields.Char(readonly=True)
    mapping_ids = fields.One2many("connectwise.mapping", "connectwise_company_id")
    connected_with = fields.Char("Connected to", compute="_compute_connected_with")

    # An ordinary index refuses long texts.
    _normalised_name_index = models.Index(
        "USING hash (normalised_name) WHERE normalised_name IS NOT NULL"
    )
    _normalised_account_id_index = models.Index(
        "USING hash (normalised_account_id) WHERE normalised_account_id IS NOT NULL"
    )
    _backend_ref_unique = models.Constraint(
        "unique(backend_id, connectwise_ref)", "This company was read already."
    )

    @api.depends("mapping_ids")
    def _compute_connected_with(self):
        for company in self:
            company.connected_with = company._describe_connected_with()

    @api.depends("name", "connectwise_ref", "is_deleted")
    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        for company in self:
            name = (
                f"{company.name or company.identifier or ''} #{company.connectwise_ref}"
            )
            if company.is_deleted:
                name = self.env._("%s (deleted)", name)
            # In drop-down lists, twins need more than a name to be told apart.
            if self.env.context.get("formatted_display_name"):
                details = company._get_distinguishing_details()
                name = f"{name}\n--{details}--" if details else name
            company.display_name = name

    @api.model
    def _search_display_name(self, operator, value):
        domain = super()._search_display_name(operator, value)
        if operator in ("ilike", "=") and isinstance(value, str):
            ref = value.strip().lstrip("#")
            if ref.isdecimal() and len(ref) < 10:
                domain = Domain(domain) | Domain("connectwise_ref", "=", int(ref))
        return domain

    def _describe_connected_with(self, but=None):
        """Return the customers this company is connected to, `but` one row."""
        mappings = self.mapping_ids
        if but:
            mappings -= but
        return ", ".join(mappings.mapped("partner_id.display_name"))

    def _get_distinguishing_details(self):
        account_id = self.account_number and self.env._(
            "Account ID %s", self.account_number
        )
        connected = self.connected_with and self.env._(
            "already connected to %s", self.connected_with
        )
        return " · ".join(filter(None, [self.status, self.city, account_id, connected]))

    @api.model
    def _doubt(self, backend):
        """Let no company count until it is read from the ConnectWise of now."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE connectwise_company SET is_confirmed = FALSE"
                " WHERE backend_id = %s",
                backend.id,
            )
        )
        self.invalidate_model(["is_confirmed"], flush=False)

    @api.model
    def _find_touched(self, sync):
        """Return the companies in use about which a synchronization read news: another
        Bill-To company, or that they count."""
        self.env["connectwise.mapping"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT known.id
                  FROM connectwise_sync_company staged
                  JOIN connectwise_company known
                    ON known.backend_id = %(backend)s
                   AND known.connectwise_ref = staged.connectwise_ref
                 WHERE staged.sync_id = %(sync)s
                   AND (known.bill_to_ref != staged.bill_to_ref
                        OR known.is_confirmed IS NOT TRUE)
                   AND (known.id IN (
                            SELECT connectwise_company_id FROM connectwise_mapping
                             WHERE backend_id = %(backend)s)
                        OR known.id IN (
                            SELECT disconnected_company_id FROM connectwise_mapping
                             WHERE backend_id = %(backend)s))
                """,
                backend=sync.backend_id.id,
                sync=sync.id,
            )
        )
        return self.browse(company_id for [company_id] in rows)

    @api.model
    def _forget_contacts(self, backend, companies):
        """Forget the Bill-To contacts of these companies, and of those in doubt.

        NULL says that nothing is known, 0 that there is no contact.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE connectwise_company
                   SET contact_asked_ref = NULL, contact_ref = NULL,
                       contact_name = NULL, contact_email = NULL,
                       contact_phone = NULL, contact_function = NULL
                 WHERE backend_id = %s AND (id = ANY(%s) OR is_confirmed IS NOT TRUE)
                   AND contact_ref IS NOT NULL
                """,
                backend.id,
                companies.ids,
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _delete(self, companies):
        """Delete companies that nothing is connected to, however many they are."""
        if not companies:
            return
        self.env["connectwise.mapping"].flush_model()
        self.env.cr.execute(
            SQL("DELETE FROM connectwise_company WHERE id = ANY(%s)", companies.ids)
        )
        self.env.invalidate_all(flush=False)

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
                        (company_id, *normalise(name, account_number))
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
                        AND bill_to.is_confirmed
                 WHERE company.backend_id = %(backend)s
                   AND company.is_confirmed
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
        present = {contact.id: contact for contact in contacts}
        rows = []
        for company_id, ref in wanted.items():
            contact = present.get(ref)
            # The name of an inactive one says why there is none.
            name = contact and contact.name
            if contact and contact.is_inactive:
                contact = None
            rows.append(
                (
                    company_id,
                    ref,
                    contact.id if contact else 0,
                    name,
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


def normalise(name, account_number):
    """Return what a company is compared by, in the order of NORMALISED."""
    core, account_id = normalise_name(name).core, normalise_account_id(account_number)
    return as_key(core), as_key(account_id)


def as_key(text):
    """Return a normalised text as it is stored and compared; None if it is empty."""
    text = text or ""
    if len(text) <= LONGEST_KEY:
        return text or None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:LONGEST_KEY]} {digest}"


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
