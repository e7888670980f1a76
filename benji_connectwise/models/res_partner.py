from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..tools.connection.links import get_partner_environment, get_partner_url
from ..tools.invoice_pdf.judging import judge_found
from ..tools.invoice_pdf.order import list_sources
from ..tools.mapping.rows import note_parts, open_row
from ..tools.mapping.synced_contact import SYNC, make_readonly, refuse_change
from ..tools.mapping.words import describe_customer, explain_pause

OWN_FIELDS = (
    *("is_connectwise_contact", "connectwise_contact_ref", "connectwise_enabled"),
    "connectwise_self_written",
)
"""Fields that only the synchronization may write, on any contact."""

MATCHED = ("name", "ref", "company_name")
"""Fields that customers are matched by. A contact's `company_name` becomes the name
when Odoo creates a company from it."""

PROTECTED = (
    *OWN_FIELDS,
    *("name", "email", "email_normalized", "phone", "function", "type"),
    *("parent_id", "company_id", "is_company", "company_type", "active"),
    # Odoo computes them, but a remote call could write them.
    *("complete_name", "commercial_partner_id", "commercial_company_name"),
)
"""Fields that nobody may change on a synced contact, besides its address. The others,
such as tax ID, payment terms and language, Odoo copies from the customer."""


class ResPartner(models.Model):
    _inherit = "res.partner"

    connectwise_mapping_ids = fields.One2many(
        "connectwise.mapping",
        "partner_id",
        "Customer Mapping",
        readonly=True,
        groups="account.group_account_readonly,account.group_account_invoice",
    )
    connectwise_company_id = fields.Many2one(
        "connectwise.company",
        "ConnectWise Customer",
        compute="_compute_connectwise_company_id",
        compute_sudo=True,
        search="_search_connectwise_company_id",
        groups="account.group_account_readonly,account.group_account_invoice",
        help="The ConnectWise company of this customer, in the current company.",
    )
    connectwise_connection = fields.Char(
        compute="_compute_connectwise_company_id",
        compute_sudo=True,
        groups="base.group_user",
    )
    connectwise_not_connected = fields.Char(
        "Not connected",
        compute="_compute_connectwise_company_id",
        compute_sudo=True,
        groups="account.group_account_readonly,account.group_account_invoice",
        help="The customer is in the Customer Mapping Report, but not connected.",
    )
    is_connectwise_contact = fields.Boolean(
        "ConnectWise Contact",
        readonly=True,
        copy=False,
        help="This contact comes from ConnectWise and can only be changed there.",
    )
    connectwise_contact_ref = fields.Integer(
        "ConnectWise Contact ID", readonly=True, copy=False
    )
    connectwise_enabled = fields.Boolean(
        "Enabled",
        readonly=True,
        copy=False,
        help="Receives the e-mails with its customer's invoices.",
    )
    connectwise_self_written = fields.Boolean(
        "Name or reference written by the customer",
        readonly=True,
        copy=False,
        help="In the portal, when signing up or in the web shop. It connects nobody to"
        " a ConnectWise customer until a person confirms it.",
    )
    connectwise_contact_message = fields.Char(
        compute="_compute_connectwise_contact_message",
        compute_sudo=True,
        groups="base.group_user",
        help="Anything to check before it is enabled, and whether it is updated.",
    )
    connectwise_url = fields.Char(
        compute="_compute_connectwise_url", groups="base.group_user"
    )
    connectwise_environment = fields.Char(
        compute="_compute_connectwise_url", groups="base.group_user"
    )
    connectwise_owner = fields.Char(
        compute="_compute_connectwise_contact_message",
        compute_sudo=True,
        groups="base.group_user",
        help="The Odoo company whose connection it comes from.",
    )
    invoice_pdf_preference = fields.Selection(
        list_sources,
        "Invoice PDF",
        company_dependent=True,
        index="btree_not_null",
        groups="account.group_account_readonly,account.group_account_invoice",
        help="Goes first for this customer's invoices, and the priority follows.",
    )

    @api.depends_context("company", "lang")
    @api.depends(
        "connectwise_mapping_ids.connectwise_company_id.display_name",
        "connectwise_mapping_ids.connectwise_company_id.is_confirmed",
        "connectwise_mapping_ids.connection_text",
        "connectwise_mapping_ids.backend_id.active",
    )
    def _compute_connectwise_company_id(self):
        backend = self.env.company._get_connectwise_backend()
        for partner in self:
            mapping = partner.connectwise_mapping_ids.filtered(
                lambda mapping: mapping.backend_id == backend
            )[:1]
            company = mapping._get_trusted_company()
            partner.connectwise_company_id = company
            text = bool(mapping) and describe_customer(mapping)
            partner.connectwise_connection = bool(company) and text
            partner.connectwise_not_connected = not company and text

    @api.depends_context("company")
    def _compute_connectwise_url(self):
        for partner in self:
            partner.connectwise_url = get_partner_url(partner)
            partner.connectwise_environment = get_partner_environment(partner)

    @api.depends("is_connectwise_contact", "connectwise_enabled", "email")
    def _compute_connectwise_contact_message(self):
        contacts = self.filtered("is_connectwise_contact")
        mappings = contacts._get_connectwise_mapping().grouped("contact_id")
        for partner in self:
            mapping = mappings.get(partner._origin, self.env["connectwise.mapping"])
            partner.connectwise_owner = mapping.company_id.name
            sentences = (mapping.contact_message, explain_pause(mapping))
            partner.connectwise_contact_message = " ".join(filter(None, sentences))

    @api.model
    def _search_connectwise_company_id(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        backend = self.env.company._get_connectwise_backend()
        here = Domain("backend_id", "=", backend.id)
        connected = Domain("connectwise_company_id.is_confirmed", "=", True)
        values = value if operator == "in" else ()
        domain = Domain(
            "connectwise_mapping_ids",
            "any",
            here & connected & Domain("connectwise_company_id", operator, value),
        )
        if False in values:
            domain |= ~Domain("connectwise_mapping_ids", "any", here & connected)
        return domain

    def _compute_application_statistics_hook(self):
        """Mark connected customers and synced contacts in lists and on cards."""
        badges = super()._compute_application_statistics_hook()
        if not self.env.user._is_internal():
            return badges
        for partner in self:
            if partner.is_connectwise_contact:
                label = self.env._("This contact comes from ConnectWise")
            else:
                label = partner.connectwise_connection
            if label:
                badges[partner.id].append(
                    {
                        "iconClass": "fa-link",
                        "value": self.env._("ConnectWise"),
                        "label": label,
                        "tagClass": "o_tag_color_4",
                    }
                )
        return badges

    # -------------------------------------------------------------------------
    # Nobody but the synchronization changes a synced contact
    # -------------------------------------------------------------------------

    def _is_connectwise_sync(self):
        return self.env.context.get("connectwise_sync") is SYNC

    def _get_connectwise_protected(self):
        return {*PROTECTED, *self._address_fields()}

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_connectwise_sync():
            # Set explicitly: otherwise a default in the context could set them.
            own = dict.fromkeys(OWN_FIELDS, False)
            own["connectwise_self_written"] = self._is_customer_writing()
            vals_list = [{**vals, **own} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        renamed = self.browse()
        if not self._is_connectwise_sync():
            self._check_connectwise_protected(vals)
            if "company_id" in vals:
                self._move_connectwise_contacts(vals["company_id"])
            renamed = self._filter_renamed(vals)
        result = super().write(vals)
        if renamed:
            renamed._note_writer()
        if not vals.keys().isdisjoint({"parent_id", "is_company"}):
            self._judge_connectwise_lookups_anew()
        return result

    def _filter_renamed(self, vals):
        """Return the partners whose name or reference `vals` change."""
        names = [name for name in MATCHED if name in vals]
        return self.filtered(
            lambda partner: any(
                (partner.sudo()[name] or "") != (vals[name] or "") for name in names
            )
        )

    def _note_writer(self):
        """Remember if the customer wrote a field that customers are matched by.

        Nothing is reset if an employee writes it: correcting a letter confirms nothing.
        """
        if self._is_customer_writing():
            self._set_self_written(True)

    def _set_self_written(self, value):
        partners = self.sudo().with_context(connectwise_sync=SYNC)
        for partner in partners:
            if partner.connectwise_self_written != value:
                partner.connectwise_self_written = value

    @api.model
    def _is_customer_writing(self):
        """Whether a visitor or a portal user does this, even with other rights.

        sudo() keeps the user. Code that switches to another user still runs within the
        request of the one who is logged in.
        """
        users = self.env.user
        if request and request.env:
            users |= request.env.user.with_env(self.env)
        return not all(user._is_internal() for user in users)

    def _create_contact_parent_company(self):
        company = super()._create_contact_parent_company()
        if company and self.sudo().connectwise_self_written:
            # Its name may be the company name that the customer entered.
            company._set_self_written(True)
        return company

    def _judge_connectwise_lookups_anew(self):
        """Judge lookups again after customers became part of others, or independent."""
        rows = (
            self.env["connectwise.mapping"]
            .sudo()
            .search([("partner_id", "child_of", self.ids)])
        )
        judge_found(rows.connectwise_company_id | rows.disconnected_company_ids)
        note_parts(rows)

    def _check_connectwise_protected(self, vals):
        protected = vals.keys() & self._get_connectwise_protected()
        if not protected:
            return
        # Checked first, because the refusal below names the contact and reveals values.
        self.check_access("write")
        for partner in self.sudo():
            names = protected if partner.is_connectwise_contact else OWN_FIELDS
            for name in protected.intersection(names):
                field = self._fields[name]
                before = field.convert_to_cache(partner[name], partner)
                after = field.convert_to_cache(vals[name], partner)
                if (before or False) != (after or False):
                    refuse_change(partner, field)

    def _move_connectwise_contacts(self, company_id):
        """Move synced contacts to the customer's new company, before Odoo tries to."""
        contacts = self.sudo().child_ids.filtered("is_connectwise_contact")
        if contacts:
            self.check_access("write")
            contacts.with_context(connectwise_sync=SYNC).company_id = company_id

    @api.ondelete(at_uninstall=False)
    def _unlink_except_connectwise_contact(self):
        if self._is_connectwise_sync():
            return
        for contact in self.sudo().filtered("is_connectwise_contact"):
            raise UserError(
                self.env._(
                    "%s comes from ConnectWise. Disconnect its customer in the Customer"
                    " Mapping Report to remove it.",
                    contact.display_name,
                )
            )

    def unlink(self):
        if self._is_connectwise_sync():
            return super().unlink()
        mappings = (
            self.env["connectwise.mapping"]
            .sudo()
            .search([("partner_id", "in", self.ids)])
        )
        if not mappings:
            return super().unlink()
        # This removes the synced contacts too.
        self.check_access("unlink")
        mappings.unlink()
        return super(ResPartner, self.exists()).unlink()

    def _can_be_edited_by_current_customer(self, **kwargs):
        return (
            super()._can_be_edited_by_current_customer(**kwargs)
            and not self.sudo().is_connectwise_contact
        )

    def _children_sync(self, values):
        """Give a synced contact its customer's address, as Odoo does with contacts.

        Odoo itself does not update contacts of the types *invoice* and *other*.
        """
        result = super()._children_sync(values)
        if not values.keys().isdisjoint(self._address_fields()):
            contacts = self.sudo().child_ids.filtered("is_connectwise_contact")
            mappings = contacts._get_connectwise_mapping()
            mappings.filtered(
                lambda mapping: mapping.contact_origin == "created"
            ).contact_id._update_address(values)
        return result

    # -------------------------------------------------------------------------
    # Views
    # -------------------------------------------------------------------------

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Make protected fields read-only in every form and list of contacts."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type in ("form", "list"):
            names = self._get_connectwise_protected()
            make_readonly(arch, {n for n in names if not self._fields[n].readonly})
        return arch, view

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def _get_connectwise_mapping(self):
        """Return the rows of the report that these synced contacts belong to."""
        return (
            self.env["connectwise.mapping"]
            .sudo()
            .search([("contact_id", "in", self.ids)])
        )

    def _filter_connectwise_mailed(self):
        """Return these partners without the synced contacts that get no invoices."""
        synced = self.filtered(lambda partner: partner.sudo().is_connectwise_contact)
        if not synced:
            return self
        mappings = synced._get_connectwise_mapping()
        mailed = mappings.filtered(lambda mapping: mapping._is_contact_mailed())
        return self - (synced - mailed.contact_id)

    def _get_addresses_of_their_own(self):
        """Return the e-mail addresses that no other mailed contact has."""
        others = self.search(
            [
                ("commercial_partner_id", "in", self.commercial_partner_id.ids),
                ("email_normalized", "!=", False),
                ("id", "not in", self.ids),
            ]
        )
        addresses = set(self.mapped("email_normalized")) - {False}
        return addresses.difference(
            others._filter_connectwise_mailed().mapped("email_normalized")
        )

    def action_open_connectwise_mapping(self):
        """Open this customer's row of the report, or that of the synced contact."""
        return open_row(self)

    def action_connectwise_enable(self):
        """Let this synced contact receive its customer's invoices."""
        return self._get_connectwise_mapping().sudo(self.env.su).enable_contact()

    def action_connectwise_disable(self):
        """Stop mailing invoices to this synced contact."""
        return self._get_connectwise_mapping().sudo(self.env.su).disable_contact()
