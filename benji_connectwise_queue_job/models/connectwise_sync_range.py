import logging

from psycopg2 import IntegrityError

from odoo import fields, models

from odoo.addons.benji_connectwise.lib.connectwise_client import ConnectWiseError
from odoo.addons.benji_connectwise.odoo_internals import (
    PG_CONCURRENCY_EXCEPTIONS_TO_RETRY,
)
from odoo.addons.benji_connectwise.tools.connection.asking import asking
from odoo.addons.benji_connectwise.tools.sync.runs import put_off
from odoo.addons.benji_connectwise.tools.sync.synchronization import read_ranges

_logger = logging.getLogger(__name__)


class ConnectwiseSyncRange(models.Model):
    _inherit = "connectwise.sync.range"

    requests = fields.Integer(help="The number of requests that jobs made to read it.")

    def _read_as_job(self):
        """Read companies of ConnectWise, and commit after each page; a job calls this.

        A repeated job continues where it stopped. When all ranges are read, or the
        synchronization is cancelled, the scheduled action takes over.
        """
        ranges = self.exists()
        sync = ranges.sync_id
        backend = sync.backend_id
        commit = self.env["ir.cron"]._commit_progress

        # The scheduled action checks the same.
        if not backend.sync_contacts or backend.state == "draft":
            return
        if not sync._is_cancelled() and not backend._is_sync_resting():
            limits = backend._get_background_limits()
            try:
                with asking(backend, limits, of_sync=True) as client:
                    for _page in read_ranges(ranges, client):
                        commit()
                        if sync._is_cancelled():
                            break
                    ranges[0].requests += client.request_count
            except ConnectWiseError as error:
                # Parallel jobs meet the same outage: only the first one reports it.
                if not sync.failure:
                    put_off(sync, error)
            except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, IntegrityError):
                raise
            except Exception:
                _logger.exception("Synchronization %s stopped", sync.id)
                self.env.cr.rollback()
                sync._fail()
                return
        # After committing, the last job sees that all the others are done.
        commit()
        if sync._is_cancelled() or not sync._get_ranges_left():
            backend._trigger_sync()
