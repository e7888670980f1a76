"""Undoing a disconnection that a person has just made."""

from odoo.exceptions import UserError

from .bill_to_import import import_contacts
from .connecting import link
from .rows import note_parts


def undo_disconnect(mappings, before):
    """Connect these customers again as they were, their contacts included.

    :param before: what `disconnect` returned of each; the rows are checked again,
        because it was in a browser
    :raises UserError: if a customer or its company changed since
    """
    _ = mappings.env._
    before = {row_id: values for row_id, *values in before}
    with_contact = mappings.browse()
    for mapping in mappings.filtered(lambda row: row.id in before):
        company_id, connection, had_contact, decision, email_domain = before[mapping.id]
        company = mapping.disconnected_company_ids.filtered(
            lambda company, wanted=company_id: company.id == wanted
        )
        if (
            not mapping.disconnected
            or not company.is_confirmed
            or connection not in mapping._fields["connection"].get_values(mapping.env)
        ):
            raise UserError(
                _(
                    "%s has changed since, so this cannot be undone. Use + instead.",
                    mapping.partner_id.display_name,
                )
            )
        mapping.disconnected = False
        if not link(mapping.env, [(mapping.id, company.id, connection)]):
            raise UserError(
                _(
                    "%(company)s is connected to %(customer)s by now.",
                    company=company.display_name,
                    customer=company._describe_connected_with(mapping),
                )
            )
        note_parts(mapping)
        mapping.bill_to_ids.create(
            {
                "mapping_id": mapping.id,
                "decision": decision,
                "email_domain": email_domain,
            }
        )
        mapping._log_for_customer(
            _("Connected to %s again: disconnecting was undone.", company.display_name)
        )
        # With the option off, a contact that was removed before must not come back.
        if had_contact or mapping.backend_id.sync_contacts:
            with_contact += mapping
    import_contacts(with_contact)
