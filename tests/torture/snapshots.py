"""Restoring the earlier contents of a database."""


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
