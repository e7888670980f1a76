"""Running the synchronization in tests."""

from .common import ConnectwiseCommon


class SyncCommon(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.sync_contacts = True
        cls.backend.responsible_id = cls.administrator
        cls.companies = {
            company["id"]: company
            for company in cls.sandbox.export_companies()
            if not company["deleted"]
        }

    @classmethod
    def customer(cls, name, ref=False, **values):
        return cls.env["res.partner"].create(
            {"name": name, "ref": ref, "customer_rank": 1, "is_company": True, **values}
        )

    def row(self, customer):
        return (
            self.env["connectwise.mapping"]
            .sudo()
            .search(
                [("partner_id", "=", customer.id), ("backend_id", "=", self.backend.id)]
            )
        )

    def sandbox_company(self, number=1005):
        return self.companies[number]

    def sync(self, **options):
        counts = self.backend.with_user(self.administrator).sync(**options)
        self.env.invalidate_all()
        return counts

    def assertConnected(self, customer, company_id, connection):
        row = self.row(customer)
        self.assertEqual(row.connectwise_company_id.connectwise_ref, company_id)
        self.assertEqual(row.connection, connection)
        self.assertTrue(row.last_updated)

    def assertNotConnected(self, customer):
        self.assertFalse(self.row(customer).connectwise_company_id)
