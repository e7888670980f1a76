"""Which customers have a row in the Customer Mapping Report."""

from odoo.fields import Domain
from odoo.tools import SQL

PART = "part_of_another"
"""The kind of conflict of a connected customer that has a parent by now."""

IS_DISCONNECTED = Domain("disconnected", "=", True) | Domain(
    "disconnected_company_ids", "!=", False
)
"""The rows of customers that a person disconnected, even if connected again since."""


HAS_ROW = """
    partner.commercial_partner_id = partner.id
    AND (partner.company_id IS NULL OR partner.company_id = ANY(%(visible)s))
    AND ((partner.active AND partner.customer_rank > 0) OR EXISTS (
             -- By indexes: an invoice's own commercial_partner_id has none.
             SELECT 1 FROM res_partner member
               JOIN account_move move ON move.partner_id = member.id
              WHERE member.commercial_partner_id = partner.id
                AND move.company_id = ANY(%(companies)s)
                AND move.state = 'posted'
                AND move.move_type = ANY(%(types)s))
         -- A part of this customer was connected before it became one.
         OR EXISTS (
             SELECT 1 FROM connectwise_mapping mapping
               JOIN res_partner part ON part.id = mapping.partner_id
              WHERE mapping.backend_id = %(backend)s
                AND mapping.connectwise_company_id IS NOT NULL
                AND part.commercial_partner_id = partner.id))
"""
"""Whether a partner is a customer that the report lists."""


def add_rows(backend):
    """Add the missing rows of the report, and delete those no longer needed."""
    env = backend.env
    env["res.partner"].flush_model()
    env["account.move"].flush_model(["partner_id", "state", "move_type", "company_id"])
    company = backend.company_id
    companies = backend._get_companies()
    has_row = SQL(
        HAS_ROW,
        backend=backend.id,
        companies=companies.ids,
        types=env["account.move"].get_sale_types(include_receipts=True),
        # A parent company's customers are those of its branches too.
        visible=(company.parent_ids | companies).ids,
    )
    env.execute_query(
        SQL(
            """
            INSERT INTO connectwise_mapping (
                backend_id, company_id, partner_id, partner_name,
                create_date, write_date, create_uid, write_uid
            )
            SELECT %(backend)s, %(company)s, partner.id, partner.name,
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                   %(user)s, %(user)s
              FROM res_partner partner
             WHERE %(has_row)s
            ON CONFLICT (backend_id, partner_id) DO NOTHING
            RETURNING id
            """,
            backend=backend.id,
            company=company.id,
            user=env.uid,
            has_row=has_row,
        )
    )
    Mapping = env["connectwise.mapping"]
    Mapping.invalidate_model()
    rows = Mapping.search([("backend_id", "=", backend.id)])
    note_parts(rows)
    _find_needless(rows, has_row).unlink()


def note_parts(rows):
    """Store a conflict for each connected row whose customer became part of another.

    Its connection is no evidence for the other customer's invoices. The conflict ends
    when the customer is independent again.
    """
    rows.flush_model()
    rows.env["res.partner"].flush_model(["commercial_partner_id"])
    changes = rows.env.execute_query(
        SQL(
            """
            SELECT mapping.id, partner.commercial_partner_id != partner.id
              FROM connectwise_mapping mapping
              JOIN res_partner partner ON partner.id = mapping.partner_id
             WHERE mapping.id = ANY(%s)
               AND mapping.connectwise_company_id IS NOT NULL
               AND (partner.commercial_partner_id != partner.id)
                   != (COALESCE(mapping.conflict->>'kind', '') = %s)
            """,
            rows.ids,
            PART,
        )
    )
    for row_id, is_part in changes:
        row = rows.browse(row_id)
        conflict = {
            "kind": PART,
            "companies": row.connectwise_company_id.ids,
            "rows": row.ids,
        }
        row.write({"has_conflict": is_part, "conflict": is_part and conflict})


def _find_needless(rows, has_row):
    """Return the rows of partners that are no longer listed, such as archived ones, if
    nobody ever connected or disconnected them.

    :param has_row: `HAS_ROW`
    """
    rows.flush_model()
    needless = rows.env.execute_query(
        SQL(
            """
            SELECT mapping.id
              FROM connectwise_mapping mapping
              JOIN res_partner partner ON partner.id = mapping.partner_id
             WHERE mapping.id = ANY(%s)
               AND mapping.connectwise_company_id IS NULL
               AND mapping.contact_id IS NULL
               AND mapping.disconnected IS NOT TRUE
               AND mapping.is_set_aside IS NOT TRUE
               AND NOT EXISTS (
                   SELECT 1 FROM connectwise_mapping_disconnected_rel rel
                    WHERE rel.mapping_id = mapping.id)
               AND (%s) IS NOT TRUE
            """,
            rows.ids,
            has_row,
        )
    )
    return rows.browse(row_id for [row_id] in needless)


def query_open_invoices(env):
    """Return the SQL query of the rows whose customers have open invoices."""
    env["account.move"].flush_model()
    return SQL(
        """
        SELECT mapping.id
          FROM connectwise_mapping mapping
          JOIN res_company company ON company.id = mapping.company_id
          JOIN res_company branch
            ON branch.parent_path LIKE company.parent_path || '%%'
          JOIN account_move move
            ON move.commercial_partner_id = mapping.partner_id
           AND move.company_id = branch.id
         WHERE move.state = 'posted'
           AND move.move_type = ANY(%s)
           AND move.payment_state IN ('not_paid', 'partial', 'in_payment')
        """,
        env["account.move"].get_sale_types(include_receipts=True),
    )


def open_row(partner):
    """Return the action that opens a customer's row, or that of a synced contact.

    If there are several, it is the row of the current company's connection.
    """
    backend = partner.env.company._get_connectwise_backend()
    rows = partner._get_connectwise_mapping() | partner.sudo().connectwise_mapping_ids
    row = (rows.filtered(lambda row: row.backend_id == backend) or rows)[:1]
    row = row.sudo(False)
    row.check_access("read")
    return row._get_records_action(name=partner.env._("Customer Mapping"))
