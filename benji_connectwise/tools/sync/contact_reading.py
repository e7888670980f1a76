"""Reading the Bill-To contacts of connected companies from ConnectWise."""

from contextlib import suppress
from datetime import datetime, timezone

from odoo.tools import SQL

from ...lib.connectwise_client import ConnectWiseError, MissingRightError
from ...lib.connectwise_client.const import CONTACTS
from ..connection.asking import asking, get_interactive_limits
from ..mapping.bill_to_import import import_contacts
from .sql import as_table

EVER = datetime(1990, 1, 1, tzinfo=timezone.utc)
"""Before the first change of a contact in ConnectWise."""

CONTACT_COLUMNS = {
    "id": "int",
    "asked_ref": "int",
    "ref": "int",
    "name": "text",
    "email": "text",
    "phone": "text",
    "function": "text",
}


def find_wanted_contacts(backend, companies=None):
    """Return the Bill-To contacts of the companies that are connected.

    The contact is the company's own, else its Bill-To company's.

    :param companies: only of these
    :return: [(company id, contact id, contact id that was asked for last, contact id
        that was found last)] in the order of the companies; 0 for none
    """
    backend.env.flush_all()
    return backend.env.execute_query(
        SQL(
            """
            SELECT company.id,
                   COALESCE(NULLIF(company.billing_contact_ref, 0),
                            bill_to.billing_contact_ref, 0),
                   company.contact_asked_ref, company.contact_ref
              FROM connectwise_company company
              LEFT JOIN connectwise_company bill_to
                     ON bill_to.backend_id = company.backend_id
                    AND bill_to.connectwise_ref = company.bill_to_ref
                    AND bill_to.is_confirmed
             WHERE company.backend_id = %(backend)s
               AND company.is_confirmed
               AND company.is_deleted IS NOT TRUE
               AND company.id IN (
                   SELECT connectwise_company_id FROM connectwise_mapping
                    WHERE backend_id = %(backend)s)
               AND %(condition)s
             ORDER BY company.id
            """,
            backend=backend.id,
            condition=SQL("TRUE")
            if companies is None
            else SQL("company.id = ANY(%s)", companies.ids),
        )
    )


def read_contacts(env, client, rows):
    """Read these Bill-To contacts, and store them.

    :param rows: as of `find_wanted_contacts`
    :return: (the client's contacts, its skipped records); contacts that could not be
        read keep their data
    :raises MissingRightError: also if ConnectWise lists no contact at all, although
        several are known
    """
    wanted = {company: ref for company, ref, _asked, _known in rows}
    known = {ref for *_others, ref in rows if ref}
    contacts, skipped = [], []
    # The known ones too: without the right to contacts, ConnectWise may leave them out
    # of the companies, and says so only here.
    for page, left_out in client.contacts(known.union(filter(None, wanted.values()))):
        contacts += page
        skipped += left_out
    is_empty = len(known) > 1 and not contacts and not skipped
    if is_empty and not any(map(any, client.changed_contacts(EVER))):
        raise MissingRightError("No contact is listed", right=CONTACTS.right)
    present = {contact.id for contact in contacts}
    unreadable = {record.id for record in skipped}
    if None in unreadable:
        # It may be any of those that are missing.
        unreadable = set(wanted.values()) - present
    readable = {c: ref for c, ref in wanted.items() if ref not in unreadable}
    _store_contacts(env, readable, contacts)
    return contacts, skipped


def update_contacts_for_person(backend, mappings):
    """Read and import these rows' Bill-To contacts while a person waits."""
    limits = get_interactive_limits(backend)
    if not backend.sync_contacts or not limits or backend._is_sync_resting():
        return
    wanted = find_wanted_contacts(backend, mappings.connectwise_company_id)
    with (
        suppress(ConnectWiseError),
        asking(backend, limits, of_sync=True) as client,
    ):
        read_contacts(backend.env, client, wanted)
        import_contacts(mappings)


def forget_contacts(backend, company_ids):
    """Forget the Bill-To contacts of these companies, and of those in doubt.

    NULL says that nothing is known, 0 that there is no contact.
    """
    companies = backend.env["connectwise.company"]
    companies.flush_model()
    backend.env.cr.execute(
        SQL(
            """
            UPDATE connectwise_company
               SET contact_asked_ref = NULL, contact_ref = NULL,
                   contact_name = NULL, contact_email = NULL,
                   contact_phone = NULL, contact_function = NULL
             WHERE backend_id = %s AND (id = ANY(%s) OR is_confirmed IS NOT TRUE)
               AND contact_ref IS NOT NULL
            """,
            backend.id,
            list(company_ids),
        )
    )
    companies.invalidate_model(flush=False)


def _store_contacts(env, wanted, contacts):
    """Store the Bill-To contacts that were read; write only what differs.

    :param wanted: {company id: id of its Bill-To contact, or 0}, all of them asked
    :param contacts: the client's contacts; those that are missing are gone
    """
    present = {contact.id: contact for contact in contacts}
    rows = []
    for company_id, ref in wanted.items():
        contact = present.get(ref)
        # The name of an inactive contact explains why there is none.
        name = contact and contact.name
        if contact and contact.is_inactive:
            contact = None
        rows.append(
            (
                company_id,
                ref,
                contact.id if contact else 0,
                name,
                (contact and contact.email) or None,
                (contact and contact.phone) or None,
                (contact and contact.title) or None,
            )
        )
    env.cr.execute(
        SQL(
            """
            UPDATE connectwise_company company
               SET contact_asked_ref = new.asked_ref, contact_ref = new.ref,
                   contact_name = new.name, contact_email = new.email,
                   contact_phone = new.phone, contact_function = new.function
              FROM (%s) new
             WHERE company.id = new.id
               AND (company.contact_asked_ref, company.contact_ref,
                    company.contact_name, company.contact_email,
                    company.contact_phone, company.contact_function)
                   IS DISTINCT FROM
                   (new.asked_ref, new.ref, new.name, new.email, new.phone,
                    new.function)
            """,
            as_table(rows, CONTACT_COLUMNS),
        )
    )
    companies = env["connectwise.company"].browse(wanted)
    companies.invalidate_recordset(flush=False)
