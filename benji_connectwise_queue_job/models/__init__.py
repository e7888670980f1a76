from . import (
    account_move,
    connectwise_lookup,
    connectwise_sync,
    connectwise_sync_range,
    queue_job,
)
