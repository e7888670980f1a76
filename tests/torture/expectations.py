"""What has to be true after the steps of `state_machine.py` (R8).

It is worked out independently of the product. A step notes how it changes the
expectations; the checks compare Odoo with them.
"""

import invariants
from mails import check_mails
from world import OWN_PDF, World


class Expectations:
    def __init__(self, world: World) -> None:
        self.world = world
        self.decided: dict[int, int | None] = {}
        """By customer, the id of the company a person chose; None if disconnected."""
        self.begun: set[int] = set()
        """Synchronizations that began earlier: what they read may have changed."""
        self.trust: dict[str, list[bytes]] = {}
        """By invoice number, the PDFs it may be sent with."""
        self.recipients: dict[str, list[str]] = {}
        """By invoice number, the addresses it may be sent to."""

    def forget_disconnections(self) -> None:
        self.decided = {
            partner: ref for partner, ref in self.decided.items() if ref is not None
        }

    def note_merge(self, gone: int, kept: int, kept_its_own: bool) -> None:
        """Note that one customer was merged into another, with a person's decision."""
        decision = self.decided.pop(gone, self)
        if not kept_its_own:
            self.decided.pop(kept, None)
            if decision is not self:
                self.decided[kept] = decision

    def note_begun(self) -> None:
        """Note that an interrupted synchronization has read pages that may change."""
        with self.world.env() as env:
            self.begun |= {*env["connectwise.backend"].search([]).sync_ids.ids}

    def note_trust(self, number: str) -> None:
        """Work out the PDFs that this invoice may be sent with, and the addresses."""
        with self.world.env() as env:
            move = env["account.move"].search([("name", "=", number)])
            customer = move.commercial_partner_id
            row = env["connectwise.mapping"].search([("partner_id", "=", customer.id)])
            company = row.connectwise_company_id
            own = {company.connectwise_ref, company.bill_to_ref or 0} - {0}
            others = set(row.disconnected_company_ids.mapped("connectwise_ref"))
            self.trust[number] = [OWN_PDF % number.encode()]
            for served in self.world.sandbox.served:
                if served.number == number and (
                    served.companies & own
                    if own
                    else not served.companies & others
                    and abs(served.total - move.amount_total) < 0.06
                ):
                    self.trust[number].append(served.pdf)
            enabled = row.contact_id.filtered("connectwise_enabled")
            self.recipients[number] = [*(customer | enabled).mapped("email_normalized")]

    def check(self, log: str) -> list[str]:
        """Check what holds after every step."""
        with self.world.env() as env:
            return [
                *invariants.check_all(env, self.world.sandbox, log),
                *invariants.check_manual(env, self.decided),
                *check_mails(self.world.mail.messages, self.trust, self.recipients),
            ]

    def check_came_to_its_end(self) -> list[str]:
        """Check that a synchronization that just ran from its start stored all."""
        violations = []
        with self.world.env() as env:
            sync = env["connectwise.backend"].search([]).sync_ids[:1]
            # While the connection rests after a failure, nothing is asked.
            is_new = sync.id not in self.begun
            if is_new and sync.state == "done" and not sync.skipped:
                violations = invariants.check_stored(
                    env, self.world.sandbox, sync.is_full
                )
        self.note_begun()
        return violations
