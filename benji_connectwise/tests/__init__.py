from . import (
    test_configure,
    test_connection,
    test_contact,
    test_invoice_pdf,
    test_invoice_pdf_priority,
    test_mapping_report,
    test_portal,
    test_prefetch,
    test_sending,
    test_sync,
    test_tours,
    test_trust,
)
