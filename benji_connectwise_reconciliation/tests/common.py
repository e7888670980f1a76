"""Invoices in Odoo and in a running sandbox, and a comparison of October."""

from odoo.addons.benji_connectwise.tests.common import ConnectwiseCommon

CRON = "benji_connectwise_reconciliation.ir_cron_connectwise_reconciliation"


class ReconciliationCommon(ConnectwiseCommon):
    def there(self, number, total=100.0, day="2026-10-05", company=1005, **values):
        """Make an invoice in ConnectWise, and return it as its API shows it."""
        return self.sandbox.create_invoice(
            {
                "invoiceNumber": number,
                "date": f"{day}T00:00:00Z",
                "total": total,
                "company": {"id": company},
                "billToCompany": {"id": company},
                **values,
            }
        )

    @classmethod
    def here(cls, number, amount=100.0, day="2026-10-05", **values):
        """Return a posted invoice of Odoo."""
        return cls.invoice(number, amount, invoice_date=day, **values)

    @classmethod
    def connect(cls, partner, company_ref, connection="account_id"):
        """Connect a customer to a company of ConnectWise."""
        company = (
            cls.env["connectwise.company"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "connectwise_ref": company_ref,
                    "name": f"Company {company_ref}",
                }
            )
        )
        return (
            cls.env["connectwise.mapping"]
            .sudo()
            .create(
                {
                    "backend_id": cls.backend.id,
                    "partner_id": partner.id,
                    "connectwise_company_id": company.id,
                    "connection": connection,
                }
            )
        )

    def ask(self, first="2026-10-01", last="2026-10-31", user=None):
        """Ask for a comparison as a person, and return it."""
        Dialog = self.env["connectwise.reconciliation.compare"]
        dialog = Dialog.with_user(user or self.accountant).create(
            {"period": "other", "date_from": first, "date_to": last}
        )
        dialog.action_compare()
        run = self.env["connectwise.reconciliation.run"].search(
            [("date_from", "=", first), ("date_to", "=", last)]
        )
        run.ensure_one()
        return run

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(CRON).sudo().method_direct_trigger()
        self.env.invalidate_all()

    def compare(self, *period, **options):
        run = self.ask(*period, **options)
        self.run_cron()
        self.assertEqual(run.state, "done", run.error)
        return run

    def line(self, run, number):
        """Return the only line with this number, on either side."""
        line = run.line_ids.filtered(
            lambda line: number in (line.odoo_number, line.connectwise_number)
        )
        line.ensure_one()
        return line

    def assertStatus(self, run, number, status):
        self.assertEqual(self.line(run, number).status, status)
