"""The limits of this addon, and the reason for each."""

from datetime import timedelta

EDGE = timedelta(days=31)
"""Invoices are also read this long before and after a period: the two systems may have
dated one invoice differently."""

MOST_DAYS = 10 * 366
"""The longest period: a longer one is a slip of the pen."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""A date outside is a slip of the pen."""

MOST_INVOICES = 100_000
"""On each side of one comparison, because all of them are in memory at once."""

LONGEST_REASON = 500
"""Characters."""
