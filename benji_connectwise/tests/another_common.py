"""A second ConnectWise, to which the connection moves."""

from .common import SANDBOX_TODAY, Sandbox
from .sync_common import SyncCommon

ACME, BOULDER, CARTER = 1005, 1006, 1007


class AnotherCommon(SyncCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.enterClassContext(
            Sandbox(seed=2, companies=40, invoices=120, today=SANDBOX_TODAY)
        )
        cls._allow_local_host(f"{cls.sandbox.host},{cls.other.host}")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.other.reset)
        for number in (ACME, BOULDER, CARTER):
            self.other.patch_company(
                number,
                {
                    "name": f"Stranger {number}",
                    "identifier": f"Stranger{number}",
                    "accountNumber": f"S-{number}",
                },
            )

    def connected(self, number):
        """Return the row of a customer that is connected to this company."""
        name = self.sandbox_company(number)["name"]
        customer = self.customer(name)
        self.sync()
        self.assertConnected(customer, number, "company_name")
        return self.row(customer)

    def move_to_other(self):
        self.backend.sudo().server_url = self.other.url
        self.other.clear_requests()

    def identifier(self, number):
        return self.sandbox.get_record("companies", number)["identifier"]

    def send(self, move):
        """Send this invoice to a customer with ConnectWise's PDF."""
        self.assertChosen(move, "connectwise")
        move.sudo().connectwise_sent_checksum = move.connectwise_pdf_id.checksum
        self.env.flush_all()
        return move.sudo().connectwise_lookup_ids
