"""Naming a few of many records."""

from ..const import MOST_LISTED


def name_some(env, names):
    """Return the first few of `names`, and how many more there are."""
    listed = names[:MOST_LISTED]
    if len(names) > MOST_LISTED:
        listed.append(env._("… and %s more", len(names) - MOST_LISTED))
    return ", ".join(listed)
