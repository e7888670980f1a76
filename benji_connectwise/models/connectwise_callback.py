from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.connection.callbacks import repair
from ..tools.connection.explain import explain_stored
from ..tools.connection.private_key import create_column


class ConnectwiseCallback(models.Model):
    """The callbacks of one connection: ConnectWise calls when a record changes.

    The address that it calls contains a token. Like the private key, the token is
    stored in a column that the ORM does not know.
    """

    _name = "connectwise.callback"
    _description = "ConnectWise Callbacks"
    _rec_name = "backend_id"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, ondelete="cascade"
    )
    database_uuid = fields.Char(
        "Database UUID",
        default=lambda self: self._get_database_uuid(),
        help="Odoo gives a copy of a database another one.",
    )
    last_call = fields.Datetime(help="The last trusted call, to the minute.")
    last_refusal = fields.Datetime(
        help="The last refused call to the right address, to the minute."
    )
    failure = fields.Json(help="Why the callbacks could not be registered.")
    last_error = fields.Char(compute="_compute_last_error")

    _backend_unique = models.UniqueIndex(
        "(backend_id)", "Somebody else switched this on at the same moment."
    )

    def init(self):
        create_column(self)
        return super().init()

    @api.depends("failure")
    @api.depends_context("lang")
    def _compute_last_error(self):
        for callback in self:
            callback.last_error = explain_stored(self.env, callback.failure)

    @api.model
    def _get_database_uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def _is_of_copied_database(self):
        """Whether ConnectWise calls the database that this one is a copy of."""
        return self.database_uuid != self._get_database_uuid()

    def _note_time(self, name):
        """Store the time of a call, at most once a minute and without waiting.

        :param name: `last_call` or `last_refusal`
        """
        now = fields.Datetime.now()
        if self[name] and self[name] >= now - timedelta(minutes=1):
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE connectwise_callback SET %(name)s = %(now)s
                 WHERE id IN (
                     SELECT id FROM connectwise_callback
                      WHERE id = %(id)s
                        AND (%(name)s IS NULL
                             OR %(name)s < %(now)s - interval '1 minute')
                        FOR UPDATE SKIP LOCKED)
                """,
                name=SQL.identifier(name),
                now=now,
                id=self.id,
            )
        )
        self.invalidate_recordset([name], flush=False)

    @api.model
    def _cron_repair(self):
        """Register callbacks again that ConnectWise dropped after days of failures."""
        for callback in self.search([]):
            repair(callback)
            self.env["ir.cron"]._commit_progress(1)
