"""The rows of the Customer Mapping Report: one for each customer of Invoicing."""

from odoo.tools import SQL


def ensure_rows(backends):
    """Make the report's missing rows, and delete those that are not needed.

    :param backends: connections, or none
    """
    env = backends.sudo().env
    env["res.partner"].flush_model()
    env["account.move"].flush_model(
        ["commercial_partner_id", "state", "move_type", "company_id"]
    )
    for backend in backends.sudo():
        company, companies = backend.company_id, backend._get_companies()
        env.cr.execute(
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
                 WHERE partner.commercial_partner_id = partner.id
                   AND (partner.company_id IS NULL
                        OR partner.company_id = ANY(%(visible)s))
                   AND ((partner.active AND partner.customer_rank > 0) OR EXISTS (
                        SELECT 1 FROM account_move move
                         WHERE move.commercial_partner_id = partner.id
                           AND move.company_id = ANY(%(companies)s)
                           AND move.state = 'posted'
                           AND move.move_type IN ('out_invoice', 'out_refund'))
                    -- Whose part was connected before it became one.
                    OR EXISTS (
                        SELECT 1 FROM connectwise_mapping mapping
                          JOIN res_partner part ON part.id = mapping.partner_id
                         WHERE mapping.backend_id = %(backend)s
                           AND mapping.connectwise_company_id IS NOT NULL
                           AND part.commercial_partner_id = partner.id))
                ON CONFLICT (backend_id, partner_id) DO NOTHING
                """,
                backend=backend.id,
                company=company.id,
                companies=companies.ids,
                # A parent company's customers are those of its branches too.
                visible=(company.parent_ids | companies).ids,
                user=env.uid,
            )
        )
        rows = env["connectwise.mapping"]
        rows.invalidate_model()
        rows = rows.search([("backend_id", "=", backend.id)])
        rows._note_owners()
        rows._find_needless().unlink()
