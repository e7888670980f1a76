from psycopg2 import DataError, OperationalError
from psycopg2.extensions import QueryCanceledError

from odoo import api, fields, models
from odoo.tools import SQL

from ..lib.connectwise_client.const import MAX_ID
from ..odoo_internals import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from ..tools.invoice_pdf.judging import judge_found
from ..tools.sync.company_rows import COLUMNS, NORMALISED, normalise, prepare_row
from ..tools.sync.sql import as_table

# The rows of a page that differ from the stored companies, and the stored companies
# that are gone. A page can clear `is_deleted`, but only the end of the synchronization
# sets it. A company that is not confirmed always differs.
DIFFERENCES = """
    SELECT page.connectwise_ref, known.connectwise_ref,
           known.id IS NOT NULL AND CASE WHEN page.connectwise_ref IS NULL
               THEN known.is_deleted IS NOT TRUE OR known.is_confirmed IS NOT TRUE
               ELSE known.is_deleted IS NOT TRUE AND page.is_deleted END
      FROM (%(page)s) page
      FULL JOIN (
          SELECT * FROM connectwise_company
           WHERE backend_id = %(backend)s AND %(compared)s
      ) known ON known.connectwise_ref = page.connectwise_ref
     WHERE (page.connectwise_ref IS NULL AND (
               known.is_deleted IS NOT TRUE OR known.is_confirmed IS NOT TRUE))
        OR (page.is_deleted AND known.is_deleted IS NOT TRUE)
        OR (page.connectwise_ref IS NOT NULL AND (
               known.connectwise_ref, known.identifier, known.name,
               known.account_number, known.status, known.city, known.is_deleted,
               known.bill_to_ref, known.billing_contact_ref, known.last_updated,
               known.is_confirmed)
           IS DISTINCT FROM (
               page.connectwise_ref, page.identifier, page.name,
               page.account_number, page.status, page.city,
               known.is_deleted AND page.is_deleted,
               page.bill_to_ref, page.billing_contact_ref, page.last_updated,
               TRUE))
"""

# The stored companies whose id now belongs to another company.
OTHERS = """
    SELECT known.id, COALESCE(staged.name, staged.identifier, '')
      FROM connectwise_sync_company staged
      JOIN connectwise_company known
        ON known.backend_id = %(backend)s
       AND known.connectwise_ref = staged.connectwise_ref
     WHERE staged.sync_id = %(sync)s
       AND CASE WHEN known.is_confirmed THEN
               NULLIF(lower(trim(known.identifier)), '')
                   != NULLIF(lower(trim(staged.identifier)), '')
               AND COALESCE(known.normalised_name, known.name, '')
                   != COALESCE(staged.normalised_name, staged.name, '')
           ELSE (NULLIF(lower(trim(known.identifier)), '')
                     = lower(trim(staged.identifier))
                 OR known.normalised_account_id = staged.normalised_account_id
                ) IS NOT TRUE
           END
"""

# The companies in use that have another Bill-To company now, or are confirmed again.
TOUCHED = """
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
                SELECT company_id FROM connectwise_mapping_disconnected_rel))
"""

UPSERT = """
    WITH staged AS (
        DELETE FROM connectwise_sync_company WHERE sync_id = %(sync)s RETURNING *
    )
    INSERT INTO connectwise_company AS known (
        backend_id, company_id, %(columns)s, create_date, write_date, is_confirmed
    )
    SELECT %(backend)s, %(company)s, %(columns)s,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', TRUE
      FROM staged
    ON CONFLICT (backend_id, connectwise_ref) DO UPDATE SET
        identifier = EXCLUDED.identifier, name = EXCLUDED.name,
        account_number = EXCLUDED.account_number, status = EXCLUDED.status,
        city = EXCLUDED.city, is_deleted = known.is_deleted AND EXCLUDED.is_deleted,
        bill_to_ref = EXCLUDED.bill_to_ref,
        billing_contact_ref = EXCLUDED.billing_contact_ref,
        last_updated = EXCLUDED.last_updated,
        normalised_name = EXCLUDED.normalised_name,
        normalised_account_id = EXCLUDED.normalised_account_id,
        write_date = EXCLUDED.write_date, is_confirmed = TRUE
"""


