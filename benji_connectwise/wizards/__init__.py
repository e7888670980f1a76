from . import (
    account_move_send_batch_wizard,
    account_move_send_wizard,
    base_partner_merge_automatic_wizard,
    connectwise_backend_configure,
    connectwise_integrations,
    connectwise_mapping_connect,
    connectwise_mapping_connect_line,
    connectwise_mapping_rescan,
    connectwise_mapping_rescan_line,
    invoice_pdf_preference,
    mail_compose_message,
)
