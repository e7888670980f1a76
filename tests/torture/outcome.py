"""The result of a synchronization in the database, compared with another's."""

from collections import Counter

from odoo_server import OdooServer

TABLES = {
    "companies": """
        SELECT to_jsonb(company) - '{id,create_date,write_date}'::text[]
          FROM connectwise_company company ORDER BY connectwise_ref""",
    "mappings": """
        SELECT to_jsonb(mapping) - '{id,create_date,write_date,last_updated,contact_id,
                                     connectwise_company_id}'::text[],
               to_jsonb(bill_to) - '{id,create_date,write_date,mapping_id,
                                     contact_id}'::text[],
               company.connectwise_ref, contact.email
          FROM connectwise_mapping mapping
          LEFT JOIN connectwise_bill_to bill_to ON bill_to.mapping_id = mapping.id
          LEFT JOIN connectwise_company company
                 ON company.id = mapping.connectwise_company_id
          LEFT JOIN res_partner contact ON contact.id = mapping.contact_id
         ORDER BY mapping.partner_id""",
    "contacts": """
        SELECT parent_id, name, email, phone, function, type, active,
               connectwise_contact_ref, connectwise_enabled
          FROM res_partner WHERE parent_id IS NOT NULL
         ORDER BY parent_id, connectwise_contact_ref, email""",
    "messages": """
        SELECT model, CASE WHEN model = 'connectwise.mapping' THEN body END, count(*)
          FROM mail_message WHERE model != 'connectwise.backend'
         GROUP BY 1, 2 ORDER BY 1, 2""",
    "activities": """
        SELECT res_model, summary, count(*) FROM mail_activity
         WHERE active GROUP BY 1, 2""",
    "connection": """
        SELECT state, failure::text, coalesce(failures, 0), retry_at,
               sync_failure::text, coalesce(sync_failures, 0), sync_retry_at,
               newest_change
          FROM connectwise_backend""",
    "history": """
        SELECT state, is_full, companies_read, companies_total, counts, skipped,
               failure::text
          FROM connectwise_sync""",
}

Outcome = dict[str, Counter[str]]


def outcome(odoo: OdooServer) -> Outcome:
    return {
        name: Counter(map(repr, odoo.query(statement)))
        for name, statement in TABLES.items()
    }


def differences(found: Outcome, expected: Outcome) -> list[str]:
    """Return in words how two outcomes differ."""
    return [
        f"{name}: missing {describe(rows - found[name])},"
        f" unexpected {describe(found[name] - rows)}"
        for name, rows in expected.items()
        if rows != found[name]
    ]


def describe(rows: Counter[str]) -> str:
    example = next(iter(rows), "")
    return f"{rows.total()} such as {example}" if rows else "nothing"


def is_synchronized(odoo: OdooServer) -> bool:
    return odoo.value("SELECT count(*) > 0 FROM connectwise_sync WHERE state = 'done'")
