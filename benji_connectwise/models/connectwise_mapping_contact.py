import json
import logging

from markupsafe import escape
from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize
from odoo.tools.misc import clean_context

from ..lib.connectwise_client import plain_email, take_out_invisible
from ..tools.mapping_words import explain_contact
from ..tools.sql import as_table
from .res_partner import SYNC

_logger = logging.getLogger(__name__)

TAKEN_OVER = ("name", "email", "phone", "function", "active")
"""What the synchronization overwrites of a contact that was entered by hand."""


class ConnectwiseMapping(models.Model):
    """The one Bill-To contact of a connected customer."""

    _inherit = "connectwise.mapping"

    contact_domain = fields.Char(
        readonly=True,
        help="E-mail domain of the contact when it was enabled last. One at another"
        " domain is not mailed before a person looked at it.",
    )

    # -------------------------------------------------------------------------
    # Importing
    # -------------------------------------------------------------------------

    @api.model
    def _find_contacts_to_import(self, backend):
        """Return the ids of connected rows whose contact may have to be touched.

        Left out are those whose contact is what `_plan_contact` would make of it, with
        nothing to say about it: nearly all, once everything was imported.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT mapping.id
                  FROM connectwise_mapping mapping
                  JOIN connectwise_company company
                    ON company.id = mapping.connectwise_company_id
                  LEFT JOIN res_partner contact ON contact.id = mapping.contact_id
                 WHERE mapping.backend_id = %(backend)s
                   AND company.is_deleted IS NOT TRUE
                   -- What was not read from the ConnectWise of now is not known.
                   AND company.is_confirmed AND company.contact_ref IS NOT NULL
                   AND (contact.active
                        AND contact.connectwise_contact_ref = company.contact_ref
                        AND contact.name = company.contact_name
                        AND contact.email = company.contact_email
                        AND contact.phone IS NOT DISTINCT FROM company.contact_phone
                        AND contact.function
                            IS NOT DISTINCT FROM company.contact_function
                        AND mapping.contact_note IS NULL
                        AND COALESCE(mapping.contact_domain,
                                     split_part(contact.email_normalized, '@', 2))
                            = split_part(contact.email_normalized, '@', 2)
                        AND (contact.type = 'other'
                             OR mapping.contact_origin = 'converted')
                        AND CASE WHEN contact.connectwise_enabled
                            THEN mapping.contact_decision IS DISTINCT FROM 'disabled'
                            ELSE COALESCE(mapping.contact_decision = 'disabled',
                                          %(enable)s IS NOT TRUE)
                            END
                       ) IS NOT TRUE
                 ORDER BY mapping.id
                """,
                backend=backend.id,
                enable=backend.auto_enable_contacts,
            )
        )
        return [row_id for [row_id] in rows]

    def _import_contact(self):
        self.ensure_one()
        return self._import_contacts()[self]

    def _import_contacts(self):
        """Bring the Bill-To contacts in line with what was read of ConnectWise.

        :return: {row: "created", "converted", "updated", "removed", "unchanged" or
            "none"}; a row whose contact cannot be written says so, nothing is raised
        """
        mappings = self.sudo()
        known = mappings._find_contacts_entered_here()
        outcomes, arriving = {}, mappings.browse()
        for mapping in mappings:
            step, value = mapping._plan_contact(known)
            if step in ("none", "unchanged"):
                mapping._tell_contact(value)
            elif step != "created":
                step = mapping._try_contact_step(step, value)
            if step == "created":
                arriving |= mapping
            outcomes[mapping] = step
        outcomes.update(arriving._create_contacts())
        return outcomes

    def _get_contact_email(self):
        """Return the Bill-To contact's address, normalised; False if there is none."""
        company = self.connectwise_company_id
        email = company.contact_ref and plain_email(company.contact_email)
        return email and email_normalize(email)

    def _find_contacts_entered_here(self):
        """Return {(customer, e-mail): its contacts that Odoo had before}.

        Only for rows where it matters: with nothing imported, or imported differently.
        """
        customers, emails = set(), set()
        for mapping in self:
            email, contact = mapping._get_contact_email(), mapping.contact_id
            ref = mapping.connectwise_company_id.contact_ref
            imported = (contact.email_normalized, contact.connectwise_contact_ref)
            if email and imported != (email, ref):
                customers.add(mapping.partner_id.commercial_partner_id.id)
                emails.add(email)
        if not emails:
            return {}
        Partner = self.env["res.partner"].with_context(active_test=False)
        Partner.flush_model(["email_normalized"])
        # Few addresses have other characters than ASCII's: these may be invisible ones.
        possible = SQL(
            "SELECT id FROM res_partner"
            " WHERE email_normalized = ANY(%s) OR email_normalized ~ '[^ -~]'",
            list(emails),
        )
        contacts = Partner.search(
            [
                ("commercial_partner_id", "in", customers),
                ("id", "in", possible),
                ("is_connectwise_contact", "=", False),
            ],
            order="id",
        )
        return contacts.grouped(
            lambda contact: (contact.commercial_partner_id, _see_email(contact))
        )

    def _plan_contact(self, known):
        """Return (what to do, with what), having written nothing."""
        company, contact = self.connectwise_company_id, self.contact_id
        if company.is_deleted:
            return ("unchanged" if contact else "none"), self.contact_note
        email = self._get_contact_email()
        if not email:
            return ("removed" if contact else "none"), self._explain_no_contact()
        here = known.get((self.partner_id.commercial_partner_id, email))
        if contact and self._has_login(contact):
            name = contact.display_name
            return "unchanged", {"code": "synced_login", "contact": name}
        if contact:
            is_same = contact.connectwise_contact_ref == company.contact_ref
            if is_same and (contact.email_normalized == email or not here):
                values = self._prepare_contact(contact.connectwise_enabled)
                changes = {
                    name: value
                    for name, value in values.items()
                    if (contact[name] or False) != (value or False)
                }
                if changes:
                    return "updated", changes
                return "unchanged", self._explain_contact()
            return "replaced", None
        return self._plan_new_contact(email, here)

    def _plan_new_contact(self, email, here):
        """Tell what accounting has from what somebody entered by hand."""
        customer = self.partner_id
        contacts = (here or customer.browse()) - customer
        # Another connection of this customer may just have taken one of them over.
        contacts = contacts.filtered(lambda contact: not contact.is_connectwise_contact)
        if _see_email(customer) == email:
            return "none", {"code": "own_email", "email": email}
        for contact in contacts:
            if contact.active and contact.type == "invoice":
                return "none", {"code": "invoice_address", "email": email}
            if self._has_login(contact):
                return "none", {"code": "login", "email": email}
        by_hand = contacts.filtered(lambda contact: contact.type != "invoice")
        if by_hand:
            return "converted", by_hand.sorted(
                lambda contact: (not contact.active, contact.parent_id != customer)
            )[0]
        return "created", None

    @api.model
    def _has_login(self, contact):
        """Whether somebody can, or could, log in as this contact.

        ConnectWise must never decide where a password reset goes.
        """
        users = contact.sudo().with_context(active_test=False).user_ids
        return bool(users)

    def _explain_no_contact(self):
        company = self.connectwise_company_id
        if not company:
            return False
        if not company.contact_ref:
            if company.contact_name:
                return {"code": "inactive", "name": company.contact_name}
            return {"code": "missing" if company.contact_asked_ref else "no_contact"}
        return {"code": "no_email", "name": company.contact_name or ""}

    def _try_contact_step(self, step, value):
        """Do what was planned; what Odoo refuses is undone and said on the row."""
        try:
            with self.env.cr.savepoint():
                return getattr(self, f"_contact_{step}")(value)
        except (UserError, IntegrityError) as error:
            self._tell_contact(self._explain_failure(error))
            return "unchanged" if self.contact_id else "none"

    def _explain_failure(self, error):
        _logger.info("Bill-To contact of mapping %s not imported: %s", self.id, error)
        return {"code": "failed", "reason": str(error).strip()}

    def _tell_contact(self, note):
        if (self.contact_note or False) != (note or False):
            self.contact_note = note

    # -------------------------------------------------------------------------
    # The steps
    # -------------------------------------------------------------------------

    def _contact_removed(self, note):
        self._take_contact_away()
        self._note_contact(note, self.env._("The Bill-To contact was removed."))
        return "removed"

    def _contact_replaced(self, _value):
        self._take_contact_away()
        # Asked again, because one entered by hand may just have been given back.
        step, value = self._plan_contact(self._find_contacts_entered_here())
        if step == "none":
            return self._contact_removed(value)
        return self._contact_converted(value) if step == "converted" else step

    def _contact_updated(self, changes):
        contact = self._as_sync(self.contact_id)
        is_disabled = contact.connectwise_enabled and "connectwise_enabled" in changes
        if is_disabled:
            self._withdraw_queued_mail()
        has_moved = "email" in changes and self._is_contact_held()
        contact.write(changes)
        self._note_contact(
            self._explain_contact(),
            self.env._("The Bill-To contact was updated: %s.", contact.email_formatted),
        )
        if has_moved:
            self._ask_to_look_at_contact()
        return "updated"

    def _contact_converted(self, contact):
        contact = self._as_sync(contact)
        self.contact_before = {name: contact[name] for name in TAKEN_OVER}
        contact.write(self._prepare_contact())
        self._note_arrivals(contact, "converted")
        self._log(
            self.env._("Took over the contact %s.", contact.email_formatted),
        )
        return "converted"

    def _create_contacts(self):
        """Create these rows' contacts; one by one where all at once fails."""
        if not self:
            return {}
        try:
            with self.env.cr.savepoint():
                contacts = self._create_contact_records()
        except (UserError, IntegrityError) as error:
            if len(self) > 1:
                outcomes = {}
                for mapping in self:
                    outcomes.update(mapping._create_contacts())
                return outcomes
            self._tell_contact(self._explain_failure(error))
            return {self: "none"}
        self._note_arrivals(contacts, "created")
        self._message_log_batch(
            {
                mapping.id: self.env._(
                    "Imported the Bill-To contact %s.",
                    mapping.contact_id.email_formatted,
                )
                for mapping in self
            },
            author_id=self.env.user.partner_id.id,
        )
        return dict.fromkeys(self, "created")

    def _create_contact_records(self):
        """Create all at once what Odoo would else bring in line one by one.

        `_partners_skip_fields_sync` is what Odoo imports contacts with (base,
        models/res_partner.py:928); what it skips is here: the commercial fields, and
        those that each company has of its own.
        """
        vals_list = []
        for mapping in self:
            customer = self._as_sync(mapping.partner_id)
            vals_list.append(
                {
                    **customer.commercial_partner_id._get_commercial_values(),
                    # Neither an invoice nor an other address is passed on to it.
                    **customer._get_address_values(),
                    **mapping._prepare_contact(),
                    "parent_id": customer.id,
                    "company_id": customer.company_id.id,
                    "is_company": False,
                    "lang": customer.lang,
                }
            )
        Partner = self._as_sync(self.env["res.partner"])
        contacts = (
            Partner.with_context(_partners_skip_fields_sync=True)
            .create(vals_list)
            .with_env(Partner.env)
        )
        if self.env["res.company"].sudo().search_count([], limit=2) > 1:
            for contact in contacts:
                contact._company_dependent_commercial_sync()
        return contacts

    def _as_sync(self, partners):
        """Return these partners in an environment that may change synced contacts."""
        context = clean_context(self.env.context)
        # What the person's list was about would make a customer of the contact.
        context.pop("res_partner_search_mode", None)
        return partners.sudo().with_context(
            context,
            tracking_disable=True,
            active_test=False,
            connectwise_sync=SYNC,
        )

    def _prepare_contact(self, enabled=False):
        """Return the contact's values.

        :param enabled: whether it is enabled so far
        """
        company, before = self.connectwise_company_id, self.contact_before or {}

        def get(name):
            value = (company[f"contact_{name}"] or "").strip()
            return value or before.get(name) or False

        enabled = self._is_contact_to_be_enabled(enabled)
        values = {
            "name": get("name") or get("email"),
            "email": get("email"),
            "phone": get("phone"),
            "function": get("function"),
            "active": True,
            "is_connectwise_contact": True,
            "connectwise_contact_ref": company.contact_ref,
            "connectwise_enabled": enabled,
        }
        if not before:
            # Odoo chooses no address of this type for an order or an invoice.
            values["type"] = "other"
        return values

    def _note_arrivals(self, contacts, origin):
        """Store that these rows have these contacts now, one each."""
        self.flush_recordset()
        now = fields.Datetime.now()
        rows = []
        for mapping, contact in zip(self, contacts, strict=True):
            domain = self._get_new_domain(contact).get("contact_domain")
            rows.append(
                (
                    mapping.id,
                    contact.id,
                    json.dumps(mapping._explain_contact() or None),
                    domain or mapping.contact_domain or None,
                )
            )
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                UPDATE connectwise_mapping mapping
                   SET contact_id = new.contact_id, contact_origin = %(origin)s,
                       contact_note = NULLIF(new.note, 'null'::jsonb),
                       contact_domain = new.domain,
                       last_updated = %(now)s, write_date = %(now)s
                  FROM (%(rows)s) new
                 WHERE mapping.id = new.id
             RETURNING mapping.id
                """,
                rows=as_table(
                    rows,
                    {
                        "id": "int",
                        "contact_id": "int",
                        "note": "jsonb",
                        "domain": "text",
                    },
                ),
                origin=origin,
                now=now,
            )
        )
        self.invalidate_recordset(flush=False)
        for mapping in self:
            if mapping._is_contact_held():
                mapping._ask_to_look_at_contact()

    def _note_contact(self, note, text):
        self.write(
            {
                "contact_note": note,
                "last_updated": fields.Datetime.now(),
                **self._get_new_domain(self.contact_id),
            }
        )
        self._log(text)

    # -------------------------------------------------------------------------
    # Enabling
    # -------------------------------------------------------------------------

    def enable_contact(self):
        """Let these contacts receive their customers' invoices."""
        return self._decide_about_contact("enabled")

    def disable_contact(self):
        """Mail these contacts no invoices any more, queued ones included."""
        return self._decide_about_contact("disabled")

    def _decide_about_contact(self, decision):
        self._check_may_change()
        mappings = self.sudo().filtered("contact_id")
        if not mappings:
            raise UserError(self.env._("There is no contact from ConnectWise."))
        is_enabled = decision == "enabled"
        for mapping in mappings:
            contact = mapping._as_sync(mapping.contact_id)
            mapping.write(
                {
                    "contact_decision": decision,
                    "contact_domain": _get_domain(contact.email_normalized),
                    "contact_note": False,
                }
            )
            if contact.connectwise_enabled == is_enabled:
                continue
            if not is_enabled:
                mapping._withdraw_queued_mail()
            contact.connectwise_enabled = is_enabled
            mapping._log_for_customer(
                self.env._("Enabled %s.", contact.email_formatted)
                if is_enabled
                else self.env._("Disabled %s.", contact.email_formatted)
            )
        return True

    def _is_contact_mailed(self):
        """Whether the contact receives its customer's invoices."""
        return bool(self.contact_id.connectwise_enabled and self._get_trusted_company())

    def _is_contact_to_be_enabled(self, enabled):
        if self._is_contact_held():
            return False
        if self.contact_decision:
            return self.contact_decision == "enabled"
        return enabled or self.backend_id.auto_enable_contacts

    def _is_contact_held(self):
        """Whether the address moved to another domain, and nobody looked at it yet."""
        return bool(
            self.contact_domain
            and self.contact_domain != _get_domain(self._get_contact_email())
            and not self.backend_id.trust_new_domains
        )

    def _get_new_domain(self, contact):
        if not contact.connectwise_enabled:
            return {}
        return {"contact_domain": _get_domain(contact.email_normalized)}

    def _explain_contact(self):
        if not self._is_contact_held() or self.contact_decision == "disabled":
            return False
        return {
            "code": "moved",
            "old": self.contact_domain,
            "new": _get_domain(self._get_contact_email()),
        }

    def _ask_to_look_at_contact(self):
        if self.contact_decision == "disabled":
            return
        values = {
            "summary": self.env._("Look at the Bill-To contact from ConnectWise"),
            # It quotes ConnectWise, and a note is HTML.
            "note": escape(explain_contact(self.env, self._explain_contact()) or ""),
        }
        kind = "mail.mail_activity_data_todo"
        try:
            with self.env.cr.savepoint():
                self.partner_id.activity_schedule(
                    kind,
                    user_id=(self.backend_id.responsible_id or self.env.user).id,
                    **values,
                )
        except UserError:
            # Whoever cannot see this customer is not the one to look at it.
            self.partner_id.activity_schedule(kind, user_id=self.env.uid, **values)


def _see_email(partner):
    """Return a partner's e-mail address without what nobody sees of it."""
    return take_out_invisible(partner.email_normalized or "")


def _get_domain(email):
    return email and email.rpartition("@")[2]
