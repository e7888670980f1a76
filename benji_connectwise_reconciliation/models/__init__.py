from . import (
    connectwise_mapping,
    connectwise_reconciliation_acceptance,
    connectwise_reconciliation_invoice,
    connectwise_reconciliation_line,
    connectwise_reconciliation_run,
)
