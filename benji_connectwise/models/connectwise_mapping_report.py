from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_datetime

from ..tools.contact_reading import update_contacts_for_person
from ..tools.mapping_words import explain_conflict

REPORT_ACTION = "benji_connectwise.connectwise_sync_status_action"


class ConnectwiseMapping(models.Model):
    """The Customer Mapping Report: what a row says, and its export and import."""

    # Beside what a row is and does, this file is about showing it.
    _inherit = "connectwise.mapping"  # pylint: disable=consider-merging-classes-inherited
    connection_text = fields.Char(
        "Connection Status", compute="_compute_connection_text"
    )
    contact_text = fields.Char("Bill-To", compute="_compute_contact_text")
    connectwise_status = fields.Char(
        "ConnectWise Status", related="connectwise_company_id.status"
    )
    connectwise_account_number = fields.Char(
        "ConnectWise Account ID", related="connectwise_company_id.account_number"
    )
    is_gone = fields.Boolean(
        "Gone in ConnectWise", related="connectwise_company_id.is_deleted"
    )
    # What an export brings and an import takes: the same in every database.
    connectwise_ref = fields.Integer(
        "ConnectWise ID",
        compute="_compute_connectwise_ref",
        inverse="_inverse_connectwise_ref",
        search="_search_connectwise_ref",
        help="ConnectWise's number of the connected company. Importing another number"
        " connects by hand, importing 0 disconnects.",
    )
    has_open_invoices = fields.Boolean(
        compute="_compute_has_open_invoices", search="_search_has_open_invoices"
    )

    @api.depends(
        "connection",
        "connectwise_company_id.is_deleted",
        "connectwise_company_id.is_confirmed",
        "disconnected",
        "disconnected_at",
        "disconnected_by_id",
        "has_conflict",
        "conflict",
    )
    @api.depends_context("lang", "tz")
    def _compute_connection_text(self):
        labels = dict(self._fields["connection"]._description_selection(self.env))
        for mapping in self:
            conflict = explain_conflict(self.env, mapping.conflict) or ""
            if mapping.connectwise_company_id:
                parts = [labels.get(mapping.connection, "")]
                if not mapping._get_trusted_company():
                    parts.append(self.env._("not confirmed in this ConnectWise yet"))
                elif mapping.is_gone:
                    parts.append(self.env._("gone in ConnectWise"))
                if mapping.has_conflict:
                    parts.append(f"⚠ {conflict}")
            elif mapping.disconnected:
                parts = [mapping._describe_disconnection()]
            elif mapping.has_conflict:
                parts = [self.env._("⚠ Conflict: %s", conflict)]
            else:
                parts = []
            mapping.connection_text = " · ".join(filter(None, parts))

    def _describe_disconnection(self):
        person = self.sudo().disconnected_by_id.name
        if not person or not self.disconnected_at:
            return self.env._("Disconnected")
        day = fields.Datetime.context_timestamp(self, self.disconnected_at).date()
        this_year = day.year == fields.Date.context_today(self).year
        return self.env._(
            "Disconnected by %(person)s on %(day)s",
            person=person,
            day=format_date(
                self.env, day, date_format="d MMM" if this_year else "d MMM y"
            ),
        )

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        # What is shown of the connection is sorted like the connection.
        if field_name == "connection_text":
            field_name = "connection"
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.depends("contact_id.name", "contact_id.email", "contact_note")
    @api.depends_context("lang")
    def _compute_contact_text(self):
        for mapping in self:
            contact = mapping.sudo().contact_id
            if contact:
                email = contact.email and f"<{contact.email}>"
                text = " ".join(filter(None, [contact.name, email]))
            else:
                text = mapping.contact_message
            mapping.contact_text = text

    @api.depends("connectwise_company_id.connectwise_ref")
    def _compute_connectwise_ref(self):
        for mapping in self:
            mapping.connectwise_ref = mapping.connectwise_company_id.connectwise_ref

    def _inverse_connectwise_ref(self):
        refs = {mapping: mapping.connectwise_ref for mapping in self}
        Company = self.env["connectwise.company"].sudo()
        for mapping, ref in refs.items():
            company = Company.search(
                [
                    ("backend_id", "=", mapping.sudo().backend_id.id),
                    ("connectwise_ref", "=", ref),
                ]
            )
            if ref and not company:
                raise UserError(
                    self.env._("There is no ConnectWise customer #%s. Rescan?", ref)
                )
            mapping._connect_as_written(company)

    def _search_connectwise_ref(self, operator, value):
        return [("connectwise_company_id.connectwise_ref", operator, value)]

    def _compute_has_open_invoices(self):
        having = self.search([("id", "in", self.ids), ("has_open_invoices", "=", True)])
        for mapping in self:
            mapping.has_open_invoices = mapping in having

    def _search_has_open_invoices(self, operator, value):
        if operator != "in":
            return NotImplemented
        query = SQL(
            """
            SELECT mapping.id
              FROM connectwise_mapping mapping
              JOIN res_company company ON company.id = mapping.company_id
              JOIN res_company branch
                ON branch.parent_path LIKE company.parent_path || '%%'
              JOIN account_move move
                ON move.commercial_partner_id = mapping.partner_id
               AND move.company_id = branch.id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund')
               AND move.payment_state IN ('not_paid', 'partial', 'in_payment')
            """
        )
        self.env["account.move"].flush_model()
        return Domain("id", "in", query)

    # -------------------------------------------------------------------------
    # Changing by import
    # -------------------------------------------------------------------------

    def write(self, vals):
        """Whoever writes a connection, for instance by import, connects by hand.

        Everything else about a row is the program's own, which writes it as superuser.
        """
        if self.env.su:
            return super().write(vals)
        self._check_may_change()
        own = {
            name: value
            for name, value in vals.items()
            if name == "connectwise_ref" or name.startswith(("message_", "website_"))
        }
        others = set(vals) - set(own) - {"connectwise_company_id"}
        if others and "_import_current_module" not in self.env.context:
            raise AccessError(
                self.env._("This is changed by connecting and disconnecting alone.")
            )
        result = super().write(own) if own else True
        if "connectwise_company_id" in vals:
            company = self.env["connectwise.company"].browse(
                vals["connectwise_company_id"] or ()
            )
            for mapping in self:
                mapping._connect_as_written(company)
        return result

    def _connect_as_written(self, company):
        """Connect or disconnect by hand, unless it is like that already."""
        if company == self.connectwise_company_id:
            return
        if company:
            self.connect(company)
        else:
            self.action_disconnect()

    # -------------------------------------------------------------------------
    # The report
    # -------------------------------------------------------------------------

    @api.model
    def action_open_report(self):
        """Open the report of the companies switched on, with every customer's row."""
        self.check_access("read")
        for company in self.env.companies:
            company._get_connectwise_backend()._ensure_rows()
        return self.env["ir.actions.act_window"]._for_xml_id(REPORT_ACTION)

    def action_connect(self):
        """Open the dialog with its suggestions, so that each can have a button."""
        action = super().action_connect()
        wizard = self.env[action["res_model"]].create({"mapping_id": self.id})
        context = {**action["context"], "dialog_size": "extra-large"}
        return {**action, "res_id": wizard.id, "context": context}

    def action_connect_suggestions(self):
        """Connect those of these rows that have one exact match.

        A person has still to look at each of these connections: until then they are
        no better than a name. Connected rows, disconnected ones, conflicts, and
        customers who wrote their own name are left alone.
        """
        self._check_may_change()
        rows = self.filtered(
            lambda row: (
                not (row.connectwise_company_id or row.disconnected or row.has_conflict)
                and not row.sudo().partner_id.connectwise_self_written
            )
        )
        Wizard = self.env["connectwise.mapping.connect"].sudo()
        connected = self.browse()
        for backend, of_backend in rows.grouped("backend_id").items():
            companies, links = None, []
            for row in of_backend:
                wizard = Wizard.new({"mapping_id": row.id})
                companies = companies or wizard._get_companies_to_choose_from()
                if company := wizard._find_exact_match(companies):
                    links.append((row.id, company.id, "suggestion"))
            # Two customers that are both one company's match are no exact match.
            found = Counter(company_id for _row, company_id, _reason in links)
            linked = self.sudo()._link([link for link in links if found[link[1]] == 1])
            for row in linked:
                row._log_for_customer(
                    self.env._(
                        "Connected to %s, with other exact matches.",
                        row.connectwise_company_id.display_name,
                    )
                )
            update_contacts_for_person(backend.sudo(), linked)
            connected |= linked
        done = len(connected)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if done else "warning",
                "message": self.env._(
                    "%(done)s of %(all)s connected. The others have no exact match:"
                    " use + for them.",
                    done=done,
                    all=len(rows),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_rescan(self):
        """Open the dialog *Rescan* of the current company's connection."""
        self._check_may_change()
        backend = self._get_current_backend()
        if not backend:
            raise UserError(
                self.env._(
                    "ConnectWise PSA is not connected. Start with Configure under"
                    " Integrations."
                )
            )
        return backend.action_rescan()

    @api.model
    def _get_current_backend(self):
        backend = self.env.company._get_connectwise_backend()
        return backend.with_env(self.env)

    @api.model
    def get_report_status(self):
        """Return what stands above the report about the current company's connection.

        :return: `backend_id`, `state`, `read` and `total` of a running rescan, and
            `text` with its `level` (Bootstrap's: muted, info, warning, danger)
        """
        self.check_access("read")
        backend = self._get_current_backend()
        level, text = self._describe_backend(backend)
        return {
            "backend_id": backend.id,
            "state": backend.sync_state or "idle",
            "read": backend.sync_read,
            "total": backend.sync_total,
            "level": level,
            "text": text,
            "may_change": self.env.user.has_group("account.group_account_manager")
            and backend.has_access("write"),
        }

    def _describe_backend(self, backend):
        _ = self.env._
        if not backend:
            return "info", _(
                "ConnectWise PSA is not connected. An Invoicing administrator starts"
                " with Configure under Integrations."
            )
        if not backend.sync_contacts:
            return "warning", _(
                "“Synchronize customers/contacts from ConnectWise” is off: nothing is"
                " read, and what was connected stays. It is switched on under"
                " Integrations ▸ Configure."
            )
        if backend.sync_state != "idle":
            return "info", self._describe_progress(backend)
        if backend.last_error:
            return "danger", _(
                "%(error)s Test the connection under Integrations.",
                error=backend.last_error,
            )
        if not backend.last_sync:
            return "info", _("ConnectWise's customers were not read yet: Rescan.")
        return "muted", _(
            "Last read %(time)s · %(companies)s ConnectWise customers ·"
            " %(connected)s connected",
            time=format_datetime(self.env, backend.last_sync, dt_format="short"),
            companies=self.env["connectwise.company"].search_count(
                [("backend_id", "=", backend.id), ("is_deleted", "=", False)]
            ),
            connected=self.search_count(
                [
                    ("backend_id", "=", backend.id),
                    ("connectwise_company_id.is_confirmed", "=", True),
                ]
            ),
        )

    def _describe_progress(self, backend):
        if backend.sync_state == "queued":
            return self.env._("The rescan starts in a moment")
        if not backend.sync_total:
            return self.env._("Reading companies")
        return self.env._(
            "Reading companies %(read)s of %(total)s",
            read=f"{backend.sync_read:,}",
            total=f"{backend.sync_total:,}",
        )
