"""How fast the addon is, beside what could be fastest and what others do."""
