from . import (
    account_move,
    account_move_send,
    connectwise_backend,
    connectwise_invoice,
    connectwise_lookup,
    invoice_pdf_source,
    ir_actions_report,
)
