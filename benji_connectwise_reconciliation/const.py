"""The limits of this addon, and the reason for each."""

from datetime import timedelta

EDGE = timedelta(days=31)
"""Invoices are also read this long before and after a period, because the two systems
may have dated an invoice differently."""

MOST_DAYS = 10 * 366
"""The longest period. A longer one is a typing error."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""A date outside is a typing error."""

MOST_INVOICES = 100_000
"""On each side of a comparison, because all of them are in memory at once."""

LONGEST_REASON = 500
"""Characters."""
