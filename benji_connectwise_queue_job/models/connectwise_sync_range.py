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

    requests = fields.Integer(help="What jobs asked to read it.")

    def _read_as_job(self):
        """Read companies of ConnectWise, committing after each page.

        Repeated, it goes on with what is left; after the last range of all, or when
        the synchronization is cancelled, the scheduled action goes on with it.
        """
        ranges = self.exists()
        sync = ranges.sync_id
        backend = sync.backend_id
        commit = self.env["ir.cron"]._commit_progress

        # As the scheduled action looks at it.
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
                # Jobs that run side by side meet the same outage: it is said once.
                if not sync.failure:
                    put_off(sync, error)
            except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, IntegrityError):
                raise
            except Exception:
                _logger.exception("Synchronization %s stopped", sync.id)
                self.env.cr.rollback()
                sync._fail()
                return
        # The last job sees that all the others are done.
        commit()
        if sync._is_cancelled() or not sync._get_ranges_left():
            backend._trigger_sync()