class ConnectwiseSyncCompany(models.Model):
    """A company that a synchronization read, kept until all were found plausible.

    Only companies that differ from the stored ones, or are not confirmed, are kept.
    """

    _name = "connectwise.sync.company"
    _description = "Company as Read by a ConnectWise Synchronization"
    _log_access = False
    _rec_name = "name"

    sync_id = fields.Many2one(
        "connectwise.sync", required=True, index=True, ondelete="cascade"
    )
    connectwise_ref = fields.Integer(required=True)
    identifier = fields.Char()
    name = fields.Char()
    account_number = fields.Char()
    status = fields.Char()
    city = fields.Char()
    is_deleted = fields.Boolean()
    bill_to_ref = fields.Integer()
    billing_contact_ref = fields.Integer()
    last_updated = fields.Datetime()
    normalised_name = fields.Char()
    normalised_account_id = fields.Char()

    @api.model
    def _stage(self, sync, backend, companies, whole=None, unreadable=()):
        """Keep those of the client's companies that differ from the stored ones.

        :param backend: the connection of `sync`, so that it is not read each time
        :param whole: the `IdRange` of `companies`, if they are all companies in it
        :param unreadable: ids that were in the answer and could not be read
        :return: (how many differ, ids that are gone, ids the database refuses)
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
        self.env["connectwise.company"].flush_model()
        differences = self.env.execute_query(
            SQL(
                DIFFERENCES,
                page=as_table(list(map(prepare_row, companies)), COLUMNS),
                backend=backend.id,
                compared=compared,
            )
        )
        gone = [known for _ref, known, is_gone in differences if is_gone]
        rows = [
            (
                *prepare_row(page[ref]),
                *normalise(page[ref].name, page[ref].account_number),
            )
            for ref, *_known in differences
            if ref
        ]
        refused = self._insert(sync, rows)
        return len(rows) - len(refused), gone, refused

    def _insert(self, sync, rows):
        """Store these rows; return the ids of those that the database refuses."""
        if not rows:
            return []
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        """
                        INSERT INTO connectwise_sync_company (sync_id, %s)
                        SELECT %s, page.* FROM (%s) page
                        """,
                        _columns(),
                        sync.id,
                        as_table(rows, {**COLUMNS, **NORMALISED}),
                    )
                )
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, QueryCanceledError):
            raise
        except (DataError, OperationalError):
            if len(rows) == 1:
                return [rows[0][0]]
            half = len(rows) // 2
            return self._insert(sync, rows[:half]) + self._insert(sync, rows[half:])
        return []

    @api.model
    def _find_left_behind(self, sync, gone):
        """Return those of `gone` that only the previous ConnectWise had."""
        doubted = gone.filtered(lambda company: not company.is_confirmed)
        if not doubted:
            return doubted
        read = self.search(
            [
                ("sync_id", "=", sync.id),
                ("connectwise_ref", "in", doubted.mapped("connectwise_ref")),
            ]
        )
        refs = set(read.mapped("connectwise_ref"))
        return doubted.filtered(lambda company: company.connectwise_ref not in refs)

    @api.model
    def _find_others(self, sync):
        """Return {id of a stored company: name of the one that has its id now}."""
        return dict(
            self.env.execute_query(
                SQL(OTHERS, backend=sync.backend_id.id, sync=sync.id)
            )
        )

    @api.model
    def _apply(self, sync, left_behind):
        """Store the companies that were kept, and delete those `left_behind`."""
        Company, backend = self.env["connectwise.company"], sync.backend_id
        self.env.flush_all()
        touched = Company.browse(
            company_id
            for [company_id] in self.env.execute_query(
                SQL(TOUCHED, sync=sync.id, backend=backend.id)
            )
        )
        self.env.cr.execute(
            SQL(
                UPSERT,
                sync=sync.id,
                backend=backend.id,
                company=backend.company_id.id,
                columns=_columns(),
            )
        )
        if left_behind:
            # By SQL, because there may be many. Nothing is connected to them.
            self.env.cr.execute(
                SQL(
                    "DELETE FROM connectwise_company WHERE id = ANY(%s)",
                    left_behind.ids,
                )
            )
            self.env.invalidate_all(flush=False)
        Company.invalidate_model()
        touched.modified(["bill_to_ref", "is_confirmed"])
        judge_found(touched)

    @api.model
    def _forget(self, syncs):
        self.env.cr.execute(
            SQL(
                "DELETE FROM connectwise_sync_company WHERE sync_id = ANY(%s)",
                syncs.ids,
            )
        )
        self.invalidate_model()


def _columns():
    return SQL(", ").join(map(SQL.identifier, [*COLUMNS, *NORMALISED]))
