from . import (
    test_accepting,
    test_access,
    test_bad_input,
    test_comparing,
    test_interruptions,
    test_reconciliation,
    test_tours,
    test_translations,
)
