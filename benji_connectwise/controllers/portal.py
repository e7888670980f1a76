from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount
from odoo.addons.portal.controllers.portal import CustomerPortal


class PortalInvoicePdf(PortalAccount):
    @http.route()
    def portal_my_invoice_detail(
        self, invoice_id, access_token=None, report_type=None, download=False, **kw
    ):
        """Show the chosen PDF where the portal page shows Odoo's HTML rendering."""
        if report_type == "html":
            try:
                invoice = self._document_check_access(
                    "account.move", invoice_id, access_token
                )
            except (AccessError, MissingError):
                return request.redirect("/my")
            if invoice._get_preferred_invoice_pdf():
                return request.render(
                    "benji_connectwise.portal_invoice_pdf",
                    {
                        "invoice": invoice,
                        "pdf_url": invoice.get_portal_url(report_type="pdf"),
                        "download_url": invoice.get_portal_url(
                            report_type="pdf", download=True
                        ),
                    },
                )
        return super().portal_my_invoice_detail(
            invoice_id,
            access_token=access_token,
            report_type=report_type,
            download=download,
            **kw,
        )


class PortalAddresses(CustomerPortal):
    """The addresses of a customer, in the portal and when paying in the web shop."""

    def _prepare_address_data(self, partner_sudo, **kwargs):
        """Leave out contacts that came from ConnectWise: they are no addresses.

        The invoice of an order with such an address would be mailed to nobody, unless
        the contact is enabled.
        """
        data = super()._prepare_address_data(partner_sudo, **kwargs)
        for name in ("billing_addresses", "delivery_addresses"):
            mappings = data[name]._get_connectwise_mapping()
            created = mappings.filtered(lambda row: row.contact_origin == "created")
            data[name] -= created.contact_id
        return data
