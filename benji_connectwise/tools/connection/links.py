"""*Open in ConnectWise*: links from Odoo's records to ConnectWise's."""

from ...lib.connectwise_client import AddressError, record_url


def get_company_url(backend, ref):
    """Return the address of a company's page, or False.

    :param backend: the connection whose ConnectWise it is in, sudo
    :param ref: its id there, or 0
    """
    return _get_url(backend, "company", ref)


def get_partner_url(partner):
    """Return the address of this customer's or synced contact's page, or False."""
    partner = partner.sudo()
    if not partner.is_connectwise_contact:
        company = partner.connectwise_company_id
        return get_company_url(company.backend_id, company.connectwise_ref)
    mapping = partner._get_connectwise_mapping()
    if not mapping._get_trusted_company():
        return False
    return _get_url(mapping.backend_id, "contact", partner.connectwise_contact_ref)


def get_partner_environment(partner):
    """Return the environment that this customer or synced contact comes from."""
    partner = partner.sudo()
    company = partner.connectwise_company_id
    backend = partner._get_connectwise_mapping().backend_id or company.backend_id
    return backend.environment


def _get_url(backend, kind, ref):
    if not backend or not ref:
        return False
    try:
        return record_url(backend.server_url, backend.company_login_id, kind, ref)
    except AddressError:
        return False
