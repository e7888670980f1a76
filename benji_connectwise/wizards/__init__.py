from . import (
    account_move_send_batch_wizard,
    account_move_send_wizard,
    base_partner_merge_automatic_wizard,
    connectwise_backend_configure,
    connectwise_integrations,
    connectwise_mapping_connect,
    connectwise_mapping_rescan,
    mail_compose_message,
)
