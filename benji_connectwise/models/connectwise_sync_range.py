from odoo import fields, models


class ConnectwiseSyncRange(models.Model):
    """A range of ConnectWise's ids, and how far one synchronization has read it.

    The ranges of a synchronization do not overlap and do not depend on each other, so
    they can be read in any order or at the same time.
    """

    _name = "connectwise.sync.range"
    _description = "Part of a ConnectWise Synchronization"
    _order = "sync_id, after_ref"

    sync_id = fields.Many2one(
        "connectwise.sync", required=True, index=True, ondelete="cascade"
    )
    after_ref = fields.Integer(help="The ids greater than this are left to read.")
    until_ref = fields.Integer(help="0: up to the last one.")
    is_done = fields.Boolean()
    companies_read = fields.Integer()
    companies_changed = fields.Integer()
    newest_change = fields.Datetime()
    gone_refs = fields.Json()
    skipped_count = fields.Integer()
    skipped = fields.Text()
