"""Parts of Odoo that move from version to version, imported in one place.

The checkers refuse these imports everywhere else (`pyproject.toml`).
"""

# PostgreSQL's errors after which Odoo tries a request again. Not documented.
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

# Odoo 20 has it elsewhere.
from odoo.tools import ormcache

# Private. In Odoo 20 a module of its own renders reports, not `base`.
from odoo.addons.base.models.ir_actions_report import _wkhtml

__all__ = ["PG_CONCURRENCY_EXCEPTIONS_TO_RETRY", "_wkhtml", "ormcache"]
