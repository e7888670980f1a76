from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.contact_reading import update_contacts_for_person
from ..tools.mapping_words import explain_conflict, explain_contact
from ..tools.sql import as_table

PART = "part_of_another"
"""The kind of conflict of a connected customer that has a parent by now."""


class ConnectwiseMapping(models.Model):
    """A row of the Customer Mapping Report: one Odoo customer of one connection."""

    _name = "connectwise.mapping"
    _inherit = ["mail.thread"]
    _description = "Customer Mapping"
    _order = "partner_name, id"
    _rec_name = "partner_id"

    backend_id = fields.Many2one(
        "connectwise.backend", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Accounting Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_name = fields.Char(related="partner_id.name", store=True, index=True)
    partner_ref = fields.Char("Reference", related="partner_id.ref")
    connectwise_company_id = fields.Many2one(
        "connectwise.company", "ConnectWise Customer", index="btree_not_null"
    )
    connection = fields.Selection(
        [
            ("account_id", "Account ID"),
            ("company_name", "Company Name"),
            ("suggestion", "Suggestion"),
            ("manual", "Manual"),
        ],
        readonly=True,
        help="Suggestion: connected with others at once, and not looked at singly.",
    )
    last_updated = fields.Datetime(readonly=True)
    disconnected = fields.Boolean(
        readonly=True,
        help="A person disconnected this customer: it is not connected automatically.",
    )
    disconnected_at = fields.Datetime(readonly=True)
    disconnected_by_id = fields.Many2one("res.users", readonly=True)
    disconnected_company_id = fields.Many2one(
        "connectwise.company",
        "Disconnected From",
        readonly=True,
        index="btree_not_null",
    )
    is_set_aside = fields.Boolean(
        readonly=True,
        help="It was connected with another company than has that id in the ConnectWise"
        " of now: automatic matching leaves it alone until a person decides.",
    )
    has_conflict = fields.Boolean("Conflict", readonly=True)
    conflict = fields.Json(
        "What the conflict is",
        readonly=True,
        help="What a person should look at: its kind, and the ids of the companies and"
        " rows concerned.",
    )
    message = fields.Char(compute="_compute_message", help="What there is to know.")
    contact_id = fields.Many2one(
        "res.partner", "Bill-To Contact", readonly=True, ondelete="set null"
    )
    contact_origin = fields.Selection(
        [
            ("created", "Created by the synchronization"),
            ("converted", "Entered by hand, taken over"),
        ],
        readonly=True,
    )
    contact_before = fields.Json(
        readonly=True,
        help="What a contact entered by hand was before it was taken over.",
    )
    contact_decision = fields.Selection(
        [("enabled", "Enabled by hand"), ("disabled", "Disabled by hand")],
        readonly=True,
        help="What a person decided about enabling stays.",
    )
    contact_note = fields.Json(
        readonly=True,
        help="Why there is no Bill-To contact, or what to know about it: a code and"
        " what its sentence names.",
    )
    contact_message = fields.Char(compute="_compute_message")
    contact_enabled = fields.Boolean(
        "Enabled", related="contact_id.connectwise_enabled"
    )
    sync_paused = fields.Boolean(compute="_compute_sync_paused")
    is_self_written = fields.Boolean(
        "Changed by the Customer", compute="_compute_is_self_written", compute_sudo=True
    )

    _partner_backend_unique = models.UniqueIndex("(backend_id, partner_id)")

    @api.depends("backend_id.sync_contacts", "contact_id")
    def _compute_sync_paused(self):
        for mapping in self:
            mapping.sync_paused = bool(
                mapping.contact_id and not mapping.backend_id.sync_contacts
            )

    @api.depends("partner_id.connectwise_self_written")
    def _compute_is_self_written(self):
        for mapping in self:
            mapping.is_self_written = mapping.partner_id.connectwise_self_written

    # -------------------------------------------------------------------------
    # In the reader's words
    # -------------------------------------------------------------------------

    @api.depends(
        "conflict",
        "has_conflict",
        "contact_note",
        "sync_paused",
        "connectwise_company_id.is_deleted",
    )
    @api.depends_context("lang")
    def _compute_message(self):
        for mapping in self:
            mapping.contact_message = explain_contact(self.env, mapping.contact_note)
            mapping.message = " ".join(filter(None, mapping._get_sentences())) or False

    def _get_sentences(self):
        _ = self.env._
        if self.has_conflict:
            yield explain_conflict(self.env, self.conflict)
        if self.connectwise_company_id.is_deleted:
            yield _(
                "This company is gone in ConnectWise. The connection and its contact"
                " stay as they are until you connect another one or disconnect."
            )
        yield self.contact_message
        yield self._explain_pause()

    def _explain_pause(self):
        return self.sync_paused and self.env._(
            "Sync paused: “Synchronize customers/contacts from ConnectWise” is off, so"
            " the contact is not updated."
        )

    # -------------------------------------------------------------------------
    # Whose invoices these are
    # -------------------------------------------------------------------------

    def _is_certain(self):
        """Whether a person or an Account ID made this connection, not a name alone."""
        return self.connection in ("account_id", "manual")

    def _get_trusted_company(self):
        """Return the connected company, if the ConnectWise of now has it."""
        return self.connectwise_company_id.filtered("is_confirmed")

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        self._judge_lookups_anew(mappings.connectwise_company_id)
        return mappings

    def write(self, vals):
        if vals.keys().isdisjoint({"connectwise_company_id", "partner_id"}):
            return super().write(vals)
        before = self.connectwise_company_id
        result = super().write(vals)
        self._judge_lookups_anew(before | self.connectwise_company_id)
        return result

    def unlink(self):
        companies = self.connectwise_company_id
        result = super().unlink()
        self._judge_lookups_anew(companies)
        return result

    @api.model
    def _judge_lookups_anew(self, companies):
        """Judge again the invoices that are of these ConnectWise companies, or not.

        Whose a company is decides about everybody's invoices, while the dependencies
        of the verdict only know the connection of the invoice's own customer.

        :param companies: those that were or are connected, or counted or count now
        """
        if not companies:
            return
        refs = companies.sudo().mapped("connectwise_ref")
        hits = (
            self.env["connectwise.invoice"]
            .sudo()
            .search(
                Domain("company_ref", "in", refs) | Domain("bill_to_ref", "in", refs)
            )
        )
        hits.lookup_id._judge_anew()

    def _find_needless(self):
        """Return the rows of customers that became a part of another, where nobody
        connected or disconnected anything."""
        return self.search(
            [
                ("id", "in", self.ids),
                ("partner_id.parent_id", "!=", False),
                ("connectwise_company_id", "=", False),
                ("contact_id", "=", False),
                ("disconnected", "=", False),
                ("is_set_aside", "=", False),
            ]
        ).filtered(lambda row: row.partner_id.commercial_partner_id != row.partner_id)

    def _note_owners(self):
        """Make a conflict of each connected row whose customer became part of another.

        What was said of it says nothing certain about the other's invoices. It
        ends when the customer stands alone again.
        """
        self.flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT mapping.id, partner.commercial_partner_id != partner.id
                  FROM connectwise_mapping mapping
                  JOIN res_partner partner ON partner.id = mapping.partner_id
                 WHERE mapping.id = ANY(%s)
                   AND mapping.connectwise_company_id IS NOT NULL
                   AND (partner.commercial_partner_id != partner.id)
                       != (COALESCE(mapping.conflict->>'kind', '') = %s)
                """,
                self.ids,
                PART,
            )
        )
        for row_id, is_part in rows:
            row = self.browse(row_id)
            conflict = {
                "kind": PART,
                "companies": row.connectwise_company_id.ids,
                "rows": row.ids,
            }
            row.write({"has_conflict": is_part, "conflict": is_part and conflict})

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def _check_may_change(self):
        if not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(
                self.env._("Only an Invoicing administrator can change the mapping.")
            )
        self.check_access("write")

    def action_connect(self):
        """Open the dialog "+" for this row."""
        self.ensure_one()
        self._check_may_change()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect %s with", self.partner_id.display_name),
            "res_model": "connectwise.mapping.connect",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mapping_id": self.id},
        }

    def connect(self, company):
        """Connect this customer with `company` by hand; lifts its exclusion.

        :param company: `connectwise.company` record or its id
        :raises UserError: if it is of another connection, or gone
        """
        self.ensure_one()
        self._check_may_change()
        if isinstance(company, int):
            company = self.env["connectwise.company"].browse(company)
        company = company.sudo().exists()
        if not company or company.backend_id != self.sudo().backend_id:
            raise UserError(self.env._("This ConnectWise customer is not available."))
        if company.is_deleted:
            raise UserError(
                self.env._("%s is not in ConnectWise any more.", company.display_name)
            )
        if not company.is_confirmed:
            raise UserError(
                self.env._(
                    "Another ConnectWise is connected by now, and its customers were"
                    " not read yet: Rescan."
                )
            )
        mapping = self.sudo()
        if mapping.connectwise_company_id != company:
            mapping._remove_contact()
        mapping.partner_id._set_self_written(False)
        self._link([(mapping.id, company.id, "manual")])
        mapping._note_owners()
        mapping._log_for_customer(
            self.env._("Connected by hand to %s.", company.display_name)
        )
        update_contacts_for_person(mapping.backend_id, mapping)
        return True

    def action_confirm(self):
        """Make the connection of this one row a person's, who looked at it.

        Where it is not connected, the name that the customer wrote himself counts from
        now on.

        :raises UserError: if there is neither
        """
        self.ensure_one()
        self._check_may_change()
        if self.connectwise_company_id:
            return self.connect(self.connectwise_company_id)
        mapping = self.sudo()
        if not mapping.is_self_written:
            raise UserError(self.env._("This customer is not connected."))
        mapping.partner_id._set_self_written(False)
        if not mapping.is_set_aside:
            mapping.write({"has_conflict": False, "conflict": False})
        mapping._log_for_customer(self.env._("Confirmed the customer's name."))
        return True

    def action_disconnect(self):
        """Remove the connection; automatic matching leaves this customer alone."""
        self._check_may_change()
        connected = self.sudo().filtered(
            lambda mapping: mapping.connectwise_company_id or mapping.is_set_aside
        )
        for mapping in connected:
            company = mapping.connectwise_company_id
            name = company.display_name or mapping.conflict["company"]
            mapping._remove_contact()
            mapping.write(
                {
                    "connectwise_company_id": False,
                    "connection": False,
                    "disconnected": True,
                    "disconnected_at": fields.Datetime.now(),
                    "disconnected_by_id": self.env.user.id,
                    "disconnected_company_id": company.id,
                    "last_updated": fields.Datetime.now(),
                    "has_conflict": False,
                    "is_set_aside": False,
                    "conflict": False,
                    "contact_note": False,
                    "contact_decision": False,
                }
            )
            mapping._log_for_customer(self.env._("Disconnected from %s.", name))
        return True

    @api.model
    def _set_aside(self, companies):
        """Take the connections with these companies away until a person decides.

        The contacts stay as they are: nobody writes, removes or mails them.

        :param companies: {id of the company: name of the one that has its ConnectWise
            id now, or None if there is none}
        :return: the rows
        """
        lost = self.env["connectwise.company"].browse(companies)
        self.flush_model()
        rows = self.search([("connectwise_company_id", "in", lost.ids)])
        self.search([("disconnected_company_id", "in", lost.ids)]).write(
            {"disconnected_company_id": False}
        )
        for row in rows:
            company = row.connectwise_company_id
            name = company.name or company.identifier or ""
            row.conflict = {
                "kind": "set_aside",
                "company": f"{name} (#{company.connectwise_ref})",
                "ref": company.connectwise_ref,
                "now": companies[company.id],
            }
        rows.write(
            {
                "connectwise_company_id": False,
                "connection": False,
                "is_set_aside": True,
                "has_conflict": True,
                "last_updated": fields.Datetime.now(),
            }
        )
        rows._message_log_batch(bodies={row.id: row.message for row in rows})
        return rows

    @api.model
    def _link(self, links):
        """Store connections, without looking at the contacts.

        Those that are not made by hand give way to what a person did meanwhile.

        :param links: [(id of the row, id of the company, connection)]
        :return: the rows that were connected
        """
        self.flush_model()
        before = self.browse(row_id for row_id, *_others in links)
        before = before.connectwise_company_id
        linked = self.env.execute_query(
            SQL(
                """
                UPDATE connectwise_mapping mapping
                   SET connectwise_company_id = link.company_id,
                       connection = link.connection,
                       disconnected = FALSE, disconnected_at = NULL,
                       disconnected_by_id = NULL, disconnected_company_id = NULL,
                       has_conflict = FALSE, conflict = NULL, is_set_aside = FALSE,
                       -- What was decided about the contact of another company says
                       -- nothing here.
                       contact_decision = CASE WHEN connectwise_company_id
                           = link.company_id THEN contact_decision END,
                       contact_domain = CASE WHEN connectwise_company_id
                           = link.company_id THEN contact_domain END,
                       last_updated = %(now)s, write_date = %(now)s,
                       write_uid = %(user)s
                  FROM (%(links)s) link
                 WHERE mapping.id = link.id
                   AND (link.connection = 'manual' OR (
                        connectwise_company_id IS NULL AND disconnected IS NOT TRUE
                        AND is_set_aside IS NOT TRUE
                        AND NOT EXISTS (
                            SELECT 1 FROM connectwise_mapping other
                             WHERE other.connectwise_company_id = link.company_id)))
             RETURNING mapping.id
                """,
                links=as_table(
                    links, {"id": "int", "company_id": "int", "connection": "text"}
                ),
                now=fields.Datetime.now(),
                user=self.env.uid,
            )
        )
        rows = self.browse(row_id for [row_id] in linked)
        rows.invalidate_recordset(flush=False)
        self.env["connectwise.company"].invalidate_model(["mapping_ids"], flush=False)
        rows.modified(
            ["connectwise_company_id", "connection", "disconnected_company_id"]
        )
        self._judge_lookups_anew(before | rows.connectwise_company_id)
        return rows

    def _log(self, text):
        # With the author, because the change itself is made with other rights.
        self._message_log(body=text, author_id=self.env.user.partner_id.id)

    def _log_for_customer(self, text):
        """Log what a person did here, and where more people look: on the customer."""
        self._log(text)
        self.partner_id._message_log(
            body=self.env._("ConnectWise PSA: %s", text),
            author_id=self.env.user.partner_id.id,
        )
