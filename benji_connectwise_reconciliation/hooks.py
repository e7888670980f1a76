MODELS = (
    "connectwise.reconciliation.run",
    "connectwise.reconciliation.line",
)


def uninstall_hook(env):
    """Delete the saved searches: Odoo leaves them behind when their model goes."""
    filters = env["ir.filters"].with_context(active_test=False)
    filters.search([("model_id", "in", MODELS)]).unlink()
