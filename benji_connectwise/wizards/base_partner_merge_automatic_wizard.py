from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.res_partner import MATCHED
from ..tools.invoice_pdf.judging import judge_found
from ..tools.mapping.disconnecting import replace_in_waiting_invoices


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    connectwise_skipped = fields.Integer(
        "Contacts from ConnectWise left alone", readonly=True
    )

    def _process_query(self, query):
        """Do not offer contacts from ConnectWise for merging.

        Otherwise *Merge Automatically* would stop at the first refusal.
        """
        result = super()._process_query(query)
        skipped = 0
        for line in self.line_ids:
            found = self.env["res.partner"].browse(literal_eval(line.aggr_ids))
            synced = found.filtered("is_connectwise_contact")
            skipped += len(synced)
            if len(found - synced) < 2:
                line.unlink()
            elif synced:
                line.aggr_ids = (found - synced).ids
        self.write({"number_group": len(self.line_ids), "connectwise_skipped": skipped})
        return result

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env["res.partner"].browse(partner_ids).exists()
        for contact in partners.sudo().filtered("is_connectwise_contact"):
            raise UserError(
                self.env._(
                    "%s comes from ConnectWise and cannot be merged. Disconnect its"
                    " customer in the Customer Mapping Report first.",
                    contact.display_name,
                )
            )
        return super()._merge(
            partner_ids, dst_partner=dst_partner, extra_checks=extra_checks
        )

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        moved = self._merge_connectwise_mappings(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        replace_in_waiting_invoices(src_partners.sudo(), dst_partner)
        # Odoo moved the rows by SQL, so their names have to be computed again, and the
        # lookups of the customer's invoices judged again.
        self.env.add_to_compute(moved._fields["partner_name"], moved)
        lookups = self.env["connectwise.lookup"].sudo()
        lookups.search(
            [("move_id.commercial_partner_id", "=", dst_partner.id)]
        )._judge_anew()
        # The companies of the rows have another owner.
        judge_found(moved.connectwise_company_id)
        return result

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Merge customers that wrote their names themselves.

        The destination keeps its own name, and with it the mark or the lack of it. Only
        what it takes over from a marked customer marks it too.
        """
        marked = src_partners.filtered("connectwise_self_written")
        before = [dst_partner[name] for name in MATCHED]
        # Odoo would copy the mark, which only a customer's writing sets.
        marked._set_self_written(False)
        result = super()._update_values(src_partners, dst_partner)
        if marked and before != [dst_partner[name] for name in MATCHED]:
            dst_partner._set_self_written(True)
        return result

    @api.model
    def _merge_connectwise_mappings(self, src_partners, dst_partner):
        """Keep one row for each connection, preferably the destination's.

        One that was set aside is kept only if no other is connected or disconnected;
        one that nobody decided about, only if there is no other. The rest are deleted
        here, with their contacts: Odoo would move them by SQL, against the unique
        index.

        :return: the rows of the sources that become the destination's
        """
        partners = src_partners | dst_partner
        mappings = (
            self.env["connectwise.mapping"]
            .sudo()
            .search([("partner_id", "in", partners.ids)])
        )
        moved = mappings.browse()
        for rows in mappings.grouped("backend_id").values():
            kept = rows.sorted(
                lambda row: (
                    not (row.connectwise_company_id or row.disconnected),
                    not row.is_set_aside,
                    row.partner_id != dst_partner,
                    row.id,
                )
            )[0]
            # Nobody took back what a person said about one of them.
            kept.disconnected_company_ids = (
                rows.disconnected_company_ids - kept.connectwise_company_id
            )
            (rows - kept).unlink()
            if kept.partner_id != dst_partner:
                moved |= kept
        self.env.flush_all()
        return moved
