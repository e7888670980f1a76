"""Stored failures are shown in the language of the reader."""

from odoo.tests import TransactionCase, tagged

from ..lib.connectwise_client import (
    AddressError,
    AmbiguousNumberError,
    BadAnswerError,
    ConnectWiseError,
    CredentialsError,
    InvalidPdfError,
    MissingRightError,
    NetworkError,
    ServerError,
    UnknownCompanyError,
    UnqueryableError,
)
from ..tools.connection.encryption import SecretKeyError
from ..tools.connection.explain import explain, explain_stored, serialize_error
from ..tools.invoice_pdf.file_store import StorageError

ERRORS = [
    AddressError("", reason="tls"),
    AmbiguousNumberError("", value="CW1"),
    BadAnswerError("", reason="html"),
    BadAnswerError("", reason="too_large"),
    ConnectWiseError("something new"),
    CredentialsError("", reason="moved"),
    InvalidPdfError("", reason="encrypted"),
    InvalidPdfError("", reason="too_slow"),
    MissingRightError("", right="Contacts"),
    NetworkError("", reason="dns"),
    SecretKeyError("", reason="malformed"),
    ServerError("", status=503),
    StorageError("", reason="full"),
    UnknownCompanyError("", company_login_id="acme"),
    UnqueryableError("", value='a"b'),
]


@tagged("post_install", "-at_install")
class TestFacts(TransactionCase):
    def test_stored_failure_is_explained_like_the_error_itself(self):
        for error in ERRORS:
            with self.subTest(error=type(error).__name__):
                self.assertEqual(
                    explain_stored(self.env, serialize_error(error)),
                    explain(self.env, error),
                )

    def test_no_failure_gives_no_sentence(self):
        self.assertFalse(explain_stored(self.env, False))
