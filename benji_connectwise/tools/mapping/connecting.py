"""Connecting Odoo's customers to ConnectWise's companies, and disconnecting them."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..invoice_pdf.judging import judge_found
from ..sync.contact_reading import update_contacts_for_person
from ..sync.sql import as_table
from .disconnecting import remove_contacts
from .rows import note_parts


def find_company(mapping, ref):
    """Return the company with this ConnectWise id, an empty recordset for 0.

    :raises UserError: if there is none
    """
    company = (
        mapping.env["connectwise.company"]
        .sudo()
        .search(
            [
                ("backend_id", "=", mapping.sudo().backend_id.id),
                ("connectwise_ref", "=", ref),
            ]
        )
    )
    if ref and not company:
        raise UserError(
            mapping.env._("There is no ConnectWise customer #%s. Rescan?", ref)
        )
    return company


def connect(mapping, company):
    """Connect this customer to `company` by hand; this lifts its exclusion.

    :raises UserError: if the company is of another connection, deleted or not confirmed
    """
    _ = mapping.env._
    if not company or company.backend_id != mapping.backend_id:
        raise UserError(_("This ConnectWise customer is not available."))
    if company.is_deleted:
        raise UserError(_("%s was deleted in ConnectWise.", company.display_name))
    if not company.is_confirmed:
        raise UserError(
            _(
                "Another ConnectWise is connected now, and its customers have not been"
                " read yet. Rescan first."
            )
        )
    if mapping.connectwise_company_id != company:
        remove_contacts(mapping)
    mapping.partner_id._set_self_written(False)
    link(mapping.env, [(mapping.id, company.id, "manual")])
    note_parts(mapping)
    mapping._log_for_customer(_("Connected by hand to %s.", company.display_name))
    update_contacts_for_person(mapping.backend_id, mapping)


def confirm(mapping):
    """Confirm the connection of this row, or the name that the customer wrote.

    :raises UserError: if there is neither
    """
    if mapping.connectwise_company_id:
        connect(mapping, mapping.connectwise_company_id)
        return
    if not mapping.is_self_written:
        raise UserError(mapping.env._("This customer is not connected."))
    mapping.partner_id._set_self_written(False)
    if not mapping.is_set_aside:
        mapping.write({"has_conflict": False, "conflict": False})
    mapping._log_for_customer(mapping.env._("Confirmed the customer's name."))


def set_aside(env, companies):
    """Remove the connections to these companies until a person decides.

    The contacts stay, but they are not updated, removed or mailed.

    :param companies: {id of the company: name of the one that has its ConnectWise
        id now, or None if there is none}
    :return: the rows
    """
    Mapping = env["connectwise.mapping"]
    lost = env["connectwise.company"].browse(companies)
    Mapping.flush_model()
    rows = Mapping.search([("connectwise_company_id", "in", lost.ids)])
    for row in Mapping.search([("disconnected_company_ids", "in", lost.ids)]):
        row.disconnected_company_ids -= lost
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


def link(env, links):
    """Store connections, without touching the contacts.

    A person's own decision wins over a link that was not made by hand.

    :param links: [(id of the row, id of the company, connection)]
    :return: the rows that were connected
    """
    Mapping = env["connectwise.mapping"]
    before = Mapping.browse(row_id for row_id, *_others in links).connectwise_company_id
    Mapping.flush_model()
    env["connectwise.bill.to"].flush_model()
    linked = env.execute_query(
        SQL(
            """
            WITH link AS (%(links)s), linked AS (
                UPDATE connectwise_mapping mapping
                   SET connectwise_company_id = link.company_id,
                       connection = link.connection,
                       disconnected = FALSE, disconnected_at = NULL,
                       disconnected_by_id = NULL,
                       has_conflict = FALSE, conflict = NULL, is_set_aside = FALSE,
                       last_updated = %(now)s, write_date = %(now)s,
                       write_uid = %(user)s
                  FROM link
                 WHERE mapping.id = link.id
                   AND (link.connection = 'manual' OR (
                        connectwise_company_id IS NULL AND disconnected IS NOT TRUE
                        AND is_set_aside IS NOT TRUE
                        AND NOT EXISTS (
                            SELECT 1 FROM connectwise_mapping other
                             WHERE other.connectwise_company_id = link.company_id)))
             RETURNING mapping.id, link.company_id
            ), forgotten AS (
                DELETE FROM connectwise_mapping_disconnected_rel rel
                 USING linked
                 WHERE rel.mapping_id = linked.id
                   AND rel.company_id = linked.company_id
            ), undecided AS (
                -- A decision about the contact of another company says nothing here.
                UPDATE connectwise_bill_to bill_to
                   SET decision = NULL, email_domain = NULL
                  FROM linked JOIN connectwise_mapping before ON before.id = linked.id
                 WHERE bill_to.mapping_id = linked.id
                   AND before.connectwise_company_id
                       IS DISTINCT FROM linked.company_id
            )
            SELECT id FROM linked
            """,
            links=as_table(
                links, {"id": "int", "company_id": "int", "connection": "text"}
            ),
            now=fields.Datetime.now(),
            user=env.uid,
        )
    )
    rows = Mapping.browse(row_id for [row_id] in linked)
    rows.invalidate_recordset(flush=False)
    env["connectwise.bill.to"].invalidate_model(
        ["decision", "email_domain"], flush=False
    )
    env["connectwise.company"].invalidate_model(["mapping_ids"], flush=False)
    rows.modified(["connectwise_company_id", "connection", "disconnected_company_ids"])
    judge_found(before | rows.connectwise_company_id)
    return rows
