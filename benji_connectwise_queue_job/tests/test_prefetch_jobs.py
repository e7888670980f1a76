"""PDFs are fetched by jobs, which several servers can share."""

from contextlib import suppress

from odoo import fields
from odoo.tests import tagged

from odoo.addons.benji_connectwise.lib.connectwise_client import ServerError
from odoo.addons.benji_connectwise.tools.connection.asking import asking

from ..hooks import uninstall_hook
from .common import JobsCommon


@tagged("post_install", "-at_install")
class TestPrefetchJobs(JobsCommon):
    def prefetch(self, **later):
        return self.run_action("ir_cron_connectwise_pdf_prefetch", **later)

    def invoices(self, *numbers):
        moves = self.env["account.move"]
        for number in numbers or ("CW1001", "CW1002", "CW1003"):
            moves += self.invoice(number, invoice_date=fields.Date.today())
        return moves

    def test_scheduled_action_enqueues_and_asks_nothing_itself(self):
        moves = self.invoices()
        with self.no_requests():
            job = self.prefetch()
        self.assertEqual(job.records, moves.sorted("id", reverse=True))

    def test_job_fetches_the_same_as_the_scheduled_action(self):
        """It asks once about all of them, and once for each PDF."""
        moves = self.invoices()
        self.run_jobs(self.prefetch())
        self.assertEqual(self.jobs().state, "done")
        pdfs = self.requests("/pdf")
        self.assertEqual(len(pdfs), 3)
        self.assertEqual(len(self.requests("/finance/invoices")) - len(pdfs), 1)
        for move in moves:
            self.assertChosen(move, "connectwise", self.sandbox_pdf(move.name))

    def test_waiting_invoice_is_not_enqueued_again(self):
        """Only a new invoice is."""
        self.invoices()
        self.prefetch()
        new = self.invoices("CW1004")
        self.assertEqual(self.prefetch().records, new)

    def test_invoice_being_fetched_is_not_enqueued_again(self):
        self.invoices()
        self.prefetch().state = "started"
        self.assertFalse(self.prefetch())

    def test_invoices_of_a_failed_job_are_enqueued_again(self):
        moves = self.invoices()
        self.prefetch().state = "failed"
        self.assertEqual(self.prefetch().records, moves.sorted("id", reverse=True))

    def test_repeated_job_asks_nothing_again(self):
        """Its server was killed after the last commit."""
        self.invoices().is_move_sent = True
        job = self.prefetch(minutes=-1)
        self.run_jobs(job)
        with self.no_requests():
            self.run_jobs(job)

    def test_repeated_job_fetches_the_rest(self):
        """Its server was killed in the middle."""
        moves = self.invoices()
        job = self.prefetch(minutes=-1)
        self.run_jobs(job)
        moves[0].connectwise_pdf_id.sudo().unlink()
        self.sandbox.clear_requests()
        self.run_jobs(job)
        self.assertEqual(len(self.requests("/pdf")), 1)
        self.assertChosen(moves[0], "connectwise")

    def test_outage_enqueues_again_after_the_back_off(self):
        """No job fails, and none is enqueued during the back-off."""
        moves = self.invoices()
        self.sandbox.fault("unavailable", times=0)
        job = self.prefetch()
        self.run_jobs(job)
        self.assertEqual(job.state, "done")
        self.assertEqual(self.backend.state, "error")
        moves += self.invoices("CW1004")
        with self.no_requests():
            self.assertFalse(self.prefetch())
        self.sandbox.clear_faults()
        self.run_jobs(self.prefetch(minutes=5), minutes=5)
        self.assertEqual(set(moves.mapped("invoice_pdf_source")), {"connectwise"})

    def test_waiting_jobs_ask_nothing_during_the_back_off(self):
        self.invoices("CW1001")
        first = self.prefetch()
        self.invoices("CW1002")
        second = self.prefetch()
        self.sandbox.fault("unavailable", times=0)
        self.run_jobs(first)
        with self.no_requests():
            self.run_jobs(second)

    def test_simultaneous_jobs_note_one_outage(self):
        """The back-off grows with each outage, not with each job."""
        limits = self.backend._get_background_limits()
        with suppress(ServerError), asking(self.backend, limits):
            with suppress(ServerError), asking(self.backend, limits):
                raise ServerError("down", status=503)
            raise ServerError("down", status=503)
        self.assertEqual(self.backend.failures, 1)

    def test_scheduled_action_works_alone_without_a_job_runner(self):
        """It does the work that was left in the queue, too."""
        moves = self.invoices()
        job = self.prefetch(minutes=-1)
        self.stop_runner()
        self.assertFalse(self.prefetch())
        self.assertEqual(set(moves.mapped("invoice_pdf_source")), {"connectwise"})
        with self.no_requests():
            self.run_jobs(job)

    def test_person_does_not_wait_for_a_job(self):
        """The person may not even see the queue."""
        move = self.invoices("CW1001").with_user(self.accountant)
        move.action_print_pdf()
        self.assertChosen(move, "connectwise", self.sandbox_pdf("CW1001"))
        self.assertFalse(self.jobs())

    def test_held_invoice_is_sent_soon_after_its_pdf_came(self):
        self.backend.missing_pdf = "hold"
        move = self.invoices("CW1001")
        job = self.prefetch()
        self.env["connectwise.held.invoice"].sudo().create(
            {"move_id": move.id, "settings": {"author_user_id": self.env.user.id}}
        )
        cron = self.env.ref("benji_connectwise.ir_cron_connectwise_pdf_prefetch")
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        self.run_jobs(job)
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))

    def test_uninstalling_leaves_no_job_behind(self):
        """The queue would call a method that is gone."""
        self.invoices()
        self.prefetch()
        uninstall_hook(self.env(su=True))
        self.assertFalse(self.jobs())
