from . import (
    account_move,
    connectwise_backend,
    connectwise_lookup,
    connectwise_sync_history,
    connectwise_sync_range,
    queue_job,
)
