MODELS = (
    "connectwise.reconciliation.run",
    "connectwise.reconciliation.line",
)


def uninstall_hook(env):
    """Delete the saved searches. Odoo does not delete them with their models."""
    filters = env["ir.filters"].with_context(active_test=False)
    filters.search([("model_id", "in", MODELS)]).unlink()
