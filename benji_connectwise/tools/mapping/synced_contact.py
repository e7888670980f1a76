"""Changing contacts that come from ConnectWise, which nobody else may do."""

from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

SYNC = object()
"""In the context as `connectwise_sync`: the synchronization itself is writing.

An object, because a caller from outside can put any value into the context but this.
"""


def as_sync(partners):
    """Return these partners in an environment that may change synced contacts."""
    context = clean_context(partners.env.context)
    # In a list of customers, Odoo would make each new contact a customer.
    context.pop("res_partner_search_mode", None)
    return partners.sudo().with_context(
        context, tracking_disable=True, active_test=False, connectwise_sync=SYNC
    )


def make_readonly(arch, protected):
    """Make fields of synced contacts read-only in a view of contacts.

    :param arch: the view's tree, changed in place
    :param protected: the names of the fields
    """
    # Inside a field are views of other models.
    own = "not(ancestor::field[not(@name='child_ids')])"
    for node in arch.xpath(f"//field[@name and {own}]"):
        readonly = node.get("readonly")
        if node.get("name") not in protected or readonly in ("1", "True", "true"):
            continue
        if readonly and readonly not in ("0", "False", "false"):
            readonly = f"is_connectwise_contact or ({readonly})"
        else:
            readonly = "is_connectwise_contact"
        node.set("readonly", readonly)


def refuse_change(partner, field):
    """Refuse a change of this field: only the synchronization may make it.

    :raises UserError: always
    """
    _, label = partner.env._, field._description_string(partner.env)
    if not partner.is_connectwise_contact:
        raise UserError(_("Only the synchronization can set “%(field)s”.", field=label))
    raise UserError(
        _(
            "%(contact)s comes from ConnectWise. Change “%(field)s” there.",
            contact=partner.display_name,
            field=label,
        )
    )
