"""Earlier contents of a database, to restore or to compare with."""

from collections import Counter


class Snapshots:
    """Earlier contents of all tables, each in a schema of its own.

    Triggers note which tables were written, so that only these are restored.
    """

    def __init__(self, cr) -> None:
        self.written: dict[str, set[str]] = {}
        cr.execute("CREATE SCHEMA torture")
        cr.execute("CREATE UNLOGGED TABLE torture.written_tables (name text)")
        cr.execute(
            """
            CREATE FUNCTION torture.note() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO torture.written_tables VALUES (TG_TABLE_NAME);
                RETURN NULL;
            END $$
            """
        )
        cr.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        self.tables = [name for (name,) in cr.fetchall()]
        for name in self.tables:
            cr.execute(
                f'CREATE TRIGGER torture AFTER INSERT OR UPDATE OR DELETE ON "{name}"'
                " FOR EACH STATEMENT EXECUTE FUNCTION torture.note()"
            )

    def keep(self, cr, schema: str) -> None:
        """Save everything as it is now under the name `schema`."""
        self.note(cr)
        self.written[schema] = set()
        cr.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        cr.execute(f"CREATE SCHEMA {schema}")
        for name in self.tables:
            cr.execute(f'CREATE TABLE {schema}."{name}" AS TABLE public."{name}"')

    def restore(self, cr, schema: str) -> set[str]:
        """Restore all tables that were written since; return their names."""
        self.note(cr)
        names = self.written[schema]
        cr.execute("SET LOCAL session_replication_role = replica")
        for name in names:
            cr.execute(f'DELETE FROM public."{name}"')
            cr.execute(f'INSERT INTO public."{name}" SELECT * FROM {schema}."{name}"')
        self.written[schema] = set()
        for other in self.written.keys() - {schema}:
            self.written[other] |= names
        return names

    def note(self, cr) -> set[str]:
        """Return the names of the tables that were written since the last call."""
        cr.execute("DELETE FROM torture.written_tables RETURNING name")
        names = {name for (name,) in cr.fetchall()}
        for written in self.written.values():
            written |= names
        return names


def tables(env) -> dict[str, list[tuple]]:
    """Return the data that the synchronization stored, without Odoo's ids and times.

    Two databases with the same result have equal tables, however they got there.
    """
    env.flush_all()
    questions = {
        "companies": """
            SELECT connectwise_ref, identifier, name, account_number, status, city,
                   is_deleted, bill_to_ref, billing_contact_ref, last_updated,
                   contact_ref, contact_name, contact_email, normalised_name
              FROM connectwise_company ORDER BY connectwise_ref
        """,
        "rows": """
            SELECT customer.name, company.connectwise_ref, row.connection,
                   coalesce(row.disconnected, false), coalesce(row.has_conflict, false),
                   row.conflict ->> 'kind', bill_to.note ->> 'code', contact.email
              FROM connectwise_mapping row
              JOIN res_partner customer ON customer.id = row.partner_id
              LEFT JOIN connectwise_company company
                ON company.id = row.connectwise_company_id
              LEFT JOIN connectwise_bill_to bill_to ON bill_to.mapping_id = row.id
              LEFT JOIN res_partner contact ON contact.id = row.contact_id
             ORDER BY customer.id
        """,
        "contacts": """
            SELECT parent.name, contact.name, contact.email, contact.phone,
                   contact.type, contact.active, contact.is_connectwise_contact,
                   contact.connectwise_enabled, contact.connectwise_contact_ref
              FROM res_partner contact JOIN res_partner parent
                ON parent.id = contact.parent_id
             ORDER BY parent.id, contact.email, contact.name
        """,
    }
    result = {}
    for name, question in questions.items():
        env.cr.execute(question)
        result[name] = env.cr.fetchall()
    return result


def differences(expected: dict[str, list], found: dict[str, list]) -> list[str]:
    """Return the rows in which two results of `tables` differ, in words."""
    return [
        f"{name}: {sign} {row}"
        for name in expected
        for sign, rows in (
            ("missing", [row for row in expected[name] if row not in found[name]]),
            ("unexpected", [row for row in found[name] if row not in expected[name]]),
            ("doubled", [row for row, n in Counter(found[name]).items() if n > 1]),
        )
        for row in rows
    ]
