"""Two people do the same at the same moment."""

from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestAtOnce(ConnectwiseCommon):
    def refusal(self, model, values):
        """Return what the second person reads who makes this record."""
        records = self.env[model].sudo()
        records.create(values)
        with (
            self.assertRaises(UniqueViolation) as raised,
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            records.create(values)
        return records._sql_error_to_message(raised.exception)

    def test_second_sender_reads_that_the_invoice_waits(self):
        message = self.refusal(
            "connectwise.held.invoice", {"move_id": self.invoice("CW1001").id}
        )
        self.assertIn("waits for ConnectWise's PDF", message)

    def test_second_person_reads_that_callbacks_were_switched_on(self):
        message = self.refusal("connectwise.callback", {"backend_id": self.backend.id})
        self.assertIn("at the same moment", message)
