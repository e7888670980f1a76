from . import (
    test_connection,
    test_invoice_pdf,
    test_invoice_pdf_priority,
    test_trust,
)
