from . import (
    connectwise_integrations,
    connectwise_reconciliation_accept,
    connectwise_reconciliation_compare,
)
