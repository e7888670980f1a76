"""Changing contacts that come from ConnectWise, which nobody else may do."""

from odoo.tools.misc import clean_context

SYNC = object()
"""In the context as `connectwise_sync`: the synchronization itself is writing.

An object, because a caller from outside can put any value into the context but this.
"""


def as_sync(partners):
    """Return these partners in an environment that may change synced contacts."""
    context = clean_context(partners.env.context)
    # A list of customers would make a customer of each contact that is created.
    context.pop("res_partner_search_mode", None)
    return partners.sudo().with_context(
        context, tracking_disable=True, active_test=False, connectwise_sync=SYNC
    )
