MODELS = (
    "connectwise.reconciliation.run",
    "connectwise.reconciliation.line",
)


def uninstall_hook(env):
    """Delete what people saved of these models. Odoo does not delete it with them."""
    filters = env["ir.filters"].with_context(active_test=False)
    filters.search([("model_id", "in", MODELS)]).unlink()
    env["ir.exports"].search([("resource", "in", MODELS)]).unlink()
