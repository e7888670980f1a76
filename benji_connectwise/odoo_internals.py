"""Parts of Odoo that move from version to version, imported in one place.

No other module imports these from Odoo; the checkers see to that (`pyproject.toml`).
"""

# The errors of PostgreSQL after which a transaction is tried again. Not documented.
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

# Odoo 20 has it elsewhere.
from odoo.tools import ormcache

# Private. In Odoo 20 a module of its own renders reports, not `base`.
from odoo.addons.base.models.ir_actions_report import _wkhtml

__all__ = ["PG_CONCURRENCY_EXCEPTIONS_TO_RETRY", "_wkhtml", "ormcache"]
