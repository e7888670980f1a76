"""The limits of this addon, and the reason for each."""

from datetime import timedelta

EDGE = timedelta(days=31)
"""Invoices are also read this long before and after a period: the two systems may have
dated one invoice differently."""

MOST_DAYS = 3 * 366
"""The longest period: more is read in several comparisons."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""A date outside is a slip of the pen."""

MOST_INVOICES = 100_000
"""On each side of one comparison, because all of them are in memory at once."""

LONGEST_REASON = 500
"""Characters."""
