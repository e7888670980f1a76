"""What holds for the tests without Odoo, and for those of a whole running system."""

from hypothesis import settings

# A busy machine is not a defect.
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")
