from odoo import fields, models
from odoo.fields import NO_ACCESS
from odoo.tools import email_normalize

from ..lib.connectwise_client import plain_email
from ..tools.mapping.disconnecting import take_away, take_out_of_waiting_mail
from ..tools.mapping.synced_contact import as_sync


class ConnectwiseBillTo(models.Model):
    """The Bill-To contact of a connected customer, or the reason why there is none."""

    _name = "connectwise.bill.to"
    _description = "Bill-To Contact of a Customer"
    _rec_name = "contact_id"

    mapping_id = fields.Many2one(
        "connectwise.mapping", required=True, readonly=True, ondelete="cascade"
    )
    contact_id = fields.Many2one(
        "res.partner",
        "Bill-To Contact",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    origin = fields.Selection(
        [
            ("created", "Created by the synchronization"),
            ("converted", "Entered by hand, taken over"),
        ],
        readonly=True,
    )
    before = fields.Json(
        readonly=True,
        help="The data of a contact entered by hand, before it was taken over.",
    )
    decision = fields.Selection(
        [("enabled", "Enabled by hand"), ("disabled", "Disabled by hand")],
        readonly=True,
        help="The synchronization does not change what a person decided.",
    )
    email_domain = fields.Char(
        readonly=True,
        help="Domain of the e-mail address when the contact was last enabled. If the"
        " address moves to another domain, it gets no mail until a person checks it.",
    )
    # It asks a person to check the new domain.
    notice_id = fields.Many2one(
        "mail.activity",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups=NO_ACCESS,
    )
    note = fields.Json(
        readonly=True,
        help="Why there is no contact, or what to know about it: a code and the names"
        " in its sentence.",
    )

    _mapping_unique = models.UniqueIndex("(mapping_id)")

    def unlink(self):
        # Nobody could change or delete a contact that is left without this.
        take_away(self)
        return super().unlink()

    def _get_email(self):
        """Return the address that ConnectWise has, normalised; False if it has none."""
        company = self.mapping_id.connectwise_company_id
        email = company.contact_ref and plain_email(company.contact_email)
        return email and email_normalize(email)

    def _is_held(self):
        """Whether the address moved to another domain, and nobody checked it yet."""
        return bool(
            self.email_domain
            and self.email_domain != _get_domain(self._get_email())
            and not self.mapping_id.backend_id.trust_new_domains
        )

    def _is_to_be_enabled(self, enabled):
        """Whether the contact gets invoices from now on.

        :param enabled: whether it gets them so far
        """
        if self._is_held():
            return False
        if self.decision:
            return self.decision == "enabled"
        return enabled or self.mapping_id.backend_id.auto_enable_contacts

    def _prepare_hold_note(self):
        if not self._is_held() or self.decision == "disabled":
            return False
        return {
            "code": "moved",
            "old": self.email_domain,
            "new": _get_domain(self._get_email()),
        }

    def _get_domain_to_keep(self, contact):
        """Return the domain to compare the next address of this contact with."""
        if contact.connectwise_enabled:
            return _get_domain(contact.email_normalized)
        return self.email_domain

    def _set_note(self, note):
        if (self.note or False) != (note or False):
            self.note = note

    def _log_change(self, note, text):
        self.write(
            {"note": note, "email_domain": self._get_domain_to_keep(self.contact_id)}
        )
        self.mapping_id.last_updated = fields.Datetime.now()
        self.mapping_id._log(text)

    def _end_notice(self):
        """Take the activity about a new domain back, unless it is done."""
        self.notice_id.filtered("active").unlink()

    def _decide(self, decision):
        """Store and apply the decision of a person.

        :param decision: "enabled" or "disabled"
        """
        is_enabled = decision == "enabled"
        self._end_notice()
        for bill_to in self:
            contact = as_sync(bill_to.contact_id)
            bill_to.write(
                {
                    "decision": decision,
                    "email_domain": _get_domain(contact.email_normalized),
                    "note": False,
                }
            )
            if contact.connectwise_enabled == is_enabled:
                continue
            if not is_enabled:
                take_out_of_waiting_mail(bill_to.contact_id)
            contact.connectwise_enabled = is_enabled
            bill_to.mapping_id._log_for_customer(
                self.env._("Enabled %s.", contact.email_formatted)
                if is_enabled
                else self.env._("Disabled %s.", contact.email_formatted)
            )


def _get_domain(email):
    return email and email.rpartition("@")[2]
