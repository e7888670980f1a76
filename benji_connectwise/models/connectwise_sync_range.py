from odoo import fields, models

from ..lib.connectwise_client import IdRange
from .connectwise_company import get_newest_change


class ConnectwiseSyncRange(models.Model):
    """A range of ConnectWise's ids, and how far one synchronization has read it.

    The ranges of a synchronization do not overlap, and each is read and stored for
    itself, so they may be read in any order, or at the same time.
    """

    _name = "connectwise.sync.range"
    _description = "Part of a ConnectWise Synchronization"
    _order = "sync_id, after_ref"

    sync_id = fields.Many2one(
        "connectwise.sync", required=True, index=True, ondelete="cascade"
    )
    after_ref = fields.Integer(help="What is left to read are the greater ids.")
    until_ref = fields.Integer(help="0: up to the last one.")
    is_done = fields.Boolean()
    companies_read = fields.Integer()
    companies_changed = fields.Integer()
    newest_change = fields.Datetime()
    gone_refs = fields.Json()
    skipped_count = fields.Integer()
    skipped = fields.Text()

    def _get_ids(self):
        return IdRange(self.after_ref, self.until_ref or None)

    def _read(self, client, since=None):
        """Read and store what is left of these ranges, yielding after each page.

        :param since: only what changed after this time (with a zone)
        """
        # Asked for once: each commit forgets what was read from the database.
        sync = self.sync_id
        is_full = sync.is_full
        left = {row.after_ref: row for row in self if not row.is_done}
        ranges = [row._get_ids() for row in left.values()]
        for page in client.companies(ranges, since):
            row = left.pop(page.ids.after)
            row._store(page, sync, is_full)
            if page.rest:
                left[page.rest.after] = row
            yield

    def _store(self, page, sync, is_full):
        """Stage a page of the client's companies, and store how far this range is now.

        :param is_full: whether all companies are read, not only those that changed
        """
        self.ensure_one()
        unreadable = [record.id for record in page.skipped]
        # One that says not even which it is may be any of those that are missing.
        is_whole = is_full and None not in unreadable
        changed, gone, refused = self.env["connectwise.sync.company"]._stage(
            sync,
            page.companies,
            whole=page.ids if is_whole else None,
            unreadable=unreadable,
        )
        if newest := get_newest_change(page.companies):
            self.newest_change = max(filter(None, [self.newest_change, newest]))
        if gone:
            self.gone_refs = [*(self.gone_refs or []), *gone]
        if page.skipped or refused:
            reasons = [
                self.skipped,
                *(record.reason for record in page.skipped),
                *(f"Company {ref}: cannot be stored" for ref in refused),
            ]
            self.skipped = "\n".join(filter(None, reasons))
            self.skipped_count += len(page.skipped) + len(refused)
        self.write(
            {
                "companies_read": self.companies_read
                + len(page.companies)
                + len(page.skipped),
                "companies_changed": self.companies_changed + changed,
                "after_ref": page.rest.after if page.rest else self.after_ref,
                "is_done": not page.rest,
            }
        )
